//! Overrides written into the text of a scenario, whose comments and spacing stay as they are.

use thiserror::Error;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::overrides::{KeyPath, Override, position};

/// An override that cannot be written into a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The text is not TOML.
    #[error("the text is not TOML: {0}")]
    Syntax(String),
    /// The path leads nowhere.
    #[error("{argument}: nothing in the text is called so")]
    NoPlace {
        /// The override as it stands on a command line.
        argument: String,
    },
}

/// Returns the text of a scenario with `overrides` written into it: reading the result is reading
/// `text` with the overrides (see [`crate::scenario::load`]). What they do not concern stays to the octet,
/// comments behind changed values stay, and what is added stands behind its like.
///
/// # Errors
/// If the text is not TOML, or an override does not fit it; [`crate::scenario::load`] has better words for
/// either.
pub fn edited(text: &str, overrides: &[Override]) -> Result<String, EditError> {
    let syntax = |error: toml_edit::TomlError| EditError::Syntax(error.message().to_owned());
    let mut document: DocumentMut = text.parse().map_err(syntax)?;
    for change in overrides {
        let (KeyPath(path), value) = match change {
            Override::Set { path, value } => (path, Some(read(value))),
            Override::Unset { path } => (path, None),
        };
        let found = in_table(document.as_table_mut(), path, value);
        found.ok_or_else(|| EditError::NoPlace { argument: change.as_argument() })?;
    }
    Ok(document.to_string())
}

/// The entries of a scenario's canonical text ([`crate::scenario::Loaded::resolved`]), for those who write
/// overrides of them.
#[derive(Debug, Clone, Default)]
pub struct Entries(DocumentMut);

impl Entries {
    /// Reads the text; one that is no TOML has no entries.
    #[must_use]
    pub fn of(resolved: &str) -> Self {
        Self(resolved.parse().unwrap_or_default())
    }

    fn tables(&self, list: &str) -> impl Iterator<Item = &Table> {
        self.0.get(list).and_then(Item::as_array_of_tables).into_iter().flatten()
    }

    /// Returns how many entries `[[list]]` has.
    #[must_use]
    pub fn count(&self, list: &str) -> usize {
        self.tables(list).count()
    }

    /// Returns whether entry `index` of `[[list]]` has `key`.
    #[must_use]
    pub fn has(&self, list: &str, index: usize, key: &str) -> bool {
        self.tables(list).nth(index).is_some_and(|table| table.contains_key(key))
    }

    /// Returns the values at a path of dotted keys, in order, as TOML spells them; `*` is any key or
    /// position.
    #[must_use]
    pub fn at(&self, path: &str) -> Vec<String> {
        let mut found = vec![item_value(self.0.as_item())];
        for step in path.split('.') {
            found = found.iter().flat_map(|value| members(value, step)).collect();
        }
        found.iter().map(ToString::to_string).collect()
    }

    /// Returns whether an entry of `[[list]]` is named so; a population of hosts has one name here.
    #[must_use]
    pub fn is_named(&self, list: &str, name: &str) -> bool {
        let named = |table: &Table| table.get("name").and_then(Item::as_str) == Some(name);
        self.tables(list).any(named)
    }
}

/// Returns an item as a value, lists of tables as arrays.
fn item_value(item: &Item) -> Value {
    item.clone().into_value().unwrap_or_else(|_| Value::from(false))
}

/// Returns the member of a value at a key or position, or all of them.
fn members(value: &Value, step: &str) -> Vec<Value> {
    match value {
        Value::Array(list) if step == "*" => list.iter().cloned().collect(),
        Value::Array(list) => step
            .parse()
            .ok()
            .and_then(|place: usize| list.get(place))
            .cloned()
            .into_iter()
            .collect(),
        Value::InlineTable(table) if step == "*" => {
            table.iter().map(|(_, value)| value.clone()).collect()
        }
        Value::InlineTable(table) => table.get(step).cloned().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Returns `text` as a TOML value, for use in [`Override::set`].
#[must_use]
pub fn text_value(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Returns `key` as it stands before the `=` of TOML: in quotes where it must.
#[must_use]
pub fn key_text(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { text_value(key) }
}

/// Returns what stands behind the `=` of a `--set` as a TOML value, so that it may stand within
/// another.
#[must_use]
pub fn read_value(text: &str) -> String {
    read(text).to_string()
}

/// A TOML value, or else the text itself, as an override reads it.
fn read(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<DocumentMut>().ok();
    let alone = parsed.filter(|document| document.len() == 1);
    let value = alone.and_then(|mut document| document.remove("value")?.into_value().ok());
    let mut value = value.unwrap_or_else(|| Value::from(text));
    value.decor_mut().clear();
    value
}

/// Changes what `path` leads to in a table; none: it leads nowhere.
fn in_table(table: &mut dyn TableLike, path: &[String], value: Option<Value>) -> Option<()> {
    let (key, rest) = path.split_first()?;
    let Some(next) = rest.first() else {
        match value {
            Some(value) => put(table, key, value),
            None => {
                table.remove(key)?;
            }
        }
        return Some(());
    };
    if !table.contains_key(key) {
        // As the override finds nothing there, it makes what it needs.
        let made = match (next.as_str(), value.as_ref()?) {
            ("0", Value::InlineTable(_)) => Item::ArrayOfTables(ArrayOfTables::new()),
            ("0", _) => Item::Value(Array::new().into()),
            _ => Item::Value(InlineTable::new().into()),
        };
        table.insert(key, made);
    }
    let item = table.get_mut(key)?;
    // `mta = "postfix"` stands for `mta = { profile = "postfix" }`.
    if key == "mta"
        && let Some(profile) = item.as_str()
    {
        let table: InlineTable = [("profile", profile)].into_iter().collect();
        put_value(item, table.into());
    }
    let done = match &mut *item {
        Item::ArrayOfTables(tables) => in_tables(tables, next, &rest[1..], value),
        Item::Value(Value::Array(items)) => in_array(items, next, &rest[1..], value),
        other => in_table(other.as_table_like_mut()?, rest, value),
    };
    // A list that has lost its last item says as much as an empty one.
    if item.as_array_of_tables().is_some_and(ArrayOfTables::is_empty) {
        *item = Item::Value(Array::new().into());
    }
    done
}

/// Puts a value under a key; the comment behind the former one stays.
fn put(table: &mut dyn TableLike, key: &str, value: Value) {
    match table.get_mut(key) {
        Some(item) => put_value(item, value),
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

fn put_value(item: &mut Item, mut value: Value) {
    if let Some(former) = item.as_value() {
        *value.decor_mut() = former.decor().clone();
    }
    *item = Item::Value(value);
}

/// Changes a table of `[[…]]`, or what lies in it.
fn in_tables(
    tables: &mut ArrayOfTables,
    key: &str,
    rest: &[String],
    value: Option<Value>,
) -> Option<()> {
    let is_named = |table: &Table| table.get("name").and_then(Item::as_str) == Some(key);
    let names: Vec<bool> = tables.iter().map(is_named).collect();
    let at = position(names.into_iter(), key);
    if !rest.is_empty() {
        return in_table(tables.get_mut(at?)?, rest, value);
    }
    let Some(value) = value else {
        tables.remove(at?);
        return Some(());
    };
    let Value::InlineTable(table) = value else {
        return None;
    };
    let mut table = table.into_table();
    for (mut key, item) in table.iter_mut() {
        key.leaf_decor_mut().clear();
        if let Item::Value(value) = item {
            value.decor_mut().clear();
        }
    }
    match at {
        Some(at) => *tables.get_mut(at)? = table,
        None if key.parse() == Ok(tables.len()) => {
            table.decor_mut().set_prefix("\n");
            tables.push(table);
        }
        None => return None,
    }
    Some(())
}

/// Changes an item of a list in brackets, or what lies in it.
fn in_array(items: &mut Array, key: &str, rest: &[String], value: Option<Value>) -> Option<()> {
    let name = |item: &Value| Some(item.as_inline_table()?.get("name")?.as_str()? == key);
    let names: Vec<bool> = items.iter().map(|item| name(item) == Some(true)).collect();
    let at = position(names.into_iter(), key);
    if !rest.is_empty() {
        return in_table(items.get_mut(at?)?.as_inline_table_mut()?, rest, value);
    }
    match (at, value) {
        (Some(at), Some(value)) => {
            items.replace(at, value);
        }
        (Some(at), None) => {
            items.remove(at);
        }
        (None, Some(value)) if key.parse() == Ok(items.len()) => items.push(value),
        (None, _) => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::overrides::apply;
    use super::*;
    use crate::scenario::text::tree::{from_parser, to_toml};

    const FILE: &str = "\
# Why this scenario is.
seed = 1 # any will do

[[host]] # the first
name = \"mx1.example\"
mta = \"postfix\" # as packaged
roles = [\"mx\", \"store\"]

# It fails.
[[outage]]
for = \"4h\" # long

[[host]]
name = \"mx2.example\"
[host.capacity]
sessions = 3

# The end.
";

    fn tree(text: &str) -> super::super::tree::Table {
        from_parser(toml::de::DeTable::parse(text).unwrap().get_ref())
    }

    /// What reading the file with the overrides gives, and what reading the edited file gives.
    fn both(text: &str, arguments: &[&str]) -> (Option<String>, Option<String>) {
        let read = |argument: &&str| match argument.strip_prefix("-u ") {
            Some(path) => Override::unset(path).unwrap(),
            None => Override::set(argument).unwrap(),
        };
        let changes: Vec<Override> = arguments.iter().map(read).collect();
        let mut root = tree(text);
        let applied =
            changes.iter().try_for_each(|change| apply(&mut root, change, 0).map_err(|_| ()));
        let written = edited(text, &changes).ok();
        (applied.ok().map(|()| to_toml(&root)), written.map(|text| to_toml(&tree(&text))))
    }

    #[test]
    fn an_edited_text_says_what_the_overrides_say() {
        for arguments in [
            &["seed=7", "title=A b", "duration=2h"][..],
            &["title=\"a \\\"b\\\"\"", "title=1\nseed = 9", "look_for='x' # y"],
            &["outage.0.for=2h", "outage.0.from=1h"],
            &["host.\"mx1.example\".mta.queue_run_delay=60s", "host.1.mta.x=1"],
            &["host.\"mx2.example\".capacity.sessions=9", "host.0.capacity.sessions=2"],
            &["outage.1={ host = \"mx1.example\", from = \"1h\" }", "outage.1.for=3h"],
            &["mail.0={ to = [\"a@b\"], at = \"1s\" }", "mail.0.size=1kB", "mail.1={}"],
            &["-u outage.0"],
            &["-u outage.0", "outage.0={ for = \"1s\" }"],
            &["-u outage", "-u host.\"mx1.example\".mta"],
            &["host.0.roles.1=relay", "host.0.roles.2=proxy", "-u host.0.roles.0"],
            &["host.0={ name = \"new.example\", capacity = { sessions = 1 } }"],
            &["defaults.resolver.cache=false", "defaults.ttl=5m"],
            &["link.0={ between = [\"mx1.example\", \"mx2.example\"] }"],
        ] {
            let (expected, found) = both(FILE, arguments);
            assert!(expected.is_some(), "{arguments:?}");
            assert_eq!(expected, found, "{arguments:?}");
        }
    }

    #[test]
    fn what_an_override_cannot_do_an_edit_cannot_do() {
        for arguments in [
            &["outage.2={ for = \"1h\" }"][..],
            &["outage.1.for=1h"],
            &["-u sead"],
            &["seed.x=1"],
            &["host.\"mx3.example\".count=3"],
            &["-u outage.1"],
        ] {
            assert_eq!(both(FILE, arguments), (None, None), "{arguments:?}");
        }
    }

    #[test]
    fn comments_stay_and_so_does_everything_else() {
        let set = |argument: &str| Override::set(argument).unwrap();
        assert_eq!(edited(FILE, &[]).unwrap(), FILE);
        let text = edited(FILE, &[set("outage.0.for=2h"), set("seed=2")]).unwrap();
        let expected = FILE.replace("\"4h\"", "\"2h\"").replace("seed = 1", "seed = 2");
        assert_eq!(text, expected);
        let text = edited(FILE, &[set("host.0.mta.queue_run_delay=60s")]).unwrap();
        let mta = "mta = { profile = \"postfix\", queue_run_delay = \"60s\" } # as packaged";
        assert_eq!(text, FILE.replace("mta = \"postfix\" # as packaged", mta));
        let added = set("outage.1={ host = \"mx1.example\", mode = \"refuse\", from = \"1h\" }");
        let text = edited(FILE, &[added]).unwrap();
        let entry = "\n[[outage]]\nhost = \"mx1.example\"\nmode = \"refuse\"\nfrom = \"1h\"\n";
        assert!(text.contains(entry), "{text}");
        for line in FILE.lines() {
            assert!(text.contains(line), "{line} is gone from {text}");
        }
    }

    #[test]
    fn entries_are_counted_and_named() {
        let entries = Entries::of(&to_toml(&tree(FILE)));
        assert_eq!((entries.count("host"), entries.count("mail")), (2, 0));
        assert!(entries.is_named("host", "mx2.example") && !entries.is_named("host", "mx2"));
        assert!(entries.has("outage", 0, "for") && !entries.has("outage", 0, "until"));
        assert_eq!(Entries::of("[").count("host"), 0);
    }

    #[test]
    fn any_text_can_be_a_value() {
        for text in ["", "a \"b\" \\ c", "1", "true", "two\nlines", "\u{7f}\u{0}", "'", "ü"] {
            let change = Override::set(&format!("title={}", text_value(text))).unwrap();
            let written = edited("", &[change]).unwrap();
            assert_eq!(written.parse::<toml::Table>().unwrap()["title"].as_str(), Some(text));
        }
    }
}
