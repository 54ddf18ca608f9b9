//! SEARCH (RFC 9051 §6.4.4).

use super::mime::{field, halves};
use super::tokens::{Token, in_set};
use crate::message_store::account::Message;

/// A message that is looked at, with its number and the highest of numbers and UIDs.
pub(super) struct Looked<'m> {
    pub(super) message: &'m Message,
    pub(super) number: u32,
    pub(super) last: (u32, u32),
}

/// Returns whether a message fits all keys; none: they are no keys.
pub(super) fn fits_all(keys: &[Token], looked: &Looked<'_>) -> Option<bool> {
    let mut rest = keys;
    let mut all = true;
    while !rest.is_empty() {
        all &= key(&mut rest, looked, 0)?;
    }
    Some(all)
}

fn next<'t>(rest: &mut &'t [Token]) -> Option<&'t Token> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(first)
}

fn key(rest: &mut &[Token], looked: &Looked<'_>, depth: usize) -> Option<bool> {
    if depth > 50 {
        return None;
    }
    let token = next(rest)?;
    let Token::Word { .. } = token else {
        return fits_all(token.members(), looked);
    };
    let message = looked.message;
    let flagged = |flag: &str| message.flags.iter().any(|have| have.eq_ignore_ascii_case(flag));
    let word = token.text()?.to_ascii_uppercase();
    let text = || message.content.octets();
    Some(match word.as_str() {
        "ALL" | "OLD" => true,
        "NEW" => !flagged("\\Seen"),
        "RECENT" => false,
        "SEEN" => flagged("\\Seen"),
        "UNSEEN" => !flagged("\\Seen"),
        "DELETED" => flagged("\\Deleted"),
        "UNDELETED" => !flagged("\\Deleted"),
        "FLAGGED" => flagged("\\Flagged"),
        "UNFLAGGED" => !flagged("\\Flagged"),
        "ANSWERED" => flagged("\\Answered"),
        "UNANSWERED" => !flagged("\\Answered"),
        "DRAFT" => flagged("\\Draft"),
        "UNDRAFT" => !flagged("\\Draft"),
        "KEYWORD" => flagged(&next(rest)?.text()?),
        "UNKEYWORD" => !flagged(&next(rest)?.text()?),
        "NOT" => !key(rest, looked, depth + 1)?,
        "OR" => {
            let one = key(rest, looked, depth + 1)?;
            let other = key(rest, looked, depth + 1)?;
            one || other
        }
        "LARGER" => message.size > next(rest)?.text()?.parse().ok()?,
        "SMALLER" => message.size < next(rest)?.text()?.parse().ok()?,
        "UID" => in_set(&next(rest)?.text()?, message.uid, looked.last.1)?,
        "CHARSET" => {
            next(rest)?;
            true
        }
        "FROM" | "TO" | "CC" | "BCC" | "SUBJECT" => {
            has(&field(halves(&text()).0, &word).unwrap_or_default(), &next(rest)?.text()?)
        }
        "HEADER" => {
            let name = next(rest)?.text()?;
            let wanted = next(rest)?.text()?;
            field(halves(&text()).0, &name).is_some_and(|value| has(&value, &wanted))
        }
        "TEXT" => has(&String::from_utf8_lossy(&text()), &next(rest)?.text()?),
        "BODY" => has(&String::from_utf8_lossy(halves(&text()).1), &next(rest)?.text()?),
        "SINCE" | "SENTSINCE" => day(&message.date)? >= day(&next(rest)?.text()?)?,
        "BEFORE" | "SENTBEFORE" => day(&message.date)? < day(&next(rest)?.text()?)?,
        "ON" | "SENTON" => day(&message.date)? == day(&next(rest)?.text()?)?,
        set => in_set(set, looked.number, looked.last.0)?,
    })
}

fn has(text: &str, wanted: &str) -> bool {
    text.to_lowercase().contains(&wanted.to_lowercase())
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Returns year, month and day of a date such as `1-Jan-2026`, with a time behind it or none.
fn day(date: &str) -> Option<(u32, usize, u32)> {
    let date = date.trim().split(' ').next()?;
    let mut parts = date.split('-');
    let day = parts.next()?.trim().parse().ok()?;
    let month = parts.next()?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|known| *known == month)?;
    Some((parts.next()?.parse().ok()?, month, day))
}
