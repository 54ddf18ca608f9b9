//! The keys of scenario and study files for people, at every depth, from the tables by which files are
//! read: what `mailsim explain` and the manual show.

mod describe;
mod servers;

pub use servers::{ServerSetting, server_setting};

use crate::profiles;
use crate::scenario::events::modes::MODES;
use crate::scenario::keys::TOP;
use crate::scenario::text::names::near;
use crate::scenario::text::overrides::KeyPath;
use crate::scenario::text::shape::{Key, Keys, Shape};
use crate::scenario::traffic::distributions::DISTRIBUTION;
use crate::study::design::STUDY;

/// A key, where it stands and all that is known of it.
#[derive(Debug, Clone)]
pub struct KeyReference {
    /// Its path from the top of a file, as "mail.arrivals.poisson".
    pub path: String,
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What holds without it, where that can be told.
    pub default: Option<&'static str>,
    /// Whether it has to be there.
    pub required: bool,
    /// What it takes, as "a duration".
    pub kind: String,
    /// Units that its values have.
    pub units: Option<&'static str>,
    /// Least and greatest value.
    pub range: Option<String>,
    /// A line of TOML that uses it.
    pub example: String,
    /// What it stands for in the world, where `about` does not say enough.
    pub models: Option<&'static str>,
    /// Where its rule comes from.
    pub source: Option<&'static str>,
    /// The words that it takes, with what each means.
    pub words: Vec<(String, String)>,
    /// Whether it holds a table, whose keys follow in [`all`].
    pub is_table: bool,
    /// Whether it is a table of the top that may be repeated, as `[[host]]`.
    pub repeats: bool,
}

/// Returns every key of scenario files, each table's behind the table; those of study files follow, under
/// `study`. What holds everywhere is told once: the keys of a distribution stand under `distribution`.
#[must_use]
pub fn all() -> Vec<KeyReference> {
    let mut found = Vec::new();
    walk(&TOP, "", &mut found);
    walk(&DISTRIBUTION, "distribution", &mut found);
    walk(&STUDY, "study", &mut found);
    found
}

/// Returns the keys directly below `path`; the empty path is the top of a scenario.
#[must_use]
pub fn below<'a>(all: &'a [KeyReference], path: &str) -> Vec<&'a KeyReference> {
    let parent =
        |key: &KeyReference| key.path.rsplit_once('.').map_or("", |(parent, _)| parent) == path;
    all.iter().filter(|key| parent(key)).collect()
}

/// Why a path leads to no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// Several keys end so: their paths.
    Several(Vec<String>),
    /// None does; perhaps this one was meant.
    None(Option<String>),
}

/// Returns the key of a path. Indices, names of hosts and brackets are left out, so that the paths of
/// `--set` and of error messages lead to their keys; a path may begin in the middle, where one key alone ends so.
///
/// # Errors
/// The keys that may be meant.
pub fn find<'a>(all: &'a [KeyReference], path: &str) -> Result<&'a KeyReference, NotFound> {
    let path = path.trim().trim_matches(['[', ']']).trim();
    if let Some(key) = all.iter().find(|key| key.path == path) {
        return Ok(key);
    }
    let plain = without_names(all, path);
    if let Some(key) = all.iter().find(|key| key.path == plain) {
        return Ok(key);
    }
    let tail = format!(".{path}");
    let ending: Vec<&KeyReference> = all.iter().filter(|key| key.path.ends_with(&tail)).collect();
    match ending.as_slice() {
        [key] => Ok(key),
        [] => Err(NotFound::None(meant(all, &plain))),
        several => Err(NotFound::Several(several.iter().map(|key| key.path.clone()).collect())),
    }
}

/// Leaves out what names one of a list: `host."mx.example".mta` is `host.mta`, `mail.0.to` is `mail.to`.
fn without_names(all: &[KeyReference], path: &str) -> String {
    let mut plain = String::new();
    let parts = parts(path);
    for (place, part) in parts.iter().enumerate() {
        let with = if plain.is_empty() { part.clone() } else { format!("{plain}.{part}") };
        let after_list = all.iter().any(|key| key.path == plain && key.repeats);
        let known = all.iter().any(|key| key.path == with);
        // A misspelt key at the end is no name.
        let may_name = place + 1 < parts.len() || part.contains('.') || part.parse::<u64>().is_ok();
        if known || !(after_list && may_name) {
            plain = with;
        }
    }
    plain
}

/// The parts of a dotted path; a part in quotes may hold dots.
fn parts(path: &str) -> Vec<String> {
    let read = path.parse::<KeyPath>().map(|path| path.0);
    read.unwrap_or_else(|_| path.split('.').map(str::to_owned).collect())
}

/// The nearest key: of the same table if the table is there, else of all.
fn meant(all: &[KeyReference], path: &str) -> Option<String> {
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let beside = below(all, parent);
    if let Some(name) = near(last, beside.iter().map(|key| key.name)) {
        return Some(if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") });
    }
    let same_name = all.iter().find(|key| key.name == last).map(|key| key.path.clone());
    same_name.or_else(|| near(path, all.iter().map(|key| key.path.as_str())).map(str::to_owned))
}

fn walk(keys: &'static Keys, under: &str, found: &mut Vec<KeyReference>) {
    for key in keys.keys {
        let path =
            if under.is_empty() { key.name.to_owned() } else { format!("{under}.{}", key.name) };
        let tables = tables_in(key.shape);
        found.push(reference(key, path.clone(), !tables.is_empty()));
        for table in tables {
            walk(table, &path, found);
        }
    }
}

/// The tables that a value may be, or hold.
fn tables_in(shape: Shape) -> Vec<&'static Keys> {
    match shape {
        Shape::Table(keys) => vec![keys],
        Shape::List(of) | Shape::Map(of) => tables_in(*of),
        Shape::Either(shapes) => {
            let mut tables: Vec<&'static Keys> = Vec::new();
            for table in shapes.iter().flat_map(|shape| tables_in(*shape)) {
                if !tables.iter().any(|known| std::ptr::eq(*known, table)) {
                    tables.push(table);
                }
            }
            tables
        }
        _ => Vec::new(),
    }
}

fn reference(key: &'static Key, path: String, is_table: bool) -> KeyReference {
    let (about, default) = describe::split_default(key.about);
    let some = |text: &'static str| (!text.is_empty()).then_some(text);
    KeyReference {
        name: key.name,
        about,
        default,
        required: key.required,
        kind: describe::kind(key.shape),
        units: describe::units(key.shape),
        range: describe::range(key.shape),
        example: describe::example(key, default),
        models: some(key.models),
        source: some(key.source),
        words: words(key, &path),
        is_table,
        repeats: matches!(key.shape, Shape::List(Shape::Table(_))),
        path,
    }
}

/// The words of a key; those of modes, profiles and distributions are told by their own tables.
fn words(key: &Key, path: &str) -> Vec<(String, String)> {
    let pair = |word: &str, about: &str| (word.to_owned(), about.to_owned());
    match key.shape {
        Shape::Mta => {
            profiles::all().iter().map(|profile| pair(profile.name, profile.summary)).collect()
        }
        _ if path == "outage.mode" => {
            MODES.iter().map(|mode| pair(mode.word, mode.sentence)).collect()
        }
        _ => key.words.iter().map(|(word, about)| pair(word, about)).collect(),
    }
}

/// Returns which modes of an outage take a key, if it is one that only some take.
#[must_use]
pub fn modes_with(key: &KeyReference) -> Vec<&'static str> {
    match key.path.strip_prefix("outage.") {
        Some(name) => {
            let has = MODES.iter().filter(|mode| mode.key(name).is_some());
            has.map(|mode| mode.word).collect()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{BitRate, EventRate, Octets, SimDuration};

    /// The words that a shape takes by itself.
    fn words_of(shape: Shape) -> Vec<&'static str> {
        match shape {
            Shape::Word(words) => words.to_vec(),
            Shape::List(of) => words_of(*of),
            Shape::Either(shapes) => shapes.iter().flat_map(|shape| words_of(*shape)).collect(),
            _ => Vec::new(),
        }
    }

    fn each_key(keys: &'static Keys, visit: &mut dyn FnMut(&'static Keys, &'static Key)) {
        for key in keys.keys {
            visit(keys, key);
            tables_in(key.shape).into_iter().for_each(|table| each_key(table, visit));
        }
    }

    #[test]
    fn every_word_of_a_scenario_has_a_meaning() {
        let mut wrong = Vec::new();
        each_key(&TOP, &mut |table, key| {
            let known: Vec<&str> = key.words.iter().map(|(word, _)| *word).collect();
            for word in words_of(key.shape) {
                let told = key.name == "mode" || known.contains(&word);
                if !told {
                    wrong.push(format!("{}: `{}`: {word}", table.name, key.name));
                }
            }
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn paths_of_messages_and_of_set_lead_to_their_keys() {
        let all = all();
        let path = |path: &str| find(&all, path).map(|key| key.path.clone());
        assert_eq!(path("mail.arrivals"), Ok("mail.arrivals".to_owned()));
        assert_eq!(path("mail.0.arrivals.poisson"), Ok("mail.arrivals.poisson".to_owned()));
        assert_eq!(
            path("host.\"mx1.example.org\".greylist.delay"),
            Ok("host.greylist.delay".into())
        );
        assert_eq!(path("[[outage]]"), Ok("outage".to_owned()));
        assert_eq!(path("messages_per_session"), Ok("mail.submit.messages_per_session".to_owned()));
        assert!(matches!(path("latency"), Err(NotFound::Several(paths)) if paths.len() > 2));
        assert_eq!(path("mail.arivals"), Err(NotFound::None(Some("mail.arrivals".to_owned()))));
        assert_eq!(path("xyzzy"), Err(NotFound::None(None)));
    }

    fn fits(shape: Shape, value: &toml::Value) -> bool {
        use toml::Value;
        let text = |read: fn(&str) -> bool| value.as_str().is_some_and(read);
        match (shape, value) {
            (Shape::Text, Value::String(_)) | (Shape::Flag, Value::Boolean(_)) => true,
            (Shape::Number, Value::Integer(_) | Value::Float(_)) | (Shape::Anything, _) => true,
            (Shape::Count(least, most), Value::Integer(number)) => {
                u64::try_from(*number).is_ok_and(|number| (least..=most).contains(&number))
            }
            (Shape::Duration, _) => text(|text| text.parse::<SimDuration>().is_ok()),
            (Shape::SignedDuration, _) => {
                text(|text| text.trim_start_matches(['+', '-']).parse::<SimDuration>().is_ok())
            }
            (Shape::Size | Shape::SizeOrOctets, _) => text(|text| text.parse::<Octets>().is_ok()),
            (Shape::BitRate, _) => text(|text| text.parse::<BitRate>().is_ok()),
            (Shape::EventRate, _) => text(|text| text.parse::<EventRate>().is_ok()),
            (Shape::Parameter, value) => value.is_str() || value.is_integer() || value.is_float(),
            (Shape::Word(words), Value::String(word)) => words.contains(&word.as_str()),
            (Shape::List(of), Value::Array(items)) => items.iter().all(|item| fits(*of, item)),
            (Shape::Map(of), Value::Table(table)) => table.values().all(|value| fits(*of, value)),
            (Shape::Table(keys), Value::Table(table)) => table
                .iter()
                .all(|(name, value)| keys.find(name).is_some_and(|key| fits(key.shape, value))),
            (Shape::Either(shapes), value) => shapes.iter().any(|shape| fits(*shape, value)),
            (Shape::Distribution(unit), value) => {
                fits(unit.shape(), value) || fits(Shape::Table(&DISTRIBUTION), value)
            }
            (Shape::Mta, value) => value.is_str() || value.is_table(),
            _ => false,
        }
    }

    #[test]
    fn every_example_is_toml_and_fits_its_shape() {
        let mut wrong = Vec::new();
        for table in [&TOP, &DISTRIBUTION] {
            each_key(table, &mut |table, key| {
                let (_, default) = describe::split_default(key.about);
                let example = describe::example(key, default);
                let read: Result<toml::Table, _> = example.parse();
                let value = read.ok().and_then(|read| read.get(key.name).cloned());
                let fits = value.is_some_and(|value| fits(key.shape, &value));
                if !fits {
                    wrong.push(format!("{}: {example}", table.name));
                }
            });
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
