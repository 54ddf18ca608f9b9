//! Lines of Postfix.

use super::event::{Arena, Span, Try, Verdict, What};
use super::header::SECOND;

/// Returns the instance and the daemon of `postfix-secondary/submission/smtpd`; none: not Postfix.
pub(super) fn program(program: &str) -> Option<(&str, &str)> {
    let (instance, daemon) = program.rsplit_once('/')?;
    let instance = instance.split('/').next().unwrap_or(instance);
    let known = [
        "smtpd",
        "qmgr",
        "smtp",
        "cleanup",
        "pickup",
        "bounce",
        "error",
        "lmtp",
        "local",
        "virtual",
        "pipe",
        "discard",
        "relay",
        "master",
        "postscreen",
        "scache",
        "anvil",
        "oqmgr",
        "trivial-rewrite",
        "verify",
        "tlsmgr",
        "postfix-script",
        "flush",
        "showq",
        "proxymap",
        "dnsblog",
        "tlsproxy",
        "retry",
        "postsuper",
        "postqueue",
        "postdrop",
        "sendmail",
        "nqmgr",
        "spawn",
        "postlog",
        "postlogd",
    ];
    known.contains(&daemon).then_some((instance, daemon))
}

/// Returns what a line of a daemon says: the queue id, and what; none: nothing of interest.
pub(super) fn line(daemon: &str, message: &str, arena: &mut Arena) -> Option<(Span, What)> {
    if daemon == "master" {
        if message.starts_with("terminating on signal") {
            return Some((Span::default(), What::Stopped));
        }
        let (_, version) = message.split_once("daemon started -- version ")?;
        let version = version.split([',', ' ']).next()?;
        return Some((Span::default(), What::Version { text: arena.keep(version) }));
    }
    let Some((id, rest)) = queue_id(message) else {
        let failed =
            message.starts_with("connect to ") && matches!(daemon, "smtp" | "relay" | "lmtp");
        return failed.then(|| {
            let text = arena.keep(message);
            (Span::default(), What::HostFailed { text })
        });
    };
    let what = what(daemon, rest, arena)?;
    Some((arena.keep(id), what))
}

/// `4Fabc: rest`: short ids are hexadecimal, long ones letters and digits without vowels.
fn queue_id(message: &str) -> Option<(&str, &str)> {
    let (id, rest) = message.split_once(": ")?;
    let letters = id.bytes().all(|b| b.is_ascii_alphanumeric());
    let digits = id.bytes().any(|b| b.is_ascii_digit());
    (letters && digits && (6..=32).contains(&id.len()) && id != "NOQUEUE").then_some((id, rest))
}

fn what(daemon: &str, rest: &str, arena: &mut Arena) -> Option<What> {
    if rest.starts_with("to=<") {
        return tried(daemon, rest, arena);
    }
    match daemon {
        "smtpd" => rest.starts_with("client=").then_some(What::Client),
        "pickup" => rest.starts_with("uid=").then_some(What::Client),
        "qmgr" | "oqmgr" | "nqmgr" => {
            if rest.starts_with("removed") {
                return Some(What::Removed);
            }
            let (from, rest) = bracketed(rest.strip_prefix("from=<")?)?;
            if rest.contains("status=expired") || rest.contains("status=force-expired") {
                return Some(What::Expired);
            }
            let size = number(field(rest, "size=")?)?;
            Some(What::Arrived { from: arena.keep(from), size })
        }
        "bounce" => {
            let (what, id) = rest.rsplit_once(": ")?;
            let notice = what.contains("notification");
            notice.then(|| What::Notice { id: arena.keep(id) })
        }
        "smtp" | "relay" | "lmtp" => {
            let failed = rest.starts_with("host ")
                || rest.starts_with("lost connection with ")
                || rest.starts_with("conversation with ");
            failed.then(|| What::HostFailed { text: arena.keep(rest) })
        }
        _ => None,
    }
}

/// What stands before `>`, which may stand in quotes too.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// The microsecond within its second at which a queue file was made, as its id tells: the first five
/// hexadecimal digits of a short one, four digits to the base 52 behind the six of the second of a long one
/// (`mail_queue.h`).
pub(super) fn microsecond(id: &str) -> Option<i64> {
    const DIGITS: &[u8] = b"0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    let long = id.len() >= 12 && id.as_bytes()[10] == b'z';
    let micros = if long {
        let digit = |octet: &u8| DIGITS.iter().position(|known| known == octet);
        let mut digits = id.as_bytes()[6..10].iter();
        digits.try_fold(0, |sum, octet| Some(sum * 52 + digit(octet)? as i64))?
    } else {
        let digits = id.get(..5)?;
        let upper = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
        id.bytes().all(upper).then(|| i64::from_str_radix(digits, 16).ok())??
    };
    (micros < SECOND).then_some(micros)
}

/// `name=value` up to the comma behind it.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = text.find(name)?;
    let value = &text[at + name.len()..];
    Some(value.split(", ").next().unwrap_or(value))
}

fn number(text: &str) -> Option<u64> {
    text.split(' ').next()?.parse().ok()
}

/// Decimal seconds \[µs\].
pub(super) fn micros(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok()?;
    let mut scale = SECOND / 10;
    let mut micros = whole.checked_mul(SECOND)?;
    for digit in fraction.bytes() {
        if !digit.is_ascii_digit() {
            return None;
        }
        micros += i64::from(digit - b'0') * scale;
        scale /= 10;
    }
    Some(micros)
}

fn tried(daemon: &str, rest: &str, arena: &mut Arena) -> Option<What> {
    let (to, rest) = bracketed(rest.strip_prefix("to=<")?)?;
    // The text in parentheses may hold anything, so fields are looked for before it.
    let at = rest.find(" status=")?;
    let (fields, status) = (&rest[..at], &rest[at + " status=".len()..]);
    let (status, text) = status.split_once(' ').unwrap_or((status, ""));
    let text = text.strip_prefix('(').map_or(text, |text| text.strip_suffix(')').unwrap_or(text));
    let suspended = text.starts_with("delivery temporarily suspended");
    let result = match status {
        "sent" => Verdict::Sent,
        "deferred" if suspended => Verdict::Suspended,
        "deferred" => Verdict::Deferred,
        "bounced" | "expired" => Verdict::Bounced,
        "deliverable" | "undeliverable" => Verdict::Probe,
        _ => return None,
    };
    let delays = field(fields, "delays=").map(|delays| {
        let mut parts = delays.split('/').map(micros);
        let mut next = || parts.next().flatten();
        let _ = (next(), next());
        next().zip(next())
    });
    let delays = delays.flatten();
    // Two digits are written, so that it is told to a tenth of a second below ten.
    let waited = field(fields, "delays=").and_then(|delays| delays.split('/').next());
    let waited = waited.filter(|text| text.contains('.')).and_then(micros);
    Some(What::Tried(Try {
        waited: waited.unwrap_or(-1),
        to: arena.keep(to),
        relay: arena.keep(field(fields, " relay=").unwrap_or("none")),
        agent: arena.keep(daemon),
        result,
        text: arena.keep(text),
        delay: field(fields, " delay=").and_then(micros).unwrap_or(-1),
        session: delays.map_or(-1, |(setup, sent)| setup + sent),
        setup: delays.map_or(-1, |(setup, _)| setup),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_with_their_instance() {
        assert_eq!(program("postfix/smtp"), Some(("postfix", "smtp")));
        assert_eq!(program("postfix-b/submission/smtpd"), Some(("postfix-b", "smtpd")));
        assert_eq!(program("spamd"), None);
        assert_eq!(program("amavis/main"), None);
    }

    #[test]
    fn tries_are_read_whole() {
        let mut arena = Arena::default();
        let text = "3F2A10B0C1: to=<\"a>b\"@x.example>, orig_to=<c@x.example>, relay=mx[192.0.2.1]:25, \
                    delay=12.5, delays=12/0.1/0.25/0.05, dsn=4.3.0, status=deferred (host mx said: \
                    451 status=sent, relay=none)";
        let (id, what) = line("smtp", text, &mut arena).unwrap();
        let What::Tried(tried) = what else { panic!("{what:?}") };
        assert_eq!(arena.get(id), "3F2A10B0C1");
        assert_eq!(arena.get(tried.to), "\"a>b\"@x.example");
        assert_eq!(arena.get(tried.relay), "mx[192.0.2.1]:25");
        assert_eq!((tried.delay, tried.session), (12_500_000, 300_000));
        assert_eq!(tried.result, Verdict::Deferred);
    }

    #[test]
    fn ids_tell_the_microsecond() {
        assert_eq!(microsecond("42CC62ACD"), Some(0x42CC6));
        // 0x1E24F is 123471, in the base of 52 `0wkJ`: the fourth digit is 123471 % 52.
        let digits = b"0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
        let long = |mut micros: usize| {
            let mut text = [0; 4];
            for octet in text.iter_mut().rev() {
                (*octet, micros) = (digits[micros % 52], micros / 52);
            }
            format!("3Pt2mN{}z1Bcd", std::str::from_utf8(&text).unwrap())
        };
        assert_eq!(microsecond(&long(123_471)), Some(123_471));
        assert_eq!(microsecond(&long(999_999)), Some(999_999));
        assert_eq!(microsecond("FFFFF2ACD"), None);
        assert_eq!(microsecond("4Fabc1"), None);
    }

    #[test]
    fn lines_that_say_nothing_of_a_message_are_passed_over() {
        let mut arena = Arena::default();
        for text in ["disconnect from a[1]", "NOQUEUE: reject: RCPT from a", "warning: x: y", ""] {
            assert!(line("smtpd", text, &mut arena).is_none(), "{text}");
        }
    }
}
