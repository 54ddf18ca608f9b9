//! The scripted SMTP servers: they take everything but mail for an unknown local part, and fail as
//! the experiment says.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::clock::Clock;
use super::experiment::{Experiment, Sink, Stage, UNKNOWN, What};

/// A message that a sink took.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) host: String,
    /// When the reply to the dot was sent [s].
    pub(crate) at: f64,
    /// Whether the envelope sender was null: a notice.
    pub(crate) is_notice: bool,
    pub(crate) text: String,
}

/// How often a listener looks for connections, and at the time.
const PAUSE: Duration = Duration::from_millis(2);
/// How long a sink waits for a client.
const PATIENCE: Duration = Duration::from_secs(60);

/// When each pair of sender and recipient was first seen [s].
type Seen = Mutex<BTreeMap<(String, String), f64>>;

/// Serves as the sink at `place` until the process ends. While it refuses, nobody listens at its
/// address, so that the kernel refuses connections, and sessions that stand are closed.
pub(crate) fn serve(
    experiment: &Arc<Experiment>,
    place: usize,
    clock: Clock,
    taken: Sender<Taken>,
) -> io::Result<()> {
    let address = experiment.sinks[place].address.clone();
    let bind = move || -> io::Result<TcpListener> {
        let listener = TcpListener::bind((address.as_str(), 25))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    let mut listener = Some(bind()?);
    let (experiment, seen) = (Arc::clone(experiment), Arc::new(Seen::default()));
    thread::spawn(move || {
        let mut open: Vec<TcpStream> = Vec::new();
        loop {
            let sink = &experiment.sinks[place];
            let refuses = |what| matches!(what, What::Refuse).then_some(());
            if sink.fault(clock.now(), refuses).is_some() {
                listener = None;
                for stream in open.drain(..) {
                    // It may have ended long ago.
                    let _ = stream.shutdown(Shutdown::Both);
                }
            } else if listener.is_none() {
                listener = Some(bind().expect("the address was free before"));
            }
            match listener.as_ref().map(TcpListener::accept) {
                Some(Ok((stream, _))) => {
                    open.extend(stream.try_clone());
                    let (taken, experiment, seen) =
                        (taken.clone(), Arc::clone(&experiment), Arc::clone(&seen));
                    // A session that breaks off is the client's affair.
                    thread::spawn(move || {
                        let sink = &experiment.sinks[place];
                        let mut session = Session { sink, clock, taken: &taken, seen: &seen };
                        drop(session.run(&stream));
                        // The listener keeps a copy, so that only this closes it.
                        let _ = stream.shutdown(Shutdown::Both);
                    });
                }
                _ => thread::sleep(PAUSE),
            }
        }
    });
    Ok(())
}

struct Session<'a> {
    sink: &'a Sink,
    clock: Clock,
    taken: &'a Sender<Taken>,
    seen: &'a Seen,
}

impl Session<'_> {
    fn run(&mut self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let host = &self.sink.name;
        let mut lines = BufReader::new(stream);
        let mut out = stream;
        if let Some(refusal) = self.refusal(Stage::Greeting) {
            return out.write_all(refusal.as_bytes());
        }
        out.write_all(format!("220 {host} ESMTP\r\n").as_bytes())?;
        let (mut sender, mut recipients) = (String::new(), 0);
        let mut line = String::new();
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let command = line.trim_end().to_ascii_uppercase();
            let reply = if command.starts_with("EHLO") || command.starts_with("HELO") {
                self.refusal(Stage::Ehlo).unwrap_or_else(|| match command.starts_with("EHLO") {
                    true => format!(
                        "250-{host}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"
                    ),
                    false => format!("250 {host}\r\n"),
                })
            } else if command.starts_with("MAIL FROM:") {
                (sender, recipients) = (command, 0);
                self.refusal(Stage::Mail).unwrap_or_else(|| "250 2.1.0 ok\r\n".to_owned())
            } else if command.starts_with("RCPT TO:") {
                let reply = self.reply_to_recipient(&sender, &command);
                recipients += u32::from(reply.starts_with('2'));
                reply
            } else if command == "DATA" && recipients == 0 {
                "554 5.5.1 no valid recipients\r\n".to_owned()
            } else if command == "DATA" {
                match self.refusal(Stage::Data) {
                    Some(refusal) => refusal,
                    None => {
                        out.write_all(b"354 go on\r\n")?;
                        let text = body(&mut lines)?;
                        match self.reply_to_dot(sender.starts_with("MAIL FROM:<>"), text) {
                            Some(reply) => reply,
                            None => return Ok(()),
                        }
                    }
                }
            } else if command == "QUIT" {
                return out.write_all(b"221 2.0.0 bye\r\n");
            } else {
                "250 2.0.0 ok\r\n".to_owned()
            };
            out.write_all(reply.as_bytes())?;
        }
    }

    /// Returns the reply that refuses at a stage, if one does now.
    fn refusal(&self, wanted: Stage) -> Option<String> {
        let code = self.sink.fault(self.clock.now(), |what| match what {
            What::Answer { stage, code } if stage == wanted => Some(code),
            _ => None,
        })?;
        Some(format!("{code} {}.3.0 as the experiment says\r\n", code / 100))
    }

    fn reply_to_recipient(&self, sender: &str, command: &str) -> String {
        if command.starts_with(&format!("RCPT TO:<{}@", UNKNOWN.to_ascii_uppercase())) {
            return "550 5.1.1 no such user\r\n".to_owned();
        }
        let now = self.clock.now();
        let delay = self.sink.fault(now, |what| match what {
            What::Greylist { delay_s } => Some(delay_s),
            _ => None,
        });
        if let Some(delay) = delay {
            let pair = (sender.to_owned(), command.to_owned());
            let mut seen = self.seen.lock().expect("no session panicked");
            let first = *seen.entry(pair).or_insert(now);
            if now < first + delay {
                return "450 4.2.0 greylisted\r\n".to_owned();
            }
        }
        self.refusal(Stage::Rcpt).unwrap_or_else(|| "250 2.1.5 ok\r\n".to_owned())
    }

    /// Returns the reply to a message's dot; none: the connection is closed.
    fn reply_to_dot(&self, is_notice: bool, text: String) -> Option<String> {
        let slow = self.sink.fault(self.clock.now(), |what| match what {
            What::SlowDot { by_s } => Some(by_s),
            _ => None,
        });
        thread::sleep(Duration::from_secs_f64(slow.unwrap_or(0.0)));
        if let Some(refusal) = self.refusal(Stage::Dot) {
            return Some(refusal);
        }
        let (host, at) = (self.sink.name.clone(), self.clock.now());
        // Nobody listens any more when the experiment is over.
        let _ = self.taken.send(Taken { host, at, is_notice, text });
        let loses = |what| matches!(what, What::LoseReply).then_some(());
        match self.sink.fault(at, loses) {
            Some(()) => None,
            None => Some("250 2.0.0 stored\r\n".to_owned()),
        }
    }
}

/// Reads a message up to its final dot.
fn body(lines: &mut impl io::BufRead) -> io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(text);
        }
        text.push_str(&String::from_utf8_lossy(&line));
    }
}
