//! Memory and time: what a command may take of either, and how soon it ends when it is asked to.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{call, call_with_input, contents, folder, mailsim, names, scenario};

/// A network of so many like hosts.
fn hosts(count: u32) -> String {
    format!(
        "duration = \"1h\"\n[[host]]\nname = \"mx.b.example\"\ncount = {count}\n[[host]]\nname = \
         \"out.a.example\"\nroles = [\"submission\", \"store\"]\n[[domain]]\nname = \"a.example\"\n\
         address = \"out.a.example\"\nmailboxes = [\"alice\"]\n[[mail]]\nfrom = \"alice@a.example\"\n\
         to = [\"alice@a.example\"]\n"
    )
}

#[test]
fn a_scenario_that_needs_more_memory_than_there_may_be_is_refused_with_an_estimate() {
    let place = folder();
    let begun = Instant::now();
    let many = hosts(900_000);
    for command in ["check", "run"] {
        let limit = ["--memory-limit", "256MiB", command, "-"];
        let said = call_with_input(place.path(), &limit, &many).ends_with(3);
        said.complains_of(&[
            "out of memory",
            "900001 hosts",
            "1717 MiB",
            "256 MiB",
            "--memory-limit",
        ]);
    }
    // What the command line makes of it counts.
    let set = ["--memory-limit", "256MiB", "check", "-", "--set", "host.0.count=900000"];
    call_with_input(place.path(), &set, &hosts(2)).ends_with(3).complains_of(&["900001 hosts"]);
    let few = ["--memory-limit", "256MiB", "check", "-", "--set", "host.0.count=2"];
    call_with_input(place.path(), &few, &many).ends_with(0);
    // Nothing was built: that alone would take longer.
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_comes_to_hold_too_much_ends_and_leaves_the_former_result() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    call(place.path(), &["run", &three, "--out", "r", "-q"]).ends_with(0);
    let before = contents(&place.path().join("r"));
    fs::write(place.path().join("many.toml"), hosts(60_000)).unwrap();
    let limit = ["--memory-limit", "130MiB", "run", "many.toml", "--out", "r"];
    let said = call(place.path(), &limit).ends_with(3);
    said.complains_of(&["out of memory", "more than the 130 MiB", "nothing was written"]);
    assert!(contents(&place.path().join("r")) == before);
    assert_eq!(names(place.path()), ["many.toml", "r"]);
}

/// Ten years of a queue that is looked at each second, and mail that never ends.
const LONG: &str = "duration = \"3650d\"\n[[host]]\nname = \"a.example\"\nroles = [\"submission\", \
                    \"store\"]\n[[domain]]\nname = \"a.example\"\naddress = \"a.example\"\nmailboxes = \
                    [\"bob\"]\n[[mail]]\nfrom = \"bob@a.example\"\nto = [\"bob@a.example\"]\narrivals = \
                    { every = \"1s\" }\n";

#[test]
fn an_interrupt_is_answered_soon_wherever_it_comes() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    call(place.path(), &["run", &three, "--out", "r", "-q"]).ends_with(0);
    let before = contents(&place.path().join("r"));
    fs::write(place.path().join("long.toml"), LONG).unwrap();
    fs::write(place.path().join("many.toml"), hosts(200_000)).unwrap();
    // Reading and building the one, running the other. (Whoever runs the tests in the background may have told
    // that interrupts be ignored; that lasts until a command listens to them.)
    for (file, signal, after) in [
        ("many", "-TERM", 300),
        ("many", "-TERM", 2_000),
        ("long", "-INT", 1_500),
        ("long", "-TERM", 2_000),
    ] {
        let file = format!("{file}.toml");
        let mut child = mailsim(place.path())
            .args(["run", &file, "--out", "r", "-q"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after));
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "{file}: it had ended");
        let begun = Instant::now();
        let status = child.wait().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(10), "{file}: {:?}", begun.elapsed());
        assert!(!status.success(), "{file}: {status}");
        assert!(
            contents(&place.path().join("r")) == before,
            "{file}: the former result is touched"
        );
    }
    assert_eq!(names(place.path()), ["long.toml", "many.toml", "r"]);
}

#[test]
fn an_interrupted_search_ends_with_130() {
    let place = folder();
    fs::write(place.path().join("long.toml"), LONG).unwrap();
    let mut child = mailsim(place.path())
        .args(["threshold", "long.toml", "--vary", "duration", "--from", "3000d", "--to", "3650d"])
        .args(["--when", "failed_share > 1%", "--replications", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
