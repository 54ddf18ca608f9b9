//! `learn`: the lessons that the program carries are those of the source tree, and it tells them.

use std::fs;
use std::path::Path;

use crate::program::{call, call_here, folder, names};

fn lessons() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/lessons");
    let files = names(&folder);
    files.iter().filter_map(|name| name.strip_suffix(".toml")).map(str::to_owned).collect()
}

fn number(lesson: &str) -> u32 {
    lesson.split('-').next().and_then(|digits| digits.parse().ok()).expect("NN-name")
}

#[test]
fn all_lessons_are_on_board() {
    let list = call_here(&["learn"]).ends_with(0).out;
    let lessons = lessons();
    let numbered: Vec<u32> = list
        .lines()
        .filter_map(|line| line.get(..3).filter(|_| line.get(3..5) == Some("  ")))
        .filter_map(|digits| digits.trim().parse().ok())
        .collect();
    let expected: Vec<u32> = lessons.iter().map(|lesson| number(lesson)).collect();
    assert_eq!(numbered, expected, "a lesson is added by a line in src/cli/learn/lessons.rs");
    for lesson in &lessons {
        let number = number(lesson).to_string();
        let said = call_here(&["learn", &number, "--print"]).ends_with(0).out;
        let file = format!("scenarios/lessons/{lesson}.toml");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert_eq!(said, text);
    }
}

#[test]
fn a_lesson_is_told_from_any_folder() {
    let folder = folder();
    let first = &lessons()[0];
    let number = number(first).to_string();
    let said = call(folder.path(), &["learn", &number, "-q"]).ends_with(0).out;
    let notes = call_here(&["learn", &number, "--print"]).ends_with(0).out;
    let asks = notes.lines().filter(|line| line.starts_with("ask = ")).count();
    assert!(asks > 0);
    assert_eq!(said.matches("What do you expect?").count(), asks);
    assert!(said.starts_with(&format!("Lesson {number}: ")), "{said}");
    assert!(said.contains(&format!("output/{first}/report.html")), "{said}");
    assert!(folder.path().join("output").join(first).join("report.html").is_file());
    // Its name will do as well, and nothing waits for a key that nobody presses.
    let again = call(folder.path(), &["learn", first, "-q", "--no-pause"]).ends_with(0).out;
    assert_eq!(again, said);
    // Its commands name the file of the source tree, which is not here: the program carries it.
    let file = format!("scenarios/lessons/{first}.toml");
    call(folder.path(), &["run", &file]).ends_with(0);
}

#[test]
fn there_are_only_so_many_lessons() {
    let said = call_here(&["learn", "99"]).ends_with(2);
    said.complains_of(&["no lesson 99", "mailsim learn"]);
    let said = call_here(&["learn", "five"]).ends_with(2);
    said.complains_of(&["`five` is no number of a lesson", "mailsim learn"]);
}

#[test]
fn of_many_messages_those_are_told_that_the_notes_speak_of() {
    // The first of the campaign that is put off because the address is new (50 a day), the first
    // over the account's limit (500 a day), and the two to the small site.
    let folder = folder();
    let campaign = call(folder.path(), &["learn", "12", "-q"]).ends_with(0).out;
    let page = folder.path().join("output/12-sending-addresses/trace.jsonl");
    let page = fs::read_to_string(page).unwrap();
    for message in ["2-51", "3-501", "6-1", "7-1"] {
        assert!(campaign.contains(&format!("\nMessage {message}: ")), "{message} is not told of");
        let in_page = "\"fact\":\"attempt\"";
        let id = format!("\"id\":\"{message}\"");
        let tries = page.lines().filter(|line| line.contains(in_page) && line.contains(&id));
        // Its submission at least.
        assert!(tries.count() > 0, "{message} is not in the page");
    }
    let proxy = call(folder.path(), &["learn", "10", "-q"]).ends_with(0).out;
    for message in ["2-1", "2-2", "2-3", "4-1"] {
        assert!(proxy.contains(&format!("\nMessage {message}: ")), "{message} is not told of");
    }
}
