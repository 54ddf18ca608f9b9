//! Bad scenario files of every kind: where the problem stands, what was found, how to mend it.

use mailsim::scenario::{Loaded, Override, Problem, ProblemKind, Problems, Severity, Source, load};

/// A scenario that is right, to be spoilt by each test.
const GOOD: &str = r#"title = "The primary MX is down for four hours"
seed = 42
duration = "24h"

[[host]]
name = "smtp.sender.example"
roles = ["submission", "relay", "store"]

[[host]]
name = "mx1.recipient.example"

[[host]]
name = "mx2.recipient.example"

[[host]]
name = "imap.recipient.example"

[[link]]
between = ["smtp.sender.example", "mx1.recipient.example"]
latency = "20ms"

[[domain]]
name = "sender.example"
mx = [{ host = "smtp.sender.example", preference = 10 }]
mailboxes = ["alice"]

[[domain]]
name = "recipient.example"
mx = [{ host = "mx1.recipient.example" }, { host = "mx2.recipient.example" }]
store = "imap.recipient.example"
mailboxes = ["bob"]

[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
arrivals = { poisson = "30/h" }

[[outage]]
host = "mx1.recipient.example"
from = "2h"
for = "4h"
mode = "blackhole"
"#;

fn read(text: &str, overrides: &[Override]) -> Result<Loaded, Problems> {
    let read_file = |name: &str| match name {
        "mail.csv" => Ok("at_s,from,to,size_octets\n\
                          1.5,alice@sender.example,bob@recipient.example,1000\n\
                          -2,alice@sender.example,bob@recipient.example,1000\n\
                          3,alice,bob@recipient.example carol@recipient.example,1kB\n"
            .to_owned()),
        "crlf.csv" => Ok("at_s,from,to,size_octets\r\n\
            0,alice@sender.example,bob@recipient.example,75000\r\n\
            # a remark\r\n\
            \r\n\
            -2,alice@sender.example,bob@recipient.example,75000\r\n\
            7,,bob@recipient.example,75000\r\n"
            .to_owned()),
        "header.csv" => Ok("at_s,sender,to,size_octets\n".to_owned()),
        _ => Err("No such file or directory".to_owned()),
    };
    load(&Source { file: "bad.toml", text, read_file: &read_file }, overrides)
}

fn errors(text: &str) -> Vec<Problem> {
    let problems = read(text, &[]).expect_err("the scenario is bad");
    assert!(problems.has_errors());
    problems.0.into_iter().filter(|problem| problem.severity == Severity::Error).collect()
}

/// Returns `GOOD` with `old` replaced.
fn spoilt(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "`{old}` stands in the good scenario once");
    GOOD.replacen(old, new, 1)
}

/// Asserts that there is one error, at the first octet of `at`, and that it says all of this.
fn expect_error(text: &str, kind: ProblemKind, at: &str, message: &str, help: &str) {
    let errors = errors(text);
    let rendered = Problems(errors.clone()).to_string();
    assert_eq!(errors.len(), 1, "{rendered}");
    let error = &errors[0];
    assert_eq!(error.kind, kind, "{rendered}");
    let offset = text.find(at).expect("the place is in the text");
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    assert_eq!((error.line, error.column), (line, column), "{rendered}");
    assert_eq!(error.file, "bad.toml");
    assert!(error.message.contains(message), "{rendered}");
    assert!(error.help.contains(help), "{rendered}");
}

#[test]
fn the_good_scenario_is_good() {
    let loaded = read(GOOD, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    // Four hosts, and the mail program that alice needs.
    assert_eq!(loaded.scenario.hosts.len(), 5);
    assert!(loaded.warnings.0.is_empty(), "{}", loaded.warnings);
}

#[test]
fn not_toml() {
    let text = spoilt("seed = 42", "seed = = 42");
    let errors = errors(&text);
    assert_eq!(errors[0].kind, ProblemKind::Syntax);
    assert_eq!(errors[0].line, 2);
    assert!(errors[0].message.starts_with("this is not TOML"), "{}", errors[0].message);
    // Two syntax errors are two problems, and a wrong unit elsewhere is found as well.
    let text = text.replace("for = \"4h\"", "for = \"4 hours\"").replace("mode = ", "mode ");
    let kinds: Vec<ProblemKind> = self::errors(&text).iter().map(|error| error.kind).collect();
    assert!(kinds.iter().filter(|kind| **kind == ProblemKind::Syntax).count() >= 2, "{kinds:?}");
    assert!(kinds.contains(&ProblemKind::BadValue), "{kinds:?}");
}

#[test]
fn a_binary_file_is_not_toml() {
    let problems = errors("\u{0}\u{1}ELF\u{fffd}");
    assert_eq!(problems[0].kind, ProblemKind::Syntax);
}

#[test]
fn unknown_key() {
    expect_error(
        &spoilt("latency = \"20ms\"", "latencyy = \"20ms\""),
        ProblemKind::UnknownKey,
        "latencyy",
        "`latencyy` is not a key of a link",
        "did you mean `latency`?",
    );
    expect_error(
        &GOOD.replacen("seed = 42", "sead = 42", 1),
        ProblemKind::UnknownKey,
        "sead",
        "`sead` is not a key of a scenario",
        "did you mean `seed`?",
    );
}

#[test]
fn wrong_type() {
    expect_error(
        &spoilt("seed = 42", "seed = \"42\""),
        ProblemKind::WrongType,
        "\"42\"",
        "found the text \"42\"",
        "without quotes",
    );
    expect_error(
        &spoilt("mailboxes = [\"bob\"]", "mailboxes = 500"),
        ProblemKind::WrongType,
        "500",
        "found the number 500",
        "",
    );
}

#[test]
fn wrong_unit() {
    expect_error(
        &spoilt("\"4h\"", "\"4 hours\""),
        ProblemKind::BadValue,
        "\"4 hours\"",
        "unknown unit \"hours\"",
        "did you mean \"4 h\"?",
    );
    expect_error(
        &spoilt("\"20ms\"", "20"),
        ProblemKind::WrongType,
        "20\n",
        "a number without a unit",
        "did you mean \"20ms\"?",
    );
}

#[test]
fn dangling_name() {
    expect_error(
        &spoilt(
            "[[outage]]\nhost = \"mx1.recipient.example\"",
            "[[outage]]\nhost = \"mx3.recipient.example\"",
        ),
        ProblemKind::UnknownName,
        "\"mx3.recipient.example\"",
        "there is no host named \"mx3.recipient.example\"",
        "did you mean `mx1.recipient.example`?",
    );
    expect_error(
        &spoilt("store = \"imap.recipient.example\"", "store = \"pop.elsewhere.org\""),
        ProblemKind::UnknownName,
        "\"pop.elsewhere.org\"",
        "there is no host",
        "add a [[host]]",
    );
}

#[test]
fn negative_time() {
    expect_error(
        &spoilt("from = \"2h\"", "from = \"-2h\""),
        ProblemKind::BadValue,
        "\"-2h\"",
        "which is negative",
        "remove the minus sign",
    );
}

#[test]
fn empty_network() {
    let errors = errors("");
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    assert!(
        messages.iter().any(|message| message.contains("lacks the key `host`")),
        "{messages:?}"
    );
    expect_error(
        "duration = \"1h\"\nhost = []\n",
        ProblemKind::Missing,
        "host",
        "the network is empty",
        "add a [[host]]",
    );
}

#[test]
fn cyclic_route() {
    let named = |host: &str| format!("name = \"{host}.recipient.example\"\n");
    let towards = |host: &str| format!("smart_host = \"{host}.recipient.example\"\n");
    let text = GOOD
        .replace(&named("mx1"), &(named("mx1") + &towards("mx2")))
        .replace(&named("mx2"), &(named("mx2") + &towards("mx1")));
    let problems = errors(&text);
    let circle = problems.iter().find(|problem| problem.kind == ProblemKind::Loop);
    let circle = circle.unwrap_or_else(|| panic!("{}", Problems(problems.clone())));
    assert!(
        circle.message.contains("mx1.recipient.example > mx2.recipient.example > mx1"),
        "{circle:?}"
    );
    assert_eq!(circle.key, "host.\"mx1.recipient.example\".smart_host");
    assert!(circle.help.contains("allow_loops = true"));
    let allowed = format!("allow_loops = true\n{text}");
    let loaded = read(&allowed, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(loaded.warnings.to_string().contains("goes round in a circle"));
}

#[test]
fn unreadable_replay_file() {
    expect_error(
        &spoilt("{ poisson = \"30/h\" }", "{ replay = \"gone.csv\" }"),
        ProblemKind::File,
        "\"gone.csv\"",
        "No such file or directory",
        "check the name",
    );
}

#[test]
fn bad_rows_of_a_replay_file_are_named_by_line() {
    let errors = errors(&spoilt("{ poisson = \"30/h\" }", "{ replay = \"mail.csv\" }"));
    let places: Vec<String> = errors.iter().map(Problem::place).collect();
    assert_eq!(places, ["mail.csv:3:1", "mail.csv:4:1", "mail.csv:4:1"]);
    assert!(errors[0].message.contains("\"-2\" in the column `at_s`"), "{}", errors[0].message);
    // Lines that end with CR LF, remarks and blank lines are counted too.
    let errors = self::errors(&spoilt("{ poisson = \"30/h\" }", "{ replay = \"crlf.csv\" }"));
    let places: Vec<String> = errors.iter().map(Problem::place).collect();
    assert_eq!(places, ["crlf.csv:5:1", "crlf.csv:6:1"]);
    let errors = self::errors(&spoilt("{ poisson = \"30/h\" }", "{ replay = \"header.csv\" }"));
    assert!(errors.iter().any(|error| error.message.contains("the header lacks from")));
}

#[test]
fn absurd_sizes() {
    for (old, new, at, message) in [
        ("duration = \"24h\"", "duration = \"60000d\"", "\"60000d\"", "absurdly long"),
        ("[\"bob\"]", "{ count = 5000000000 }", "5000000000", "out of range"),
        ("\"30/h\"", "\"99999999/s\"", "\"99999999/s\"", "messages"),
        ("{ poisson = \"30/h\" }", "{ every = \"1ns\" }", "\"1ns\"", "messages"),
    ] {
        expect_error(&spoilt(old, new), ProblemKind::BadValue, at, message, "");
    }
    let many = "name = \"mx2.recipient.example\"\ncount = 1000001";
    let text = spoilt("name = \"mx2.recipient.example\"", many);
    let errors = errors(&text);
    assert!(errors.iter().any(|error| error.accepted.contains("1000000")), "{errors:?}");
    let size = format!(
        "{GOOD}\n[[mail]]\nfrom = \"alice@sender.example\"\n\
                        to = \"bob@recipient.example\"\nsize = \"9000000TB\"\n"
    );
    expect_error(&size, ProblemKind::BadValue, "\"9000000TB\"", "absurd size", "check the unit");
}

#[test]
fn duplicate_names() {
    expect_error(
        &spoilt(
            "name = \"imap.recipient.example\"",
            "name = \"imap.recipient.example\"\n\n[[host]]\nname = \"MX1.recipient.example\"",
        ),
        ProblemKind::Duplicate,
        "name = \"MX1.recipient.example\"",
        "two hosts named",
        "rename",
    );
}

#[test]
fn contradictions() {
    expect_error(
        &spoilt("for = \"4h\"", "for = \"4h\"\nuntil = \"9h\""),
        ProblemKind::Contradiction,
        "until",
        "exclude each other",
        "remove",
    );
    expect_error(
        &spoilt("mode = \"blackhole\"", "mode = \"refuse\"\nfactor = 2"),
        ProblemKind::Contradiction,
        "factor",
        "means nothing",
        "remove `factor`",
    );
}

#[test]
fn all_problems_are_found_in_one_pass() {
    let text = GOOD
        .replace("latency = \"20ms\"", "latencyy = \"20ms\"")
        .replace("from = \"2h\"", "from = \"-2h\"")
        .replace("mode = \"blackhole\"", "mode = \"blackhoel\"")
        .replace("\"imap.recipient.example\"\nmail", "\"imap.recipent.example\"\nmail")
        .replace("seed = 42", "seed = -1");
    let errors = errors(&text);
    let lines: Vec<usize> = errors.iter().map(|error| error.line).collect();
    assert_eq!(errors.len(), 5, "{}", Problems(errors));
    assert!(lines.is_sorted());
}

#[test]
fn the_rendering_has_caret_accepted_and_fix() {
    let problems = read(&spoilt("latency = \"20ms\"", "latencyy = \"20ms\""), &[]).unwrap_err();
    let text = problems.render(false);
    for part in
        ["--> bad.toml:20:1", "^^^^^^^^", "accepted: name, between", "did you mean `latency`?"]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(problems.render(true).contains("\u{1b}["));
}

#[test]
fn overrides_are_reported_as_the_command_line() {
    let set = |argument: &str| Override::set(argument).unwrap();
    let problems = read(GOOD, &[set("outage.0.for=4 hours")]).unwrap_err();
    assert_eq!(problems.0[0].file, "command line: --set outage.0.for=4 hours");
    assert!(problems.0[0].help.contains("did you mean \"4 h\"?"));
    let problems = read(GOOD, &[set("host.\"mx3.recipient.example\".count=2")]).unwrap_err();
    assert!(problems.0[0].message.contains("has no entry `mx3.recipient.example`"));
    let loaded =
        read(GOOD, &[set("seed=7"), set("host.\"mx1.recipient.example\".mta.queue_run_delay=60s")]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.scenario.seed, 7);
    assert!(loaded.resolved.contains("queue_run_delay = \"60s\""));
    let again = read(&loaded.resolved, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(again.resolved, loaded.resolved);
    assert_eq!(again.scenario.hosts.len(), 5);
}

/// Returns the good scenario whose sender has this mail server.
fn with_mta(mta: &str) -> String {
    let roles = "roles = [\"submission\", \"relay\", \"store\"]";
    spoilt(roles, &format!("{roles}\nmta = {mta}"))
}

#[test]
fn undocumented_defaults_have_to_be_given() {
    let all = errors(&with_mta("\"imail\""));
    let keys: Vec<_> = all.iter().map(|error| (error.line, error.key.as_str())).collect();
    let host = "host.\"smtp.sender.example\".mta";
    let expected = [format!("{host}.queue_timer"), format!("{host}.tries_before_return")];
    assert_eq!(keys, [(8, expected[0].as_str()), (8, expected[1].as_str())]);
    assert!(all.iter().all(|error| error.kind == ProblemKind::Missing));
    expect_error(
        &with_mta(r#"{ profile = "icewarp", undeliverable_after = "4d" }"#),
        ProblemKind::Missing,
        "{ profile = \"icewarp\"",
        "`warning_after` of smtp.sender.example is missing: \"icewarp\" requires it, for no document",
        "mta = { profile = \"icewarp\", undeliverable_after = \"4d\", warning_after = \"4h\" }",
    );
    expect_error(
        &with_mta(r#"{ profile = "imail", queue_timer = "0", tries_before_return = 9 }"#),
        ProblemKind::BadValue,
        "queue_timer",
        "attempts would follow at once, for ever",
        "write queue_timer = \"30m\"",
    );
    let given = with_mta(r#"{ profile = "imail", queue_timer = "20m", tries_before_return = 9 }"#);
    assert!(read(&given, &[]).is_ok());
}

#[test]
fn a_schedule_says_what_is_wrong_with_it() {
    expect_error(
        &with_mta(r#"{ profile = "schedule", gaps = "5m 1h*" }"#),
        ProblemKind::Missing,
        "{ profile = \"schedule\"",
        "`lifetime` of smtp.sender.example is missing",
        "lifetime = \"4d\"",
    );
    expect_error(
        &with_mta(r#"{ profile = "schedule", gaps = "5m* 1h", tries = 9 }"#),
        ProblemKind::BadValue,
        "\"5m* 1h\"",
        "`1h` stands behind the time that repeats for ever",
        "write \"5m 10m 30m 1h*\"",
    );
    expect_error(
        &with_mta(r#"{ profile = "schedule", gaps = "5m", offsets = "5m", tries = 9 }"#),
        ProblemKind::Contradiction,
        "offsets",
        "exclude each other",
        "remove `gaps` or `offsets`",
    );
    // A list that ends is a way of giving up.
    assert!(read(&with_mta(r#"{ profile = "schedule", gaps = "5m 1h" }"#), &[]).is_ok());
}

#[test]
fn shadow_servers_are_exchange_s() {
    expect_error(
        &with_mta("\"postfix\"\nshadow_host = \"mx1.recipient.example\""),
        ProblemKind::Contradiction,
        "shadow_host",
        "only Exchange since 2013 has shadow servers",
        "remove `shadow_host`",
    );
}

#[test]
fn periods_of_queue_runs_have_a_second_at_least() {
    for (profile, key) in
        [("exim", "queue_interval"), ("sendmail", "queue_interval"), ("postfix", "queue_run_delay")]
    {
        for span in ["1ns", "999ms", "0s"] {
            let text = with_mta(&format!("{{ profile = \"{profile}\", {key} = \"{span}\" }}"));
            let at = format!("\"{span}\"");
            expect_error(&text, ProblemKind::BadValue, &at, "less than a second", "whole seconds");
        }
        let text = with_mta(&format!("{{ profile = \"{profile}\", {key} = \"1s\" }}"));
        assert!(read(&text, &[]).is_ok());
    }
}

#[test]
fn settings_of_another_server_lead_to_its_own() {
    expect_error(
        &with_mta("{ profile = \"exim\", queue_run_delay = \"5m\" }"),
        ProblemKind::UnknownKey,
        "queue_run_delay",
        "is no setting of \"exim\"",
        "did you mean `queue_interval`?",
    );
    expect_error(
        &with_mta("{ profile = \"exim\", retry_rule = \"F,2h\" }"),
        ProblemKind::BadValue,
        "\"F,2h\"",
        "letter,cut-off,interval[,factor]",
        "F,2h,15m",
    );
}

/// Whether a scenario with this `mta` is taken.
fn taken(mta: &str) -> bool {
    let none = |_: &str| Err(String::new());
    let text = with_mta(mta);
    mailsim::scenario::load(&Source { file: "a.toml", text: &text, read_file: &none }, &[]).is_ok()
}

#[test]
fn bare_numbers_mean_what_they_mean_to_the_server() {
    for mta in [
        "{ profile = \"postfix\", queue_run_delay = 300, message_size_limit = 10240000 }",
        "{ profile = \"postfix\", maximal_queue_lifetime = 5, delay_warning_time = \"4\" }",
        "{ profile = \"sendmail\", confTO_QUEUERETURN = 5, confTO_ICONNECT = 1 }",
        "{ profile = \"qmail\", queuelifetime = 604800 }",
    ] {
        assert!(taken(mta), "{mta}");
    }
    expect_error(
        &with_mta("{ profile = \"postfix\", maximal_queue_lifetime = 432000 }"),
        ProblemKind::BadValue,
        "432000",
        "432000 days",
        "\"5d\"",
    );
    // Exim's own files want a unit too.
    assert!(!taken("{ profile = \"exim\", queue_interval = 1800 }"));
}

#[test]
fn parameters_that_stand_elsewhere_lead_there() {
    expect_error(
        &with_mta("{ profile = \"postfix\", relayhost = \"[relay.example]\" }"),
        ProblemKind::UnknownKey,
        "relayhost",
        "no setting",
        "smart_host",
    );
}

#[test]
fn the_likely_unit_is_proposed() {
    expect_error(
        &spoilt("duration = \"24h\"", "duration = 3600"),
        ProblemKind::WrongType,
        "3600",
        "a number without a unit",
        "did you mean \"1h\"?",
    );
}

#[test]
fn bare_numbers_of_gaps_are_given_units() {
    expect_error(
        &with_mta("{ profile = \"schedule\", gaps = [300], lifetime = \"1d\" }"),
        ProblemKind::WrongType,
        "300",
        "without a unit",
        "\"300s\" or \"5m\"",
    );
}
