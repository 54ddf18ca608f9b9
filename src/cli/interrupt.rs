//! Ctrl-C: the run ends at the next opportunity, and what was half-written is removed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::status::ExitStatus;

/// Tells whether the user wants to stop.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt {
    wanted: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens to interrupts and requests to terminate from now on. The second one ends the
    /// program at once; `unfinished` is the folder that is removed then.
    pub(super) fn listen(unfinished: Option<PathBuf>) -> Self {
        let interrupt = Self::default();
        let wanted = interrupt.wanted.clone();
        let handler = move || {
            if wanted.swap(true, Ordering::Relaxed) {
                if let Some(folder) = &unfinished {
                    // The program ends; a folder that cannot be removed is left.
                    let _ = std::fs::remove_dir_all(folder);
                }
                std::process::exit(i32::from(ExitStatus::Interrupted.code()));
            }
        };
        // Where no handler can be set, an interrupt ends the program as it always did.
        let _ = ctrlc::set_handler(handler);
        interrupt
    }

    /// Returns what becomes true when the user wants to stop.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.wanted
    }

    /// Returns whether the user wants to stop.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }
}
