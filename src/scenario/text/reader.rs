//! Reading typed values out of the tree; what does not fit is reported and reading goes on.

pub(crate) use super::checker::{Checker, Remark};
use super::names::did_you_mean;
use super::overrides::quoted;
use super::problem::ProblemKind;
use super::shape::{Keys, Shape};
use super::tree::{Entry, Node, Place, Table, Value};
use crate::scenario::host::elsewhere::elsewhere;

/// A table with the keys it may have.
#[derive(Debug, Clone)]
pub(crate) struct Section<'a> {
    pub(crate) checker: &'a Checker,
    pub(crate) table: &'a Table,
    keys: &'static Keys,
    /// Where the table begins.
    pub(crate) place: Place,
    /// The table's path from the top of the file.
    pub(crate) path: String,
}

/// A value with the shape it should have.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub(crate) checker: &'a Checker,
    pub(crate) node: &'a Node,
    pub(crate) shape: Shape,
    /// The value's path from the top of the file.
    pub(crate) path: String,
}

impl<'a> Section<'a> {
    /// Returns the table as one with `keys`; reports keys it does not have and required ones that
    /// are missing.
    pub(crate) fn new(
        checker: &'a Checker,
        table: &'a Table,
        keys: &'static Keys,
        place: Place,
        path: String,
    ) -> Self {
        let section = Self { checker, table, keys, place, path };
        section.check_keys();
        for key in keys.keys.iter().filter(|key| key.required) {
            if table.get(key.name).is_none() {
                let remark = Remark::new(format!("{} lacks the key `{}`", keys.name, key.name))
                    .accepted(key.shape.accepted())
                    .help(format!("add `{} = …`: {}", key.name, key.about));
                checker.error(ProblemKind::Missing, &section.place, &section.path, remark);
            }
        }
        section
    }

    fn check_keys(&self) {
        for entry in &self.table.entries {
            if self.keys.find(&entry.key).is_some() {
                continue;
            }
            let message = format!("`{}` is not a key of {}", entry.key, self.keys.name);
            let remark = Remark::new(message)
                .accepted(self.keys.names().collect::<Vec<_>>().join(", "))
                .help(
                    elsewhere(&entry.key)
                        .unwrap_or_else(|| did_you_mean(&entry.key, self.keys.names())),
                );
            let path = self.path_of(&entry.key);
            self.checker.error(ProblemKind::UnknownKey, &entry.place, &path, remark);
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { quoted(key) } else { format!("{}.{}", self.path, quoted(key)) }
    }

    /// Returns the value of `key`, if it is there.
    ///
    /// # Panics
    /// If the table has no such key: the key tables and the code disagree.
    pub(crate) fn field(&self, key: &str) -> Option<Field<'a>> {
        let stated = self.keys.find(key);
        let stated = stated.unwrap_or_else(|| panic!("{} has no key `{key}`", self.keys.name));
        let entry = self.table.get(key)?;
        Some(Field {
            checker: self.checker,
            node: &entry.node,
            shape: stated.shape,
            path: self.path_of(key),
        })
    }

    /// Returns whether a table of this kind may have `key`.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.keys.find(key).is_some()
    }

    /// Returns whether `key` is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.field(key).is_some()
    }

    /// Returns the deepest part of a path below this table that is written in it, with its place.
    pub(crate) fn nearest(&self, path: &str) -> (String, Place) {
        let (mut table, mut rest) = (self.table, path);
        let (mut found, mut place) = (self.path.clone(), self.place.clone());
        loop {
            let below = |entry: &&Entry| {
                let left = rest.strip_prefix(quoted(&entry.key).as_str());
                left.is_some_and(|left| left.is_empty() || left.starts_with('.'))
            };
            let Some(entry) = table.entries.iter().find(below) else {
                return (found, place);
            };
            let key = quoted(&entry.key);
            found = format!("{found}.{key}");
            place = entry.place.clone();
            rest = rest[key.len()..].trim_start_matches('.');
            match &entry.node.value {
                Value::Table(inner) if !rest.is_empty() => table = inner,
                // Parts of a value have the path of their own.
                _ if rest.is_empty() => return (found, place),
                _ => return (format!("{found}.{rest}"), place),
            }
        }
    }

    /// Returns where `key` stands, or the table's beginning.
    pub(crate) fn place_of(&self, key: &str) -> Place {
        self.table.get(key).map_or_else(|| self.place.clone(), |entry| entry.place.clone())
    }

    /// Reports an error about the table as a whole.
    pub(crate) fn error(&self, kind: ProblemKind, remark: Remark) {
        self.checker.error(kind, &self.place, &self.path, remark);
    }

    /// Reports an error about `key`.
    pub(crate) fn error_at(&self, key: &str, kind: ProblemKind, remark: Remark) {
        self.checker.error(kind, &self.place_of(key), &self.path_of(key), remark);
    }

    /// Warns about `key`, or about the table when the key is not there.
    pub(crate) fn warn_at(&self, key: &str, remark: Remark) {
        self.checker.warn(&self.place_of(key), &self.path_of(key), remark);
    }

    /// Reports if more than one of `keys` is there, and returns the first that is.
    pub(crate) fn one_of(&self, keys: &[&'static str]) -> Option<&'static str> {
        let mut present = keys.iter().copied().filter(|key| self.has(key));
        let first = present.next();
        if let (Some(first), Some(second)) = (first, present.next()) {
            let remark = Remark::new(format!("`{first}` and `{second}` exclude each other"))
                .accepted(format!("one of {}", keys.join(", ")))
                .help(format!("remove `{first}` or `{second}`"));
            self.error_at(second, ProblemKind::Contradiction, remark);
        }
        first
    }
}

impl<'a> Field<'a> {
    /// Returns where the value stands.
    pub(crate) fn place(&self) -> &'a Place {
        &self.node.place
    }

    /// Reports an error about the value.
    pub(crate) fn error(&self, kind: ProblemKind, remark: Remark) {
        self.checker.error(kind, &self.node.place, &self.path, remark);
    }

    /// Warns about the value.
    pub(crate) fn warn(&self, remark: Remark) {
        self.checker.warn(&self.node.place, &self.path, remark);
    }

    /// Reports that the value is of another type than the key takes.
    pub(crate) fn wrong_type(&self) {
        let message = format!("found {}", self.node.value.describe());
        let remark = Remark::new(message).accepted(self.shape.accepted()).help(self.type_help());
        self.error(ProblemKind::WrongType, remark);
    }

    fn type_help(&self) -> String {
        match (&self.node.value, self.shape) {
            (Value::Text(text), Shape::Count(..) | Shape::Number | Shape::Flag)
                if text.parse::<f64>().is_ok() || text == "true" || text == "false" =>
            {
                format!("write {text} without quotes")
            }
            (Value::Text(text), Shape::List(_)) => format!("write [{text:?}]"),
            (Value::Table(_), Shape::List(Shape::Table(_))) => {
                "write the table's header in double brackets, as in [[host]]".to_owned()
            }
            (Value::Integer(_) | Value::Float(_) | Value::Flag(_), Shape::Text) => {
                "put it in quotes".to_owned()
            }
            (Value::List(_), Shape::Table(_)) => {
                "write the table's header in single brackets".to_owned()
            }
            _ => String::new(),
        }
    }

    /// Returns the same value, to be read as another shape.
    pub(crate) fn shaped(&self, shape: Shape) -> Self {
        Self { shape, ..self.clone() }
    }

    /// Returns the text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        if let Value::Text(text) = &self.node.value {
            return Some(text);
        }
        self.wrong_type();
        None
    }

    /// Returns the flag.
    pub(crate) fn flag(&self) -> Option<bool> {
        if let Value::Flag(flag) = self.node.value {
            return Some(flag);
        }
        self.wrong_type();
        None
    }

    /// Returns the whole number, within the bounds of the shape.
    pub(crate) fn count(&self) -> Option<u64> {
        let Shape::Count(least, most) = self.shape else {
            panic!("{} is not a count", self.path);
        };
        let found = match &self.node.value {
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::HugeInteger(_) => None,
            _ => {
                self.wrong_type();
                return None;
            }
        };
        let fits = found.filter(|number| (least..=most).contains(number));
        if fits.is_none() {
            let message = format!("found {}, which is out of range", self.node.value.describe());
            let above = found.is_some_and(|number| number > most)
                || matches!(&self.node.value, Value::HugeInteger(text) if !text.starts_with('-'));
            let help = if above {
                format!("the most that is allowed here is {most}")
            } else {
                format!("the least that is allowed here is {least}")
            };
            let remark = Remark::new(message).accepted(self.shape.accepted()).help(help);
            self.error(ProblemKind::BadValue, remark);
        }
        fits
    }

    /// Returns the whole number as 32 bits; the bounds of the shape must fit.
    pub(crate) fn count32(&self) -> Option<u32> {
        self.count().map(|number| u32::try_from(number).expect("the shape's bounds fit 32 bits"))
    }

    /// Returns the number, whole or not; infinities and NaN are refused.
    pub(crate) fn number(&self) -> Option<f64> {
        match self.node.value {
            Value::Integer(number) => Some(number as f64),
            Value::Float(number) if number.is_finite() => Some(number),
            _ => {
                self.wrong_type();
                None
            }
        }
    }

    /// Returns the word, one of those of the shape.
    pub(crate) fn word(&self) -> Option<&'static str> {
        let Shape::Word(words) = self.shape else { panic!("{} is not a word", self.path) };
        let text = self.text()?;
        let found = words.iter().copied().find(|word| *word == text);
        if found.is_none() {
            let remark = Remark::new(format!("found \"{text}\""))
                .accepted(self.shape.accepted())
                .help(did_you_mean(text, words.iter().copied()));
            self.error(ProblemKind::BadValue, remark);
        }
        found
    }

    /// Returns the items of the list; anything else is reported.
    pub(crate) fn list(&self) -> Vec<Self> {
        let Shape::List(of) = self.shape else { panic!("{} is not a list", self.path) };
        let Value::List(items) = &self.node.value else {
            self.wrong_type();
            return Vec::new();
        };
        items.iter().enumerate().map(|(at, node)| self.item(at, node, *of)).collect()
    }

    /// Returns the items of the list, or the value itself as its only item.
    pub(crate) fn one_or_many(&self, of: Shape) -> Vec<Self> {
        match &self.node.value {
            Value::List(items) => {
                items.iter().enumerate().map(|(at, node)| self.item(at, node, of)).collect()
            }
            _ => vec![self.shaped(of)],
        }
    }

    fn item(&self, at: usize, node: &'a Node, shape: Shape) -> Self {
        // A table that has a name is known by it.
        let name = match &node.value {
            Value::Table(table) => match table.get("name").map(|entry| &entry.node.value) {
                Some(Value::Text(name)) => quoted(name),
                _ => at.to_string(),
            },
            _ => at.to_string(),
        };
        Self { checker: self.checker, node, shape, path: format!("{}.{name}", self.path) }
    }

    /// Returns the table with the keys of the shape.
    pub(crate) fn section(&self) -> Option<Section<'a>> {
        let Shape::Table(keys) = self.shape else { panic!("{} is not a table", self.path) };
        self.section_of(keys)
    }

    /// Returns the table with these keys.
    pub(crate) fn section_of(&self, keys: &'static Keys) -> Option<Section<'a>> {
        let Value::Table(table) = &self.node.value else {
            self.shaped(Shape::Table(keys)).wrong_type();
            return None;
        };
        let (place, path) = (self.node.place.clone(), self.path.clone());
        Some(Section::new(self.checker, table, keys, place, path))
    }

    /// Returns the entries of a table whose keys are names.
    pub(crate) fn map(&self) -> Vec<(&'a str, &'a Place, Self)> {
        let Shape::Map(of) = self.shape else { panic!("{} is not a map", self.path) };
        let Value::Table(table) = &self.node.value else {
            self.wrong_type();
            return Vec::new();
        };
        let field = |entry: &'a super::tree::Entry| Self {
            checker: self.checker,
            node: &entry.node,
            shape: *of,
            path: format!("{}.{}", self.path, quoted(&entry.key)),
        };
        table.entries.iter().map(|entry| (entry.key.as_str(), &entry.place, field(entry))).collect()
    }

    /// Returns whether the value is a table.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    /// Returns whether the value is a list.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// Returns whether the value is a text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.node.value, Value::Text(_))
    }
}
