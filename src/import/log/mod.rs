//! Logs of mail servers: the mail as it was, what became of it, and what failed.
//!
//! # Scope and limitations
//! Postfix and Sendmail by way of syslog or journald, Exim by its main log. What one program writes
//! knows the file of that name alone (`postfix`, `exim`, `sendmail`); `header` reads when and where
//! a line was written; `history` puts lines together to messages; `evidence` makes hosts, domains,
//! outages and mail of them. Refusals of strangers carry no message and are counted as foreign.
//!
//! # Design
//! Lines become small events with their texts in one arena, so that a million lines need some
//! hundred megabytes; events of several files are brought into order of time before they are read.

mod event;
mod evidence;
mod exim;
pub(super) mod failure;
mod greylisting;
mod handover;
pub(super) mod header;
mod history;
mod names;
mod outages;
mod pace;
mod postfix;
mod scans;
mod sendmail;
mod sessions;
mod sizes;
mod slowness;
mod starts;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::finding::{Class, FileReport, Ledger};
use super::kind::Kind;
use super::lines::{Line, Lines};
use super::network::Network;
use event::{Arena, Event, Span, What};
use header::{Head, SECOND, Stamp, Written};

pub use history::{History, Outcome, Recipient};
pub(super) use outages::mode_keys;

/// How stamps are read.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// The year of the first line of a log without years.
    pub year: Option<i64>,
    /// What the local time of stamps without zone is ahead of UTC \[min\].
    pub utc_offset: Option<i64>,
}

impl LogOptions {
    /// Reads an offset such as `+01:00`.
    ///
    /// # Errors
    /// If it is none.
    pub fn read_offset(text: &str) -> Result<i64, String> {
        match header::offset(text) {
            Some((offset, "")) => Ok(offset / (60 * SECOND)),
            _ if matches!(text, "Z" | "UTC") => Ok(0),
            _ => Err("expected an offset such as +01:00, or UTC".to_owned()),
        }
    }
}

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Postfix,
    Exim,
    Sendmail,
}

impl Family {
    fn profile(self) -> &'static str {
        match self {
            Self::Postfix => "postfix",
            Self::Exim => "exim",
            Self::Sendmail => "sendmail",
        }
    }
}

/// A server that wrote a log.
#[derive(Debug, Clone)]
struct Server {
    /// The host's name in the log, empty for Exim, which does not write it.
    host: String,
    /// The instance, such as `postfix` or `postfix-secondary`.
    instance: String,
    /// The name that the user gave.
    named: Option<String>,
    family: Family,
    version: String,
    /// The time between queue runs that it was started with \[s\].
    interval: Option<u64>,
    file: Arc<str>,
}

/// Logs in the making.
pub(super) struct Logs {
    options: LogOptions,
    arena: Arena,
    events: Vec<Event>,
    servers: Vec<Server>,
    /// Where stamps went back, and what was made of it.
    remarks: Vec<(Class, String, String)>,
}

/// Returns whether a line is of syslog or journald.
pub(super) fn is_syslog(line: &[u8]) -> bool {
    std::str::from_utf8(line).ok().and_then(header::syslog).is_some()
}

/// Returns whether a line is of Exim's main log.
pub(super) fn is_exim(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(exim::is_line)
}

/// A clock that went back by less is that of several machines writing into one file.
const JITTER: i64 = 120 * SECOND;
/// A clock that went back by at most this was set back, as in autumn.
const SET_BACK: i64 = 2 * 3600 * SECOND + JITTER;
/// A year that went back by at least this is the next one.
const TURN_OF_YEAR: i64 = 180 * 86_400 * SECOND;

/// Makes stamps of one file go forward.
struct Clock {
    offset: i64,
    year: i64,
    last: Option<Stamp>,
    shift: i64,
}

/// A stamp that cannot follow the one before it, by how much it is earlier \[µs\].
struct BackInTime(i64);

impl BackInTime {
    fn at(self, line: u64) -> io::Error {
        let hours = self.0 / (3600 * SECOND);
        io::Error::other(format!(
            "line {line} is {hours} hours earlier than one before it: a log goes forward. Were files \
             of different times joined? Give each as a file of its own"
        ))
    }
}

/// Reads the head of a line; one that has none is counted.
fn head<'l>(kind: Kind, line: &Line<'l>, report: &mut FileReport) -> Option<Head<'l>> {
    let Ok(text) = std::str::from_utf8(line.text) else {
        report.breaks(line.number, line.text, "no UTF-8");
        return None;
    };
    if line.cut {
        report.breaks(line.number, line.text, "longer than 64 KiB");
        return None;
    }
    if kind == Kind::EximLog {
        // Exim writes further lines of its own, as those of a crash, without a stamp.
        let head = exim::head(text);
        report.foreign_lines += u64::from(head.is_none());
        return head.map(|(stamp, message)| Head {
            stamp,
            host: "",
            program: "exim",
            pid: 0,
            message,
        });
    }
    let head = header::syslog(text);
    match head {
        None if text.trim().is_empty() => report.foreign_lines += 1,
        None => report.breaks(line.number, line.text, "no stamp, host and program"),
        Some(_) => {}
    }
    head
}

impl Clock {
    fn read(&mut self, written: Written) -> Result<Stamp, BackInTime> {
        let stamp = match written {
            Written::Whole(stamp) => return Ok(self.keep(stamp)),
            Written::Local(local) => local - self.offset,
            Written::WithoutYear { month, day, time } => {
                let at = |year| header::local(year, month, day, time) - self.offset;
                if self.last.is_some_and(|last| last - self.shift - at(self.year) > TURN_OF_YEAR) {
                    self.year += 1;
                }
                at(self.year)
            }
        };
        let back = self.last.map_or(0, |last| last - (stamp + self.shift));
        if back > SET_BACK {
            return Err(BackInTime(back));
        }
        if back > JITTER {
            self.shift += back;
        }
        Ok(self.keep(stamp + self.shift))
    }

    fn keep(&mut self, stamp: Stamp) -> Stamp {
        self.last = Some(self.last.map_or(stamp, |last| last.max(stamp)));
        stamp
    }
}

/// A year for logs that tell none: one with a 29th of February.
const SOME_YEAR: i64 = 2024;

impl Logs {
    pub(super) fn new(options: &LogOptions) -> Self {
        Self {
            options: options.clone(),
            arena: Arena::default(),
            events: Vec::new(),
            servers: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Reads a log.
    ///
    /// # Errors
    /// If it cannot be read on, or goes back in time by more than a clock that is set back does.
    pub(super) fn read(
        &mut self,
        file: &Arc<str>,
        kind: Kind,
        of: Option<&str>,
        lines: &mut Lines<'_>,
        report: &mut FileReport,
    ) -> io::Result<()> {
        let mut clock = Clock {
            offset: self.options.utc_offset.unwrap_or(0) * 60 * SECOND,
            year: self.options.year.unwrap_or(SOME_YEAR),
            last: None,
            shift: 0,
        };
        let mut servers: BTreeMap<(String, String), u16> = BTreeMap::new();
        let (mut yearless, mut zoneless) = (false, false);
        let mut several = Vec::new();
        let mut latest: Option<(String, String, u16)> = None;
        while let Some(line) = lines.next()? {
            report.lines += 1;
            let Some(head) = head(kind, &line, report) else { continue };
            yearless |= matches!(head.stamp, Written::WithoutYear { .. });
            zoneless |= !matches!(head.stamp, Written::Whole(_));
            let at = clock.read(head.stamp).map_err(|back| back.at(line.number))?;
            several.clear();
            let Some((family, instance)) = self.said(kind, &head, &mut several) else {
                report.foreign_lines += 1;
                continue;
            };
            let (host, pid) = (head.host, head.pid);
            if several.is_empty() {
                continue;
            }
            let same = latest.as_ref().filter(|(h, i, _)| h == host && i == instance);
            let server = match same {
                Some((_, _, server)) => *server,
                None => {
                    let key = (host.to_owned(), instance.to_owned());
                    let server = *servers
                        .entry(key)
                        .or_insert_with(|| self.server(host, instance, family, of, file));
                    latest = Some((host.to_owned(), instance.to_owned(), server));
                    server
                }
            };
            for (id, what) in several.drain(..) {
                let own = &mut self.servers[usize::from(server)];
                match what {
                    What::Version { text } => {
                        self.arena.get(text).clone_into(&mut own.version);
                        self.events.push(Event { at, server, pid, id, what: What::Started });
                    }
                    What::QueueInterval { seconds } => own.interval = Some(seconds),
                    what => self.events.push(Event { at, server, pid, id, what }),
                }
            }
        }
        self.remark(file, yearless, zoneless, clock.shift);
        Ok(())
    }

    /// Reads what a line says; none: it is no mail server's. Returns whose it is.
    fn said<'l>(
        &mut self,
        kind: Kind,
        head: &Head<'l>,
        found: &mut Vec<(Span, What)>,
    ) -> Option<(Family, &'l str)> {
        let (program, message) = (head.program, head.message);
        if kind == Kind::EximLog || matches!(program, "exim" | "exim4") {
            found.extend(exim::line(message, &mut self.arena));
            Some((Family::Exim, "exim"))
        } else if let Some((instance, daemon)) = postfix::program(program) {
            found.extend(postfix::line(daemon, message, &mut self.arena));
            Some((Family::Postfix, instance))
        } else if sendmail::is_program(program) {
            sendmail::line(message, &mut self.arena, found);
            Some((Family::Sendmail, program))
        } else {
            None
        }
    }

    /// Returns the number of a server, which may stand in several files.
    fn server(
        &mut self,
        host: &str,
        instance: &str,
        family: Family,
        of: Option<&str>,
        file: &Arc<str>,
    ) -> u16 {
        let named = of.map(super::network::canonical);
        let known = self.servers.iter().position(|server| {
            server.host == host && server.instance == instance && server.named == named
        });
        known.unwrap_or_else(|| {
            self.servers.push(Server {
                host: host.to_owned(),
                instance: instance.to_owned(),
                named,
                family,
                version: String::new(),
                interval: None,
                file: file.clone(),
            });
            self.servers.len() - 1
        }) as u16
    }

    fn remark(&mut self, file: &str, yearless: bool, zoneless: bool, shift: i64) {
        let mut say = |class, what: &str, says: String| {
            self.remarks.push((class, format!("{file}: {what}"), says));
        };
        if yearless && self.options.year.is_none() {
            let says = "its stamps have no year: --year tells that of the first line; it matters \
                        only where files of several years are joined, and for 29 February";
            say(Class::Assumed, "year", says.to_owned());
        }
        if zoneless && self.options.utc_offset.is_none() {
            let says = "its stamps have no zone and are taken as UTC: --utc-offset tells it; it \
                        matters only where files of several zones are joined";
            say(Class::Assumed, "zone", says.to_owned());
        }
        if shift > 0 {
            let says = format!(
                "the clock was set back by {} s, as in autumn: what follows is later by as much",
                shift / SECOND
            );
            say(Class::Assumed, "clock", says);
        }
    }

    /// Adds what the logs tell to the network. `configured`: hosts whose configuration is known.
    pub(super) fn finish(
        mut self,
        configured: &[String],
        network: &mut Network,
        ledger: &mut Ledger,
    ) -> Option<History> {
        if self.events.is_empty() {
            return None;
        }
        for (class, what, says) in std::mem::take(&mut self.remarks) {
            ledger.say(class, what, says);
        }
        // Files may come in any order, and several machines write into one.
        self.events.sort_by_key(|event| event.at);
        let names = evidence::server_names(&self.servers, configured, network, ledger);
        let mut history = history::gather(&self.events, &self.arena, &self.servers, names);
        evidence::add(&mut history, &self.servers, network, ledger);
        Some(history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock { offset: 0, year: 2023, last: None, shift: 0 }
    }

    fn yearless(month: u8, day: u8, hours: i64) -> Written {
        Written::WithoutYear { month, day, time: hours * 3600 * SECOND }
    }

    #[test]
    fn the_year_turns_and_a_clock_may_be_set_back() {
        let mut turning = clock();
        let december = turning.read(yearless(12, 31, 23)).ok().unwrap();
        let january = turning.read(yearless(1, 1, 1)).ok().unwrap();
        assert_eq!(january - december, 2 * 3600 * SECOND);
        let mut autumn = clock();
        let before = autumn.read(yearless(10, 29, 3)).ok().unwrap();
        let after = autumn.read(yearless(10, 29, 2)).ok().unwrap();
        assert_eq!(after - before, 0);
        let later = autumn.read(yearless(10, 29, 4)).ok().unwrap();
        assert_eq!(later - before, 2 * 3600 * SECOND);
    }

    #[test]
    fn a_log_that_goes_back_by_days_is_refused() {
        let mut clock = clock();
        assert!(clock.read(yearless(10, 29, 3)).is_ok());
        assert!(clock.read(yearless(10, 27, 3)).is_err());
    }
}
