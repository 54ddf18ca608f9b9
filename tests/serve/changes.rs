//! What a change does to the run and to the page, and what an impossible one is told.

use serde_json::{Value, json};

use crate::browser::{SCENARIO, Serving};

/// Returns the events of the page before a time, as the page has them.
fn before(run: &Value, t: f64) -> Vec<Value> {
    let events = run["events"].as_array().unwrap().iter();
    events.filter(|event| event["t"].as_f64().unwrap() < t).cloned().collect()
}

fn delivered(run: &Value) -> usize {
    let events = run["events"].as_array().unwrap().iter();
    events.filter(|event| event["kind"] == "ended" && event["outcome"] == "delivered").count()
}

#[test]
fn a_host_goes_down_from_a_time_on_and_comes_back() {
    let serving = Serving::start(SCENARIO, &[]);
    let first = serving.data("run");
    assert_eq!(delivered(&first), 4);
    // Two minutes after the third message the exchanger goes for good.
    let down = json!({
        "do": "take_down", "host": "mx.recipient.example", "mode": "blackhole", "at": "7320001ms",
    });
    let answer = serving.change(0, &down).with(200).json();
    assert_eq!(answer["revision"], 1);
    let (run, live) = (serving.data("run"), serving.data("live"));
    // What was seen before stays as it was, to the last digit.
    assert_eq!(before(&run, 7320.001), before(&first, 7320.001));
    assert_eq!(delivered(&run), 3, "the fourth message waits");
    let change = &live["changes"][0];
    assert_eq!(
        change["entry"],
        "[[outage]]\nhost = \"mx.recipient.example\"\nmode = \"blackhole\"\nfrom = \"2h2m1ms\"\n"
    );
    let outage = &live["outages"][1];
    assert_eq!((&outage["entry"], &outage["from"]), (&json!(1), &json!(7320.001)));
    assert_eq!((&outage["to"], &outage["hosts"]), (&Value::Null, &json!(["mx.recipient.example"])));

    // Brought back at 4 h, the exchanger gets the mail that waits.
    let end = json!({ "do": "end", "outage": 1, "at": "4h" });
    serving.change(1, &end).with(200);
    let run = serving.data("run");
    assert_eq!(delivered(&run), 4);
    assert_eq!(run["outages"][1]["to"], json!(14400.0));
    // One that has not begun yet is left out; its `until` gives way to a shorter time.
    serving.change(2, &json!({ "do": "end", "outage": 0, "at": "1h10min" })).with(200);
    assert_eq!(serving.data("live")["outages"][0]["to"], json!(4200.0));
    serving.change(3, &json!({ "do": "end", "outage": 0, "at": "30min" })).with(200);
    assert_eq!(serving.data("live")["outages"].as_array().unwrap().len(), 1);
}

#[test]
fn changes_are_undone_and_done_again() {
    let serving = Serving::start(SCENARIO, &["--set", "seed=9"]);
    let pages: Vec<Value> = [0, 1]
        .map(|revision| {
            let run = serving.data("run");
            let mail = json!({
                "do": "mail", "from": "alice@sender.example", "to": ["bob@recipient.example"],
                "at": "5h", "size": "1MB",
            });
            serving.change(revision, &mail).with(200);
            run
        })
        .into();
    let both = serving.data("run");
    assert_eq!((delivered(&pages[0]), delivered(&both)), (4, 6));
    serving.wish(2, &json!("undo")).with(200);
    assert_eq!(serving.data("run"), pages[1]);
    assert_eq!(serving.data("live")["undone"].as_array().unwrap().len(), 1);
    serving.wish(3, &json!("redo")).with(200);
    assert_eq!(serving.data("run"), both);
    serving.wish(4, &json!("reset")).with(200);
    assert_eq!(serving.data("run"), pages[0]);
    serving.wish(5, &json!("undo")).with(409);
    // A reset can be taken back step by step; a new change ends that.
    serving.wish(5, &json!("redo")).with(200);
    assert_eq!(serving.data("run"), pages[1]);
    serving.change(6, &json!({ "do": "set", "argument": "title=New" })).with(200);
    serving.wish(7, &json!("redo")).with(409);
    let command = serving.data("live")["command"].as_str().unwrap().to_owned();
    assert!(
        command.starts_with("mailsim run served.toml --set seed=9 --set 'mail.1={"),
        "{command}"
    );
}

#[test]
fn a_setting_changes_from_the_start_or_from_a_time_on() {
    let serving = Serving::start(SCENARIO, &[]);
    let setting = |at: Value| {
        json!({
            "do": "setting", "host": "smtp.sender.example", "setting": "minimal_backoff_time",
            "value": "20min", "at": at,
        })
    };
    let shown = || {
        let live = serving.data("live");
        let list = live["hosts"]["smtp.sender.example"]["settings"].as_u64().unwrap() as usize;
        let settings = live["settings"][list].as_array().unwrap().clone();
        settings.into_iter().find(|s| s["name"] == "minimal_backoff_time").unwrap()["value"].clone()
    };
    // postconf(5): 300s.
    assert_eq!(shown(), "5m");
    serving.change(0, &setting(Value::Null)).with(200);
    assert_eq!(shown(), "20m");
    let argument = "--set host.\"smtp.sender.example\".mta.minimal_backoff_time=20min";
    assert_eq!(serving.data("live")["changes"][0]["arguments"], json!([argument]));
    serving.wish(1, &json!("undo")).with(200);
    serving.change(2, &setting(json!("2h30min"))).with(200);
    assert_eq!(shown(), "5m", "it holds from 2 h 30 min on");
    let toml = serving.data("live")["changes"][0]["entry"].as_str().unwrap().to_owned();
    assert!(toml.starts_with("[[action]]\nat = \"2h30m\"\n"), "{toml}");
}

#[test]
fn a_way_without_a_link_is_cut_by_giving_it_one_like_it() {
    let serving = Serving::start(SCENARIO, &[]);
    let cut = |between: [&str; 2]| json!({ "do": "cut", "between": between, "at": "7320001ms" });
    let first = serving.data("run");
    let servers = ["smtp.sender.example", "mx.recipient.example"];
    serving.change(0, &cut(servers)).with(200);
    let run = serving.data("run");
    assert_eq!(before(&run, 7320.001), before(&first, 7320.001));
    assert_eq!(delivered(&run), 3, "the fourth message waits");
    assert_eq!(serving.data("live")["outages"][1]["links"], json!([servers]));
    // The link is there now, so the next cut needs no other; from its ends no further is made.
    serving.change(1, &cut(servers)).with(200);
    assert_eq!(serving.data("live")["changes"][1]["arguments"].as_array().unwrap().len(), 1);
    let error = serving.change(2, &cut(["mua.smtp.sender.example", servers[0]])).with(422).error();
    assert!(error.contains("smtp.sender.example has links to others"), "{error}");
}

#[test]
fn what_cannot_be_is_told_in_words_and_the_run_stays() {
    let serving = Serving::start(SCENARIO, &[]);
    let page = serving.get("/").with(200).body;
    let down = |host: &str, mode: &str, at: &str| json!({ "do": "take_down", "host": host, "mode": mode, "at": at });
    let mx = "mx.recipient.example";
    let set = |argument: &str| json!({ "do": "set", "argument": argument });
    for (change, words) in [
        (down(mx, "refuse", "6h"), &["after the end of the run", "before 6h"][..]),
        (down(mx, "refuse", "99d"), &["after the end of the run", "before 6h"]),
        (down(mx, "refuse", "-1s"), &["at:", "from 0s to before 6h"]),
        (down(mx, "refuse", "1"), &["without a unit", "1s"]),
        (down("mx.recipent.example", "refuse", "1h"), &["there is no host", mx]),
        (down(mx, "refused", "1h"), &["refused", "blackhole"]),
        (down("a\"\n[[host]]\nname=\"b", "refuse", "1h"), &["there is no host"]),
        (json!({ "do": "end", "outage": 7, "at": "1h" }), &["there is no outage 7"]),
        (json!({ "do": "end", "outage": 0, "at": "2h" }), &["is over at that time"]),
        (set("outage.0.for=2"), &["outage.0.for", "without a unit"]),
        (set("sead=2"), &["seed"]),
        (set("seed"), &["there is no `=`"]),
        (json!({ "do": "unset", "argument": "mail.4" }), &["`mail` has no entry `4`"]),
        (
            json!({ "do": "setting", "host": "mua.smtp.sender.example", "setting": "x", "value": "1" }),
            &["no [[host]] of its own"],
        ),
        (
            json!({ "do": "setting", "host": mx, "setting": "queue_rum_delay", "value": "1m" }),
            &["queue_rum_delay", "queue_run_delay"],
        ),
        (json!({ "do": "mail", "from": "alice@sender.example", "to": [], "at": "1h" }), &["to"]),
    ] {
        let error = serving.change(0, &change).with(422).error();
        for word in words {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
    }
    assert_eq!(serving.get("/").with(200).body, page);
}

/// The files of the machine are not the page's.
#[test]
fn a_change_names_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let replay = "at_s,from,to,size_octets\n60,alice@sender.example,bob@recipient.example,900\n";
    std::fs::write(folder.path().join("mail.csv"), replay).unwrap();
    std::fs::write(folder.path().join("other.csv"), replay).unwrap();
    let scenario =
        SCENARIO.replace("# The end.", "[[mail]]\narrivals = { replay = \"mail.csv\" }\n");
    std::fs::write(folder.path().join("served.toml"), scenario).unwrap();
    let serving = Serving::start_in(folder, &[]);
    assert_eq!(delivered(&serving.data("run")), 5);
    for name in ["other.csv", "/etc/passwd", "./mail.csv", "../served.toml"] {
        let argument = format!("mail.1.arrivals.replay={name}");
        let error =
            serving.change(0, &json!({ "do": "set", "argument": argument })).with(422).error();
        assert!(error.contains("no other files"), "{error}");
        assert!(!error.contains("root:"), "{error}");
    }
    // The one that it named is as it was, even if it is gone by now.
    std::fs::remove_file(serving.folder.path().join("mail.csv")).unwrap();
    serving.change(0, &json!({ "do": "set", "argument": "seed=8" })).with(200);
    assert_eq!(delivered(&serving.data("run")), 5);
}

#[test]
fn a_window_that_is_behind_is_told_so() {
    let serving = Serving::start(SCENARIO, &[]);
    serving.change(0, &json!({ "do": "set", "argument": "seed=8" })).with(200);
    let error = serving.change(0, &json!({ "do": "set", "argument": "seed=9" })).with(409).error();
    assert!(error.contains("another window"), "{error}");
    assert_eq!(serving.data("live")["changes"].as_array().unwrap().len(), 1);
}
