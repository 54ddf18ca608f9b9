//! The run that is shown, the command line that is shown, and the scenario that is saved are one;
//! a run that takes too long does not last.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::{SCENARIO, Serving, embedded, mailsim};

/// Makes a few changes of every kind.
fn change_a_lot(serving: &Serving) {
    let changes = [
        json!({
            "do": "take_down", "host": "mx.recipient.example", "mode": "refuse", "at": "7320001ms",
            "for": "20min",
        }),
        json!({
            "do": "setting", "host": "smtp.sender.example", "setting": "maximal_backoff_time",
            "value": "10min",
        }),
        json!({
            "do": "setting", "host": "smtp.sender.example", "setting": "queue_run_delay",
            "value": "1min", "at": "2h",
        }),
        json!({
            "do": "mail", "from": "alice@sender.example", "to": ["bob@recipient.example"],
            "at": "2h5min", "size": "1MB",
        }),
        json!({ "do": "end", "outage": 0, "at": "1h15min" }),
        json!({
            "do": "cut", "between": ["smtp.sender.example", "mx.recipient.example"], "at": "3h",
            "for": "1h",
        }),
        json!({ "do": "set", "argument": "title=It's \"changed\"" }),
    ];
    for (revision, change) in changes.iter().enumerate() {
        serving.change(revision as u64, change).with(200);
    }
}

/// Runs a command in the folder and returns the player's data in its report and its tables.
fn results(folder: &Path, command: &str) -> (Value, Vec<String>) {
    let out = folder.join("out");
    let mut program = mailsim(folder);
    let shell = program.get_program().to_owned();
    let command = command.replacen("mailsim", shell.to_str().unwrap(), 1);
    program = std::process::Command::new("sh");
    let output = program
        .args(["-c", &format!("{command} --out out --quiet")])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let run = embedded(&read("report.html"), "run");
    let names =
        ["messages.csv", "attempts.csv", "queues.csv", "hosts.csv", "summary.json", "trace.jsonl"];
    let tables = names.map(read).into();
    fs::remove_dir_all(out).unwrap();
    (run, tables)
}

#[test]
fn shown_saved_and_on_the_command_line_is_the_same_run() {
    let serving = Serving::start(SCENARIO, &["--set", "seed=11", "--unset", "mail.0.at"]);
    change_a_lot(&serving);
    let (run, live) = (serving.data("run"), serving.data("live"));
    let folder = serving.folder.path();
    let by_command = results(folder, live["command"].as_str().unwrap());
    assert_eq!(run, by_command.0);

    let answer = serving.get("/scenario.toml").with(200);
    assert!(answer.head.contains("filename=\"served.toml\""), "{}", answer.head);
    // The name of the file is that of the run.
    fs::create_dir(folder.join("saved")).unwrap();
    fs::write(folder.join("saved/served.toml"), &answer.body).unwrap();
    let by_file = results(folder, "mailsim run saved/served.toml");
    assert_eq!(by_file, by_command);

    // Whoever wrote the file finds it again.
    for line in SCENARIO.lines().filter(|line| line.contains('#')) {
        let comment = &line[line.find('#').unwrap()..];
        assert!(answer.body.contains(comment), "{comment} is gone from:\n{}", answer.body);
    }
    let kept = SCENARIO.lines().filter(|line| answer.body.lines().any(|other| other == *line));
    assert!(kept.count() >= SCENARIO.lines().count() - 6, "{}", answer.body);
}

#[test]
fn it_is_saved_where_the_command_line_says_and_never_over_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("served.toml"), SCENARIO).unwrap();
    fs::write(folder.path().join("there.toml"), "years of work").unwrap();
    let output = mailsim(folder.path())
        .args(["serve", "served.toml", "--save-to", "there.toml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there.toml is there already"));

    let output = mailsim(folder.path())
        .args(["serve", "served.toml", "--save-to", "nowhere/new.toml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write nowhere/new.toml"));

    let serving = Serving::start_in(folder, &["--save-to", "new.toml"]);
    let (there, new) =
        (serving.folder.path().join("there.toml"), serving.folder.path().join("new.toml"));
    assert_eq!(serving.data("live")["saveTo"], "new.toml");
    for seed in [5, 6] {
        let argument = format!("seed={seed}");
        serving.change(seed - 5, &json!({ "do": "set", "argument": argument })).with(200);
        let saved = serving.post("/save", "{}").with(200).json();
        assert_eq!(saved["saved"], "new.toml");
        let expected = SCENARIO.replace("seed = 3", &format!("seed = {seed}"));
        assert_eq!(fs::read_to_string(&new).unwrap(), expected);
    }
    assert_eq!(fs::read_to_string(there).unwrap(), "years of work");
    assert_eq!(fs::read_to_string(serving.folder.path().join("served.toml")).unwrap(), SCENARIO);

    let serving = Serving::start(SCENARIO, &[]);
    assert_eq!(serving.data("live")["saveTo"], Value::Null);
    let error = serving.post("/save", "{}").with(422).error();
    assert!(error.contains("--save-to"), "{error}");
}

/// Makes a run of minutes out of one of milliseconds.
fn endless() -> Value {
    let entry = "mail.1={ from = \"alice@sender.example\", to = [\"bob@recipient.example\"], \
                 arrivals = { poisson = \"900000/h\" } }";
    json!({ "do": "set", "argument": entry })
}

#[test]
fn a_run_that_takes_too_long_is_given_up() {
    let serving = Serving::start(SCENARIO, &["--time-limit", "200ms"]);
    let page = serving.get("/").with(200).body;
    let begun = Instant::now();
    let error = serving.change(0, &endless()).with(503).error();
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert!(error.contains("--time-limit") && error.contains("virtual time"), "{error}");
    assert_eq!(serving.get("/").with(200).body, page);
    serving.change(0, &json!({ "do": "set", "argument": "seed=8" })).with(200);
}

#[test]
fn a_newer_change_takes_the_place_of_one_under_way() {
    let serving = Serving::start(SCENARIO, &["--time-limit", "10min"]);
    std::thread::scope(|scope| {
        let old = scope.spawn(|| serving.change(0, &endless()).with(409).error());
        std::thread::sleep(Duration::from_millis(300));
        serving.change(0, &json!({ "do": "set", "argument": "seed=8" })).with(200);
        assert!(old.join().unwrap().contains("newer"), "the older one is told");
        let stopped = scope.spawn(|| serving.change(1, &endless()).with(409).error());
        std::thread::sleep(Duration::from_millis(300));
        serving.post("/cancel", "{}").with(200);
        assert!(stopped.join().unwrap().contains("stopped"));
    });
    assert_eq!(serving.data("live")["changes"].as_array().unwrap().len(), 1);
}

#[test]
fn the_end_waits_for_no_run() {
    let serving = Serving::start(SCENARIO, &["--time-limit", "10min"]);
    let port = serving.port;
    let body = json!({ "revision": 0, "wish": { "change": endless() } }).to_string();
    let request = format!(
        "POST /change HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = serving.connect();
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    let (status, _, folder) = serving.interrupt();
    assert_eq!(status, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(fs::read_dir(folder.path().join("temporary")).unwrap().count(), 0);
}
