//! Which notes overrides leave standing.
//!
//! A note is written about the scenario of its file. A changed scenario keeps the notes whose `if`
//! names no key that was changed; a note without `if` speaks of all of it and goes. What must happen
//! in the run is looked at when it has been run ([`crate::story::Narration`]).

use crate::model::Scenario;
use crate::scenario::text::overrides::KeyPath;
use crate::scenario::text::tree::{Node, Table, Value, plain_table};

/// Keys at the top that change nothing that a note speaks of.
const WITHOUT_EFFECT: [&str; 5] = ["title", "question", "look_for", "expect", "note"];

/// Tells the notes of a scenario whether they stand: `written` is the tree of the file, `changed` the
/// same with the overrides.
pub(crate) fn judge(scenario: &mut Scenario, written: &Table, changed: &Table) {
    let all_as_written = without_words(written) == without_words(changed);
    if all_as_written {
        return;
    }
    let entries: Vec<&Table> = tables(changed.get("note").map(|entry| &entry.node)).collect();
    for note in &mut scenario.notes {
        let entry = entries.get(note.entry).and_then(|entry| entry.get("if"));
        note.stands = entry.is_some_and(|entry| {
            let mut kept = tables(Some(&entry.node)).flat_map(unchanged);
            kept.all(|path| found(written, &path) == found(changed, &path))
        });
    }
}

fn without_words(table: &Table) -> toml::Table {
    let mut table = plain_table(table);
    for key in WITHOUT_EFFECT {
        table.remove(key);
    }
    table
}

/// Returns the tables of a list, or the one that stands in its place.
fn tables(node: Option<&Node>) -> impl Iterator<Item = &Table> {
    let nodes = match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        Some(_) => node.map(std::slice::from_ref).unwrap_or_default(),
        None => &[],
    };
    nodes.iter().filter_map(|node| match &node.value {
        Value::Table(table) => Some(table),
        _ => None,
    })
}

/// Returns the paths that a condition names.
fn unchanged(condition: &Table) -> Vec<KeyPath> {
    let texts = match condition.get("unchanged").map(|entry| &entry.node.value) {
        Some(Value::Text(text)) => vec![text],
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match &item.value {
                Value::Text(text) => Some(text),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    texts.into_iter().filter_map(|text| text.parse().ok()).collect()
}

/// Returns what stands at a path; nothing stands where it leads nowhere.
fn found(root: &Table, KeyPath(keys): &KeyPath) -> Option<toml::Value> {
    let mut here = toml::Value::Table(plain_table(root));
    for key in keys {
        here = match here {
            toml::Value::Table(mut table) => table.remove(key)?,
            toml::Value::Array(items) => {
                let named = |item: &toml::Value| {
                    item.get("name").and_then(toml::Value::as_str) == Some(key)
                };
                let by_index = || key.parse::<usize>().ok().and_then(|at| items.get(at));
                items.iter().find(|item| named(item)).or_else(by_index)?.clone()
            }
            _ => return None,
        };
    }
    Some(here)
}
