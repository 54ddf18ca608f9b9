//! Text for a terminal that the terminal does not obey.
//!
//! Titles, names and addresses come from files that somebody may have got from elsewhere. Characters
//! that a terminal takes for orders (colours, titles, what it types by itself) and those that turn the
//! direction of writing around are shown as what they are.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns `text` with every character that a terminal would obey made visible. Line feeds and tabs
/// stay.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{0}'..='\u{1f}' if is_obeyed(character) => {
                // Unicode has a picture for each of them, in their order.
                let picture = char::from_u32(0x2400 + u32::from(character));
                shown.push(picture.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            '\u{7f}' => shown.push('\u{2421}'),
            _ if is_obeyed(character) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "<U+{:04X}>", u32::from(character));
            }
            _ => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// Returns whether a terminal obeys a character rather than showing it.
fn is_obeyed(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        // Marks of direction (UAX #9), by which text can look like another.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_shown_and_not_obeyed() {
        assert_eq!(harmless("\u{1b}]0;owned\u{7}\u{1b}[8m"), "\u{241b}]0;owned\u{2407}\u{241b}[8m");
        assert_eq!(harmless("a\rb\u{7f}c\u{9b}2J"), "a\u{240d}b\u{2421}c<U+009B>2J");
        assert_eq!(harmless("user\u{202e}moc"), "user<U+202E>moc");
    }

    #[test]
    fn plain_text_is_left_alone() {
        let text = "Zwei Zeilen,\n\tein Tabulator, und 漢字 ✓";
        assert!(matches!(harmless(text), Cow::Borrowed(same) if same == text));
    }
}
