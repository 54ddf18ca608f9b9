//! Real servers that play the parts of hosts, a real Postfix among them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::left_out::left_out;
use crate::program::{Live, run, wanted};
use crate::records::assert_replays;

/// A domain whose exchanger a real server plays; behind it lie the mailboxes.
const GATEWAY: &str = r#"
[[host]]
name = "gateway.shop.example"
roles = ["mx", "relay"]
[[host]]
name = "store.shop.example"
roles = ["mx", "store"]
[[domain]]
name = "shop.example"
mx = [{ host = "gateway.shop.example", preference = 10 }]
store = "store.shop.example"
mailboxes = ["carl", "dora"]
"#;

/// Has alice write to two people of the shop, and to one elsewhere.
const WRITES: &str = r#"
s = smtplib.SMTP('127.0.0.1', live.submission, 'laptop.example', timeout=20)
s.starttls(); s.login('alice', 'x')
text = 'From: alice@sender.example\r\nSubject: order\r\n\r\n.one\r\n'
s.sendmail('alice@sender.example', ['carl@shop.example', 'dora@shop.example', 'bob@recipient.example'], text)
s.quit()
"#;

/// A server that puts the first two recipients off and takes all later ones; returns its port, and counts
/// the messages that it has taken.
fn sink() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (taken, named) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = taken.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (taken, named) = (taken.clone(), named.clone());
            thread::spawn(move || serve(&stream, &taken, &named));
        }
    });
    (port, count)
}

fn serve(mut stream: &TcpStream, taken: &AtomicUsize, named: &AtomicUsize) {
    // A client that is gone has heard enough.
    let mut say = move |text: &str| drop(stream.write_all(format!("{text}\r\n").as_bytes()));
    say("220 real");
    let mut in_text = false;
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        match (in_text, line.get(..4).unwrap_or_default()) {
            (true, _) if line == "." => {
                in_text = false;
                taken.fetch_add(1, Ordering::SeqCst);
                say("250 2.0.0 taken");
            }
            (true, _) => {}
            (_, "DATA") => {
                in_text = true;
                say("354 go on");
            }
            (_, "RCPT") if named.fetch_add(1, Ordering::SeqCst) < 2 => say("450 4.2.0 later"),
            _ => say("250 2.0.0 ok"),
        }
    }
}

#[test]
fn what_a_real_server_answers_is_an_input_and_replays_without_it() {
    if !wanted("python3", "what_a_real_server_answers_is_an_input_and_replays_without_it") {
        return;
    }
    for speed in ["0", "600"] {
        let (port, taken) = sink();
        let deliver = format!("--deliver=gateway.shop.example={port}");
        let live = Live::start(GATEWAY, &["--speed", speed, &deliver]);
        live.python(WRITES);
        live.post("/wait", r#"{"until": "delivered", "at_most": "6h"}"#);
        assert_eq!(taken.load(Ordering::SeqCst), 1, "both recipients in one message");
        let messages = live.brought();
        let of_carl = &messages[0]["recipients"][0];
        assert_eq!(of_carl["host"], "gateway.shop.example", "{of_carl}");
        let tries: Vec<&str> = of_carl["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|attempt| attempt["to"] == "gateway.shop.example")
            .map(|attempt| attempt["reply"].as_str().unwrap())
            .collect();
        assert_eq!(tries, ["450 4.2.0", "250 2.0.0"]);
        let log = live.get("/log").to_string();
        assert!(log.contains("C: RCPT TO:<carl@shop.example>"), "{log}");
        let (said, folder) = live.end();
        assert_replays(&said, &folder);
    }
}

#[test]
fn a_real_server_that_is_not_there_refuses_and_its_mail_waits() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let deliver = format!("--deliver=gateway.shop.example={gone}");
    let mail =
        "[[mail]]\nfrom = \"alice@sender.example\"\nto = [\"carl@shop.example\"]\nat = \"1s\"\n";
    let live = Live::start(&format!("{GATEWAY}{mail}"), &["--speed=0", &deliver]);
    live.post("/advance", r#"{"by": "1h"}"#);
    let messages = live.get("/messages?to=carl@shop.example");
    let recipient = &messages[0]["recipients"][0];
    assert_eq!(recipient["state"], "queued");
    let attempts = recipient["attempts"].as_array().unwrap();
    let refused = attempts.iter().filter(|attempt| attempt["outcome"] == "refused").count();
    assert!(refused > 1, "{recipient}");
    let (said, folder) = live.end();
    assert_replays(&said, &folder);
    // Whoever plays the record goes on needs to say where the server is.
    let record = folder.path().join("record.toml");
    let again = Command::new(env!("CARGO_BIN_EXE_mailsim"))
        .arg("live")
        .arg(&record)
        .args(["--listen", "smtp=mx.recipient.example:0"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&again.stderr);
    assert!(errors.contains("--deliver gateway.shop.example=ADDRESS:PORT"), "{errors}");
}

/// A Postfix of the machine's packages with a queue of its own.
struct Postfix {
    master: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Postfix {
    /// Starts one that relays for the shop to `next`, a port of this machine.
    fn start(next: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["etc", "queue", "data"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        run(Command::new("chown").arg("postfix").arg(path.join("data")));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let services = "cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
             tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\n\
             bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\n\
             verify unix - - n - 1 verify\nflush unix n - n 1000? 0 flush\nproxymap unix - - n - - proxymap\n\
             smtp unix - - n - - smtp\nrelay unix - - n - - smtp\nshowq unix n - n - - showq\n\
             error unix - - n - - error\nretry unix - - n - - error\nanvil unix - - n - 1 anvil\n\
             scache unix - - n - 1 scache\npostlog unix-dgram n - n - 1 postlogd\n";
        fs::write(
            path.join("etc/master.cf"),
            format!("127.0.0.1:{port} inet n - n - - smtpd\n{services}"),
        )
        .unwrap();
        let shown = path.display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {shown}/queue\ndata_directory = {shown}/data\n\
             myhostname = gateway.shop.example\nmydestination =\nmynetworks = 127.0.0.0/8\n\
             inet_interfaces = loopback-only\ninet_protocols = ipv4\nalias_maps =\nalias_database =\n\
             relay_domains = shop.example\nrelay_recipient_maps =\nsmtp_tls_security_level = none\n\
             transport_maps = inline:{{shop.example=smtp:[127.0.0.1]:{next}}}\n\
             minimal_backoff_time = 2s\nmaximal_backoff_time = 2s\nqueue_run_delay = 2s\n\
             maillog_file = {shown}/log\nmaillog_file_prefixes = {shown}\n"
        );
        fs::write(path.join("etc/main.cf"), main).unwrap();
        run(Command::new("/usr/sbin/postfix").arg("-c").arg(path.join("etc")).arg("check"));
        let daemons =
            run(Command::new("/usr/sbin/postconf").args(["-d", "-h", "daemon_directory"]));
        let mut master = Command::new(PathBuf::from(daemons.trim()).join("master"));
        // With `-d` it stays our child, whose id we know.
        master.arg("-c").arg(path.join("etc")).arg("-d").stdin(Stdio::null());
        let mut started = Self { master: master.spawn().unwrap(), port, _folder: folder };
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.master.try_wait().unwrap().is_none(), "the server has ended");
            assert!(Instant::now() < until, "the server does not listen");
            thread::sleep(Duration::from_millis(50));
        }
        started
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let id = self.master.id().to_string();
        // It has ended already if this fails.
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.master.wait();
    }
}

#[test]
fn a_real_postfix_is_a_host_of_the_network() {
    const THIS: &str = "a_real_postfix_is_a_host_of_the_network";
    if !wanted("python3", THIS) || !Path::new("/usr/sbin/postfix").exists() {
        return left_out(THIS, "there is no Postfix");
    }
    if run(Command::new("id").arg("-u")).trim() != "0" {
        return left_out(THIS, "a Postfix is started by root alone");
    }
    // Where the door is, the Postfix is told; where the Postfix is, the network.
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let door = free();
    let postfix = Postfix::start(door);
    let live = Live::start(
        GATEWAY,
        &[
            "--speed=60",
            "--client=gateway.shop.example",
            &format!("--listen=smtp=store.shop.example:{door}"),
            &format!("--deliver=gateway.shop.example={}", postfix.port),
        ],
    );
    // The store puts everybody off for four minutes, which are four seconds to the Postfix.
    live.post(
        "/outage",
        r#"{"host": "store.shop.example", "mode": "tempfail", "stage": "rcpt", "for": "4min"}"#,
    );
    // The client of the submission sits at the gateway too, which the test does not mind.
    live.python(WRITES);
    let until = Instant::now() + Duration::from_secs(60);
    let arrived = loop {
        let all = live.get("/messages?brought=yes&to=carl@shop.example&state=delivered");
        let found = all
            .as_array()
            .unwrap()
            .iter()
            .find(|message| message["recipients"][0]["host"] == "store.shop.example");
        if let Some(found) = found {
            break found.clone();
        }
        assert!(Instant::now() < until, "{}", live.get("/log"));
        thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(arrived["from"], "alice@sender.example");
    assert!(arrived["seconds"].as_f64().unwrap() > 120.0, "the Postfix has tried again: {arrived}");
    let (_, text) = live.ask("GET", &format!("/messages/{}", arrived["id"].as_str().unwrap()), "");
    assert!(text.contains("by gateway.shop.example (Postfix)"), "{text}");
    assert!(text.contains("Received: from smtp.sender.example"), "{text}");
    assert!(text.contains("\r\nSubject: order\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n.one\r\n"), "{text}");
    let (said, folder) = live.end();
    assert_replays(&said, &folder);
}
