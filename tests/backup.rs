//! Every server as a backup exchanger: what it queues while the primary is down arrives afterwards.

mod common;

use mailsim::scenario::{Source, load};
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactLog, FinalOutcome};

/// Each server, with what a scenario has to state about it.
const SERVERS: [&str; 12] = [
    r#""postfix""#,
    r#""exim""#,
    r#""sendmail""#,
    r#""opensmtpd""#,
    r#""qmail""#,
    r#""exchange""#,
    r#""hmailserver""#,
    r#""haraka""#,
    r#""kumomta""#,
    r#""stalwart""#,
    r#""maddy""#,
    r#""rfc5321""#,
];

/// A sender, a primary exchanger that is down from 2 h to 6 h, and others behind it.
fn scenario(backups: &[&str]) -> String {
    let mut text = String::from(
        r#"
title = "Backup exchangers"
seed = 42
duration = "8d"
[[host]]
name = "smtp.sender.example"
roles = ["submission", "mx", "store"]
[[host]]
name = "mx1.recipient.example"
roles = ["mx"]
[[host]]
name = "imap.recipient.example"
roles = ["store"]
[[domain]]
name = "sender.example"
mx = [{ host = "smtp.sender.example", preference = 10 }]
mailboxes = ["alice"]
[[mail]]
from = "alice@sender.example"
to = ["bob@recipient.example"]
arrivals = { poisson = "6/h" }
size = "75kB"
end = "8h"
[[outage]]
host = "mx1.recipient.example"
from = "2h"
for = "4h"
mode = "blackhole"
"#,
    );
    let mut records = "{ host = \"mx1.recipient.example\", preference = 10 }".to_owned();
    for (number, mta) in backups.iter().enumerate() {
        let (name, preference) = (format!("mx{}.recipient.example", number + 2), 10 * (number + 2));
        text += &format!("[[host]]\nname = \"{name}\"\nroles = [\"mx\"]\nmta = {mta}\n");
        records += &format!(", {{ host = \"{name}\", preference = {preference} }}");
    }
    text + &format!(
        "[[domain]]\nname = \"recipient.example\"\nmx = [{records}]\n\
         store = \"imap.recipient.example\"\nmailboxes = [\"bob\"]\n"
    )
}

/// Returns written, delivered and otherwise ended mail, and how much `mx2` took.
fn run(text: &str) -> (usize, usize, usize, usize) {
    let scenario = common::scenario(text);
    let backup = scenario.hosts.iter().position(|host| host.name.starts_with("mx2."));
    let mut log = FactLog::default();
    let _ = Simulation::new(&scenario).run(&mut log);
    let count =
        |wanted: &dyn Fn(&Fact) -> bool| log.facts.iter().filter(|(_, fact)| wanted(fact)).count();
    let is_delivered = |fact: &Fact| {
        matches!(fact, Fact::Final { outcome: FinalOutcome::Delivered, duplicate: false, .. })
    };
    let ends = |fact: &Fact| matches!(fact, Fact::Final { duplicate: false, .. });
    (
        count(&|fact| matches!(fact, Fact::Created(_))),
        count(&is_delivered),
        count(&|fact| ends(fact) && !is_delivered(fact)),
        count(&|fact| matches!(fact, Fact::Accepted { by, .. } if Some(by.index()) == backup)),
    )
}

fn warnings(text: &str) -> String {
    let read_file = |name: &str| Err(format!("{name}: tests name no files"));
    let source = Source { file: "backup.toml", text, read_file: &read_file };
    load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}")).warnings.to_string()
}

#[test]
fn no_backup_loses_mail_while_the_primary_is_down() {
    for mta in SERVERS {
        let (created, delivered, lost, by_backup) = run(&scenario(&[mta]));
        assert!(by_backup > 5, "{mta}: the backup took {by_backup}");
        assert_eq!((delivered, lost), (created, 0), "{mta}");
    }
}

#[test]
fn opensmtpd_that_is_not_told_to_be_a_backup_sends_mail_to_itself() {
    // `relay` without `backup`: its own preference is worse, but the only one that answers.
    let text = scenario(&[r#"{ profile = "opensmtpd", finds_itself = false }"#]);
    let (_, _, lost, _) = run(&text);
    assert!(lost > 5, "{lost} lost");
    let told = warnings(&text);
    assert!(told.contains("circle: mx2.recipient.example > mx2.recipient.example"), "{told}");
    assert!(!warnings(&scenario(&[r#""opensmtpd""#])).contains("circle"));
}

#[test]
fn opensmtpd_stays_a_backup_when_a_setting_changes() {
    let text = scenario(&[r#""opensmtpd""#])
        + "[[action]]\nat = \"1h\"\nhost = \"mx2.recipient.example\"\ndo = { set = { mta = { profile = \
           \"opensmtpd\", ttl = \"3d\" } } }\n";
    let (created, delivered, ..) = run(&text);
    assert_eq!(delivered, created);
}

#[test]
fn backups_that_only_skip_themselves_are_called_a_circle() {
    for mta in [r#""hmailserver""#, r#""haraka""#] {
        let told = warnings(&scenario(&[mta, mta]));
        let names = [
            "mx2.recipient.example > mx3.recipient.example > mx2.recipient.example",
            "mx3.recipient.example > mx2.recipient.example > mx3.recipient.example",
        ];
        assert!(names.iter().any(|names| told.contains(names)), "{mta}: {told}");
        assert!(!warnings(&scenario(&[mta])).contains("circle"), "{mta}");
    }
    assert!(!warnings(&scenario(&[r#""postfix""#, r#""exim""#])).contains("circle"));
}
