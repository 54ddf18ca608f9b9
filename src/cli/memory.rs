//! How much memory a command may take. A scenario may ask for more hosts, mailboxes or mail than the
//! machine has room for; better a clear end than a system that kills whom it likes.
//!
//! What a scenario needs at the least is reckoned from its text, and one that needs more than there may be is
//! not even built. Beyond that, a thread of its own looks ten times a second at what the system says the program holds. Whatever is
//! half-written is removed, and a former result stays what it was. Where the system does not tell
//! (`/proc` of Linux), nobody looks.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crate::scenario::{Override, edited};
use crate::units::Octets;

use super::error::CommandError;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Between two looks; at 1 GB/s, the system's own pace of giving memory out, a tenth of a gigabyte.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What a host takes at the least once it is built, without any mail (2.7 kB measured, of 200,000 like hosts)
/// \[octets\].
const EACH_HOST: u64 = 2_000;
/// The same of a domain (1.1 kB measured).
const EACH_DOMAIN: u64 = 800;
/// A file without a number of so many digits describes nothing large.
const DIGITS_OF_MANY: usize = 5;

/// The most that may be held, as [`watch`] was told.
static LIMIT: OnceLock<u64> = OnceLock::new();

/// The folder that is half-written, to be removed by whoever ends the program early.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Lets whoever ends the program early know which folder is half-written.
pub(super) fn note_unfinished(folder: Option<PathBuf>) {
    *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner) = folder;
}

/// Ends the program now: what is half-written is removed.
pub(super) fn end(status: ExitStatus) -> ! {
    if let Some(folder) = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // The program ends; a folder that cannot be removed is left, and found the next time.
        let _ = fs::remove_dir_all(folder);
    }
    std::process::exit(i32::from(status.code()))
}

/// Watches from now on that the program takes no more than `limit`, or than nine tenths of what the
/// machine has.
pub(super) fn watch(limit: Option<Octets>, terminal: Terminal) {
    let Some(limit) = limit.map(Octets::get).or_else(most) else {
        return;
    };
    // Whoever runs several commands in one process is held to the first limit.
    let _ = LIMIT.set(limit);
    let look = move || {
        while let Some(held) = held() {
            if held > limit {
                let (held, limit) = (mebibytes(held), mebibytes(limit));
                terminal.error(&format!(
                    "out of memory: the program holds {held} MiB, more than the {limit} MiB that it \
                     may take; nothing was written. Ask for fewer hosts, mailboxes or messages, \
                     leave out tables and charts (--no-tables --no-charts), or raise --memory-limit"
                ));
                end(ExitStatus::ReadingOrWritingFailed);
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    };
    // Where no thread can be started, there is no memory to watch either.
    let _ = thread::Builder::new().name("memory".to_owned()).spawn(look);
}

/// Refuses a scenario that needs more than there may be, whatever happens in it, before it is built. What
/// cannot be read here is told by whoever reads it.
///
/// # Errors
/// With the estimate.
pub(super) fn foresee(text: &str, changes: &[Override]) -> Result<(), CommandError> {
    let Some(&limit) = LIMIT.get() else { return Ok(()) };
    let written = changes.iter().map(Override::as_argument);
    if !std::iter::once(text.to_owned()).chain(written).any(|text| tells_of_many(&text)) {
        return Ok(());
    }
    let changed = if changes.is_empty() { None } else { edited(text, changes).ok() };
    let (hosts, domains) = counts(changed.as_deref().unwrap_or(text));
    let need = hosts.saturating_mul(EACH_HOST).saturating_add(domains.saturating_mul(EACH_DOMAIN));
    if need <= limit {
        return Ok(());
    }
    let (need_mib, limit_mib) = (mebibytes(need), mebibytes(limit));
    Err(CommandError::TooMuchMemory { need_mib, limit_mib, hosts, domains })
}

fn tells_of_many(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_digit() || c == '_';
    text.split(|c| !digits(c)).any(|number| number.len() >= DIGITS_OF_MANY)
}

/// Returns how many hosts and domains a text describes.
fn counts(text: &str) -> (u64, u64) {
    let Ok(tables) = text.parse::<toml::Table>() else { return (0, 0) };
    let count = |key: &str| -> u64 {
        let entries = tables.get(key).and_then(toml::Value::as_array).into_iter().flatten();
        let counts = entries.map(|entry| {
            let count = entry.get("count").and_then(toml::Value::as_integer);
            count.and_then(|count| u64::try_from(count).ok()).unwrap_or(1)
        });
        counts.fold(0, u64::saturating_add)
    };
    (count("host"), count("domain"))
}

fn mebibytes(octets: u64) -> u64 {
    octets.div_ceil(1 << 20)
}

/// Returns nine tenths of the machine's memory, or of what its group of processes may take.
fn most() -> Option<u64> {
    let machine = kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|text| text.trim().parse().ok()).unwrap_or(u64::MAX);
    Some(machine.min(group) / 10 * 9)
}

/// Returns how much memory the program holds.
fn held() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// Returns the figure after `name`, which the system tells in kibibytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_domains_are_counted_with_their_copies() {
        let text = "[[host]]\ncount = 1_000_000\n[[host]]\n[[domain]]\ncount = 20_000\n";
        assert_eq!(counts(text), (1_000_001, 20_000));
        assert_eq!(counts("[[host]]\ncount = -1\n"), (1, 0));
        assert_eq!(counts("no table"), (0, 0));
        assert!(tells_of_many(text) && !tells_of_many("count = 9_99\nport = 2525"));
    }

    #[test]
    fn the_system_tells_in_kibibytes() {
        let text = "MemTotal:       24000000 kB\nMemFree:  1 kB\n";
        assert_eq!(kibibytes(text, "MemTotal:"), Some(24_576_000_000));
        assert_eq!(kibibytes(text, "VmRSS:"), None);
    }
}
