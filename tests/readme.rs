//! The commands of the README and the manual, run as written.
//!
//! In the README `cargo run --release --` stands for the program under test, in the manual `mailsim` does;
//! `cargo test` and `cargo bench` are not run from within the tests.

use std::path::Path;
use std::process::Command;

const IN_CHECKOUT: &str = "cargo run --release -- ";

/// Returns the command lines of a text's `sh` blocks.
fn commands(markdown: &str) -> Vec<String> {
    let mut inside = false;
    let mut commands = Vec::new();
    for line in markdown.lines().map(str::trim) {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => commands.push(line.to_owned()),
            _ => {}
        }
    }
    commands
}

fn readme() -> String {
    std::fs::read_to_string("README.md").expect("the README is there")
}

/// Runs those of the commands that begin with `prefix` in a folder of their own, in which of a checkout's
/// `scenarios` these are.
fn run_all(markdown: &str, prefix: &str, there: &[&str]) -> usize {
    let folder = tempfile::tempdir().expect("a folder for the results");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    std::fs::create_dir(folder.path().join("scenarios")).expect("a folder");
    for name in there {
        let link = folder.path().join("scenarios").join(name);
        std::os::unix::fs::symlink(scenarios.join(name), link).expect("a link");
    }
    std::fs::create_dir(folder.path().join("output")).expect("a folder");
    let program = concat!(env!("CARGO_BIN_EXE_mailsim"), " ");
    let runs: Vec<String> =
        commands(markdown).into_iter().filter(|command| command.starts_with(prefix)).collect();
    for command in &runs {
        let command = command.replacen(prefix, program, 1);
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(folder.path())
            .output()
            .expect("the shell runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{errors}");
        // `new` has no data to print: it says on standard error what it wrote.
        let silent = output.stdout.is_empty() && output.stderr.is_empty();
        assert!(!silent, "{command} says nothing");
    }
    runs.len()
}

#[test]
fn commands_of_the_readme_run_as_written() {
    let run = run_all(&readme(), IN_CHECKOUT, &[]);
    assert!(run >= 4, "the README shows how to use the program: {run}");
}

#[test]
fn commands_of_the_manual_run_as_written() {
    // What the program carries is not there: its commands run with the program alone. Files of other
    // programs, and what is handed in, are the reader's own.
    let there = ["import", "exercises"];
    let run = |chapter: &mailsim::manual::Chapter| run_all(&chapter.markdown(), "mailsim ", &there);
    let runs = mailsim::manual::CHAPTERS.iter().map(run);
    let run: usize = runs.sum();
    assert!(run >= 15, "the manual shows how to use the program: {run}");
}

#[test]
fn the_main_job_and_the_tests_are_one_command_each() {
    let commands = commands(&readme());
    assert!(commands.iter().any(|command| command.starts_with("cargo run --release -- run ")));
    assert!(commands.iter().any(|command| command == "cargo test"));
}

/// The README is one screen, and what it links to is there.
#[test]
fn the_readme_is_short_and_its_links_lead_somewhere() {
    let readme = readme();
    assert!(readme.lines().count() <= 80, "what is longer belongs in the manual");
    for part in readme.split("](").skip(1) {
        let target = part.split(')').next().unwrap_or_default();
        assert!(Path::new(target).exists(), "{target} is not there");
    }
}
