//! How the work of a run grows with everything of which a scenario can have any number.
//!
//! `cargo bench --bench growth` measures the exponent along every axis: the instructions of a run at a
//! size of some thousands and at four times that, each less those of the same scenario at its smallest.
//! Work in proportion has 1; n log n has 1.13 to 1.2 there; what lies above 1.2 is named and makes the
//! bench fail. Words on the command line choose axes by a part of their names, `--few` those that are
//! looked at by `.ci/growth`, and `--large` runs four scenarios of a size that people have instead,
//! within two minutes and 8 GiB each.
//!
//! Instructions are counted by `perf stat` where the machine allows it, otherwise by Valgrind's
//! cachegrind, which takes some thirty times as long as the run itself.

#[path = "../common/child.rs"]
mod child;

mod axes;
mod large;
mod text;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use axes::Axis;

/// Above this exponent work grows faster than n log n.
const MOST: f64 = 1.2;

/// How instructions are counted.
#[derive(Clone, Copy)]
enum Counter {
    Perf,
    Cachegrind,
}

impl Counter {
    /// Returns the counter that works here.
    fn found() -> Option<Self> {
        [Self::Perf, Self::Cachegrind]
            .into_iter()
            .find(|counter| counter.count(Command::new("true")).is_some())
    }

    /// Returns the instructions of a program, and whether it succeeded.
    fn count(self, program: Command) -> Option<(f64, bool)> {
        let mut counter = match self {
            Self::Perf => Command::new("perf"),
            Self::Cachegrind => Command::new("valgrind"),
        };
        match self {
            Self::Perf => counter.args(["stat", "-x", ",", "-e", "instructions:u", "--"]),
            Self::Cachegrind => counter.args([
                "--tool=cachegrind",
                "--cache-sim=no",
                "--cachegrind-out-file=/dev/null",
            ]),
        };
        counter.arg(program.get_program()).args(program.get_args()).stdout(Stdio::null());
        let output = counter.output().ok()?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = told.lines().find(|line| match self {
            Self::Perf => line.contains("instructions"),
            Self::Cachegrind => line.contains("I refs:") || line.contains("I   refs:"),
        })?;
        let number = match self {
            Self::Perf => line.split(',').next()?.to_owned(),
            Self::Cachegrind => line.rsplit(' ').next()?.replace(',', ""),
        };
        Some((number.parse().ok()?, output.status.success()))
    }
}

/// Returns the instructions of a run along an axis.
fn instructions(counter: Counter, axis: &Axis, size: u64, place: &Path) -> f64 {
    let scenario = place.join("scenario.toml");
    fs::write(&scenario, (axis.write)(size)).expect("there is room for temporary files");
    let mut program = Command::new(env!("CARGO_BIN_EXE_mailsim"));
    program.args(["run", "--quiet", "--no-tables", "--no-charts", "--out"]);
    program.arg(place.join("run")).arg(&scenario);
    let counted = counter.count(program);
    let (instructions, succeeded) = counted.expect("what has counted before counts again");
    assert_eq!(succeeded, !axis.refused, "{}, {size}: what is written is read", axis.name);
    instructions
}

/// Measures one axis; returns the exponent.
fn measure(counter: Counter, axis: &Axis, place: &Path) -> f64 {
    let count = |size| instructions(counter, axis, size, place);
    let (small, large) = (axis.size, 4 * axis.size);
    let nothing = count(4);
    let (few, many) = (count(small) - nothing, count(large) - nothing);
    let exponent = libm::log(many / few) / libm::log(4.0);
    let verdict = if exponent > MOST { "  too much" } else { "" };
    println!(
        "{:<44} {small:>6} {:>9.1} million {large:>6} {:>9.1} million  {exponent:.2}{verdict}",
        axis.name,
        few / 1e6,
        many / 1e6,
    );
    exponent
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wants = |word: &str| arguments.iter().any(|argument| argument == word);
    let place = tempfile::tempdir().expect("there is room for temporary files");
    let names: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    if wants("--large") {
        return large::run(place.path(), &names);
    }
    let Some(counter) = Counter::found() else {
        eprintln!("neither perf nor valgrind counts instructions here: install valgrind");
        return ExitCode::FAILURE;
    };
    let mut worst = Vec::new();
    for axis in axes::all() {
        let named = names.is_empty() || names.iter().any(|name| axis.name.contains(name.as_str()));
        if !named || wants("--few") && !axis.few {
            continue;
        }
        let exponent = measure(counter, &axis, place.path());
        if exponent > MOST {
            worst.push(format!("{} ({exponent:.2})", axis.name));
        }
    }
    if worst.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("work grows faster than n log n along: {}", worst.join(", "));
    ExitCode::FAILURE
}
