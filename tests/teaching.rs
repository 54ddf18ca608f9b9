//! What the lessons need of the model: mail written at a web page, mistyped addresses, VRFY, blind
//! copies, proxies, domains that nobody has named to a server, notes on events.

mod common;

use common::{End, Run, run, scenario};
use mailsim::mail::{HostId, MailboxNames as _, MessageKey, Stage, Status};
use mailsim::model::Scenario;
use mailsim::scenario::{Override, ProblemKind, Source, load};
use mailsim::simulation::Simulation;
use mailsim::story::{Narration, Story, exchanges, fields, lines};
use mailsim::story::{Wanted, Watch};
use mailsim::trace::{Fact, FinalOutcome};
use mailsim::units::{SimDuration, SimTime};

/// Alice's server and Bob's; `more` says what is sent.
fn two_sites(alices: &str, bobs: &str, more: &str) -> String {
    format!(
        r#"
title = "Two sites"
duration = "1d"
[[host]]
name = "mail.sender.example"
roles = ["submission", "mx", "store"]
{alices}
[[host]]
name = "mail.recipient.example"
roles = ["mx", "store"]
{bobs}
[[domain]]
name = "sender.example"
mx = ["mail.sender.example"]
mailboxes = ["alice", "carla"]
[[domain]]
name = "recipient.example"
mx = ["mail.recipient.example"]
mailboxes = ["bob", "carol", "frank"]
{more}
"#
    )
}

fn host(scenario: &Scenario, name: &str) -> HostId {
    let at = scenario.hosts.iter().position(|host| host.name == name);
    HostId::from_index(at.unwrap_or_else(|| panic!("no host {name}")))
}

/// Returns what both sides say at the `nth` try of the first message, and its trace fields.
fn told(text: &str, nth: usize) -> (Vec<String>, Vec<String>) {
    let scenario = scenario(text);
    let over = std::rc::Rc::new(std::cell::Cell::new(false));
    let mut watch = Watch::new(Wanted::First, over);
    Simulation::new(&scenario).run(&mut watch);
    let story: &Story = &watch.stories[0];
    let copies: Vec<usize> = (0..story.copies.len()).collect();
    let tries = exchanges(story, &copies);
    let exchange = &tries[nth];
    let server = exchange.first().to.expect("a host was tried");
    let said = lines(&scenario, story, exchange, server);
    let said = said.into_iter().map(|line| line.text).collect();
    (said, fields(&scenario, story, 0, &tries))
}

#[test]
fn web_mail_needs_no_smtp_session_to_its_own_server() {
    let mail = r#"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = "1min"
submit = { port = 443 }
"#;
    let text = two_sites("", "", mail);
    let run = run(&text);
    let server = host(&run.scenario, "mail.sender.example");
    let story = run.mail()[0];
    assert_eq!(story.end(), End::Delivered);
    // One hop from the web page, one by SMTP.
    assert_eq!(story.only_ending().received_fields, 2);
    let sessions = run.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Host(totals) if totals.host == server => {
            Some((totals.inbound_sessions, totals.outbound_sessions))
        }
        _ => None,
    });
    assert_eq!(sessions, Some((0, 1)));
    // A look-up; connect, two round trips for TLS, one to log in, half of one with the message, all
    // of 20 ms; 10 kB take 0.8 ms at 100 Mbit/s.
    let accepted = story.accepted[0].0.since(story.at);
    let expected = SimDuration::from_millis(110);
    assert!(accepted >= expected && accepted < expected + SimDuration::from_millis(2));
    let (said, fields) = told(&text, 0);
    assert!(said.iter().any(|line| line.starts_with("POST ")), "{said:?}");
    assert!(said.iter().all(|line| !line.starts_with("EHLO")), "{said:?}");
    assert!(fields[2].contains("with HTTP"), "{fields:?}");
    assert!(fields[1].contains("with ESMTP "), "{fields:?}");
}

#[test]
fn a_web_page_that_is_down_is_opened_again_later() {
    let mail = r#"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = "1min"
submit = { port = 443 }
[[outage]]
host = "mail.sender.example"
for = "10min"
mode = "crash"
"#;
    let run = run(&two_sites("", "", mail));
    let story = run.mail()[0];
    assert_eq!(story.end(), End::Delivered);
    // Tried each five minutes: at 1, 6 and 11 min.
    let least = SimDuration::from_minutes(10);
    assert!(story.latency() >= least && story.latency() < least + SimDuration::from_secs(5));
}

#[test]
fn an_address_wrong_in_syntax_is_refused_at_submission() {
    for typed in ["bob@recipient,example", "bob@@recipient.example", "b ob@recipient.example"] {
        let mail = format!(
            r#"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
to_as_typed = ["{typed}"]
at = "1min"
"#
        );
        let run = run(&two_sites("", "", &mail));
        let (wrong, right): (Vec<_>, Vec<_>) = run
            .mail()
            .into_iter()
            .partition(|story| run.scenario.mailbox(story.created.mailbox) == typed);
        let [wrong] = wrong.as_slice() else { panic!("{typed}: one recipient is wrong") };
        assert_eq!(wrong.end(), End::Failed, "{typed}");
        let refused = wrong.attempts[0];
        assert_eq!((refused.stage, refused.port), (Stage::Rcpt, 587), "{typed}");
        assert_eq!(refused.reply.map(|reply| reply.code), Some(501), "{typed}");
        assert_eq!(refused.status, Status::new(5, 1, 3), "{typed}");
        assert_eq!(right[0].end(), End::Delivered, "{typed}");
        // The author sees the refusal: there is nobody to send a notice to.
        let notices = run.stories.iter().filter(|story| story.created.about.is_some());
        assert_eq!(notices.count(), 0, "{typed}");
    }
}

/// Returns the problems of a scenario with this `[[mail]]` or `[[note]]`.
fn problems(more: &str) -> Vec<(ProblemKind, String, String)> {
    let text = two_sites("", "", more);
    let nothing = |name: &str| Err(format!("{name}: tests name no files"));
    let source = Source { file: "test.toml", text: &text, read_file: &nothing };
    let problems = load(&source, &[]).expect_err("there is a mistake");
    let all = problems.0.into_iter().filter(|one| one.kind != ProblemKind::Likely);
    all.map(|one| (one.kind, one.key, format!("{} {}", one.message, one.help))).collect()
}

#[test]
fn a_mistake_that_is_none_is_reported() {
    let mail =
        |to: &str| format!("[[mail]]\nfrom = \"alice@sender.example\"\nto_as_typed = [\"{to}\"]\n");
    for (typed, word) in [("bob@recipient.example", "right in syntax"), ("bob", "no at sign")] {
        let found = problems(&mail(typed));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].2.contains(word), "{found:?}");
    }
}

#[test]
fn each_server_answers_vrfy_in_its_way_and_rcpt_decides() {
    // Karla is unknown here, Bob lives elsewhere. By the sources that `Vrfy` names.
    let expected = [
        ("postfix", "550 5.1.1", "252"),
        ("sendmail", "550 5.1.1", "250"),
        ("exim", "252", "252"),
        ("qmail", "252", "252"),
        ("opensmtpd", "500", "500"),
        ("hmailserver", "502", "502"),
    ];
    for (mta, unknown, elsewhere) in expected {
        let mail = r#"
[[mail]]
from = "alice@sender.example"
to = ["karla@sender.example", "bob@recipient.example"]
at = "1min"
submit = { verifies = true }
"#;
        let text = two_sites(&format!("mta = \"{mta}\""), "", mail);
        let (said, _) = told(&text, 0);
        let answer = |to: &str| {
            let asked = said.iter().position(|line| line.starts_with(&format!("VRFY <{to}")));
            said[asked.unwrap_or_else(|| panic!("{mta} is not asked: {said:#?}")) + 1].clone()
        };
        assert!(answer("karla").starts_with(unknown), "{mta}: {}", answer("karla"));
        assert!(answer("bob").starts_with(elsewhere), "{mta}: {}", answer("bob"));
        let outcomes = run(&text);
        let ends: Vec<End> = outcomes.mail().into_iter().map(common::Story::end).collect();
        assert!(ends.contains(&End::Delivered), "{mta}: {ends:?}");
        assert!(ends.contains(&End::Failed), "{mta}: RCPT decides: {ends:?}");
    }
}

#[test]
fn vrfy_costs_a_round_trip_for_each_recipient() {
    let accepted = |verifies: bool| {
        let mail = format!(
            r#"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example", "carol@recipient.example", "frank@recipient.example"]
at = "1min"
submit = {{ verifies = {verifies} }}
"#
        );
        let run = run(&two_sites("", "", &mail));
        let story = run.mail()[0].clone();
        story.accepted[0].0.since(story.at)
    };
    assert_eq!(accepted(true) - accepted(false), SimDuration::from_millis(60));
}

#[test]
fn a_backup_that_knows_no_mailboxes_returns_mail_to_who_never_wrote() {
    let notices = |knows: bool| {
        let text = format!(
            r#"
title = "Backscatter"
duration = "1d"
[[host]]
name = "pc.spammer.example"
roles = ["submission", "relay"]
[[host]]
name = "mx1.recipient.example"
roles = ["mx", "store"]
[[host]]
name = "mx2.recipient.example"
roles = ["mx"]
knows_recipients = {knows}
[[host]]
name = "mail.innocent.example"
roles = ["mx", "store"]
[[domain]]
name = "recipient.example"
mx = [{{ host = "mx1.recipient.example", preference = 10 }}, {{ host = "mx2.recipient.example", preference = 20 }}]
mailboxes = ["bob"]
[[domain]]
name = "innocent.example"
mx = ["mail.innocent.example"]
mailboxes = ["dora"]
[[mail]]
from = "dora@innocent.example"
to = ["info@recipient.example"]
at = "10min"
submit = {{ server = "pc.spammer.example" }}
[[outage]]
host = "mx1.recipient.example"
for = "1h"
mode = "refuse"
"#
        );
        let run = run(&text);
        let by = |name: &str| {
            let maker = host(&run.scenario, name);
            let made = |story: &&common::Story| story.created.about.is_some();
            run.stories.iter().filter(made).filter(|story| story.created.host == maker).count()
        };
        (by("mx2.recipient.example"), by("pc.spammer.example"))
    };
    assert_eq!(notices(false), (1, 0));
    assert_eq!(notices(true), (0, 1));
}

#[test]
fn blind_copies_stand_in_the_envelope_alone() {
    let mail = r#"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
cc = ["carol@recipient.example"]
bcc = ["frank@recipient.example"]
at = "1min"
"#;
    let text = two_sites("", "", mail);
    let scenario = scenario(&text);
    let entry = &scenario.mail[0];
    let field = |local: u32| {
        let domain = scenario.domains.iter().position(|domain| domain.name == "recipient.example");
        let domain = mailsim::mail::DomainId::from_index(domain.expect("it is there"));
        entry.field_of(mailsim::mail::Mailbox { domain, local })
    };
    assert_eq!([field(0), field(1), field(2)], [Some("To"), Some("Cc"), None]);
    // All three are in the envelope, in one transaction, and no field of the header names one.
    let (said, fields) = told(&text, 1);
    let rcpt = said.iter().filter(|line| line.starts_with("RCPT TO:")).count();
    assert_eq!(rcpt, 3, "{said:#?}");
    assert!(fields.iter().all(|field| !field.contains("for <")), "{fields:#?}");
    assert!(run(&text).mail().into_iter().all(|story| story.end() == End::Delivered));
}

const PROXY: &str = r#"
title = "A proxy"
duration = "1h"
[[host]]
name = "mail.sender.example"
roles = ["submission", "mx", "store"]
addresses = ["192.0.2.1"]
STANDING
[[host]]
name = "proxy.recipient.example"
roles = ["proxy"]
addresses = ["198.51.100.1"]
[[host]]
name = "mail.recipient.example"
roles = ["relay"]
behind_proxy = "proxy.recipient.example"
reputation = { bad_reply = "550 5.7.1" }
relay_domains = ["recipient.example"]
routes = { "recipient.example" = "imap.recipient.example" }
TELLS
[[host]]
name = "imap.recipient.example"
roles = ["store"]
[[domain]]
name = "sender.example"
mx = ["mail.sender.example"]
mailboxes = ["alice"]
[[domain]]
name = "recipient.example"
mx = ["proxy.recipient.example"]
store = "imap.recipient.example"
mailboxes = ["bob"]
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = "1min"
"#;

#[test]
fn a_proxy_hides_the_address_of_the_client_unless_it_tells() {
    let case =
        |standing: &str, tells: &str| PROXY.replace("STANDING", standing).replace("TELLS", tells);
    let (_, hidden) = told(&case("", ""), 1);
    assert!(
        hidden[2].contains("from mail.sender.example (proxy.recipient.example [198.51.100.1])")
    );
    assert!(hidden.iter().all(|field| !field.contains("192.0.2.1")), "{hidden:#?}");
    let (_, told) = told(&case("", "proxy_protocol = true"), 1);
    assert!(told[2].contains("from mail.sender.example (mail.sender.example [192.0.2.1])"));
    // So reputation knows a bad client only if the proxy tells of it.
    let bad = "standing = \"bad\"";
    let end = |text: &str| run(text).mail()[0].end();
    assert_eq!(end(&case(bad, "")), End::Delivered);
    assert_eq!(end(&case(bad, "proxy_protocol = true")), End::Failed);
}

#[test]
fn a_server_knows_the_domains_that_are_named_to_it() {
    let mail = r#"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = "1min"
[[mail]]
from = "alice@sender.example"
to = ["carla@sender.example"]
at = "1min"
"#;
    let statuses = |alices: &str, bobs: &str| {
        let run = run(&two_sites(alices, bobs, mail));
        let last = |story: &common::Story| {
            let end = story.only_ending();
            (end.outcome == FinalOutcome::Delivered, end.status)
        };
        run.mail().into_iter().map(last).collect::<Vec<_>>()
    };
    assert!(statuses("", "").iter().all(|(delivered, _)| *delivered));
    // Bob's server takes his domain for somebody else's: relaying denied, 5.7.1.
    let unaware = statuses("", "unaware_of = [\"recipient.example\"]");
    assert_eq!(unaware[0], (false, Status::new(5, 7, 1)));
    // Alice's relays for her and finds itself in the DNS: 5.4.6 (RFC 3463 §3.5).
    let unaware = statuses("unaware_of = [\"sender.example\"]", "");
    assert_eq!(unaware[1], (false, Status::new(5, 4, 6)));
}

/// Returns, by position of the `[[reading]]`, how often each fetched something.
fn fetches(readings: &str) -> Vec<usize> {
    let mail = r#"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
arrivals = { every = "3h" }
count = 7
start = "1h"
"#;
    let run = run(&two_sites("", "", &format!("{mail}{readings}")));
    let mut counts = vec![0; run.scenario.reading.len()];
    for (_, fact) in &run.facts {
        if let Fact::Retrieved { reading, .. } = fact {
            counts[*reading as usize] += 1;
        }
    }
    counts
}

#[test]
fn of_two_devices_the_one_that_deletes_leaves_nothing() {
    let reading = |device: &str, rest: &str| {
        format!("[[reading]]\nmailbox = \"bob@recipient.example\"\ndevice = \"{device}\"\n{rest}\n")
    };
    let both = |one: &str, other: &str| fetches(&(reading("PC", one) + &reading("phone", other)));
    // Seven messages. The phone asks long after the PC has been there, and twice before the end.
    let pop = |delete: bool| format!("protocol = \"pop3\"\nevery = \"1s\"\ndelete = {delete}");
    let imap = "protocol = \"imap\"\nevery = \"2h\"";
    assert_eq!(both(&pop(true), imap), [7, 0]);
    assert_eq!(both(&pop(false), imap), [7, 7]);
    assert_eq!(both("protocol = \"imap\"\nidle = true", imap), [7, 7]);
    // The slow one deletes: by then the fast one has each message.
    let slow = "protocol = \"pop3\"\nevery = \"2h\"\ndelete = true";
    assert_eq!(both("protocol = \"imap\"\nidle = true", slow), [7, 7]);
    // Three devices, of which one deletes first.
    let three = reading("PC", &pop(true)) + &reading("phone", imap) + &reading("tablet", imap);
    assert_eq!(fetches(&three), [7, 0, 0]);
}

#[test]
fn two_readings_of_a_mailbox_need_devices() {
    let reading = "[[reading]]\nmailbox = \"bob@recipient.example\"\nprotocol = \"imap\"\n";
    for devices in [["", ""], ["device = \"PC\"\n", ""], ["device = \"PC\"\n"; 2]] {
        let two: String = devices.iter().map(|device| format!("{reading}{device}")).collect();
        let found = problems(&two);
        assert!(found.iter().any(|one| one.2.contains("a `device`")), "{devices:?}: {found:#?}");
    }
}

#[test]
fn a_large_message_takes_its_time_on_a_slow_line() {
    let text = two_sites(
        "",
        "",
        r#"
[[host]]
name = "pc.cottage.example"
roles = ["mua"]
[[link]]
between = ["pc.cottage.example", "mail.recipient.example"]
bandwidth = "64kbit/s"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
at = "1h"
size = "2kB"
attachments = "5MB"
[[reading]]
mailbox = "bob@recipient.example"
protocol = "imap"
idle = true
from_host = "pc.cottage.example"
"#,
    );
    let run = run(&text);
    let story = run.mail()[0];
    let took = story.retrieved.expect("it is read").since(story.only_ending().at).as_secs_f64();
    // 6,842,108 octets in base64 and 2000 of text at 64 kbit/s, in packets of 1500 octets that carry
    // 1448; IDLE takes half a second, and some round trips of 20 ms.
    let line = (6_842_108.0 + 2_000.0) * 8.0 / 64_000.0 * 1500.0 / 1448.0;
    assert!((line..line + 3.0).contains(&took), "{took} s, the line alone {line} s");
}

#[test]
fn settings_that_contradict_each_other_are_reported() {
    let host = |rest: &str| {
        format!("[[host]]\nname = \"relay.other.example\"\nroles = [\"relay\"]\n{rest}\n")
    };
    let cases = [
        ("proxy_protocol = true", "name the proxy"),
        (
            "local_domains = [\"recipient.example\"]\nunaware_of = [\"recipient.example\"]",
            "from one of the two",
        ),
        ("unaware_of = [\"recipent.example\"]", "did you mean `recipient.example`?"),
        ("mta = { profile = \"postfix\", vrfy = \"answer\" }", "did you mean `answers`?"),
    ];
    for (rest, word) in cases {
        let found = problems(&host(rest));
        assert!(found.iter().any(|one| one.2.contains(word)), "{rest}: {found:#?}");
    }
    let found = problems(
        "[[mail]]\nfrom = \"alice@sender.example\"\nto = [\"bob@recipient.example\"]\nsubmit = { port = 444 }\n",
    );
    assert!(found[0].2.contains("write 587"), "{found:#?}");
}

const DEFERRED: &str = r#"
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example", "carol@recipient.example"]
at = ["1min", "2min"]
[[outage]]
name = "refuses"
host = "mail.recipient.example"
for = "20min"
mode = "refuse"
"#;

/// Returns when each note was shown, in the order of the file.
fn shown(notes: &[&str]) -> (Vec<Option<SimTime>>, Run) {
    let notes: String = notes
        .iter()
        .enumerate()
        .map(|(at, on)| format!("[[note]]\non = {on}\ntext = \"{at}\"\n"))
        .collect();
    let text = two_sites("", "", &format!("{DEFERRED}{notes}"));
    let scenario = scenario(&text);
    let mut narration = Narration::new(&scenario);
    Simulation::new(&scenario).run(&mut narration);
    let end = SimTime::ZERO + scenario.duration;
    let shown = narration.shown(end);
    let times = (0..scenario.notes.len()).map(|note| {
        shown.iter().find(|one| one.note == note).map(|one| {
            assert!(one.after);
            one.at
        })
    });
    let times: Vec<_> = times.collect();
    assert_eq!(narration.missed(end).len(), times.iter().filter(|at| at.is_none()).count());
    (times, run(&text))
}

#[test]
fn a_note_waits_for_what_happens_in_the_run() {
    let (times, run) = shown(&[
        r#"{ event = "deferred", message = "1-2" }"#,
        r#"{ event = "deferred", message = "1-1", nth = 2 }"#,
        r#"{ event = "delivered", to = "carol@recipient.example" }"#,
        r#"{ event = "outage_ends", outage = "refuses" }"#,
        r#"{ event = "accepted", message = "1-1", host = "mail.recipient.example" }"#,
        r#"{ event = "failed" }"#,
        r#"{ event = "written", mail = 1, nth = 2 }"#,
    ]);
    let story = |ordinal: u64, local: u32| {
        let key = MessageKey::Mail { entry: 0, ordinal };
        let is =
            |one: &&common::Story| one.created.key == key && one.created.mailbox.local == local;
        run.stories.iter().find(is).expect("it was sent")
    };
    let server = host(&run.scenario, "mail.sender.example");
    let ends = |ordinal: u64| -> Vec<SimTime> {
        story(ordinal, 0).tries_of(server).iter().map(|fact| fact.ended).collect()
    };
    assert_eq!(times[0], Some(ends(1)[0]));
    // Both recipients of the message are deferred by one try, which counts once.
    assert_eq!(times[1], Some(ends(0)[1]));
    let delivered = [story(0, 1), story(1, 1)].map(|story| story.only_ending().at);
    assert_eq!(times[2], delivered.iter().min().copied());
    assert_eq!(times[3], Some(SimTime::ZERO + SimDuration::from_minutes(20)));
    let bobs = host(&run.scenario, "mail.recipient.example");
    let accepted = story(0, 0).accepted.iter().find(|(_, by, _)| *by == bobs);
    assert_eq!(times[4], accepted.map(|(at, ..)| *at));
    assert_eq!(times[5], None, "nothing fails");
    assert_eq!(times[6], Some(SimTime::ZERO + SimDuration::from_minutes(2)));
}

#[test]
fn a_note_that_can_never_be_shown_is_refused() {
    let note = |when: &str| format!("{DEFERRED}[[note]]\n{when}\ntext = \"x\"\n");
    let cases = [
        ("at = \"25h\"", "after the end"),
        ("at = \"-1s\"", "negative"),
        ("on = { event = \"delivred\" }", "did you mean `delivered`?"),
        ("on = { event = \"delivered\", message = \"2-1\" }", "count the [[mail]] entries"),
        ("on = { event = \"delivered\", message = \"first\" }", "names no message"),
        ("on = { event = \"delivered\", mail = 2 }", "count the [[mail]] entries"),
        ("on = { event = \"accepted\", host = \"mail.sendr.example\" }", "did you mean"),
        ("on = { event = \"outage_ends\", outage = \"refusess\" }", "did you mean `refuses`?"),
        ("on = { event = \"outage_ends\", host = \"mail.sender.example\" }", "says nothing about"),
        ("on = { event = \"looked_up\", message = \"1-1\" }", "says nothing about"),
        ("at = \"1s\"\non = { event = \"delivered\" }", "exclude each other"),
        ("ask = \"When?\"", "nothing says when"),
    ];
    for (when, word) in cases {
        let found = problems(&note(when));
        assert!(found.iter().any(|one| one.2.contains(word)), "{when}: {found:#?}");
    }
}

/// Returns the texts of the notes shown in a run with overrides.
fn texts_shown(notes: &str, overrides: &[&str]) -> Vec<String> {
    let text = two_sites("", "", &format!("{DEFERRED}{notes}"));
    let nothing = |name: &str| Err(format!("{name}: tests name no files"));
    let source = Source { file: "test.toml", text: &text, read_file: &nothing };
    let overrides: Vec<Override> =
        overrides.iter().map(|argument| Override::set(argument).expect("it is one")).collect();
    let scenario = load(&source, &overrides).expect("it can be read").scenario;
    let mut narration = Narration::new(&scenario);
    Simulation::new(&scenario).run(&mut narration);
    let shown = narration.shown(SimTime::ZERO + scenario.duration);
    shown.iter().map(|one| scenario.notes[one.note].text.clone()).collect()
}

#[test]
fn a_note_is_shown_while_it_is_true() {
    let note =
        |text: &str, when: &str| format!("[[note]]\nat = \"1h\"\ntext = \"{text}\"\n{when}\n");
    let first = "event = \"deferred\", message = \"1-1\"";
    let notes = [
        note("as written", ""),
        note("always", "if = []"),
        note("deferred", &format!("if = {{ {first} }}")),
        note("never deferred", &format!("if = {{ {first}, never = true }}")),
        note("deferred after the outage", &format!("if = [{{ {first}, from = \"20min\" }}]")),
        note("same outage", "if = { unchanged = \"outage.refuses\" }"),
        note("same outage and mail", "if = [{ unchanged = [\"outage\", \"mail.0\"] }]"),
        note(
            "outage of an hour",
            "if = { event = \"outage_ends\", from = \"1h\", until = \"1h\" }",
        ),
    ]
    .concat();
    let written = ["as written", "always", "deferred", "same outage", "same outage and mail"];
    assert_eq!(texts_shown(&notes, &[]), written);
    // What is said of the scenario, and not of what happens in it, changes no note.
    assert_eq!(texts_shown(&notes, &["question=Why?"]), written);
    let larger = ["always", "deferred", "same outage"];
    assert_eq!(texts_shown(&notes, &["mail.0.size=20kB"]), larger);
    let longer = ["always", "deferred", "deferred after the outage", "outage of an hour"];
    assert_eq!(texts_shown(&notes, &["outage.refuses.for=1h"]), longer);
    // Too short to strike the first message.
    assert_eq!(texts_shown(&notes, &["outage.refuses.for=1ms"]), ["always", "never deferred"]);
}

#[test]
fn a_condition_that_asks_for_nothing_is_refused() {
    let note = |when: &str| format!("{DEFERRED}[[note]]\nat = \"1h\"\ntext = \"x\"\nif = {when}\n");
    let cases = [
        ("{}", "asks for nothing"),
        ("[{ event = \"delivered\", unchanged = \"outage\" }]", "exclude each other"),
        ("{ unchanged = \"outage.\" }", "cannot be read"),
        ("{ unchanged = \"outage\", nth = 2 }", "says nothing about"),
        ("{ event = \"delivered\", from = \"2h\", until = \"1h\" }", "nothing can happen then"),
        ("{ event = \"delivered\", message = \"2-1\" }", "count the [[mail]] entries"),
        ("true", "found true"),
    ];
    for (when, word) in cases {
        let found = problems(&note(when));
        assert!(found.iter().any(|one| one.2.contains(word)), "{when}: {found:#?}");
    }
}

#[test]
fn facts_of_a_run_do_not_depend_on_its_notes() {
    let facts = |notes: &str| {
        let run = run(&two_sites("", "", &format!("{DEFERRED}{notes}")));
        run.facts.iter().filter(|(_, fact)| !matches!(fact, Fact::Ledger(_))).count()
    };
    let note = "[[note]]\non = { event = \"delivered\" }\ntext = \"x\"\n";
    assert_eq!(facts(""), facts(note));
}
