//! The list of rules is whole: each rule once, each test named is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::rows::{GROUPS, ROWS, Shown};

/// The number of rules of the core set.
const CORE: usize = 146;

/// All test functions in the folders `tests` and `src`.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests"), root.join("src")];
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of this crate").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                names.extend(tests_in(&text));
            }
        }
    }
    names
}

/// The functions that follow the attribute `#[test]`.
fn tests_in(text: &str) -> Vec<String> {
    let functions = text.split("#[test]").skip(1);
    let name = |after: &str| {
        let line = after.lines().find(|line| line.trim_start().starts_with("fn "))?;
        let name = line.trim_start().strip_prefix("fn ")?.split('(').next()?;
        Some(name.to_owned())
    };
    functions.filter_map(name).collect()
}

#[test]
fn each_rule_of_the_core_set_is_listed_once() {
    let ids: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "a rule is listed twice");
    // By group, so that one rule in place of another is noticed too.
    let mut expected: Vec<String> = Vec::new();
    for (group, numbers) in GROUPS {
        expected.extend(numbers.iter().map(|number| format!("{group}-{number:02}")));
    }
    assert_eq!(ids, expected);
    assert_eq!(ids.len(), CORE);
}

#[test]
fn each_test_named_exists() {
    let known = tests();
    assert!(known.len() > 200, "{}", known.len());
    for row in ROWS {
        for name in row.tests() {
            assert!(known.contains(*name), "{}: there is no test {name}", row.id);
        }
    }
}

#[test]
fn no_entry_is_empty() {
    for row in ROWS {
        assert!(row.rule.len() > 15, "{}: the rule is not said", row.id);
        match row.shown {
            Shown::By(tests) => assert!(!tests.is_empty(), "{}", row.id),
            Shown::InPart { tests, missing } => {
                assert!(!tests.is_empty() && missing.len() > 20, "{}", row.id);
            }
            Shown::Not { because } => assert!(because.len() > 30, "{}", row.id),
        }
    }
}

/// A test that is named after a rule is listed with it, so that no test is forgotten.
#[test]
fn each_test_of_a_rule_is_listed_with_it() {
    for name in tests() {
        let Some(rest) = name.strip_prefix("rfc_") else { continue };
        let mut parts = rest.splitn(3, '_');
        let (Some(group), Some(number)) = (parts.next(), parts.next()) else { continue };
        let id = format!("{}-{number}", group.to_uppercase());
        if let Some(row) = ROWS.iter().find(|row| row.id == id) {
            assert!(row.tests().contains(&name.as_str()), "{id} does not list {name}");
        }
    }
}
