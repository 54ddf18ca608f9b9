//! POP3 (RFC 1939, RFC 2449, RFC 5034).

use crate::mail::sasl;

use super::account::{INBOX, Message};
use super::session::{Answer, Store, Then};

/// A maildrop that is open: locked, so that it stays as it was at PASS (RFC 1939 §4).
#[derive(Debug)]
struct Kept {
    message: Message,
    deleted: bool,
}

/// The state of a session.
#[derive(Debug, Default)]
pub(crate) struct Pop3 {
    user: Option<String>,
    /// Whether the next line is credentials of SASL.
    awaits_credentials: bool,
    maildrop: Option<Vec<Kept>>,
}

impl Answer {
    fn line(text: impl AsRef<str>) -> Self {
        let octets = format!("{}\r\n", text.as_ref()).into_bytes();
        Self { octets, then: Then::Line }
    }
}

impl Pop3 {
    /// Hears a line.
    pub(super) fn hear(&mut self, line: &str, store: &mut dyn Store) -> Answer {
        let secure = store.is_secure();
        if std::mem::take(&mut self.awaits_credentials) {
            return self.credentials(line, store);
        }
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let arguments: Vec<&str> = words.collect();
        match (verb.as_str(), arguments.as_slice()) {
            ("CAPA", _) => {
                let tls = if secure { "" } else { "STLS\r\n" };
                Answer::line(format!(
                    "+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\nRESP-CODES\r\nSASL PLAIN\r\n{tls}."
                ))
            }
            ("QUIT", _) => self.quit(store),
            ("NOOP", _) if self.maildrop.is_some() => Answer::line("+OK"),
            ("STLS", _) if !secure && self.maildrop.is_none() => {
                Answer { then: Then::StartTls, ..Answer::line("+OK begin TLS") }
            }
            _ if self.maildrop.is_none() => self.authorization(&verb, line, &arguments, store),
            _ => self.transaction(&verb, &arguments),
        }
    }

    fn authorization(
        &mut self,
        verb: &str,
        line: &str,
        arguments: &[&str],
        store: &mut dyn Store,
    ) -> Answer {
        match (verb, arguments) {
            ("USER", [name]) => {
                self.user = Some((*name).to_owned());
                // Whether there is such a mailbox is not told before the password.
                Answer::line("+OK")
            }
            ("PASS", _) if line.len() > 5 => match self.user.take() {
                Some(name) => self.open(name, &line[5..], store),
                None => Answer::line("-ERR USER comes first"),
            },
            ("AUTH", ["PLAIN" | "plain", initial]) => self.credentials(initial, store),
            ("AUTH", ["PLAIN" | "plain"]) => {
                self.awaits_credentials = true;
                Answer::line("+ ")
            }
            ("AUTH", []) => Answer::line("+OK\r\nPLAIN\r\n."),
            ("USER" | "PASS" | "AUTH", _) => Answer::line("-ERR wrong arguments"),
            _ => Answer::line("-ERR unknown command, or not now: USER and PASS come first"),
        }
    }

    fn credentials(&mut self, text: &str, store: &mut dyn Store) -> Answer {
        match sasl::plain(text.trim()) {
            Some((name, password)) => self.open(name, &password, store),
            None => Answer::line("-ERR these are no credentials"),
        }
    }

    /// Returns who has logged in.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Whether the next line is a secret.
    pub(super) fn awaits_credentials(&self) -> bool {
        self.awaits_credentials
    }

    fn open(&mut self, name: String, password: &str, store: &mut dyn Store) -> Answer {
        let accepted = store.accepts(&name, password);
        let Some(account) = store.account(&name).filter(|_| accepted) else {
            return Answer::line("-ERR [AUTH] authentication failed");
        };
        let folder = account.folder(INBOX);
        let messages = folder.map(|folder| folder.messages.clone()).unwrap_or_default();
        let kept = messages.into_iter().map(|message| Kept { message, deleted: false });
        let kept: Vec<Kept> = kept.collect();
        let octets: u64 = kept.iter().map(|kept| kept.message.size).sum();
        let count = kept.len();
        let noun = if count == 1 { "message" } else { "messages" };
        self.user = Some(name);
        self.maildrop = Some(kept);
        Answer::line(format!("+OK maildrop has {count} {noun} ({octets} octets)"))
    }

    fn transaction(&mut self, verb: &str, arguments: &[&str]) -> Answer {
        match (verb, arguments) {
            ("STAT", _) => {
                let left = self.left();
                let octets: u64 = left.iter().map(|(_, kept)| kept.message.size).sum();
                Answer::line(format!("+OK {} {octets}", left.len()))
            }
            ("LIST", _) => self.scan(arguments, |message| message.size.to_string()),
            // RFC 1939 §7: no other message of the maildrop ever has it.
            ("UIDL", _) => self.scan(arguments, |one| format!("{}.{}", one.name, one.uid)),
            ("RETR", [number]) => match self.numbered(number) {
                Some(kept) => whole(&kept.message.content.octets(), None),
                None => Answer::line("-ERR no such message"),
            },
            ("TOP", [number, lines]) => match (self.numbered(number), lines.parse()) {
                (Some(kept), Ok(lines)) => whole(&kept.message.content.octets(), Some(lines)),
                _ => Answer::line("-ERR no such message, or no number of lines"),
            },
            ("DELE", [number]) => match self.numbered(number) {
                Some(kept) => {
                    kept.deleted = true;
                    Answer::line("+OK marked; it goes at QUIT")
                }
                None => Answer::line("-ERR no such message"),
            },
            ("RSET", _) => {
                self.maildrop.iter_mut().flatten().for_each(|kept| kept.deleted = false);
                Answer::line("+OK no message is marked any more")
            }
            ("RETR" | "TOP" | "DELE", _) => Answer::line("-ERR wrong arguments"),
            _ => Answer::line("-ERR unknown command"),
        }
    }

    /// Messages that are not marked, with their numbers.
    fn left(&self) -> Vec<(usize, &Kept)> {
        let all = (1..).zip(self.maildrop.iter().flatten());
        all.filter(|(_, kept)| !kept.deleted).collect()
    }

    fn numbered(&mut self, text: &str) -> Option<&mut Kept> {
        let number: usize = text.parse().ok()?;
        let kept = self.maildrop.as_mut()?.get_mut(number.checked_sub(1)?)?;
        (!kept.deleted).then_some(kept)
    }

    fn scan(&mut self, arguments: &[&str], what: impl Fn(&Message) -> String) -> Answer {
        if let [number] = arguments {
            return match self.numbered(number) {
                Some(kept) => Answer::line(format!("+OK {number} {}", what(&kept.message))),
                None => Answer::line("-ERR no such message"),
            };
        }
        let mut text = "+OK\r\n".to_owned();
        for (number, kept) in self.left() {
            text.push_str(&format!("{number} {}\r\n", what(&kept.message)));
        }
        Answer::line(format!("{text}."))
    }

    fn quit(&mut self, store: &mut dyn Store) -> Answer {
        let marked = self.maildrop.take().unwrap_or_default();
        let marked = marked.iter().filter(|kept| kept.deleted);
        let marked: Vec<u32> = marked.map(|kept| kept.message.uid).collect();
        let said = match marked.len() {
            0 => "+OK bye".to_owned(),
            1 => "+OK bye (1 message deleted)".to_owned(),
            count => format!("+OK bye ({count} messages deleted)"),
        };
        if let Some(name) = &self.user
            && !marked.is_empty()
            && let Some(folder) = store.account(name).and_then(|account| account.folder(INBOX))
        {
            folder.remove(|message| marked.contains(&message.uid));
        }
        Answer { then: Then::Close, ..Answer::line(said) }
    }
}

/// A message, or its header and so many lines of its body; lines that begin with a dot get another.
fn whole(text: &[u8], lines: Option<usize>) -> Answer {
    let mut octets = format!("+OK {} octets\r\n", text.len()).into_bytes();
    let mut body = None;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        if let (Some(most), Some(count)) = (lines, body)
            && count >= most
        {
            break;
        }
        if line.starts_with(b".") {
            octets.push(b'.');
        }
        octets.extend_from_slice(line);
        body = match body {
            Some(count) => Some(count + 1),
            None => matches!(line, b"\r\n" | b"\n").then_some(0),
        };
    }
    if !octets.ends_with(b"\r\n") {
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(b".\r\n");
    Answer { octets, then: Then::Line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_dots_is_stuffed_and_top_counts_lines_of_the_body() {
        let text = b"A: b\r\n\r\n.one\r\ntwo\r\nthree";
        let all = whole(text, None).octets;
        assert!(all.ends_with(b"\r\n\r\n..one\r\ntwo\r\nthree\r\n.\r\n"));
        assert!(whole(text, Some(1)).octets.ends_with(b"\r\n\r\n..one\r\n.\r\n"));
        assert!(whole(text, Some(0)).octets.ends_with(b"A: b\r\n\r\n.\r\n"));
    }
}
