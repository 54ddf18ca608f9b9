//! What a server says in its log, with the time at which each record came.

use std::io::{self, BufRead as _, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::clock::Clock;

/// One record.
#[derive(Debug)]
pub(crate) struct Record {
    /// When it came [s].
    pub(crate) at: f64,
    pub(crate) text: String,
}

/// Where a server's records come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A socket as syslog's.
    Socket(UnixDatagram),
    /// What the server writes as errors.
    Output(ChildStderr),
    /// A file whose lines begin with their own time, read at the end.
    File(PathBuf),
}

/// Records that are being collected.
#[derive(Debug)]
pub(crate) enum Records {
    Coming(Receiver<Record>),
    File(PathBuf),
}

impl Source {
    /// Begins to collect. (What was said before the clock was started waits and carries its first
    /// instant.)
    pub(crate) fn collect(self, clock: Clock) -> io::Result<Records> {
        let (sender, receiver) = channel();
        match self {
            Self::Socket(socket) => {
                socket.set_nonblocking(false)?;
                thread::spawn(move || {
                    let mut datagram = [0; 8192];
                    while let Ok(length) = socket.recv(&mut datagram) {
                        let text = String::from_utf8_lossy(&datagram[..length]);
                        let text = text.trim_end().to_owned();
                        if sender.send(Record { at: clock.now(), text }).is_err() {
                            return;
                        }
                    }
                });
            }
            Self::Output(output) => {
                thread::spawn(move || {
                    for text in BufReader::new(output).lines().map_while(Result::ok) {
                        if sender.send(Record { at: clock.now(), text }).is_err() {
                            return;
                        }
                    }
                });
            }
            Self::File(path) => return Ok(Records::File(path)),
        }
        Ok(Records::Coming(receiver))
    }
}

impl Records {
    /// Returns all that came so far; `time` reads the time at the beginning of a file's line [s].
    pub(crate) fn all(&self, time: impl Fn(&str) -> Option<f64>) -> io::Result<Vec<Record>> {
        match self {
            Self::Coming(receiver) => Ok(receiver.try_iter().collect()),
            Self::File(path) => {
                let text = std::fs::read_to_string(path)?;
                let record = |line: &str| Some(Record { at: time(line)?, text: line.to_owned() });
                Ok(text.lines().filter_map(record).collect())
            }
        }
    }
}
