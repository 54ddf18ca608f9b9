//! qmail and notqmail.
//!
//! `qmail-send` keeps two channels, one for mailboxes of the host and one for mail that leaves. In
//! each a message has its own time for the next pass ([`schedule`]), fixed when a pass begins; it looks
//! at what is due when something wakes it, and sleeps a second longer than it would have to. A
//! pass hands every recipient that is left to a process of its own, as far as the channel's
//! concurrency goes; nothing else limits how many of them go to one host. What went wrong is
//! collected and told in one notice when no recipient is left in either channel, so a recipient
//! that is refused at once is reported only after the last one has been delivered or given up. There
//! is no delay notice. `qmail-remote` notes addresses that do not answer in a small table
//! (`tcpto`) which all its processes share.
//!
//! Read in notqmail 1.08: `qmail-send.c` (`nextretry`, `pass_dochan`, `del_dochan`, `job_close`,
//! `messdone`), `prioq.c`, `qmail-remote.c`, `tcpto.c`, `dns.c`, and held against recordings of it.
//!
//! Not modelled: the notice about a notice that cannot be delivered, which goes to the postmaster
//! (`doublebounceto`), deliveries that are put off for want of memory or disk, and that
//! `qmail-remote` greets with HELO (here EHLO, which takes as long, without use of what it offers).

mod manager;
mod prioq;
pub mod schedule;
mod settings;
mod tcpto;

pub use manager::Qmail;
pub use settings::Settings;
