//! A session of SMTP in which a message is handed out to a real server: the client's side of the wire.
//!
//! It says what a plain relay says, EHLO (or HELO), MAIL, RCPT for each recipient, DATA, QUIT, and reports
//! how far it came. What that means for the message, the client's host in the run decides. lettre was
//! weighed: it gives up at the first refused recipient, and tells no stage.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::mail::{AttemptOutcome, Reply, Stage, Status};
use crate::scenario::{Answered, ErrandId};

/// A message on its way out.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) id: ErrandId,
    /// Where the real server listens.
    pub(super) address: SocketAddr,
    /// What the client calls itself.
    pub(super) hello: String,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) text: Vec<u8>,
}

/// Where a session ended before its time.
struct Stopped {
    stage: Stage,
    outcome: AttemptOutcome,
    reply: Option<Reply>,
}

/// No reply of a server that means well is longer.
const REPLY: u64 = 64 << 10;

/// A session under way.
struct Session<'l> {
    stream: BufReader<TcpStream>,
    log: &'l mut Vec<String>,
    extensions: String,
}

/// Hands a message out, and waits for each reply no longer than `patience`. Returns how that went, and
/// what was said.
pub(super) fn hand_out(letter: &Letter, patience: Duration) -> (Answered, Vec<String>) {
    let (mut log, mut recipients) = (Vec::new(), Vec::new());
    let ended = converse(letter, patience, &mut recipients, &mut log);
    let (stage, outcome, reply) = match ended {
        Ok((stage, reply)) => (stage, AttemptOutcome::Accepted, reply),
        Err(Stopped { stage, outcome, reply }) => {
            if reply.is_none() {
                log.push(format!("-- {} at {}", outcome.as_str(), stage.as_str()));
            }
            (stage, outcome, reply)
        }
    };
    (Answered { id: letter.id, stage, outcome, reply, recipients }, log)
}

fn converse(
    letter: &Letter,
    patience: Duration,
    recipients: &mut Vec<Option<Reply>>,
    log: &mut Vec<String>,
) -> Result<(Stage, Option<Reply>), Stopped> {
    let failed = |cause: io::Error| stopped(Stage::Connect, &cause);
    let stream = TcpStream::connect_timeout(&letter.address, patience).map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    stream.set_read_timeout(Some(patience)).map_err(failed)?;
    stream.set_write_timeout(Some(patience)).map_err(failed)?;
    let mut session = Session { stream: BufReader::new(stream), log, extensions: String::new() };
    session.hears(Stage::Greeting)?;
    if session.says(Stage::Ehlo, &format!("EHLO {}", letter.hello)).is_err() {
        session.extensions.clear();
        session.says(Stage::Ehlo, &format!("HELO {}", letter.hello))?;
    }
    let parameters = session.parameters(letter);
    session.says(Stage::Mail, &format!("MAIL FROM:<{}>{parameters}", letter.from))?;
    for to in &letter.to {
        match session.says(Stage::Rcpt, &format!("RCPT TO:<{to}>")) {
            Ok(reply) => recipients.push(Some(reply)),
            // A server that says so closes (RFC 5321 §3.8).
            Err(Stopped { reply: Some(reply), .. }) if reply.code != 421 => {
                recipients.push(Some(reply));
            }
            Err(stopped) => return Err(stopped),
        }
    }
    if !recipients.iter().flatten().any(|reply| reply.is_positive()) {
        session.leaves();
        return Ok((Stage::Rcpt, None));
    }
    session.says(Stage::Data, "DATA")?;
    session.sends(&stuffed(&letter.text)).map_err(|cause| stopped(Stage::Body, &cause))?;
    session.log.push(format!("C: ({} octets)", letter.text.len()));
    let taken = session.hears(Stage::Dot)?;
    session.leaves();
    Ok((Stage::Dot, Some(taken)))
}

impl Session<'_> {
    /// Returns what MAIL says besides, as far as the server knows it.
    fn parameters(&self, letter: &Letter) -> String {
        let offers = |word: &str| {
            let mut lines = self.extensions.lines();
            lines.any(|line| line.split(' ').next().is_some_and(|is| is.eq_ignore_ascii_case(word)))
        };
        let mut text = String::new();
        if offers("SIZE") {
            text.push_str(&format!(" SIZE={}", letter.text.len()));
        }
        if !letter.text.is_ascii() && offers("8BITMIME") {
            text.push_str(" BODY=8BITMIME");
        }
        let ascii = letter.to.iter().all(|to| to.is_ascii()) && letter.from.is_ascii();
        if !ascii && offers("SMTPUTF8") {
            text.push_str(" SMTPUTF8");
        }
        text
    }

    fn sends(&mut self, octets: &[u8]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(octets)?;
        stream.flush()
    }

    fn says(&mut self, stage: Stage, line: &str) -> Result<Reply, Stopped> {
        self.log.push(format!("C: {line}"));
        self.sends(format!("{line}\r\n").as_bytes()).map_err(|cause| stopped(stage, &cause))?;
        self.hears(stage)
    }

    /// Hears a reply; one that is not hoped for ends the session.
    fn hears(&mut self, stage: Stage) -> Result<Reply, Stopped> {
        let lost = || Stopped { stage, outcome: AttemptOutcome::Lost, reply: None };
        let mut left = REPLY;
        let mut texts = Vec::new();
        let reply = loop {
            let mut line = Vec::new();
            let mut limited = (&mut self.stream).take(left);
            let read =
                limited.read_until(b'\n', &mut line).map_err(|cause| stopped(stage, &cause))?;
            left = left.saturating_sub(read as u64);
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if read == 0 {
                return Err(lost());
            }
            self.log.push(format!("S: {line}"));
            let code = line.get(..3).and_then(|code| code.parse::<u16>().ok()).ok_or_else(lost)?;
            texts.push(line.get(4..).unwrap_or_default().to_owned());
            if line.as_bytes().get(3) != Some(&b'-') {
                break reply(code, texts.last().map_or("", String::as_str));
            }
        };
        if stage == Stage::Ehlo {
            self.extensions = texts.join("\n");
        }
        let hoped_for = if stage == Stage::Data { 300..400 } else { 200..300 };
        if hoped_for.contains(&reply.code) {
            return Ok(reply);
        }
        let permanent = (500..600).contains(&reply.code);
        let outcome = if permanent { AttemptOutcome::Permfail } else { AttemptOutcome::Tempfail };
        Err(Stopped { stage, outcome, reply: Some(reply) })
    }

    /// Says QUIT; whatever is answered changes nothing.
    fn leaves(&mut self) {
        let _ = self.says(Stage::Local, "QUIT");
    }
}

/// Returns a reply with the enhanced status that its text begins with, or the class alone.
fn reply(code: u16, text: &str) -> Reply {
    let class = u8::try_from(code / 100).unwrap_or(5);
    let stated = text.split(' ').next().and_then(|word| word.parse::<Status>().ok());
    let stated = stated.filter(|status| status.class == class);
    Reply::new(code, stated.unwrap_or(Status::new(class, 0, 0)))
}

fn stopped(stage: Stage, cause: &io::Error) -> Stopped {
    let outcome = match cause.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => AttemptOutcome::Timeout,
        _ if stage == Stage::Connect => AttemptOutcome::Refused,
        _ => AttemptOutcome::Lost,
    };
    Stopped { stage, outcome, reply: None }
}

/// Returns a message as it goes over the wire, with the dot at its end (RFC 5321 §4.5.2).
fn stuffed(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len() + 16);
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            octets.push(b'.');
        }
        octets.extend_from_slice(line);
    }
    if !octets.ends_with(b"\r\n") {
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend_from_slice(b".\r\n");
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn letter(address: SocketAddr) -> Letter {
        Letter {
            id: ErrandId { delivery: 1, number: 1 },
            address,
            hello: "relay.example".to_owned(),
            from: "a@sender.example".to_owned(),
            to: vec!["b@real.example".to_owned(), "c@real.example".to_owned()],
            text: b"A: b\r\n\r\n.dot\r\n".to_vec(),
        }
    }

    /// Hands a message to a server that says these replies; returns the answer and what it heard.
    fn against(replies: &[&str]) -> (Answered, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let replies: Vec<String> = replies.iter().map(|reply| format!("{reply}\r\n")).collect();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            let (mut heard, mut in_text) = (String::new(), false);
            for reply in replies {
                (&stream).write_all(reply.as_bytes()).unwrap();
                in_text |= reply.starts_with("354");
                loop {
                    let before = heard.len();
                    if lines.read_line(&mut heard).unwrap_or(0) == 0 {
                        return heard;
                    }
                    if !in_text || &heard[before..] == ".\r\n" {
                        in_text = false;
                        break;
                    }
                }
            }
            heard
        });
        let (answered, _) = hand_out(&letter(address), Duration::from_secs(5));
        (answered, server.join().unwrap())
    }

    #[test]
    fn what_a_server_says_is_reported_by_stage() {
        let taken =
            ["220 x", "250-x\r\n250 SIZE 9", "250 2.1.0 ok", "250 2.1.5 ok", "550 5.1.1 no"];
        let (answered, heard) =
            against(&[&taken[..], &["354 go", "250 2.0.0 ok", "221 bye"]].concat());
        let reply =
            |code, class, subject, detail| Reply::new(code, Status::new(class, subject, detail));
        assert_eq!((answered.stage, answered.outcome), (Stage::Dot, AttemptOutcome::Accepted));
        assert_eq!(answered.recipients, [Some(reply(250, 2, 1, 5)), Some(reply(550, 5, 1, 1))]);
        assert!(heard.contains("MAIL FROM:<a@sender.example> SIZE=14\r\n"), "{heard}");
        assert!(heard.contains("\r\n\r\n..dot\r\n.\r\n"), "{heard}");
        let (answered, _) = against(&["421 4.3.2 later"]);
        assert_eq!((answered.stage, answered.outcome), (Stage::Greeting, AttemptOutcome::Tempfail));
        assert_eq!(answered.reply, Some(reply(421, 4, 3, 2)));
        let (answered, _) = against(&["220 x", "500 what", "250 x", "550 no", "x"]);
        assert_eq!((answered.stage, answered.reply), (Stage::Mail, Some(reply(550, 5, 0, 0))));
        let (answered, _) =
            against(&["220 x", "250 x", "250 ok", "450 4.2.0 a", "550 5.1.1 b", "221 x"]);
        assert_eq!((answered.stage, answered.outcome), (Stage::Rcpt, AttemptOutcome::Accepted));
        let (answered, _) = against(&["220 x", "250 x"]);
        assert_eq!((answered.stage, answered.outcome), (Stage::Mail, AttemptOutcome::Lost));
    }

    #[test]
    fn a_port_without_a_server_refuses() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (answered, _) = hand_out(&letter(address), Duration::from_secs(5));
        assert_eq!((answered.stage, answered.outcome), (Stage::Connect, AttemptOutcome::Refused));
    }
}
