//! The commands of the README, run as written.
//!
//! `cargo run --release --` stands for the program under test; `cargo test` and `cargo bench` are not
//! run from within the tests.

use std::path::Path;
use std::process::Command;

/// Returns the command lines of the README's `sh` blocks.
fn commands() -> Vec<String> {
    let readme = std::fs::read_to_string("README.md").expect("the README is there");
    let mut inside = false;
    let mut commands = Vec::new();
    for line in readme.lines().map(str::trim) {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside => commands.push(line.to_owned()),
            _ => {}
        }
    }
    commands
}

#[test]
fn commands_of_the_readme_run_as_written() {
    let folder = tempfile::tempdir().expect("a folder for the results");
    // Scenarios are found, and results land beside them, as in a fresh checkout.
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    std::os::unix::fs::symlink(scenarios, folder.path().join("scenarios")).expect("a link");
    std::fs::create_dir(folder.path().join("output")).expect("a folder");
    let program = env!("CARGO_BIN_EXE_mailsim");
    let prefix = "cargo run --release --";
    let runs: Vec<String> =
        commands().into_iter().filter(|command| command.starts_with(prefix)).collect();
    assert!(runs.len() >= 5, "the README shows how to use the program: {runs:?}");
    for command in runs {
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
}

#[test]
fn the_main_job_and_the_tests_are_one_command_each() {
    let commands = commands();
    assert!(commands.iter().any(|command| command.starts_with("cargo run --release -- run ")));
    assert!(commands.iter().any(|command| command == "cargo test"));
}
