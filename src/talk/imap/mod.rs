//! IMAP typed by hand (RFC 9051; the words of RFC 3501 are understood alike).
//!
//! Two folders, INBOX and Junk, in which the run puts mail and the caller reads, flags and expunges.
//! Not there: other folders, APPEND, COPY, and parts of bodies.

mod fetch;
mod reading;
mod search;

use crate::mail::Mailbox;
use crate::model::Scenario;
use crate::simulation::Moment;
use crate::smtp::Line;
use crate::trace::FactSink;
use crate::units::{SimDuration, SimTime};

use super::Talk;
use super::call::Visitor;
use super::explain::{explain_command, explain_imap};
use super::mailbox::{Stored, contents};
use super::store_call::StoreCall;
use reading::{highest, in_set, parts};

/// A conversation with an IMAP server.
#[derive(Debug)]
pub struct ImapTalk<'s, 'k, S: FactSink> {
    call: StoreCall<'s, 'k, S>,
    /// What comes into the mailbox in the whole run; none: nobody has logged in.
    coming: Option<Vec<Stored>>,
    /// Names of messages that the caller has expunged.
    expunged: Vec<String>,
    flags: Vec<(String, Vec<String>)>,
    folder: Option<Folder>,
    /// The tag of an IDLE under way.
    idle: Option<String>,
    latest: String,
}

/// The folder that is open.
#[derive(Debug)]
struct Folder {
    junk: bool,
    messages: Vec<Message>,
    read_only: bool,
}

/// A message as the session knows it; its number is its place.
#[derive(Debug, Clone)]
struct Message {
    uid: u32,
    stored: Stored,
}

const CAPABILITIES: &str = "IMAP4rev2 IMAP4rev1 IDLE";
const FLAGS: &str = "(\\Answered \\Flagged \\Deleted \\Seen \\Draft)";
const KNOWN_FLAGS: [&str; 5] = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];

impl<'s, 'k, S: FactSink> ImapTalk<'s, 'k, S> {
    /// Returns a conversation of `visitor` in a world that is held at the time of the call.
    #[must_use]
    pub fn new(scenario: &'s Scenario, moment: Moment<'s, 'k, S>, visitor: Visitor) -> Self {
        Self {
            call: StoreCall::new(scenario, moment, visitor),
            coming: None,
            expunged: Vec::new(),
            flags: Vec::new(),
            folder: None,
            idle: None,
            latest: String::new(),
        }
    }

    /// The lines of an answer, the last of which is the tagged one.
    fn answer(&mut self, lines: Vec<String>) -> Vec<Line> {
        if let Some(last) = lines.last() {
            self.latest.clone_from(last);
        }
        lines.into_iter().map(|line| self.call.says(line)).collect()
    }

    fn command(&mut self, line: &str) -> Vec<Line> {
        let (tag, rest) = line.split_once(' ').unwrap_or((line, ""));
        let fits = |c: char| c.is_ascii_graphic() && !"(){%*\"\\]+".contains(c);
        if tag.is_empty() || !tag.chars().all(fits) {
            return self
                .answer(vec!["* BAD a command begins with a tag, as in: a NOOP".to_owned()]);
        }
        let words = parts(rest.trim());
        let Some((verb, arguments)) = words.split_first() else {
            return self.answer(vec![format!("{tag} BAD a command follows the tag")]);
        };
        let verb = verb.to_ascii_uppercase();
        let (uid, verb, arguments) = match (verb.as_str(), arguments.split_first()) {
            ("UID", Some((verb, rest))) => (true, verb.to_ascii_uppercase(), rest),
            _ => (false, verb, arguments),
        };
        if verb == "IDLE" && self.folder.is_some() {
            self.idle = Some(tag.to_owned());
            return self.answer(vec!["+ idling".to_owned()]);
        }
        if uid && !BY_UID.contains(&verb.as_str()) {
            return self.answer(vec![format!("{tag} BAD {verb} does not go with UID")]);
        }
        let mut lines = Vec::new();
        let done = match self.carry_out(&verb, uid, arguments, &mut lines) {
            Ok(done) => format!("{tag} OK {done}"),
            Err(refusal) => format!("{tag} {refusal}"),
        };
        // News are told with any answer but those that speak of numbers.
        if !matches!(verb.as_str(), "FETCH" | "STORE" | "SEARCH") || uid {
            lines.extend(self.news());
        }
        lines.push(done);
        let mut told = self.answer(lines);
        if verb == "LOGOUT" {
            told.push(self.call.happens("the server closes the connection"));
            self.call.over = true;
        }
        told
    }

    fn carry_out(
        &mut self,
        verb: &str,
        uid: bool,
        arguments: &[String],
        lines: &mut Vec<String>,
    ) -> Result<String, String> {
        match verb {
            "CAPABILITY" => lines.push(format!("* CAPABILITY {CAPABILITIES}")),
            "NOOP" | "CHECK" | "ENABLE" => {}
            "LOGOUT" => lines.push("* BYE logging out".to_owned()),
            "LOGIN" => return self.login(arguments),
            "AUTHENTICATE" | "STARTTLS" => return Err("NO LOGIN will do here".to_owned()),
            _ if !KNOWN.contains(&verb) => return Err("BAD unknown command".to_owned()),
            _ if self.coming.is_none() => return Err("BAD LOGIN comes first".to_owned()),
            "SELECT" | "EXAMINE" => return self.select(verb == "EXAMINE", arguments, lines),
            "LIST" => list(arguments, lines)?,
            "STATUS" => self.status(arguments, lines)?,
            "CREATE" | "DELETE" | "RENAME" | "SUBSCRIBE" | "APPEND" | "COPY" | "MOVE" => {
                return Err("NO [CANNOT] INBOX and Junk stay as they are here".to_owned());
            }
            _ if self.folder.is_none() => return Err("BAD SELECT comes first".to_owned()),
            "CLOSE" | "UNSELECT" => {
                if verb == "CLOSE" {
                    self.expunge(None);
                }
                self.folder = None;
            }
            // RFC 9051 §6.4.9: UID EXPUNGE takes those of a set only.
            "EXPUNGE" if uid => {
                let chosen = self.chosen(arguments.first(), true)?;
                let chosen: Vec<u32> = chosen.iter().map(|(_, message)| message.uid).collect();
                lines.extend(self.expunge(Some(&chosen)));
            }
            "EXPUNGE" => lines.extend(self.expunge(None)),
            "FETCH" => self.fetch(uid, arguments, lines)?,
            "STORE" => self.store(uid, arguments, lines)?,
            "SEARCH" => self.search(uid, arguments, lines)?,
            _ => return Err("BAD unknown command".to_owned()),
        }
        Ok(format!("{verb} completed"))
    }

    fn login(&mut self, arguments: &[String]) -> Result<String, String> {
        if self.coming.is_some() {
            return Err("BAD already logged in".to_owned());
        }
        let [name, _password] = arguments else {
            return Err("BAD LOGIN needs a name and a password".to_owned());
        };
        let mailbox: Option<Mailbox> = self.call.mailbox(name);
        let mailbox = mailbox.ok_or("NO [AUTHENTICATIONFAILED] authentication failed")?;
        self.coming = Some(contents(self.call.scenario, mailbox));
        Ok("logged in".to_owned())
    }

    /// Messages that are in a folder now, with their UIDs: the order in which they came.
    fn here(&self, junk: bool) -> Vec<Message> {
        let now = self.call.now();
        let coming = self.coming.iter().flatten().filter(|stored| stored.junk == junk);
        (1..)
            .zip(coming)
            .filter(|(_, stored)| stored.from <= now && now < stored.until)
            .filter(|(_, stored)| !self.expunged.contains(&stored.name))
            .map(|(uid, stored)| Message { uid, stored: stored.clone() })
            .collect()
    }

    fn select(
        &mut self,
        read_only: bool,
        arguments: &[String],
        lines: &mut Vec<String>,
    ) -> Result<String, String> {
        self.folder = None;
        let junk = is_junk(arguments.first())?;
        let messages = self.here(junk);
        lines.push(format!("* FLAGS {FLAGS}"));
        lines.push(format!("* {} EXISTS", messages.len()));
        lines.push(format!("* OK [UIDVALIDITY {UIDVALIDITY}] UIDs hold while this stays"));
        lines.push(format!("* OK [UIDNEXT {}] the next one", self.next_uid(junk)));
        lines.push(format!("* LIST () \"/\" {}", folder_name(junk)));
        self.folder = Some(Folder { junk, messages, read_only });
        let (code, verb) =
            if read_only { ("READ-ONLY", "EXAMINE") } else { ("READ-WRITE", "SELECT") };
        Ok(format!("[{code}] {verb} completed"))
    }

    fn next_uid(&self, junk: bool) -> usize {
        let now = self.call.now();
        let coming = self.coming.iter().flatten().filter(|stored| stored.junk == junk);
        coming.filter(|stored| stored.from <= now).count() + 1
    }

    fn status(&self, arguments: &[String], lines: &mut Vec<String>) -> Result<(), String> {
        let junk = is_junk(arguments.first())?;
        let items = arguments.get(1).ok_or("BAD STATUS needs items, as (MESSAGES UNSEEN)")?;
        let here = self.here(junk);
        let mut told = Vec::new();
        for item in parts(items.trim_matches(['(', ')'])) {
            let item = item.to_ascii_uppercase();
            let number = match item.as_str() {
                "MESSAGES" => here.len() as u64,
                "UNSEEN" => here.iter().filter(|m| !self.has_flag(m, "\\Seen")).count() as u64,
                "DELETED" => here.iter().filter(|m| self.has_flag(m, "\\Deleted")).count() as u64,
                "UIDNEXT" => self.next_uid(junk) as u64,
                "UIDVALIDITY" => UIDVALIDITY,
                "SIZE" => here.iter().map(|message| message.stored.size.get()).sum(),
                _ => return Err(format!("BAD {item} is no item of STATUS")),
            };
            told.push(format!("{item} {number}"));
        }
        lines.push(format!("* STATUS {} ({})", folder_name(junk), told.join(" ")));
        Ok(())
    }

    /// What has happened in the folder since it was last told.
    fn news(&mut self) -> Vec<String> {
        let Some(junk) = self.folder.as_ref().map(|folder| folder.junk) else {
            return Vec::new();
        };
        let here = self.here(junk);
        let Some(folder) = &mut self.folder else { return Vec::new() };
        let mut lines = Vec::new();
        let gone = |message: &Message| !here.iter().any(|other| other.uid == message.uid);
        while let Some(place) = folder.messages.iter().position(gone) {
            folder.messages.remove(place);
            lines.push(format!("* {} EXPUNGE", place + 1));
        }
        if here.len() > folder.messages.len() {
            folder.messages = here;
            lines.push(format!("* {} EXISTS", folder.messages.len()));
        }
        lines
    }

    /// Removes what is marked, of the messages with these UIDs if any are given.
    fn expunge(&mut self, uids: Option<&[u32]>) -> Vec<String> {
        let marked: Vec<String> = match &self.folder {
            Some(Folder { read_only: false, messages, .. }) => messages
                .iter()
                .filter(|message| uids.is_none_or(|uids| uids.contains(&message.uid)))
                .filter(|message| self.has_flag(message, "\\Deleted"))
                .map(|message| message.stored.name.clone())
                .collect(),
            _ => Vec::new(),
        };
        self.expunged.extend(marked);
        self.news()
    }

    /// Flags by hand, and \Seen where the reader's own program has fetched it.
    fn flags_of(&self, message: &Message) -> Vec<String> {
        let by_hand = self.flags.iter().find(|(name, _)| *name == message.stored.name);
        match by_hand {
            Some((_, flags)) => flags.clone(),
            None if message.stored.read <= self.call.now() => vec!["\\Seen".to_owned()],
            None => Vec::new(),
        }
    }

    fn has_flag(&self, message: &Message, flag: &str) -> bool {
        self.flags_of(message).iter().any(|other| other == flag)
    }

    fn set_flags(&mut self, message: &Message, flags: Vec<String>) {
        self.flags.retain(|(name, _)| *name != message.stored.name);
        self.flags.push((message.stored.name.clone(), flags));
    }

    /// Messages of a sequence set, with their numbers.
    fn chosen(&self, set: Option<&String>, uid: bool) -> Result<Vec<(usize, Message)>, String> {
        let set = set.ok_or("BAD messages are named by a set, as 1 or 2:4 or 1:*")?;
        let messages = self.folder.as_ref().map(|f| f.messages.clone()).unwrap_or_default();
        let last = if uid {
            messages.last().map_or(0, |message| message.uid)
        } else {
            u32::try_from(messages.len()).unwrap_or(u32::MAX)
        };
        // RFC 9051 §9: a number above the last is BAD; a UID that is not there is passed over.
        if !uid && highest(set, last).is_some_and(|highest| highest > last || last == 0) {
            return Err(format!("BAD {set} names a message that is not there"));
        }
        let mut chosen = Vec::new();
        for (number, message) in (1..).zip(messages) {
            let name = if uid { message.uid } else { u32::try_from(number).unwrap_or(u32::MAX) };
            if in_set(set, name, last).ok_or(format!("BAD {set} is no set of messages"))? {
                chosen.push((number, message));
            }
        }
        Ok(chosen)
    }

    fn store(
        &mut self,
        uid: bool,
        arguments: &[String],
        lines: &mut Vec<String>,
    ) -> Result<(), String> {
        let [set, item, flags] = arguments else {
            return Err("BAD write it as STORE 1 +FLAGS (\\Deleted)".to_owned());
        };
        if self.folder.as_ref().is_some_and(|folder| folder.read_only) {
            return Err("NO the folder was opened by EXAMINE".to_owned());
        }
        let mut wanted = Vec::new();
        for flag in parts(flags.trim_matches(['(', ')'])) {
            let known = KNOWN_FLAGS.iter().find(|known| known.eq_ignore_ascii_case(&flag));
            wanted.push((*known.ok_or(format!("BAD {flag} is no flag"))?).to_owned());
        }
        let item = item.to_ascii_uppercase();
        let (item, silent) = match item.strip_suffix(".SILENT") {
            Some(item) => (item, true),
            None => (item.as_str(), false),
        };
        for (number, message) in self.chosen(Some(set), uid)? {
            let mut flags = self.flags_of(&message);
            match item {
                "FLAGS" => flags.clone_from(&wanted),
                "+FLAGS" => {
                    flags.retain(|flag| !wanted.contains(flag));
                    flags.extend(wanted.clone());
                }
                "-FLAGS" => flags.retain(|flag| !wanted.contains(flag)),
                _ => return Err(format!("BAD {item} is none of FLAGS, +FLAGS, -FLAGS")),
            }
            self.set_flags(&message, flags.clone());
            if !silent {
                let uid = if uid { format!("UID {} ", message.uid) } else { String::new() };
                lines.push(format!("* {number} FETCH ({uid}FLAGS ({}))", flags.join(" ")));
            }
        }
        Ok(())
    }
}

/// Of a simulated store there is one life only.
const UIDVALIDITY: u64 = 1;

/// What UID goes with (RFC 9051 §6.4.9).
const BY_UID: [&str; 6] = ["FETCH", "STORE", "SEARCH", "EXPUNGE", "COPY", "MOVE"];

const KNOWN: [&str; 19] = [
    "SELECT",
    "EXAMINE",
    "LIST",
    "STATUS",
    "CREATE",
    "DELETE",
    "RENAME",
    "SUBSCRIBE",
    "APPEND",
    "COPY",
    "MOVE",
    "CLOSE",
    "UNSELECT",
    "EXPUNGE",
    "FETCH",
    "STORE",
    "SEARCH",
    "IDLE",
    "NAMESPACE",
];

fn folder_name(junk: bool) -> &'static str {
    if junk { "Junk" } else { "INBOX" }
}

/// Returns whether a folder is Junk rather than the inbox.
fn is_junk(name: Option<&String>) -> Result<bool, String> {
    match name {
        Some(name) if name.eq_ignore_ascii_case("INBOX") => Ok(false),
        Some(name) if name == "Junk" => Ok(true),
        Some(name) => {
            Err(format!("NO [NONEXISTENT] there is no folder {name}; there are INBOX and Junk"))
        }
        None => Err("BAD a folder has to be named, as INBOX".to_owned()),
    }
}

fn list(arguments: &[String], lines: &mut Vec<String>) -> Result<(), String> {
    let [_, pattern] = arguments else {
        return Err("BAD write it as LIST \"\" \"*\"".to_owned());
    };
    if pattern.is_empty() {
        lines.push("* LIST (\\Noselect) \"/\" \"\"".to_owned());
        return Ok(());
    }
    let all = pattern.contains(['*', '%']);
    if all || pattern.eq_ignore_ascii_case("INBOX") {
        lines.push("* LIST (\\HasNoChildren) \"/\" INBOX".to_owned());
    }
    // RFC 6154 §2.
    if all || pattern == "Junk" {
        lines.push("* LIST (\\HasNoChildren \\Junk) \"/\" Junk".to_owned());
    }
    Ok(())
}

impl<S: FactSink> Talk for ImapTalk<'_, '_, S> {
    fn begin(&mut self) -> Vec<Line> {
        let greeting = format!("* OK [CAPABILITY {CAPABILITIES}] {} ready", self.call.store_name());
        self.latest.clone_from(&greeting);
        self.call.begin(&greeting)
    }

    fn hear(&mut self, line: &str) -> Vec<Line> {
        if self.call.over {
            return Vec::new();
        }
        if let Err(lost) = self.call.exchange() {
            return vec![lost];
        }
        let Some(tag) = self.idle.take() else {
            return self.command(line);
        };
        let mut lines = self.news();
        if line.trim().eq_ignore_ascii_case("DONE") {
            lines.push(format!("{tag} OK IDLE completed"));
        } else {
            lines.push(format!("{tag} BAD only DONE ends IDLE"));
        }
        self.answer(lines)
    }

    fn wait(&mut self, time: SimDuration) -> Vec<Line> {
        if self.idle.is_none() {
            return vec![self.call.wait(time)];
        }
        // IDLE: what comes is told when it comes.
        let end = self.call.now().saturating_add(time);
        let mut lines = Vec::new();
        loop {
            let now = self.call.now();
            let coming = self.coming.iter().flatten();
            let changes = coming.flat_map(|stored| [stored.from, stored.until]);
            let next = changes.filter(|at| *at > now && *at <= end).min();
            let Some(at) = next else { break };
            self.call.wait(at.since(now));
            let news = self.news();
            lines.extend(self.answer(news));
        }
        let rest = end.since(self.call.now());
        self.call.wait(rest);
        lines.push(self.call.happens(format!("{time} later")));
        lines
    }

    fn explain(&self, about: &str) -> String {
        if about.is_empty() {
            explain_imap(&self.latest, &self.call.examples())
        } else {
            explain_command(about)
        }
    }

    fn now(&self) -> SimTime {
        self.call.now()
    }

    fn is_over(&self) -> bool {
        self.call.over
    }
}
