//! What the program knows better than a file: tables filled in where a chapter asks for them.

use std::fmt::Write as _;

use crate::reference::{self, KeyReference};
use crate::scenario::MODES;

/// Returns a chapter's Markdown with its tables.
pub(super) fn filled(source: &str) -> String {
    let mut text = String::new();
    for line in source.lines() {
        match line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            Some("keys") => text.push_str(&keys()),
            Some("modes") => text.push_str(&modes()),
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

/// A cell's text: a bar would end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// All tables of a scenario file with their keys, at every depth.
fn keys() -> String {
    let all = reference::all();
    let mut text = "## At the top\n\n".to_owned();
    let top = reference::below(&all, "");
    let plain: Vec<&KeyReference> = top.iter().copied().filter(|key| !key.is_table).collect();
    push_table(&mut text, &plain);
    for key in all.iter().filter(|key| key.is_table && !key.path.starts_with("study.")) {
        push_section(&mut text, &all, key);
    }
    text.push_str("## `distribution`\n\n");
    push_table(&mut text, &reference::below(&all, "distribution"));
    text.push_str("## A study file\n\n");
    push_table(&mut text, &reference::below(&all, "study"));
    for key in all.iter().filter(|key| key.is_table && key.path.starts_with("study.")) {
        push_section(&mut text, &all, key);
    }
    text
}

/// A table with its keys.
fn push_section(text: &mut String, all: &[KeyReference], key: &KeyReference) {
    // A change of a host repeats the keys of hosts.
    if key.path.starts_with("action.do.set.") {
        return;
    }
    let (mark, header) = match (key.path.contains('.'), key.repeats) {
        (false, true) => ("##", format!("`[[{}]]`", key.path)),
        (false, false) => ("##", format!("`[{}]`", key.path)),
        (true, _) => ("###", format!("`{}`", key.path)),
    };
    let _ = writeln!(text, "{mark} {header}\n\n{}\n", about(key));
    push_table(text, &reference::below(all, &key.path));
}

/// What a key means, with its default.
fn about(key: &KeyReference) -> String {
    match (key.about, key.default) {
        ("", Some(default)) => format!("default {default}"),
        (about, Some(default)) => format!("{about}; default {default}"),
        (about, None) => about.to_owned(),
    }
}

fn push_table(text: &mut String, keys: &[&KeyReference]) {
    text.push_str("| key | meaning |\n|---|---|\n");
    for key in keys {
        let required = if key.required { " **(required)**" } else { "" };
        let _ = writeln!(text, "| `{}` | {}{required} |", key.name, cell(&about(key)));
    }
    text.push('\n');
}

/// All modes of an outage.
fn modes() -> String {
    let mut text = "| mode | strikes | what happens |\n|---|---|---|\n".to_owned();
    for mode in &MODES {
        let strikes: Vec<&str> = mode.strikes.iter().map(|strikes| strikes.describe()).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            mode.word,
            cell(&strikes.join(", ")),
            cell(mode.sentence)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of the source, not of the code above: a key that is read is in the manual.
    #[test]
    fn every_key_of_the_schema_is_in_the_manual() {
        let chapter = keys();
        let mut missing = Vec::new();
        for schema in [crate::scenario::schema(), crate::study::study_schema()] {
            collect(&schema["properties"], &mut |name| {
                // A table of the top is a heading.
                let forms = ["| `{}` |", "## `[{}]`", "## `[[{}]]`"];
                if !forms.iter().any(|form| chapter.contains(&form.replace("{}", name))) {
                    missing.push(name.to_owned());
                }
            });
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    /// Visits the names of all properties; settings of mail servers, which are definitions, are
    /// told by `mailsim profiles`.
    fn collect(properties: &serde_json::Value, visit: &mut dyn FnMut(&str)) {
        for (name, property) in properties.as_object().into_iter().flatten() {
            visit(name);
            descend(property, visit);
        }
    }

    fn descend(schema: &serde_json::Value, visit: &mut dyn FnMut(&str)) {
        collect(&schema["properties"], visit);
        for inside in ["items", "additionalProperties"] {
            if schema[inside].is_object() {
                descend(&schema[inside], visit);
            }
        }
        for choice in ["anyOf", "allOf"] {
            schema[choice].as_array().into_iter().flatten().for_each(|one| descend(one, visit));
        }
    }
}
