//! Queues as `postqueue -p` of Postfix prints them (postqueue(1)).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::queues::{Leg, Stay, stays};
use super::stamp::moment;
use super::tables::Run;
use super::{ExportOptions, ExportedFile};

/// Returns the listing of each host with mail at that moment.
pub(super) fn files(
    run: &Run,
    options: &ExportOptions,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<ExportedFile> {
    let at = options.at.map_or(run.end, |seconds| (seconds * 1e6) as i64);
    let waits = |leg: &Leg<'_>| leg.left.is_none_or(|left| left > at);
    let mut queues: BTreeMap<&str, (String, u64, u64)> = BTreeMap::new();
    for stay in stays(run).iter().filter(|stay| stay.arrived <= at && wanted(stay.host)) {
        let legs: Vec<&Leg<'_>> = stay.recipients.iter().filter(|leg| waits(leg)).collect();
        if legs.is_empty() {
            continue;
        }
        let (text, count, octets) = queues.entry(stay.host).or_insert_with(|| {
            let head = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n";
            (head.to_owned(), 0, 0)
        });
        *count += 1;
        *octets += stay.message.size;
        message(stay, &legs, at, options.start, text);
    }
    let file = |(host, (mut text, count, octets)): (&str, (String, u64, u64))| {
        let noun = if count == 1 { "Request" } else { "Requests" };
        let _ = writeln!(text, "-- {} Kbytes in {count} {noun}.", octets / 1024);
        ExportedFile { name: format!("{host}.mailq"), contents: text.into_bytes() }
    };
    queues.into_iter().map(file).collect()
}

fn message(stay: &Stay<'_>, legs: &[&Leg<'_>], at: i64, start: i64, text: &mut String) {
    let mut when = String::new();
    moment(start, stay.arrived).asctime(false, &mut when);
    // A message that was never tried is in the active queue.
    let tried = |leg: &&Leg<'_>| leg.tries.iter().any(|attempt| attempt.ended <= at);
    let mark = if legs.iter().any(tried) { ' ' } else { '*' };
    let sender = match stay.message.sender.as_str() {
        "" => "MAILER-DAEMON",
        sender => sender,
    };
    let id = format!("{}{mark}", stay.queue_id);
    let _ = writeln!(text, "{id:<11} {:>7} {when}  {sender}", stay.message.size);
    for leg in legs {
        if let Some(last) = leg.tries.iter().rev().find(|attempt| attempt.ended <= at) {
            let host = if last.to.is_empty() { "no host" } else { last.to.as_str() };
            let (stage, reply) = (&last.stage, &last.reply);
            let why = match last.outcome.as_str() {
                "suspended" => "delivery temporarily suspended".to_owned(),
                "refused" => format!("connect to {host}: Connection refused"),
                "timeout" => format!("connect to {host}: timed out at {stage}"),
                _ => format!("host {host} said: {reply} {} at {stage}", last.status),
            };
            let _ = writeln!(text, "({why})");
        }
        let _ = writeln!(text, "{:41}{}", "", leg.told.recipient);
    }
    text.push('\n');
}
