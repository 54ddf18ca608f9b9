//! Delivered mail: a mailbox in one file (RFC 4155), or a file for each message (RFC 5322). Its text
//! is a line that says what it stands for; its Received fields are those of its hops, as many as the
//! table counts where each server writes one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::stamp::moment;
use super::tables::{Attempt, Message, Run};
use super::{ExportOptions, ExportedFile};

/// Returns a file for each mailbox.
pub(super) fn mbox(run: &Run, options: &ExportOptions) -> Vec<ExportedFile> {
    let mut boxes: BTreeMap<&str, String> = BTreeMap::new();
    for (message, text) in delivered(run, options) {
        let mbox = boxes.entry(&message.recipient).or_default();
        let sender = if message.sender.is_empty() { "MAILER-DAEMON" } else { &message.sender };
        let _ = write!(mbox, "From {sender} ");
        moment(options.start, message.ended.unwrap_or(0)).asctime(true, mbox);
        mbox.push('\n');
        // A line of text that begins so would begin a message.
        for line in text.lines() {
            let quote = if line.trim_start_matches('>').starts_with("From ") { ">" } else { "" };
            let _ = writeln!(mbox, "{quote}{line}");
        }
        mbox.push('\n');
    }
    let file = |(name, text): (&str, String)| ExportedFile {
        name: format!("{}.mbox", plain(name)),
        contents: text.into_bytes(),
    };
    boxes.into_iter().map(file).collect()
}

/// Returns a file for each message.
pub(super) fn eml(run: &Run, options: &ExportOptions) -> Vec<ExportedFile> {
    let file = |(message, text): (&Message, String)| ExportedFile {
        name: format!("{}-{}.eml", plain(&message.id), plain(&message.recipient)),
        contents: text.replace('\n', "\r\n").into_bytes(),
    };
    delivered(run, options).into_iter().map(file).collect()
}

/// A name that any file system takes.
fn plain(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
    text.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

fn delivered<'r>(run: &'r Run, options: &ExportOptions) -> Vec<(&'r Message, String)> {
    let mut traces = Traces { hops: BTreeMap::new(), posts: BTreeMap::new() };
    let accepted = |a: &&Attempt| a.outcome == "accepted" && a.stage != "local";
    for attempt in run.attempts.iter().filter(accepted) {
        traces.hops.entry((&attempt.message, &attempt.recipient)).or_default().push(attempt);
    }
    for message in run.messages.iter().filter(|message| message.state == "delivered") {
        traces.posts.entry(&message.id).or_default().push(message);
    }
    let states: BTreeMap<(&str, &str), &Message> =
        run.messages.iter().map(|m| ((m.id.as_str(), m.sender.as_str()), m)).collect();
    let mut found = Vec::new();
    for message in run.messages.iter().filter(|message| message.state == "delivered") {
        let text = text(run, message, &traces, &states, options);
        for _ in 0..message.copies.max(1) {
            found.push((message, text.clone()));
        }
    }
    found.sort_by_key(|(message, _)| message.ended);
    found
}

/// What the Received fields are made of.
struct Traces<'r> {
    /// Tries between hosts that were accepted, by message and recipient, in order of time.
    hops: BTreeMap<(&'r str, &'r str), Vec<&'r Attempt>>,
    /// What was delivered, by message.
    posts: BTreeMap<&'r str, Vec<&'r Message>>,
}

impl Traces<'_> {
    /// Writes the fields of a copy as it had them at a time, the newest first. What a server made begins
    /// with a field of its own, and a list's copy with those of the post below it.
    fn write(
        &self,
        run: &Run,
        message: &Message,
        until: i64,
        options: &ExportOptions,
        out: &mut String,
    ) {
        let when = |at| moment(options.start, at).field();
        let key = (message.id.as_str(), message.recipient.as_str());
        let hops = self.hops.get(&key).map(Vec::as_slice).unwrap_or_default();
        let id = message.id.replace(' ', "-");
        for hop in hops.iter().rev().filter(|hop| hop.started <= until) {
            let (from, by) = (&hop.from, &hop.to);
            let _ = writeln!(
                out,
                "Received: from {from} ({from} [{}])\n\tby {by} with ESMTP id {id}\n\tfor <{}>; {}",
                run.address(from),
                message.recipient,
                when(hop.ended)
            );
        }
        let Some(host) = message.path.first().filter(|_| message.kind != "mail") else {
            return;
        };
        let _ = writeln!(out, "Received: by {host} id {id}; {}", when(message.submitted));
        let posts = self.posts.get(message.about.as_str()).filter(|_| message.kind == "list_copy");
        // The list has sent it on at the instant at which it got it.
        let got = |post: &&&Message| post.host == *host && post.ended == Some(message.submitted);
        if let Some(post) = posts.and_then(|posts| posts.iter().find(got)) {
            self.write(run, post, message.submitted, options, out);
        }
    }
}

fn text(
    run: &Run,
    message: &Message,
    traces: &Traces<'_>,
    states: &BTreeMap<(&str, &str), &Message>,
    options: &ExportOptions,
) -> String {
    let when = |at| moment(options.start, at).field();
    let mut out = format!("Return-Path: <{}>\n", message.sender);
    traces.write(run, message, i64::MAX, options, &mut out);
    let _ = writeln!(out, "Date: {}", when(message.submitted));
    let host = message.path.first().map_or("mailsim.invalid", String::as_str);
    let _ = writeln!(out, "Message-ID: <{}@{host}>", plain(&message.id));
    let _ = writeln!(out, "To: <{}>", message.recipient);
    if message.kind.ends_with("notice") {
        notice(message, states, host, &mut out);
    } else {
        let _ = writeln!(out, "From: <{}>\nSubject: message {}\n", message.sender, message.id);
        let _ = writeln!(out, "Stands for a message of {} octets.", message.size);
    }
    out
}

/// A notice (RFC 3464).
fn notice(
    message: &Message,
    states: &BTreeMap<(&str, &str), &Message>,
    host: &str,
    out: &mut String,
) {
    let failed = message.kind == "failure_notice";
    let (action, subject) = match failed {
        true => ("failed", "Undelivered Mail Returned to Sender"),
        false => ("delayed", "Delayed Mail (still being retried)"),
    };
    let about = states.get(&(message.about.as_str(), message.recipient.as_str()));
    let recipient = about.map_or("unknown", |about| about.recipient.as_str());
    let status = match about.map(|about| about.status.as_str()) {
        Some(status) if failed && !status.is_empty() => status.to_owned(),
        _ if failed => "5.0.0".to_owned(),
        _ => "4.0.0".to_owned(),
    };
    let part = "mailsim-notice";
    let _ = writeln!(
        out,
        "From: <MAILER-DAEMON@{host}>\nSubject: {subject}\nAuto-Submitted: auto-replied\nMIME-Version: \
         1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"{part}\"\n\n\
         --{part}\nContent-Type: text/plain\n\nAbout message {}.\n\n--{part}\nContent-Type: \
         message/delivery-status\n\nReporting-MTA: dns; {host}\n\nFinal-Recipient: rfc822; \
         {recipient}\nAction: {action}\nStatus: {status}\n\n--{part}--",
        message.about
    );
}
