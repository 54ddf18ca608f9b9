//! A lesson, by its number, as an input of the command line.

use std::path::Path;

use crate::cli::error::CommandError;
use crate::cli::input::Input;
use crate::scenario::{Override, Source, load};
use crate::workbench::{LESSONS, Lesson};

/// Reads a lesson with changes of the command line.
pub(super) fn read(lesson: Lesson, changes: &[Override]) -> Result<Input, CommandError> {
    let beside = |name: &str| Err(format!("{name}: a lesson stands alone"));
    let file = lesson.file();
    let source = Source { file: &file, text: lesson.text, read_file: &beside };
    let loaded = load(&source, changes).map_err(CommandError::Scenario)?;
    let digest = blake3::hash(lesson.text.as_bytes()).to_hex().to_string();
    Ok(Input { loaded, text: lesson.text.to_owned(), digest })
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
