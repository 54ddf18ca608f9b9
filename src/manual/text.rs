//! A chapter as text for a terminal of 80 columns: paragraphs are wrapped, tables stand in columns.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::text_table::table;

/// Width of a line.
pub(super) const WIDTH: usize = 80;

/// Returns Markdown as text.
pub(super) fn text(markdown: &str) -> String {
    let mut writer = Writer::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        writer.take(event);
    }
    writer.out
}

/// Returns `text` in lines of at most `width` characters, where its words allow.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is a line");
        if last.is_empty() {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Text of the paragraph, heading or cell so far.
    line: String,
    /// Numbers of the lists around; none: a list with dashes.
    lists: Vec<Option<u64>>,
    /// The mark of a list item whose first line is still to come.
    mark: Option<String>,
    /// Where the link around leads.
    link: String,
    /// Rows of the table around.
    rows: Vec<Vec<String>>,
    /// Whether a block of code is around.
    code: bool,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => {
                let indent = self.indent() + 4;
                for line in text.lines() {
                    self.out.push_str(format!("{:indent$}{line}", "").trim_end());
                    self.out.push('\n');
                }
            }
            Event::Text(text) => self.line.push_str(&text),
            Event::Code(code) => self.line.push_str(&format!("`{code}`")),
            Event::SoftBreak | Event::HardBreak => self.line.push(' '),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.blank();
                self.code = true;
            }
            Tag::List(first) => {
                // What an item of the list around says before this list.
                self.paragraph();
                self.lists.push(first);
            }
            Tag::Item => {
                let number = self.lists.last_mut().and_then(Option::as_mut);
                let mark = number.map_or("- ".to_owned(), |number| {
                    *number += 1;
                    format!("{}. ", *number - 1)
                });
                self.mark = Some(mark);
            }
            Tag::Link { dest_url, .. } => self.link = dest_url.into_string(),
            Tag::Image { .. } => self.line.push_str("[picture: "),
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                self.blank();
                let heading = std::mem::take(&mut self.line);
                let under = if level == HeadingLevel::H1 { "=" } else { "-" };
                let under = under.repeat(heading.chars().count());
                self.out.push_str(&format!("{heading}\n{under}\n"));
            }
            TagEnd::Paragraph => {
                self.blank();
                self.paragraph();
            }
            TagEnd::Item => {
                self.paragraph();
                self.mark = None;
            }
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::CodeBlock => self.code = false,
            TagEnd::Link => {
                if let Some(topic) = self.link.strip_suffix(".md") {
                    self.line.push_str(&format!(" (`mailsim help {topic}`)"));
                }
            }
            TagEnd::Image => self.line.push(']'),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.line);
                self.rows.last_mut().expect("a cell is in a row").push(cell);
            }
            TagEnd::Table => {
                self.blank();
                self.out.push_str(&table(&std::mem::take(&mut self.rows), WIDTH));
            }
            _ => {}
        }
    }

    fn indent(&self) -> usize {
        let of_list = |list: &Option<u64>| if list.is_some() { 3 } else { 2 };
        self.lists.iter().map(of_list).sum()
    }

    /// A blank line between blocks.
    fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn paragraph(&mut self) {
        let text = std::mem::take(&mut self.line);
        if text.trim().is_empty() {
            return;
        }
        let indent = self.indent();
        for (place, line) in wrapped(&text, WIDTH - indent).into_iter().enumerate() {
            let mark = self.mark.take().filter(|_| place == 0).unwrap_or_default();
            let before = indent - mark.chars().count().min(indent);
            self.out.push_str(&format!("{:before$}{mark}{line}\n", ""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_and_code_are_laid_out() {
        let markdown = "# One\n\nA *word* and `code`, [there](tour.md).\n\n- first\n- second\n  more\n\n\
                        1. go\n\n   ```sh\n   mailsim run x\n   ```\n2. stop\n";
        let expected = "One\n===\n\nA word and `code`, there (`mailsim help tour`).\n- first\n- \
                        second more\n\n1. go\n\n       mailsim run x\n\n2. stop\n";
        assert_eq!(text(markdown), expected);
    }

    #[test]
    fn lines_of_all_chapters_fit_but_for_code() {
        for chapter in crate::manual::CHAPTERS {
            for line in chapter.text().lines().filter(|line| !line.contains("    ")) {
                let one_word = line.split_whitespace().count() < 3;
                assert!(line.chars().count() <= WIDTH || one_word, "{}: {line}", chapter.topic);
            }
        }
    }
}
