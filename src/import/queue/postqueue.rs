//! `postqueue -j` (postqueue(1), since Postfix 3.1): an object a line.

use serde::Deserialize;

use super::super::finding::FileReport;
use super::super::log::header::SECOND;
use super::{Came, Queued, Read};

#[derive(Deserialize)]
struct Message {
    queue_name: String,
    queue_id: String,
    arrival_time: i64,
    #[serde(default)]
    message_size: u64,
    #[serde(default)]
    sender: String,
    #[serde(default)]
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
struct Recipient {
    address: String,
    #[serde(default)]
    delay_reason: String,
}

/// Returns whether a line is one of them.
pub(in super::super) fn is_postqueue_json(line: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}');
    line.starts_with('{') && line.contains("\"queue_name\"") && line.contains("\"queue_id\"")
}

pub(super) fn read(text: &str, report: &mut FileReport) -> Read {
    let mut read = Read::default();
    for (line, text) in (1..).zip(text.lines()) {
        let trimmed = text.trim().trim_start_matches('\u{feff}');
        if trimmed.is_empty() {
            continue;
        }
        match serde_json::from_str::<Message>(trimmed) {
            Ok(message) => read.messages.push(queued(line, message)),
            Err(error) => report.breaks(line, text.as_bytes(), &error.to_string()),
        }
    }
    read
}

fn queued(line: u64, message: Message) -> Queued {
    let reason = |recipient: Recipient| (recipient.address, recipient.delay_reason);
    Queued {
        line,
        id: message.queue_id,
        came: Came::At(message.arrival_time.saturating_mul(SECOND)),
        size: message.message_size,
        // So `showq` calls the null sender.
        from: if message.sender == "MAILER-DAEMON" { String::new() } else { message.sender },
        recipients: message.recipients.into_iter().map(reason).collect(),
        is_active: matches!(message.queue_name.as_str(), "active" | "incoming" | "maildrop"),
        is_held: message.queue_name == "hold",
    }
}
