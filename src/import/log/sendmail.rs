//! Lines of Sendmail (Sendmail Installation and Operation Guide, §2.1.1 and 4.1 "syslog").

use super::event::{Arena, Span, Try, Verdict, What};
use super::header::SECOND;

/// Returns whether a program is Sendmail.
pub(super) fn is_program(program: &str) -> bool {
    program == "sendmail" || program.starts_with("sm-")
}

/// Returns what a line says; a line may tell of several recipients.
pub(super) fn line(message: &str, arena: &mut Arena, found: &mut Vec<(Span, What)>) {
    if let Some(rest) = message.strip_prefix("starting daemon (") {
        started(rest, arena, found);
        return;
    }
    let Some((id, rest)) = message.split_once(": ") else { return };
    let fits = id.len() >= 12 && id.len() <= 16 && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if !fits {
        return;
    }
    let id_text = id;
    if let Some(from) = rest.strip_prefix("from=") {
        let from = from.split(", ").next().unwrap_or(from).trim_matches(['<', '>']);
        let Some(size) = field(rest, "size=").and_then(|size| size.parse().ok()) else { return };
        let id = arena.keep(id_text);
        found.push((id, What::Arrived { from: arena.keep(from), size }));
        return;
    }
    if let Some(to) = rest.strip_prefix("to=") {
        tried(id_text, to, rest, arena, found);
        return;
    }
    if rest.starts_with("done;") {
        found.push((arena.keep(id_text), What::Removed));
        return;
    }
    // `4F…: 4G…: DSN: …`: a notice about this message.
    if let Some((notice, what)) = rest.split_once(": ")
        && notice.len() == id_text.len()
        && ["DSN:", "postmaster notify", "return to sender", "sender notify"]
            .iter()
            .any(|begin| what.starts_with(begin))
    {
        let id = arena.keep(id_text);
        found.push((id, What::Notice { id: arena.keep(notice) }));
        // A warning goes on: `Warning: could not send message for past 4 hours`.
        if what.contains("Cannot send message") {
            found.push((id, What::Expired));
        }
    }
}

/// `8.17.1): SMTP+queueing@00:10:00`.
fn started(rest: &str, arena: &mut Arena, found: &mut Vec<(Span, What)>) {
    if let Some((version, rest)) = rest.split_once(')') {
        found.push((Span::default(), What::Version { text: arena.keep(version) }));
        let interval = rest.split_once("queueing@").and_then(|(_, time)| clock(time.trim()));
        let seconds = interval.map(|micros| (micros / SECOND) as u64);
        found.extend(seconds.map(|seconds| (Span::default(), What::QueueInterval { seconds })));
    }
}

fn tried(id: &str, to: &str, rest: &str, arena: &mut Arena, found: &mut Vec<(Span, What)>) {
    let Some(at) = rest.find(", stat=") else { return };
    let (fields, stat) = (&rest[..at], &rest[at + ", stat=".len()..]);
    let dsn = field(fields, "dsn=").unwrap_or_default();
    let result = if stat.starts_with("Sent") {
        Verdict::Sent
    } else if stat.starts_with("queued") {
        return;
    } else if stat.starts_with("Deferred") || dsn.starts_with('4') {
        Verdict::Deferred
    } else {
        Verdict::Bounced
    };
    let relay = field(fields, "relay=").unwrap_or("none");
    // `mx1.example.org. [192.0.2.1]`: a dot in place of a trailing root.
    let relay = relay.replace(". [", "[").replace(" [", "[");
    let list = to.split(", ").next().unwrap_or(to);
    let agent = arena.keep(field(fields, "mailer=").unwrap_or("esmtp"));
    // `Service unavailable` is Sendmail's word for what a server said.
    let said = match result {
        Verdict::Bounced => field(fields, "reply=").unwrap_or(stat),
        _ => stat,
    };
    let (relay, text) = (arena.keep(&relay), arena.keep(said));
    for address in list.split(',') {
        let to = arena.keep(address.trim_matches(['<', '>', ' ']));
        let delay = field(fields, "delay=").and_then(clock).unwrap_or(-1);
        let session = field(fields, "xdelay=").and_then(clock).unwrap_or(-1);
        let id = arena.keep(id);
        found.push((
            id,
            What::Tried(Try {
                to,
                relay,
                agent,
                result,
                text,
                delay,
                session,
                setup: -1,
                waited: -1,
            }),
        ));
    }
}

fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = match text.starts_with(name) {
        true => 0,
        false => text.find(&format!(", {name}"))? + 2,
    };
    let value = &text[at + name.len()..];
    Some(value.split(", ").next().unwrap_or(value))
}

/// `3+13:01:56`: days, hours, minutes, seconds \[µs\].
fn clock(text: &str) -> Option<i64> {
    let (days, time) = match text.split_once('+') {
        Some((days, time)) => (days.parse::<i64>().ok()?, time),
        None => (0, text),
    };
    let mut parts = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_tells_of_several_recipients() {
        let (mut arena, mut found) = (Arena::default(), Vec::new());
        let text = "7ANA00aa001234: to=<a@x.example>,<b@x.example>, ctladdr=<c@y>, delay=3+13:01:56, \
                    xdelay=00:00:02, mailer=esmtp, pri=120, relay=mx.x.example. [192.0.2.1], \
                    dsn=4.0.0, stat=Deferred: Connection refused by mx.x.example.";
        line(text, &mut arena, &mut found);
        assert_eq!(found.len(), 2);
        let What::Tried(tried) = found[1].1 else { panic!() };
        assert_eq!(arena.get(tried.to), "b@x.example");
        assert_eq!(arena.get(tried.relay), "mx.x.example[192.0.2.1]");
        assert_eq!(tried.delay, ((3 * 24 + 13) * 3600 + 116) * SECOND);
        assert_eq!(tried.result, Verdict::Deferred);
    }
}
