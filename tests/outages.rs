//! What an outage does is what its words say: every combination of mode, target, stage and key that
//! the reader takes changes a run in the place that the words name, and nothing else is taken.
//!
//! The modes and the scenario in which all of them can show come from the table of modes.

mod common;

use common::Run;
use mailsim::mail::{AttemptOutcome, Stage};
use mailsim::manual::Chapter;
use mailsim::scenario::{Loaded, MODES, Mode, Problems, SCENE, Source, Strikes, load};
use mailsim::trace::AttemptFact;
use mailsim::units::{SimDuration, SimTime};

const TIMES: &str = "from = \"5min\"\nfor = \"1h\"\n";

fn read(text: &str) -> Result<Loaded, Problems> {
    let nothing = |name: &str| Err(format!("{name}: tests name no files"));
    load(&Source { file: "outages.toml", text, read_file: &nothing }, &[])
}

fn with(outage: &str) -> String {
    format!("{SCENE}\n[[outage]]\n{TIMES}{outage}")
}

fn run(outage: &str) -> Run {
    let loaded = read(&with(outage)).unwrap_or_else(|problems| panic!("{problems}\n{outage}"));
    Run::of(&loaded.scenario)
}

/// One way to write an outage: what it strikes, and its keys with their values.
#[derive(Debug, Clone)]
struct Written {
    mode: &'static Mode,
    strikes: Strikes,
    keys: Vec<(&'static str, &'static str)>,
}

impl Written {
    fn text(&self) -> String {
        let target = match self.strikes {
            Strikes::Host => "host = \"smtp.sender.example\"",
            Strikes::Address => "address = \"192.0.2.25\"",
            Strikes::Link => "link = \"uplink\"",
            Strikes::Dns => "dns = true",
        };
        let keys: String =
            self.keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("{target}\nmode = \"{}\"\n{keys}", self.mode.word)
    }

    fn value(&self, key: &str) -> Option<&'static str> {
        self.keys.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    fn stage(&self) -> Option<&'static str> {
        self.value("stage").map(|value| value.trim_matches('"'))
    }

    fn is(&self, key: &str) -> bool {
        self.value(key) == Some("true")
    }
}

/// Returns every combination of the table, whether or not it makes sense.
fn combinations() -> Vec<Written> {
    let mut all = Vec::new();
    for mode in &MODES {
        for &strikes in mode.strikes {
            let mut ways = vec![Written { mode, strikes, keys: Vec::new() }];
            for key in mode.keys {
                let longer = ways.iter().flat_map(|way| {
                    key.values.iter().map(|value| {
                        let mut way = way.clone();
                        way.keys.push((key.name, value));
                        way
                    })
                });
                let longer: Vec<Written> = longer.collect();
                ways.extend(longer);
            }
            all.extend(ways);
        }
    }
    all
}

/// The tries of the hop that is struck first, in order: of a host's server by the mail program, else
/// of the exchanger. Names that are not found stop the mail program already; slow ones do not.
fn tries(run: &Run, written: &Written) -> Vec<AttemptFact> {
    let from = match (written.strikes, written.mode.word) {
        (Strikes::Host, _) => "pc.sender.example",
        (Strikes::Dns, word) if word != "slow" => "pc.sender.example",
        _ => "smtp.sender.example",
    };
    let from = run.host(from);
    let mut tries: Vec<AttemptFact> =
        run.mail().iter().flat_map(|story| story.attempts.clone()).collect();
    tries.retain(|fact| fact.from == from);
    tries.sort_by_key(|fact| fact.started);
    tries
}

fn marks(fact: &AttemptFact) -> [(Stage, SimTime); 9] {
    let marks = &fact.marks;
    [
        (Stage::Connect, marks.connected),
        (Stage::Greeting, marks.greeting),
        (Stage::Ehlo, marks.ehlo),
        (Stage::Tls, marks.tls),
        (Stage::Auth, marks.auth),
        (Stage::Mail, marks.mail),
        (Stage::Rcpt, marks.rcpt),
        (Stage::Data, marks.data),
        (Stage::Dot, marks.dot),
    ]
}

/// Returns how long each stage took, from the reply before it to its own.
fn lengths(fact: &AttemptFact) -> Vec<(Stage, SimDuration)> {
    let marks = marks(fact);
    marks.windows(2).map(|pair| (pair[1].0, pair[1].1.since(pair[0].1))).collect()
}

/// Returns whether the server had the message while the outage lasted.
fn taken_meanwhile(run: &Run) -> bool {
    let server = run.host("smtp.sender.example");
    let over = SimTime::ZERO + SimDuration::from_minutes(65);
    run.mail()
        .iter()
        .any(|story| story.accepted.iter().any(|&(at, by, _)| by == server && at < over))
}

/// Asserts that a session broke where and how the words say.
fn assert_broken(written: &Written, run: &Run, first: &AttemptFact) {
    let drops = written.mode.word == "drop";
    let default = if drops || written.value("store").is_some() { "dot" } else { "greeting" };
    let stage = written.stage().unwrap_or(default);
    let outcome = if drops { AttemptOutcome::Lost } else { AttemptOutcome::Timeout };
    assert_eq!((first.stage.as_str(), first.outcome), (stage, outcome), "{written:?}: {first:?}");
    for (passed, at) in marks(first) {
        assert_eq!(at != SimTime::MAX, passed < first.stage, "{written:?}: {first:?}");
    }
    let stored = stage == "dot" && written.value("store").map_or(drops, |store| store == "true");
    assert_eq!(taken_meanwhile(run), stored, "{written:?}");
}

/// Asserts that the first try met the reply that the words name.
fn assert_refused(written: &Written, run: &Run, tries: &[AttemptFact]) {
    let default = match written.mode.word {
        "tempfail" => 451,
        "permfail" => 550,
        "greylist" => 450,
        "session_limit" => 421,
        _ => 452,
    };
    let code = written.value("reply").map_or(default, |reply| reply[1..4].parse().unwrap());
    let stage = match (written.mode.word, written.stage()) {
        ("greylist", _) => "rcpt",
        ("session_limit", _) => "greeting",
        (_, Some(stage)) => stage,
        (_, None) if written.value("recipients").is_some() => "rcpt",
        (_, None) => "mail",
    };
    let of_bob = run.to("bob@recipient.example").attempts[0];
    // Recipients may be told apart there; Bob is the first of them, whom all words concern.
    let first = if stage == "rcpt" { &of_bob } else { &tries[0] };
    let met = (first.stage.as_str(), first.reply.map(|reply| reply.code));
    if stage == "ehlo" && written.is("close") {
        // The HELO that follows a refused EHLO finds the connection closed.
        assert_eq!((met, first.outcome), (("ehlo", None), AttemptOutcome::Lost), "{written:?}");
        return;
    }
    assert_eq!(met, (stage, Some(code)), "{written:?}: {first:?}");
    if written.value("recipients").is_some() {
        let carol = run.to("carol@recipient.example").attempts[0];
        let outcome =
            if written.is("close") { AttemptOutcome::Lost } else { AttemptOutcome::Accepted };
        assert_eq!((carol.started, carol.outcome), (first.started, outcome), "{written:?}");
    }
    if written.mode.word == "greylist" {
        assert!(taken_meanwhile(run), "{written:?}: the next try comes after the delay");
    }
}

/// Asserts that each stage of the first try is late by what the words say, to the nanosecond.
fn assert_slow(written: &Written, first: &AttemptFact, usual: &AttemptFact) {
    let factor = written.value("factor").is_some();
    let later = |work: u64| {
        if factor { SimDuration::from_millis(work) * 49 } else { SimDuration::from_secs(2) }
    };
    // Without a stage a delay is of commands, and a factor of all work.
    let concerned = |word: &str| match written.stage() {
        Some(stage) => stage == word,
        None => factor || !["greeting", "dot"].contains(&word),
    };
    let lengths = lengths(first).into_iter().zip(self::lengths(usual));
    for ((stage, length), (_, usual)) in lengths {
        let mut expected = usual;
        let (replies, work) = match stage {
            Stage::Greeting => (1, 20),
            Stage::Rcpt => (2, 10),
            Stage::Dot => (1, 50),
            _ => (1, 10),
        };
        // The size of a message is known from MAIL on.
        let known = written.value("larger_than").is_none() || stage >= Stage::Mail;
        if known && concerned(stage.as_str()) {
            expected += later(work) * replies;
        }
        // EHLO comes again over TLS.
        if known && stage == Stage::Tls && concerned("ehlo") {
            expected += later(10);
        }
        assert_eq!(length, expected, "{written:?} at {stage:?}");
    }
}

fn assert_unreachable(written: &Written, first: &AttemptFact) {
    let silent = match written.mode.word {
        "blackhole" => true,
        "crash" => written.is("machine"),
        _ => false,
    };
    let outcome = if silent { AttemptOutcome::Timeout } else { AttemptOutcome::Refused };
    assert_eq!((first.stage, first.outcome), (Stage::Connect, outcome), "{written:?}: {first:?}");
}

fn assert_names_fail(written: &Written, first: &AttemptFact, usual: &AttemptFact) {
    let outcome = match written.mode.word {
        "nxdomain" => AttemptOutcome::Permfail,
        "slow" => {
            // Three questions: the author's program asks for its server, which asks for exchangers and
            // their addresses, each answered in 20 ms.
            let each = match written.value("factor") {
                Some(_) => SimDuration::from_millis(20) * 49,
                None => SimDuration::from_secs(2),
            };
            assert_eq!(first.ended, usual.ended + each * 3, "{written:?}");
            assert_eq!(first.outcome, AttemptOutcome::Accepted);
            return;
        }
        _ => AttemptOutcome::Tempfail,
    };
    assert_eq!((first.stage, first.outcome), (Stage::Dns, outcome), "{written:?}: {first:?}");
}

#[test]
fn every_combination_shows_where_its_words_say() {
    let usual = Run::of(&read(SCENE).expect("the scene is right").scenario);
    let (mut shown, mut refused) = (0, 0);
    for written in combinations() {
        let loaded = match read(&with(&written.text())) {
            Ok(loaded) => loaded,
            Err(problems) => {
                let reasons = problems
                    .0
                    .iter()
                    .all(|problem| problem.file == "outages.toml" && !problem.accepted.is_empty());
                assert!(reasons, "{written:?}: {problems}");
                refused += 1;
                continue;
            }
        };
        assert!(
            loaded.warnings.0.iter().all(|warning| !warning.key.starts_with("outage")),
            "{written:?} is warned of: {}",
            loaded.warnings
        );
        let run = Run::of(&loaded.scenario);
        let tries = tries(&run, &written);
        let usual = self::tries(&usual, &written)[0];
        match (written.mode.word, written.strikes) {
            (_, Strikes::Dns) => assert_names_fail(&written, &tries[0], &usual),
            ("drop" | "hang", _) => assert_broken(&written, &run, &tries[0]),
            ("slow", _) => assert_slow(&written, &tries[0], &usual),
            ("tempfail" | "permfail" | "greylist" | "session_limit" | "disk_full", _) => {
                assert_refused(&written, &run, &tries);
            }
            _ => assert_unreachable(&written, &tries[0]),
        }
        shown += 1;
    }
    println!("{shown} combinations show, {refused} are refused with a reason");
    assert!(shown >= 150 && refused >= 50, "{shown} shown, {refused} refused");
}

#[test]
fn a_key_of_another_mode_is_refused() {
    for mode in &MODES {
        for &strikes in mode.strikes {
            let needed = mode.needs.first().and_then(|key| mode.key(key));
            let needed: Vec<_> = needed.iter().map(|key| (key.name, key.values[0])).collect();
            for key in MODES.iter().flat_map(|other| other.keys) {
                if mode.key(key.name).is_some_and(|own| own.strikes.contains(&strikes)) {
                    continue;
                }
                let mut written = Written { mode, strikes, keys: needed.clone() };
                written.keys.push((key.name, key.values[0]));
                let problems = read(&with(&written.text())).expect_err("it means nothing");
                let named = problems.0.iter().any(|problem| problem.key.ends_with(key.name));
                assert!(named, "{written:?}: {problems}");
            }
        }
    }
}

#[test]
fn the_examples_of_the_table_strike_something() {
    let usual = Run::of(&read(SCENE).expect("the scene is right").scenario);
    for mode in &MODES {
        let word = format!("mode = \"{}\"\n", mode.word);
        assert!(mode.example.contains(&word), "{}", mode.example);
        let run = run(mode.example);
        let attempts = |run: &Run| -> Vec<AttemptFact> {
            run.stories.iter().flat_map(|story| story.attempts.clone()).collect()
        };
        assert_ne!(attempts(&run), attempts(&usual), "{}", mode.example);
    }
}

#[test]
fn a_host_cut_off_inbound_goes_on_sending() {
    // The exchanger puts the message off before the outage; the next try falls into it.
    let early = SCENE.replace("at = \"10min\"", "at = \"3min\"");
    let text = |key: &str| {
        format!(
            "{early}\n[[outage]]\nhost = \"mx.recipient.example\"\nmode = \"tempfail\"\n\
             for = \"4min\"\n[[outage]]\n{TIMES}host = \"smtp.sender.example\"\n\
             mode = \"blackhole\"\n{key}"
        )
    };
    let delivered = |key: &str| {
        let run = Run::of(&read(&text(key)).expect("it is right").scenario);
        run.to("bob@recipient.example").only_ending().at
    };
    let over = SimTime::ZERO + SimDuration::from_minutes(65);
    assert!(delivered("inbound_only = true\n") < over);
    assert!(delivered("inbound_only = false\n") > over);
    assert!(delivered("") > over);
}

/// What no session here comes to is warned of, and the run goes on.
#[test]
fn what_this_scenario_cannot_show_is_warned_of() {
    let cases = [
        ("mode = \"drop\"\nstage = \"tls\"\n", "outage.0.stage"),
        ("mode = \"hang\"\nstage = \"auth\"\n", "outage.0.stage"),
        ("mode = \"slow\"\nfactor = 4\n", "outage.0.factor"),
        ("mode = \"slow\"\nstage = \"dot\"\nfactor = 4\n", "outage.0.factor"),
        ("mode = \"slow\"\nstage = \"auth\"\ndelay = \"2s\"\n", "outage.0.stage"),
    ];
    for (outage, key) in cases {
        let loaded = read(&with(&format!("host = \"mx.recipient.example\"\n{outage}")));
        let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
        let warned = loaded.warnings.0.iter().any(|warning| warning.key == key);
        assert!(warned, "{outage}: {}", loaded.warnings);
        let usual = Run::of(&read(SCENE).expect("the scene is right").scenario);
        let facts = |run: &Run| run.stories.iter().map(|story| story.attempts.clone()).collect();
        let all: [Vec<Vec<AttemptFact>>; 2] = [facts(&Run::of(&loaded.scenario)), facts(&usual)];
        assert_eq!(all[0], all[1], "{outage}: the warning is right");
    }
}

/// Outages at several points of one session all count, whichever began first.
#[test]
fn breaks_at_different_stages_do_not_hide_each_other() {
    let both = "host = \"smtp.sender.example\"\nmode = \"drop\"\nstage = \"dot\"\n[[outage]]\n\
                from = \"5min\"\nfor = \"1h\"\nhost = \"smtp.sender.example\"\nmode = \"drop\"\n\
                stage = \"mail\"\n";
    let first = run(both).to("bob@recipient.example").attempts[0];
    assert_eq!(first.stage, Stage::Mail);
}

/// Returns how the first messages of two sizes fare at the server, sent one after the other.
fn by_size(outage: &str) -> [AttemptFact; 2] {
    let small = "[[mail]]\nfrom = \"alice@sender.example\"\nto = [\"bob@recipient.example\"]\n\
                 at = \"20min\"\nsize = \"20kB\"\nsubmit = { client = \"pc.sender.example\" }\n";
    let text = format!("{}\n{small}", with(outage));
    let run = Run::of(&read(&text).unwrap_or_else(|problems| panic!("{problems}")).scenario);
    let pc = run.host("pc.sender.example");
    let first = |after: u64| {
        let after = SimTime::ZERO + SimDuration::from_minutes(after);
        let stories = run.mail().into_iter().flat_map(|story| story.attempts.clone());
        let mut tries: Vec<AttemptFact> =
            stories.filter(|fact| fact.from == pc && fact.started >= after).collect();
        tries.sort_by_key(|fact| fact.started);
        tries[0]
    };
    [first(10), first(20)]
}

#[test]
fn large_messages_alone_are_struck() {
    let cases = [
        ("mode = \"hang\"\nstage = \"body\"\n", Stage::Body),
        ("mode = \"drop\"\nstage = \"dot\"\n", Stage::Dot),
        ("mode = \"tempfail\"\n", Stage::Mail),
        ("mode = \"permfail\"\nstage = \"dot\"\n", Stage::Dot),
    ];
    for (mode, stage) in cases {
        let outage = |size: &str| {
            format!("host = \"smtp.sender.example\"\n{mode}larger_than = \"{size}\"\n")
        };
        let [large, small] = by_size(&outage("100kB"));
        assert_eq!(
            (large.stage, large.outcome == AttemptOutcome::Accepted),
            (stage, false),
            "{mode}: {large:?}"
        );
        assert!(small.outcome == AttemptOutcome::Accepted, "{mode}: {small:?}");
        // A message of just this size is not larger.
        let [even, _] = by_size(&outage("200kB"));
        assert!(even.outcome == AttemptOutcome::Accepted, "{mode}: {even:?}");
    }
}

#[test]
fn a_stage_before_mail_knows_no_size() {
    for mode in ["mode = \"hang\"\n", "mode = \"tempfail\"\nstage = \"ehlo\"\n"] {
        let outage = format!("host = \"smtp.sender.example\"\n{mode}larger_than = \"1MB\"\n");
        let problems = read(&with(&outage)).expect_err("no size is known");
        assert_eq!(problems.0[0].key, "outage.0.larger_than", "{problems}");
    }
}

#[test]
fn the_dns_fails_for_those_who_are_named() {
    let tries = |askers: &str| {
        let run = run(&format!("dns = true\nmode = \"servfail\"\n{askers}"));
        let of = |name: &str| {
            let host = run.host(name);
            let mut stages: Vec<(SimTime, Stage)> = run
                .mail()
                .iter()
                .flat_map(|story| story.attempts.clone())
                .filter(|fact| fact.from == host)
                .map(|fact| (fact.started, fact.stage))
                .collect();
            stages.sort();
            stages[0].1
        };
        (of("pc.sender.example") == Stage::Dns, of("smtp.sender.example") == Stage::Dns)
    };
    let servers = (false, true);
    assert_eq!(tries("asked_by = \"servers\"\n"), servers);
    assert_eq!(tries("asked_by = \"smtp.sender.example\"\n"), servers);
    assert_eq!(tries("asked_by = [\"mx.recipient.example\"]\n"), (false, false));
    assert!(tries("").0);
    let words = "host = \"mx.recipient.example\"\nmode = \"refuse\"\nasked_by = \"servers\"\n";
    let problems = read(&with(words)).expect_err("a host is not asked");
    assert_eq!(problems.0[0].key, "outage.0.asked_by", "{problems}");
}

#[test]
fn an_outage_of_the_dns_says_whom_it_strikes() {
    let text = with("dns = true\nmode = \"servfail\"\nasked_by = \"smtp.sender.example\"\n");
    let loaded = read(&text).expect("it is right");
    assert_eq!(loaded.scenario.outages[0].label, "DNS, asked by smtp.sender.example");
}

#[test]
fn the_manual_has_every_mode() {
    let chapter = Chapter::find("outages").expect("the chapter is there").markdown();
    for mode in &MODES {
        let strikes: Vec<&str> = mode.strikes.iter().map(|strikes| strikes.describe()).collect();
        let row = format!("| `{}` | {} | {} |", mode.word, strikes.join(", "), mode.sentence);
        assert!(chapter.lines().any(|line| line == row), "the manual lacks: {row}");
    }
}
