//! A made-up outage day is written to a folder and looked at.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::measure::example::{self, Names, outage_day};
use crate::measure::{Recorder, Summary};
use crate::trace::{Fact, replay};
use crate::units::{SimDuration, SimTime};

use super::{
    ATTEMPT_COLUMNS, HOST_COLUMNS, MESSAGE_COLUMNS, QUEUE_COLUMNS, ReportError, ResultFolder,
    RunDescription, Tables, Wanted, complete, rebuild, text,
};

const EVERYTHING: Wanted = Wanted { tables: true, charts: true, png: false, packed: false };

fn description() -> RunDescription {
    let mut description = RunDescription { seed: 42, duration_s: 86_400.0, ..Default::default() };
    description.scenario.name = "primary-outage".to_owned();
    description.scenario.title = "The primary MX is down for <four> hours".to_owned();
    description.scenario.question = "How late is the mail?".to_owned();
    description.scenario.look_for = "The backlog, and how long it takes to drain.".to_owned();
    description
}

fn write(target: &Path, messages: u64, wanted: Wanted) -> Summary {
    write_facts(target, outage_day(messages), wanted)
}

fn write_facts(target: &Path, facts: Vec<(SimTime, Fact)>, wanted: Wanted) -> Summary {
    let folder = ResultFolder::claim(target).unwrap();
    let tables = wanted.rows().then(|| Tables::create(&folder, &Names, None).unwrap());
    let mut recorder = Recorder::new(tables);
    replay(&facts, &mut recorder);
    let frame = example::frame(SimDuration::from_hours(24));
    let (summary, tables) = recorder.finish(&Names, &frame);
    complete(folder, tables, &summary, &description(), wanted).unwrap();
    summary
}

/// Returns every file below a folder with its contents.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn first_lines(folder: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    text.lines().take(3).map(str::to_owned).collect()
}

#[test]
fn the_contract_names_the_columns() {
    // Names are a promise to everyone who reads the tables: columns may be added, never renamed.
    assert_eq!(
        MESSAGE_COLUMNS.join(","),
        "message_id,recipient,sender,kind,about_message_id,size_octets,submitted_s,accepted_s,\
         final,status,final_s,final_host,hops,attempts,path,copies,retrieved_s,retrieved_by,\
         folder"
    );
    assert_eq!(
        ATTEMPT_COLUMNS.join(","),
        "attempt,delivery,message_id,recipient,from_host,to_host,mx_preference,started_s,ended_s,\
         stage,outcome,reply,status,next_attempt_s"
    );
    assert_eq!(
        QUEUE_COLUMNS.join(","),
        "time_s,host,incoming,active,deferred,inbound_sessions,outbound_sessions"
    );
    assert_eq!(
        HOST_COLUMNS.join(","),
        "host,inbound_sessions,outbound_sessions,received_octets,sent_octets,attempts,suspensions,\
         messages_accepted,peak_inbound_sessions,peak_queue,inbound_utilisation,\
         delivery_utilisation,utilisation,downtime_s"
    );
}

#[test]
fn rows_are_spelt_as_the_contract_says() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("run");
    let folder = ResultFolder::claim(&target).unwrap();
    let mut recorder = Recorder::new(Tables::create(&folder, &Names, None).unwrap());
    use example::{MUA, MX, SENDER, accepted, attempt, created, ended, secs, totals};
    let failed = crate::trace::AttemptFact {
        next_attempt: Some(secs(100)),
        ..attempt(0, SENDER, MX, (secs(13), secs(43)), crate::mail::AttemptOutcome::Timeout)
    };
    let success = crate::mail::AttemptOutcome::Accepted;
    let submission = attempt(0, MUA, SENDER, (secs(11), secs(12)), success);
    let facts = [
        (secs(10), created(0, 0)),
        (secs(12), accepted(0, SENDER, 1)),
        (secs(12), Fact::Attempt(submission)),
        (secs(43), Fact::Attempt(failed)),
        (secs(60), created(1, 1)),
        (secs(102), accepted(0, MX, 2)),
        (secs(102), ended(0, MX, crate::trace::FinalOutcome::Delivered, 2)),
        (secs(110), Fact::Closed { recipient: crate::mail::RecipientId(0) }),
        (
            secs(200),
            Fact::Open {
                recipient: crate::mail::RecipientId(1),
                state: crate::trace::StillOpen::Queued,
                host: MUA,
            },
        ),
        (secs(200), Fact::Host(totals(MX, SimDuration::from_secs(200)))),
    ];
    replay(&facts, &mut recorder);
    let (summary, tables) = recorder.finish(&Names, &example::frame(SimDuration::from_secs(200)));
    let tables_only = Wanted { tables: true, charts: false, png: false, packed: false };
    complete(folder, Some(tables), &summary, &description(), tables_only).unwrap();
    assert_eq!(
        first_lines(&target, "messages.csv")[1..],
        [
            "1-1,bob@recipient.example,1@sender.example,mail,,75000,10.000000,12.000000,delivered,\
             2.0.0,102.000000,mx1.recipient.example,2,2,\
             laptop.sender.example>smtp.sender.example>mx1.recipient.example,1,,,inbox",
            "1-2,bob@recipient.example,1@sender.example,mail,,75000,60.000000,,queued,,,\
             laptop.sender.example,,0,laptop.sender.example,0,,,",
        ]
    );
    assert_eq!(
        first_lines(&target, "attempts.csv")[2],
        "2,1,1-1,bob@recipient.example,smtp.sender.example,mx1.recipient.example,10,13.000000,\
         43.000000,connect,timeout,,4.4.1,100.000000"
    );
    assert_eq!(
        first_lines(&target, "hosts.csv")[1],
        "mx1.recipient.example,10,12,1000,2000,15,1,9,3,5,0.125,,0.125,7.000000"
    );
}

#[test]
fn a_whole_result_is_written_and_repeats_byte_for_byte() {
    let place = tempfile::tempdir().unwrap();
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    write(&one, 200, EVERYTHING);
    write(&two, 200, EVERYTHING);
    let (one, two) = (files(&one), files(&two));
    assert_eq!(
        one.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            "attempts.csv",
            "charts/attempts.svg",
            "charts/hops.svg",
            "charts/latency.svg",
            "charts/queues.svg",
            "charts/timeline.svg",
            "hosts.csv",
            "messages.csv",
            "queues.csv",
            "report.html",
            "run.json",
            "summary.json",
            "trace.jsonl",
        ]
    );
    assert!(one == two, "two equal runs give equal bytes");
    let run: RunDescription = serde_json::from_slice(&one["run.json"]).unwrap();
    for (name, contents) in one.iter().filter(|(name, _)| *name != "run.json") {
        assert_eq!(run.files[name], blake3::hash(contents).to_hex().to_string(), "{name}");
    }
}

#[test]
fn charts_and_page_are_rebuilt_from_the_files_alone() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("run");
    write(&target, 60, EVERYTHING);
    let before = files(&target);
    fs::remove_dir_all(target.join("charts")).unwrap();
    fs::write(target.join("report.html"), "spoilt").unwrap();
    rebuild(&target, false).unwrap();
    assert!(files(&target) == before, "rebuilding gives the same bytes");
}

#[test]
fn what_is_not_wanted_is_not_there() {
    let place = tempfile::tempdir().unwrap();
    let bare = place.path().join("bare");
    write(&bare, 20, Wanted { tables: false, charts: false, png: false, packed: false });
    assert_eq!(files(&bare).keys().collect::<Vec<_>>(), ["run.json", "summary.json"]);
    let error = rebuild(&bare, false).unwrap_err();
    assert!(error.to_string().contains("--no-tables"), "{error}");
    let page = place.path().join("page");
    write(&page, 20, Wanted { tables: false, charts: true, png: true, packed: false });
    let names = files(&page);
    assert!(names.contains_key("report.html") && names.contains_key("charts/hops.png"));
    assert!(!names.contains_key("messages.csv"));
    let error = rebuild(&place.path().join("nowhere"), false).unwrap_err();
    assert!(matches!(error, ReportError::Missing { .. }), "{error}");
}

#[test]
fn a_spoilt_table_is_named_with_its_row() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("run");
    write(&target, 5, EVERYTHING);
    let path = target.join("messages.csv");
    let text = fs::read_to_string(&path).unwrap().replacen("delivered,", "delivered,oops,", 1);
    fs::write(&path, text).unwrap();
    let error = rebuild(&target, false).unwrap_err().to_string();
    assert!(error.contains("messages.csv") && error.contains("run the scenario again"), "{error}");
}

#[test]
fn the_page_is_closed_and_says_what_matters() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("run");
    write(&target, 60, EVERYTHING);
    let page = fs::read_to_string(target.join("report.html")).unwrap();
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("The primary MX is down for &lt;four&gt; hours"));
    assert!(page.contains("How late is the mail?"));
    // The player and the run it plays, nothing from elsewhere.
    assert_eq!(page.matches("<script").count(), 2);
    for forbidden in ["<link", "@import", "<script src", "<iframe", "<img"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let json = page.split("id=\"run\">").nth(1).and_then(|rest| rest.split("</script>").next());
    let json = json.expect("the page holds its run");
    assert!(!json.contains('<'), "nothing that a scenario says ends the element");
    let run: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
    assert_eq!(run["title"], "The primary MX is down for <four> hours");
    assert!(run["events"].as_array().is_some_and(|events| events.len() > 100));
    assert_eq!(page.matches("<svg role=\"img\"").count(), 5);
    assert_eq!(page.matches("<figure>").count(), 5);
}

#[test]
fn the_trace_tells_whole_stories_up_to_its_cap() {
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("run");
    write(&target, 4_000, EVERYTHING);
    let text = fs::read_to_string(target.join("trace.jsonl")).unwrap();
    let mut lines =
        text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(header["format"], "mailsim trace");
    assert_eq!(header["capped"], true);
    let lines: Vec<_> = lines.collect();
    assert_eq!(header["kept"], lines.len());
    assert!(lines.len() <= 20_000);
    let count = |fact: &str| lines.iter().filter(|line| line["fact"] == fact).count();
    assert!(count("created") > 500);
    // The stories are of the whole run, not of its beginning.
    let written: Vec<f64> = lines
        .iter()
        .filter(|line| line["fact"] == "created")
        .filter_map(|line| line["t"].as_f64())
        .collect();
    let last = written.iter().copied().fold(0.0, f64::max);
    let late = written.iter().filter(|t| **t > last / 2.0).count();
    assert!(late * 4 > written.len(), "{late} of {} are of the second half", written.len());
    assert_eq!(count("created"), count("final"));
    assert_eq!(count("outage"), 1);
    // How all mail stood is told beside the stories: at the end as the table has it.
    let totals: Vec<_> = lines.iter().filter(|line| line["fact"] == "totals").collect();
    let rows = fs::read_to_string(target.join("messages.csv")).unwrap();
    let ended = |state: &str| rows.matches(&format!(",{state},")).count();
    let (last, all) = (totals.last().unwrap(), rows.lines().count() - 1);
    assert_eq!(last["written"], all);
    assert_eq!(last["delivered"], ended("delivered"));
    assert_eq!(last["given_up"], ended("failed") + ended("discarded"));
    assert!(totals.is_sorted_by_key(|line| line["written"].as_u64()));
    assert_eq!(lines[0]["from"], 7_200.0);
}

#[test]
fn the_terminal_reads_it_in_forty_lines() {
    let place = tempfile::tempdir().unwrap();
    let summary = write(&place.path().join("run"), 200, EVERYTHING);
    let text = text::summary(&summary);
    assert!(text.lines().count() <= 40, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for part in [
        "200 recipients: 200 delivered (100 %), 0 failed, 0 still queued",
        "mx1.recipient.example blackhole from 2 h to 6 h",
        "postfix 3.7.11 (recorded)",
        "submission to delivery",
        "a single run is one draw of many",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

/// Many outages close to each other, mail given up, and mail still under way at the end.
fn hard_day() -> Vec<(SimTime, Fact)> {
    let secs = example::secs;
    let recipient = |slot| crate::mail::RecipientId(slot);
    let mut facts = outage_day(30);
    for number in 0..12 {
        let from = secs(30_000 + 4_000 * number);
        facts.push((
            SimTime::ZERO,
            Fact::Outage(crate::trace::OutageFact {
                entry: 1,
                target: "link smtp.sender.example - mx1.recipient.example".to_owned(),
                mode: "blackhole".to_owned(),
                hosts: Vec::new(),
                from,
                to: from + SimDuration::from_secs(600 * (number + 1)),
            }),
        ));
    }
    for slot in 40..50_u32 {
        let at = 40_000 + u64::from(slot) * 100;
        facts.push((secs(at), example::created(slot, slot.into())));
        let failed = example::attempt(
            slot,
            example::SENDER,
            example::MX,
            (secs(at), secs(at + 500)),
            crate::mail::AttemptOutcome::Permfail,
        );
        facts.push((secs(at + 500), Fact::Attempt(failed)));
        if slot % 2 == 0 {
            let outcome = crate::trace::FinalOutcome::Failed;
            facts.push((secs(at + 501), example::ended(slot, example::SENDER, outcome, 1)));
            facts.push((secs(at + 501), Fact::Closed { recipient: recipient(slot) }));
        } else {
            let state = crate::trace::StillOpen::Queued;
            let open = Fact::Open { recipient: recipient(slot), state, host: example::SENDER };
            facts.push((secs(86_400), open));
        }
    }
    facts.sort_by_key(|(at, _)| *at);
    facts
}

/// Leaves a result where `MAILSIM_LOOK` says, for people who want to see the charts.
#[test]
fn a_result_to_look_at() {
    if let Ok(place) = std::env::var("MAILSIM_LOOK") {
        for messages in [0, 1, 12, 600] {
            let target = Path::new(&place).join(messages.to_string());
            let summary = write(&target, messages, Wanted { png: true, ..EVERYTHING });
            fs::write(target.with_extension("txt"), text::summary(&summary)).unwrap();
        }
        let target = Path::new(&place).join("hard");
        let summary = write_facts(&target, hard_day(), EVERYTHING);
        fs::write(target.with_extension("txt"), text::summary(&summary)).unwrap();
    }
}
