//! `--set PATH=VALUE` and `--unset PATH`, applied to the tree before it is typed.

use std::str::FromStr;

use thiserror::Error;

use super::names::{listed, near};
use super::tree::{Entry, Node, Place, Table, Value, from_override};

/// A change of the scenario made on the command line.
#[derive(Debug, Clone, PartialEq)]
pub enum Override {
    /// `--set PATH=VALUE`.
    Set {
        /// Keys from the top of the file.
        path: KeyPath,
        /// The value as written.
        value: String,
    },
    /// `--unset PATH`.
    Unset {
        /// Keys from the top of the file.
        path: KeyPath,
    },
}

/// Keys joined by dots; a key that holds dots stands in quotes. A table of a list is named by its
/// `name`, or by its index counted from 0; setting the index behind the last adds a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath(pub Vec<String>);

/// An override that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OverrideError {
    /// There is no `=`.
    #[error("--set {0}: there is no `=`; write --set PATH=VALUE, as in --set seed=7")]
    NoValue(String),
    /// The path is empty, ends in a dot or has an open quote.
    #[error(
        "{0}: the path cannot be read; write keys joined by dots, a key that holds dots in \
         quotes, as in host.\"mx1.example.org\".capacity.sessions or outage.0.for"
    )]
    Path(String),
}

impl std::fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<String> = self.0.iter().map(|key| quoted(key)).collect();
        formatter.write_str(&keys.join("."))
    }
}

impl FromStr for KeyPath {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, OverrideError> {
        let failed = || OverrideError::Path(text.to_owned());
        let mut keys = Vec::new();
        let mut rest = text.trim();
        loop {
            let (key, behind) = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let (key, behind) = rest[1..].split_once(quote).ok_or_else(failed)?;
                    (key, behind.trim_start())
                }
                _ => {
                    let end = rest.find('.').unwrap_or(rest.len());
                    (rest[..end].trim(), &rest[end..])
                }
            };
            if key.is_empty() {
                return Err(failed());
            }
            keys.push(key.to_owned());
            match behind.strip_prefix('.') {
                Some(next) => rest = next.trim_start(),
                None if behind.is_empty() => return Ok(Self(keys)),
                None => return Err(failed()),
            }
        }
    }
}

impl Override {
    /// Returns whether it takes the whole of a key at the top away.
    pub(crate) fn unsets(&self, key: &str) -> bool {
        matches!(self, Self::Unset { path } if path.0 == [key])
    }

    /// Reads the argument of `--set`. The value is a TOML value, or else a bare word or quantity
    /// taken as a text.
    ///
    /// # Errors
    /// When there is no `=` or the path cannot be read.
    pub fn set(argument: &str) -> Result<Self, OverrideError> {
        let equals = outside_quotes(argument, '=');
        let equals = equals.ok_or_else(|| OverrideError::NoValue(argument.to_owned()))?;
        let path = argument[..equals].parse()?;
        Ok(Self::Set { path, value: argument[equals + 1..].trim().to_owned() })
    }

    /// Reads the argument of `--unset`.
    ///
    /// # Errors
    /// When the path cannot be read.
    pub fn unset(argument: &str) -> Result<Self, OverrideError> {
        Ok(Self::Unset { path: argument.parse()? })
    }

    /// Returns the override as it stands on a command line.
    #[must_use]
    pub fn as_argument(&self) -> String {
        match self {
            Self::Set { path, value } => format!("--set {path}={value}"),
            Self::Unset { path } => format!("--unset {path}"),
        }
    }
}

/// Returns `key` as it stands in a path: in quotes where it must.
pub(crate) fn quoted(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { format!("\"{key}\"") }
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut open = None;
    text.char_indices().find_map(|(at, letter)| {
        match open {
            Some(quote) if letter == quote => open = None,
            None if matches!(letter, '"' | '\'') => open = Some(letter),
            None if letter == wanted => return Some(at),
            _ => {}
        }
        None
    })
}

/// What an override found in its way, and what would fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) message: String,
    pub(crate) accepted: String,
    pub(crate) help: String,
}

/// Applies override `number` to the tree.
pub(crate) fn apply(root: &mut Table, change: &Override, number: usize) -> Result<(), Misfit> {
    let (path, value) = match change {
        Override::Set { path, value } => (path, Some(from_override(&toml_value(value), number))),
        Override::Unset { path } => (path, None),
    };
    let (last, parents) = path.0.split_last().expect("a path has a key");
    let mut here = root;
    let mut keys = parents.iter();
    while let Some(key) = keys.next() {
        // A list that is not there yet is made by its first item.
        let next = keys.as_slice().first().unwrap_or(last);
        let missing = value.is_some().then(|| match next.as_str() {
            "0" => Value::List(Vec::new()),
            _ => Value::Table(Table::default()),
        });
        here = match descend(here, key, missing, number)? {
            Value::Table(table) => table,
            Value::List(items) => {
                // The key behind a list picks one of its tables.
                let Some(picked) = keys.next() else {
                    return change_list(items, last, value, key);
                };
                let at = pick(items, picked, key)?;
                let Value::Table(table) = &mut items[at].value else {
                    return Err(not_a_table(picked));
                };
                table
            }
            _ => return Err(not_a_table(key)),
        };
    }
    match value {
        Some(node) => here.put(last, Place::CommandLine(number), node),
        None => {
            let at = here.entries.iter().position(|entry| entry.key == *last);
            here.entries.remove(at.ok_or_else(|| absent(last, keys_of(here)))?);
        }
    }
    Ok(())
}

/// A TOML value, or else the text itself.
fn toml_value(text: &str) -> toml::Value {
    let parsed = format!("value = {text}").parse::<toml::Table>();
    parsed
        .ok()
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

/// Returns the value under `key`; where there is none, it becomes `missing`.
fn descend<'a>(
    table: &'a mut Table,
    key: &str,
    missing: Option<Value>,
    number: usize,
) -> Result<&'a mut Value, Misfit> {
    let place = Place::CommandLine(number);
    if table.get(key).is_none() {
        let value = missing.ok_or_else(|| absent(key, keys_of(table)))?;
        let node = Node { place: place.clone(), value };
        table.put(key, place.clone(), node);
    }
    let entry = table.entries.iter_mut().find(|entry| entry.key == key).expect("just put there");
    // `mta = "postfix"` stands for `mta = { profile = "postfix" }`.
    if let ("mta", Value::Text(_)) = (key, &entry.node.value) {
        let node = entry.node.clone();
        let profile = Entry { key: "profile".to_owned(), place, node };
        entry.node.value = Value::Table(Table { entries: vec![profile] });
    }
    Ok(&mut entry.node.value)
}

fn change_list(
    items: &mut Vec<Node>,
    last: &str,
    value: Option<Node>,
    list: &str,
) -> Result<(), Misfit> {
    if let Some(node) = value.as_ref().filter(|_| last.parse() == Ok(items.len())) {
        items.push(node.clone());
        return Ok(());
    }
    let at = pick(items, last, list)?;
    match value {
        Some(node) => items[at] = node,
        None => {
            items.remove(at);
        }
    }
    Ok(())
}

/// Returns which item of a list `key` picks, told of each whether that is its name: the first so
/// named, else the one of this index.
pub(crate) fn position(
    mut is_named: impl ExactSizeIterator<Item = bool>,
    key: &str,
) -> Option<usize> {
    let count = is_named.len();
    let by_index = || key.parse::<usize>().ok().filter(|at| *at < count);
    is_named.position(|is_named| is_named).or_else(by_index)
}

/// Finds an item of a list by its `name` or index.
fn pick(items: &[Node], key: &str, list: &str) -> Result<usize, Misfit> {
    if let Some(at) = position(items.iter().map(|item| name_of(item) == Some(key)), key) {
        return Ok(at);
    }
    let names: Vec<&str> = items.iter().filter_map(name_of).collect();
    let last = items.len().saturating_sub(1);
    Err(Misfit {
        message: format!("`{list}` has no entry `{key}`"),
        accepted: if items.is_empty() {
            "nothing: the list is empty".to_owned()
        } else if names.is_empty() {
            format!("an index from 0 to {last}")
        } else {
            format!("a name ({}) or an index from 0 to {last}", listed(names.iter().copied()))
        },
        help: near(key, names.iter().copied())
            .map(|name| format!("did you mean `{}`?", quoted(name)))
            .unwrap_or_default(),
    })
}

/// Returns the `name` of a table of a list, if it has one.
fn name_of(item: &Node) -> Option<&str> {
    let Value::Table(table) = &item.value else { return None };
    match &table.get("name")?.node.value {
        Value::Text(name) => Some(name),
        _ => None,
    }
}

fn keys_of(table: &Table) -> Vec<String> {
    table.entries.iter().map(|entry| entry.key.clone()).collect()
}

fn absent(key: &str, present: Vec<String>) -> Misfit {
    Misfit {
        message: format!("there is no `{key}` here"),
        accepted: listed(present.iter().map(String::as_str)),
        help: near(key, present.iter().map(String::as_str))
            .map(|name| format!("did you mean `{}`?", quoted(name)))
            .unwrap_or_default(),
    }
}

fn not_a_table(key: &str) -> Misfit {
    Misfit {
        message: format!("`{key}` is no table, so it has no keys of its own"),
        accepted: String::new(),
        help: format!("end the path at `{key}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::text::tree::{from_parser, to_toml};

    const FILE: &str = "seed = 1\n[[host]]\nname = \"mx1.example\"\nmta = \"postfix\"\n\
                        [[outage]]\nfor = \"4h\"\n";

    fn changed(arguments: &[&str]) -> Result<String, Misfit> {
        let mut root = from_parser(toml::de::DeTable::parse(FILE).unwrap().get_ref());
        for (number, argument) in arguments.iter().enumerate() {
            let change = match argument.strip_prefix("-u ") {
                Some(path) => Override::unset(path).unwrap(),
                None => Override::set(argument).unwrap(),
            };
            apply(&mut root, &change, number)?;
        }
        Ok(to_toml(&root))
    }

    #[test]
    fn values_are_toml_or_bare_words() {
        let text = changed(&["seed=7", "outage.0.for=2h", "title=A b"]).unwrap();
        assert!(text.contains("seed = 7"), "{text}");
        assert!(text.contains("for = \"2h\""), "{text}");
        assert!(text.contains("title = \"A b\""), "{text}");
    }

    #[test]
    fn a_table_of_a_list_is_named_or_counted() {
        let by_name = changed(&["host.\"mx1.example\".mta.queue_run_delay=60s"]).unwrap();
        assert_eq!(by_name, changed(&["host.0.mta.queue_run_delay=60s"]).unwrap());
        assert!(by_name.contains("profile = \"postfix\""), "{by_name}");
        assert!(!changed(&["-u outage.0"]).unwrap().contains("4h"));
    }

    #[test]
    fn the_index_behind_the_last_adds_a_table() {
        let text = changed(&["outage.1={ for = \"1h\" }", "outage.1.for=3h"]).unwrap();
        assert!(text.contains("for = \"4h\"") && text.contains("for = \"3h\""), "{text}");
        let text = changed(&["mail.0={ at = \"1s\" }", "mail.1={ at = \"2s\" }"]).unwrap();
        assert_eq!(text.matches("[[mail]]").count(), 2, "{text}");
        assert!(changed(&["outage.2={ for = \"1h\" }"]).is_err());
        // A key of an entry that is not there is a slip, not a new entry.
        assert!(changed(&["outage.1.for=1h"]).is_err());
        assert!(changed(&["-u outage.1"]).is_err());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let misfit = changed(&["host.\"mx2.example\".count=3"]).unwrap_err();
        assert_eq!(misfit.message, "`host` has no entry `mx2.example`");
        assert_eq!(misfit.help, "did you mean `\"mx1.example\"`?");
        let misfit = changed(&["-u sead"]).unwrap_err();
        assert_eq!(misfit.help, "did you mean `seed`?");
        assert!(changed(&["seed.x=1"]).unwrap_err().message.contains("no table"));
        assert!(matches!(Override::set("seed"), Err(OverrideError::NoValue(_))));
        assert!(matches!(Override::set("a..b=1"), Err(OverrideError::Path(_))));
        assert!(matches!(Override::unset("\"a"), Err(OverrideError::Path(_))));
    }
}
