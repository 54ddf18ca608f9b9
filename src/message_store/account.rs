//! A mailbox with its folders, as a store shows it to a reader.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::mail::format_date;
use crate::units::SimTime;

use super::stored::Stored;

/// A message in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Its UID: grows within the folder, and is never used again (RFC 9051 §2.3.1.1).
    pub(crate) uid: u32,
    /// What POP3 calls it, in front of its UID.
    pub(super) name: String,
    pub(crate) flags: Vec<String>,
    pub(super) content: Content,
    /// When it came, as INTERNALDATE has it.
    pub(super) date: String,
    pub(super) size: u64,
}

impl Message {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|have| have.eq_ignore_ascii_case(flag))
    }

    /// Marks it as seen.
    pub(crate) fn see(&mut self) {
        if !self.has("\\Seen") {
            self.flags.push("\\Seen".to_owned());
        }
    }
}

/// The octets of a message.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// As they are.
    Octets(Arc<[u8]>),
    /// What servers put in front, and the text as it was brought, which lies in no mailbox twice.
    Brought(Arc<[u8]>, Arc<[u8]>),
    /// A message that the run made: its true header with the empty line behind it, and so many octets
    /// in all.
    Simulated { header: Arc<[u8]>, size: u64 },
}

/// No message that is read is larger \[octets\].
const MOST: usize = 64 << 20;
/// A line of filling, with its CR LF \[octets\].
const LINE: usize = 72;

impl Content {
    /// Returns the octets. Words of a simulated body are not known: a remark and filling stand for them.
    pub(crate) fn octets(&self) -> Vec<u8> {
        match self {
            Self::Octets(octets) => octets.to_vec(),
            Self::Brought(traces, text) => [&**traces, &**text].concat(),
            Self::Simulated { header, size } => {
                let size = usize::try_from(*size).unwrap_or(MOST).clamp(header.len(), MOST);
                let mut text = header.to_vec();
                let remark = remark(size - header.len());
                let rest = (size - header.len()).checked_sub(remark.len());
                // No line is left with half a line end.
                if rest.is_some_and(|rest| rest != 1) {
                    text.extend_from_slice(remark.as_bytes());
                }
                while text.len() < size {
                    let rest = size - text.len();
                    let line = if rest == LINE + 1 { LINE - 1 } else { rest.min(LINE) };
                    text.extend(std::iter::repeat_n(b'x', line.saturating_sub(2)));
                    text.extend_from_slice(&b"\r\n"[2 - line.min(2)..]);
                }
                text
            }
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::Octets(octets) => octets.len() as u64,
            Self::Brought(traces, text) => (traces.len() + text.len()) as u64,
            Self::Simulated { header, size } => (*size).clamp(header.len() as u64, MOST as u64),
        }
    }
}

fn remark(body: usize) -> String {
    format!("({body} octets of body{REMARK}\r\n")
}

/// How the line ends that stands for the words of a body.
const REMARK: &str = ": sizes are simulated, words are not)";

/// Returns the lines of an answer as people want to see them: without the filling of bodies.
pub(crate) fn for_people(octets: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(octets);
    let mut filling = false;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let line = line.trim_end_matches(['\r', '\n']);
        if filling && !line.is_empty() && line.bytes().all(|octet| octet == b'x') {
            continue;
        }
        filling = line.ends_with(REMARK);
        lines.push(line.to_owned());
    }
    lines
}

/// Folders of a mailbox.
const FOLDERS: usize = 100;
/// Messages that its readers have put there themselves.
pub(super) const OWN_MESSAGES: usize = 10_000;

/// Octets that its readers have put there, behind which nothing more is taken.
pub(super) const OWN_OCTETS: u64 = 64 << 20;

/// A folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(super) messages: Vec<Message>,
    pub(super) next_uid: u32,
    /// Tells this folder from former ones of its name (RFC 9051 §2.3.1.1).
    pub(super) validity: u32,
    /// UIDs of those that readers have taken out, until that is asked for.
    removed: Vec<u32>,
}

impl Folder {
    fn new(validity: u32) -> Self {
        Self { messages: Vec::new(), next_uid: 1, validity, removed: Vec::new() }
    }

    /// Takes messages out, for a reader who wants them gone.
    pub(super) fn remove(&mut self, mut gone: impl FnMut(&Message) -> bool) {
        let removed = &mut self.removed;
        self.messages.retain(|message| {
            let goes = gone(message);
            if goes {
                removed.push(message.uid);
            }
            !goes
        });
    }

    /// Adds a message; returns its UID.
    pub(super) fn add(
        &mut self,
        name: &str,
        content: Content,
        flags: Vec<String>,
        date: String,
    ) -> u32 {
        let uid = self.next_uid;
        self.next_uid += 1;
        let size = content.size();
        self.messages.push(Message { uid, name: name.to_owned(), flags, content, date, size });
        uid
    }

    /// Returns the message of this UID.
    pub(crate) fn message(&mut self, uid: u32) -> Option<&mut Message> {
        let place = self.messages.binary_search_by_key(&uid, |message| message.uid).ok()?;
        self.messages.get_mut(place)
    }

    /// Returns the UIDs of messages that readers have taken out since this was asked last.
    pub(crate) fn take_removed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.removed)
    }
}

/// A mailbox with its folders: INBOX and Junk, in which the run puts mail, and those of its readers.
#[derive(Debug)]
pub(crate) struct Account {
    pub(super) folders: BTreeMap<String, Folder>,
    /// The UIDVALIDITY of the latest folder.
    validity: u32,
}

pub(crate) const INBOX: &str = "INBOX";
pub(crate) const JUNK: &str = "Junk";

impl Default for Account {
    fn default() -> Self {
        let own = [INBOX, JUNK].map(|name| (name.to_owned(), Folder::new(1)));
        Self { folders: own.into(), validity: 1 }
    }
}

impl Account {
    /// Puts a message of the run where it belongs; returns the folder's name and its UID. `text` is
    /// what its author has brought, where that is known to the octet.
    pub(crate) fn put(&mut self, stored: &Stored, text: Option<&Arc<[u8]>>) -> (&'static str, u32) {
        let lines = |lines: &[String]| -> Vec<u8> {
            lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"]).flatten().copied().collect()
        };
        let date = internal_date(&stored.stored_on);
        let content = match text {
            Some(text) => Content::Brought(lines(&stored.traces).into(), text.clone()),
            None => {
                let mut header = lines(&stored.header);
                header.extend_from_slice(b"\r\n");
                Content::Simulated { header: header.into(), size: stored.size.get() }
            }
        };
        let name = if stored.junk { JUNK } else { INBOX };
        let folder = self.folders.get_mut(name).expect("INBOX and Junk stay");
        (name, folder.add(&stored.name, content, Vec::new(), date))
    }

    /// Takes out a message that is gone for a reason of the run's.
    pub(crate) fn take_out(&mut self, name: &str, uid: u32) {
        if let Some(folder) = self.folders.get_mut(name) {
            folder.messages.retain(|message| message.uid != uid);
        }
    }

    /// Returns the folder of this name; INBOX is one in any case of letters (RFC 9051 §5.1).
    pub(crate) fn folder(&mut self, name: &str) -> Option<&mut Folder> {
        self.folders.get_mut(canonical(name))
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// If it is there, or there are too many.
    pub(super) fn create(&mut self, name: &str) -> Result<(), &'static str> {
        let name = canonical(name.trim_end_matches('/'));
        if name.is_empty() || self.folders.contains_key(name) {
            return Err("NO [ALREADYEXISTS] there is such a folder");
        }
        if self.folders.len() >= FOLDERS {
            return Err("NO [OVERQUOTA] there are too many folders");
        }
        self.validity += 1;
        self.folders.insert(name.to_owned(), Folder::new(self.validity));
        Ok(())
    }

    /// Gives a folder another name; its UIDs are told from those of former folders of that name.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> Result<(), &'static str> {
        let to = canonical(to.trim_end_matches('/'));
        if to.is_empty() || self.folders.contains_key(to) {
            return Err("NO [ALREADYEXISTS] there is such a folder");
        }
        let folder = self.folders.remove(from).ok_or("NO [NONEXISTENT] there is no such folder")?;
        self.validity += 1;
        self.folders.insert(to.to_owned(), Folder { validity: self.validity, ..folder });
        Ok(())
    }

    /// Returns the octets of messages that readers have put there themselves.
    pub(super) fn own_octets(&self) -> u64 {
        let all = self.folders.values().flat_map(|folder| &folder.messages);
        let own = all.filter(|message| matches!(message.content, Content::Octets(_)));
        own.map(|message| message.size).sum()
    }

    /// Returns how many messages all folders hold.
    pub(super) fn count(&self) -> usize {
        self.folders.values().map(|folder| folder.messages.len()).sum()
    }
}

/// Returns a folder's name as it is kept.
pub(super) fn canonical(name: &str) -> &str {
    if name.eq_ignore_ascii_case(INBOX) { INBOX } else { name }
}

/// Turns "Thu, 1 Jan 2026 00:00:10 +0000" into IMAP's date-time.
fn internal_date(date: &str) -> String {
    let words: Vec<&str> = date.split_whitespace().collect();
    match words.as_slice() {
        [_, day, month, year, time, zone] => format!("{day:>2}-{month}-{year} {time} {zone}"),
        _ => date.to_owned(),
    }
}

/// The date of now, for what is appended without one.
pub(super) fn date_of(now: SimTime) -> String {
    internal_date(&format_date(now, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulated(size: u64) -> Vec<u8> {
        Content::Simulated { header: b"A: b\r\n\r\n"[..].into(), size }.octets()
    }

    #[test]
    fn a_simulated_message_has_its_size_and_whole_lines() {
        for size in 8..400 {
            let text = simulated(size);
            assert_eq!(text.len() as u64, size);
            let whole = text.ends_with(b"\r\n") || size == 9;
            assert!(whole, "{size}: {:?}", String::from_utf8_lossy(&text));
        }
        assert_eq!(simulated(3).len(), 8);
    }

    #[test]
    fn people_see_no_filling_and_all_else() {
        let mut answer = simulated(400);
        answer.extend_from_slice(b")\r\nxxx\r\n");
        let remark = "(392 octets of body: sizes are simulated, words are not)";
        assert_eq!(for_people(&answer), ["A: b", "", remark, ")", "xxx"]);
    }

    #[test]
    fn a_folder_made_again_is_another_one() {
        let mut account = Account::default();
        account.create("a").unwrap();
        let first = account.folder("a").unwrap().validity;
        account.rename("a", "b").unwrap();
        account.create("a").unwrap();
        assert!(account.folder("a").unwrap().validity > first);
        assert!(account.create("inbox").is_err() && account.rename("b", "Inbox").is_err());
    }
}
