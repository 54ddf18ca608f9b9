//! What an outage of each mode does to what it strikes: the behaviours of the table of modes.

use super::modes::{KEYS, MODES, Mode, ModeKey, Strikes, stage_named};
use crate::dns::{DnsFailure, FailureScope};
use crate::fault::Slowness;
use crate::mail::{Mailbox, Reply, Stage, Status};
use crate::model::Effect;
use crate::scenario::text::names::listed;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::smtp::{BreakingPoint, Deviation, GreylistRules, Manner, Replies};
use crate::units::SimDuration;

/// An outage whose mode is known, before what it does is.
pub(crate) struct Reading<'s, 'a> {
    section: &'s Section<'a>,
    strikes: Strikes,
    /// Which names, where it strikes the DNS.
    scope: Option<FailureScope>,
    /// The stage that is written, or that a key implies.
    stage: Option<Stage>,
    recipients: Vec<Mailbox>,
}

/// Reads what an outage of this mode does to what it strikes.
pub(crate) fn effect(
    section: &Section<'_>,
    mode: &str,
    strikes: Strikes,
    scope: Option<FailureScope>,
    recipients: Vec<Mailbox>,
) -> Option<Effect> {
    let mode = Mode::named(mode);
    if !mode.strikes.contains(&strikes) {
        let words = || Mode::of(strikes).map(|mode| mode.word);
        let remark =
            Remark::new(format!("{} cannot fail by \"{}\"", strikes.describe(), mode.word))
                .accepted(listed(words()))
                .help(format!("write mode = \"{}\"", words().next().unwrap_or_default()));
        section.error_at("mode", ProblemKind::Contradiction, remark);
        return None;
    }
    for key in KEYS.iter().filter(|key| section.has(key.name)) {
        match mode.key(key.name) {
            Some(key) if key.strikes.contains(&strikes) => {}
            known => refuse_key(section, mode, key.name, known),
        }
    }
    let written = match section.field("stage") {
        Some(field) => Some(stage_of(&field, mode)?),
        None => None,
    };
    let stage = with_implied(section, mode, written)?;
    knows_size(section, mode, stage)?;
    if !mode.needs.is_empty() && section.one_of(mode.needs).is_none() {
        let needs: Vec<String> = mode.needs.iter().map(|key| format!("`{key}`")).collect();
        let value = |key: &str| mode.key(key).and_then(|key| key.values.first()).copied();
        let examples = mode.needs.iter().filter_map(|key| Some(format!("{key} = {}", value(key)?)));
        let remark = Remark::new(format!("mode = \"{}\" says too little", mode.word))
            .accepted(needs.join(" or "))
            .help(format!("add {}", examples.collect::<Vec<_>>().join(", or ")));
        section.error_at("mode", ProblemKind::Missing, remark);
        return None;
    }
    (mode.effect)(&Reading { section, strikes, scope, stage, recipients })
}

/// Refuses `larger_than` where no message is known yet; none: it was refused.
fn knows_size(section: &Section<'_>, mode: &Mode, stage: Option<Stage>) -> Option<()> {
    if !section.has("larger_than") {
        return Some(());
    }
    let early = [Stage::Greeting, Stage::Ehlo, Stage::Tls, Stage::Auth];
    let hangs_at_once = mode.word == "hang" && stage.is_none();
    if !hangs_at_once && !stage.is_some_and(|stage| early.contains(&stage)) {
        return Some(());
    }
    let remark = Remark::new("no server knows the size of a message before MAIL")
        .accepted("stage = \"mail\", \"rcpt\", \"data\", \"body\" or \"dot\" with `larger_than`")
        .help("write stage = \"dot\" for large messages that get no reply");
    section.error_at("larger_than", ProblemKind::Contradiction, remark);
    None
}

fn refuse_key(section: &Section<'_>, mode: &Mode, name: &str, known: Option<&ModeKey>) {
    let remark = match known {
        Some(key) => {
            let targets: Vec<&str> = key.strikes.iter().map(|kind| kind.describe()).collect();
            Remark::new(format!("`{name}` says nothing about what is struck here"))
                .accepted(format!("`{name}` where {} fails", targets.join(" or ")))
        }
        None => {
            let with = MODES.iter().filter(|mode| mode.key(name).is_some());
            let with: Vec<&str> = with.map(|mode| mode.word).collect();
            Remark::new(format!("`{name}` means nothing with mode = \"{}\"", mode.word))
                .accepted(format!("`{name}` with mode {}", with.join(", ")))
        }
    };
    let remark = remark.help(format!("remove `{name}`"));
    section.error_at(name, ProblemKind::Contradiction, remark);
}

/// Reads `stage`: one that occurs to the mode.
fn stage_of(field: &Field<'_>, mode: &Mode) -> Option<Stage> {
    let word = field.word()?;
    let key = mode.key("stage")?;
    let in_toml = format!("\"{word}\"");
    if !key.values.contains(&in_toml.as_str()) {
        let remark = Remark::new("while the message is on its way the server says nothing")
            .accepted(key.values.join(", "))
            .help("write stage = \"dot\" for its reply, or let the session break: mode = \"drop\"");
        field.error(ProblemKind::Contradiction, remark);
        return None;
    }
    Some(stage_named(word))
}

/// Returns the stage that is written, or the one that another key belongs to and so implies.
fn with_implied(
    section: &Section<'_>,
    mode: &Mode,
    written: Option<Stage>,
) -> Option<Option<Stage>> {
    let bound = mode.keys.iter().find(|key| key.stage.is_some() && section.has(key.name));
    let Some(ModeKey { name: key, stage: Some(stage), .. }) = bound else {
        return Some(written);
    };
    let stage = *stage;
    if written.is_none_or(|written| written == stage) {
        return Some(Some(stage));
    }
    let remark = Remark::new(match stage {
        Stage::Rcpt => "recipients are told apart at RCPT only".to_owned(),
        _ => format!("whether a message is stored is settled at the final dot: `{key}`"),
    })
    .accepted(format!("stage = \"{}\"", stage.as_str()))
    .help(format!("remove `stage` or `{key}`"));
    section.error_at("stage", ProblemKind::Contradiction, remark);
    None
}

impl Reading<'_, '_> {
    fn flag(&self, key: &str) -> Option<bool> {
        self.section.field(key).and_then(|field| field.flag())
    }

    fn breaks(&self, how: Manner, default: BreakingPoint) -> Option<Effect> {
        let at = match (self.stage, self.flag("store")) {
            (Some(Stage::Dot), Some(true)) => BreakingPoint::Stored,
            (Some(Stage::Dot), None) if default == BreakingPoint::Stored => default,
            (Some(stage), _) => BreakingPoint::At(stage),
            (None, _) => default,
        };
        Some(Effect::Server(Deviation::Break { at, how }))
    }

    fn answers(&self, default: Reply) -> Option<Effect> {
        let reply = reply(self.section, default)?;
        let close = self.flag("close").unwrap_or(false);
        if !self.section.has("recipients") {
            let stage = self.stage.unwrap_or(Stage::Mail);
            return Some(Effect::Server(Deviation::Answer { stage, reply, close }));
        }
        if self.recipients.is_empty() {
            let remark = Remark::new("`recipients` names nobody, so nobody is refused")
                .accepted("one or more addresses")
                .help("name them, or remove `recipients`");
            self.section.error_at("recipients", ProblemKind::Contradiction, remark);
            return None;
        }
        let mailboxes = self.recipients.clone();
        Some(Effect::Server(Deviation::AnswerRecipients { mailboxes, reply, close }))
    }

    fn fails(&self, failure: DnsFailure) -> Option<Effect> {
        Some(Effect::Dns(failure, self.scope.clone()?))
    }
}

pub(crate) fn blackhole(reading: &Reading<'_, '_>) -> Option<Effect> {
    Some(match reading.strikes {
        Strikes::Link => Effect::LinkDown,
        _ => Effect::Blackhole { inbound_only: reading.flag("inbound_only").unwrap_or(false) },
    })
}

pub(crate) fn crash(reading: &Reading<'_, '_>) -> Option<Effect> {
    Some(Effect::Crash { machine: reading.flag("machine").unwrap_or(false) })
}

pub(crate) fn hang(reading: &Reading<'_, '_>) -> Option<Effect> {
    reading.breaks(Manner::Hang, BreakingPoint::At(Stage::Greeting))
}

pub(crate) fn drop(reading: &Reading<'_, '_>) -> Option<Effect> {
    reading.breaks(Manner::Close, BreakingPoint::Stored)
}

pub(crate) fn disk_full(_: &Reading<'_, '_>) -> Option<Effect> {
    Some(Effect::Server(Deviation::DiskFull))
}

pub(crate) fn tempfail(reading: &Reading<'_, '_>) -> Option<Effect> {
    reading.answers(Reply::new(451, Status::new(4, 3, 0)))
}

pub(crate) fn permfail(reading: &Reading<'_, '_>) -> Option<Effect> {
    reading.answers(Reply::new(550, Status::new(5, 0, 0)))
}

pub(crate) fn greylisting(reading: &Reading<'_, '_>) -> Option<Effect> {
    greylist(reading.section, GreylistRules::default()).map(Effect::Server)
}

pub(crate) fn no_answer(reading: &Reading<'_, '_>) -> Option<Effect> {
    reading.fails(DnsFailure::NoAnswer)
}

pub(crate) fn servfail(reading: &Reading<'_, '_>) -> Option<Effect> {
    reading.fails(DnsFailure::ServerFailure)
}

pub(crate) fn nxdomain(reading: &Reading<'_, '_>) -> Option<Effect> {
    reading.fails(DnsFailure::NameError)
}

pub(crate) fn slow(reading: &Reading<'_, '_>) -> Option<Effect> {
    let by = match (reading.section.field("factor"), reading.section.field("delay")) {
        (Some(field), _) => Slowness::Factor(thousandths(&field)?),
        (None, delay) => Slowness::Delay(delay?.duration()?),
    };
    if let Some(scope) = &reading.scope {
        return Some(Effect::Dns(DnsFailure::Slow(by), scope.clone()));
    }
    // A delay without a stage is of commands; a slow machine is slow at everything.
    let replies = match (reading.stage, by) {
        (Some(stage), _) => Replies::Of(stage),
        (None, Slowness::Delay(_)) => Replies::ToCommands,
        (None, Slowness::Factor(_)) => Replies::All,
    };
    Some(Effect::Server(Deviation::Slow { replies, by }))
}

fn thousandths(field: &Field<'_>) -> Option<u64> {
    let factor = field.number()?;
    if !(1e-3..=1e9).contains(&factor) {
        let remark = Remark::new(format!("found {}", field.found()))
            .accepted("a factor from 0.001 to 1000000000; 4 is four times as slow")
            .help("write factor = 4");
        field.error(ProblemKind::BadValue, remark);
        return None;
    }
    Some((factor * 1000.0).round() as u64)
}

pub(crate) fn session_limit(reading: &Reading<'_, '_>) -> Option<Effect> {
    let reply = reply(reading.section, Reply::new(421, Status::NOT_ACCEPTING))?;
    let limit = reading.section.field("limit")?.count32()?;
    Some(Effect::Server(Deviation::SessionLimit { limit, reply }))
}

/// Reads `delay` and `reply` of greylisting, in an outage or in a host's own table; what only the
/// latter has comes as `rules`.
pub(crate) fn greylist(section: &Section<'_>, rules: GreylistRules) -> Option<Deviation> {
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
pub(crate) fn parse_reply(text: &str) -> Option<Reply> {
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
