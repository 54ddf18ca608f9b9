//! Queues as they stand, in: what servers print becomes mail that waits when a run begins.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::program::{fail, findings, read, succeed, text};

/// When recipients are tried by the host named, by recipient \[s\].
fn tries(folder: &Path, host: &str) -> BTreeMap<String, Vec<f64>> {
    let table = fs::File::open(folder.join("attempts.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(table);
    let header = rows.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (from, to, at) = (column("from_host"), column("recipient"), column("started_s"));
    let stage = column("stage");
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows.records().map(Result::unwrap) {
        if &row[from] == host && &row[stage] != "local" {
            found.entry(row[to].to_owned()).or_default().push(row[at].parse().unwrap());
        }
    }
    found
}

/// Arrivals of messages for one recipient each \[s\].
const ARRIVALS: [u64; 4] = [0, 700, 4_000, 9_900];
/// When the queue is listed \[s\].
const LISTED: u64 = 10_800;

/// A network whose only exchanger refuses for five hours, seen from `begins` on.
fn network(mta: &str, phase: &str, begins: u64, mail: &str) -> String {
    let mailboxes: Vec<String> = (0..ARRIVALS.len()).map(|n| format!("\"r{n}\"")).collect();
    format!(
        r#"
title = "five hours"
duration = "{}s"
[[host]]
name = "out.a.example"
roles = ["relay", "submission"]
mta = {{ profile = "{mta}"{phase} }}
[[host]]
name = "mx.b.example"
roles = ["mx", "store"]
[[domain]]
name = "a.example"
address = ["out.a.example"]
mailboxes = ["alice"]
[[domain]]
name = "b.example"
mx = ["mx.b.example"]
mailboxes = [{}]
{mail}
[[outage]]
host = "mx.b.example"
from = "0s"
until = "{}s"
mode = "refuse"
"#,
        43_200 - begins,
        mailboxes.join(", "),
        18_000 - begins,
    )
}

/// The run that begins with the queue goes on as the run that made the queue did.
fn goes_on_as_before(mta: &str, phase_of: &dyn Fn(u64) -> String, slack: f64) {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, scenario: &str| {
        let file = folder.path().join(format!("{name}.toml"));
        fs::write(&file, scenario).unwrap();
        let out = folder.path().join(name);
        succeed(&["run", text(&file), "--no-charts", "--quiet", "--out", text(&out)]);
        tries(&out, "out.a.example")
    };
    let (mut sent, mut queued) = (String::new(), String::new());
    for (number, arrival) in ARRIVALS.into_iter().enumerate() {
        let people = format!("from = \"alice@a.example\"\nto = [\"r{number}@b.example\"]");
        let _ = writeln!(sent, "[[mail]]\n{people}\nat = \"{arrival}s\"");
        let age = LISTED - arrival;
        let host = "host = \"out.a.example\"";
        let _ = writeln!(queued, "[[queued]]\n{host}\n{people}\nage = \"{age}s\"");
    }
    let whole = run("whole", &network(mta, &phase_of(0), 0, &sent));
    let rest = run("rest", &network(mta, &phase_of(LISTED), LISTED, &queued));
    for (recipient, times) in &whole {
        let expected = times.iter().filter(|at| **at > LISTED as f64);
        let expected: Vec<f64> = expected.map(|at| at - LISTED as f64).collect();
        let found = rest.get(recipient).cloned().unwrap_or_default();
        assert_eq!(found.len(), expected.len(), "{mta} {recipient}: {found:?}, {expected:?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= slack, "{mta} {recipient}: {found} {expected}");
        }
    }
}

#[test]
fn a_queue_goes_on_by_each_servers_own_memory() {
    let none = |_: u64| String::new();
    let phased = |key: &'static str, period: u64| {
        move |begins: u64| {
            let phase = (100 + period - begins % period) % period;
            format!(", {key} = \"{phase}s\"")
        }
    };
    goes_on_as_before("postfix", &phased("scan_phase", 300), 2.0);
    goes_on_as_before("exim", &phased("run_phase", 1800), 2.0);
    goes_on_as_before("sendmail", &phased("run_phase", 600), 2.0);
    goes_on_as_before("qmail", &none, 3.0);
    goes_on_as_before("opensmtpd", &none, 3.0);
    goes_on_as_before("haraka", &none, 5.0);
}

#[test]
fn notices_and_told_times_are_kept_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told.toml");
    let entry = "[[queued]]\nhost = \"out.a.example\"\nto = [\"r1@b.example\"]\n";
    let queued = format!(
        "{entry}from = \"alice@a.example\"\nage = \"1h\"\nnext_try = \"7h\"\n\
         {entry}from = \"\"\nage = \"4d23h\"\n"
    );
    fs::write(&file, network("postfix", ", scan_phase = \"10s\"", 0, &queued)).unwrap();
    let out = folder.path().join("out");
    succeed(&["run", text(&file), "--no-charts", "--quiet", "--out", text(&out)]);
    let messages = read(&out.join("messages.csv"));
    // Five days are over an hour after the start: the notice is dropped at its next try.
    let notice = messages.lines().find(|line| line.starts_with("2-1,")).unwrap();
    assert!(notice.contains(",discarded,"), "{notice}");
    let times = &tries(&out, "out.a.example")["r1@b.example"];
    assert!(times.iter().any(|at| (25_200.0..25_510.0).contains(at)), "{times:?}");
}

const MAIN_CF: &str = "scenarios/import/main.cf";

/// Imports a listing; returns the folder and the rows of its CSV file.
fn imported(listing: &str, more: &[&str]) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("listing");
    fs::write(&file, listing).unwrap();
    let out = folder.path().join("out");
    let arguments = ["import", "--queue", text(&file), "--out", text(&out)];
    succeed(&[&arguments[..], more].concat());
    let rows = read(&out.join("queue.csv")).lines().skip(1).map(str::to_owned).collect();
    (folder, rows)
}

#[test]
fn each_servers_listing_is_read() {
    let listed = ["--listed-at", "2026-11-30T15:10:00Z"];
    let json = "{\"queue_name\": \"deferred\", \"queue_id\": \"020291EC36\", \"arrival_time\": \
                1796051219, \"message_size\": 2169, \"sender\": \"a@src.test\", \"recipients\": \
                [{\"address\": \"b@dest.test\", \"delay_reason\": \"connect to \
                mx.dest.test[192.0.2.1]:25: Connection refused\"}]}\n";
    let mailq = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n\
                 020291EC36     2169 Mon Nov 30 15:06:59  a@src.test\n\
                 (connect to mx.dest.test[192.0.2.1]:25: Connection refused)\n\
                 \u{20}                                        b@dest.test\n\n\
                 020291EC37!    2169 Mon Nov 30 15:06:59  a@src.test\n\
                 \u{20}                                        held@dest.test\n\n\
                 -- 2 Kbytes in 2 Requests.\n";
    let sendmail = "\t\t/var/spool/mqueue (1 request)\n\
                    -----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------\n\
                    6AUFTTQF019341     2169 Mon Nov 30 15:06 <a@src.test>\n\
                    \u{20}                (Deferred: Connection refused by mx.dest.test.)\n\
                    \t\t\t\t\t <b@dest.test>\n\t\tTotal requests: 1\n";
    for (what, listing, age) in [
        ("postqueue -j", json, "181.000000"),
        ("postqueue -p", mailq, "181.000000"),
        ("Sendmail", sendmail, "240.000000"),
    ] {
        for (how, listing) in
            [("as it is", listing.to_owned()), ("with CR LF", listing.replace('\n', "\r\n"))]
        {
            let (folder, rows) = imported(&listing, &listed);
            let expected = format!("{age},a@src.test,b@dest.test,2169,");
            assert_eq!(rows, [expected.as_str()], "{what} {how}");
            let scenario = read(&folder.path().join("out/scenario.toml"));
            for part in ["[[queued]]", "mode = \"refuse\"", "host = \"mx.dest.test\""] {
                assert!(scenario.contains(part), "{what}: {part}\n{scenario}");
            }
        }
    }
}

#[test]
fn a_spool_and_a_table_of_ages_are_read() {
    let spool = " 4m  2.1K 1xY2wi-0006zf-01 <a@src.test>\n          D done@dest.test\n          \
                 b@dest.test\n\n 49h   785 1xXJ7Q-0006zf-01 <> *** frozen ***\n          c@dest.test\n\n";
    let (folder, rows) = imported(spool, &[]);
    // The id tells the second in which it came, and the age that it was listed 4 min later.
    assert_eq!(rows, ["240.000000,a@src.test,b@dest.test,2150,"]);
    let not_modelled = findings(&folder.path().join("out"), "not_modelled");
    assert!(not_modelled.iter().any(|(what, _)| what.starts_with("mail on hold")));
    let table = "                     T  5 10 20 40 1280 1280+\n      TOTAL          3  1  0  0  2    0     \
                 0\n  dest.test          3  1  0  0  2    0     0\n";
    let (_folder, rows) = imported(table, &[]);
    let ages: Vec<&str> = rows.iter().filter_map(|row| row.split('.').next()).collect();
    // In the middle of each half of 20 to 40 min.
    assert_eq!(ages, ["150", "1500", "2100"]);
}

#[test]
fn the_time_of_a_queue_file_tells_the_next_try() {
    let folder = tempfile::tempdir().unwrap();
    let due = folder.path().join("due");
    fs::write(&due, "1796054000.2500000000 0A11E1EC36\n").unwrap();
    let out = folder.path().join("out");
    succeed(&[
        "import",
        MAIN_CF,
        "--queue",
        "scenarios/import/postqueue.json",
        "--queue",
        text(&due),
        "--listed-at",
        "1796050000",
        "--out",
        text(&out),
    ]);
    let rows = read(&out.join("queue.csv"));
    assert!(rows.contains("10000.000000,alice@example.org,bob@partner.example,21690,4000.250000"));
}

#[test]
fn a_listing_that_is_wrong_is_told_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let listing = folder.path().join("listing.csv");
    fs::write(&listing, "age_s,from,to,size_octets\n10,a@a.example,,5\nx,<>,b@b.example,7\n")
        .unwrap();
    let file = folder.path().join("wrong.toml");
    let queued = "[[queued]]\nhost = \"out.a.example\"\nlisting = \"listing.csv\"\nage = \"1h\"\n\
                  [[queued]]\nhost = \"nowhere.example\"\nfrom = \"a@a.example\"\n";
    fs::write(&file, network("postfix", "", 0, queued)).unwrap();
    let errors = fail(&["check", text(&file)], 2);
    for part in ["listing.csv:2", "listing.csv:3", "exclude each other", "nowhere.example", "`to`"]
    {
        assert!(errors.contains(part), "{part}\n{errors}");
    }
}
