//! The scripted SMTP servers: they take everything but mail for an unknown local part.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::plan::{Host, UNKNOWN};

/// A message that a sink took.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) host: &'static str,
    /// When the reply to the dot was sent [s].
    pub(crate) at: f64,
    /// Whether the envelope sender was null: a notice.
    pub(crate) is_notice: bool,
    pub(crate) text: String,
}

/// How often a listener looks for connections, and at the time.
const PAUSE: Duration = Duration::from_millis(2);
/// How long a sink waits for a client.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves at the address of `host` until the process ends; nobody listens there during `outage`
/// (from and until, in seconds), so the kernel refuses connections.
pub(crate) fn serve(
    host: Host,
    outage: Option<(f64, f64)>,
    clock: Clock,
    taken: Sender<Taken>,
) -> io::Result<()> {
    let bind = move || -> io::Result<TcpListener> {
        let listener = TcpListener::bind((host.address, 25))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    let mut listener = Some(bind()?);
    thread::spawn(move || {
        loop {
            let now = clock.now();
            let down = outage.is_some_and(|(from, until)| (from..until).contains(&now));
            if down {
                listener = None;
            } else if listener.is_none() {
                listener = Some(bind().expect("the address was free before"));
            }
            match listener.as_ref().map(TcpListener::accept) {
                Some(Ok((stream, _))) => {
                    let taken = taken.clone();
                    // A session that breaks off is the client's affair.
                    thread::spawn(move || drop(session(host.name, &stream, clock, &taken)));
                }
                _ => thread::sleep(PAUSE),
            }
        }
    });
    Ok(())
}

fn session(
    host: &'static str,
    stream: &TcpStream,
    clock: Clock,
    taken: &Sender<Taken>,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream);
    let mut out = stream;
    out.write_all(format!("220 {host} ESMTP\r\n").as_bytes())?;
    let (mut is_notice, mut recipients) = (false, 0);
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        let reply = if command.starts_with("EHLO") {
            format!("250-{host}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
        } else if command.starts_with("MAIL FROM:") {
            (is_notice, recipients) = (command.starts_with("MAIL FROM:<>"), 0);
            "250 2.1.0 ok".to_owned()
        } else if command.starts_with(&format!("RCPT TO:<{}@", UNKNOWN.to_ascii_uppercase())) {
            "550 5.1.1 no such user".to_owned()
        } else if command.starts_with("RCPT TO:") {
            recipients += 1;
            "250 2.1.5 ok".to_owned()
        } else if command == "DATA" && recipients == 0 {
            "554 5.5.1 no valid recipients".to_owned()
        } else if command == "DATA" {
            out.write_all(b"354 go on\r\n")?;
            let text = body(&mut lines)?;
            out.write_all(b"250 2.0.0 stored\r\n")?;
            // Nobody listens any more when the experiment is over.
            let _ = taken.send(Taken { host, at: clock.now(), is_notice, text });
            continue;
        } else if command == "QUIT" {
            return out.write_all(b"221 2.0.0 bye\r\n");
        } else {
            "250 2.0.0 ok".to_owned()
        };
        out.write_all(format!("{reply}\r\n").as_bytes())?;
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
