//! Exim's main log, with the log selectors `+millisec`, `+received_recipients`, `+deliver_time` and
//! `+queue_time_overall` (the specification, chapter 52 "Log files").

use super::maillog::{Ids, Line, seconds};
use super::queues::{Leg, Stay};
use super::tables::{Attempt, Run};

/// Returns a message's id in Exim's form.
pub(super) fn id(stay: &Stay<'_>) -> String {
    // The number at its end tells one message of a host from another.
    let number = u64::from_str_radix(&stay.queue_id, 16).unwrap_or(0) & 0xff_ffff_ffff;
    format!("1{:05}-{:06}-00", number / 1_000_000 % 100_000, number % 1_000_000)
}

/// Adds the lines of one stay.
pub(super) fn lines(run: &Run, stay: &Stay<'_>, ids: &Ids<'_>, lines: &mut Vec<Line>) {
    let (id, message, at) = (id(stay), stay.message, stay.arrived);
    let mut say = |at: i64, rank: u8, text: String| {
        lines.push(Line { at, rank, text: format!("{id} {text}") });
    };
    let people: Vec<&str> = stay.recipients.iter().map(|leg| leg.told.recipient.as_str()).collect();
    let people = people.join(" ");
    let (size, sender) = (message.size, address(&message.sender));
    match stay.client {
        Some(client) => {
            let address = run.address(client);
            say(at, 1, format!("<= {sender} H={client} [{address}] P=esmtp S={size} for {people}"));
        }
        None if message.kind.ends_with("notice") => {
            let key = (stay.host, message.about.as_str());
            let about = ids.range((key.0, key.1, "")..).next();
            let about = about.filter(|(found, _)| (found.0, found.1) == key);
            let about = about.map_or("", |(_, id)| id.as_str());
            say(at, 1, format!("<= <> R={about} U=exim P=local S={size} for {people}"));
        }
        None => say(at, 1, format!("<= {sender} U=exim P=local S={size} for {people}")),
    }
    for leg in &stay.recipients {
        self::leg(run, stay, leg, ids, &mut say);
    }
    if let Some(left) = stay.left() {
        say(left, 9, format!("Completed QT={}s", seconds((left - at).max(0))));
    }
}

fn address(text: &str) -> &str {
    if text.is_empty() { "<>" } else { text }
}

fn leg(
    run: &Run,
    stay: &Stay<'_>,
    leg: &Leg<'_>,
    ids: &Ids<'_>,
    say: &mut dyn FnMut(i64, u8, String),
) {
    let to = &leg.told.recipient;
    if leg.tries.is_empty()
        && let (Some(left), false) = (leg.left, leg.expired)
    {
        return say(left, 6, format!("=> {to} R=local T=local_delivery"));
    }
    for (index, attempt) in leg.tries.iter().enumerate() {
        let next = leg.tries.get(index + 1);
        let goes_on = next
            .is_some_and(|next| !attempt.delivery.is_empty() && next.delivery == attempt.delivery);
        let host = format!("H={} [{}]", attempt.to, run.address(&attempt.to));
        let why = why(attempt);
        if goes_on {
            say(attempt.ended, 5, format!("{host}{why}"));
            continue;
        }
        let (queued, session) =
            ((attempt.ended - stay.arrived).max(0), attempt.ended - attempt.started);
        let times = format!("QT={}s DT={}s", seconds(queued), seconds(session.max(0)));
        let text = match attempt.outcome.as_str() {
            "accepted" if attempt.stage == "local" => {
                format!("=> {to} R=local T=local_delivery {times}")
            }
            "accepted" => {
                let key =
                    (attempt.to.as_str(), attempt.message.as_str(), attempt.recipient.as_str());
                let reply =
                    ids.get(&key).map_or("250 OK".to_owned(), |id| format!("250 OK id={id}"));
                format!("=> {to} R=dnslookup T=remote_smtp {host}:25 C=\"{reply}\" {times}")
            }
            "permfail" => format!("** {to} R=dnslookup T=remote_smtp {host}{why}"),
            "suspended" => {
                format!(
                    "== {to} R=dnslookup T=remote_smtp defer (-54): retry time not reached for any host"
                )
            }
            _ => format!("== {to} R=dnslookup T=remote_smtp defer (-1) {host}{why}"),
        };
        say(attempt.ended, 6, text);
    }
    if let (Some(left), true) = (leg.left, leg.expired) {
        say(left, 7, format!("** {to}: retry timeout exceeded"));
    }
}

/// What follows the host.
fn why(attempt: &Attempt) -> String {
    let command = match attempt.stage.as_str() {
        "greeting" => "initial connection",
        "ehlo" => "EHLO",
        "mail" => "MAIL FROM",
        "rcpt" => "RCPT TO",
        "data" => "DATA",
        _ => "end of data",
    };
    match (attempt.outcome.as_str(), attempt.stage.as_str()) {
        ("refused", _) => " Connection refused".to_owned(),
        (_, "connect") => " Connection timed out".to_owned(),
        ("timeout", _) => format!(": SMTP timeout after {command}"),
        ("lost", _) => format!(": Remote host closed connection in response to {command}"),
        _ => {
            let (reply, status) = (&attempt.reply, &attempt.status);
            format!(": SMTP error from remote mail server after {command}: {reply} {status}")
        }
    }
}
