//! Factors: what each level changes in the scenario.

use super::keys::ALTERNATIVE;
use super::model::Factor;
use crate::scenario::load::Placed;
use crate::scenario::text::overrides::{KeyPath, Override};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::{Place, Value, on_one_line};

/// A factor with what its levels do.
pub(super) struct ReadFactor<'a> {
    pub(super) factor: Factor,
    pub(super) levels: Vec<Level<'a>>,
}

/// What a level does.
pub(super) struct Level<'a> {
    /// Another base scenario.
    pub(super) scenario: Option<Field<'a>>,
    pub(super) changes: Vec<Placed>,
}

/// Reads `[[factor]]`.
pub(super) fn read_factors<'a>(top: &Section<'a>) -> Vec<ReadFactor<'a>> {
    let fields = top.field("factor").map(|field| field.list()).unwrap_or_default();
    let mut factors: Vec<ReadFactor<'a>> = Vec::new();
    for field in fields {
        let Some(section) = field.section() else { continue };
        let Some(name) = section.field("name").and_then(|field| field.text()) else { continue };
        if factors.iter().any(|other| other.factor.name == name) {
            duplicate(&section, "name", &format!("another factor has the name `{name}`"));
        }
        if RESERVED.contains(&name) {
            let remark = Remark::new(format!("`{name}` is a column of the tables already"))
                .accepted("another name")
                .help(format!("call it \"{name} of the scenario\""));
            section.error_at("name", ProblemKind::Duplicate, remark);
        }
        let (labels, levels) = match section.one_of(&["levels", "alternative"]) {
            Some("levels") => read_levels(&section),
            Some(_) => read_alternatives(&section),
            None => {
                let remark = Remark::new("the factor has no levels")
                    .accepted("`path` with `levels`, or `alternative`")
                    .help("add path = \"outage.0.for\" and levels = [\"1h\", \"4h\"]");
                section.error(ProblemKind::Missing, remark);
                continue;
            }
        };
        if levels.is_empty() {
            continue;
        }
        let given = section.field("given").and_then(|field| field.flag()).unwrap_or(false);
        let factor = Factor { name: name.to_owned(), levels: labels, given };
        factors.push(ReadFactor { factor, levels });
    }
    factors
}

/// Columns of the tables that a factor's would be confused with.
const RESERVED: [&str; 8] =
    ["cell", "seed", "replication", "figure", "unit", "n", "level", "factor"];

fn duplicate(section: &Section<'_>, key: &str, message: &str) {
    let remark = Remark::new(message).accepted("each name once").help("give it another name");
    section.error_at(key, ProblemKind::Duplicate, remark);
}

fn read_levels<'a>(section: &Section<'a>) -> (Vec<String>, Vec<Level<'a>>) {
    let Some(paths) = section.field("path") else {
        let remark = Remark::new("the levels have no `path`")
            .accepted("the path of a value in the scenario, as for `--set`")
            .help("add path = \"outage.0.for\"");
        section.error_at("levels", ProblemKind::Missing, remark);
        return (Vec::new(), Vec::new());
    };
    let paths: Vec<(Field<'a>, KeyPath)> = paths
        .one_or_many(Shape::Text)
        .into_iter()
        .filter_map(|field| {
            let path = field.text().and_then(|text| key_path(&field, field.place(), text));
            path.map(|path| (field, path))
        })
        .collect();
    let (mut labels, mut levels) = (Vec::new(), Vec::new());
    let Some(list) = section.field("levels").filter(|_| !paths.is_empty()) else {
        return (labels, levels);
    };
    for field in list.list() {
        let label = label(&field);
        if labels.contains(&label) {
            let remark = Remark::new(format!("the level {label} is there twice"))
                .accepted("each level once")
                .help("remove one of the two");
            field.error(ProblemKind::Duplicate, remark);
            continue;
        }
        let change = |(path_field, path): &(Field<'a>, KeyPath)| Placed {
            change: Override::Set { path: path.clone(), value: on_one_line(&field.node.value) },
            origin: section
                .checker
                .origin((path_field.place(), &path_field.path), (field.place(), &field.path)),
        };
        levels.push(Level { scenario: None, changes: paths.iter().map(change).collect() });
        labels.push(label);
    }
    if labels.is_empty() && list.is_list() {
        let remark = Remark::new("the factor has no levels")
            .accepted("one level or more")
            .help("add the values to be compared");
        list.error(ProblemKind::Missing, remark);
    }
    (labels, levels)
}

/// What a level is called: a text by itself, everything else as it is written.
pub(super) fn label(field: &Field<'_>) -> String {
    match &field.node.value {
        Value::Text(text) => text.clone(),
        value => on_one_line(value),
    }
}

fn read_alternatives<'a>(section: &Section<'a>) -> (Vec<String>, Vec<Level<'a>>) {
    if section.has("path") {
        let remark = Remark::new("`alternative` goes without `path`")
            .accepted("`path` with `levels`, or `alternative`")
            .help("remove `path`: each alternative says what it changes");
        section.error_at("path", ProblemKind::Contradiction, remark);
    }
    let (mut labels, mut levels) = (Vec::new(), Vec::new());
    let list = section.field("alternative").map(|field| field.list()).unwrap_or_default();
    for field in list {
        let Some(alternative) = field.section_of(&ALTERNATIVE) else { continue };
        let Some(name) = alternative.field("name").and_then(|field| field.text()) else { continue };
        if labels.iter().any(|other| other == name) {
            duplicate(&alternative, "name", &format!("another alternative is called `{name}`"));
        }
        labels.push(name.to_owned());
        let scenario = alternative.field("scenario");
        levels.push(Level { scenario, changes: read_changes(&alternative) });
    }
    (labels, levels)
}

/// Reads `unset` and `set` of a table; what is left out goes first.
pub(super) fn read_changes(section: &Section<'_>) -> Vec<Placed> {
    let mut changes = Vec::new();
    for field in section.field("unset").map(|field| field.list()).unwrap_or_default() {
        let path = field.text().and_then(|text| key_path(&field, field.place(), text));
        let origin =
            section.checker.origin((field.place(), &field.path), (field.place(), &field.path));
        changes.extend(path.map(|path| Placed { change: Override::Unset { path }, origin }));
    }
    for (key, place, field) in section.field("set").map(|field| field.map()).unwrap_or_default() {
        let Some(path) = key_path(&field, place, key) else { continue };
        let origin = section.checker.origin((place, &field.path), (field.place(), &field.path));
        let value = on_one_line(&field.node.value);
        changes.push(Placed { change: Override::Set { path, value }, origin });
    }
    changes
}

/// Reads a path; what the study itself decides is refused.
fn key_path(field: &Field<'_>, place: &Place, text: &str) -> Option<KeyPath> {
    let path: KeyPath = match text.parse() {
        Ok(path) => path,
        Err(_) => {
            let remark = Remark::new(format!("the path {text:?} cannot be read"))
                .accepted("keys joined by dots, a key that holds dots in quotes")
                .help("as in outage.0.for or host.\"mx1.example.org\".capacity.sessions");
            field.checker.error(ProblemKind::BadValue, place, &field.path, remark);
            return None;
        }
    };
    if let [key] = path.0.as_slice()
        && matches!(key.as_str(), "seed" | "replication")
    {
        let remark = Remark::new(format!("the study itself gives each run its {key}"))
            .accepted("any other path: all combinations share seed and replications")
            .help("set `seed` or `replications` of the study");
        field.checker.error(ProblemKind::Contradiction, place, &field.path, remark);
        return None;
    }
    Some(path)
}
