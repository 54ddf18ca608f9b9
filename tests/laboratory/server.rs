//! A running server, whichever it is.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::experiment::{Experiment, RELAY};
use super::observation::Observation;
use super::records::{Records, Source};
use super::{exim, opensmtpd, postfix, sendmail};

/// Names the folder in which servers are unpacked beside each other, each in a folder of its name;
/// Postfix is the machine's own.
pub(crate) const SERVERS: &str = "MAILSIM_SERVERS";

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    kind: String,
    process: Child,
    source: Option<Source>,
    /// Time between queue runs that are counted from the start and leave no trace [s].
    interval_s: Option<u64>,
    started: Instant,
}

/// Returns what is missing for a server, and how to get it.
pub(crate) fn what_is_missing(kind: &str) -> Option<String> {
    let needed = match kind {
        "postfix" => postfix::COMMAND.into(),
        "exim" => unpacked(kind).join(exim::PROGRAM),
        "opensmtpd" => unpacked(kind).join(opensmtpd::PROGRAM),
        "sendmail" => unpacked(kind).join(sendmail::PROGRAM),
        _ => return Some(format!("nobody here knows how to start {kind}")),
    };
    let missing = !Path::new(&needed).exists();
    missing.then(|| format!("{} is not there", needed.display()))
}

/// Returns the folder in which a server is unpacked.
pub(super) fn unpacked(kind: &str) -> std::path::PathBuf {
    let folder = std::env::var_os(SERVERS).unwrap_or_else(|| "servers".into());
    Path::new(&folder).join(kind)
}

impl Server {
    /// Starts the server of an experiment, with all its files in `folder`, and waits until its port
    /// answers.
    pub(crate) fn start(folder: &Path, experiment: &Experiment) -> io::Result<Self> {
        let (mut process, source) = match experiment.server.as_str() {
            "exim" => exim::start(folder, experiment)?,
            "opensmtpd" => opensmtpd::start(folder, experiment)?,
            "sendmail" => sendmail::start(folder, experiment)?,
            _ => postfix::start(folder, experiment)?,
        };
        let started = Instant::now();
        let deadline = started + Duration::from_secs(10);
        while std::net::TcpStream::connect((RELAY.1, 25)).is_err() {
            let ended = process.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                return Err(io::Error::other("the server does not answer on its port"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        let (kind, source) = (experiment.server.clone(), Some(source));
        let interval_s =
            experiment.seconds(sendmail::QUEUE_INTERVAL).filter(|_| kind == "sendmail");
        Ok(Self { kind, process, source, interval_s, started })
    }

    /// Begins to collect what the server says.
    pub(crate) fn collect(&mut self, clock: Clock) -> io::Result<Records> {
        self.source.take().expect("records are collected once").collect(clock)
    }

    /// Adds what the server said to what was seen.
    pub(crate) fn read(
        &self,
        records: &Records,
        clock: Clock,
        observation: &mut Observation,
    ) -> io::Result<()> {
        match self.kind.as_str() {
            "exim" => exim::read(&records.all(|line| exim::time(line, clock))?, observation),
            "opensmtpd" => opensmtpd::read(&records.all(|_| None)?, observation),
            "sendmail" => sendmail::read(&records.all(|_| None)?, observation),
            _ => postfix::read(&records.all(|_| None)?, observation),
        }
        if let Some(interval) = self.interval_s {
            let before = self.started.elapsed().as_secs_f64() - clock.now();
            let interval = interval as f64;
            observation.queue_runs.push(libm::ceil(before / interval) * interval - before);
        }
        Ok(())
    }
}

impl Drop for Server {
    /// Ends the server; what it started ends with the laboratory's process namespace.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a command; returns what it prints.
///
/// # Errors
/// What the command says, if it fails.
pub(crate) fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{command:?}: {}: {said}", output.status)))
}
