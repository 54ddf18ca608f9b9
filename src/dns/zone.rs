//! Names and their records, with changes over time.

use crate::network::AddressId;
use crate::units::{SimDuration, SimTime};

/// A domain name, by its position in the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub u32);

impl NameId {
    /// Returns the position in the zone.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A mail exchanger record (RFC 1035 §3.3.9): the lower the preference, the earlier it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MxRecord {
    /// 0 to 65535.
    pub preference: u16,
    /// The exchanger's name; none stands for the root, the mark of a null MX (RFC 7505).
    pub exchange: Option<NameId>,
}

/// The records of one name at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Whether the name exists. A name that does not exist answers NXDOMAIN; one that exists
    /// without records of the type asked answers NODATA (RFC 2308 §2).
    pub exists: bool,
    /// Exchangers in the order of the answer.
    pub mx: Vec<MxRecord>,
    /// A and AAAA records in the order of the answer.
    pub addresses: Vec<AddressId>,
    /// CNAME target; the other records are then those of the target.
    pub alias: Option<NameId>,
    /// Whether there is a record that tells something about the name: a sender policy (TXT), an entry
    /// of a blocklist (RFC 5782). What it says stands elsewhere.
    pub states: bool,
    /// Time to live of all these records.
    pub ttl: SimDuration,
    /// How long a negative answer may be kept (RFC 2308 §5); zero: not at all.
    pub negative_ttl: SimDuration,
}

/// A name with its records over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name, in lower case without the final dot.
    pub text: String,
    /// Records and the instants from which they hold, in order; the first holds from the start.
    pub revisions: Vec<(SimTime, Records)>,
}

/// The records of one name while they do not change: what an answer in a cache refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Revision {
    name: NameId,
    number: u32,
}

/// All names of the simulated world.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zone {
    /// Names by [`NameId`].
    pub names: Vec<Name>,
}

impl Zone {
    /// Returns the records of `name` as they stand at `at`, without following an alias.
    #[must_use]
    pub fn records(&self, name: NameId, at: SimTime) -> &Records {
        self.records_of(self.revision(name, at))
    }

    /// Returns which revision of `name` holds at `at`.
    pub(super) fn revision(&self, name: NameId, at: SimTime) -> Revision {
        let begun = self.names[name.index()].revisions.partition_point(|(from, _)| *from <= at);
        // There are at most as many revisions as a scenario has actions, which are counted in u32.
        Revision { name, number: begun.max(1) as u32 - 1 }
    }

    /// Returns the records of a revision.
    pub(super) fn records_of(&self, revision: Revision) -> &Records {
        &self.names[revision.name.index()].revisions[revision.number as usize].1
    }

    /// Returns the text of `name`.
    #[must_use]
    pub fn text(&self, name: NameId) -> &str {
        &self.names[name.index()].text
    }
}
