//! Text for people, broken into lines.

/// Width of a line.
const WIDTH: usize = 80;

/// Returns `text` in lines that begin with `indent` blanks and end before the right margin, where
/// words allow. A line break in the text is kept. A command of this program in back ticks gets a line
/// of its own, however long, so that it can be copied.
pub(super) fn paragraph(text: &str, indent: usize) -> String {
    let mut lines = Lines { indent, line: String::new(), out: String::new(), alone: false };
    for piece in text.lines() {
        for (place, part) in piece.split('`').enumerate() {
            let quoted = place % 2 == 1;
            if quoted && part.starts_with("mailsim ") && part.contains("scenarios/") {
                lines.alone(part);
            } else if quoted {
                lines.word(&format!("`{part}`"));
            } else {
                lines.words(part);
            }
        }
        if !(lines.alone && lines.line.is_empty()) {
            lines.end();
        }
    }
    lines.out
}

struct Lines {
    indent: usize,
    line: String,
    out: String,
    /// Whether the last line is a command.
    alone: bool,
}

impl Lines {
    fn words(&mut self, text: &str) {
        // The line break behind a command stands for the mark.
        let text = if self.alone { text.trim_start_matches([',', ';', '.', ':']) } else { text };
        // What follows a quotation without a blank belongs to it.
        let joined = !text.starts_with(char::is_whitespace) && !self.line.is_empty();
        for (place, word) in text.split_whitespace().enumerate() {
            if place == 0 && joined {
                self.line.push_str(word);
            } else {
                self.word(word);
            }
        }
    }

    fn word(&mut self, word: &str) {
        let width = self.line.chars().count() + 1 + word.chars().count();
        if !self.line.is_empty() && self.indent + width > WIDTH {
            self.end();
        }
        if !self.line.is_empty() {
            self.line.push(' ');
        }
        self.line.push_str(word);
        self.alone = false;
    }

    fn alone(&mut self, command: &str) {
        if !self.line.is_empty() {
            self.end();
        }
        let indent = self.indent + 4;
        self.out.push_str(&format!("{:indent$}{command}\n", ""));
        self.alone = true;
    }

    fn end(&mut self) {
        let (indent, line) = (self.indent, std::mem::take(&mut self.line));
        self.out.push_str(&format!("{:indent$}{line}\n", ""));
        self.alone = false;
    }
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
        assert_eq!(paragraph("a\nb", 1), " a\n b\n");
    }

    #[test]
    fn commands_can_be_copied() {
        let command =
            "mailsim run scenarios/lessons/05-backup-mx.toml --set 'a=\"b c\"' --unset expect";
        let text = paragraph(&format!("Try `{command}`; then `--seed 2`, or stop."), 2);
        assert_eq!(text, format!("  Try\n      {command}\n  then `--seed 2`, or stop.\n"));
        let text = paragraph(&format!("Try `{command}`."), 0);
        assert_eq!(text, format!("Try\n    {command}\n"));
    }
}
