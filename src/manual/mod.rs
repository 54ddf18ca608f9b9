//! The manual: chapters in Markdown that the program carries, as text for a terminal or as one page.
//!
//! # Scope and limitations
//! A chapter is a file of this folder, listed in [`CHAPTERS`]. What the program knows better than a
//! file can, the table of all keys and that of all modes of an outage, is filled in when a chapter is
//! shown: a line `<!-- keys -->` or `<!-- modes -->` says where. Commands of the chapters are run by
//! `tests/readme.rs` as they are written.
//!
//! The Markdown is that of CommonMark with tables.

mod fill;
mod page;
mod scripts;
mod text;
mod text_table;

pub use page::{TITLE, page};
pub use scripts::scripts;

/// A chapter of the manual.
#[derive(Debug, Clone, Copy)]
pub struct Chapter {
    /// The word by which it is asked for; the name of its file without `.md`.
    pub topic: &'static str,
    /// The Markdown of its file.
    source: &'static str,
}

/// Chapters by topic, from files of the same name.
macro_rules! chapters {
    ($($topic:literal),* $(,)?) => {
        &[$(Chapter { topic: $topic, source: include_str!(concat!($topic, ".md")) }),*]
    };
}

/// All chapters, in the order in which the book has them.
pub const CHAPTERS: &[Chapter] = chapters![
    "tour",
    "examples",
    "writing",
    "outages",
    "recipes",
    "keys",
    "results",
    "studies",
    "import",
    "export",
    "serve",
    "live",
    "teaching",
    "textbook",
    "truth",
    "speed",
    "limits",
    "development",
    "changes",
];

impl Chapter {
    /// Returns the chapter with this topic.
    #[must_use]
    pub fn find(topic: &str) -> Option<&'static Self> {
        CHAPTERS.iter().find(|chapter| chapter.topic == topic)
    }

    /// Returns its heading.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.source.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    /// Returns it as Markdown, complete.
    #[must_use]
    pub fn markdown(&self) -> String {
        fill::filled(self.source)
    }

    /// Returns it as text for a terminal of 80 columns.
    #[must_use]
    pub fn text(&self) -> String {
        text::text(&self.markdown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chapter_opens_with_its_heading() {
        for chapter in CHAPTERS {
            assert!(chapter.source.starts_with("# "), "{}", chapter.topic);
            assert!(!chapter.markdown().contains("<!--"), "{}", chapter.topic);
        }
    }

    #[test]
    fn every_file_of_the_folder_is_a_chapter_and_links_lead_somewhere() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/manual");
        let files = std::fs::read_dir(folder).expect("the folder is there");
        let names: Vec<String> = files
            .map(|file| file.expect("it can be read").file_name().to_string_lossy().into_owned())
            .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
            .collect();
        assert_eq!(names.len(), CHAPTERS.len());
        for name in names {
            let chapter = Chapter::find(&name);
            let chapter = chapter.unwrap_or_else(|| panic!("{name}.md is not listed"));
            for part in chapter.source.split("](").skip(1) {
                let target = part.split(')').next().unwrap_or_default();
                if let Some(topic) = target.strip_suffix(".md") {
                    assert!(Chapter::find(topic).is_some(), "{name}.md links to {target}");
                }
            }
        }
    }
}
