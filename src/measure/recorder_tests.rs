//! A recorder is fed facts whose figures can be computed on paper.

use crate::mail::{AttemptOutcome, HostId, MessageKind, RecipientId};
use crate::trace::{Fact, FinalOutcome, Ledger, RetrievalProtocol, StillOpen, replay};
use crate::units::{SimDuration, SimTime};

use super::example::{
    MUA, MX, Names, SENDER, accepted, attempt, created, ended, frame, key, outage_day, secs, totals,
};
use super::{
    AttemptRecord, Bound, FinalState, MessageRecord, RecordSink, Recorder, Summary, VerdictKind,
    figure_names,
};

/// Name, state, attempts, path, copies and hops.
type Row = (String, FinalState, u32, Vec<u32>, u32, Option<u32>);

/// Keeps what is needed of the rows.
#[derive(Debug, Default)]
struct Rows {
    messages: Vec<Row>,
    attempts: Vec<(u64, String)>,
    hosts: usize,
}

impl RecordSink for Rows {
    fn message(&mut self, row: &MessageRecord<'_>) {
        let path = row.path.iter().map(|host| host.0).collect();
        self.messages.push((
            row.key.to_string(),
            row.state,
            row.attempts,
            path,
            row.copies,
            row.hops,
        ));
    }

    fn attempt(&mut self, row: &AttemptRecord<'_>) {
        self.attempts.push((row.number, row.identity().key.to_string()));
    }

    fn host(&mut self, _: &super::HostRecord) {
        self.hosts += 1;
    }
}

fn record(facts: &[(SimTime, Fact)], duration: u64) -> (Summary, Rows) {
    let mut recorder = Recorder::new(Rows::default());
    replay(facts, &mut recorder);
    recorder.finish(&Names, &frame(SimDuration::from_secs(duration)))
}

/// One message: submitted at 10 s, taken by the sender's server at 12 s after a session of 1 s,
/// tried in vain from 13 s to 43 s, handed on from 100 s to 102 s, delivered then, read at 162 s.
fn one_delayed_message() -> Vec<(SimTime, Fact)> {
    let failed = attempt(0, SENDER, MX, (secs(13), secs(43)), AttemptOutcome::Timeout);
    let deferred = crate::trace::AttemptFact { next_attempt: Some(secs(100)), ..failed };
    let submission = attempt(0, MUA, SENDER, (secs(11), secs(12)), AttemptOutcome::Accepted);
    let success = attempt(0, SENDER, MX, (secs(100), secs(102)), AttemptOutcome::Accepted);
    let (recipient, protocol) = (RecipientId(0), RetrievalProtocol::Pop3);
    vec![
        (secs(10), created(0, 0)),
        (secs(12), accepted(0, SENDER, 1)),
        (secs(12), Fact::Attempt(submission)),
        (secs(43), Fact::Attempt(deferred)),
        (secs(102), Fact::Attempt(success)),
        (secs(102), accepted(0, MX, 2)),
        (secs(102), ended(0, MX, FinalOutcome::Delivered, 2)),
        (secs(162), Fact::Retrieved { recipient, protocol, reading: 0, removed: None }),
        (secs(162), Fact::Closed { recipient }),
    ]
}

/// Spans too long for a story's own room, and a way of five hosts.
#[test]
fn a_message_of_many_hours_and_hosts_is_told_as_well() {
    let (relays, host) = ([HostId(3), HostId(4)], |host| accepted(0, host, 1));
    let tries = |tries: &[(HostId, HostId, u64, u64, AttemptOutcome)]| {
        tries
            .iter()
            .map(|&(from, to, began, ended, outcome)| {
                (
                    secs(ended),
                    Fact::Attempt(attempt(0, from, to, (secs(began), secs(ended)), outcome)),
                )
            })
            .collect::<Vec<_>>()
    };
    let (timeout, success) = (AttemptOutcome::Timeout, AttemptOutcome::Accepted);
    let mut facts = vec![
        (secs(0), created(0, 0)),
        (secs(9_000), host(SENDER)),
        (secs(15_000), host(relays[0])),
        (secs(16_000), host(relays[1])),
        (secs(22_000), accepted(0, MX, 2)),
    ];
    facts.extend(tries(&[
        (MUA, SENDER, 0, 1_500, timeout),
        (MUA, SENDER, 7_200, 9_000, success),
        (SENDER, relays[0], 9_500, 11_000, timeout),
        (SENDER, relays[0], 12_000, 13_500, timeout),
        (relays[1], MX, 20_000, 22_000, success),
    ]));
    facts.sort_by_key(|(at, _)| *at);
    facts.push((secs(22_000), ended(0, MX, FinalOutcome::Delivered, 2)));
    facts.push((secs(22_000), Fact::Closed { recipient: RecipientId(0) }));
    let (summary, rows) = record(&facts, 30_000);
    assert_eq!(rows.messages[0].3, [0, 1, 3, 4, 2]);
    assert_eq!(summary.submission_to_acceptance.max, Some(9_000.0));
    let went = &summary.where_time_went;
    let totals = [&went.outbox, &went.sessions, &went.failed_attempts, &went.queues];
    // 9000 - 1800 - 1500; 1800 + 2000; 1500 + 2 * 1500; 22000 - 9000 - 2000 - 3000.
    assert_eq!(totals.map(|stage| stage.total_s), [5_700.0, 3_800.0, 4_500.0, 8_000.0]);
}

#[test]
fn one_message_is_told_from_submission_to_reader() {
    let (summary, rows) = record(&one_delayed_message(), 200);
    let row = ("1-1".to_owned(), FinalState::Delivered, 3, vec![0, 1, 2], 1, Some(2));
    assert_eq!(rows.messages, vec![row]);
    assert_eq!(rows.attempts.len(), 3);
    assert_eq!(rows.attempts[2], (3, "1-1".to_owned()));
    let figure = |name: &str| summary.figure(name).unwrap_or(f64::NAN);
    assert_eq!(figure("delivered_share"), 1.0);
    assert_eq!(figure("submission_to_acceptance.p50"), 2.0);
    assert_eq!(figure("submission_to_delivery.p95"), 92.0);
    assert_eq!(figure("delivery_to_retrieval.mean"), 60.0);
    assert_eq!(figure("submission_to_retrieval.max"), 152.0);
    assert_eq!(figure("delivered_within.1min"), 0.0);
    assert_eq!(figure("delivered_within.5min"), 1.0);
    assert_eq!(figure("retrieved_within.5min"), 1.0);
    assert_eq!(figure("hops.counts.2"), 1.0);
    assert_eq!(figure("attempts.rows"), 3.0);
    assert_eq!(figure("attempts.deferrals"), 1.0);
    assert_eq!(figure("attempts.by_outcome.timeout"), 1.0);
    assert_eq!(figure("attempts.failed_by_stage.connect"), 1.0);
    assert_eq!(figure("domains.\"recipient.example\".submission_to_delivery.max"), 92.0);
}

#[test]
fn the_parts_of_a_way_add_up_to_the_whole() {
    let (summary, _) = record(&one_delayed_message(), 200);
    let went = &summary.where_time_went;
    // 10-11 in the outbox; 11-12 and 100-102 in sessions; 13-43 in vain; 12-13 and 43-100 queued.
    assert_eq!(went.outbox.total_s, 1.0);
    assert_eq!(went.sessions.total_s, 3.0);
    assert_eq!(went.failed_attempts.total_s, 30.0);
    assert_eq!(went.queues.total_s, 58.0);
    assert_eq!(went.reader.mean_s, Some(60.0));
    assert!((went.queues.share.unwrap() - 58.0 / 92.0).abs() < 1e-9);
}

#[test]
fn a_lost_final_reply_makes_a_second_copy_but_one_delivery() {
    let success = |from, to| attempt(0, SENDER, MX, (secs(from), secs(to)), AttemptOutcome::Lost);
    let facts = vec![
        (secs(0), created(0, 0)),
        (secs(1), accepted(0, SENDER, 1)),
        (secs(3), accepted(0, MX, 2)),
        (secs(3), ended(0, MX, FinalOutcome::Delivered, 2)),
        (secs(4), Fact::Attempt(success(2, 4))),
        (secs(60), accepted(0, MX, 2)),
        (secs(60), ended(0, MX, FinalOutcome::Delivered, 2)),
        (secs(61), Fact::Attempt(success(59, 61))),
        (secs(61), Fact::Closed { recipient: RecipientId(0) }),
    ];
    let (summary, rows) = record(&facts, 100);
    let row = ("1-1".to_owned(), FinalState::Delivered, 2, vec![0, 1, 2], 2, Some(2));
    assert_eq!(rows.messages, vec![row]);
    assert_eq!(summary.duplicates, 1);
    assert_eq!(summary.mail.delivered, 1);
    assert_eq!(summary.figure("submission_to_delivery.max"), Some(3.0));
}

#[test]
fn a_delivery_counts_before_a_failure_whichever_came_first() {
    for order in [
        [FinalOutcome::Failed, FinalOutcome::Delivered],
        [FinalOutcome::Delivered, FinalOutcome::Failed],
    ] {
        let mut facts = vec![(secs(0), created(0, 0))];
        for (step, outcome) in (1..).zip(order) {
            facts.push((secs(step * 10), ended(0, MX, outcome, 2)));
        }
        facts.push((secs(30), Fact::Closed { recipient: RecipientId(0) }));
        let (summary, rows) = record(&facts, 100);
        assert_eq!(rows.messages[0].1, FinalState::Delivered);
        assert_eq!((summary.mail.delivered, summary.mail.failed), (1, 0));
    }
}

#[test]
fn open_stories_are_told_last_and_warned_of() {
    let open = |slot, state, host| Fact::Open { recipient: RecipientId(slot), state, host };
    let facts = vec![
        (secs(0), created(0, 0)),
        (secs(0), created(1, 1)),
        (secs(0), created(2, 2)),
        (secs(1), accepted(0, SENDER, 1)),
        (secs(2), ended(1, MX, FinalOutcome::Delivered, 2)),
        (secs(3), ended(2, SENDER, FinalOutcome::Failed, 1)),
        (secs(3), Fact::Closed { recipient: RecipientId(2) }),
        // The slot is used again at once.
        (secs(4), created(2, 3)),
        (secs(9), open(0, StillOpen::Queued, SENDER)),
        (secs(9), open(1, StillOpen::Unread, MX)),
        (secs(9), open(2, StillOpen::InTransit, MUA)),
        (
            secs(9),
            Fact::Ledger(Ledger {
                submitted: 4,
                delivered: 1,
                failed: 1,
                queued: 1,
                in_transit: 1,
                ..Ledger::default()
            }),
        ),
    ];
    let (summary, rows) = record(&facts, 9);
    let states: Vec<_> = rows.messages.iter().map(|row| (row.0.as_str(), row.1)).collect();
    assert_eq!(
        states,
        vec![
            ("1-3", FinalState::Failed),
            ("1-1", FinalState::Queued),
            ("1-2", FinalState::Delivered),
            ("1-4", FinalState::InTransit),
        ]
    );
    assert!(summary.ledger.balances);
    assert_eq!(summary.figure("ledger.entered"), Some(4.0));
    assert_eq!(summary.figure("ledger.accounted"), Some(4.0));
    assert_eq!(summary.unfinished_share, Some(0.5));
    assert!(summary.warnings[0].starts_with("2 of 4 recipients were still under way"));
}

#[test]
fn a_ledger_that_disagrees_with_the_rows_is_the_first_warning() {
    let mut facts = one_delayed_message();
    let wrong = Ledger { submitted: 2, delivered: 2, ..Ledger::default() };
    facts.push((secs(200), Fact::Ledger(wrong)));
    let (summary, _) = record(&facts, 200);
    assert!(!summary.ledger.balances);
    assert!(summary.warnings[0].contains("ledger does not balance"));
}

#[test]
fn a_run_without_mail_says_so_and_has_no_shares() {
    let (summary, _) = record(&[], 100);
    assert_eq!(summary.delivered_share, None);
    assert_eq!(summary.warnings, vec!["no mail was submitted: there is nothing to measure"]);
}

#[test]
fn utilisation_is_busy_time_over_time_and_slots() {
    // 50 s busy, two slots, 25 s: utilisation 1, which deserves a warning.
    let (summary, rows) =
        record(&[(secs(25), Fact::Host(totals(MX, SimDuration::from_secs(25))))], 25);
    assert_eq!(rows.hosts, 1);
    let figure = |name: &str| summary.figure(&format!("hosts.\"mx1.recipient.example\".{name}"));
    assert_eq!(figure("inbound_utilisation"), Some(1.0));
    assert_eq!(figure("delivery_utilisation"), None);
    assert_eq!(figure("utilisation"), Some(1.0));
    assert_eq!(figure("downtime_s"), Some(7.0));
    assert!(summary.warnings.iter().any(|text| text.contains("busy 100.0 %")));
}

#[test]
fn expectations_are_judged_and_misspelt_figures_named() {
    let (summary, _) = record(&one_delayed_message(), 200);
    let bound = |figure: &str, at_least, at_most| Bound {
        figure: figure.to_owned(),
        at_least,
        at_most,
        equals: None,
    };
    let verdicts = summary.check(&[
        bound("delivered_share", Some(0.99), None),
        bound("submission_to_delivery.p95", None, Some(91.0)),
        bound("submission_to_delivery.p59", None, Some(91.0)),
        bound("created.failure_notice.delivered", None, Some(0.0)),
        Bound {
            figure: "mail.delivered".to_owned(),
            at_least: None,
            at_most: None,
            equals: Some(1.0),
        },
    ]);
    let kinds: Vec<_> = verdicts.iter().map(|verdict| verdict.kind).collect();
    let met = VerdictKind::Met;
    assert_eq!(kinds, vec![met, VerdictKind::NotMet, VerdictKind::NoSuchFigure, met, met]);
    assert!(verdicts[2].likely.contains(&"submission_to_delivery.p95".to_owned()));
    assert_eq!(
        verdicts[1].to_string(),
        "submission_to_delivery.p95 at most 1m31s: NOT met (1m 32s)"
    );
}

#[test]
fn every_figure_of_a_run_was_announced_beforehand() {
    let names = figure_names(
        &["sender.example", "recipient.example"],
        &["laptop.sender.example", "smtp.sender.example", "mx1.recipient.example"],
        1,
    );
    let (summary, _) = record(&outage_day(50), 86_400);
    for (name, _) in summary.figures() {
        assert!(names.contains(&name) || name.starts_with("hops.counts."), "{name}");
    }
}

#[test]
fn a_summary_survives_its_file() {
    let (summary, _) = record(&outage_day(50), 86_400);
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
}

#[test]
fn an_outage_day_is_counted() {
    let (summary, rows) = record(&outage_day(200), 86_400);
    assert_eq!(rows.messages.len(), 200);
    assert_eq!(summary.mail.delivered, 200);
    assert!(summary.ledger.balances);
    let outage = &summary.outages[0];
    // A message each 430 s, so about 33 in four hours; all wait at the end of the outage.
    assert!((30..=36).contains(&outage.peak_backlog), "{outage:?}");
    assert!(outage.drain_s.is_some_and(|drain| drain > 0.0 && drain < 3_600.0 * 2.0));
    assert_eq!(summary.created[MessageKind::DelayNotice.as_str()].submitted, 0);
    assert_eq!(rows.messages[0].0, key(0).to_string());
}

#[test]
fn mail_outside_of_the_window_counts_in_the_ledger_alone() {
    // Messages of 10 s and 50 s; only what is submitted from 20 s on, and before 60 s, counts.
    let mut facts = one_delayed_message();
    facts.retain(|(_, fact)| !matches!(fact, Fact::Closed { .. } | Fact::Retrieved { .. }));
    facts.push((secs(102), Fact::Closed { recipient: RecipientId(0) }));
    let submission = attempt(1, MUA, SENDER, (secs(50), secs(51)), AttemptOutcome::Accepted);
    let second = [
        (secs(50), created(1, 1)),
        (secs(51), accepted(1, SENDER, 1)),
        (secs(51), Fact::Attempt(submission)),
        (secs(57), ended(1, MX, FinalOutcome::Delivered, 2)),
        (secs(57), Fact::Closed { recipient: RecipientId(1) }),
    ];
    facts.extend(second);
    facts.sort_by_key(|(at, _)| *at);
    let counted = |from: u64, to: u64| {
        let window = super::Window { from: secs(from), to: secs(to) };
        let mut recorder = Recorder::new(Rows::default()).counting(window);
        replay(&facts, &mut recorder);
        recorder.finish(&Names, &frame(SimDuration::from_secs(200)))
    };
    let (summary, rows) = counted(20, 60);
    assert_eq!((summary.mail.submitted, summary.mail.delivered), (1, 1));
    assert_eq!(summary.submission_to_delivery.max, Some(7.0));
    assert_eq!((summary.attempts.rows, summary.attempts.deferrals), (1, 0));
    assert_eq!((summary.ledger.submitted, summary.ledger.delivered), (2, 2));
    assert!(summary.ledger.balances);
    // Rows are handed out for all, and attempts keep their numbers.
    assert_eq!(rows.attempts.len(), 4);
    let all = counted(0, 200).0;
    assert_eq!((all.mail.submitted, all.attempts.rows), (2, 4));
    // The window is half-open.
    assert_eq!(counted(50, 60).0.mail.submitted, 1);
    assert_eq!(counted(10, 50).0.mail.submitted, 1);
}
