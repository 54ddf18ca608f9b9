//! FETCH, STORE and SEARCH (RFC 9051 §6.4).

use super::mime::{Part, envelope, fields, halves};
use super::search::{Looked, fits_all};
use super::tokens::{Token, tokens};
use super::{Open, bad, is_seen};
use crate::message_store::account::{Account, Message};

pub(super) fn fetch(
    open: &Open,
    uid: bool,
    arguments: &[Token],
    out: &mut Vec<u8>,
    account: &mut Account,
) -> Result<(), String> {
    let items = items(arguments.get(1).ok_or_else(|| bad("FETCH needs items"))?, uid);
    let chosen = open.chosen(arguments.first(), uid)?;
    let folder = account.folder(&open.name).ok_or("NO the folder is gone")?;
    for (number, own) in chosen {
        let Some(message) = folder.message(own) else {
            continue;
        };
        let mut told = Vec::new();
        for item in &items {
            if !told.is_empty() {
                told.push(b' ');
            }
            fetch_item(item, message, open.read_only, &mut told)?;
        }
        out.extend_from_slice(format!("* {number} FETCH (").as_bytes());
        out.extend_from_slice(&told);
        out.extend_from_slice(b")\r\n");
    }
    Ok(())
}

/// Returns the items asked for, macros spelt out.
fn items(token: &Token, uid: bool) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for item in token.members().iter().filter_map(Token::text) {
        let fast = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"];
        let all = ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"];
        match item.to_ascii_uppercase().as_str() {
            "FAST" => items.extend(fast.map(str::to_owned)),
            "ALL" => items.extend(all[..4].iter().map(|item| (*item).to_owned())),
            "FULL" => items.extend(all.map(str::to_owned)),
            _ => items.push(item),
        }
    }
    // UID FETCH tells the UID, asked for or not (RFC 9051 §6.4.9).
    if uid && !items.iter().any(|item| item.eq_ignore_ascii_case("UID")) {
        items.insert(0, "UID".to_owned());
    }
    items
}

fn flags(message: &Message) -> String {
    format!("FLAGS ({})", message.flags.join(" "))
}

fn literal(out: &mut Vec<u8>, name: &str, octets: &[u8]) {
    out.extend_from_slice(format!("{name} {{{}}}\r\n", octets.len()).as_bytes());
    out.extend_from_slice(octets);
}

fn fetch_item(
    item: &str,
    message: &mut Message,
    read_only: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let upper = item.to_ascii_uppercase();
    let atom = match upper.as_str() {
        "UID" => format!("UID {}", message.uid),
        "FLAGS" => flags(message),
        "RFC822.SIZE" => format!("RFC822.SIZE {}", message.size),
        "INTERNALDATE" => format!("INTERNALDATE \"{}\"", message.date),
        "ENVELOPE" => {
            let text = message.content.octets();
            format!("ENVELOPE {}", envelope(halves(&text).0))
        }
        "BODY" | "BODYSTRUCTURE" => {
            let text = message.content.octets();
            format!("{upper} {}", Part::of(&text).structure(upper == "BODYSTRUCTURE"))
        }
        _ => return body(item, message, read_only, out),
    };
    out.extend_from_slice(atom.as_bytes());
    Ok(())
}

/// `BODY[…]<…>`, `BODY.PEEK[…]`, and what they were called before.
fn body(
    item: &str,
    message: &mut Message,
    read_only: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let text = message.content.octets();
    let upper = item.to_ascii_uppercase();
    let (name, octets, peeks) = match upper.as_str() {
        "RFC822" => ("RFC822".to_owned(), text.clone(), false),
        "RFC822.HEADER" => ("RFC822.HEADER".to_owned(), halves(&text).0.to_vec(), true),
        "RFC822.TEXT" => ("RFC822.TEXT".to_owned(), halves(&text).1.to_vec(), false),
        _ => {
            let no_item = || bad(&format!("{item} is no item of FETCH"));
            let peeks = upper.starts_with("BODY.PEEK[");
            let rest = upper.strip_prefix("BODY.PEEK[").or(upper.strip_prefix("BODY["));
            let rest = rest.ok_or_else(no_item)?;
            let (section, part) = rest.rsplit_once(']').ok_or_else(no_item)?;
            let octets = section_of(section, &text).ok_or_else(no_item)?;
            match partial(part).ok_or_else(no_item)? {
                None => (format!("BODY[{section}]"), octets, peeks),
                Some((from, count)) => {
                    let from_here = octets.get(from..).unwrap_or_default();
                    let octets = from_here[..count.min(from_here.len())].to_vec();
                    (format!("BODY[{section}]<{from}>"), octets, peeks)
                }
            }
        }
    };
    literal(out, &name, &octets);
    if !peeks && !read_only && !is_seen(message) {
        message.see();
        out.push(b' ');
        out.extend_from_slice(flags(message).as_bytes());
    }
    Ok(())
}

/// Reads `<0.1024>`; an empty text asks for everything.
fn partial(text: &str) -> Option<Option<(usize, usize)>> {
    if text.is_empty() {
        return Some(None);
    }
    let (from, count) = text.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
    Some(Some((from.parse().ok()?, count.parse().ok()?)))
}

fn section_of(section: &str, text: &[u8]) -> Option<Vec<u8>> {
    let whole = Part::of(text);
    let (numbers, rest) = numbers(section);
    let part = whole.numbered(&numbers)?;
    let inner = !numbers.is_empty();
    if let Some(list) = rest.strip_prefix("HEADER.FIELDS.NOT ") {
        return some_fields(part, list, false);
    }
    if let Some(list) = rest.strip_prefix("HEADER.FIELDS ") {
        return some_fields(part, list, true);
    }
    Some(match rest {
        "" if inner => part.body.to_vec(),
        "" => text.to_vec(),
        "HEADER" => part.header.to_vec(),
        "MIME" if inner => part.header.to_vec(),
        "TEXT" => part.body.to_vec(),
        _ => return None,
    })
}

/// Parts a section into the numbers of parts and what follows them.
fn numbers(section: &str) -> (Vec<usize>, &str) {
    let mut found = Vec::new();
    let mut rest = section;
    loop {
        let (first, after) = rest.split_once('.').unwrap_or((rest, ""));
        match first.parse() {
            Ok(number) => found.push(number),
            Err(_) => return (found, rest),
        }
        rest = after;
        if rest.is_empty() {
            return (found, rest);
        }
    }
}

fn some_fields(part: &Part<'_>, list: &str, wanted: bool) -> Option<Vec<u8>> {
    let list = tokens(list.as_bytes())?;
    let names: Vec<String> = list.first()?.members().iter().filter_map(Token::text).collect();
    let mut octets = Vec::new();
    for (name, field) in fields(part.header) {
        if names.iter().any(|known| known.eq_ignore_ascii_case(name)) == wanted {
            octets.extend_from_slice(field);
        }
    }
    octets.extend_from_slice(b"\r\n");
    Some(octets)
}

const SYSTEM: [&str; 5] = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];
/// Flags of a message, and the length of each \[octets\].
const FLAGS: usize = 50;

/// Reads flags. RFC 9051 §2.3.2: names with a backslash are the system's own, others are atoms.
pub(super) fn flags_among(words: &[Token]) -> Result<Vec<String>, String> {
    let mut flags: Vec<String> = Vec::new();
    for flag in words.iter().flat_map(Token::members).filter_map(Token::text) {
        let system = SYSTEM.iter().find(|known| known.eq_ignore_ascii_case(&flag));
        let atom = |c: char| c.is_ascii_graphic() && !"(){%*\"\\]".contains(c);
        let own = !flag.is_empty() && flag.len() <= FLAGS && flag.chars().all(atom);
        let flag = match system {
            Some(system) => (*system).to_owned(),
            None if own => flag,
            None => return Err(bad("this is no flag")),
        };
        if flags.len() < FLAGS && !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    Ok(flags)
}

pub(super) fn store(
    open: &Open,
    uid: bool,
    arguments: &[Token],
    out: &mut Vec<u8>,
    account: &mut Account,
) -> Result<(), String> {
    let [set, item, rest @ ..] = arguments else {
        return Err(bad("write it as STORE 1 +FLAGS (\\Deleted)"));
    };
    if open.read_only {
        return Err("NO the folder was opened by EXAMINE".to_owned());
    }
    let wanted = flags_among(rest)?;
    let item = item.text().unwrap_or_default().to_ascii_uppercase();
    let (item, silent) = match item.strip_suffix(".SILENT") {
        Some(item) => (item, true),
        None => (item.as_str(), false),
    };
    let chosen = open.chosen(Some(set), uid)?;
    let folder = account.folder(&open.name).ok_or("NO the folder is gone")?;
    for (number, own) in chosen {
        let Some(message) = folder.message(own) else {
            continue;
        };
        let among = |flag: &String| wanted.iter().any(|other| other.eq_ignore_ascii_case(flag));
        match item {
            "FLAGS" => message.flags.clone_from(&wanted),
            "+FLAGS" => {
                message.flags.retain(|flag| !among(flag));
                message.flags.extend(wanted.iter().cloned());
            }
            "-FLAGS" => message.flags.retain(|flag| !among(flag)),
            _ => return Err(bad("it is none of FLAGS, +FLAGS, -FLAGS")),
        }
        if !silent {
            let uid = if uid { format!("UID {own} ") } else { String::new() };
            let line = format!("* {number} FETCH ({uid}{})\r\n", flags(message));
            out.extend_from_slice(line.as_bytes());
        }
    }
    Ok(())
}

pub(super) fn search(
    open: &Open,
    uid: bool,
    arguments: &[Token],
    out: &mut Vec<u8>,
    account: &mut Account,
) -> Result<(), String> {
    let folder = account.folder(&open.name).ok_or("NO the folder is gone")?;
    let last = (open.uids.len() as u32, open.uids.last().copied().unwrap_or(0));
    let mut found = String::new();
    for (number, own) in (1..).zip(&open.uids) {
        let Some(message) = folder.message(*own) else {
            continue;
        };
        let looked = Looked { message, number, last };
        if fits_all(arguments, &looked).ok_or_else(|| bad("these are no search keys"))? {
            found.push_str(&format!(" {}", if uid { *own } else { number }));
        }
    }
    out.extend_from_slice(format!("* SEARCH{found}\r\n").as_bytes());
    Ok(())
}
