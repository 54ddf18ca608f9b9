//! The lessons that the program carries with it. A lesson is added by a line.

/// A lesson.
#[derive(Debug, Clone, Copy)]
pub struct Lesson {
    /// The name of its file without the ending: `05-backup-mx`.
    pub name: &'static str,
    /// The text of its scenario.
    pub text: &'static str,
}

macro_rules! lesson {
    ($name:literal) => {
        Lesson {
            name: $name,
            text: include_str!(concat!("../../scenarios/lessons/", $name, ".toml")),
        }
    };
}

/// All lessons, in order.
pub const LESSONS: &[Lesson] = &[
    lesson!("01-first-message"),
    lesson!("02-same-domain"),
    lesson!("03-relays-and-hops"),
    lesson!("04-dns"),
    lesson!("05-backup-mx"),
    lesson!("06-both-down"),
    lesson!("07-wrong-address"),
    lesson!("08-envelope-and-body"),
    lesson!("09-reading-mail"),
    lesson!("10-smtp-proxy"),
    lesson!("11-local-domains"),
    lesson!("12-sending-addresses"),
    lesson!("13-spam-and-greylisting"),
    lesson!("14-who-may-send-for-a-domain"),
    lesson!("15-lists-and-automatic-replies"),
    lesson!("16-no-dns-and-a-split-network"),
    lesson!("17-the-same-message-twice"),
    lesson!("18-one-outage-five-senders"),
];

impl Lesson {
    /// Returns its number.
    #[must_use]
    pub fn number(self) -> u32 {
        let digits = self.name.split('-').next().unwrap_or_default();
        digits.parse().unwrap_or_default()
    }

    /// Returns its file in the source tree.
    #[must_use]
    pub fn file(self) -> String {
        format!("scenarios/lessons/{}.toml", self.name)
    }
}
