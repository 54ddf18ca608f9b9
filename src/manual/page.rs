//! The whole book as one HTML page, which needs no network.

use std::fmt::Write as _;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::CHAPTERS;

/// Title of the page.
pub const TITLE: &str = "The manual of mailsim";
const STYLE: &str = include_str!("page.css");

/// Returns the book as one HTML page of the site: the way to its first page, a list of chapters, then each.
#[must_use]
pub fn page() -> String {
    let mut body = String::new();
    let mut contents = String::new();
    for chapter in CHAPTERS {
        let (topic, title) = (chapter.topic, chapter.title());
        let _ = writeln!(contents, "<li><a href=\"#{topic}\">{title}</a></li>");
        let _ = writeln!(body, "<section id=\"{topic}\">");
        let markdown = chapter.markdown();
        let parser = Parser::new_ext(&markdown, Options::ENABLE_TABLES);
        html::push_html(&mut body, parser.map(within_the_page));
        body.push_str("</section>\n");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{TITLE}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<nav>\n<strong>\
         <a href=\"index.html\">mailsim</a> {}</strong>\n<ol>\n{contents}</ol>\n</nav>\n<main>\n{body}</main>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Links to other chapters stay within the page; pictures, which are files, are left out.
fn within_the_page(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = match dest_url.strip_suffix(".md") {
                Some(topic) => CowStr::from(format!("#{topic}")),
                None => dest_url,
            };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_between_chapters_stay_within_the_page() {
        let page = page();
        assert!(!page.contains(".md\""), "a link leaves the page");
        for part in page.split("href=\"#").skip(1) {
            let target = part.split('"').next().unwrap_or_default();
            assert!(page.contains(&format!("id=\"{target}\"")), "{target} is not there");
        }
    }

    #[test]
    fn tables_are_tables_and_marks_are_escaped() {
        let page = page();
        assert!(page.contains("<td><code>blackhole</code></td>"));
        assert!(page.contains("<code>mua.&lt;server&gt;</code>"));
    }
}
