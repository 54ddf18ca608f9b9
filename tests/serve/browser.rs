//! Starts the program and talks to it as a browser does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// Two servers and a mail program; the exchanger fails once in the file already.
pub(crate) const SCENARIO: &str = r#"# Why this file is.
title = "A small network" # with a comment
seed = 3
duration = "6h"

[[host]]
name = "smtp.sender.example"
roles = ["submission", "relay"]
mta = "postfix" # as packaged

[[host]]
name = "mx.recipient.example"
roles = ["mx", "store"]

[[domain]]
name = "sender.example"
mx = [{ host = "smtp.sender.example", preference = 10 }]
mailboxes = ["alice"]

[[domain]]
name = "recipient.example"
mx = [{ host = "mx.recipient.example", preference = 10 }]
mailboxes = ["bob"]

# Mail at regular times.
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = ["10min", "1h1min", "2h", "3h"]

[[outage]]
host = "mx.recipient.example"
from = "1h" # after the first message
until = "90min"
mode = "refuse"

# The end.
"#;

/// The program while it serves; it is ended when this value is dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) port: u16,
    /// Where the scenario lies, and where the program keeps what is temporary.
    pub(crate) folder: tempfile::TempDir,
    errors: std::thread::JoinHandle<String>,
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Returns itself, after making sure of the status.
    #[track_caller]
    pub(crate) fn with(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}{}", self.head, self.body);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the text of the error that the page shows.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

/// Returns the program, to be started in `folder`, which is its place for what is temporary too.
pub(crate) fn mailsim(folder: &Path) -> Command {
    let temporary = folder.join("temporary");
    std::fs::create_dir_all(&temporary).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailsim"));
    command.current_dir(folder).stdin(Stdio::null()).env("TMPDIR", temporary);
    command
}

impl Serving {
    pub(crate) fn start(scenario: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("served.toml"), scenario).unwrap();
        Self::start_in(folder, arguments)
    }

    pub(crate) fn start_in(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let mut child = mailsim(folder.path())
            .args(["serve", "served.toml"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            // What was said until the program is gone.
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let port =
            address.trim().strip_prefix("http://127.0.0.1:").and_then(|a| a.strip_suffix('/'));
        let Some(port) = port.and_then(|port| port.parse().ok()) else {
            let _ = child.wait();
            panic!("no address: {address:?}; {}", errors.join().unwrap());
        };
        Self { child, port, folder, errors }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends these octets and returns the answer.
    pub(crate) fn raw(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut octets = Vec::new();
        stream.read_to_end(&mut octets).unwrap();
        let text = String::from_utf8(octets).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: format!("{head}\r\n"), body: body.to_owned() }
    }

    /// Returns the field of the head by which a browser says whom it talks to.
    pub(crate) fn host(&self) -> String {
        format!("Host: 127.0.0.1:{}\r\n", self.port)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.raw(&format!("GET {path} HTTP/1.1\r\n{}\r\n", self.host()))
    }

    /// Sends what the page would send.
    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        let port = self.port;
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\n{}Origin: http://127.0.0.1:{port}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host(),
            body.len()
        ))
    }

    /// Asks for something to be done in the state `revision`.
    pub(crate) fn wish(&self, revision: u64, wish: &Value) -> Answer {
        self.post("/change", &json!({ "revision": revision, "wish": wish }).to_string())
    }

    pub(crate) fn change(&self, revision: u64, change: &Value) -> Answer {
        self.wish(revision, &json!({ "change": change }))
    }

    /// Returns what stands in an element of the page as JSON.
    pub(crate) fn data(&self, id: &str) -> Value {
        embedded(&self.get("/").with(200).body, id)
    }

    /// Kills the program, and returns its folder.
    pub(crate) fn kill(mut self) -> tempfile::TempDir {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Sends SIGINT and returns the exit status and what was said on standard error.
    pub(crate) fn interrupt(mut self) -> (Option<i32>, String, tempfile::TempDir) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let status = self.child.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let errors = std::mem::replace(&mut self.errors, std::thread::spawn(String::new));
        (status.code(), errors.join().unwrap(), folder)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns what stands in an element of a page as JSON.
pub(crate) fn embedded(page: &str, id: &str) -> Value {
    let (_, rest) = page.split_once(&format!(" id=\"{id}\">")).expect("the page has the element");
    let (json, _) = rest.split_once("</script>").expect("the element ends");
    serde_json::from_str(json).unwrap()
}
