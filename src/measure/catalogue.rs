//! What figures there are, in words.

use super::figure_query::Unit;

/// A figure, or a family of them that differ in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigureDescription {
    /// Its name; words in capitals stand for others.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// What it says.
    pub meaning: &'static str,
    /// Whether it can be had of a part of the mail.
    pub of_parts: bool,
    /// One of the family.
    pub example: &'static str,
}

const fn of_mail(
    name: &'static str,
    unit: Unit,
    meaning: &'static str,
    example: &'static str,
) -> FigureDescription {
    FigureDescription { name, unit, meaning, of_parts: true, example }
}

const fn of_run(
    name: &'static str,
    unit: Unit,
    meaning: &'static str,
    example: &'static str,
) -> FigureDescription {
    FigureDescription { name, unit, meaning, of_parts: false, example }
}

const ALL_STATISTICS: &str = "STATISTIC is n, mean, min, max, or p with per cent, such as p50 or p99.9: \
                              the smallest value that so many per cent do not exceed";

/// Returns every figure, those of mail first.
#[must_use]
pub fn catalogue() -> Vec<FigureDescription> {
    use Unit::{Number, Octets, PerSecond, Seconds, Share};
    let mut all = vec![
        of_mail(
            "delivered_share",
            Share,
            "share of recipients whose copy is in the mailbox",
            "delivered_share",
        ),
        of_mail("failed_share", Share, "share of recipients that were given up", "failed_share"),
        of_mail(
            "unfinished_share",
            Share,
            "share of recipients queued or in a session at the end",
            "unfinished_share",
        ),
        of_mail(
            "STATE_share",
            Share,
            "share of recipients by STATE: delivered, failed, discarded, queued, in_transit, unfinished, retrieved, junk",
            "junk_share",
        ),
        of_mail(
            "mail.STATE",
            Number,
            "recipients by STATE: submitted (all), delivered, failed, discarded, queued, in_transit, unfinished, retrieved, junk",
            "mail.delivered",
        ),
        of_mail(
            "first_try_deferred_share",
            Share,
            "of recipients that a server tried to pass on or deliver, those whose first delivery put them off",
            "first_try_deferred_share",
        ),
        of_mail(
            "duplicates",
            Number,
            "copies beyond the first that reached a mailbox",
            "duplicates",
        ),
        of_mail(
            "size_octets.STATISTIC",
            Octets,
            "header and text as submitted",
            "size_octets.mean",
        ),
    ];
    for (name, meaning, example) in TIMES {
        all.push(of_mail(name, Seconds, meaning, example));
    }
    all.extend([
        of_mail(
            "TIME.within.SPAN",
            Share,
            "share of all recipients for whom that time is at most SPAN, such as 7min or 1h30m; TIME is one of the above",
            "submission_to_delivery.within.7min",
        ),
        of_mail("delivered_within.SPAN", Share, "share of recipients delivered within SPAN", "delivered_within.5min"),
        of_mail("retrieved_within.SPAN", Share, "share of recipients read within SPAN", "retrieved_within.5min"),
        of_mail("hops.STATISTIC", Number, "Received fields of delivered mail", "hops.mean"),
        of_mail("attempts_per_recipient.STATISTIC", Number, "rows of attempts.csv about a recipient", "attempts_per_recipient.max"),
        of_mail("attempts.rows", Number, "rows of attempts.csv", "attempts.rows"),
        of_mail("attempts.tries", Number, "those with network activity or a delivery into a mailbox", "attempts.tries"),
        of_mail("attempts.deferrals", Number, "those after which the recipient was put off to a later time", "attempts.deferrals"),
        of_mail("attempts.suspensions", Number, "those without any network activity", "attempts.suspensions"),
        of_mail(
            "attempts.by_outcome.OUTCOME",
            Number,
            "those of an OUTCOME: accepted, tempfail, permfail, refused, timeout, lost, suspended",
            "attempts.by_outcome.timeout",
        ),
        of_mail(
            "attempts.failed_by_stage.STAGE",
            Number,
            "those that failed at a STAGE: dns, connect, greeting, ehlo, tls, auth, mail, rcpt, data, dot, suspended, local",
            "attempts.failed_by_stage.rcpt",
        ),
        of_mail(
            "created.KIND.STATE",
            Number,
            "recipients of messages that the model made about this mail, by KIND (delay_notice, failure_notice, refusal_notice, expiry_notice, backup_notice, notice, list_copy, automatic_reply, created) and STATE",
            "created.failure_notice.submitted",
        ),
        of_mail("submissions_per_s.mean", PerSecond, "recipients submitted in a second, over the whole run", "submissions_per_s.mean"),
        of_mail("submissions_per_s.max.SPAN", PerSecond, "the same in the busiest stretch of length SPAN", "submissions_per_s.max.1min"),
        of_mail("deliveries_per_s.mean", PerSecond, "recipients delivered in a second, over the whole run", "deliveries_per_s.mean"),
        of_mail("deliveries_per_s.max.SPAN", PerSecond, "the same in the busiest stretch of length SPAN", "deliveries_per_s.max.1min"),
        of_run(
            "failures.refused",
            Number,
            "recipients of mail that failed because it was refused for good",
            "failures.refused",
        ),
        of_run(
            "failures.expired",
            Number,
            "those given up for their age, after tries that failed for now",
            "failures.expired",
        ),
        of_run("hops.counts.N", Number, "delivered recipients whose mail carried N Received fields", "hops.counts.3"),
    ]);
    all.extend(STAGES.map(|(name, meaning, example)| {
        let unit = if name.ends_with("share") {
            Share
        } else if name.ends_with(".n") {
            Number
        } else {
            Seconds
        };
        of_run(name, unit, meaning, example)
    }));
    all.extend(OUTAGES.map(|(name, unit, meaning)| of_run(name, unit, meaning, "")));
    all.extend(DOMAINS.map(|(name, unit, meaning)| of_run(name, unit, meaning, "")));
    all.extend(HOSTS.map(|(name, unit, meaning)| of_run(name, unit, meaning, "")));
    all.extend(LEDGER.map(|(name, unit, meaning)| of_run(name, unit, meaning, name)));
    all
}

/// Returns what STATISTIC stands for.
#[must_use]
pub fn statistics_in_words() -> &'static str {
    ALL_STATISTICS
}

const TIMES: [(&str, &str, &str); 11] = [
    (
        "submission_to_acceptance.STATISTIC",
        "until a server first took responsibility; of mail that was accepted",
        "submission_to_acceptance.mean",
    ),
    (
        "submission_to_first_try.STATISTIC",
        "until a server that had it first tried to pass it on or put it into a mailbox",
        "submission_to_first_try.p50",
    ),
    (
        "submission_to_delivery.STATISTIC",
        "until it was in the mailbox; of mail that was delivered",
        "submission_to_delivery.p95",
    ),
    (
        "submission_to_failure.STATISTIC",
        "until it was given up; of mail that failed",
        "submission_to_failure.max",
    ),
    (
        "submission_to_first_notice.STATISTIC",
        "until a server made the first notice about it (late or failed); of mail that had one",
        "submission_to_first_notice.p50",
    ),
    (
        "submission_to_first_notice_delivery.STATISTIC",
        "until a notice about it was in a mailbox",
        "submission_to_first_notice_delivery.p50",
    ),
    (
        "submission_to_retrieval.STATISTIC",
        "until its reader had it; of mail that was read",
        "submission_to_retrieval.mean",
    ),
    (
        "delivery_to_retrieval.STATISTIC",
        "from the mailbox until its reader had it; of mail that was read",
        "delivery_to_retrieval.p95",
    ),
    (
        "submission_to_first_copy.STATISTIC",
        "of a post to a list: until its first copy was in a mailbox",
        "submission_to_first_copy.mean",
    ),
    (
        "submission_to_median_copy.STATISTIC",
        "of a post to a list: until half of its copies were in a mailbox",
        "submission_to_median_copy.mean",
    ),
    (
        "submission_to_last_copy.STATISTIC",
        "of a post to a list: until the last of its copies was in a mailbox; of posts of which no copy is under way",
        "submission_to_last_copy.mean",
    ),
];

const STAGES: [(&str, &str, &str); 4] = [
    (
        "where_time_went.STAGE.n",
        "recipients counted; STAGE is outbox, sessions, failed_attempts, queues (together submission to delivery) or reader",
        "where_time_went.queues.n",
    ),
    ("where_time_went.STAGE.total_s", "sum over them", "where_time_went.queues.total_s"),
    ("where_time_went.STAGE.mean_s", "mean over them", "where_time_went.queues.mean_s"),
    (
        "where_time_went.STAGE.share",
        "share of the time from submission to delivery; of all stages but reader",
        "where_time_went.queues.share",
    ),
];

const OUTAGES: [(&str, Unit, &str); 10] = [
    (
        "outages.N.entry",
        Unit::Number,
        "number of the [[outage]] entry, from 0; N counts the intervals in order",
    ),
    ("outages.N.from_s", Unit::Seconds, "when it began"),
    ("outages.N.to_s", Unit::Seconds, "when it ended"),
    (
        "outages.N.backlog_before",
        Unit::Number,
        "recipients under way in the whole network when it began",
    ),
    ("outages.N.backlog_at_end", Unit::Number, "recipients under way when it ended"),
    (
        "outages.N.peak_backlog",
        Unit::Number,
        "most recipients under way from its beginning until it was drained",
    ),
    ("outages.N.peak_at_s", Unit::Seconds, "when that was first so"),
    (
        "outages.N.drain_s",
        Unit::Seconds,
        "from its end until no more were under way than before it",
    ),
    (
        "outages.N.first_contact_s",
        Unit::Seconds,
        "from its end until a client first had a reply of a host that it struck",
    ),
    (
        "outages.N.cleared_s",
        Unit::Seconds,
        "from its end until the last of the mail that was under way then was delivered or given up",
    ),
];

const DOMAINS: [(&str, Unit, &str); 8] = [
    (
        "domains.\"DOMAIN\".submitted",
        Unit::Number,
        "recipients in this domain; more figures: to:DOMAIN/…",
    ),
    ("domains.\"DOMAIN\".delivered", Unit::Number, "of these, delivered"),
    ("domains.\"DOMAIN\".junk", Unit::Number, "of those, in the folder Junk"),
    ("domains.\"DOMAIN\".failed", Unit::Number, "given up"),
    ("domains.\"DOMAIN\".unfinished", Unit::Number, "queued or in transit at the end"),
    ("domains.\"DOMAIN\".delivered_share", Unit::Share, "share delivered"),
    (
        "domains.\"DOMAIN\".submission_to_delivery.STATISTIC",
        Unit::Seconds,
        "STATISTIC here is n, mean, min, p50, p90, p95, p99 or max",
    ),
    (
        "domains.\"DOMAIN\".delivery_to_retrieval.STATISTIC",
        Unit::Seconds,
        "the same for mail that was read",
    ),
];

const HOSTS: [(&str, Unit, &str); 14] = [
    ("hosts.\"HOST\".inbound_sessions", Unit::Number, "sessions served"),
    ("hosts.\"HOST\".outbound_sessions", Unit::Number, "sessions opened"),
    ("hosts.\"HOST\".received_octets", Unit::Octets, "octets of messages received"),
    ("hosts.\"HOST\".sent_octets", Unit::Octets, "octets of messages sent"),
    ("hosts.\"HOST\".attempts", Unit::Number, "tries made"),
    ("hosts.\"HOST\".suspensions", Unit::Number, "deferrals without network activity"),
    ("hosts.\"HOST\".messages_accepted", Unit::Number, "messages accepted"),
    ("hosts.\"HOST\".peak_inbound_sessions", Unit::Number, "most sessions served at once"),
    ("hosts.\"HOST\".peak_queue", Unit::Number, "most messages in its queues at once"),
    ("hosts.\"HOST\".mean_queue", Unit::Number, "messages in its queues, average over time"),
    (
        "hosts.\"HOST\".inbound_utilisation",
        Unit::Share,
        "share of its server slots in use, average over time",
    ),
    ("hosts.\"HOST\".delivery_utilisation", Unit::Share, "share of its delivery processes in use"),
    ("hosts.\"HOST\".utilisation", Unit::Share, "the greater of both"),
    ("hosts.\"HOST\".downtime_s", Unit::Seconds, "time during which it could not be reached"),
];

const LEDGER: [(&str, Unit, &str); 11] = [
    ("ledger.submitted", Unit::Number, "recipients of mail submitted"),
    ("ledger.created", Unit::Number, "recipients of notices, list copies and automatic replies"),
    ("ledger.entered", Unit::Number, "both"),
    ("ledger.delivered", Unit::Number, "delivered"),
    ("ledger.failed", Unit::Number, "given up"),
    ("ledger.discarded", Unit::Number, "dropped without a notice"),
    ("ledger.queued", Unit::Number, "queued at the end"),
    ("ledger.in_transit", Unit::Number, "in a session at the end"),
    ("ledger.accounted", Unit::Number, "the last five together"),
    ("ledger.duplicates", Unit::Number, "copies beyond the first"),
    ("ledger.balances", Unit::Number, "1 if both sides agree, else 0"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::figures::figure_names;
    use super::super::mail_figure::MailFigure;
    use super::*;

    /// Returns whether a name is one of the family: words in capitals stand for any word.
    fn is_like(family: &str, name: &str) -> bool {
        let words = |text: &str| -> Vec<String> {
            let mut words = vec![String::new()];
            let mut quoted = false;
            for c in text.chars() {
                match c {
                    '"' => quoted = !quoted,
                    '.' if !quoted => words.push(String::new()),
                    c => words.last_mut().unwrap().push(c),
                }
            }
            words
        };
        let (family, name) = (words(family), words(name));
        let any = |word: &str| word.chars().all(|c| c.is_ascii_uppercase());
        family.len() == name.len()
            && family.iter().zip(&name).all(|(one, other)| any(one) || one == other)
    }

    #[test]
    fn every_figure_of_a_summary_is_told_with_its_unit() {
        let all = catalogue();
        let names = figure_names(&["b.example"], &["mx.b.example"], 1);
        assert!(names.len() > 100);
        for name in names {
            let told: Vec<_> = all.iter().filter(|one| is_like(one.name, &name)).collect();
            assert!(!told.is_empty(), "{name} is not told");
            let unit = Unit::of_figure(&name);
            if !name.ends_with(".n") {
                assert!(told.iter().any(|one| one.unit == unit), "{name} counts in {unit:?}");
            }
        }
    }

    #[test]
    fn every_figure_of_mail_can_be_had_of_a_part() {
        let mut seen = BTreeSet::new();
        for told in catalogue().into_iter().filter(|told| told.of_parts) {
            let figure = MailFigure::of(told.example);
            let figure = figure.unwrap_or_else(|| panic!("{} is no figure of mail", told.example));
            assert_eq!(figure.unit(), told.unit, "{}", told.example);
            assert!(seen.insert(told.name), "{} is told twice", told.name);
        }
    }
}
