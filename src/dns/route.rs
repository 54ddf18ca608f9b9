//! Where mail for a domain may be sent, as the DNS says.

use super::NameId;
use crate::network::AddressId;
use crate::units::SimTime;

/// One address of one exchanger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exchanger {
    /// Preference of its MX record; 0 for an implicit MX and for a host asked for by name.
    pub preference: u16,
    /// The exchanger's name as the MX record has it, even if it is an alias.
    pub name: NameId,
    /// The address.
    pub address: AddressId,
}

/// The exchangers of a domain. Keep it and use it again: filling it then allocates nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailRoute {
    /// Addresses in order of preference; equal ones in the order of the answers. To shuffle equals
    /// is the client's business (RFC 5321 §5.1).
    pub exchangers: Vec<Exchanger>,
    /// Names in MX records for which there is no address.
    pub unresolved: u32,
    /// Names in MX records whose address could not be looked up at this time.
    pub unresolved_temporarily: u32,
    /// The best preference among the names without an address, for whichever of these reasons.
    /// A host that finds itself among the exchangers needs it: a better exchanger may exist.
    pub best_unresolved: Option<u16>,
    /// When the answer about the exchangers came; before the question, it was in the cache.
    pub answered: SimTime,
}

impl MailRoute {
    /// Empties the route and keeps its memory.
    pub fn clear(&mut self) {
        self.exchangers.clear();
        self.unresolved = 0;
        self.unresolved_temporarily = 0;
        self.best_unresolved = None;
        self.answered = SimTime::ZERO;
    }

    pub(super) fn add_unresolved(&mut self, preference: u16, temporarily: bool) {
        if temporarily {
            self.unresolved_temporarily += 1;
        } else {
            self.unresolved += 1;
        }
        let best = self.best_unresolved.map_or(preference, |best| best.min(preference));
        self.best_unresolved = Some(best);
    }
}

/// What came of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteOutcome {
    /// There are addresses to try.
    Found,
    /// The name does not exist.
    NoSuchDomain,
    /// The domain takes no mail (RFC 7505).
    NullMx,
    /// Exchangers are named but none has an address, or there is neither exchanger nor address.
    NoAddress,
    /// No answer or SERVFAIL, so that nothing is known: ask again later.
    TemporaryFailure,
}

/// The outcome of a look-up, and when it was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookup {
    /// What came of it.
    pub outcome: RouteOutcome,
    /// When the last answer arrived or was given up.
    pub ended: SimTime,
}
