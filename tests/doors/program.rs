//! The program under test, and what it writes.

use std::path::Path;
use std::process::{Command, Output};

/// Calls the program and returns what it said and its exit status.
pub(crate) fn call(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_mailsim");
    Command::new(program).args(arguments).output().expect("the program starts")
}

/// Calls the program, which must succeed; returns what it printed.
pub(crate) fn succeed(arguments: &[&str]) -> String {
    let output = call(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{errors}");
    String::from_utf8(output.stdout).expect("the program prints text")
}

/// Calls the program, which must end with this status; returns what it complained of.
pub(crate) fn fail(arguments: &[&str], status: i32) -> String {
    let output = call(arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{errors}");
    errors
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

/// Reads a text.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Findings of one class of `import.json`: what, and what is said of it.
pub(crate) fn findings(folder: &Path, class: &str) -> Vec<(String, String)> {
    let ledger: serde_json::Value =
        serde_json::from_str(&read(&folder.join("import.json"))).expect("the ledger is JSON");
    let list = ledger[class].as_array().expect("a class is a list").clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    list.iter().map(|finding| (text(&finding["what"]), text(&finding["says"]))).collect()
}
