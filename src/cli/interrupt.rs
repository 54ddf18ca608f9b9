//! Ctrl-C: the run ends at the next opportunity, and what was half-written is removed.
//!
//! Whoever works looks now and then whether to stop, and then says what is kept. Not every piece of work
//! can look often enough: after [`PATIENCE`] the program ends all the same. Nothing that is kept is harmed
//! by that, as by no end at any instant: results come under their names whole.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::memory;
use super::status::ExitStatus;

/// So long whoever works may go on before the program ends without asking.
const PATIENCE: Duration = Duration::from_millis(800);

/// Tells whether the user wants to stop.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt {
    wanted: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens to interrupts and requests to terminate from now on. The second one ends the
    /// program at once, the first after [`PATIENCE`]; `unfinished` is the folder that is removed then.
    pub(super) fn listen(unfinished: Option<PathBuf>) -> Self {
        let interrupt = Self::default();
        let wanted = interrupt.wanted.clone();
        memory::note_unfinished(unfinished);
        let handler = move || {
            if wanted.swap(true, Ordering::Relaxed) {
                memory::end(ExitStatus::Interrupted);
            }
            let end = || {
                thread::sleep(PATIENCE);
                memory::end(ExitStatus::Interrupted);
            };
            // Where no thread can be started, the second interrupt ends it.
            let _ = thread::Builder::new().spawn(end);
        };
        // Where no handler can be set, an interrupt ends the program as it always did.
        let _ = ctrlc::set_handler(handler);
        interrupt
    }

    /// Returns what becomes true when the user wants to stop.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.wanted
    }

    /// Returns the same, for threads that outlive it.
    pub(super) fn shared(&self) -> Arc<AtomicBool> {
        self.wanted.clone()
    }

    /// Returns whether the user wants to stop.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }
}
