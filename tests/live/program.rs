//! `mailsim live` as a program that is started, asked over HTTP, and ended.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Two sites: a submission server, and an exchanger that keeps mailboxes.
pub(crate) const SITES: &str = r#"
title = "Two sites"
question = "What does a program meet?"
seed = 5
duration = "5d"
[[host]]
name = "smtp.sender.example"
roles = ["submission", "relay", "store"]
mta = { profile = "postfix", starttls = true }
[[host]]
name = "mx.recipient.example"
roles = ["mx", "store"]
mta = { profile = "postfix", starttls = true }
[[domain]]
name = "sender.example"
mx = [{ host = "smtp.sender.example", preference = 10 }]
mailboxes = ["alice"]
[[domain]]
name = "recipient.example"
mx = [{ host = "mx.recipient.example", preference = 10 }]
mailboxes = ["bob", "eve"]
"#;

/// A live run.
pub(crate) struct Live {
    child: Child,
    doors: Vec<(String, String)>,
    http: String,
    pub(crate) folder: tempfile::TempDir,
}

impl Live {
    /// Starts one with `more` tables behind [`SITES`].
    pub(crate) fn start(more: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sites.toml");
        fs::write(&file, format!("{SITES}{more}")).expect("a scenario");
        let mut child = Command::new(env!("CARGO_BIN_EXE_mailsim"))
            .arg("live")
            .arg(&file)
            .args([
                "--listen=smtp=mx.recipient.example:0",
                "--listen=submission=smtp.sender.example:0",
                "--listen=submissions=smtp.sender.example:0",
                "--listen=pop3=mx.recipient.example:0",
                "--listen=imap=mx.recipient.example:0",
                "--listen=imaps=mx.recipient.example:0",
                "--http=0",
            ])
            .arg("--record")
            .arg(folder.path().join("record.toml"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut doors = Vec::new();
        let http = loop {
            let Some(Ok(line)) = lines.next() else {
                let mut errors = String::new();
                let mut pipe = child.stderr.take().expect("a pipe");
                pipe.read_to_string(&mut errors).expect("text");
                panic!("nothing is opened: {errors}");
            };
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["http", address] => break address.trim_start_matches("http://").to_owned(),
                [service, _, address] => doors.push(((*service).to_owned(), (*address).to_owned())),
                _ => panic!("{line}"),
            }
        };
        Self { child, doors, http, folder }
    }

    /// Returns the port of a service.
    pub(crate) fn port(&self, service: &str) -> u16 {
        let found = self.doors.iter().find(|(name, _)| name == service);
        let (_, address) = found.expect("it was opened");
        address.rsplit_once(':').expect("a port").1.parse().expect("a number")
    }

    pub(crate) fn http_port(&self) -> u16 {
        self.http.rsplit_once(':').expect("a port").1.parse().expect("a number")
    }

    /// Asks the HTTP interface; returns status and body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.ask_with(method, path, &format!("Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// Asks it with what comes behind the Host field of a request.
    pub(crate) fn ask_with(&self, method: &str, path: &str, rest: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.http).expect("the interface is there");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time-out");
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.http);
        write!(stream, "{head}{rest}").expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Value {
        let (status, answer) = self.ask("POST", path, body);
        assert_eq!(status, 200, "{path} {body}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// Messages that programs have brought.
    pub(crate) fn brought(&self) -> Vec<Value> {
        self.get("/messages?brought=yes").as_array().expect("a list").clone()
    }

    /// Runs Python with `live` as the ports by service; returns what it prints.
    pub(crate) fn python(&self, script: &str) -> String {
        let ports: Vec<String> =
            self.doors.iter().map(|(name, _)| format!("{name}={}", self.port(name))).collect();
        let text = format!(
            "import smtplib, imaplib, poplib, socket, ssl, urllib.request, json\n\
             class live: {}\nhttp = 'http://{}'\n{script}",
            ports.join("; "),
            self.http
        );
        run(Command::new("python3").args(["-c", &text]))
    }

    /// Ends it; returns what was said at the end.
    pub(crate) fn end(mut self) -> (String, tempfile::TempDir) {
        self.post("/end", "");
        let status = self.child.wait().expect("it ends");
        let mut errors = String::new();
        let mut pipe = self.child.stderr.take().expect("a pipe");
        pipe.read_to_string(&mut errors).expect("text");
        assert!(status.success(), "{errors}");
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"));
        (errors, folder)
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.folder.path().join("record.toml")
    }

    /// Octets of memory that it holds at most so far; 0 where the system does not say.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
        peak.unwrap_or(0) << 10
    }

    /// Kills it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_none()
    }

    /// Asks it to end as a terminal does.
    #[cfg(unix)]
    pub(crate) fn interrupt(&mut self, signal: &str) -> bool {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill is there");
        assert!(sent.success());
        let until = Instant::now() + Duration::from_secs(20);
        while self.is_running() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.try_wait().expect("it can be asked").is_some_and(|status| status.success())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // It has ended already if this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns whether a program that a test needs is there; says so if it is not.
pub(crate) fn wanted(program: &str, test: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    let there = found.is_ok_and(|output| output.status.success());
    if !there {
        crate::left_out::left_out(test, &format!("there is no {program}"));
    }
    there
}

/// Runs a program to its end; returns what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}\n{errors}");
    text
}

/// Sends lines over a socket and returns everything that is heard until the other side closes.
pub(crate) fn raw(port: u16, text: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
    // Who is reset while he writes hears what came before.
    let _ = stream.write_all(text);
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    String::from_utf8_lossy(&heard).into_owned()
}
