//! The delivery processes of a host that wait for work.

use crate::units::{SimDuration, SimTime};

/// How long a process waits for its next delivery before it ends (Postfix's `max_idle`, 100 s).
const MAX_IDLE: SimDuration = SimDuration::from_secs(100);

/// Idle delivery processes. A server forks one where none is idle (`src/master/master_avail.c` of
/// Postfix), which takes time; one that has become idle takes the next delivery at once.
#[derive(Debug, Default)]
pub(crate) struct Agents {
    /// When the one that works next became idle: most hosts have no other, and nothing elsewhere in
    /// memory need be read for it.
    latest: Option<SimTime>,
    /// When each of the others became idle, the latest last.
    earlier: Vec<SimTime>,
}

impl Agents {
    /// Takes an idle process; returns whether there was one.
    #[inline]
    pub(crate) fn take(&mut self, now: SimTime) -> bool {
        match self.latest.take() {
            Some(since) if now.since(since) <= MAX_IDLE => {
                self.latest = self.earlier.pop();
                true
            }
            // All others have been idle for longer.
            _ => {
                self.earlier.clear();
                false
            }
        }
    }

    /// A process has become idle.
    #[inline]
    pub(crate) fn put(&mut self, now: SimTime) {
        self.earlier.extend(self.latest.replace(now));
    }

    /// The server has stopped, and its processes with it.
    pub(crate) fn end(&mut self) {
        self.latest = None;
        self.earlier.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_waits_a_hundred_seconds_for_work() {
        let at = |second| SimTime::from_secs(second);
        let mut agents = Agents::default();
        assert!(!agents.take(at(0)), "the first delivery starts a process");
        agents.put(at(10));
        agents.put(at(20));
        assert!(agents.take(at(120)));
        assert!(!agents.take(at(120)), "the other one has ended at 110 s");
        agents.put(at(130));
        agents.put(at(140));
        assert!(agents.take(at(150)) && agents.take(at(150)), "both have waited for less");
        assert!(!agents.take(at(150)), "there is no third");
        agents.put(at(160));
        agents.end();
        assert!(!agents.take(at(161)));
    }
}
