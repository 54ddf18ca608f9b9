//! A run held against the log it was made from: final state, tries and times, recipient by recipient.
//!
//! A log ends where its servers hand over: what another server took counts as delivered, whatever became
//! of it there in the run.

use std::collections::BTreeMap;

use super::log::{History, Outcome};

/// How well a run agrees with the log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quality {
    /// Recipients that both have.
    pub compared: u64,
    /// Of those, with the same final state.
    pub same_state: u64,
    /// With the same number of tries.
    pub same_tries: u64,
    /// With the same final state, its time apart by at most 2 % of the wait, or 5 s.
    pub same_time: u64,
    /// Recipients that the run does not have.
    pub missing: u64,
}

/// A recipient of the log beside the run's.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The message's id in the run.
    pub message_id: String,
    /// The recipient.
    pub recipient: String,
    /// What became of it: in the log, and in the run.
    pub state: [String; 2],
    /// Tries.
    pub tries: [u64; 2],
    /// When \[s\].
    pub at: [f64; 2],
    /// Age at that time in the log \[s\].
    pub age: f64,
}

impl Comparison {
    fn same_state(&self) -> bool {
        self.state[0] == self.state[1]
    }

    fn same_time(&self) -> bool {
        self.same_state() && (self.at[0] - self.at[1]).abs() <= (self.age * 0.02).max(5.0)
    }
}

/// Holds `messages.csv` and `attempts.csv` of a run against the log.
///
/// # Errors
/// If a table is not as mailsim writes it.
pub fn compare(
    history: &History,
    messages_csv: &[u8],
    attempts_csv: &[u8],
) -> Result<(Quality, Vec<Comparison>), String> {
    let seen = seen(history, attempts_csv)?;
    let finals = finals(messages_csv)?;
    let end = history.length as f64 / 1e6 + 2.0;
    let mut quality = Quality::default();
    let mut rows = Vec::new();
    for message in &history.messages {
        let Some(id) = &message.id else { continue };
        for recipient in &message.recipients {
            let key = (id.clone(), recipient.address.to_ascii_lowercase());
            let Some((state, at)) = finals.get(&key) else {
                quality.missing += 1;
                continue;
            };
            let seconds = |micros: i64| micros as f64 / 1e6;
            let of_servers = seen.get(&key);
            let (state, at) = match of_servers.and_then(|seen| seen.left) {
                Some(left) => ("delivered", Some(left)),
                None => (state.as_str(), *at),
            };
            // What waited at the end of the log is compared at that moment.
            let waited = recipient.outcome == Outcome::Queued;
            let until = if waited { end } else { f64::INFINITY };
            let state = match at {
                Some(at) if waited && at > end => "queued",
                _ => state,
            };
            let tries = of_servers.into_iter().flat_map(|seen| seen.deliveries.values());
            let tries = tries.filter(|started| **started <= until).count() as u64;
            let row = Comparison {
                message_id: id.clone(),
                recipient: recipient.address.clone(),
                state: [recipient.outcome.as_str().to_owned(), state.to_owned()],
                tries: [u64::from(recipient.tries), tries],
                at: [seconds(recipient.at), at.unwrap_or(seconds(recipient.at))],
                age: seconds(recipient.at - message.arrived),
            };
            quality.compared += 1;
            quality.same_state += u64::from(row.same_state());
            quality.same_tries += u64::from(row.tries[0] == row.tries[1]);
            let waits = waited && row.same_state();
            quality.same_time += u64::from(waits || row.same_time());
            rows.push(row);
        }
    }
    rows.sort_by(|a, b| worst(b).total_cmp(&worst(a)));
    Ok((quality, rows))
}

/// How far a row is off: another state above all, then time beside the wait.
fn worst(row: &Comparison) -> f64 {
    let state = if row.same_state() { 0.0 } else { 1e9 };
    let tries = row.tries[0].abs_diff(row.tries[1]) as f64;
    state + (row.at[0] - row.at[1]).abs() / row.age.max(1.0) * 100.0 + tries
}

type Key = (String, String);

fn table(csv: &[u8]) -> Result<(csv::StringRecord, csv::Reader<&[u8]>), String> {
    let mut reader = csv::Reader::from_reader(csv);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    Ok((header, reader))
}

fn column(header: &csv::StringRecord, name: &str) -> Result<usize, String> {
    header.iter().position(|column| column == name).ok_or(format!("there is no column {name}"))
}

/// What the servers of the log did for a recipient.
#[derive(Debug, Default)]
struct Seen {
    /// Deliveries with their beginnings \[s\], those put off without a try among them.
    deliveries: BTreeMap<String, f64>,
    /// When a server that wrote none of the logs took it, or a mailbox \[s\]: a log tells no more.
    left: Option<f64>,
}

fn seen(history: &History, csv: &[u8]) -> Result<BTreeMap<Key, Seen>, String> {
    let (header, mut reader) = table(csv)?;
    let at = |name| column(&header, name);
    let (delivery, id, to) = (at("delivery")?, at("message_id")?, at("recipient")?);
    let (from, next, number) = (at("from_host")?, at("to_host")?, at("attempt")?);
    let (started, ended) = (at("started_s")?, at("ended_s")?);
    let (stage, outcome) = (at("stage")?, at("outcome")?);
    let logged = |host: &str| history.servers.iter().any(|server| server == host);
    let mut found: BTreeMap<Key, Seen> = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        if !logged(&row[from]) {
            continue;
        }
        let key = (row[id].to_owned(), row[to].to_ascii_lowercase());
        let seen = found.entry(key).or_default();
        // A row without a delivery is one of its own.
        let which = match &row[delivery] {
            "" => format!("row {}", &row[number]),
            delivery => format!("{} {delivery}", &row[from]),
        };
        let started = row[started].parse().unwrap_or(0.0);
        seen.deliveries.entry(which).or_insert(started);
        if &row[outcome] == "accepted" && (&row[stage] == "local" || !logged(&row[next])) {
            seen.left = seen.left.or(row[ended].parse().ok());
        }
    }
    Ok(found)
}

fn finals(csv: &[u8]) -> Result<BTreeMap<Key, (String, Option<f64>)>, String> {
    let (header, mut reader) = table(csv)?;
    let at = |name| column(&header, name);
    let (id, to, state, time) = (at("message_id")?, at("recipient")?, at("final")?, at("final_s")?);
    let mut found = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let state = match &row[state] {
            "in_transit" => "queued",
            other => other,
        };
        let key = (row[id].to_owned(), row[to].to_ascii_lowercase());
        found.insert(key, (state.to_owned(), row[time].parse().ok()));
    }
    Ok(found)
}
