//! What lies in a mailbox for real readers: what the run has delivered, and what they put and flagged.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::mail::{Mailbox, format_date};
use crate::model::Scenario;
use crate::talk::stored_copies;
use crate::units::SimTime;

use super::chronicle::{Chronicle, Delivered};

/// A message in a folder.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) uid: u32,
    pub(super) flags: Vec<String>,
    pub(super) content: Content,
    /// When it came, as INTERNALDATE has it.
    pub(super) date: String,
    pub(super) size: u64,
}

/// Its octets.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// As they are.
    Octets(Arc<[u8]>),
    /// What servers put in front, and the text as it was brought, which lies in no mailbox twice.
    Brought(Arc<[u8]>, Arc<[u8]>),
    /// A message that the run made: its true header, and so many octets in all.
    Simulated { header: Arc<[u8]>, size: u64 },
}

impl Content {
    /// Returns the octets. Words of a simulated body are not known: a remark and filling stand for them.
    pub(super) fn octets(&self) -> Vec<u8> {
        match self {
            Self::Octets(octets) => octets.to_vec(),
            Self::Brought(traces, text) => [&**traces, &**text].concat(),
            Self::Simulated { header, size } => {
                let size = usize::try_from(*size).unwrap_or(MOST).clamp(header.len(), MOST);
                let mut text = header.to_vec();
                let remark = b"(sizes are simulated, words are not)\r\n";
                text.extend_from_slice(&remark[..remark.len().min(size - text.len())]);
                while text.len() < size {
                    let line = (size - text.len()).min(72);
                    let words = line.saturating_sub(2);
                    text.extend(std::iter::repeat_n(b'x', words));
                    text.extend_from_slice(&b"\r\n"[..line - words]);
                }
                text
            }
        }
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Octets(octets) => octets.len() as u64,
            Self::Brought(traces, text) => (traces.len() + text.len()) as u64,
            Self::Simulated { header, size } => (*size).clamp(header.len() as u64, MOST as u64),
        }
    }
}

/// No message that is read is larger.
const MOST: usize = 64 << 20;
/// Folders of a mailbox, and messages that its readers have put there themselves.
pub(super) const FOLDERS: usize = 100;
pub(super) const OWN_MESSAGES: usize = 10_000;

/// A folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) messages: Vec<Message>,
    pub(super) next_uid: u32,
    /// UIDs of those that readers have taken out, until that is told to the run.
    removed: Vec<u32>,
}

impl Default for Folder {
    fn default() -> Self {
        Self { messages: Vec::new(), next_uid: 1, removed: Vec::new() }
    }
}

impl Folder {
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
    pub(super) fn add(&mut self, content: Content, flags: Vec<String>, date: String) -> u32 {
        let uid = self.next_uid;
        self.next_uid += 1;
        let size = content.size();
        self.messages.push(Message { uid, flags, content, date, size });
        uid
    }
}

/// A mailbox with its folders.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) folders: BTreeMap<String, Folder>,
    /// Of what the run has delivered, the last that lies here.
    seen: u32,
    /// Where the deliveries lie that the run's own readers may take out again.
    places: Vec<(u32, &'static str, u32)>,
    /// How many removals by the run's own readers are known, and those among them that are to come.
    removals: usize,
    expected: Vec<(SimTime, u32)>,
}

/// Accounts by mailbox.
pub(super) type Accounts = BTreeMap<Mailbox, Account>;

pub(super) const INBOX: &str = "INBOX";
pub(super) const JUNK: &str = "Junk";

impl Account {
    /// Takes notice of what the run has delivered, and of what its own readers took out.
    pub(super) fn follow(
        &mut self,
        scenario: &Scenario,
        chronicle: &Chronicle,
        mailbox: Mailbox,
        now: SimTime,
    ) {
        for name in [INBOX, JUNK] {
            self.folders.entry(name.to_owned()).or_default();
        }
        // What the chronicle has forgotten, this forgets.
        let oldest = chronicle.mailbox(mailbox).next().map_or(u32::MAX, |delivered| delivered.uid);
        while let Some(&(number, ..)) = self.places.first().filter(|place| place.0 < oldest) {
            self.take_out(number);
        }
        for delivered in chronicle.behind(mailbox, self.seen) {
            if !chronicle.is_told(delivered, now) {
                break;
            }
            self.seen = delivered.uid;
            let Some((content, date)) = content_of(scenario, chronicle, delivered) else {
                continue;
            };
            let name = if delivered.junk { JUNK } else { INBOX };
            let folder = self.folders.entry(name.to_owned()).or_default();
            let uid = folder.add(content, Vec::new(), date);
            self.places.push((delivered.uid, name, uid));
        }
        let removals = chronicle.removals(mailbox);
        self.expected.extend(&removals[self.removals.min(removals.len())..]);
        self.removals = removals.len();
        let seen = self.seen;
        for (_, number) in
            self.expected.extract_if(.., |(at, one)| *at <= now && *one <= seen).collect::<Vec<_>>()
        {
            self.take_out(number);
        }
    }

    /// Returns the numbers of the run's deliveries that readers have taken out since this was asked last.
    pub(super) fn removed(&mut self) -> Vec<u32> {
        let mut numbers = Vec::new();
        for name in [INBOX, JUNK] {
            let Some(folder) = self.folders.get_mut(name) else { continue };
            for uid in std::mem::take(&mut folder.removed) {
                let is_it = |place: &(u32, &str, u32)| place.1 == name && place.2 == uid;
                if let Some(place) = self.places.iter().position(is_it) {
                    numbers.push(self.places.remove(place).0);
                }
            }
        }
        numbers
    }

    fn take_out(&mut self, number: u32) {
        let Ok(place) = self.places.binary_search_by_key(&number, |place| place.0) else {
            return;
        };
        let (_, name, uid) = self.places.remove(place);
        if let Some(folder) = self.folders.get_mut(name) {
            folder.messages.retain(|message| message.uid != uid);
        }
    }

    /// Returns the folder of this name; INBOX is one in any case of letters (RFC 9051 §5.1).
    pub(super) fn folder(&mut self, name: &str) -> Option<&mut Folder> {
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
        self.folders.insert(name.to_owned(), Folder::default());
        Ok(())
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

fn content_of(
    scenario: &Scenario,
    chronicle: &Chronicle,
    delivered: &Delivered,
) -> Option<(Content, String)> {
    let story = chronicle.story(delivered.key)?;
    let copies = stored_copies(scenario, story, delivered.copy);
    let stored = copies.into_iter().find(|stored| stored.from == delivered.at)?;
    let lines = |lines: &[String]| -> Vec<u8> {
        lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"]).flatten().copied().collect()
    };
    let date = internal_date(&stored.stored_on);
    let content = match chronicle.content(delivered.key) {
        Some(text) => Content::Brought(lines(&stored.traces).into(), text.clone()),
        None => {
            let mut header = lines(&stored.header);
            header.extend_from_slice(b"\r\n");
            Content::Simulated { header: header.into(), size: stored.size.get() }
        }
    };
    Some((content, date))
}

/// Turns "Thu, 1 Jan 2026 00:00:10 +0000" into IMAP's date-time.
pub(super) fn internal_date(date: &str) -> String {
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
