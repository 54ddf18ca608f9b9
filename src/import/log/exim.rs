//! Lines of Exim's main log (the specification, chapter 52 "Log files").

use super::event::{Arena, Span, Try, Verdict, What};
use super::header::{SECOND, Written, stamp};

/// Returns when a line was written, and what follows; none: no line of this log.
pub(super) fn head(line: &str) -> Option<(Written, &str)> {
    if !line.starts_with(|c: char| c.is_ascii_digit()) || line.as_bytes().get(10) != Some(&b' ') {
        return None;
    }
    let (when, rest) = stamp(line)?;
    let rest = rest.trim_start_matches(' ');
    // `[pid]`, if the log selector has it.
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((pid, rest)) if pid.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => rest,
    };
    Some((when, rest))
}

/// `1vNAbc-0001Xy-Kl`, or the longer form of 4.97.
fn message_id(text: &str) -> Option<(&str, &str)> {
    let (id, rest) = text.split_once(' ')?;
    let mut parts = id.split('-');
    let lengths = [parts.next()?.len(), parts.next()?.len(), parts.next()?.len()];
    let fits = matches!(lengths, [6, 6, 2] | [6, 11, 4]) && parts.next().is_none();
    (fits && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then_some((id, rest))
}

/// Returns whether a line is of this log.
pub(super) fn is_line(line: &str) -> bool {
    head(line).is_some_and(|(_, rest)| {
        message_id(rest).is_some()
            || ["Start queue run", "End queue run", "exim ", "SMTP connection"]
                .iter()
                .any(|begin| rest.starts_with(begin))
    })
}

/// Returns what a line says behind its stamp. A message's recipients come as tries.
pub(super) fn line(rest: &str, arena: &mut Arena) -> Option<(Span, What)> {
    if rest.starts_with("Start queue run") {
        return Some((Span::default(), What::QueueRun));
    }
    if let Some((version, _)) =
        rest.strip_prefix("exim ").and_then(|r| r.split_once(" daemon started"))
    {
        return Some((Span::default(), What::Version { text: arena.keep(version) }));
    }
    let (id, rest) = message_id(rest)?;
    let what = what(rest, arena)?;
    Some((arena.keep(id), what))
}

fn what(rest: &str, arena: &mut Arena) -> Option<What> {
    if rest == "Completed" || rest.starts_with("Completed ") {
        return Some(What::Removed);
    }
    let (mark, after) = rest.split_once(' ').unwrap_or((rest, ""));
    match mark {
        "<=" => {
            let (from, fields) = after.split_once(' ').unwrap_or((after, ""));
            let from = from.trim_matches(['<', '>']);
            if from.is_empty() && fields.starts_with("R=") {
                return Some(What::IsNotice);
            }
            let size = field(fields, "S=")?.parse().ok()?;
            Some(What::Arrived { from: arena.keep(from), size })
        }
        "=>" | "->" | ">>" => Some(tried(after, Verdict::Sent, arena)),
        "**" => Some(tried(after, Verdict::Bounced, arena)),
        "==" => {
            let suspended = after.contains("retry time not reached");
            let result = if suspended { Verdict::Suspended } else { Verdict::Deferred };
            Some(tried(after, result, arena))
        }
        _ if mark.starts_with("H=") => Some(What::HostFailed { text: arena.keep(rest) }),
        _ => None,
    }
}

fn tried(text: &str, result: Verdict, arena: &mut Arena) -> What {
    let (address, fields) = text.split_once(' ').unwrap_or((text, ""));
    // `local <whole@address>`.
    let whole = fields.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let address = match whole {
        Some((whole, _)) if whole.contains('@') => whole,
        _ => address.trim_end_matches(':'),
    };
    let host = field(fields, "H=").map(|name| {
        let literal = fields.find("H=").and_then(|at| fields[at..].split_once('['));
        let literal = literal.and_then(|(_, rest)| rest.split_once(']')).map_or("", |(a, _)| a);
        format!("{name}[{literal}]")
    });
    What::Tried(Try {
        to: arena.keep(address),
        relay: arena.keep(host.as_deref().unwrap_or("none")),
        agent: arena.keep(field(fields, "T=").unwrap_or_default().trim_end_matches(':')),
        result,
        text: arena.keep(fields),
        waited: -1,
        setup: -1,
        delay: field(fields, "QT=").and_then(time).unwrap_or(-1),
        session: field(fields, "DT=").and_then(time).unwrap_or(-1),
    })
}

fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = match text.starts_with(name) {
        true => 0,
        false => text.find(&format!(" {name}"))? + 1,
    };
    let value = &text[at + name.len()..];
    Some(value.split(' ').next().unwrap_or(value).trim_end_matches(':'))
}

/// `1d2h3m4s`, or `0.012s` \[µs\].
fn time(text: &str) -> Option<i64> {
    let mut total = 0;
    let mut number = String::new();
    for c in text.chars() {
        let unit = match c {
            '0'..='9' | '.' => {
                number.push(c);
                continue;
            }
            'w' => 604_800,
            'd' => 86_400,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total += super::postfix::micros(&std::mem::take(&mut number))? * unit;
    }
    number.is_empty().then_some(total).filter(|total| *total < 1_000_000 * 86_400 * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<What> {
        let mut arena = Arena::default();
        let (_, rest) = head(text)?;
        line(rest, &mut arena).map(|(_, what)| what)
    }

    #[test]
    fn lines_of_the_main_log_are_told_apart() {
        let begin = "2026-11-30 12:04:08.006 [11501] 1xY076-0002zV-01";
        let arrived = read(&format!(
            "{begin} <= a@b.example H=(x) [10.0.0.2] P=esmtp S=2166 for c@d.example"
        ));
        assert!(matches!(arrived, Some(What::Arrived { size: 2166, .. })), "{arrived:?}");
        let notice = read(&format!("{begin} <= <> R=1xY076-0002zV-02 U=exim P=local S=900"));
        assert!(matches!(notice, Some(What::IsNotice)), "{notice:?}");
        let sent = read(&format!(
            "{begin} => c@d.example R=r T=t H=mx.d.example [10.0.0.3] C=\"250 ok\" QT=1m2s DT=0.5s"
        ));
        let Some(What::Tried(sent)) = sent else { panic!("{sent:?}") };
        assert_eq!(
            (sent.delay, sent.session, sent.result),
            (62 * SECOND, SECOND / 2, Verdict::Sent)
        );
        let waits = read(&format!(
            "{begin} == c@d.example R=r T=t defer (-54): retry time not reached for any host"
        ));
        assert!(matches!(waits, Some(What::Tried(Try { result: Verdict::Suspended, .. }))));
        assert!(read("===== log of relay").is_none());
    }
}
