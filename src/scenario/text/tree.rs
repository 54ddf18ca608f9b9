//! The TOML tree with the place of every key and value.

use std::ops::Range;

use serde::Serialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a key or value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the file, at these octets.
    File(Range<usize>),
    /// In the override of this number on the command line.
    CommandLine(usize),
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    /// An integer that does not fit 64 bits, as written.
    HugeInteger(String),
    Float(f64),
    Flag(bool),
    Date(String),
    List(Vec<Node>),
    Table(Table),
}

/// The entries of a table in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

impl Value {
    /// Says what this is, for a person.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("the text {text:?}"),
            Self::Integer(number) => format!("the number {number}"),
            Self::HugeInteger(text) => format!("the number {text}"),
            Self::Float(number) => format!("the number {number}"),
            Self::Flag(flag) => format!("{flag}"),
            Self::Date(text) => format!("the date {text}"),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

impl Table {
    /// Returns the entry of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Puts `node` under `key`, in the place of what was there.
    pub(crate) fn put(&mut self, key: &str, place: Place, node: Node) {
        match self.entries.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => *entry = Entry { key: key.to_owned(), place, node },
            None => self.entries.push(Entry { key: key.to_owned(), place, node }),
        }
    }

    /// Lays `other` over this table: its values win, tables within both are merged.
    pub(crate) fn overlay(&mut self, other: &Self) {
        for entry in &other.entries {
            let mine = self.entries.iter_mut().find(|mine| mine.key == entry.key);
            match mine.map(|mine| (&mut mine.node.value, &entry.node.value)) {
                Some((Value::Table(mine), Value::Table(theirs))) => mine.overlay(theirs),
                _ => self.put(&entry.key, entry.place.clone(), entry.node.clone()),
            }
        }
    }
}

/// Converts the parser's table.
pub(crate) fn from_parser(table: &DeTable<'_>) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            place: Place::File(key.span()),
            node: node(value),
        })
        .collect();
    entries.sort_by_key(|entry| match &entry.place {
        Place::File(span) => (0, span.start),
        Place::CommandLine(number) => (1, *number),
    });
    Table { entries }
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let converted = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::HugeInteger(number.as_str().to_owned()), Value::Integer),
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(node).collect()),
        DeValue::Table(table) => Value::Table(from_parser(table)),
    };
    Node { place: Place::File(value.span()), value: converted }
}

/// Converts `value`, written by override `number` on the command line.
pub(crate) fn from_override(value: &toml::Value, number: usize) -> Node {
    let converted = match value {
        toml::Value::String(text) => Value::Text(text.clone()),
        toml::Value::Integer(integer) => Value::Integer(*integer),
        toml::Value::Float(float) => Value::Float(*float),
        toml::Value::Boolean(flag) => Value::Flag(*flag),
        toml::Value::Datetime(date) => Value::Date(date.to_string()),
        toml::Value::Array(items) => {
            Value::List(items.iter().map(|item| from_override(item, number)).collect())
        }
        toml::Value::Table(table) => {
            let entries = table.iter().map(|(key, value)| Entry {
                key: key.clone(),
                place: Place::CommandLine(number),
                node: from_override(value, number),
            });
            Value::Table(Table { entries: entries.collect() })
        }
    };
    Node { place: Place::CommandLine(number), value: converted }
}

/// Returns the table as canonical TOML: keys sorted, comments and spacing gone, so that files that
/// say the same give the same text.
///
/// The buffer writes itself in one pass; `toml::to_string` moves the rest of the text for every table
/// that it puts in its place, which took 0.8 s for ten thousand hosts.
pub(crate) fn to_toml(table: &Table) -> String {
    let mut buffer = toml::ser::Buffer::new();
    match plain_table(table).serialize(toml::ser::Serializer::new(&mut buffer)) {
        Ok(_) => buffer.to_string(),
        Err(_) => String::new(),
    }
}

/// Returns the value as it would stand behind `=` on one line.
pub(crate) fn on_one_line(value: &Value) -> String {
    plain(value).to_string()
}

/// Returns the table as the TOML library has it, without places.
pub(crate) fn plain_table(table: &Table) -> toml::Table {
    table.entries.iter().map(|entry| (entry.key.clone(), plain(&entry.node.value))).collect()
}

fn plain(value: &Value) -> toml::Value {
    match value {
        Value::Text(text) | Value::HugeInteger(text) => toml::Value::String(text.clone()),
        Value::Integer(number) => toml::Value::Integer(*number),
        Value::Float(number) => toml::Value::Float(*number),
        Value::Flag(flag) => toml::Value::Boolean(*flag),
        Value::Date(text) => {
            text.parse().map_or_else(|_| text.clone().into(), toml::Value::Datetime)
        }
        Value::List(items) => {
            toml::Value::Array(items.iter().map(|item| plain(&item.value)).collect())
        }
        Value::Table(table) => toml::Value::Table(plain_table(table)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_one_line_reads_back() {
        for text in ["\"1h\"", "3", "0.5", "true", "[\"5m\", 2]", "{ a = 1, b = { c = \"x\" } }"] {
            let table = from_parser(DeTable::parse(&format!("v = {text}")).unwrap().get_ref());
            assert_eq!(on_one_line(&table.entries[0].node.value), text);
        }
    }

    #[test]
    fn the_canonical_text_reads_back_as_the_same_tree() {
        let text = "b = 1\na = [1.5, \"x\"]\n[[t]]\nz = true\n[t.u]\nq = 1979-05-27\n[[t]]\n";
        let table = from_parser(DeTable::parse(text).unwrap().get_ref());
        let canonical = to_toml(&table);
        let again = from_parser(DeTable::parse(&canonical).unwrap().get_ref());
        assert_eq!(plain_table(&table), plain_table(&again));
        assert_eq!(canonical, to_toml(&again));
    }
}
