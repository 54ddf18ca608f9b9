//! What a run of the program takes: processor time and memory, as Linux tells.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// What a process took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Taken {
    /// Processor time, user and system \[s\].
    pub(crate) seconds: f64,
    /// Most memory held at once \[MiB\].
    pub(crate) mebibytes: f64,
}

/// Runs `mailsim run` without tables and charts.
pub(crate) fn run(scenario: &Path, out: &Path, arguments: &[String]) -> Taken {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mailsim"))
        .args(["run", "--quiet", "--no-tables", "--no-charts", "--out"])
        .args([out, scenario])
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    let of_child = Path::new("/proc").join(child.id().to_string());
    let mut taken = Taken::default();
    // An ended process that nobody has waited for still tells its time, but no longer its memory.
    while let Some((ended, seconds)) = state_and_time(&of_child) {
        taken.seconds = seconds;
        if ended {
            break;
        }
        taken.mebibytes = peak_memory(&of_child).unwrap_or(taken.mebibytes);
        thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().expect("it is our child").success(), "{scenario:?} runs");
    taken
}

/// Returns whether the process has ended, and its processor time in seconds.
fn state_and_time(of_process: &Path) -> Option<(bool, f64)> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = fs::read_to_string(of_process.join("stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((fields.first() == Some(&"Z"), (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND))
}

fn peak_memory(of_process: &Path) -> Option<f64> {
    let text = fs::read_to_string(of_process.join("status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kibibytes| kibibytes / 1024.0)
}
