//! What a key takes, in words: its kind, its units, its range, an example.

use crate::scenario::text::limits;
use crate::scenario::text::shape::{Key, Shape, Unit};

/// Where a key's text ends and its default begins.
const DEFAULT: &str = "; default";

/// Splits what is said of a key into what it means and what holds without it.
pub(super) fn split_default(about: &'static str) -> (&'static str, Option<&'static str>) {
    // A short text may be nothing but its default.
    if let Some(default) = about.strip_prefix("default ") {
        return ("", Some(default));
    }
    match about.split_once(DEFAULT) {
        Some((meaning, default)) => (meaning, Some(default.trim_start_matches([':', ' ']))),
        None => (about, None),
    }
}

/// Says what kind of value a shape is.
pub(super) fn kind(shape: Shape) -> String {
    match shape {
        Shape::Text => "text".to_owned(),
        Shape::Flag => "true or false".to_owned(),
        Shape::Count(..) => "whole number".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Anything => "any value".to_owned(),
        Shape::Duration => "duration".to_owned(),
        Shape::SignedDuration => "duration with a sign".to_owned(),
        Shape::Size => "size".to_owned(),
        Shape::SizeOrOctets => "size, or a number of octets".to_owned(),
        Shape::BitRate => "bit rate".to_owned(),
        Shape::EventRate => "rate".to_owned(),
        Shape::Distribution(Unit::Time) => "duration, or a distribution of durations".to_owned(),
        Shape::Distribution(Unit::Size) => "size, or a distribution of sizes".to_owned(),
        Shape::Distribution(Unit::Number) => "number, or a distribution of numbers".to_owned(),
        Shape::Parameter => "quantity of the distribution's unit".to_owned(),
        Shape::Word(_) => "one of the words below".to_owned(),
        Shape::List(Shape::Table(_)) => "list of tables".to_owned(),
        Shape::List(of) => format!("list: {}", kind(*of)),
        Shape::Table(_) => "table".to_owned(),
        Shape::Map(of) => format!("table of names: {}", kind(*of)),
        Shape::Either(shapes) => {
            let mut kinds: Vec<String> = Vec::new();
            for kind in shapes.iter().map(|shape| kind(*shape)) {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            kinds.join("; or ")
        }
        Shape::Mta => "name of a mail server, or a table of its settings with `profile`".to_owned(),
    }
}

/// Returns the units that values have.
pub(super) fn units(shape: Shape) -> Option<&'static str> {
    match shape {
        Shape::Duration | Shape::SignedDuration | Shape::Distribution(Unit::Time) => {
            Some("ns, us, ms, s, min or m, h, d, w; several add up, as 2h30m")
        }
        Shape::Size | Shape::SizeOrOctets | Shape::Distribution(Unit::Size) => {
            Some("B, kB, MB, GB (thousands), KiB, MiB, GiB (1024)")
        }
        Shape::BitRate => Some("bit/s, kbit/s, Mbit/s, Gbit/s"),
        Shape::EventRate => Some("/s, /min, /h, /d, /w"),
        Shape::List(of) | Shape::Map(of) => units(*of),
        Shape::Either(shapes) => shapes.iter().find_map(|shape| units(*shape)),
        _ => None,
    }
}

/// Returns the least and greatest value.
pub(super) fn range(shape: Shape) -> Option<String> {
    match shape {
        Shape::Count(least, most) if most >= i64::MAX as u64 => Some(format!("from {least}")),
        Shape::Count(least, most) => Some(format!("{least} to {most}")),
        Shape::Duration | Shape::Distribution(Unit::Time) => {
            Some(format!("0 to {} years", limits::YEARS))
        }
        Shape::SignedDuration => Some(format!("-{0} to +{0} years", limits::YEARS)),
        Shape::Either(shapes) => shapes.iter().find_map(|shape| range(*shape)),
        Shape::List(of) => range(*of).map(|range| format!("each {range}")),
        _ => None,
    }
}

/// Returns a line of TOML that uses the key: the one that its table has, its default, or one of its kind.
pub(super) fn example(key: &Key, default: Option<&str>) -> String {
    if !key.example.is_empty() {
        return key.example.to_owned();
    }
    // What the text has already: `as "24h"`.
    let told = key.about.split_once("as \"").and_then(|(_, rest)| rest.split('"').next());
    let told =
        told.filter(|_| matches!(key.shape, Shape::Text | Shape::Duration | Shape::EventRate));
    let value = match told {
        Some(told) => format!("\"{told}\""),
        None => of_default(key.shape, default).unwrap_or_else(|| of_shape(key.name, key.shape)),
    };
    format!("{} = {value}", key.name)
}

/// The default as a value, where it is one.
fn of_default(shape: Shape, default: Option<&str>) -> Option<String> {
    let first = default?.split([',', ':', ';', '(']).next()?.trim();
    let is_plain = !first.is_empty() && !first.contains(' ');
    let starts_with_digit = first.starts_with(|letter: char| letter.is_ascii_digit());
    match shape {
        Shape::Flag if first == "true" || first == "false" => Some(first.to_owned()),
        Shape::Count(..) | Shape::Number | Shape::Distribution(Unit::Number)
            if is_plain && first.parse::<f64>().is_ok() =>
        {
            Some(first.to_owned())
        }
        Shape::Duration | Shape::Size | Shape::BitRate | Shape::Distribution(_)
            if is_plain && starts_with_digit =>
        {
            Some(if first == "0" { "\"0s\"".to_owned() } else { format!("\"{first}\"") })
        }
        Shape::Word(_) | Shape::Text if first.starts_with('"') && first.ends_with('"') => {
            Some(first.to_owned())
        }
        Shape::Either(shapes) => shapes.iter().find_map(|shape| of_default(*shape, default)),
        _ => None,
    }
}

/// Names as texts of keys, by the end of the key's name.
const TEXTS: &[(&str, &str)] = &[
    ("host", "mx1.example.org"),
    ("hosts", "mx1.example.org"),
    ("server", "mail.sender.example"),
    ("client", "mua.sender.example"),
    ("ask", "mx1.example.org"),
    ("domain", "recipient.example"),
    ("domains", "recipient.example"),
    ("include", "service.example"),
    ("alias", "other.example"),
    ("mailbox", "bob@recipient.example"),
    ("mailboxes", "bob@recipient.example"),
    ("recipients", "bob@recipient.example"),
    ("owner", "owner@list.example"),
    ("to", "bob@recipient.example"),
    ("store", "mx1.example.org"),
    ("dkim", "mail.sender.example"),
    ("site", "north"),
    ("reply", "451 4.3.0"),
    ("exchangers", "gateway.example"),
    ("address", "192.0.2.1"),
    ("relay", "relay.example"),
    ("unaware_of", "recipient.example"),
    ("blocklists", "bl.example"),
];

fn text_for(name: &str) -> &'static str {
    let of_end = |(end, _): &&(&str, &str)| {
        name.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    };
    TEXTS.iter().find(of_end).map_or("a few words", |(_, text)| text)
}

/// A value of this shape.
fn of_shape(name: &str, shape: Shape) -> String {
    match shape {
        Shape::Text => format!("\"{}\"", text_for(name)),
        Shape::Flag => "true".to_owned(),
        Shape::Count(least, most) => 10.clamp(least, most).to_string(),
        Shape::Number => "0.5".to_owned(),
        Shape::Anything => "1".to_owned(),
        Shape::Duration | Shape::Distribution(Unit::Time) => "\"15m\"".to_owned(),
        Shape::SignedDuration => "\"-90s\"".to_owned(),
        Shape::Size | Shape::SizeOrOctets | Shape::Distribution(Unit::Size) => {
            "\"10MB\"".to_owned()
        }
        Shape::BitRate => "\"10Mbit/s\"".to_owned(),
        Shape::EventRate => "\"30/h\"".to_owned(),
        Shape::Parameter => "\"20ms\"".to_owned(),
        Shape::Distribution(Unit::Number) => "1".to_owned(),
        Shape::Word(words) => format!("\"{}\"", words.first().unwrap_or(&"")),
        Shape::List(Shape::Table(keys)) => format!("[{}]", of_shape(name, Shape::Table(keys))),
        Shape::List(of) => format!("[{}]", of_shape(name, *of)),
        Shape::Table(keys) => {
            // What has to be there, or else the first key.
            let needed: Vec<&Key> = keys.keys.iter().filter(|key| key.required).collect();
            let shown = if needed.is_empty() { keys.keys.iter().take(1).collect() } else { needed };
            let lines: Vec<String> =
                shown.into_iter().map(|key| example(key, split_default(key.about).1)).collect();
            format!("{{ {} }}", lines.join(", "))
        }
        Shape::Map(of) => format!("{{ \"recipient.example\" = {} }}", of_shape("host", *of)),
        Shape::Either(shapes) => of_shape(name, shapes[0]),
        Shape::Mta => "\"postfix\"".to_owned(),
    }
}
