//! Sendmail 8.17.
//!
//! Sendmail has no scheduler: every queue run (`-q` on the daemon's command line) tries everything
//! that waits. A run is one process that reads the whole queue directory, sorts it by priority
//! (`queue_run`) and works through the jobs one after the other; a run that takes longer than the
//! interval is overtaken by the next one, which passes over the jobs that others have locked. Every
//! message that arrives has a process of its own for its first attempt. A process keeps to itself
//! what it learns of hosts (`host_status`) and its open connections, so that within a run one
//! failure spares the rest of a host's backlog the same trouble, and one connection takes all of it.
//! Within a message, a process looks up where its recipients go, and groups them by that
//! (`send_queue`, `signature`). Exchangers of equal preference are put in order anew for each
//! delivery. When all recipients of a message have been tried the same process looks at its age: it
//! is returned, or its sender warned. Only then is written down who has it (or after ten of them,
//! `CheckpointInterval`), so a crash before that sends it again. Notices are sent by the process
//! that made them, before its next job. The clock is read in whole seconds.
//!
//! Read in sendmail 8.17.1: `sendmail/queue.c` (`runqueue`, `run_work_group`, `gatherq`, `dowork`,
//! `readqf`), `deliver.c` (`sendall`, `sendenvelope`, `deliver`, `hostsignature`), `recipient.c`,
//! `domain.c` (`getmxrr`), `mci.c`, `envelope.c` (`dropenvelope`), `daemon.c` (`makeconnection`) and
//! `usersmtp.c`.
//!
//! Not modelled: load averages (`QueueLA`, `RefuseLA`, `DelayLA`), queue groups and several runners
//! at once, sort orders other than priority, `Precedence:` (which shifts priority and time-outs), and
//! the copy of a notice that cannot be returned which goes to the postmaster. An exchanger's
//! addresses are looked up with its name, where Sendmail asks for them when it connects (AAAA
//! before A) and remembers the host as failed if they cannot be had; where the exchanger is in the
//! host's own domain, it then asks for the name without that domain as well, and returns the mail if
//! there is no such name (`sm_gethostbyname` in `conf.c`). The process does not wait for the reply to
//! the QUIT that makes room in its cache of connections. Of recipients of one domain
//! the order in RCPT is that of the message.

mod host_status;
mod manager;
mod process;
mod queue_run;
mod send_queue;
mod settings;
mod signature;

pub use manager::Sendmail;
pub use settings::Settings;
