//! Starts the program and looks at what it says.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What the program said, and its exit status.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// Returns itself, after making sure of the exit status.
    #[track_caller]
    pub(crate) fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Makes sure that standard error names every part.
    #[track_caller]
    pub(crate) fn complains_of(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not in:\n{}", self.err);
        }
    }
}

/// Returns the program, to be started in `folder`.
pub(crate) fn mailsim(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailsim"));
    command.current_dir(folder).stdin(Stdio::null());
    command.env_remove("NO_COLOR");
    command
}

/// Runs the program in `folder`.
pub(crate) fn call(folder: &Path, arguments: &[&str]) -> Said {
    let output = mailsim(folder).args(arguments).output();
    Said::of(output.expect("the program can be started"))
}

/// Runs the program in `folder` with `input` on its standard input.
pub(crate) fn call_with_input(folder: &Path, arguments: &[&str], input: &str) -> Said {
    let mut program = mailsim(folder);
    program.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = program.spawn().expect("the program can be started");
    let mut pipe = program.stdin.take().expect("it has a standard input");
    // Who has hung up reads no more.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    Said::of(program.wait_with_output().expect("it ends"))
}

/// Runs the program in the folder of this crate.
pub(crate) fn call_here(arguments: &[&str]) -> Said {
    call(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

/// Returns the path of a scenario of these tests.
pub(crate) fn scenario(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenario_files");
    folder.join(name).to_str().expect("the path is UTF-8").to_owned()
}

/// Returns a new empty folder.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// Returns the names of what is in a folder, hidden files included, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Returns every file below a folder with its contents.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("the folder can be read") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it lies below").to_owned();
                files.push((name, std::fs::read(&path).expect("it can be read")));
            }
        }
    }
    files.sort();
    files
}
