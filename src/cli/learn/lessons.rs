//! The lessons that the program carries with it. A lesson is added by a line.

use std::path::Path;

use crate::cli::error::CommandError;
use crate::cli::input::Input;
use crate::scenario::{Override, Source, load};

/// A lesson.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson {
    /// The name of its file without the ending: `05-backup-mx`.
    pub(super) name: &'static str,
    /// The text of its scenario.
    pub(super) text: &'static str,
}

macro_rules! lesson {
    ($name:literal) => {
        Lesson {
            name: $name,
            text: include_str!(concat!("../../../scenarios/lessons/", $name, ".toml")),
        }
    };
}

/// All lessons, in order.
pub(super) const LESSONS: &[Lesson] = &[
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
    pub(super) fn number(self) -> u32 {
        let digits = self.name.split('-').next().unwrap_or_default();
        digits.parse().unwrap_or_default()
    }

    /// Returns its file in the source tree.
    pub(super) fn file(self) -> String {
        format!("scenarios/lessons/{}.toml", self.name)
    }

    /// Reads it with changes of the command line.
    pub(super) fn read(self, changes: &[Override]) -> Result<Input, CommandError> {
        let beside = |name: &str| Err(format!("{name}: a lesson stands alone"));
        let file = self.file();
        let source = Source { file: &file, text: self.text, read_file: &beside };
        let loaded = load(&source, changes).map_err(CommandError::Scenario)?;
        let digest = blake3::hash(self.text.as_bytes()).to_hex().to_string();
        Ok(Input { loaded, text: self.text.to_owned(), digest })
    }
}

/// Returns the lesson of a number.
pub(super) fn numbered(wanted: &str) -> Result<Lesson, CommandError> {
    let known = || {
        let numbers: Vec<String> = LESSONS.iter().map(|l| l.number().to_string()).collect();
        format!("there are {}; `mailsim learn` lists them", numbers.join(", "))
    };
    let stem = Path::new(wanted).file_stem().and_then(|stem| stem.to_str());
    let named = LESSONS.iter().find(|lesson| Some(lesson.name) == stem);
    if let Some(lesson) = named {
        return Ok(*lesson);
    }
    let Ok(number) = wanted.parse::<u32>() else {
        let text = format!("`{wanted}` is no number of a lesson; {}", known());
        return Err(CommandError::Usage(text));
    };
    let found = LESSONS.iter().find(|lesson| lesson.number() == number);
    found
        .copied()
        .ok_or_else(|| CommandError::Usage(format!("there is no lesson {number}; {}", known())))
}
