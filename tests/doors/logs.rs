//! Logs of servers: the mail as it was, and what failed.

use std::fmt::Write as _;
use std::fs;

use mailsim::import::{History, Input, Options, Outcome, import};

use crate::program::{read, succeed, text};

fn history(log: &str) -> History {
    let input =
        Input { name: "log".to_owned(), kind: None, of: None, reader: Box::new(log.as_bytes()) };
    import(vec![input], &Options::default()).unwrap().history.unwrap()
}

/// Writes the time of a line, so many seconds after the first.
type Stamp = Box<dyn Fn(u32) -> String>;

/// A day in the life of one message: deferred, put off, sent.
fn message(stamp: impl Fn(u32) -> String, program: &str) -> String {
    let mut log = String::new();
    let mut line = |second: u32, daemon: &str, text: &str| {
        let _ = writeln!(log, "{} {program}/{daemon}[7]: {text}", stamp(second));
    };
    line(0, "smtpd", "4F00000001: client=a.example[192.0.2.9], sasl_method=PLAIN");
    line(0, "qmgr", "4F00000001: from=<a@a.example>, size=2167, nrcpt=1 (queue active)");
    line(1, "smtp", "connect to mx.b.example[192.0.2.1]:25: Connection refused");
    line(
        1,
        "smtp",
        "4F00000001: to=<b@b.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, \
         status=deferred (connect to mx.b.example[192.0.2.1]:25: Connection refused)",
    );
    line(30, "qmgr", "4F00000001: from=<a@a.example>, size=2167, nrcpt=1 (queue active)");
    line(
        31,
        "smtp",
        "4F00000001: to=<b@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=31, \
         delays=30/0/0.1/0.4, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 7Z)",
    );
    line(31, "qmgr", "4F00000001: removed");
    log
}

#[test]
fn every_kind_of_stamp_tells_the_same_story() {
    let two = |s: u32| format!("{s:02}");
    let stamps: [(&str, Stamp); 6] = [
        ("traditional", Box::new(move |s| format!("Nov  3 10:00:{} mx", two(s)))),
        ("over the network", Box::new(move |s| format!("<22>Nov  3 10:00:{} mx", two(s)))),
        ("RFC 3339", Box::new(move |s| format!("2026-11-03T10:00:{}.000000+01:00 mx", two(s)))),
        ("short-iso", Box::new(move |s| format!("2026-11-03T10:00:{}+0100 mx", two(s)))),
        ("RFC 5424", Box::new(|_| String::new())),
        ("with milliseconds", Box::new(move |s| format!("Nov  3 10:00:{}.000 mx", two(s)))),
    ];
    for (kind, stamp) in stamps {
        let log = match kind {
            "RFC 5424" => {
                let log = message(|s| format!("<22>1 2026-11-03T10:00:{s:02}Z mx"), "postfix");
                log.replace("[7]: ", " 7 - - ")
            }
            _ => message(stamp, "postfix"),
        };
        let history = history(&log);
        let [only] = history.messages.as_slice() else { panic!("{kind}: {history:?}") };
        let [recipient] = only.recipients.as_slice() else { panic!("{kind}: {only:?}") };
        let found = (recipient.outcome, recipient.at, recipient.tries, only.size);
        assert_eq!(found, (Outcome::Delivered, 31_000_000, 2, 2167), "{kind}");
    }
}

#[test]
fn lines_of_other_programs_and_broken_ones_end_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("mail.log"), folder.path().join("out"));
    let mut log = message(|s| format!("Nov  3 10:00:{s:02} mx"), "postfix");
    log.push_str("Nov  3 10:00:40 mx spamd[9]: spamd: clean message\n");
    log.push_str("Nov  3 10:00:41 mx dovecot: imap(b): Disconnected\n");
    log.push_str("cut off in the mid\n");
    fs::write(&path, log).unwrap();
    let said = succeed(&["import", text(&path), "--out", text(&out)]);
    assert!(said.contains("2 of other programs"), "{said}");
    assert!(said.contains("1 that cannot be read"), "{said}");
    assert!(said.contains("line 10: cut off"), "{said}");
}

#[test]
fn a_short_queue_id_may_come_again() {
    let mut log = message(|s| format!("Nov  3 10:00:{s:02} mx"), "postfix");
    log.push_str(&message(|s| format!("Nov  3 11:00:{s:02} mx"), "postfix"));
    let history = history(&log);
    assert_eq!(history.messages.len(), 2);
    assert!(history.messages.iter().all(|m| m.recipients[0].tries == 2));
}

#[test]
fn a_filter_that_hands_back_makes_no_second_message() {
    let log = "\
Nov  3 10:00:00 mx postfix/smtpd[1]: 4F00000001: client=a[192.0.2.9]
Nov  3 10:00:00 mx postfix/qmgr[2]: 4F00000001: from=<a@a.example>, size=100, nrcpt=1 (queue active)
Nov  3 10:00:02 mx postfix/smtpd[3]: 4F00000002: client=localhost[127.0.0.1]
Nov  3 10:00:02 mx postfix/qmgr[2]: 4F00000002: from=<a@a.example>, size=300, nrcpt=1 (queue active)
Nov  3 10:00:02 mx postfix/smtp[4]: 4F00000001: to=<b@b.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=2, delays=0/0/0/2, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4F00000002)
Nov  3 10:00:02 mx postfix/qmgr[2]: 4F00000001: removed
Nov  3 10:00:05 mx postfix/smtp[5]: 4F00000002: to=<b@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=3, delays=0/0/1/2, dsn=5.1.1, status=bounced (host mx.b.example[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))
Nov  3 10:00:05 mx postfix/bounce[6]: 4F00000002: sender non-delivery notification: 4F00000003
Nov  3 10:00:05 mx postfix/qmgr[2]: 4F00000003: from=<>, size=900, nrcpt=1 (queue active)
Nov  3 10:00:05 mx postfix/qmgr[2]: 4F00000002: removed
";
    let history = history(log);
    let replayed: Vec<_> = history.messages.iter().filter(|m| m.id.is_some()).collect();
    let [only] = replayed.as_slice() else { panic!("{replayed:?}") };
    assert_eq!((only.recipients[0].outcome, only.recipients[0].tries), (Outcome::Failed, 1));
    assert_eq!(only.recipients[0].at, 5_000_000);
}

#[test]
fn an_outage_stands_between_the_tries_that_show_it() {
    let mut log = String::new();
    for (hour, down) in [(10, false), (11, true), (12, true), (13, false)] {
        let id = format!("4F000000{hour}");
        let stamp = format!("Nov  3 {hour}:00:00 mx");
        let _ = writeln!(log, "{stamp} postfix/smtpd[1]: {id}: client=a[192.0.2.9]");
        let _ = writeln!(
            log,
            "{stamp} postfix/qmgr[2]: {id}: from=<a@a.example>, size=100, nrcpt=1 (queue active)"
        );
        let (relay, status) = match down {
            true => (
                "none",
                "dsn=4.4.1, status=deferred (connect to mx.b.example[192.0.2.1]:25: No route to host)",
            ),
            false => ("mx.b.example[192.0.2.1]:25", "dsn=2.0.0, status=sent (250 Ok)"),
        };
        let _ = writeln!(
            log,
            "{stamp} postfix/smtp[3]: {id}: to=<b@b.example>, relay={relay}, delay=0, delays=0/0/0/0, {status}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("mail.log"), folder.path().join("out"));
    fs::write(&path, log).unwrap();
    succeed(&["import", text(&path), "--out", text(&out)]);
    let scenario = read(&out.join("scenario.toml"));
    let outage = scenario.split("[[outage]]").nth(1).unwrap_or_else(|| panic!("{scenario}"));
    // Halfway between 10:00:01 and 11:00, and a quarter from 12:00:01 to 13:00: a stamp of whole seconds
    // means any moment of the second that follows.
    for line in ["from = \"1800500ms\"", "until = \"8100750ms\"", "mode = \"unreachable\""] {
        assert!(outage.contains(line), "{line}: {outage}");
    }
}

#[test]
fn pseudonyms_hide_names_and_change_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret-host.log");
    let log = message(|s| format!("Nov  3 10:00:{s:02} mx"), "postfix");
    fs::write(&path, log).unwrap();
    let mut rows = Vec::new();
    for (name, flag) in [("plain", None), ("hidden", Some("--anonymise"))] {
        let out = folder.path().join(name);
        let mut arguments = vec!["import", text(&path), "--reenact", "--out", text(&out)];
        arguments.extend(flag);
        succeed(&arguments);
        if flag.is_some() {
            for file in ["scenario.toml", "mail.csv", "import.json", "reenact.txt"] {
                let text = read(&out.join(file));
                for secret in ["a.example", "b.example", "192.0.2", "secret-host"] {
                    assert!(!text.contains(secret), "{secret} in {file}:\n{text}");
                }
            }
        }
        // Times of all that happened; names are in other columns.
        let messages = read(&out.join("run/messages.csv"));
        let times = |row: &str| row.split(',').skip(5).take(6).collect::<Vec<_>>().join(",");
        rows.push(messages.lines().map(times).collect::<Vec<_>>());
    }
    assert_eq!(rows[0], rows[1]);
    assert!(rows[0].len() > 1);
}

#[test]
fn a_packed_log_of_several_files_in_any_order_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let log = message(|s| format!("Nov  3 10:00:{s:02} mx"), "postfix");
    let (first, second) = log.split_at(log.find("Nov  3 10:00:30").unwrap());
    let (one, two, out) = (
        folder.path().join("mail.log.1"),
        folder.path().join("mail.log"),
        folder.path().join("out"),
    );
    fs::write(&one, first).unwrap();
    fs::write(&two, second).unwrap();
    let said = std::process::Command::new("gzip").arg(&one).status().expect("gzip runs");
    assert!(said.success());
    let packed = folder.path().join("mail.log.1.gz");
    let said = succeed(&["import", text(&two), text(&packed), "--out", text(&out)]);
    assert!(said.contains("1 messages"), "{said}");
    // The id 4F000… tells the microsecond, 0x4F000.
    let mail = read(&out.join("mail.csv"));
    assert_eq!(mail, "at_s,from,to,size_octets\n0.323584,a@a.example,b@b.example,2167\n");
}

#[test]
fn instances_of_one_machine_belong_to_their_configurations() {
    let stamp = |s: u32| format!("2026-11-03T10:00:{s:02}.000000+01:00 machine");
    let log = message(stamp, "mail-a") + &message(stamp, "postfix-out");
    let texts = [
        "myhostname = in.example\nsyslog_name = mail-a\n",
        "myhostname = out.example\nrelayhost = [mx.b.example]\n",
        &log,
    ];
    let input = |text: &'static str| Input {
        name: "file".to_owned(),
        kind: None,
        of: None,
        reader: Box::new(text.as_bytes()),
    };
    let inputs = texts.map(|text| input(text.to_owned().leak())).into_iter().collect();
    let imported = import(inputs, &Options::default()).unwrap();
    for server in ["in.example", "out.example"] {
        let submits = format!("server = \"{server}\"");
        assert!(imported.scenario.contains(&submits), "{submits}: {}", imported.scenario);
    }
    assert!(!imported.scenario.contains("machine"), "{}", imported.scenario);
    let assumed = &imported.ledger.assumed;
    assert!(assumed.iter().any(|finding| finding.what == "log of out.example"), "{assumed:?}");
}

#[test]
fn what_real_logs_held_becomes_scenarios_that_run() {
    let smart_host = "Nov 30 14:56:11 lab sm-mta[5]: 6AUEuBhZ000540: from=<a@a.example>, size=300, nrcpts=1, \
        msgid=<1@a>, proto=ESMTP, daemon=MTA, relay=[10.0.0.9]\n\
        Nov 30 14:56:12 lab sm-mta[5]: 6AUEuBhZ000540: to=<b@b.example>, delay=00:00:01, xdelay=00:00:01, \
        mailer=esmtp, pri=120, relay=[10.0.0.21] [10.0.0.21], dsn=4.0.0, stat=Deferred: Connection refused by \
        [10.0.0.21]\n\
        Nov 30 14:57:12 lab sm-mta[5]: 6AUEuBhZ000540: to=<b@b.example>, delay=00:01:01, xdelay=00:00:00, \
        mailer=esmtp, pri=210, relay=[10.0.0.21] [10.0.0.21], dsn=2.0.0, stat=Sent (x Message accepted)\n";
    let lost = "Nov 30 14:56:11 mx postfix/qmgr[7]: 4F00000001: from=<a@a.example>, size=300, nrcpt=1 (queue active)\n\
        Nov 30 14:56:12 mx postfix/smtp[8]: 4F00000001: to=<b@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=1, \
        delays=0/0/1/0, dsn=4.4.2, status=deferred (lost connection with mx.b.example[192.0.2.1] while sending MAIL FROM)\n";
    for log in [smart_host, lost] {
        let folder = tempfile::tempdir().unwrap();
        let (file, out) = (folder.path().join("mail.log"), folder.path().join("out"));
        fs::write(&file, log).unwrap();
        succeed(&["import", text(&file), "--out", text(&out)]);
        succeed(&[
            "run",
            text(&out.join("scenario.toml")),
            "--no-charts",
            "--out",
            text(&folder.path().join("run")),
        ]);
    }
    // Lines of a mail server that tell of no mail make no network.
    let idle = "Nov 30 18:56:55 lab sm-mta[5728]: gethostbyaddr(10.0.0.1) failed: 1\n";
    let input =
        Input { name: "log".to_owned(), kind: None, of: None, reader: Box::new(idle.as_bytes()) };
    let error = import(vec![input], &Options::default()).unwrap_err().to_string();
    assert!(error.contains("tells of a host that takes or sends mail"), "{error}");
}

/// The outages and actions of a scenario that is made of two messages, with these lines between them.
fn between_two_messages(lines: &str) -> String {
    let (id, later) = ("4F00000001", "4F00000002");
    let mut log = String::from(
        "Nov  3 09:00:00 mx postfix/master[9]: daemon started -- version 3.7.11, configuration /etc/postfix\n",
    );
    for (id, stamp) in [(id, "Nov  3 10:00:00 mx"), (later, "Nov  3 10:10:00 mx")] {
        if id == later {
            log.push_str(lines);
        }
        let _ = writeln!(log, "{stamp} postfix/smtpd[1]: {id}: client=a[192.0.2.9]");
        let _ = writeln!(
            log,
            "{stamp} postfix/qmgr[2]: {id}: from=<a@a.example>, size=100, nrcpt=1 (queue active)\n\
             {stamp} postfix/smtp[3]: {id}: to=<b@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=0, \
             delays=0/0/0/0, dsn=2.0.0, status=sent (250 Ok)\n{stamp} postfix/qmgr[2]: {id}: removed"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("mail.log"), folder.path().join("out"));
    fs::write(&path, log).unwrap();
    succeed(&["import", text(&path), "--out", text(&out)]);
    let scenario = read(&out.join("scenario.toml"));
    let events = scenario.split_once("[[outage]]").or(scenario.split_once("[[action]]"));
    events.map(|(_, events)| events.to_owned()).unwrap_or_default()
}

#[test]
fn a_server_that_starts_without_having_stopped_had_crashed() {
    let started = "Nov  3 10:05:00 mx postfix/master[9]: daemon started -- version 3.7.11, configuration /etc/postfix\n";
    let stopped = "Nov  3 10:04:00 mx postfix/master[9]: terminating on signal 15\n";
    assert_eq!(between_two_messages(""), "", "a log may begin with a start");
    let crashed = between_two_messages(started);
    // Nobody knows when; the log begins at 09:00:00, and its last sign of life is of 10:00:00.
    for line in
        ["host = \"mx\"", "from = \"3601000ms\"", "until = \"3900000ms\"", "mode = \"crash\""]
    {
        assert!(crashed.contains(line), "{line}: {crashed}");
    }
    let orderly = between_two_messages(&format!("{stopped}{started}"));
    for line in ["at = \"3840000ms\"", "do = \"stop\"", "at = \"3900000ms\"", "do = \"start\""] {
        assert!(orderly.contains(line), "{line}: {orderly}");
    }
    assert!(!orderly.contains("crash"), "{orderly}");
}
