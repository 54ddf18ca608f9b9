//! A status as the arenas keep it.

use std::num::NonZeroU32;

use super::Status;

/// An enhanced status code, or none, in 4 octets, where an `Option<Status>` takes 8: there is one
/// for each message that waits somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactStatus(NonZeroU32);

impl CompactStatus {
    /// No status.
    pub const NONE: Self = Self(NonZeroU32::MIN);
    /// Subject and detail are at most this (RFC 3463 §2: three digits).
    const MOST: u32 = 1 << 10;

    /// Returns the number that says the same, for those who keep it in the same place as others.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.get()
    }

    /// Returns what [`CompactStatus::number`] was asked of.
    #[must_use]
    pub const fn of_number(number: u32) -> Self {
        match NonZeroU32::new(number) {
            Some(number) => Self(number),
            None => Self::NONE,
        }
    }

    /// Returns the status; none: there is none.
    #[must_use]
    #[inline]
    pub fn get(self) -> Option<Status> {
        let code = self.0.get();
        let (subject, detail) = (code / Self::MOST % Self::MOST, code % Self::MOST);
        let class = code / Self::MOST / Self::MOST;
        // Ten bits each, so nothing is cut off.
        (self != Self::NONE).then(|| Status::new(class as u8, subject as u16, detail as u16))
    }
}

impl From<Status> for CompactStatus {
    #[inline]
    fn from(status: Status) -> Self {
        let (subject, detail) = (u32::from(status.subject), u32::from(status.detail));
        debug_assert!(subject < Self::MOST && detail < Self::MOST, "{status}");
        let code = (u32::from(status.class) * Self::MOST + subject) * Self::MOST + detail;
        // Classes are 2, 4 and 5, so that this is never the number of none.
        Self(NonZeroU32::new(code).unwrap_or(NonZeroU32::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_was_made_of() {
        for status in [Status::SUCCESS, Status::NO_ANSWER, Status::new(5, 999, 999)] {
            let compact = CompactStatus::from(status);
            assert_eq!(compact.get(), Some(status));
            assert_eq!(CompactStatus::of_number(compact.number()), compact);
        }
        assert_eq!(CompactStatus::NONE.get(), None);
        assert_eq!(size_of::<Option<CompactStatus>>(), 4);
    }
}
