//! The schema and the parser take the same text: thousands of changes to scenarios that are right.
//!
//! What the parser reads the schema lets pass, and a key or type that the parser does not know the
//! schema does not know either. Whether names exist and times fit each other is beyond a schema.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use mailsim::scenario::{ProblemKind, Problems, SCENE, Source, load, schema};
use serde_json::Value as Json;
use toml::{Table, Value};

/// Changes that are tried in all.
const MUTANTS: usize = 3_000;

/// SplitMix64: the same changes in each run of the test.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound as u64) as usize
    }
}

/// Scenarios that are right, with the folder that their other files are in.
fn scenarios() -> Vec<(PathBuf, Table)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["scenarios", "scenarios/lessons", "scenarios/exercises", "tests/scenario_files"];
    let mut all = vec![(top.to_owned(), SCENE.parse().unwrap())];
    for folder in folders {
        let entries = fs::read_dir(top.join(folder)).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
        // Large ones take long to read and say nothing else.
        files.retain(|file| fs::metadata(file).unwrap().len() < 8_000);
        let read = |file: PathBuf| (top.join(folder), fs::read_to_string(file).unwrap());
        all.extend(files.into_iter().map(read).map(|(at, text)| (at, text.parse().unwrap())));
    }
    all
}

/// All places of a tree, a step for each table or list on the way.
fn places(value: &Value, at: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let mut below = |step: Step, value: &Value| {
        at.push(step);
        found.push(at.clone());
        places(value, at, found);
        at.pop();
    };
    match value {
        Value::Table(table) => {
            table.iter().for_each(|(key, value)| below(Step::Key(key.clone()), value));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| below(Step::Item(at), value));
        }
        _ => {}
    }
}

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Item(usize),
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Item(item) => &mut value[*item],
    })
}

fn other_value(chance: &mut Chance) -> Value {
    let table = |text: &str| text.parse::<Table>().unwrap();
    match chance.below(16) {
        0 => Value::Boolean(true),
        1 => Value::Integer(0),
        2 => Value::Integer(-3),
        3 => Value::Integer(300),
        4 => Value::Float(0.5),
        5 => Value::String(String::new()),
        6 => Value::String("5m".to_owned()),
        7 => Value::String("75kB".to_owned()),
        8 => Value::String("30/h".to_owned()),
        9 => Value::String("-2d".to_owned()),
        10 => Value::String("10Mbit/s".to_owned()),
        11 => Value::Array(Vec::new()),
        12 => Value::Array(vec![Value::String("1h".to_owned())]),
        13 => Value::Table(Table::new()),
        14 => Value::Table(table("exponential = { mean = \"2s\" }")),
        _ => Value::Array(vec![Value::Table(Table::new())]),
    }
}

/// Changes one thing somewhere; says what.
fn mutate(root: &mut Value, donor: &Value, chance: &mut Chance) -> String {
    let mut found = Vec::new();
    places(root, &mut Vec::new(), &mut found);
    let path = found.swap_remove(chance.below(found.len()));
    let (last, above) = path.split_last().unwrap();
    match chance.below(5) {
        0 => {
            match (at(root, above), last) {
                (Value::Table(table), Step::Key(key)) => drop(table.remove(key)),
                (Value::Array(items), Step::Item(item)) => drop(items.remove(*item)),
                _ => {}
            }
            format!("without {path:?}")
        }
        1 => {
            if let (Value::Table(table), Step::Key(key)) = (at(root, above), last) {
                let value = table.remove(key).unwrap();
                table.insert(format!("{key}x"), value);
            }
            format!("another name for {path:?}")
        }
        2 => {
            // What stands somewhere else, under its own name.
            let mut others = Vec::new();
            places(donor, &mut Vec::new(), &mut others);
            let from = others.swap_remove(chance.below(others.len()));
            let value = at(&mut donor.clone(), &from).clone();
            if let (Value::Table(table), Some(Step::Key(key))) = (at(root, above), from.last()) {
                table.insert(key.clone(), value);
            }
            format!("{from:?} of another scenario beside {path:?}")
        }
        _ => {
            let value = other_value(chance);
            let told = format!("{value} for {path:?}");
            *at(root, &path) = value;
            told
        }
    }
}

fn parsed(folder: &Path, text: &str) -> Result<(), Problems> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).map_err(|e| e.to_string());
    let source = Source { file: "mutant.toml", text, read_file: &read };
    load(&source, &[]).map(drop)
}

fn json(value: &Value) -> Json {
    serde_json::to_value(value).unwrap()
}

/// Returns what the two disagree about.
fn disagreement(validator: &Validator, folder: &Path, value: &Value) -> Option<String> {
    let text = toml::to_string(value).unwrap();
    let valid = validator.is_valid(&json(value));
    match parsed(folder, &text) {
        Ok(()) if !valid => {
            let why = validator.iter_errors(&json(value)).map(|e| e.to_string()).next();
            Some(format!("the parser reads what the schema refuses: {}", why.unwrap_or_default()))
        }
        Err(problems) if valid => {
            let of_schema = |kind| matches!(kind, ProblemKind::UnknownKey | ProblemKind::WrongType);
            // The schema has the settings of all servers in one table.
            let of_other_server = |message: &str| message.contains("is no setting of");
            let found = problems
                .0
                .iter()
                .find(|problem| of_schema(problem.kind) && !of_other_server(&problem.message))?;
            Some(format!("the schema lets pass: {}: {}", found.key, found.message))
        }
        _ => None,
    }
}

#[test]
fn schema_and_parser_take_the_same_text() {
    let validator = jsonschema::draft7::new(&schema()).expect("the schema is one");
    let scenarios = scenarios();
    for (folder, scenario) in &scenarios {
        let as_it_is = Value::Table(scenario.clone());
        assert_eq!(disagreement(&validator, folder, &as_it_is), None, "{scenario}");
    }
    let mut chance = Chance(16);
    let mut found = std::collections::BTreeMap::new();
    for number in 0..MUTANTS {
        let (folder, scenario) = &scenarios[chance.below(scenarios.len())];
        let donor = Value::Table(scenarios[chance.below(scenarios.len())].1.clone());
        let mut mutant = Value::Table(scenario.clone());
        let what = mutate(&mut mutant, &donor, &mut chance);
        if let Some(problem) = disagreement(&validator, folder, &mutant) {
            found.entry(problem).or_insert(format!("mutant {number}: {what}"));
        }
    }
    for (problem, what) in &found {
        println!("{problem}\n    {what}");
    }
    assert!(found.is_empty(), "schema and parser differ in {} ways", found.len());
}
