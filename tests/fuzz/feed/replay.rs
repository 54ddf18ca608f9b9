//! A table of mail that a scenario replays.

use mailsim::scenario::{Source, load};

use super::scenario::run_briefly;
use super::{SMALL, text_of};

/// Replays the table.
pub(crate) fn replay(data: &[u8]) {
    let Some(table) = text_of(data) else { return };
    let text = format!("{SMALL}\n[[mail]]\narrivals = {{ replay = \"mail.csv\" }}\n");
    let read_file = |_: &str| Ok(table.to_owned());
    let source = Source { file: "fuzz.toml", text: &text, read_file: &read_file };
    match load(&source, &[]) {
        Ok(loaded) => run_briefly(&loaded.scenario),
        Err(problems) => assert!(!problems.render(false).is_empty(), "refused without a word"),
    }
}
