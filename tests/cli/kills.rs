//! Studies killed at instants spread over their whole length. (`harm` does the same to runs, and the tests of
//! `serve` to its saving.)

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::program::{call, contents, folder, mailsim, scenario};

const KILLS: u32 = 20;

const STUDY: &str = r#"
    scenario = "base.toml"
    replications = 3
    figures = ["delivered_share", "submission_to_delivery.mean"]
    [[factor]]
    name = "size"
    path = "mail.0.size"
    levels = ["1kB", "5kB", "50kB"]
"#;

/// Begins `arguments` in `folder` and kills it after some time.
fn kill(folder: &Path, arguments: &[&str], after: Duration) {
    let mut command = mailsim(folder);
    command.args(arguments).args(["--quiet", "--no-charts"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    // It may have ended already.
    let _ = child.kill();
    child.wait().unwrap();
}

/// Returns what a study's folder holds, but for the runs that are kept while a new one is made.
fn result(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = contents(folder);
    files.retain(|(name, _)| !name.starts_with("rows"));
    files
}

/// Writes the study, makes it once, and returns what its folder holds and how long that took.
fn made(place: &Path) -> (Vec<(PathBuf, Vec<u8>)>, Duration) {
    fs::copy(scenario("three-recipients.toml"), place.join("base.toml")).unwrap();
    fs::write(place.join("study.toml"), STUDY).unwrap();
    let begun = Instant::now();
    call(place, &["study", "study.toml", "--out", "whole", "-q", "--no-charts"]).ends_with(0);
    (contents(&place.join("whole")), begun.elapsed())
}

#[test]
fn a_study_that_is_killed_at_any_instant_is_whole_or_goes_on() {
    let place = folder();
    let (whole, length) = made(place.path());
    let out = place.path().join("killed");
    let mut resumed = 0;
    for number in 0..KILLS {
        let arguments = ["study", "study.toml", "--out", "killed"];
        kill(place.path(), &arguments, length * number / KILLS);
        if out.join("study.json").exists() {
            assert!(result(&out) == whole, "kill {number} left another result");
        }
        // It goes on where it was, now and then after several kills.
        if number % 3 == 2 {
            resumed += u32::from(out.join("rows").exists());
            call(place.path(), &[&arguments[..], &["-q", "--no-charts"]].concat()).ends_with(0);
            assert!(contents(&out) == whole, "after kill {number} it ends otherwise");
            fs::remove_dir_all(&out).unwrap();
        }
    }
    println!("{resumed} were resumed from kept rows");
}

#[test]
fn a_merge_that_is_killed_at_any_instant_is_made_again_from_all_parts() {
    let place = folder();
    let (whole, _) = made(place.path());
    let out = place.path().join("parts");
    let merge = ["study", "study.toml", "--out", "parts", "--merge"];
    let parts = || {
        let _ = fs::remove_dir_all(&out);
        for shard in ["1/2", "2/2"] {
            let shard = ["study", "study.toml", "--out", "parts", "--shard", shard, "-q"];
            call(place.path(), &shard).ends_with(0);
        }
    };
    parts();
    let begun = Instant::now();
    call(place.path(), &[&merge[..], &["-q", "--no-charts"]].concat()).ends_with(0);
    let length = begun.elapsed();
    assert!(contents(&out) == whole, "shards give another result");
    parts();
    for number in 0..KILLS {
        kill(place.path(), &merge, length * number / KILLS);
        if out.join("study.json").exists() {
            assert!(result(&out) == whole, "kill {number} left another result");
            parts();
        }
    }
    call(place.path(), &[&merge[..], &["-q", "--no-charts"]].concat()).ends_with(0);
    assert!(contents(&out) == whole, "after all kills it ends otherwise");
}
