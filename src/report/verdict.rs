//! A run in two sentences: what was lost and how late the rest was; when it was over and what decides it.
//!
//! Only what the summary's figures prove is said: where the time went says what decides how late mail
//! is, the status of what failed what decides its loss. Where no stage takes most of the time, nothing
//! is named.

use crate::measure::{OutageFigures, StageFigures, Summary};

use super::words::{self, grouped};

/// Mail that is there within so many seconds is not late.
const SOON: f64 = 10.0;
/// A stage with this share of the time decides it.
const MOST: f64 = 0.6;
/// From this utilisation on a host is short of capacity.
const BUSY: f64 = 0.95;

/// A space at which no line is broken.
const TIE: &str = "\u{a0}";

fn time(seconds: f64) -> String {
    words::time(seconds).replace(' ', TIE)
}

fn percent(share: Option<f64>) -> String {
    words::percent(share).replace(' ', TIE)
}

/// Returns the two sentences.
#[must_use]
pub fn verdict(summary: &Summary) -> [String; 2] {
    if summary.mail.submitted == 0 {
        return ["No mail was submitted.".to_owned(), "There is nothing to measure.".to_owned()];
    }
    let mut clauses = vec![lost(summary)];
    clauses.extend(how_late(summary));
    clauses.extend(copies(summary));
    if summary.duplicates > 0 {
        let count = summary.duplicates;
        let noun = if count == 1 { "second copy" } else { "second copies" };
        clauses.push(format!("{} {noun} came into mailboxes", grouped(count)));
    }
    let mut ends: Vec<String> = after_outages(&summary.outages).into_iter().collect();
    ends.extend(what_decides(summary));
    if ends.is_empty() {
        let late = summary.submission_to_delivery.max.is_some_and(|longest| longest > SOON);
        let text = match (summary.mail.delivered, late) {
            (0, _) => "nothing was delivered",
            (_, true) => "no single stage took most of the time to delivery",
            (_, false) => "nothing of it was held up",
        };
        ends.push(text.to_owned());
    }
    [sentence(&clauses), sentence(&ends)]
}

fn sentence(clauses: &[String]) -> String {
    let text = clauses.join("; ");
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn lost(summary: &Summary) -> String {
    let mail = &summary.mail;
    let (lost, open) = (mail.failed + mail.discarded, mail.queued + mail.in_transit);
    let of_all = |count: u64| {
        let share = percent(Some(count as f64 / mail.submitted as f64));
        // Of very many, few are 0 % as percentages go.
        let share =
            if share.starts_with("0\u{a0}") { String::new() } else { format!(" ({share})") };
        format!("{} of {} recipients{share}", grouped(count), grouped(mail.submitted))
    };
    let verb = |count: u64| if count == 1 { "was" } else { "were" };
    let under_way = format!("{} still under way at the end", verb(open));
    match (lost, open) {
        (0, 0) => "nothing was lost".to_owned(),
        (0, open) if open == mail.submitted => "nothing had arrived at the end".to_owned(),
        (0, open) => format!("nothing was lost so far, but {} {under_way}", of_all(open)),
        (lost, 0) if lost == mail.submitted => {
            if lost == 1 {
                "the message was lost".to_owned()
            } else {
                "all mail was lost".to_owned()
            }
        }
        (lost, 0) => format!("{} {} lost", of_all(lost), verb(lost)),
        (lost, open) => {
            format!("{} {} lost, and {} {under_way}", of_all(lost), verb(lost), grouped(open))
        }
    }
}

fn how_late(summary: &Summary) -> Option<String> {
    let delay = &summary.submission_to_delivery;
    let (least, half, most, longest) = (delay.min?, delay.p50?, delay.p95?, delay.max?);
    let times = [half, most, longest].map(time);
    Some(match &times {
        [_, _, longest] if *longest == time(least) => format!("what arrived took {longest}"),
        [half, _, longest] if half == longest => {
            format!("what arrived was there within {longest}")
        }
        _ if longest <= SOON => format!("what arrived was there within {}", times[2]),
        [half, most, longest] if half == most => {
            format!("95 % of what arrived was there within {most}, the last after {longest}")
        }
        [half, most, longest] => format!(
            "half of what arrived was there within {half}, 95 % within {most}, the last after {longest}"
        ),
    })
}

/// A post to a list is delivered when the list has it: its copies are what people wait for.
fn copies(summary: &Summary) -> Option<String> {
    let copies = summary.created.get("list_copy").filter(|copies| copies.submitted > 0)?;
    let missing = copies.submitted - copies.delivered;
    Some(match missing {
        0 => format!("all {} list copies arrived", grouped(copies.submitted)),
        missing => format!(
            "{} of {} list copies had not arrived at the end",
            grouped(missing),
            grouped(copies.submitted)
        ),
    })
}

/// Returns when the outage was over that was felt longest.
fn after_outages(outages: &[OutageFigures]) -> Option<String> {
    let felt = |outage: &&OutageFigures| outage.backlog_at_end.is_some_and(|backlog| backlog > 0);
    if let Some(open) = outages.iter().filter(felt).find(|outage| outage.cleared_s.is_none()) {
        return Some(format!(
            "the mail that was under way when the outage of {} ended was not all through by the end",
            open.target
        ));
    }
    let over = outages.iter().filter(felt);
    let longest =
        over.max_by(|a, b| a.cleared_s.unwrap_or(0.0).total_cmp(&b.cleared_s.unwrap_or(0.0)));
    if let Some(outage) = longest
        && let (Some(after), Some(end)) = (outage.cleared_s, outage.to_s)
    {
        return Some(format!(
            "the last of the mail that was under way when the outage of {} ended was through {} later, \
             at {}",
            outage.target,
            time(after),
            time(end + after)
        ));
    }
    let endless = outages.iter().find(|outage| outage.to_s.is_none() && outage.peak_backlog > 0)?;
    Some(format!("the outage of {} lasted to the end", endless.target))
}

fn what_decides(summary: &Summary) -> Option<String> {
    let loss = what_decides_loss(summary);
    let delay = what_decides_delay(summary);
    match (loss, delay) {
        (Some(loss), Some(delay)) => Some(format!("{loss}, and {delay}")),
        (loss, delay) => loss.or(delay),
    }
}

fn what_decides_loss(summary: &Summary) -> Option<String> {
    let failures = summary.failures.as_ref()?;
    let age = summary.submission_to_failure.p50.map(time).unwrap_or_default();
    let median = if failures.expired > 1 { " (median)" } else { "" };
    match (failures.refused, failures.expired) {
        (0, 0) => None,
        (_, 0) => Some("what was lost had been refused for good, which no retry mends".to_owned()),
        (0, _) => Some(format!(
            "what was lost was given up after {age}{median}: how long servers keep mail decides what \
             is lost"
        )),
        (refused, expired) => Some(format!(
            "of what was lost {} had been refused for good and {} given up for its age",
            grouped(refused),
            grouped(expired)
        )),
    }
}

fn what_decides_delay(summary: &Summary) -> Option<String> {
    if let Some(text) = reading(summary) {
        return Some(text);
    }
    let went = &summary.where_time_went;
    let share = |stage: &StageFigures| stage.share.filter(|share| *share >= MOST);
    let told = |share: f64| format!("{} of the time to delivery passed", percent(Some(share)));
    if let Some(queues) = share(&went.queues) {
        let busy = summary.hosts.values().any(|host| host.utilisation.is_some_and(|u| u >= BUSY));
        let why = match (summary.attempts.deferrals > 0, busy) {
            (true, false) => "in queues between tries: the retry schedules decide how late mail is",
            (true, true) => {
                "in queues: retry schedules and hosts at their capacity decide how late mail is"
            }
            (false, true) => "in queues, with hosts at their capacity: it decides how late mail is",
            (false, false) => {
                "in queues, though no try failed: the pace at which servers send decides how late mail is"
            }
        };
        return Some(format!("{} {why}", told(queues)));
    }
    if let Some(failed) = share(&went.failed_attempts) {
        return Some(format!(
            "{} in tries that failed: how long clients wait for an answer decides how late mail is",
            told(failed)
        ));
    }
    if let Some(sessions) = share(&went.sessions) {
        return Some(format!("{} in sessions, and no retry decides it", told(sessions)));
    }
    let outbox = share(&went.outbox)?;
    Some(format!("{} in the outboxes of mail programs, until a server took it", told(outbox)))
}

/// Where mail waits longest for its reader, how often he looks decides.
fn reading(summary: &Summary) -> Option<String> {
    let (wait, delay) = (summary.delivery_to_retrieval.mean?, summary.submission_to_delivery.mean?);
    let (half, most) = (summary.submission_to_retrieval.p50?, summary.submission_to_retrieval.p95?);
    (wait > delay).then(|| {
        format!(
            "readers had half of what they read within {} and 95 % within {}: how often they look \
             decides",
            time(half),
            time(most)
        )
    })
}
