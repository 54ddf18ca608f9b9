//! What a resolver remembers.

use std::collections::BTreeMap;

use super::NameId;
use super::zone::Revision;
use crate::units::SimTime;

/// What is asked about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuestionType {
    /// MX records.
    Exchangers,
    /// A and AAAA records, asked for together.
    Addresses,
    /// Records that tell something about the name: sender policies (TXT), entries of a blocklist.
    Statements,
}

/// What a question brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The records of the type asked for in this revision, after following aliases.
    Records(Revision),
    /// The name exists without such records (NODATA).
    NoData,
    /// The name does not exist (NXDOMAIN).
    NoName,
    /// SERVFAIL or silence. Never remembered.
    Failed,
}

/// An answer, when it arrived or will, and until when it may be used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) answer: Answer,
    pub(super) arrived: SimTime,
    pub(super) expires: SimTime,
}

/// Holds at no time.
const VACANT: Entry =
    Entry { answer: Answer::Failed, arrived: SimTime::ZERO, expires: SimTime::ZERO };

/// Answers kept in a list before pages are used.
const FEW: usize = 16;

/// Names on a page.
const PAGE: usize = 32;

/// Answers by name and type, with the time in which they may be used (RFC 1035 §7.4, RFC 2308 §5).
///
/// Names are numbered, so an answer is found by its place, which is several times faster than a
/// tree of many thousand names. Pages of which no name was ever asked for take no memory. The first
/// answers stand in a list: most hosts of a large network ask for a handful of its names, and would
/// have a page of two kilobytes for each.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache {
    places: Vec<usize>,
    listed: Vec<Entry>,
    pages: Vec<Option<Box<[Entry; 2 * PAGE]>>>,
    /// Answers about statements, which few hosts ask for.
    statements: BTreeMap<NameId, Entry>,
}

impl Cache {
    /// Returns the answer to a question asked at `at`: a question whose answer is still under way
    /// waits for that one.
    pub(super) fn get(&self, name: NameId, asked: QuestionType, at: SimTime) -> Option<Entry> {
        let place = place(name, asked);
        let entry = if asked == QuestionType::Statements {
            self.statements.get(&name)?
        } else if let Some(index) = self.places.iter().position(|listed| *listed == place) {
            &self.listed[index]
        } else {
            &self.pages.get(place / (2 * PAGE))?.as_ref()?[place % (2 * PAGE)]
        };
        (at < entry.expires).then_some(*entry)
    }

    /// Keeps an answer. That a name does not exist answers questions of every type (RFC 2308 §5).
    pub(super) fn put(
        &mut self,
        name: NameId,
        asked: QuestionType,
        answer: Answer,
        arrived: SimTime,
        expires: SimTime,
    ) {
        let entry = Entry { answer, arrived, expires };
        if asked == QuestionType::Statements {
            self.statements.insert(name, entry);
            return;
        }
        if answer == Answer::NoName {
            *self.entry(place(name, QuestionType::Exchangers)) = entry;
            *self.entry(place(name, QuestionType::Addresses)) = entry;
        } else {
            *self.entry(place(name, asked)) = entry;
        }
    }

    /// Returns the entry of a place, vacant if it is new.
    fn entry(&mut self, place: usize) -> &mut Entry {
        if let Some(index) = self.places.iter().position(|listed| *listed == place) {
            return &mut self.listed[index];
        }
        if self.places.len() < FEW {
            self.places.push(place);
            self.listed.push(VACANT);
            let last = self.listed.len() - 1;
            return &mut self.listed[last];
        }
        let number = place / (2 * PAGE);
        if self.pages.len() <= number {
            self.pages.resize(number + 1, None);
        }
        let page = self.pages[number].get_or_insert_with(|| Box::new([VACANT; 2 * PAGE]));
        &mut page[place % (2 * PAGE)]
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.listed.clear();
        self.pages.clear();
        self.statements.clear();
    }
}

/// Returns the place of an answer about exchangers or addresses.
fn place(name: NameId, asked: QuestionType) -> usize {
    2 * name.index() + asked as usize
}
