//! Numbers without a unit: what they mean to the server in whose setting they stand, and elsewhere the
//! likely unit.
//!
//! A value copied from a server's own file keeps its meaning: `queue_run_delay = 300` is 300 s, and
//! `maximal_queue_lifetime = 5` is five days, as postconf(5) has it. Only names of the server's own documents
//! are read so; everywhere else a unit is asked for, and the message proposes the likely one.

use crate::profiles::Family;
use crate::profiles::settings::Slot;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark};
use crate::scenario::text::tree::{Node, Value};
use crate::units::SimDuration;

/// A unit of time in which a server takes bare numbers: how a scenario writes it, its name, its seconds.
type TimeUnit = (&'static str, &'static str, u64);
const SECONDS: TimeUnit = ("s", "seconds", 1);
const MINUTES: TimeUnit = ("m", "minutes", 60);
const HOURS: TimeUnit = ("h", "hours", 3600);
const DAYS: TimeUnit = ("d", "days", 86_400);

/// Longer than this no setting is meant to be, when its number has no unit \[s\].
const ABSURD: u64 = 366 * 86_400;

/// Returns the unit in which a server takes the bare numbers of a time, if it takes any.
fn time_unit(name: &str, family: Family) -> Option<TimeUnit> {
    match family {
        // postconf(5) gives each time parameter a default unit.
        Family::Postfix => match name {
            "maximal_queue_lifetime" | "bounce_queue_lifetime" => Some(DAYS),
            "delay_warning_time" => Some(HOURS),
            "scan_phase" | "clock_lag" | "timer_lag" => None,
            _ => Some(SECONDS),
        },
        // sendmail/conf.c, readcf.c: minutes, but for these.
        Family::Sendmail => match name {
            "confTO_QUEUERETURN" | "confTO_QUEUERETURN_DSN" => Some(DAYS),
            "confTO_QUEUEWARN" => Some(HOURS),
            _ => name.starts_with("conf").then_some(MINUTES),
        },
        // qmail-control(5): all times are seconds.
        Family::Qmail => {
            matches!(name, "queuelifetime" | "timeoutconnect" | "timeoutremote").then_some(SECONDS)
        }
        _ => None,
    }
}

/// The digits of a value that is nothing but a whole number, in quotes or without.
fn bare(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::Text(text) if text.trim().bytes().all(|byte| byte.is_ascii_digit()) => {
            text.trim().parse().ok()
        }
        _ => None,
    }
}

/// What a value is to a server, if it is a number without unit.
pub(crate) enum Bare {
    /// It is none, or the server takes none here.
    No,
    /// It was reported as absurd.
    Absurd,
    /// The same with its unit.
    Means(Node),
}

/// Returns whether a bare number has a meaning in a setting.
pub(crate) fn has_meaning(name: &str, family: Family, slot: &Slot<'_>) -> bool {
    match slot {
        // Octets to every server that has such a setting.
        Slot::SizeLimit(_) | Slot::Size(_) => true,
        Slot::Duration(_)
        | Slot::Period(_)
        | Slot::Lag(_)
        | Slot::TwoDurations(..)
        | Slot::OptionalDuration(_) => time_unit(name, family).is_some(),
        _ => false,
    }
}

/// Returns the value with the unit that the server gives it. An absurd one is reported, with what was
/// probably meant.
pub(crate) fn with_unit(field: &Field<'_>, name: &str, family: Family, slot: &Slot<'_>) -> Bare {
    let number = bare(&field.node.value).filter(|number| *number > 0);
    let (Some(number), true) = (number, has_meaning(name, family, slot)) else {
        return Bare::No;
    };
    let means = |unit: &str| {
        let value = Value::Text(format!("{number}{unit}"));
        Bare::Means(Node { place: field.node.place.clone(), value })
    };
    if matches!(slot, Slot::SizeLimit(_) | Slot::Size(_)) {
        return means("B");
    }
    let Some((unit, units, worth)) = time_unit(name, family) else { return Bare::No };
    if number.saturating_mul(worth) <= ABSURD {
        return means(unit);
    }
    let likely = SimDuration::from_secs(number.min(ABSURD)).exact();
    let message = format!("found {number}, which is {number} {units} to the server: absurdly long");
    let remark = Remark::new(message)
        .accepted(format!("a duration such as \"5d\"; a number without unit is in {units} here"))
        .help(format!("did you mean \"{likely}\"?"));
    field.error(ProblemKind::BadValue, remark);
    Bare::Absurd
}

/// Keys whose bare numbers are milliseconds: delays within a session.
const IN_MILLISECONDS: &[&str] = &[
    "latency",
    "jitter",
    "greeting",
    "command",
    "message",
    "pickup",
    "agent",
    "process_start",
    "local",
];

/// Returns a bare number of a time, with the unit that it has most likely.
pub(crate) fn likely_time(key: &str, number: f64) -> String {
    let whole = number.fract() == 0.0;
    if IN_MILLISECONDS.contains(&key) && whole && (1.0..10_000.0).contains(&number) {
        return format!("{number}ms");
    }
    // Nobody watches mail for so few seconds.
    if key == "duration" && whole && number <= 72.0 {
        return format!("{number}h");
    }
    if !whole && number >= 1.0 {
        return format!("{number}s");
    }
    SimDuration::from_secs_f64(number).exact().to_string()
}

/// Returns a bare number of a size, with the unit that it has most likely: programs count octets, people who
/// write a small number mean thousands.
pub(crate) fn likely_size(number: f64) -> String {
    if number < 1000.0 {
        return format!("{number}kB");
    }
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let fits = units.iter().find(|(_, worth)| number % worth == 0.0);
    fits.map_or(format!("{number}B"), |(unit, worth)| format!("{}{unit}", number / worth))
}

/// Returns a bare number of a bandwidth, with the unit that it has most likely.
pub(crate) fn likely_bit_rate(number: f64) -> String {
    if number < 100_000.0 { format!("{number}Mbit/s") } else { format!("{}Mbit/s", number / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likely_unit_is_proposed() {
        assert_eq!(likely_time("duration", 3600.0), "1h");
        assert_eq!(likely_time("duration", 24.0), "24h");
        assert_eq!(likely_time("latency", 20.0), "20ms");
        assert_eq!(likely_time("latency", 1.5), "1.5s");
        assert_eq!(likely_time("delay", 0.5), "500ms");
        assert_eq!(likely_time("for", 300.0), "5m");
        assert_eq!(likely_size(50.0), "50kB");
        assert_eq!(likely_size(10_240_000.0), "10240kB");
        assert_eq!(likely_size(75_001.0), "75001B");
        assert_eq!(likely_bit_rate(10_000_000.0), "10Mbit/s");
    }
}
