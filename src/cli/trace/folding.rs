//! Tries that come to the same thing, told twice and then counted.

use std::collections::BTreeMap;

use super::journey::Part;
use super::wording::clock;

/// How many of tries that come to the same thing are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    /// All.
    Told,
    /// The first two, until something else happens; of the rest how many there are.
    Folded,
}

/// Tries that come to the same thing are told so often.
const OFTEN_ENOUGH: u32 = 2;
/// Where text begins, behind the clock.
const INDENT: usize = 16;

/// Returns the text of all parts, but for those like two before them.
pub(super) fn folded(parts: &[Part]) -> String {
    let mut text = String::new();
    let mut alike: BTreeMap<&str, u32> = BTreeMap::new();
    let mut passed: Vec<&Part> = Vec::new();
    let tell_passed = |text: &mut String, passed: &mut Vec<&Part>| {
        match passed.as_slice() {
            [] => {}
            // Saying that one is left out is no shorter than telling it.
            [only] => text.push_str(&only.text),
            [.., last] => text.push_str(&format!(
                "{:INDENT$}(and so on: {} more steps like these, the last at {}; --all tells them)\n",
                "",
                passed.len(),
                clock(last.at)
            )),
        }
        passed.clear();
    };
    for part in parts {
        if let Some(likeness) = &part.likeness {
            let count = alike.entry(likeness).or_insert(0);
            *count += 1;
            if *count > OFTEN_ENOUGH {
                passed.push(part);
                continue;
            }
        }
        tell_passed(&mut text, &mut passed);
        if part.likeness.is_none() {
            // It got on: what follows is news again.
            alike.clear();
        }
        text.push_str(&part.text);
    }
    tell_passed(&mut text, &mut passed);
    text
}
