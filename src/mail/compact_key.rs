//! Name and kind of a message as the arenas keep them.

use super::{MessageKey, MessageKind};

/// The name of a message and why it exists in 12 octets, where both take 32 otherwise: there is one
/// for each message that waits somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactKey {
    /// The `[[mail]]` entry above the ordinal, as in [`MessageKey::stream_key`], in two halves so
    /// that it need not lie at a multiple of eight.
    mail: [u32; 2],
    /// 0: mail. Else the number among the notices, times four, with the kind, plus one.
    notice: u32,
}

/// Bits of an ordinal.
const ORDINAL: u32 = 40;
/// What can be made about a message, by the number that stands for it.
const KINDS: [MessageKind; 4] = [
    MessageKind::DelayNotice,
    MessageKind::FailureNotice,
    MessageKind::ListCopy,
    MessageKind::AutomaticReply,
];

impl CompactKey {
    /// Returns name and kind in compact form.
    ///
    /// # Panics
    /// On an entry from 2^24, an ordinal from 2^40, a notice from 2^30 - 1, or a person's mail with
    /// the name of a notice, all of which no run can have.
    #[must_use]
    #[inline]
    pub fn new(key: MessageKey, kind: MessageKind) -> Self {
        let (entry, ordinal, notice) = match key {
            MessageKey::Mail { entry, ordinal } => {
                assert!(kind == MessageKind::Mail, "{key} is a person's mail");
                (entry, ordinal, 0)
            }
            MessageKey::Notice { entry, ordinal, number } => {
                let kind = KINDS.iter().position(|known| *known == kind);
                let kind = kind.expect("a notice is no person's mail") as u32;
                assert!(number < (1 << 30) - 1, "fewer than 2^30 - 1 notices about one message");
                (entry, ordinal, (number * 4 + kind) + 1)
            }
        };
        assert!(entry < 1 << (64 - ORDINAL) && ordinal < 1 << ORDINAL, "{key} is out of bounds");
        let mail = u64::from(entry) << ORDINAL | ordinal;
        Self { mail: [(mail >> 32) as u32, mail as u32], notice }
    }

    /// Returns the name.
    #[must_use]
    #[inline]
    pub fn key(self) -> MessageKey {
        let mail = u64::from(self.mail[0]) << 32 | u64::from(self.mail[1]);
        let (entry, ordinal) = ((mail >> ORDINAL) as u32, mail & ((1 << ORDINAL) - 1));
        match self.notice.checked_sub(1) {
            None => MessageKey::Mail { entry, ordinal },
            Some(notice) => MessageKey::Notice { entry, ordinal, number: notice / 4 },
        }
    }

    /// Returns [`MessageKey::stream_key`] of the name.
    #[must_use]
    #[inline]
    pub fn stream_key(self) -> u64 {
        if self.notice == 0 {
            u64::from(self.mail[0]) << 32 | u64::from(self.mail[1])
        } else {
            self.key().stream_key()
        }
    }

    /// Returns the kind.
    #[must_use]
    #[inline]
    pub fn kind(self) -> MessageKind {
        let notice = self.notice.checked_sub(1);
        notice.map_or(MessageKind::Mail, |notice| KINDS[notice as usize % KINDS.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_what_it_was_made_of() {
        let mail = MessageKey::Mail { entry: (1 << 24) - 1, ordinal: (1 << 40) - 1 };
        let compact = CompactKey::new(mail, MessageKind::Mail);
        assert_eq!((compact.key(), compact.kind()), (mail, MessageKind::Mail));
        assert_eq!(compact.stream_key(), mail.stream_key());
        for (number, kind) in (0..).zip(KINDS) {
            let notice = MessageKey::Mail { entry: 3, ordinal: 7 }.notice(number);
            let compact = CompactKey::new(notice, kind);
            assert_eq!((compact.key(), compact.kind()), (notice, kind));
        }
        assert_eq!(size_of::<CompactKey>(), 12);
    }
}
