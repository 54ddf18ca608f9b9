//! Hostile octets, idle connections, and clients that never read.
//!
//! An hour of it: `MAILSIM_HARM_SECONDS=3600 cargo test --test live -- hostile --nocapture`. Measured, not
//! optimised and on a busy machine of two cores: 116,071 throws of octets beside a thousand connections that
//! idle and twenty that never read, 191 MB of memory at most, a record of 17 MB. In release, 20 connections
//! handed over 2,770 messages of 2 kB a second where time stands still, and 2,620 at sixty times the speed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::program::{Live, raw};

const SERVICES: [&str; 6] = ["smtp", "submission", "submissions", "pop3", "imap", "imaps"];

/// Words that a fuzzer strings together, with random octets between them.
const WORDS: [&str; 40] = [
    "EHLO a.example\r\n",
    "MAIL FROM:<me@my.example>",
    "MAIL FROM:<> SIZE=99999999999999999999",
    "RCPT TO:<bob@recipient.example>\r\n",
    "DATA\r\n",
    "\r\n.\r\n",
    "\n.\n",
    "BDAT 18446744073709551615",
    "BDAT 5 LAST\r\n",
    "RSET\r\n",
    "STARTTLS\r\n",
    "AUTH PLAIN ",
    "AUTH LOGIN\r\n",
    "AGJvYgB4",
    "*\r\n",
    "VRFY \"",
    "a LOGIN bob {3}\r\n",
    "a LOGIN bob x\r\n",
    "b SELECT INBOX\r\n",
    "c FETCH 1:* (BODY[1.1.1.1.1.MIME]<0.99999999999>)\r\n",
    "d UID SEARCH OR OR OR NOT NOT ALL\r\n",
    "e APPEND INBOX {99999999}\r\n",
    "f APPEND Junk {4+}\r\nabcd\r\n",
    "g IDLE\r\n",
    "DONE\r\n",
    "h STORE 1 FLAGS ((((((((((((((((((((((((((\r\n",
    "i LIST \"%*%*%*%*%*\" \"*%*%*%*%*%*%*%*%*x\"\r\n",
    "j AUTHENTICATE PLAIN\r\n",
    "k RENAME INBOX x\r\n",
    "USER bob\r\n",
    "PASS x\r\n",
    "RETR 1\r\n",
    "TOP 1 18446744073709551615\r\n",
    "DELE 0\r\n",
    "UIDL 99999999999999999999\r\n",
    "QUIT\r\n",
    "\r\n",
    "\0\0\0\0",
    "\u{feff}\u{202e}",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
];

fn noise(random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut octets = Vec::new();
    for _ in 0..random.random_range(1..30) {
        match random.random_range(0..10) {
            0 => octets.extend((0..random.random_range(1..200)).map(|_| random.random::<u8>())),
            1 => octets.extend(std::iter::repeat_n(b'A', random.random_range(1..70_000))),
            _ => octets.extend(WORDS[random.random_range(0..WORDS.len())].as_bytes()),
        }
    }
    octets
}

/// Octets on every port, with connections that idle and clients that never read beside them; memory stays
/// within bounds. `MAILSIM_HARM_SECONDS=3600` makes it an hour, and says each minute what was seen.
#[test]
fn hostile_octets_on_every_port_harm_nobody() {
    let seconds = std::env::var("MAILSIM_HARM_SECONDS").ok().and_then(|text| text.parse().ok());
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds.unwrap_or(4));
    let idlers = if seconds.is_some() { 1000 } else { 50 };
    let mut live = Live::start("", &["--speed=60"]);
    let http: u16 = live.http_port();
    let ports: Vec<u16> = SERVICES.iter().map(|name| live.port(name)).chain([http]).collect();
    let throws = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (ports, throws) = (&ports, &throws);
            scope.spawn(move || {
                let mut random = ChaCha8Rng::seed_from_u64(thread);
                while Instant::now() < until {
                    let port = ports[random.random_range(0..ports.len())];
                    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                    let patience = Duration::from_millis(20);
                    stream.set_read_timeout(Some(patience)).unwrap();
                    stream.set_write_timeout(Some(patience)).unwrap();
                    // Whoever is cut off has what he asked for.
                    let _ = stream.write_all(&noise(&mut random));
                    let _ = stream.read(&mut [0; 4096]);
                    throws.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let imap = live.port("imap");
        scope.spawn(move || {
            while Instant::now() < until {
                let connect = || TcpStream::connect(("127.0.0.1", imap)).ok();
                let idle: Vec<_> = (0..idlers).filter_map(|_| connect()).collect();
                let deaf: Vec<_> = (0..20).filter_map(|_| deaf(imap)).collect();
                // The server lets those go that have said nothing for half an hour of its time.
                let pause = until.saturating_duration_since(Instant::now());
                thread::sleep(pause.min(Duration::from_secs(40)));
                drop((idle, deaf));
            }
        });
        while Instant::now() < until {
            let pause = until.saturating_duration_since(Instant::now());
            thread::sleep(pause.min(Duration::from_secs(60)));
            if seconds.is_some() {
                let record = std::fs::metadata(live.record()).map_or(0, |file| file.len());
                println!(
                    "{} s: {} throws, {} MB resident, a record of {} MB",
                    begun.elapsed().as_secs(),
                    throws.load(Ordering::Relaxed),
                    live.resident() >> 20,
                    record >> 20
                );
            }
        }
    });
    assert!(live.is_running());
    let heard = raw(live.port("smtp"), b"QUIT\r\n");
    assert!(heard.starts_with("220 ") && heard.contains("\r\n221 "), "{heard}");
    assert!(live.resident() < 1500 << 20, "{} octets", live.resident());
    live.end();
}

/// A client that has much said to it, and reads nothing.
fn deaf(port: u16) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_write_timeout(Some(Duration::from_millis(200))).ok()?;
    // It is written to until nothing more fits.
    let _ = stream.write_all("a CAPABILITY\r\n".repeat(2_000).as_bytes());
    Some(stream)
}

#[test]
fn when_the_record_is_full_nobody_is_served_and_it_is_told() {
    let live = Live::start("", &["--speed=0", "--most-inputs=4"]);
    let heard = raw(live.port("smtp"), b"EHLO a.example\r\nNOOP\r\nNOOP\r\nNOOP\r\n");
    assert!(heard.ends_with("\r\n421 4.3.2 The record of this run is full\r\n"), "{heard}");
    assert_eq!(raw(live.port("smtp"), b""), "");
    assert_eq!(live.get("/state")["full"], true);
    let (said, _) = live.end();
    assert!(said.contains("4 inputs had come in"), "{said}");
}

#[test]
fn a_thousand_idle_connections_and_clients_that_never_read_hinder_nobody() {
    let live = Live::start("[[host]]\nname = \"unused.example\"\n", &["--speed=0"]);
    let connect = |service: &str| TcpStream::connect(("127.0.0.1", live.port(service))).unwrap();
    let idle: Vec<TcpStream> = (0..1000).map(|_| connect("imap")).collect();
    let deaf: Vec<TcpStream> = (0..20).filter_map(|_| deaf(live.port("imap"))).collect();
    let begun = Instant::now();
    let heard = raw(live.port("smtp"), b"EHLO a.example\r\nQUIT\r\n");
    assert!(heard.contains("\r\n221 "), "{heard}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    drop((idle, deaf));
    live.end();
}

/// A thousand messages a second of 2 kB over 20 connections: run it in release with `--ignored`.
#[test]
#[ignore = "a measurement: cargo test --release --test live -- --ignored --nocapture thousand"]
fn a_thousand_messages_a_second_are_taken() {
    const CONNECTIONS: usize = 20;
    const EACH: usize = 250;
    for speed in ["--speed=0", "--speed=60"] {
        let live = Live::start("", &[speed]);
        let port = live.port("smtp");
        let text = format!("Subject: x\r\n\r\n{}\r\n.\r\n", "x".repeat(2000));
        let begun = Instant::now();
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                    stream.set_nodelay(true).unwrap();
                    let mut lines = std::io::BufReader::new(stream.try_clone().unwrap());
                    let mut reply = || loop {
                        let mut line = String::new();
                        std::io::BufRead::read_line(&mut lines, &mut line).unwrap();
                        if line.as_bytes().get(3) != Some(&b'-') {
                            return line;
                        }
                    };
                    reply();
                    stream.write_all(b"EHLO a.example\r\n").unwrap();
                    reply();
                    for _ in 0..EACH {
                        let envelope = "MAIL FROM:<me@my.example>\r\nRCPT TO:<bob@recipient.example>\r\n\
                                        DATA\r\n";
                        stream.write_all(envelope.as_bytes()).unwrap();
                        let codes = [reply(), reply(), reply()];
                        assert!(codes[2].starts_with("354"), "{codes:?}");
                        stream.write_all(text.as_bytes()).unwrap();
                        assert!(reply().starts_with("250"));
                    }
                });
            }
        });
        let count = CONNECTIONS * EACH;
        let rate = count as f64 / begun.elapsed().as_secs_f64();
        println!("{speed}: {count} messages of 2 kB over 20 connections, {rate:.0} a second");
        live.end();
    }
}
