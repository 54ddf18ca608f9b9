//! The text of a study, whose scenario is a small one.

use mailsim::scenario::Source;
use mailsim::study::{load_study, scenario_of};

use super::scenario::run_briefly;
use super::{SMALL, text_of};

/// Reads a study, and runs the beginning of its first cell.
pub(crate) fn study(data: &[u8]) {
    let Some(text) = text_of(data) else { return };
    let read_file = |_: &str| Ok(SMALL.to_owned());
    match load_study(&Source { file: "fuzz.toml", text, read_file: &read_file }, &[]) {
        Ok(loaded) => {
            let _ = loaded.warnings.render(true);
            if !loaded.study.cells.is_empty() {
                run_briefly(&scenario_of(&loaded.study, 0, 1));
            }
        }
        Err(problems) => assert!(!problems.render(false).is_empty(), "refused without a word"),
    }
}
