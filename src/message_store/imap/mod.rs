//! IMAP (RFC 3501, and RFC 9051 as far as clients ask for it).

mod fetch;
mod folders;
mod mime;
mod search;
mod tokens;

use super::account::{Account, Message, date_of};
use super::session::{Answer, Store, Then};
use crate::mail::sasl;
use tokens::{Token, announced, highest, in_set, tokens};

/// A session.
#[derive(Debug, Default)]
pub(crate) struct Imap {
    /// The command so far, its literals included.
    command: Vec<u8>,
    user: Option<String>,
    folder: Option<Open>,
    /// The tag of an IDLE, or of an AUTHENTICATE, that waits for a line.
    waits: Option<(String, Waits)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    Idle,
    Credentials,
}

/// The folder that is open, as the client knows it: UIDs by number.
#[derive(Debug)]
struct Open {
    name: String,
    uids: Vec<u32>,
    read_only: bool,
}

/// The result of a command: what stands behind OK, or the whole refusal.
type Done = Result<String, String>;

/// The longest literal that is taken \[octets\].
const LITERAL: u64 = 64 << 20;
/// The longest command but APPEND \[octets\].
const COMMAND: u64 = 64 << 10;

fn bad(text: &str) -> String {
    format!("BAD {text}")
}

impl Imap {
    /// Returns what the server offers.
    fn capabilities(store: &dyn Store) -> String {
        let tls = if store.is_secure() { "" } else { " STARTTLS" };
        format!(
            "IMAP4rev1 LITERAL+ SASL-IR IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE \
             ENABLE ID AUTH=PLAIN{tls}"
        )
    }

    /// Returns the greeting.
    pub(super) fn greeting(host: &str, store: &dyn Store) -> Vec<u8> {
        format!("* OK [CAPABILITY {}] {host} ready\r\n", Self::capabilities(store)).into_bytes()
    }

    /// Takes octets of a literal.
    pub(super) fn literal(&mut self, octets: &[u8]) {
        self.command.extend_from_slice(octets);
    }

    /// Hears a line: a command, the rest of one, or what was waited for.
    pub(super) fn hear(&mut self, line: &[u8], store: &mut dyn Store) -> Answer {
        let mut out = Vec::new();
        if let Some((tag, waits)) = self.waits.take() {
            let done = match waits {
                Waits::Idle if line.trim_ascii().eq_ignore_ascii_case(b"DONE") => {
                    self.news(&mut out, store);
                    Ok("IDLE completed".to_owned())
                }
                Waits::Idle => Err(bad("only DONE ends IDLE")),
                Waits::Credentials => self.credentials(&String::from_utf8_lossy(line), store),
            };
            finish(&mut out, &tag, done);
            return Answer { octets: out, then: Then::Line };
        }
        self.command.extend_from_slice(line);
        if let Some((octets, waits)) = announced(line) {
            if octets > LITERAL || self.command.len() as u64 + octets > self.longest_command() {
                return self.too_big(waits);
            }
            self.command.extend_from_slice(b"\r\n");
            let octets_out = if waits { b"+ go on\r\n".to_vec() } else { Vec::new() };
            // Nothing is to be read of a literal without octets.
            let then = if octets == 0 { Then::Line } else { Then::Literal(octets) };
            return Answer { octets: octets_out, then };
        }
        let command = std::mem::take(&mut self.command);
        let then = self.command(&command, &mut out, store);
        Answer { octets: out, then }
    }

    /// Only a message is long.
    fn longest_command(&self) -> u64 {
        let verb = self.command.split(|octet| *octet == b' ').nth(1).unwrap_or_default();
        if verb.eq_ignore_ascii_case(b"APPEND") { LITERAL + COMMAND } else { COMMAND }
    }

    /// Refuses a literal. RFC 7888 §4: one whose octets come unasked cannot be refused without them.
    fn too_big(&mut self, waits: bool) -> Answer {
        let command = std::mem::take(&mut self.command);
        let tag = command.split(|octet| *octet == b' ').next().unwrap_or_default();
        let mut octets = Vec::new();
        if waits {
            let refusal = Err("NO [TOOBIG] no literal is so long".to_owned());
            finish(&mut octets, &String::from_utf8_lossy(tag), refusal);
            return Answer { octets, then: Then::Line };
        }
        octets.extend_from_slice(b"* BYE [TOOBIG] no literal is so long\r\n");
        Answer { octets, then: Then::Close }
    }

    fn command(&mut self, command: &[u8], out: &mut Vec<u8>, store: &mut dyn Store) -> Then {
        let words = tokens(command);
        let Some((tag, rest)) = words.as_deref().and_then(<[Token]>::split_first) else {
            let tag = command.split(|octet| *octet == b' ').next().unwrap_or_default();
            let tag = String::from_utf8_lossy(tag).into_owned();
            let tag = if tag.is_empty() { "*".to_owned() } else { tag };
            finish(out, &tag, Err(bad("this cannot be read")));
            return Then::Line;
        };
        let tag = tag.text().unwrap_or_else(|| "*".to_owned());
        let Some((verb, arguments)) = rest.split_first() else {
            finish(out, &tag, Err(bad("a command follows the tag")));
            return Then::Line;
        };
        let verb = verb.text().unwrap_or_default().to_ascii_uppercase();
        let (uid, verb, arguments) = match (verb.as_str(), arguments.split_first()) {
            ("UID", Some((verb, rest))) => {
                (true, verb.text().unwrap_or_default().to_ascii_uppercase(), rest)
            }
            _ => (false, verb, arguments),
        };
        if uid && !BY_UID.contains(&verb.as_str()) {
            finish(out, &tag, Err(bad(&format!("{verb} does not go with UID"))));
            return Then::Line;
        }
        match verb.as_str() {
            "IDLE" if self.user.is_some() => {
                self.news(out, store);
                out.extend_from_slice(b"+ idling\r\n");
                self.waits = Some((tag, Waits::Idle));
                return Then::Line;
            }
            "STARTTLS" if !store.is_secure() && self.user.is_none() => {
                finish(out, &tag, Ok("begin TLS".to_owned()));
                return Then::StartTls;
            }
            "LOGOUT" => {
                out.extend_from_slice(b"* BYE logging out\r\n");
                finish(out, &tag, Ok("LOGOUT completed".to_owned()));
                return Then::Close;
            }
            "AUTHENTICATE" if self.user.is_none() => {
                let is_plain = arguments.first().is_some_and(|word| word.is("PLAIN"));
                let done = match (is_plain, arguments.get(1)) {
                    (false, _) => Err("NO [CANNOT] PLAIN will do here".to_owned()),
                    (true, Some(initial)) => {
                        self.credentials(&initial.text().unwrap_or_default(), store)
                    }
                    (true, None) => {
                        out.extend_from_slice(b"+ \r\n");
                        self.waits = Some((tag, Waits::Credentials));
                        return Then::Line;
                    }
                };
                finish(out, &tag, done);
                return Then::Line;
            }
            _ => {}
        }
        let done = self.carry_out(&verb, uid, arguments, out, store);
        // News are told with any answer but those that speak of numbers.
        if uid || !matches!(verb.as_str(), "FETCH" | "STORE" | "SEARCH") {
            self.news(out, store);
        }
        finish(out, &tag, done);
        Then::Line
    }

    fn carry_out(
        &mut self,
        verb: &str,
        uid: bool,
        arguments: &[Token],
        out: &mut Vec<u8>,
        store: &mut dyn Store,
    ) -> Done {
        let done = Ok(format!("{verb} completed"));
        match verb {
            "CAPABILITY" => {
                let text = format!("* CAPABILITY {}\r\n", Self::capabilities(store));
                out.extend_from_slice(text.as_bytes());
                return done;
            }
            "NOOP" => return done,
            "ID" => {
                out.extend_from_slice(b"* ID (\"name\" \"mailsim\")\r\n");
                return done;
            }
            "LOGIN" => {
                let name = arguments.first().and_then(Token::text).unwrap_or_default();
                let password = arguments.get(1).and_then(Token::text);
                let password = password.filter(|_| arguments.len() == 2);
                let password = password.ok_or_else(|| bad("LOGIN needs a name and a password"))?;
                return self.log_in(name, &password, store);
            }
            _ => {}
        }
        let user = self.user.clone().ok_or_else(|| bad("unknown, or LOGIN comes first"))?;
        let now = store.now();
        let account = store.account(&user).ok_or("NO the mailbox is gone")?;
        match verb {
            "SELECT" | "EXAMINE" => self.select(verb == "EXAMINE", arguments, out, account),
            "ENABLE" => {
                out.extend_from_slice(b"* ENABLED\r\n");
                done
            }
            "NAMESPACE" => {
                out.extend_from_slice(b"* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
                done
            }
            "LIST" | "LSUB" | "STATUS" | "CREATE" | "DELETE" | "RENAME" | "SUBSCRIBE"
            | "UNSUBSCRIBE" => folders::carry_out(verb, arguments, out, account),
            "APPEND" => folders::append(arguments, account, &date_of(now)),
            _ => self.on_open_folder(verb, uid, arguments, out, account),
        }
    }

    fn on_open_folder(
        &mut self,
        verb: &str,
        uid: bool,
        arguments: &[Token],
        out: &mut Vec<u8>,
        account: &mut Account,
    ) -> Done {
        let open = self.folder.as_mut().ok_or_else(|| bad("unknown, or SELECT comes first"))?;
        match verb {
            "CHECK" => {}
            "UNSELECT" => self.folder = None,
            "CLOSE" => {
                expunge(open, account, None);
                self.folder = None;
            }
            "EXPUNGE" if uid => {
                // RFC 9051 §6.4.9: UID EXPUNGE takes those of a set only.
                let chosen = open.chosen(arguments.first(), true)?;
                let uids: Vec<u32> = chosen.into_iter().map(|(_, uid)| uid).collect();
                expunge(open, account, Some(&uids));
            }
            "EXPUNGE" => expunge(open, account, None),
            "FETCH" => fetch::fetch(open, uid, arguments, out, account)?,
            "STORE" => fetch::store(open, uid, arguments, out, account)?,
            "SEARCH" => fetch::search(open, uid, arguments, out, account)?,
            "COPY" => return folders::copy(open, uid, arguments, account, false, out),
            "MOVE" => return folders::copy(open, uid, arguments, account, true, out),
            _ => return Err(bad("unknown command")),
        }
        Ok(format!("{verb} completed"))
    }

    fn credentials(&mut self, text: &str, store: &mut dyn Store) -> Done {
        let (name, password) =
            sasl::plain(text.trim()).ok_or_else(|| bad("these are no credentials"))?;
        self.log_in(name, &password, store)
    }

    fn log_in(&mut self, name: String, password: &str, store: &mut dyn Store) -> Done {
        if self.user.is_some() {
            return Err(bad("already logged in"));
        }
        if !store.accepts(&name, password) || store.account(&name).is_none() {
            return Err("NO [AUTHENTICATIONFAILED] authentication failed".to_owned());
        }
        self.user = Some(name);
        Ok(format!("[CAPABILITY {}] logged in", Self::capabilities(store)))
    }

    fn select(
        &mut self,
        read_only: bool,
        arguments: &[Token],
        out: &mut Vec<u8>,
        account: &mut Account,
    ) -> Done {
        self.folder = None;
        let name = arguments.first().and_then(Token::text).ok_or_else(|| bad("name a folder"))?;
        let folder = account
            .folder(&name)
            .ok_or("NO [NONEXISTENT] there is no such folder; LIST \"\" * names them")?;
        let unseen = folder.messages.iter().position(|message| !is_seen(message));
        let mut text = format!(
            "* FLAGS {FLAGS}\r\n* {} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {}] UIDs hold \
             while this stays\r\n* OK [UIDNEXT {}] the next one\r\n* OK [PERMANENTFLAGS \
             (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] kept\r\n",
            folder.messages.len(),
            folder.validity,
            folder.next_uid
        );
        if let Some(place) = unseen {
            text.push_str(&format!("* OK [UNSEEN {}] the first\r\n", place + 1));
        }
        out.extend_from_slice(text.as_bytes());
        let uids = folder.messages.iter().map(|message| message.uid).collect();
        self.folder = Some(Open { name, uids, read_only });
        let verb = if read_only { "[READ-ONLY] EXAMINE" } else { "[READ-WRITE] SELECT" };
        Ok(format!("{verb} completed"))
    }

    /// Tells what has happened in the open folder since it was last told.
    pub(super) fn news(&mut self, out: &mut Vec<u8>, store: &mut dyn Store) {
        let (Some(user), Some(open)) = (&self.user, &mut self.folder) else { return };
        let folder = store.account(user).and_then(|account| account.folder(&open.name));
        let here: Vec<u32> = folder.map_or_else(Vec::new, |folder| {
            folder.messages.iter().map(|message| message.uid).collect()
        });
        while let Some(place) = open.uids.iter().position(|uid| here.binary_search(uid).is_err()) {
            open.uids.remove(place);
            out.extend_from_slice(format!("* {} EXPUNGE\r\n", place + 1).as_bytes());
        }
        if here.len() > open.uids.len() {
            open.uids = here;
            out.extend_from_slice(format!("* {} EXISTS\r\n", open.uids.len()).as_bytes());
        }
    }

    /// Returns who has logged in.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Returns whether the next line is a secret, or ends with one.
    pub(super) fn awaits_credentials(&self) -> bool {
        let begins = |words: &[u8]| {
            let mut parts = words.split(|octet| *octet == b' ');
            parts.nth(1).is_some_and(|verb| {
                verb.eq_ignore_ascii_case(b"LOGIN") || verb.eq_ignore_ascii_case(b"AUTHENTICATE")
            })
        };
        matches!(self.waits, Some((_, Waits::Credentials))) || begins(&self.command)
    }

    /// Returns whether the client waits to be told of news.
    pub(super) fn idles(&self) -> bool {
        matches!(self.waits, Some((_, Waits::Idle)))
    }
}

/// What UID goes with (RFC 9051 §6.4.9, RFC 6851).
const BY_UID: [&str; 6] = ["FETCH", "STORE", "SEARCH", "EXPUNGE", "COPY", "MOVE"];

const FLAGS: &str = "(\\Answered \\Flagged \\Deleted \\Seen \\Draft)";
fn is_seen(message: &Message) -> bool {
    message.has("\\Seen")
}

fn finish(out: &mut Vec<u8>, tag: &str, done: Done) {
    let text = match done {
        Ok(text) => format!("{tag} OK {text}\r\n"),
        Err(text) => format!("{tag} {text}\r\n"),
    };
    out.extend_from_slice(text.as_bytes());
}

/// Removes what is marked, of the messages with these UIDs if any are given. What is gone is told with
/// the news.
fn expunge(open: &Open, account: &mut Account, uids: Option<&[u32]>) {
    if open.read_only {
        return;
    }
    let Some(folder) = account.folder(&open.name) else { return };
    folder.remove(|message| {
        let marked = message.has("\\Deleted");
        let chosen = uids.is_none_or(|uids| uids.contains(&message.uid));
        marked && chosen && open.uids.contains(&message.uid)
    });
}

impl Open {
    /// Returns numbers and UIDs of the messages of a set.
    fn chosen(&self, set: Option<&Token>, uid: bool) -> Result<Vec<(u32, u32)>, String> {
        let set = set
            .and_then(Token::text)
            .ok_or_else(|| bad("messages are named by a set, as 1 or 2:4 or 1:*"))?;
        let last = match uid {
            true => self.uids.last().copied().unwrap_or(0),
            false => self.uids.len() as u32,
        };
        // RFC 9051 §9: a number above the last is BAD; a UID that is not there is passed over.
        if !uid && highest(&set, last).is_some_and(|highest| highest > last || last == 0) {
            return Err(bad(&format!("{set} names a message that is not there")));
        }
        let mut chosen = Vec::new();
        for (number, own) in (1..).zip(&self.uids) {
            let name = if uid { *own } else { number };
            if in_set(&set, name, last)
                .ok_or_else(|| bad(&format!("{set} is no set of messages")))?
            {
                chosen.push((number, *own));
            }
        }
        Ok(chosen)
    }
}
