//! `explain`, `help` and `profiles --set`: what the program tells of itself.

use crate::program::call_here;

#[test]
fn a_key_is_explained_with_type_units_example_and_words() {
    let text = call_here(&["explain", "mail.0.arrivals.poisson"]).ends_with(0).out;
    assert!(text.starts_with("mail.arrivals.poisson\n"), "{text}");
    assert!(text.contains("poisson = \"30/h\"") && text.contains("/min"), "{text}");
    let text = call_here(&["explain", "outage.mode"]).ends_with(0).out;
    assert!(text.contains("blackhole") && text.contains("time-outs"), "{text}");
    let text = call_here(&["explain", "outage.delay"]).ends_with(0).out;
    assert!(text.contains("slow, greylist"), "{text}");
    let text = call_here(&["explain", "host.mta.maximal_queue_lifetime"]).ends_with(0).out;
    assert!(text.contains("postfix  5d"), "{text}");
}

#[test]
fn the_top_is_listed_and_a_wrong_path_leads_to_the_right_one() {
    let text = call_here(&["explain"]).ends_with(0).out;
    assert!(text.contains("  outage ") && text.contains("  replications "), "{text}");
    call_here(&["explain", "mail.arivals"]).ends_with(2).complains_of(&["`mail.arrivals`"]);
    call_here(&["explain", "host.mta.maximal_que_lifetime"])
        .ends_with(2)
        .complains_of(&["host.mta.maximal_queue_lifetime"]);
    call_here(&["explain", "latency"]).ends_with(2).complains_of(&["link.latency"]);
}

#[test]
fn chapters_are_listed_and_commands_have_help_too() {
    let list = call_here(&["help"]).ends_with(0).out;
    assert!(list.contains("truth") && list.contains("How true is it?"), "{list}");
    let text = call_here(&["help", "run"]).ends_with(0).out;
    assert!(text.contains("--set"), "{text}");
    call_here(&["help", "exprot"]).ends_with(2).complains_of(&["`export`"]);
}

#[test]
fn the_page_replaces_no_file_of_somebody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("book");
    let argument = path.to_str().expect("a plain path");
    call_here(&["help", "--html", argument]).ends_with(0);
    call_here(&["help", "--html", argument]).ends_with(0);
    let page = path.join("index.html");
    std::fs::write(&page, "my own").expect("it can be written");
    call_here(&["help", "--html", argument]).ends_with(3).complains_of(&["left as it is"]);
    assert_eq!(std::fs::read_to_string(&page).expect("it is there"), "my own");
}

/// The last age in the first schedule: when the message is returned.
fn returned(text: &str) -> String {
    let line = text.lines().find(|line| line.contains("returned to its sender"));
    line.unwrap_or_else(|| panic!("{text}")).trim().to_owned()
}

#[test]
fn a_schedule_is_shown_with_settings_of_the_command_line() {
    let with = |set: &str| call_here(&["profiles", "postfix", "--set", set]).ends_with(0).out;
    let day = with("maximal_queue_lifetime=1d");
    assert!(returned(&day).starts_with("1d 0"), "{day}");
    assert!(day.contains("1d (set; default 5d)"), "{day}");
    // A bare number is in the parameter's own unit: days, as postconf(5) has it.
    assert_eq!(returned(&with("maximal_queue_lifetime=1")), returned(&day));
    call_here(&["profiles", "postfix", "--set", "maximal_queue_lifetime=432000"])
        .ends_with(2)
        .complains_of(&["432000 days", "\"5d\""]);
}

#[test]
fn what_operators_report_is_proposed_with_its_source_and_never_assumed() {
    let text = call_here(&["profiles", "exchange-online"]).ends_with(0).out;
    assert!(text.contains("Reported by operators") && !text.contains("ATTEMPT"), "{text}");
    let text =
        call_here(&["profiles", "exchange-online", "--set", "gaps=30m 1h*"]).ends_with(0).out;
    assert!(returned(&text).starts_with("1d 0"), "{text}");
    call_here(&["profiles", "exchange-online", "--set", "lifetime=1d"])
        .ends_with(2)
        .complains_of(&["`gaps`", "operators report"]);
}
