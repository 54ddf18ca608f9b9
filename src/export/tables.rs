//! The tables of a result folder, read.

use std::collections::BTreeMap;

/// A row of `messages.csv`.
#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) recipient: String,
    pub(super) sender: String,
    pub(super) kind: String,
    pub(super) about: String,
    pub(super) size: u64,
    pub(super) submitted: i64,
    pub(super) state: String,
    pub(super) status: String,
    pub(super) ended: Option<i64>,
    pub(super) host: String,
    pub(super) path: Vec<String>,
    pub(super) copies: u64,
}

/// A row of `attempts.csv`.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempt {
    pub(super) delivery: String,
    pub(super) message: String,
    pub(super) recipient: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) started: i64,
    pub(super) ended: i64,
    pub(super) stage: String,
    pub(super) outcome: String,
    pub(super) reply: String,
    pub(super) status: String,
}

/// A row of `queues.csv`.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    pub(super) at: i64,
    pub(super) host: String,
    /// Incoming, active, deferred, inbound and outbound sessions.
    pub(super) counts: [u64; 5],
}

/// A host.
#[derive(Debug, Clone, Default)]
pub(super) struct Host {
    /// The profile of its mail server.
    pub(super) profile: String,
    pub(super) address: String,
    pub(super) roles: Vec<String>,
}

/// A run as its folder tells it. Times are microseconds from its start.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub(super) messages: Vec<Message>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) samples: Vec<Sample>,
    pub(super) hosts: BTreeMap<String, Host>,
    pub(super) end: i64,
}

/// A table is not as mailsim writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} is not as mailsim writes it: {problem}")]
pub struct ExportError {
    /// The file.
    pub file: &'static str,
    /// What is wrong.
    pub problem: String,
}

impl Run {
    /// The files of the folder that are read.
    pub const FILES: [&'static str; 4] =
        ["messages.csv", "attempts.csv", "queues.csv", "trace.jsonl"];

    /// Reads the tables: the contents of [`Run::FILES`], and of `run.json`.
    ///
    /// # Errors
    /// If a table lacks a column, or a field cannot be read.
    pub fn read(files: [&[u8]; 4], run_json: &[u8]) -> Result<Self, ExportError> {
        let [messages, attempts, queues, trace] = files;
        let mut run = Self {
            messages: rows("messages.csv", messages, message)?,
            attempts: rows("attempts.csv", attempts, attempt)?,
            samples: rows("queues.csv", queues, sample)?,
            ..Self::default()
        };
        run.attempts.sort_by_key(|attempt| attempt.ended);
        let wrong = |problem: String| ExportError { file: "run.json", problem };
        let told: serde_json::Value =
            serde_json::from_slice(run_json).map_err(|error| wrong(error.to_string()))?;
        let duration = &told["duration_s"];
        let text = duration.as_str().map_or_else(|| duration.to_string(), str::to_owned);
        run.end = micros(&text).ok_or_else(|| wrong("no duration_s".to_owned()))?;
        run.read_hosts(trace)?;
        Ok(run)
    }

    /// Reads hosts from the first line of `trace.jsonl`; those that it leaves out get an address of
    /// 10.255.0.0/16 by the order of their names.
    fn read_hosts(&mut self, trace: &[u8]) -> Result<(), ExportError> {
        let first = trace.split(|octet| *octet == b'\n').next().unwrap_or_default();
        let wrong = |problem: String| ExportError { file: "trace.jsonl", problem };
        let head: serde_json::Value =
            serde_json::from_slice(first).map_err(|error| wrong(error.to_string()))?;
        for host in head["picture"]["hosts"].as_array().into_iter().flatten() {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let roles = host["roles"].as_array().into_iter().flatten().map(text).collect();
            let told = Host {
                profile: text(&host["server"]),
                address: text(&host["addresses"][0]),
                roles,
            };
            self.hosts.insert(text(&host["name"]), told);
        }
        let names: Vec<String> = self
            .attempts
            .iter()
            .flat_map(|attempt| [&attempt.from, &attempt.to])
            .filter(|name| !name.is_empty())
            .cloned()
            .collect();
        for name in names {
            self.hosts.entry(name).or_default();
        }
        let mut number = 0_u32;
        for host in self.hosts.values_mut().filter(|host| host.address.is_empty()) {
            number += 1;
            host.address = format!("10.255.{}.{}", number >> 8 & 255, number & 255);
        }
        Ok(())
    }

    /// Returns a host's address.
    pub(super) fn address(&self, host: &str) -> &str {
        self.hosts.get(host).map_or("", |host| host.address.as_str())
    }

    /// Returns the hosts that the tables speak of, in order.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.keys().map(String::as_str)
    }

    /// Returns whether a host has a mail server that keeps a queue.
    #[must_use]
    pub fn has_queue(&self, host: &str) -> bool {
        self.hosts.get(host).is_none_or(|told| told.profile != "none")
    }
}

type Fields<'r> = (&'r csv::StringRecord, &'r BTreeMap<String, usize>);

fn rows<T>(
    file: &'static str,
    text: &[u8],
    read: impl Fn(&Fields<'_>) -> Result<T, String>,
) -> Result<Vec<T>, ExportError> {
    let wrong = |problem: String| ExportError { file, problem };
    let mut reader = csv::Reader::from_reader(text);
    let headers = reader.headers().map_err(|error| wrong(error.to_string()))?;
    let columns: BTreeMap<String, usize> =
        headers.iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
    let mut found = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| wrong(error.to_string()))? {
        found.push(read(&(&record, &columns)).map_err(wrong)?);
    }
    Ok(found)
}

fn text(fields: &Fields<'_>, column: &str) -> Result<String, String> {
    let (record, columns) = fields;
    let at = columns.get(column).ok_or_else(|| format!("there is no column {column}"))?;
    Ok(record.get(*at).unwrap_or_default().to_owned())
}

fn number(fields: &Fields<'_>, column: &str) -> Result<u64, String> {
    let text = text(fields, column)?;
    if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| format!("{column}: {text}")) }
}

/// Decimal seconds \[µs\]; nothing for an empty field.
fn micros(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    Some(whole * 1_000_000 + digits.parse::<i64>().ok()?)
}

fn time(fields: &Fields<'_>, column: &str) -> Result<Option<i64>, String> {
    let text = text(fields, column)?;
    if text.is_empty() {
        return Ok(None);
    }
    micros(&text).map(Some).ok_or_else(|| format!("{column}: {text}"))
}

fn message(fields: &Fields<'_>) -> Result<Message, String> {
    let text = |column| text(fields, column);
    Ok(Message {
        id: text("message_id")?,
        recipient: text("recipient")?,
        sender: text("sender")?,
        kind: text("kind")?,
        about: text("about_message_id")?,
        size: number(fields, "size_octets")?,
        submitted: time(fields, "submitted_s")?.unwrap_or(0),
        state: text("final")?,
        status: text("status")?,
        ended: time(fields, "final_s")?,
        host: text("final_host")?,
        path: text("path")?.split('>').filter(|h| !h.is_empty()).map(str::to_owned).collect(),
        copies: number(fields, "copies")?,
    })
}

fn attempt(fields: &Fields<'_>) -> Result<Attempt, String> {
    let text = |column| text(fields, column);
    let started = time(fields, "started_s")?.unwrap_or(0);
    Ok(Attempt {
        delivery: text("delivery")?,
        message: text("message_id")?,
        recipient: text("recipient")?,
        from: text("from_host")?,
        to: text("to_host")?,
        started,
        ended: time(fields, "ended_s")?.unwrap_or(started),
        stage: text("stage")?,
        outcome: text("outcome")?,
        reply: text("reply")?,
        status: text("status")?,
    })
}

fn sample(fields: &Fields<'_>) -> Result<Sample, String> {
    let columns = ["incoming", "active", "deferred", "inbound_sessions", "outbound_sessions"];
    let mut counts = [0; 5];
    for (count, column) in counts.iter_mut().zip(columns) {
        *count = number(fields, column)?;
    }
    let at = time(fields, "time_s")?.unwrap_or(0);
    Ok(Sample { at, host: text(fields, "host")?, counts })
}
