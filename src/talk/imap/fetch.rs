//! FETCH (RFC 9051 §6.4.5).

use crate::trace::FactSink;
use crate::units::Octets;

use super::reading::parts;
use super::{ImapTalk, Message};
use crate::talk::mailbox::octets;

impl<S: FactSink> ImapTalk<'_, '_, S> {
    pub(super) fn fetch(
        &mut self,
        uid: bool,
        arguments: &[String],
        lines: &mut Vec<String>,
    ) -> Result<(), String> {
        let items = arguments.get(1).ok_or("BAD FETCH needs items, as (UID FLAGS)")?;
        let items = items_of(items, uid);
        for (number, message) in self.chosen(arguments.first(), uid)? {
            let mut told = FetchResponse { number, parts: Vec::new(), open: String::new() };
            for item in &items {
                self.item(&message, item, &mut told)?;
            }
            lines.extend(told.finish());
        }
        Ok(())
    }

    fn item(
        &mut self,
        message: &Message,
        item: &str,
        told: &mut FetchResponse,
    ) -> Result<(), String> {
        let stored = &message.stored;
        let upper = item.to_ascii_uppercase();
        match upper.as_str() {
            "UID" => told.atom(&format!("UID {}", message.uid)),
            "FLAGS" => told.atom(&format!("FLAGS ({})", self.flags_of(message).join(" "))),
            "RFC822.SIZE" => told.atom(&format!("RFC822.SIZE {}", stored.size.get())),
            "INTERNALDATE" => told.atom(&format!("INTERNALDATE {}", date_time(&stored.stored_on))),
            "ENVELOPE" => told.atom(&envelope(message)),
            "RFC822.HEADER" => told.header("RFC822.HEADER", &stored.header),
            _ => {
                let (section, peek) = section(&upper).ok_or(format!("BAD {item} is no item"))?;
                self.section(message, &section, told)?;
                let read_only = self.folder.as_ref().is_some_and(|folder| folder.read_only);
                if !peek && !read_only && !self.has_flag(message, "\\Seen") {
                    let mut flags = self.flags_of(message);
                    flags.push("\\Seen".to_owned());
                    told.atom(&format!("FLAGS ({})", flags.join(" ")));
                    self.set_flags(message, flags);
                }
            }
        }
        Ok(())
    }

    fn section(
        &mut self,
        message: &Message,
        section: &str,
        told: &mut FetchResponse,
    ) -> Result<(), String> {
        let stored = &message.stored;
        let name = format!("BODY[{section}]");
        match section {
            "" => {
                let mut lines = stored.header.clone();
                lines.extend([String::new(), stored.body_in_words()]);
                self.call.receive(stored.size);
                told.literal(&name, stored.size.get(), lines);
            }
            "TEXT" => {
                self.call.receive(Octets(stored.body_octets()));
                told.literal(&name, stored.body_octets(), vec![stored.body_in_words()]);
            }
            "HEADER" => told.header(&name, &stored.header),
            _ => {
                let wanted = section.strip_prefix("HEADER.FIELDS ").ok_or_else(|| {
                    format!("NO [CANNOT] BODY[{section}]: bodies have no parts here")
                })?;
                let wanted = parts(wanted.trim_matches(['(', ')']));
                told.header(&name, &fields(&stored.header, &wanted));
            }
        }
        Ok(())
    }
}

/// A FETCH response under way: literals break it into lines.
struct FetchResponse {
    number: usize,
    parts: Vec<String>,
    open: String,
}

impl FetchResponse {
    fn atom(&mut self, text: &str) {
        // A blank comes before each item but the first, behind a literal too.
        if !(self.open.is_empty() && self.parts.is_empty()) {
            self.open.push(' ');
        }
        self.open.push_str(text);
    }

    fn literal(&mut self, name: &str, octets: u64, lines: Vec<String>) {
        self.atom(&format!("{name} {{{octets}}}"));
        self.parts.push(std::mem::take(&mut self.open));
        self.parts.extend(lines);
    }

    fn header(&mut self, name: &str, header: &[String]) {
        let mut lines = header.to_vec();
        lines.push(String::new());
        self.literal(name, octets(header) + 2, lines);
    }

    fn finish(self) -> Vec<String> {
        let mut lines = self.parts;
        lines.push(format!("{})", self.open));
        lines[0] = format!("* {} FETCH ({}", self.number, lines[0]);
        lines
    }
}

/// Returns the items of a list, or of a macro (RFC 9051 §6.4.5).
fn items_of(text: &str, uid: bool) -> Vec<String> {
    let listed = match text.to_ascii_uppercase().as_str() {
        "FAST" => "FLAGS INTERNALDATE RFC822.SIZE",
        "ALL" | "FULL" => "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE",
        _ => text,
    };
    let inner = listed.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let mut items = parts(inner.unwrap_or(listed));
    // UID FETCH tells the UID, asked for or not (RFC 9051 §6.4.9).
    if uid && !items.iter().any(|item| item.eq_ignore_ascii_case("UID")) {
        items.insert(0, "UID".to_owned());
    }
    items
}

/// Returns the section of a body item, and whether it leaves \Seen as it is.
fn section(item: &str) -> Option<(String, bool)> {
    if item == "RFC822" {
        return Some((String::new(), false));
    }
    let (rest, peek) = match item.strip_prefix("BODY.PEEK[") {
        Some(rest) => (rest, true),
        None => (item.strip_prefix("BODY[")?, false),
    };
    Some((rest.strip_suffix(']')?.to_owned(), peek))
}

/// Returns the fields of a header that have one of these names, with their continuations.
fn fields(header: &[String], wanted: &[String]) -> Vec<String> {
    let mut taken = Vec::new();
    let mut inside = false;
    for line in header {
        if !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or_default();
            inside = wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
        }
        if inside {
            taken.push(line.clone());
        }
    }
    taken
}

/// Returns the envelope: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id.
fn envelope(message: &Message) -> String {
    let stored = &message.stored;
    let from = address(&stored.sender);
    let id = stored.header.iter().find_map(|line| line.strip_prefix("Message-ID: "));
    format!(
        "ENVELOPE (\"{}\" \"{}\" {from} {from} {from} {} NIL NIL NIL \"{}\")",
        stored.date,
        stored.subject,
        address(&stored.recipient),
        id.unwrap_or_default()
    )
}

fn address(text: &str) -> String {
    let (local, domain) = text.rsplit_once('@').unwrap_or((text, ""));
    format!("((NIL NIL \"{local}\" \"{domain}\"))")
}

/// Turns "Thu, 1 Jan 2026 00:00:10 +0000" into IMAP's date-time.
fn date_time(date: &str) -> String {
    let words: Vec<&str> = date.split_whitespace().collect();
    match words.as_slice() {
        [_, day, month, year, time, zone] => {
            format!("\"{day:>2}-{month}-{year} {time} {zone}\"")
        }
        _ => format!("\"{date}\""),
    }
}
