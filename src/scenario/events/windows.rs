//! `[[window]]`: stretches of time with a name, by which figures speak of when mail was submitted.

use crate::measure::{Directory, Window};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Remark, Section};
use crate::scenario::top::{tables, text};
use crate::units::{SimDuration, SimTime};

/// Reads the windows.
pub(crate) fn read_windows(top: &Section<'_>) -> Vec<(String, Window)> {
    let mut windows: Vec<(String, Window)> = Vec::new();
    for field in tables(top, "window") {
        let Some(section) = field.section() else { continue };
        let Some(name) = text(&section, "name") else { continue };
        if windows.iter().any(|(other, _)| *other == name) {
            let remark = Remark::new(format!("another window has the name `{name}`"))
                .accepted("each name once")
                .help("give it another name");
            section.error_at("name", ProblemKind::Duplicate, remark);
        }
        windows.extend(window(&section).map(|window| (name, window)));
    }
    windows
}

fn window(section: &Section<'_>) -> Option<Window> {
    let span = |key: &str| section.field(key).map(|field| field.duration());
    let from = SimTime::ZERO + span("from").unwrap_or_default().unwrap_or_default();
    let to = match section.one_of(&["for", "until"]) {
        Some("for") => from.saturating_add(span("for")??),
        Some(_) => SimTime::ZERO + span("until")??,
        None => SimTime::MAX,
    };
    if from < to {
        return Some(Window { from, to });
    }
    let remark = Remark::new("the window is over before it begins")
        .accepted("an end after `from`")
        .help("set `for` to its length");
    section.error_at("until", ProblemKind::Contradiction, remark);
    None
}

/// Returns the names of entries and windows that a scenario's resolved text holds, and its domains:
/// what a result folder knows of them.
#[must_use]
pub fn directory_of(resolved: &str) -> Directory {
    let tree: toml::Table = resolved.parse().unwrap_or_default();
    let list =
        |key: &str| tree.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let text = |table: &toml::Value, key: &str| {
        table.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned()
    };
    let window = |table: &toml::Value| {
        let at = |key: &str| text(table, key).parse::<SimDuration>().ok();
        let from = SimTime::ZERO + at("from").unwrap_or_default();
        let to = at("for").map(|span| from.saturating_add(span));
        let to = to.or(at("until").map(|span| SimTime::ZERO + span)).unwrap_or(SimTime::MAX);
        (text(table, "name"), Window { from, to })
    };
    let outages = list("outage");
    Directory {
        entries: list("mail").iter().map(|entry| text(entry, "name")).collect(),
        outages: (0_u32..).zip(&outages).map(|(entry, one)| (text(one, "name"), entry)).collect(),
        windows: list("window").iter().map(window).collect(),
        domains: list("domain").iter().map(|domain| text(domain, "name")).collect(),
        hosts: Vec::new(),
    }
}
