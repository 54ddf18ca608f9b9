//! POP3 (RFC 1939, RFC 2449) for real readers.

use crate::talk::sasl;

use super::account::{Account, Content, INBOX};

/// A maildrop that is open: locked, so that it stays as it was at PASS (RFC 1939 §4).
#[derive(Debug)]
struct Kept {
    uid: u32,
    size: u64,
    content: Content,
    deleted: bool,
}

/// The state of a session.
#[derive(Debug, Default)]
pub(super) struct Pop3 {
    user: Option<String>,
    /// Whether the next line is credentials of SASL.
    awaits_credentials: bool,
    maildrop: Option<Vec<Kept>>,
}

/// What is answered: octets, and whether the connection is closed then.
pub(super) struct Answer {
    pub(super) octets: Vec<u8>,
    pub(super) closes: bool,
    pub(super) starts_tls: bool,
}

impl Answer {
    fn line(text: impl AsRef<str>) -> Self {
        let octets = format!("{}\r\n", text.as_ref()).into_bytes();
        Self { octets, closes: false, starts_tls: false }
    }
}

/// What a session needs of its store.
pub(super) trait Login {
    /// Opens the account that a name stands for.
    fn account(&mut self, name: &str) -> Option<&mut Account>;

    /// Returns whether a password is the one of a login name.
    fn accepts(&self, name: &str, password: &str) -> bool;
}

impl Pop3 {
    /// Returns whether somebody has logged in.
    pub(super) fn hear(&mut self, line: &str, secure: bool, login: &mut dyn Login) -> Answer {
        if std::mem::take(&mut self.awaits_credentials) {
            return self.credentials(line, login);
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
            ("QUIT", _) => self.quit(login),
            ("NOOP", _) if self.maildrop.is_some() => Answer::line("+OK"),
            ("STLS", _) if !secure && self.maildrop.is_none() => {
                Answer { starts_tls: true, ..Answer::line("+OK begin TLS") }
            }
            _ if self.maildrop.is_none() => self.authorization(&verb, line, &arguments, login),
            _ => self.transaction(&verb, &arguments),
        }
    }

    fn authorization(
        &mut self,
        verb: &str,
        line: &str,
        arguments: &[&str],
        login: &mut dyn Login,
    ) -> Answer {
        match (verb, arguments) {
            ("USER", [name]) => {
                self.user = Some((*name).to_owned());
                // Whether there is such a mailbox is not told before the password.
                Answer::line("+OK")
            }
            ("PASS", _) if line.len() > 5 => match self.user.take() {
                Some(name) => self.open(name, &line[5..], login),
                None => Answer::line("-ERR USER comes first"),
            },
            ("AUTH", ["PLAIN" | "plain", initial]) => self.credentials(initial, login),
            ("AUTH", ["PLAIN" | "plain"]) => {
                self.awaits_credentials = true;
                Answer::line("+ ")
            }
            ("AUTH", []) => Answer::line("+OK\r\nPLAIN\r\n."),
            ("USER" | "PASS" | "AUTH", _) => Answer::line("-ERR wrong arguments"),
            _ => Answer::line("-ERR unknown command, or not now: USER and PASS come first"),
        }
    }

    fn credentials(&mut self, text: &str, login: &mut dyn Login) -> Answer {
        match sasl::plain(text.trim()) {
            Some((name, password)) => self.open(name, &password, login),
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

    fn open(&mut self, name: String, password: &str, login: &mut dyn Login) -> Answer {
        let accepted = login.accepts(&name, password);
        let Some(account) = login.account(&name).filter(|_| accepted) else {
            return Answer::line("-ERR [AUTH] authentication failed");
        };
        let folder = account.folder(INBOX);
        let messages = folder.map(|folder| folder.messages.clone()).unwrap_or_default();
        let kept = messages.into_iter().map(|message| Kept {
            uid: message.uid,
            size: message.size,
            content: message.content,
            deleted: false,
        });
        let kept: Vec<Kept> = kept.collect();
        let octets: u64 = kept.iter().map(|message| message.size).sum();
        let count = kept.len();
        self.user = Some(name);
        self.maildrop = Some(kept);
        Answer::line(format!("+OK maildrop has {count} messages ({octets} octets)"))
    }

    fn transaction(&mut self, verb: &str, arguments: &[&str]) -> Answer {
        match (verb, arguments) {
            ("STAT", _) => {
                let left = self.left();
                let octets: u64 = left.iter().map(|(_, message)| message.size).sum();
                Answer::line(format!("+OK {} {octets}", left.len()))
            }
            ("LIST", _) => self.scan(arguments, |message| message.size.to_string()),
            ("UIDL", _) => self.scan(arguments, |message| format!("m{}", message.uid)),
            ("RETR", [number]) => match self.numbered(number) {
                Some(message) => whole(&message.content.octets(), None),
                None => Answer::line("-ERR no such message"),
            },
            ("TOP", [number, lines]) => match (self.numbered(number), lines.parse()) {
                (Some(message), Ok(lines)) => whole(&message.content.octets(), Some(lines)),
                _ => Answer::line("-ERR no such message, or no number of lines"),
            },
            ("DELE", [number]) => match self.numbered(number) {
                Some(message) => {
                    message.deleted = true;
                    Answer::line("+OK marked; it goes at QUIT")
                }
                None => Answer::line("-ERR no such message"),
            },
            ("RSET", _) => {
                self.maildrop.iter_mut().flatten().for_each(|message| message.deleted = false);
                Answer::line("+OK")
            }
            ("RETR" | "TOP" | "DELE", _) => Answer::line("-ERR wrong arguments"),
            _ => Answer::line("-ERR unknown command"),
        }
    }

    /// Messages that are not marked, with their numbers.
    fn left(&self) -> Vec<(usize, &Kept)> {
        let all = (1..).zip(self.maildrop.iter().flatten());
        all.filter(|(_, message)| !message.deleted).collect()
    }

    fn numbered(&mut self, text: &str) -> Option<&mut Kept> {
        let number: usize = text.parse().ok()?;
        let message = self.maildrop.as_mut()?.get_mut(number.checked_sub(1)?)?;
        (!message.deleted).then_some(message)
    }

    fn scan(&mut self, arguments: &[&str], what: impl Fn(&Kept) -> String) -> Answer {
        if let [number] = arguments {
            return match self.numbered(number) {
                Some(message) => Answer::line(format!("+OK {number} {}", what(message))),
                None => Answer::line("-ERR no such message"),
            };
        }
        let mut text = "+OK\r\n".to_owned();
        for (number, message) in self.left() {
            text.push_str(&format!("{number} {}\r\n", what(message)));
        }
        Answer::line(format!("{text}."))
    }

    fn quit(&mut self, login: &mut dyn Login) -> Answer {
        let marked = self.maildrop.take().unwrap_or_default();
        let marked: Vec<u32> =
            marked.iter().filter(|message| message.deleted).map(|message| message.uid).collect();
        if let Some(name) = &self.user
            && !marked.is_empty()
            && let Some(folder) = login.account(name).and_then(|account| account.folder(INBOX))
        {
            folder.remove(|message| marked.contains(&message.uid));
        }
        Answer { closes: true, ..Answer::line("+OK bye") }
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
    Answer { octets, closes: false, starts_tls: false }
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
