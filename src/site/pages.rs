//! The pages of the site.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::report::{escaped, inside_script, player_script_text};
use crate::workbench::{EXERCISES, Exercise, LESSONS, Lesson, title_of};

/// What a page of the site is like.
struct Page<'a> {
    title: &'a str,
    /// The way to the top of the site.
    root: &'a str,
    /// The address of the part of the site that it belongs to.
    part: &'a str,
    /// The class of its main element.
    class: &'a str,
    body: &'a str,
}

/// Parts of the site: address and name.
const PARTS: [(&str, &str); 4] = [
    ("index.html#lessons", "Lessons"),
    ("index.html#exercises", "Exercises"),
    ("playground.html", "Playground"),
    ("manual.html", "Manual"),
];

/// What pages with the workbench may do: run the site's scripts and the module, in the page and in workers,
/// and in the frame the player alone, whose digest is here.
fn policy() -> String {
    let digest = base64(&Sha256::digest(player_script_text().as_bytes()));
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest}'; worker-src blob:; \
         style-src 'self' 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
    )
}

fn html(page: &Page<'_>) -> String {
    let Page { title, root, part, class, body } = page;
    let mut links = String::new();
    for (address, name) in PARTS {
        let current = if address == *part { " aria-current=\"true\"" } else { "" };
        let _ = writeln!(links, "<a href=\"{root}{address}\"{current}>{name}</a>");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - mailsim</title>\n<link rel=\"stylesheet\" href=\"{root}site.css\">\n</head>\n<body>\n\
         <nav class=\"top\" aria-label=\"Site\">\n<a class=\"home\" href=\"{root}index.html\">mailsim</a>\n{links}</nav>\n\
         <main{class}>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n",
        policy = policy(),
        title = escaped(title),
        class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") },
    )
}

/// Writes the place of the workbench, its data, and its scripts.
fn workbench(body: &mut String, root: &str, data: &Value, examples: bool) {
    let _ = write!(
        body,
        "<div id=\"workbench\"><noscript><p>This page needs scripts: the simulator runs in it. Everything else \
         on this site can be read without.</p></noscript></div>\n\
         <script type=\"application/json\" id=\"page\">{}</script>\n",
        inside_script(&data.to_string())
    );
    let scripts: &[&str] = if examples {
        &["engine.js", "scenarios.js", "site.js"]
    } else {
        &["engine.js", "site.js"]
    };
    for script in scripts {
        let _ = writeln!(body, "<script defer src=\"{root}{script}\"></script>");
    }
}

/// The first page: what there is.
pub(super) fn index() -> String {
    let mut body = String::from(
        "<p class=\"question\">See how mail is routed, change it, and see again: a simulator of mail networks that \
         runs in this page. Nothing is installed, and nothing is sent anywhere.</p>\n\
         <p><a href=\"playground.html\">Open the playground</a>, begin with the first lesson, or read the \
         <a href=\"manual.html\">manual</a>.</p>\n\
         <h2 id=\"lessons\">Lessons</h2>\n<ul class=\"cards\">\n",
    );
    for lesson in LESSONS {
        card(
            &mut body,
            &format!("lessons/{}.html", lesson.name),
            title_of(lesson.text),
            value_of(lesson.text, "question"),
        );
    }
    body.push_str(
        "</ul>\n<h2 id=\"exercises\">Exercises that check themselves</h2>\n\
         <p>Change the scenario until what is asked for comes out. Each gives a code to hand in; \
         <code>mailsim grade</code> checks it by running what it holds.</p>\n<ul class=\"cards\">\n",
    );
    for exercise in EXERCISES {
        card(
            &mut body,
            &format!("exercises/{}.html", exercise.name),
            title_of(exercise.start),
            exercise.task,
        );
    }
    body.push_str(
        "</ul>\n<p class=\"hint\">mailsim may be used under the MIT or the Apache 2.0 licence; \
         <a href=\"licences.txt\">licences of the libraries</a> that these pages use.</p>\n",
    );
    html(&Page { title: "How mail travels", root: "", part: "", class: "", body: &body })
}

fn card(body: &mut String, address: &str, title: &str, text: &str) {
    let _ = writeln!(
        body,
        "<li><a href=\"{address}\">{}</a><p>{}</p></li>",
        escaped(title),
        escaped(text)
    );
}

/// An empty scenario, or one that a link holds.
pub(super) fn playground() -> String {
    let mut body = String::new();
    let data = json!({ "kind": "playground", "name": "scenario", "text": "", "exercise": null });
    workbench(&mut body, "", &data, true);
    let part = "playground.html";
    html(&Page { title: "Playground", root: "", part, class: "", body: &body })
}

/// A lesson: what it asks, its play, and the scenario to change.
pub(super) fn lesson(lesson: &Lesson) -> String {
    let mut body = String::new();
    let _ =
        writeln!(body, "<p class=\"question\">{}</p>", escaped(value_of(lesson.text, "question")));
    let data =
        json!({ "kind": "lesson", "name": lesson.name, "text": lesson.text, "exercise": null });
    workbench(&mut body, "../", &data, false);
    let number = lesson.number();
    let at = LESSONS.iter().position(|other| other.number() == number).unwrap_or_default();
    neighbours(
        &mut body,
        at.checked_sub(1).and_then(|at| LESSONS.get(at)).map(|l| (l.name, title_of(l.text))),
        LESSONS.get(at + 1).map(|l| (l.name, title_of(l.text))),
    );
    let (title, part) = (title_of(lesson.text), PARTS[0].0);
    html(&Page { title, root: "../", part, class: "", body: &body })
}

/// An exercise: its task, and the scenario to change.
pub(super) fn exercise(exercise: &Exercise) -> String {
    let mut body = String::new();
    let _ = writeln!(
        body,
        "<p class=\"question\">{}</p>",
        escaped(value_of(exercise.start, "question"))
    );
    let data = json!({
        "kind": "exercise", "name": exercise.name, "text": exercise.start, "exercise": exercise.for_page(),
    });
    workbench(&mut body, "../", &data, false);
    let at = exercise.number() as usize;
    neighbours(
        &mut body,
        at.checked_sub(2).and_then(|at| EXERCISES.get(at)).map(|e| (e.name, title_of(e.start))),
        EXERCISES.get(at).map(|e| (e.name, title_of(e.start))),
    );
    let (title, part) = (title_of(exercise.start), PARTS[1].0);
    html(&Page { title, root: "../", part, class: "", body: &body })
}

/// Writes links to the page before and the page behind.
fn neighbours(body: &mut String, before: Option<(&str, &str)>, next: Option<(&str, &str)>) {
    body.push_str("<p>");
    for (mark, page) in [("\u{2190}", before), ("\u{2192}", next)] {
        if let Some((name, title)) = page {
            let _ = write!(body, "<a href=\"{name}.html\">{mark} {}</a> &nbsp; ", escaped(title));
        }
    }
    body.push_str("</p>\n");
}

/// Returns the text of a key at the top of a scenario that the program carries.
fn value_of<'t>(text: &'t str, key: &str) -> &'t str {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
    line.and_then(|line| line.strip_suffix('"')).unwrap_or_default()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 (RFC 4648 §4), padded.
fn base64(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for three in octets.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, &octet| bits << 8 | u32::from(octet))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (octets, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(octets.as_bytes()), text);
        }
    }

    #[test]
    fn pages_add_little_and_name_each_other() {
        for lesson in LESSONS {
            let page = super::lesson(lesson);
            assert!(page.len() < 100_000, "{}: {} octets", lesson.name, page.len());
            assert!(!value_of(lesson.text, "question").is_empty(), "{}", lesson.name);
        }
        for exercise in EXERCISES {
            assert!(index().contains(&format!("exercises/{}.html", exercise.name)));
        }
    }
}
