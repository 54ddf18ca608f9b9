//! Help texts are compared with files; `MAILSIM_BLESS=1 cargo test --test cli` writes them anew.

use std::path::Path;

use crate::program::{call_here, folder};

const COMMANDS: [&str; 25] = [
    "run",
    "check",
    "trace",
    "serve",
    "route",
    "learn",
    "grade",
    "talk",
    "live",
    "study",
    "compare",
    "threshold",
    "report",
    "import",
    "export",
    "figures",
    "queue",
    "site",
    "profiles",
    "new",
    "explain",
    "help",
    "schema",
    "completions",
    "man",
];

fn compare(name: &str, said: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/help/{name}.txt"));
    if std::env::var_os("MAILSIM_BLESS").is_some() {
        std::fs::write(&file, said).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == said,
        "the help of {name} has changed; if that is meant, run this test with MAILSIM_BLESS=1. \
         It is now:\n{said}"
    );
}

#[test]
fn help_is_as_written_down() {
    compare("mailsim", &call_here(&["--help"]).ends_with(0).out);
    for command in COMMANDS {
        compare(command, &call_here(&[command, "--help"]).ends_with(0).out);
    }
}

#[test]
fn every_command_is_known_here() {
    let help = call_here(&["-h"]).ends_with(0).out;
    let list = help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let listed: Vec<&str> =
        list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(listed, COMMANDS);
}

#[test]
fn help_fits_eighty_columns_and_gives_examples() {
    for command in COMMANDS.iter().map(Some).chain([None]) {
        for flag in ["-h", "--help"] {
            let arguments: Vec<&str> = command.copied().into_iter().chain([flag]).collect();
            let help = call_here(&arguments).ends_with(0).out;
            let wide = help.lines().find(|line| line.chars().count() > 80);
            assert_eq!(wide, None, "{arguments:?}");
            assert!(help.contains("Example"), "{arguments:?}");
        }
    }
}

#[test]
fn without_a_command_help_is_given_and_the_status_is_2() {
    let said = call_here(&[]).ends_with(2);
    said.complains_of(&["Usage: mailsim", "run"]);
}

#[test]
fn schema_completions_and_manual_pages_are_made() {
    let schema = call_here(&["schema"]).ends_with(0);
    let schema: serde_json::Value = serde_json::from_str(&schema.out).unwrap();
    assert!(schema["properties"]["outage"].is_object());
    for (shell, word) in [("bash", "complete"), ("zsh", "#compdef"), ("fish", "complete -c")] {
        let script = call_here(&["completions", shell]).ends_with(0).out;
        assert!(script.contains(word) && script.contains("no-tables"), "{shell}");
    }
    call_here(&["completions", "tcsh"]).ends_with(2).complains_of(&["bash"]);
    assert!(call_here(&["man"]).ends_with(0).out.contains(".TH mailsim 1"));
    let page = call_here(&["man", "run"]).ends_with(0).out;
    assert!(page.contains(".TH mailsim-run 1") && page.contains("\\-\\-until"), "{page}");
    call_here(&["man", "walk"]).ends_with(2).complains_of(&["no command `walk`", "run, check"]);
}

#[test]
fn a_starter_is_written_once() {
    let place = folder();
    crate::program::call(place.path(), &["new", "first"]).ends_with(0);
    let text = std::fs::read_to_string(place.path().join("first.toml")).unwrap();
    assert!(text.contains("title = \"first\""), "{text}");
    let again = crate::program::call(place.path(), &["new", "first.toml"]).ends_with(3);
    again.complains_of(&["first.toml is there already"]);
    assert_eq!(std::fs::read_to_string(place.path().join("first.toml")).unwrap(), text);
    crate::program::call(place.path(), &["new", "no/such/folder/x"]).ends_with(3);
    crate::program::call(place.path(), &["check", "first.toml"]).ends_with(0);
}
