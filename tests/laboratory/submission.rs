//! The mail program: one session for each message.

use std::io::{self, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::clock::Clock;
use super::experiment::{HOME, MUA, Mail, RELAY};

/// How long the mail program waits for a reply.
const PATIENCE: Duration = Duration::from_secs(20);

/// Submits a message at its time; returns when the reply to the dot was read [s].
pub(crate) fn submit(mail: &Mail, clock: Clock) -> io::Result<f64> {
    clock.sleep_until(mail.at_s);
    let stream = TcpStream::connect((RELAY.1, 25))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut replies = BufReader::new(&stream);
    let mut out = &stream;
    let mut expect = |command: String, code: &str| -> io::Result<()> {
        out.write_all(command.as_bytes())?;
        let reply = reply(&mut replies)?;
        let refused = || io::Error::other(format!("`{command}` got `{reply}`"));
        if reply.starts_with(code) { Ok(()) } else { Err(refused()) }
    };
    let sender = format!("{}@{HOME}", mail.id);
    let recipient = format!("{}@{}", mail.to, mail.domain);
    expect(String::new(), "220")?;
    expect(format!("EHLO {}\r\n", MUA.0), "250")?;
    expect(format!("MAIL FROM:<{sender}>\r\n"), "250")?;
    expect(format!("RCPT TO:<{recipient}>\r\n"), "250")?;
    expect("DATA\r\n".to_owned(), "354")?;
    let header = format!("From: <{sender}>\r\nTo: <{recipient}>\r\n");
    expect(format!("{header}{}{}\r\n\r\nHello.\r\n.\r\n", SUBJECT, mail.id), "250")?;
    let accepted = clock.now();
    expect("QUIT\r\n".to_owned(), "221")?;
    Ok(accepted)
}

/// What the subject field of each message begins with; its name in the plan follows.
pub(crate) const SUBJECT: &str = "Subject: message ";

/// Reads a reply of one or more lines; returns the last one.
fn reply(lines: &mut impl io::BufRead) -> io::Result<String> {
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line);
        }
    }
}
