//! A scripted server's behaviour as deviations of a host.

use mailsim::dns::{DnsFailure, FailureScope};
use mailsim::fault::{Interval, Schedule, Slowness};
use mailsim::mail::{HostId, Reply, Stage, Status};
use mailsim::model::{Effect, Outage, OutageTarget};
use mailsim::smtp::{BreakingPoint, Deviation, Manner, Replies};
use mailsim::units::{SimDuration, SimTime};
use regex::Regex;

use crate::names::Names;
use crate::recording::{DnsWindow, RecipientReply, Recording, Rule};

/// Returns everything that fails in a recording: outages, what the sinks do otherwise than usual,
/// and what the DNS does.
pub(crate) fn outages(recording: &Recording, names: &Names) -> Result<Vec<Outage>, String> {
    let mut outages = Vec::new();
    let (lasting, forever) = (never_reached(recording, names)?, interval(None, None));
    let mut add = |label: &str, mode: &str, target, effect, interval| {
        outages.push(Outage {
            entry: HostId::from_index(outages.len()).0,
            label: label.to_owned(),
            mode: mode.to_owned(),
            targets: vec![target],
            effect,
            schedule: Schedule::Fixed(interval),
            larger_than: None,
            asked_by: None,
        });
    };
    for outage in &recording.timeline.outages {
        if outage.port != 25 {
            return Err(format!("an outage of port {} is not modelled", outage.port));
        }
        let effect = match outage.mode.as_str() {
            "refuse" => Effect::Refuse,
            "blackhole" => Effect::Blackhole { inbound_only: true },
            "unreachable" => Effect::Unreachable,
            other => return Err(format!("unknown word `{other}` in timeline.outages[].mode")),
        };
        let interval = interval(outage.from_s, outage.to_s);
        add(&outage.host, &outage.mode, target(&outage.address, names)?, effect, interval);
    }
    // After those above: of outages that overlap, the first decides.
    for (host, target, effect) in lasting {
        add(&host, "ipv6", target, effect, forever);
    }
    for (host, crash) in crashes(recording) {
        let effect = Effect::Crash { machine: false };
        add(host, "crash", OutageTarget::Host(names.host(host)?), effect, crash);
    }
    for (name, sink) in &recording.sinks {
        let host = names.host(name)?;
        // A sink has one slot for closing over all stages: the first rule in force hides the others.
        let mut closes = Vec::new();
        for rule in &sink.behaviour {
            let interval = interval(rule.from_s, rule.to_s);
            let mut parts = vec![interval];
            if rule.slot == "close_at" {
                parts = uncovered(interval, &closes);
                closes.push(interval);
            }
            for deviation in deviations(rule, names)? {
                let effect = Effect::Server(deviation);
                for part in &parts {
                    let target = OutageTarget::Host(host);
                    add(name, &rule.slot, target, effect.clone(), *part);
                }
            }
        }
    }
    // Where several windows match, the last one stated decides, in the model too.
    for window in &recording.dns.windows {
        let interval = interval(window.from_s, window.to_s);
        for effect in dns_effects(window, names)? {
            add("dns", &window.mode, OutageTarget::Dns, effect, interval);
        }
    }
    Ok(outages)
}

/// Returns what an outage of an address strikes: the host, where it has no other.
fn target(address: &str, names: &Names) -> Result<OutageTarget, String> {
    let host = names.host_at(address)?;
    Ok(match names.addresses_of(host).len() {
        1 => OutageTarget::Host(host),
        _ => OutageTarget::Address(names.address(address)?),
    })
}

/// Returns the IPv6 addresses at which nobody listens, or to which there is no way.
fn never_reached(
    recording: &Recording,
    names: &Names,
) -> Result<Vec<(String, OutageTarget, Effect)>, String> {
    let mut all = Vec::new();
    for host in recording.topology.hosts.iter().filter(|_| recording.speaks_ipv6()) {
        let Some(address) = host.address6.as_ref().filter(|_| !host.listens6) else {
            continue;
        };
        let effect = if host.unrouted6 { Effect::Unreachable } else { Effect::Refuse };
        all.push((host.name.clone(), target(address, names)?, effect));
    }
    Ok(all)
}

/// Returns when servers were killed (SIGKILL), and until when they were gone.
pub(crate) fn crashes(recording: &Recording) -> impl Iterator<Item = (&str, Interval)> {
    let actions = &recording.timeline.actions;
    let killed = actions.iter().filter(|done| done.action == "server_abort");
    killed.map(|killed| {
        let started = actions.iter().find(|done| {
            done.host == killed.host && done.action == "server_start" && done.t_s > killed.t_s
        });
        let until = started.map(|done| done.done_s.unwrap_or(done.t_s));
        (killed.host.as_str(), interval(Some(killed.t_s), until))
    })
}

/// Returns what fails in a window: names that end in its text, or all names that are asked for in
/// the DNS. (Addresses, which stand in the model's zone as well, are not.)
fn dns_effects(window: &DnsWindow, names: &Names) -> Result<Vec<Effect>, String> {
    let failure = match window.mode.as_str() {
        "timeout" => DnsFailure::NoAnswer,
        "servfail" => DnsFailure::ServerFailure,
        other => return Err(format!("unknown word `{other}` in dns.windows[].mode")),
    };
    let effect = |ending: &str| Effect::Dns(failure, FailureScope::Suffix(ending.to_owned()));
    Ok(match &window.name_ends_with {
        Some(ending) => vec![effect(ending)],
        None => names.top_labels().into_iter().map(effect).collect(),
    })
}

/// Returns the part of `from <= t < to` [s] that lies in the run; an open end is the run's.
pub(crate) fn interval(from: Option<f64>, to: Option<f64>) -> Interval {
    Interval { from: from.map_or(SimTime::ZERO, seconds), to: to.map_or(SimTime::MAX, seconds) }
}

/// Returns a time given in seconds; times before the start of the run become its start.
pub(crate) fn seconds(at: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(at)
}

fn deviations(rule: &Rule, names: &Names) -> Result<Vec<Deviation>, String> {
    let stage = || stage(&rule.stage);
    let delay = || {
        let delay = rule.delay_s.ok_or_else(|| format!("rule {} has no delay_s", rule.slot))?;
        Ok::<_, String>(SimDuration::from_secs_f64(delay))
    };
    let one = match (rule.slot.as_str(), rule.action.as_str()) {
        ("banner_delay", "delay") => slow(Replies::Of(Stage::Greeting), delay()?),
        ("command_delay", "delay") => slow(Replies::ToCommands, delay()?),
        ("dot_delay", "delay") => slow(Replies::Of(Stage::Dot), delay()?),
        ("helo_delay" | "mail_delay" | "rcpt_delay" | "data_delay", "delay") => {
            slow(Replies::Of(stage()?), delay()?)
        }
        ("max_connections", "max_connections") => {
            let limit = rule.limit.ok_or("max_connections has no limit")?;
            Deviation::SessionLimit { limit, reply: reply(rule)? }
        }
        ("close_at", "close") => breaks(BreakingPoint::At(stage()?), Manner::Close),
        (
            "banner_reply" | "helo_reply" | "mail_reply" | "rcpt_reply" | "data_reply"
            | "dot_reply",
            "reply",
        ) => {
            let close = match rule.then.as_deref() {
                Some("close") => true,
                // A greeting other than 2xx always ends the connection.
                Some("continue") | None => rule.stage == "banner" && rule.code > Some(299),
                Some(other) => return Err(format!("unknown word `{other}` in behaviour[].then")),
            };
            Deviation::Answer { stage: stage()?, reply: reply(rule)?, close }
        }
        ("rcpt_by_recipient", "reply_by_recipient") => return by_recipient(rule, names),
        ("greylist", "greylist") => {
            Deviation::Greylist { delay: delay()?, reply: reply(rule)?, rules: Box::default() }
        }
        ("close_after_dot", "close") => breaks(BreakingPoint::Stored, Manner::Close),
        ("hang_after_dot", "hang") => breaks(BreakingPoint::Stored, Manner::Hang),
        (slot, action) => return Err(format!("unknown words `{slot}`, `{action}` in behaviour[]")),
    };
    Ok(vec![one])
}

/// Returns the parts of `interval` that none of `earlier` covers.
fn uncovered(interval: Interval, earlier: &[Interval]) -> Vec<Interval> {
    let mut parts = vec![interval];
    for other in earlier {
        let cut = |part: Interval| {
            let before = Interval { from: part.from, to: part.to.min(other.from) };
            let after = Interval { from: part.from.max(other.to), to: part.to };
            [before, after].into_iter().filter(|part| part.from < part.to)
        };
        parts = parts.into_iter().flat_map(cut).collect();
    }
    parts
}

fn slow(replies: Replies, delay: SimDuration) -> Deviation {
    Deviation::Slow { replies, by: Slowness::Delay(delay) }
}

fn breaks(at: BreakingPoint, how: Manner) -> Deviation {
    Deviation::Break { at, how }
}

fn stage(word: &str) -> Result<Stage, String> {
    Ok(match word {
        "banner" => Stage::Greeting,
        "helo" => Stage::Ehlo,
        "mail" => Stage::Mail,
        "rcpt" => Stage::Rcpt,
        "data" => Stage::Data,
        "dot" => Stage::Dot,
        other => return Err(format!("unknown word `{other}` in behaviour[].stage")),
    })
}

fn reply(rule: &Rule) -> Result<Reply, String> {
    // What a reply has by default is told for greylisting only.
    let default = (rule.slot == "greylist").then_some(450);
    let code = rule.code.or(default).ok_or_else(|| format!("rule {} has no code", rule.slot))?;
    let status = if rule.code.is_none() { Some("4.2.0") } else { rule.enhanced.as_deref() };
    reply_of(code, status)
}

fn reply_of(code: u16, enhanced: Option<&str>) -> Result<Reply, String> {
    let class = u8::try_from(code / 100).map_err(|error| error.to_string())?;
    let status = match enhanced {
        Some(text) => text.parse().map_err(|()| format!("`{text}` is no enhanced status"))?,
        None => Status::new(class, 0, 0),
    };
    Ok(Reply::new(code, status))
}

/// Returns one deviation for each reply: the last pattern that matches an address decides.
fn by_recipient(rule: &Rule, names: &Names) -> Result<Vec<Deviation>, String> {
    let compile = |row: &RecipientReply| {
        let anchored = format!("^(?:{})", row.pattern);
        Regex::new(&anchored).map_err(|error| error.to_string())
    };
    let patterns = rule.recipients.iter().map(compile).collect::<Result<Vec<_>, _>>()?;
    let mut mailboxes = vec![Vec::new(); patterns.len()];
    for (address, mailbox) in names.all_mailboxes() {
        if let Some(last) = patterns.iter().rposition(|pattern| pattern.is_match(&address)) {
            mailboxes[last].push(mailbox);
        }
    }
    let rows = rule.recipients.iter().zip(mailboxes).filter(|(_, boxes)| !boxes.is_empty());
    rows.map(|(row, mut mailboxes)| {
        mailboxes.sort_unstable();
        let reply = reply_of(row.code, row.enhanced.as_deref())?;
        let close = row.then.as_deref() == Some("close");
        Ok(Deviation::AnswerRecipients { mailboxes, reply, close })
    })
    .collect()
}
