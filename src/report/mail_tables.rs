//! The rows of a result folder, read back, so that figures of any part of its mail can be taken.

use std::collections::BTreeMap;
use std::path::Path;

use crate::mail::{AttemptOutcome, MessageKey, MessageKind, Stage};
use crate::measure::{Directory, FinalState, MailRows, ReadAttempt, ReadMail, Summary, Window};
use crate::scenario::directory_of;
use crate::units::{Octets, SimDuration, SimTime};

use super::description::{RunDescription, read_json};
use super::error::ReportError;
use super::place::Place;
use super::row_reader::{Fields, RowReader};

/// A run as its folder keeps it, for figures of its mail.
#[derive(Debug)]
pub struct KeptRun {
    /// What `summary.json` holds.
    pub summary: Summary,
    /// What `run.json` holds.
    pub description: RunDescription,
    /// The rows of mail.
    pub rows: MailRows,
    /// The names that parts may speak of.
    pub directory: Directory,
    /// Length of the run.
    pub duration: SimDuration,
}

impl KeptRun {
    /// Reads a result folder; rows of `attempts.csv` too, if `attempts`.
    ///
    /// # Errors
    /// If a file is missing or not as mailsim writes it.
    pub fn read(folder: &Path, attempts: bool) -> Result<Self, ReportError> {
        let description = RunDescription::read(folder)?;
        let summary: Summary = read_json(Place::Disk(folder), "summary.json")?;
        let mut directory = directory_of(&description.scenario.resolved);
        let mut rows = MailRows::default();
        for outage in &summary.outages {
            let at = |seconds: f64| SimTime::ZERO + SimDuration::from_secs_f64(seconds);
            let to = outage.to_s.map_or(SimTime::MAX, at);
            rows.outage(outage.entry, Window { from: at(outage.from_s), to });
            let named = (outage.target.clone(), outage.entry);
            if !directory.outages.contains(&named) {
                directory.outages.push(named);
            }
        }
        directory.hosts.extend(summary.hosts.keys().cloned());
        if attempts {
            read_attempts(folder, &mut rows)?;
        }
        read_messages(folder, &mut rows, &mut directory)?;
        let duration = SimDuration::from_secs_f64(description.duration_s);
        Ok(Self { summary, description, rows, directory, duration })
    }
}

fn read_attempts(folder: &Path, rows: &mut MailRows) -> Result<(), ReportError> {
    let outcomes: BTreeMap<&str, AttemptOutcome> =
        AttemptOutcome::ALL.into_iter().map(|outcome| (outcome.as_str(), outcome)).collect();
    let stages: BTreeMap<&str, Stage> =
        Stage::ALL.into_iter().map(|stage| (stage.as_str(), stage)).collect();
    RowReader::open(folder, "attempts.csv")?.for_each(|row| {
        rows.attempt(&ReadAttempt {
            key: key(row, "message_id")?,
            recipient: row.text("recipient")?,
            delivery: row.number("delivery")?.unwrap_or(0),
            from: row.text("from_host")?,
            to: row.text("to_host")?,
            by_exchanger: !row.text("mx_preference")?.is_empty(),
            started: row.needed_time("started_s")?,
            stage: row.word("stage", &stages)?,
            outcome: row.word("outcome", &outcomes)?,
            again: row.time("next_attempt_s")?.is_some(),
        });
        Ok(())
    })
}

fn key(row: &Fields<'_>, column: &str) -> Result<MessageKey, String> {
    let text = row.text(column)?;
    text.parse().map_err(|()| format!("{column} holds {text:?}, which is no message"))
}

fn read_messages(
    folder: &Path,
    rows: &mut MailRows,
    directory: &mut Directory,
) -> Result<(), ReportError> {
    let kinds: BTreeMap<&str, MessageKind> =
        MessageKind::ALL.into_iter().map(|kind| (kind.as_str(), kind)).collect();
    let states: BTreeMap<&str, FinalState> =
        FinalState::ALL.into_iter().map(|state| (state.as_str(), state)).collect();
    let mut domains: std::collections::BTreeSet<String> =
        directory.domains.iter().cloned().collect();
    RowReader::open(folder, "messages.csv")?.for_each(|row| {
        let about = row.text("about_message_id")?;
        let status = row.text("status")?;
        let (sender, recipient) = (row.text("sender")?, row.text("recipient")?);
        for address in [sender, recipient] {
            if let Some((_, domain)) = address.rsplit_once('@')
                && !domains.contains(domain)
            {
                domains.insert(domain.to_owned());
            }
        }
        rows.mail(&ReadMail {
            key: key(row, "message_id")?,
            recipient,
            sender,
            kind: row.word("kind", &kinds)?,
            about: if about.is_empty() { None } else { Some(key(row, "about_message_id")?) },
            size: Octets(row.number("size_octets")?.unwrap_or(0)),
            submitted: row.needed_time("submitted_s")?,
            accepted: row.time("accepted_s")?,
            state: row.word("final", &states)?,
            status: status.parse().ok(),
            ended: row.time("final_s")?,
            host: row.text("final_host")?,
            hops: row.number("hops")?.and_then(|hops| u32::try_from(hops).ok()),
            attempts: row.number("attempts")?.map_or(0, |count| count as u32),
            path: row.text("path")?.split('>').filter(|host| !host.is_empty()).collect(),
            copies: row.number("copies")?.map_or(0, |count| count as u32),
            junk: row.text("folder")? == "junk",
            retrieved: row.time("retrieved_s")?,
        });
        Ok(())
    })?;
    directory.domains = domains.into_iter().collect();
    Ok(())
}
