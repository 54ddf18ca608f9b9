//! Text for people, broken into lines.

/// Width of a line.
const WIDTH: usize = 80;

/// Returns `text` in lines that begin with `indent` blanks and end before the right margin, where
/// words allow. A line break in the text is kept.
pub(super) fn paragraph(text: &str, indent: usize) -> String {
    let mut out = String::new();
    for piece in text.lines() {
        let mut line = String::new();
        for word in piece.split_whitespace() {
            let width = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && indent + width > WIDTH {
                out.push_str(&format!("{:indent$}{line}\n", ""));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        out.push_str(&format!("{:indent$}{line}\n", ""));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_the_margin() {
        let text = paragraph(&"word ".repeat(60), 18);
        assert!(
            text.lines().all(|line| line.len() <= WIDTH && line.starts_with("                  w"))
        );
        assert_eq!(text.split_whitespace().count(), 60);
        // A word that is too long stands alone.
        assert_eq!(paragraph(&"x".repeat(90), 2), format!("  {}\n", "x".repeat(90)));
    }
}
