//! What Postfix says in its log, with the time at which each record arrived.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::Sender;
use std::thread;

use crate::clock::Clock;
use crate::observation::{Delivery, Observation, Outcome};

/// One record.
#[derive(Debug)]
pub(crate) struct Record {
    /// When it arrived [s].
    pub(crate) at: f64,
    pub(crate) text: String,
}

/// Passes on all log records until the process ends. (Records from before the clock was started
/// wait in the socket and carry its first instant.)
pub(crate) fn collect(
    socket: UnixDatagram,
    clock: Clock,
    records: Sender<Record>,
) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    thread::spawn(move || {
        let mut datagram = [0; 8192];
        while let Ok(length) = socket.recv(&mut datagram) {
            let text = String::from_utf8_lossy(&datagram[..length]).trim_end().to_owned();
            if records.send(Record { at: clock.now(), text }).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Adds the deliveries that the log tells of.
pub(crate) fn read(records: &[Record], observation: &mut Observation) {
    // The queue manager tells the sender of a queue file, and senders have the messages' names.
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for record in records {
        let Some((file, what)) = queue_file(&record.text) else {
            continue;
        };
        if let Some((sender, _)) = what.strip_prefix("from=<").and_then(|r| r.split_once('@')) {
            names.insert(file, sender);
        }
        let (Some(name), Some(outcome)) = (names.get(file), outcome(what)) else {
            continue;
        };
        let delivery = Delivery { at: record.at, outcome };
        observation.deliveries.entry((*name).to_owned()).or_default().push(delivery);
    }
}

/// Splits `… postfix/smtp[7]: 4F2A: to=<…>` into queue file and the rest.
fn queue_file(text: &str) -> Option<(&str, &str)> {
    let (_, said) = text.split_once("]: ")?;
    let (file, what) = said.split_once(": ")?;
    file.bytes().all(|octet| octet.is_ascii_alphanumeric()).then_some((file, what))
}

fn outcome(what: &str) -> Option<Outcome> {
    if !what.starts_with("to=<") {
        return None;
    }
    let (_, status) = what.split_once("status=")?;
    match status.split_once(' ')? {
        ("sent", _) => Some(Outcome::Sent),
        ("bounced", _) => Some(Outcome::Bounced),
        ("deferred", why) if why.starts_with("(delivery temporarily suspended") => {
            Some(Outcome::Suspended)
        }
        ("deferred", _) => Some(Outcome::Deferred),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_are_told_from_what_else_is_in_the_log() {
        let lines = [
            "Nov 23 07:43:32 relay postfix/qmgr[7]: 4F2A: from=<m1@src.test>, size=9, nrcpt=1 (queue active)",
            "Nov 23 07:43:32 relay postfix/smtp[8]: connect to mx1[10.0.0.11]:25: Connection refused",
            "Nov 23 07:43:32 relay postfix/smtp[8]: 4F2A: to=<b@x.test>, relay=none, dsn=4.4.1, \
             status=deferred (connect to mx1[10.0.0.11]:25: Connection refused)",
            "Nov 23 07:43:36 relay postfix/error[9]: 4F2A: to=<b@x.test>, relay=none, dsn=4.4.1, \
             status=deferred (delivery temporarily suspended: connect to mx1)",
            "Nov 23 07:43:39 relay postfix/smtp[8]: 4F2A: to=<b@x.test>, relay=mx1, dsn=2.0.0, \
             status=sent (250 2.0.0 stored)",
            "Nov 23 07:43:39 relay postfix/qmgr[7]: 4F2A: removed",
        ];
        let numbered = (0..).zip(lines);
        let records: Vec<_> = numbered
            .map(|(at, text): (i32, _)| Record { at: f64::from(at), text: text.to_owned() })
            .collect();
        let mut observation = Observation::default();
        read(&records, &mut observation);
        let outcomes: Vec<_> =
            observation.deliveries["m1"].iter().map(|d| (d.at, d.outcome)).collect();
        assert_eq!(
            outcomes,
            [(2.0, Outcome::Deferred), (3.0, Outcome::Suspended), (4.0, Outcome::Sent)]
        );
    }
}
