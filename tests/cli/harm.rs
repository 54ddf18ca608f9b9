//! Nothing of the user's is harmed, and every run ends: foreign files, kills, pipes, endless chains.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::program::{call, call_with_input, contents, folder, mailsim, names, scenario};

#[test]
fn ones_own_files_in_a_result_folder_keep_it_from_being_replaced() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    call(place.path(), &["run", &three, "--out", "r"]).ends_with(0);
    let result = place.path().join("r");
    fs::write(result.join("notes.md"), "a day of notes").unwrap();
    fs::create_dir(result.join("mine")).unwrap();
    fs::write(result.join("charts/for-the-talk.svg"), "<svg/>").unwrap();
    let before = contents(&result);
    let said = call(place.path(), &["run", &three, "--out", "r", "--seed", "7"]).ends_with(3);
    said.complains_of(&["charts/for-the-talk.svg, mine/, notes.md", "left as it is", "--out"]);
    assert!(before == contents(&result));
    assert_eq!(names(place.path()), ["r"]);
    // The same from within the folder, as somebody did who lost a day of notes.
    call(&result, &["run", &three, "--out", "."]).ends_with(3).complains_of(&["notes.md"]);
    assert!(before == contents(&result));
    // A study wants the folder as little.
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/studies/polling.toml");
    let study = study.to_str().unwrap();
    call(place.path(), &["study", study, "--out", "r"]).ends_with(3).complains_of(&["notes.md"]);
    assert!(before == contents(&result));
    fs::remove_file(result.join("notes.md")).unwrap();
    fs::remove_dir(result.join("mine")).unwrap();
    fs::remove_file(result.join("charts/for-the-talk.svg")).unwrap();
    call(place.path(), &["run", &three, "--out", "r", "--seed", "7"]).ends_with(0);
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_and_devices_are_refused_before_the_run() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    std::os::unix::fs::symlink("nowhere", place.path().join("dangling")).unwrap();
    call(place.path(), &["run", &three, "--out", "dangling"])
        .ends_with(3)
        .complains_of(&["dangling", "leads nowhere"]);
    call(place.path(), &["run", &three, "--out", "/dev/null"])
        .ends_with(3)
        .complains_of(&["/dev/null is not a folder"]);
    for (path, why) in [("dangling", "leads nowhere"), ("/dev/null", "a device or a pipe")] {
        call(place.path(), &["serve", &three, "--save-to", path, "--overwrite"])
            .ends_with(3)
            .complains_of(&[path, why]);
    }
    assert_eq!(names(place.path()), ["dangling"]);
}

/// Kills runs at instants spread over their whole length: under the name of the result stands the
/// former one or a new one, whole.
#[test]
fn a_run_that_is_killed_at_any_instant_leaves_a_whole_result() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    let run = ["run", &three, "--out", "r", "--quiet"];
    let begun = Instant::now();
    call(place.path(), &run).ends_with(0);
    let length = begun.elapsed();
    let whole = contents(&place.path().join("r"));
    let kills = 40;
    for number in 0..kills {
        let mut command = mailsim(place.path());
        command.args(run).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(length * number / kills);
        // It may have ended already.
        let _ = child.kill();
        child.wait().unwrap();
        assert!(whole == contents(&place.path().join("r")), "kill {number} of {kills}");
    }
    // What the killed ones left beside it is told, with the way to remove it.
    let left = names(place.path()).len() - 1;
    let said = call(place.path(), &["run", &three, "--out", "r"]).ends_with(0);
    assert_eq!(said.err.contains("of runs that were killed"), left > 0, "{left}: {}", said.err);
    for name in names(place.path()).iter().filter(|name| *name != "r") {
        assert!(name.starts_with(".r.tmp-"), "{name}");
    }
}

#[test]
fn a_kept_run_of_a_study_that_was_altered_is_named_and_made_again() {
    let place = folder();
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/studies/polling.toml");
    let study = study.to_str().unwrap();
    let small = ["study", study, "--set", "replications=3", "--no-charts", "--out"];
    call(place.path(), &[&small[..], &["whole"]].concat()).ends_with(0);
    call(place.path(), &[&small[..], &["parts", "--shard", "1/2"]].concat()).ends_with(0);
    let rows = place.path().join("parts/rows");
    let file = rows.join(&names(&rows)[0]);
    // One digit of one figure, as a bad disk or a careless hand would.
    let text = fs::read_to_string(&file).unwrap();
    let at = text.find("\"figures\":[").unwrap() + "\"figures\":[".len();
    let mut bytes = text.into_bytes();
    bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
    fs::write(&file, bytes).unwrap();
    let said = call(place.path(), &[&small[..], &["parts"]].concat()).ends_with(0);
    said.complains_of(&["line 1 of ", "is not what was written there"]);
    let (parts, whole) = (place.path().join("parts"), place.path().join("whole"));
    assert!(contents(&parts) == contents(&whole));
}

#[test]
fn scenarios_come_by_standard_input_and_end_at_a_limit() {
    let place = folder();
    let text = fs::read_to_string(scenario("three-recipients.toml")).unwrap();
    let said = call_with_input(place.path(), &["check", "-"], &text).ends_with(0);
    assert!(said.out.contains("ok"), "{}", said.out);
    call_with_input(place.path(), &["run", "-", "--no-charts"], &text).ends_with(0);
    assert_eq!(names(&place.path().join("output")), ["standard-input"]);
    call_with_input(place.path(), &["check", "-"], "duration = \"1h\"\nnonsense = 1\n")
        .ends_with(2)
        .complains_of(&["standard-input:2", "nonsense"]);
}

#[cfg(unix)]
#[test]
fn a_device_without_end_is_no_scenario_and_no_table_of_mail() {
    let place = folder();
    call(place.path(), &["check", "/dev/zero"]).ends_with(2).complains_of(&["256 MiB"]);
    let text = "duration = \"1h\"\n[[host]]\nname = \"a.example\"\n[[domain]]\nname = \
                \"example\"\nmx = [\"a.example\"]\nmailboxes = [\"bob\"]\n[[mail]]\narrivals = \
                { replay = \"/dev/zero\" }\nfrom = \"bob@example\"\nto = \"bob@example\"\n";
    fs::write(place.path().join("zero.toml"), text).unwrap();
    call(place.path(), &["check", "zero.toml"])
        .ends_with(2)
        .complains_of(&["/dev/zero", "line 1 is longer"]);
}

/// Two responders that answer each other at once.
const ANSWERS: &str = r#"
    duration = "1h"
    [[host]]
    name = "mail.a.example"
    roles = ["submission", "store"]
    [[domain]]
    name = "a.example"
    address = "mail.a.example"
    mailboxes = ["alice", "bob"]
    [[mail]]
    from = "alice@a.example"
    to = "bob@a.example"
    [[responder]]
    mailbox = "alice@a.example"
    answers = "everything"
    every = "0s"
    reverse_path = "mailbox"
    auto_submitted = false
    [[responder]]
    mailbox = "bob@a.example"
    answers = "everything"
    every = "0s"
    reverse_path = "mailbox"
    auto_submitted = false
"#;

/// A schedule that takes no time.
const NO_GAP: &str = r#"
    duration = "1h"
    [defaults]
    latency = "0s"
    [[host]]
    name = "mx.b.example"
    roles = ["mx", "store"]
    [[host]]
    name = "out.a.example"
    roles = ["submission", "store"]
    mta = { profile = "schedule", gaps = "1ns*", lifetime = "5d" }
    [[domain]]
    name = "a.example"
    address = "out.a.example"
    mailboxes = ["alice"]
    [[domain]]
    name = "b.example"
    mx = ["mx.b.example"]
    mailboxes = ["bob"]
    [[mail]]
    from = "alice@a.example"
    to = "bob@b.example"
    [[outage]]
    host = "mx.b.example"
    mode = "refuse"
"#;

#[test]
fn chains_without_time_end_with_the_names_of_their_members() {
    let place = folder();
    let members = ["alice@a.example", "bob@a.example"];
    for (name, text, told) in [
        ("answers", ANSWERS, &members[..]),
        ("no-gap", NO_GAP, &["out.a.example", "bob@b.example"]),
    ] {
        let file = format!("{name}.toml");
        fs::write(place.path().join(&file), text).unwrap();
        let begun = Instant::now();
        for command in ["run", "trace"] {
            let said = call(place.path(), &[command, &file]).ends_with(2);
            said.complains_of(&["without end", "more than 1000 times within 1s"]);
            said.complains_of(told);
        }
        assert!(begun.elapsed() < Duration::from_secs(100), "{name}");
    }
    assert_eq!(names(place.path()), ["answers.toml", "no-gap.toml", "output"]);
    assert_eq!(names(&place.path().join("output")), Vec::<String>::new());
}

#[test]
fn circles_of_automatic_replies_are_told_beforehand() {
    let place = folder();
    let said = call_with_input(place.path(), &["check", "-"], ANSWERS).ends_with(0);
    let warned = "alice@a.example and bob@a.example answer each other without end";
    said.complains_of(&[warned, "RFC 3834", "responder.0.mailbox"]);
    // Each of these ends it.
    for (rule, other) in [
        ("every = \"0s\"", "every = \"1d\""),
        ("reverse_path = \"mailbox\"", ""),
        ("to = \"bob@a.example\"", "to = \"carol@a.example\""),
    ] {
        let text = ANSWERS.replacen(rule, other, 1).replace("\"bob\"]", "\"bob\", \"carol\"]");
        let said = call_with_input(place.path(), &["check", "-"], &text).ends_with(0);
        assert!(!said.err.contains("without end"), "{other}: {}", said.err);
    }
}

#[test]
fn what_people_read_holds_no_orders_to_a_terminal() {
    let place = folder();
    let text = fs::read_to_string(scenario("three-recipients.toml")).unwrap();
    let title = "title = \"x\\u001b[2J\\u001b]0;PWN\\u0007\"\n";
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("title"))
        .map(|line| format!("{line}\n"))
        .collect();
    let text = title.to_owned() + &text;
    for command in ["check", "run", "trace"] {
        let said = call_with_input(place.path(), &[command, "-"], &text).ends_with(0);
        let obeyed = |c: char| c.is_control() && c != '\n';
        assert!(!(said.out + &said.err).contains(obeyed), "{command}");
    }
}
