//! A recorded session, played again without the network, and records of runs that were killed.

use std::fs;

use mailsim::live::Chronicle;
use mailsim::scenario::{Source, load};
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactSink, Register};
use mailsim::units::{SimDuration, SimTime};

use crate::program::{Live, wanted};

/// Plays a record up to a time; returns the number of facts and their digest.
fn played(text: &str, until: SimDuration) -> (u64, String) {
    let no_files = |name: &str| Err(name.to_owned());
    let source = Source { file: "record.toml", text, read_file: &no_files };
    let loaded = load(&source, &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut chronicle = Chronicle::new();
    drop(Simulation::new(&loaded.scenario).hold(SimTime::ZERO + until, &mut chronicle));
    chronicle.digest()
}

#[test]
fn a_recorded_session_is_played_again_to_the_byte() {
    if !wanted("python3", "a_recorded_session_is_played_again_to_the_byte") {
        return;
    }
    // Mail of the run goes the same way, so that what callers do matters to it and the other way round.
    let busy = "[[mail]]\nfrom = \"alice@sender.example\"\nto = [\"bob@recipient.example\"]\n\
                arrivals = { poisson = \"600/h\" }\n[[outage]]\nhost = \"mx.recipient.example\"\nmode = \"refuse\"\n\
                from = \"20m\"\nfor = \"30m\"\n";
    for speed in ["0", "60", "1"] {
        let live = Live::start(busy, &["--from=15m", "--speed", speed]);
        live.python(
            r#"
def post(path, **what):
    urllib.request.urlopen(http + path, json.dumps(what).encode(), timeout=60).read()
speed = json.load(urllib.request.urlopen(http + '/state'))['speed']
for round in range(4):
    try:
        s = smtplib.SMTP('127.0.0.1', live.smtp, 'laptop.example', timeout=20)
        to = ['bob@recipient.example', 'no\\body@recipient.example', '"a b"@recipient.example']
        s.sendmail('me@my.example', to, 'From: <Me@My.example>\r\n\r\n' + 'x' * 5000)
        s.quit()
    except (smtplib.SMTPException, OSError): pass
    s = smtplib.SMTP('127.0.0.1', live.submission, 'laptop.example', timeout=20)
    s.starttls(); s.login('alice', 'x')
    try: s.sendmail('alice@sender.example', ['eve@recipient.example', 'x@elsewhere.example'], 'A: b\r\n\r\n')
    except smtplib.SMTPRecipientsRefused: pass
    if round == 1: post('/outage', host='smtp.sender.example', mode='tempfail', stage='rcpt', **{'for': '5min'})
    if speed == 0: post('/advance', by='7min')
"#,
        );
        let (state, record) = (live.get("/state"), live.ask("GET", "/record", "").1);
        // Where time passes, the two are not asked at the same moment.
        if speed == "0" {
            let seconds = state["seconds"].as_f64().unwrap();
            assert!(seconds > 2400.0, "{seconds}");
        }
        let (said, folder) = live.end();
        let (written, facts) = assert_replays(&said, &folder);
        assert!(written.len() >= record.len());
        assert!(facts > 100, "{facts}");
    }
}

/// Plays the record of a live run that `said` this at its end, without the network, and compares facts and
/// digest. Returns the record, and the number of facts.
pub(crate) fn assert_replays(said: &str, folder: &tempfile::TempDir) -> (String, u64) {
    let written = fs::read_to_string(folder.path().join("record.toml")).unwrap();
    let words: Vec<&str> = said.split_whitespace().collect();
    let after = |word: &str| words[words.iter().position(|w| *w == word).unwrap() + 1];
    let until: SimDuration = after("at").parse().unwrap();
    let digest = said.rsplit_once("digest ").unwrap().1.trim();
    let (facts, again) = played(&written, until);
    assert_eq!((facts.to_string().as_str(), again.as_str()), (after("in;"), digest), "{written}");
    (written, facts)
}

/// Counts messages that readers of the run have fetched.
#[derive(Default)]
struct Fetched(u32);

impl FactSink for Fetched {
    fn fact(&mut self, _: SimTime, fact: &Fact, _: &dyn Register) {
        self.0 += u32::from(matches!(fact, Fact::Retrieved { .. }));
    }
}

#[test]
fn what_a_real_reader_deletes_the_readers_of_the_run_do_not_find() {
    if !wanted("python3", "what_a_real_reader_deletes_the_readers_of_the_run_do_not_find") {
        return;
    }
    let reader = "[[reading]]\nmailbox = \"bob@recipient.example\"\nprotocol = \"pop3\"\nevery = \"1h\"\n\
                  [[mail]]\nfrom = \"alice@sender.example\"\nto = [\"bob@recipient.example\"]\n\
                  at = [\"2s\", \"3s\", \"4s\"]\n";
    let live = Live::start(reader, &["--speed=0"]);
    live.post("/advance", r#"{"by": "1min"}"#);
    live.python(
        r#"
p = poplib.POP3('127.0.0.1', live.pop3, timeout=20)
p.user('bob'); p.pass_('any')
assert p.stat()[0] == 3, p.stat()
p.dele(1); p.quit()
i = imaplib.IMAP4('127.0.0.1', live.imap, timeout=20)
i.login('bob', 'any'); i.select()
i.store('1', '+FLAGS', '\\Deleted'); i.expunge(); i.logout()
"#,
    );
    live.post("/advance", r#"{"by": "3h"}"#);
    let (said, folder) = live.end();
    let (record, _) = assert_replays(&said, &folder);
    assert_eq!(record.matches(" remove <bob@recipient.example> 1-").count(), 2, "{record}");
    let no_files = |name: &str| Err(name.to_owned());
    let source = Source { file: "record.toml", text: &record, read_file: &no_files };
    let loaded = load(&source, &[]).unwrap();
    let mut fetched = Fetched::default();
    Simulation::new(&loaded.scenario).run(&mut fetched);
    assert_eq!(fetched.0, 1, "one of three was left");
}

/// As `curl -X POST` without `--data` asks.
#[test]
fn who_asks_without_a_body_is_told_where_what_he_wants_belongs() {
    let live = Live::start("", &["--speed=0"]);
    let (status, said) = live.ask_with("POST", "/advance?by=10min", "\r\n");
    assert_eq!(status, 422, "{said}");
    assert!(said.contains("in the body"), "{said}");
    assert_eq!(live.get("/state")["time"], "0s");
    let (status, _) = live.ask_with("POST", "/advance", "Content-Length: x\r\n\r\n");
    assert_eq!(status, 411);
    live.end();
}

#[test]
fn a_record_with_a_slip_is_told_of_by_line() {
    let cases = [
        (
            "0s 1 connect nowhere.example 25 mx.recipient.example",
            "there is no host nowhere.example",
        ),
        ("5s 1 greeting\n1s 1 EHLO", "line 2 comes before the line above it"),
        ("0s x EHLO", "a connection is a number"),
        ("0s 1 SHOUT", "SHOUT is no input"),
        ("0s 1 RCPT bob", "angle brackets"),
        ("0s 1 message 5 0 nan -", "are to follow"),
        ("0s 1 reply 99 1.1.1", "is no reply"),
    ];
    for (lines, expected) in cases {
        let text = format!("{}[live]\ninputs = '''\n{lines}\n'''\n", crate::program::SITES);
        let no_files = |name: &str| Err(name.to_owned());
        let source = Source { file: "record.toml", text: &text, read_file: &no_files };
        let problems = load(&source, &[]).expect_err(lines).render(false);
        assert!(problems.contains(expected), "{lines}: {problems}");
    }
}

#[test]
fn a_kill_at_any_instant_leaves_no_port_and_no_half_written_record() {
    for pause in [0, 3, 11, 40, 160, 700] {
        let mut live = Live::start("", &["--speed=0"]);
        let port = live.port("smtp");
        let http = live.get("/state");
        assert_eq!(http["speed"], 0.0);
        std::thread::sleep(std::time::Duration::from_millis(pause));
        let text = b"EHLO a.example\r\nMAIL FROM:<me@my.example>\r\n";
        let stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        std::io::Write::write_all(&mut &stream, text).unwrap();
        live.kill();
        let record = live.record();
        if record.exists() {
            played(&fs::read_to_string(&record).unwrap(), SimDuration::ZERO);
        }
        assert!(std::net::TcpListener::bind(("127.0.0.1", port)).is_ok());
    }
    for signal in ["-INT", "-TERM"] {
        let mut live = Live::start("", &["--speed=60"]);
        let idle = std::net::TcpStream::connect(("127.0.0.1", live.port("imap"))).unwrap();
        assert!(live.interrupt(signal), "it ends, and well");
        drop(idle);
        played(&fs::read_to_string(live.record()).unwrap(), SimDuration::ZERO);
    }
}
