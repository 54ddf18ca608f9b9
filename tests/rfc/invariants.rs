//! What holds in every run: the rules INV, tried on a network in which everything goes wrong that
//! can. `tests/conservation.rs` does the same on networks drawn at random.

use std::collections::BTreeMap;

use mailsim::mail::{AttemptOutcome, HostId};
use mailsim::model::Scenario;
use mailsim::simulation::Simulation;
use mailsim::trace::{AttemptFact, FactLog, FinalOutcome};
use mailsim::units::{SimDuration, SimTime};

use crate::common::{End, Run, Story, at, scenario, secs};

const LIFETIME: u64 = 6;

/// Two senders, a primary with two backups, a greylist, failures of every kind, and some mail to
/// nobody. Messages live for six hours; mail is written for twelve, and the run goes on for a day.
fn disturbed(seed: u64, sender: &str) -> Scenario {
    scenario(&format!(
        r#"
        seed = {seed}
        duration = "36h"
        [[host]]
        name = "out.a.example"
        roles = ["submission", "relay", "mx", "store"]
        mta = {sender}
        [[host]]
        name = "mx1.b.example"
        mta = {{ profile = "rfc5321", lifetime = "{LIFETIME}h" }}
        [[host]]
        name = "mx2.b.example"
        mta = {{ profile = "rfc5321", gaps = ["5m"], lifetime = "{LIFETIME}h", notice_lifetime = "{LIFETIME}h" }}
        [[host]]
        name = "mx3.b.example"
        mta = {{ profile = "postfix", maximal_queue_lifetime = "{LIFETIME}h" }}
        greylist = {{ delay = "5m" }}
        [[domain]]
        name = "a.example"
        mx = ["out.a.example"]
        mailboxes = {{ count = 20 }}
        [[domain]]
        name = "b.example"
        mx = [{{ host = "mx1.b.example", preference = 10 }}, {{ host = "mx2.b.example", preference = 20 }},
              {{ host = "mx3.b.example", preference = 20 }}]
        mailboxes = {{ count = 20 }}
        [[mail]]
        from = {{ domain = "a.example" }}
        to = [{{ domain = "b.example" }}, {{ domain = "b.example" }}]
        arrivals = {{ poisson = "20/h" }}
        end = "12h"
        [[mail]]
        from = {{ domain = "a.example" }}
        to = ["nobody@b.example", {{ domain = "b.example" }}]
        arrivals = {{ poisson = "2/h" }}
        end = "12h"
        [[outage]]
        host = "mx1.b.example"
        mode = "refuse"
        random = {{ failure = {{ exponential = {{ mean = "2h" }} }}, repair = {{ exponential = {{ mean = "40m" }} }} }}
        [[outage]]
        host = "mx2.b.example"
        mode = "crash"
        random = {{ failure = {{ exponential = {{ mean = "3h" }} }}, repair = {{ exponential = {{ mean = "10m" }} }} }}
        [[outage]]
        host = "mx1.b.example"
        mode = "drop"
        from = "3h"
        for = "20m"
        [[outage]]
        host = "mx1.b.example"
        mode = "tempfail"
        stage = "dot"
        from = "5h"
        for = "30m"
        [[outage]]
        dns = "b.example"
        mode = "servfail"
        from = "7h"
        for = "30m"
        "#
    ))
}

const PLAIN: &str = "{ profile = \"rfc5321\", lifetime = \"6h\", notice_lifetime = \"6h\" }";
const POSTFIX: &str = "{ profile = \"postfix\", maximal_queue_lifetime = \"6h\" }";

fn runs() -> Vec<Run> {
    let some = [(1, PLAIN), (2, POSTFIX), (3, POSTFIX)];
    some.map(|(seed, sender)| Run::of(&disturbed(seed, sender))).into()
}

/// Every recipient is somewhere at every instant: the ledger of a run that is stopped there balances,
/// and no story ends without a word.
#[test]
fn rfc_inv_01_every_recipient_is_somewhere() {
    let scenario = disturbed(1, POSTFIX);
    for minute in (0..720).step_by(24) {
        let mut log = FactLog::default();
        let moment = at(minute * 60 + minute % 7);
        let totals = Simulation::new(&scenario).until(moment).run(&mut log);
        assert!(totals.ledger.balances(), "{moment:?}: {:?}", totals.ledger);
    }
    for run in runs() {
        // `end` fails on a story that was closed without an end.
        let ended = run.stories.iter().filter(|story| story.end() != End::InTransit).count();
        assert_eq!(ended, run.stories.len());
        assert!(run.ledger().balances() && run.mail().len() > 300);
    }
}

#[test]
fn rfc_inv_02_a_second_copy_has_a_lost_reply() {
    let mut duplicates = 0;
    for run in runs() {
        let crashing = run.host("mx2.b.example");
        for story in &run.stories {
            match story.end() {
                End::Delivered => assert!(story.copies() >= 1),
                _ => assert_eq!(story.copies(), 0),
            }
            if story.copies() > 1 {
                duplicates += 1;
                // A backup that crashes may have sent what it knows nothing of.
                let crashed = story.accepted.iter().any(|(_, host, _)| *host == crashing);
                assert!(story.left_in_doubt() || crashed, "{story:#?}");
            }
        }
    }
    assert!(duplicates > 0, "the scenario has lost replies");
}

#[test]
fn rfc_inv_03_no_more_notices_than_failures() {
    for run in runs() {
        let failed = |story: &&&Story| {
            let refused = |fact: &AttemptFact| fact.outcome == AttemptOutcome::Permfail;
            story.end() == End::Failed || story.attempts.iter().any(refused)
        };
        let failures = run.mail().iter().filter(failed).count();
        assert!(run.failure_notices() <= failures && run.failure_notices() > 0);
        let notices = run.stories.iter().filter(|story| story.created.sender.is_none());
        assert_eq!(notices.count(), run.stories.len() - run.mail().len());
    }
}

#[test]
fn rfc_inv_04_received_fields_count_the_servers() {
    for run in runs() {
        for story in run.mail() {
            for (time, host, fields) in &story.accepted {
                let from_before = story
                    .accepted
                    .iter()
                    .any(|(before, other, n)| before <= time && other != host && n + 1 == *fields);
                assert!(*fields == 1 || from_before, "{story:#?}");
            }
            for ending in &story.endings {
                let known = |(_, host, n): &(SimTime, HostId, u32)| {
                    *host == ending.host && *n == ending.received_fields
                };
                let nobody_took_it = story.accepted.is_empty();
                assert!(story.accepted.iter().any(known) || nobody_took_it, "{story:#?}");
            }
        }
    }
}

/// The sender never crashes here and nobody flushes its queue. The time stated for the next attempt
/// is that of the schedule; Postfix's scans come after it, or up to a second before.
#[test]
fn rfc_inv_05_no_attempt_before_its_time() {
    for (sender, early) in [(PLAIN, 0), (POSTFIX, 1)] {
        let run = Run::of(&disturbed(4, sender));
        let out = run.host("out.a.example");
        let mut retries = 0;
        for story in run.mail() {
            let tries = story.tries_of(out);
            for pair in tries.windows(2).filter(|pair| pair[0].delivery != pair[1].delivery) {
                let due = pair[0].next_attempt.expect("a try that was repeated had a time");
                assert!(pair[1].started + secs(early) >= due, "{pair:#?}");
                retries += 1;
            }
        }
        assert!(retries > 20, "{retries}");
    }
}

#[test]
fn rfc_inv_06_no_exchanger_hands_on_to_one_no_better() {
    for run in runs() {
        let preferences: BTreeMap<HostId, u16> =
            [("mx1.b.example", 10), ("mx2.b.example", 20), ("mx3.b.example", 20)]
                .map(|(name, preference)| (run.host(name), preference))
                .into();
        let mut handed_on = 0;
        for fact in run.mail().iter().flat_map(|story| &story.attempts) {
            let (Some(from), Some(to)) =
                (preferences.get(&fact.from), fact.to.and_then(|to| preferences.get(&to)))
            else {
                continue;
            };
            let own = fact.to == Some(fact.from);
            assert!(own || to < from, "{fact:#?}");
            handed_on += usize::from(!own);
        }
        assert!(handed_on > 10, "{handed_on}");
    }
}

/// Every message is given up or delivered: a day after the last was written none is left, since none
/// lives for more than six hours at each of three servers, and a notice about it as long again.
#[test]
fn rfc_inv_07_every_run_comes_to_its_end() {
    for run in runs() {
        let left = run.stories.iter().filter(|story| story.end() == End::Queued).count();
        assert_eq!(left, 0);
        for story in &run.stories {
            let last = story.endings.iter().map(|ending| ending.at).max();
            let given_up = story.endings.iter().any(|e| e.outcome != FinalOutcome::Delivered);
            let age = last.map_or(SimDuration::ZERO, |last| last.since(story.at));
            assert!(!given_up || age <= SimDuration::from_hours(3 * (LIFETIME + 3)), "{age:?}");
        }
    }
}

#[test]
fn rfc_inv_08_the_same_seed_gives_the_same_events() {
    let [one, again, other] = [1, 1, 5].map(|seed| Run::of(&disturbed(seed, PLAIN)).facts);
    assert_eq!(one, again);
    assert_ne!(one, other);
}
