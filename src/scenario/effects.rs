//! The modes of an outage and what each does to what it strikes.

use super::model::Effect;
use super::names::listed;
use super::problem::ProblemKind;
use super::reader::{Field, Remark, Section};
use crate::dns::{DnsFailure, FailureScope};
use crate::mail::{Mailbox, Reply, Stage, Status};
use crate::smtp::{Deviation, GreylistRules};
use crate::units::SimDuration;

/// What an outage strikes, as far as the modes it may have go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Host,
    Address,
    Link,
    Dns,
}

impl Kind {
    fn describe(self) -> &'static str {
        match self {
            Self::Host => "a host",
            Self::Address => "an address",
            Self::Link => "a link",
            Self::Dns => "the DNS",
        }
    }

    /// The modes that make sense for it.
    fn modes(self) -> &'static [&'static str] {
        match self {
            Self::Host => &super::keys_of_outages::MODES[..12],
            Self::Address => &["blackhole", "refuse", "unreachable"],
            Self::Link => &["blackhole"],
            Self::Dns => &["no_answer", "servfail", "nxdomain", "slow"],
        }
    }
}

/// Keys that belong to some modes only.
const KEYS_OF_MODES: [(&str, &[&str]); 10] = [
    ("inbound_only", &["blackhole"]),
    ("machine", &["crash"]),
    ("factor", &["slow"]),
    ("delay", &["slow", "greylist"]),
    ("stage", &["hang", "drop", "slow", "tempfail", "permfail"]),
    ("store", &["drop", "hang"]),
    ("reply", &["tempfail", "permfail", "greylist", "session_limit"]),
    ("close", &["tempfail", "permfail"]),
    ("recipients", &["tempfail", "permfail"]),
    ("limit", &["session_limit"]),
];

/// Reads what an outage of this mode does to what it strikes.
pub(super) fn effect(
    section: &Section<'_>,
    mode: &str,
    kind: Kind,
    scope: Option<FailureScope>,
    recipients: Vec<Mailbox>,
) -> Option<Effect> {
    if !kind.modes().contains(&mode) {
        let remark = Remark::new(format!("{} cannot fail by \"{mode}\"", kind.describe()))
            .accepted(listed(kind.modes().iter().copied()))
            .help(format!("write mode = \"{}\"", kind.modes()[0]));
        section.error_at("mode", ProblemKind::Contradiction, remark);
        return None;
    }
    for (key, modes) in KEYS_OF_MODES {
        if section.has(key) && !modes.contains(&mode) {
            let remark = Remark::new(format!("`{key}` means nothing with mode = \"{mode}\""))
                .accepted(format!("`{key}` with mode {}", modes.join(", ")))
                .help(format!("remove `{key}`"));
            section.error_at(key, ProblemKind::Contradiction, remark);
        }
    }
    let flag = |key: &str| section.field(key).and_then(|field| field.flag());
    if let Some(scope) = scope {
        let failure = match mode {
            "no_answer" => DnsFailure::NoAnswer,
            "servfail" => DnsFailure::ServerFailure,
            "slow" => slow_dns(section)?,
            _ => DnsFailure::NameError,
        };
        return Some(Effect::Dns(failure, scope));
    }
    Some(match mode {
        "blackhole" if kind == Kind::Link => Effect::LinkDown,
        "blackhole" => Effect::Blackhole { inbound_only: flag("inbound_only").unwrap_or(false) },
        "refuse" => Effect::Refuse,
        "unreachable" => Effect::Unreachable,
        "crash" => Effect::Crash { machine: flag("machine").unwrap_or(false) },
        _ => Effect::Server(deviation(section, mode, recipients)?),
    })
}

/// Reads how much later the DNS answers.
fn slow_dns(section: &Section<'_>) -> Option<DnsFailure> {
    for key in ["factor", "stage"] {
        if section.has(key) {
            let remark = Remark::new(format!("`{key}` means nothing for the DNS"))
                .accepted("`delay`: how much later each answer comes")
                .help(format!("remove `{key}`"));
            section.error_at(key, ProblemKind::Contradiction, remark);
        }
    }
    let Some(delay) = section.field("delay") else {
        let remark = Remark::new("nothing says how slow")
            .accepted("`delay`: how much later each answer comes")
            .help("add delay = \"3s\"");
        section.error_at("mode", ProblemKind::Missing, remark);
        return None;
    };
    delay.positive_duration().map(DnsFailure::Slow)
}

fn deviation(section: &Section<'_>, mode: &str, recipients: Vec<Mailbox>) -> Option<Deviation> {
    let stage = match section.field("stage") {
        Some(field) => Some(stage_named(field.word()?)),
        None => None,
    };
    let flag = |key: &str| section.field(key).and_then(|field| field.flag());
    Some(match mode {
        "slow" => slow(section, stage)?,
        "hang" => match (stage.unwrap_or(Stage::Greeting), flag("store")) {
            (Stage::Dot, Some(true)) => Deviation::HangAfterDot,
            (stage, _) => Deviation::HangAt(stage),
        },
        "drop" => match (stage.unwrap_or(Stage::Dot), flag("store").unwrap_or(true)) {
            (Stage::Dot, true) => Deviation::LoseFinalReply,
            (stage, _) => Deviation::CloseAt(stage),
        },
        "disk_full" => Deviation::DiskFull,
        "tempfail" => answer(section, stage, Reply::new(451, Status::new(4, 3, 0)), recipients)?,
        "permfail" => answer(section, stage, Reply::new(550, Status::new(5, 0, 0)), recipients)?,
        "greylist" => greylist(section, GreylistRules::default())?,
        _ => session_limit(section)?,
    })
}

fn slow(section: &Section<'_>, stage: Option<Stage>) -> Option<Deviation> {
    let factor = section.field("factor");
    let delay = section.field("delay");
    match section.one_of(&["factor", "delay"]) {
        Some("factor") => {
            let field = factor?;
            let factor = field.number()?;
            if !(1e-3..=1e9).contains(&factor) {
                let remark = Remark::new(format!("found {}", field.found()))
                    .accepted("a factor from 0.001 to 1000000000; 4 is four times as slow")
                    .help("write factor = 4");
                field.error(ProblemKind::BadValue, remark);
                return None;
            }
            Some(Deviation::SlowFactor((factor * 1000.0).round() as u64))
        }
        Some(_) => {
            let delay = delay?.duration()?;
            Some(match stage {
                Some(Stage::Greeting) => Deviation::GreetingDelay(delay),
                Some(Stage::Dot) => Deviation::DotDelay(delay),
                Some(_) | None => Deviation::CommandDelay(delay),
            })
        }
        None => {
            let remark = Remark::new("nothing says how slow")
                .accepted("`factor` or `delay`")
                .help("add factor = 4, or delay = \"2s\"");
            section.error_at("mode", ProblemKind::Missing, remark);
            None
        }
    }
}

fn answer(
    section: &Section<'_>,
    stage: Option<Stage>,
    default: Reply,
    recipients: Vec<Mailbox>,
) -> Option<Deviation> {
    let reply = reply(section, default)?;
    if section.has("recipients") {
        if let Some(Stage::Rcpt) | None = stage {
            return Some(Deviation::AnswerRecipients { mailboxes: recipients, reply });
        }
        let remark = Remark::new("recipients are told apart at RCPT only")
            .accepted("stage = \"rcpt\"")
            .help("remove `stage`");
        section.error_at("stage", ProblemKind::Contradiction, remark);
        return None;
    }
    let close = section.field("close").and_then(|field| field.flag()).unwrap_or(false);
    Some(Deviation::Answer { stage: stage.unwrap_or(Stage::Mail), reply, close })
}

fn session_limit(section: &Section<'_>) -> Option<Deviation> {
    let Some(field) = section.field("limit") else {
        let remark = Remark::new("nothing says how many sessions are allowed")
            .accepted("`limit`")
            .help("add limit = 10");
        section.error_at("mode", ProblemKind::Missing, remark);
        return None;
    };
    let reply = reply(section, Reply::new(421, Status::NOT_ACCEPTING))?;
    Some(Deviation::SessionLimit { limit: field.count32()?, reply })
}

/// Reads `delay` and `reply` of greylisting, in an outage or in a host's own table; what only the
/// latter has comes as `rules`.
pub(super) fn greylist(section: &Section<'_>, rules: GreylistRules) -> Option<Deviation> {
    let delay = section.field("delay").map(|field| field.duration());
    let reply = reply(section, Reply::new(450, Status::new(4, 2, 0)))?;
    let delay = delay.unwrap_or(Some(SimDuration::from_minutes(5)))?;
    Some(Deviation::Greylist { delay, reply, rules: Box::new(rules) })
}

/// Reads a reply of the class of `default`: a code, and an enhanced status if one is written.
fn reply(section: &Section<'_>, default: Reply) -> Option<Reply> {
    let Some(field) = section.field("reply") else {
        return Some(default);
    };
    let text = field.text()?;
    let reply = parse_reply(text).filter(|reply| reply.code / 100 == default.code / 100);
    if reply.is_none() {
        report_reply(&field, text, default);
    }
    reply
}

fn report_reply(field: &Field<'_>, text: &str, default: Reply) {
    let class = default.code / 100;
    let remark = Remark::new(format!("found the reply \"{text}\""))
        .accepted(format!(
            "a code from {class}00 to {class}59, and an enhanced status if you like, as \
             \"{default}\""
        ))
        .help(match (parse_reply(text), class) {
            (Some(found), 4) if found.code / 100 == 5 => "mode = \"permfail\" gives 5yz replies",
            (Some(found), 5) if found.code / 100 == 4 => "mode = \"tempfail\" gives 4yz replies",
            _ => "write the code first",
        });
    field.error(ProblemKind::BadValue, remark);
}

/// Reads a code that refuses, and an enhanced status if one is written.
pub(super) fn parse_reply(text: &str) -> Option<Reply> {
    let mut words = text.split_whitespace();
    let code: u16 = words.next()?.parse().ok()?;
    let (class, second) = (code / 100, code / 10 % 10);
    if !(4..=5).contains(&class) || second > 5 {
        return None;
    }
    let Some(status) = words.next() else {
        return Some(Reply::new(code, Status::new(class as u8, 0, 0)));
    };
    let mut parts = status.split('.');
    let (stated, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = parts.next().is_none() && stated.parse() == Ok(class);
    let (subject, detail) = (subject.parse().ok()?, detail.parse().ok()?);
    // RFC 3463 §2: at most three digits.
    let in_range = subject < 1000 && detail < 1000;
    (fits && in_range).then(|| Reply::new(code, Status::new(class as u8, subject, detail)))
}

fn stage_named(word: &str) -> Stage {
    match word {
        "greeting" => Stage::Greeting,
        "ehlo" => Stage::Ehlo,
        "tls" => Stage::Tls,
        "auth" => Stage::Auth,
        "mail" => Stage::Mail,
        "rcpt" => Stage::Rcpt,
        "data" => Stage::Data,
        _ => Stage::Dot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_with_and_without_status() {
        assert_eq!(parse_reply("451 4.3.0"), Some(Reply::new(451, Status::new(4, 3, 0))));
        assert_eq!(parse_reply("550"), Some(Reply::new(550, Status::new(5, 0, 0))));
        for text in ["", "250", "451 5.3.0", "451 4.3", "461", "451 4.3.0.1", "later"] {
            assert_eq!(parse_reply(text), None, "{text}");
        }
    }
}
