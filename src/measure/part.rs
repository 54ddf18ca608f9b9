//! Whose mail, and when it was sent: the part of the mail that a figure is of.
//!
//! `to:big.example&during:outage.0/delivered_share`: selectors joined by `&`, then `/` and the figure.
//! This file owns that grammar; whoever takes the name of a figure takes it.

use std::fmt;
use std::str::FromStr;

use crate::units::SimTime;

use super::window::Window;

/// A part of the mail: what every one of its selectors holds of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part(pub Vec<Selector>);

/// What mail has to be to belong to a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `from:DOMAIN`: the domain of the reverse path; `<>` is the null path.
    From(String),
    /// `to:DOMAIN`: the domain of the recipient.
    To(String),
    /// `entry:NAME`: made by the `[[mail]]` entry of this name or number (from 0), or in consequence of
    /// its mail.
    Entry(String),
    /// `host:NAME`: the host that submitted or made it, or the first server that took it from there.
    Host(String),
    /// `via:NAME`: a host on its way, the last one included.
    Via(String),
    /// `kind:KIND`: what kind of message; without this selector mail that people write.
    Kind(KindWord),
    /// `during:NAME`: submitted during an outage or a named window, or `during:2h..6h`.
    During(String),
}

/// Kinds of messages by the words of `kind:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KindWord {
    /// Mail that people write.
    Mail,
    /// Copies made by mailing lists.
    ListCopy,
    /// Notices that delivery is late.
    DelayNotice,
    /// Notices that delivery has failed.
    FailureNotice,
    /// Those of them about mail that was refused for good.
    RefusalNotice,
    /// Those about mail that was given up after tries that failed for now.
    ExpiryNotice,
    /// Those made by an exchanger that had taken the mail and could not pass it on: a backup.
    BackupNotice,
    /// Notices of any kind.
    Notice,
    /// Automatic replies.
    AutomaticReply,
    /// Everything that the model itself makes.
    Created,
    /// Everything.
    Any,
}

impl KindWord {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Mail,
        Self::ListCopy,
        Self::DelayNotice,
        Self::FailureNotice,
        Self::RefusalNotice,
        Self::ExpiryNotice,
        Self::BackupNotice,
        Self::Notice,
        Self::AutomaticReply,
        Self::Created,
        Self::Any,
    ];

    /// Returns the word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::ListCopy => "list_copy",
            Self::DelayNotice => "delay_notice",
            Self::FailureNotice => "failure_notice",
            Self::RefusalNotice => "refusal_notice",
            Self::ExpiryNotice => "expiry_notice",
            Self::BackupNotice => "backup_notice",
            Self::Notice => "notice",
            Self::AutomaticReply => "automatic_reply",
            Self::Created => "created",
            Self::Any => "any",
        }
    }

    /// Returns the kind of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// The words that selectors begin with, each with an example.
pub const SELECTORS: [(&str, &str); 7] = [
    ("from", "from:sender.example"),
    ("to", "to:big.example"),
    ("entry", "entry:newsletter"),
    ("host", "host:smtp.sender.example"),
    ("via", "via:mx2.recipient.example"),
    ("kind", "kind:failure_notice"),
    ("during", "during:outage.0"),
];

/// Why a text is no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PartError {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl PartError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl Part {
    /// Cuts the name of a figure into part and figure; no part: all mail.
    ///
    /// # Errors
    /// If what stands before the figure is no part.
    pub fn split(name: &str) -> Result<(Self, &str), PartError> {
        match slash(name) {
            None => Ok((Self::default(), name)),
            Some(at) => Ok((name[..at].parse()?, &name[at + 1..])),
        }
    }

    /// Returns the kind that is asked for; mail that people write, if none is.
    #[must_use]
    pub fn kind(&self) -> KindWord {
        let kind = |selector: &Selector| match selector {
            Selector::Kind(kind) => Some(*kind),
            _ => None,
        };
        self.0.iter().find_map(kind).unwrap_or(KindWord::Mail)
    }

    /// Returns the part that one more selector makes of this one.
    #[must_use]
    pub fn and(&self, selector: Selector) -> Self {
        let mut all = self.0.clone();
        all.push(selector);
        Self(all)
    }
}

/// Returns where the figure begins: at the first `/` outside of quotes.
fn slash(name: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, octet) in name.bytes().enumerate() {
        match octet {
            b'"' => quoted = !quoted,
            b'/' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

impl FromStr for Part {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let mut selectors: Vec<Selector> = Vec::new();
        let mut rest = text;
        loop {
            let (word, after) = rest.split_once(':').ok_or_else(|| not_a_part(rest))?;
            let (value, after) = value(after)?;
            let selector = Selector::new(word.trim(), value)?;
            let same = std::mem::discriminant(&selector);
            if selectors.iter().any(|other| std::mem::discriminant(other) == same) {
                let message = format!("`{word}:` stands twice in the part `{text}`");
                return Err(PartError::new(message, "say each selector once"));
            }
            selectors.push(selector);
            match after {
                Some(after) => rest = after,
                None => return Ok(Self(selectors)),
            }
        }
    }
}

fn not_a_part(text: &str) -> PartError {
    let examples = SELECTORS.map(|(_, example)| example).join(", ");
    PartError::new(
        format!("`{text}` says no part of the mail"),
        format!("a part is made of {examples}, joined by &, as in to:big.example/delivered_share"),
    )
}

/// Returns a value, without its quotes, and what follows `&`.
fn value(text: &str) -> Result<(String, Option<&str>), PartError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = match text.split_once('&') {
            Some((value, after)) => (value, Some(after)),
            None => (text, None),
        };
        return Ok((value.trim().to_owned(), after));
    };
    let open =
        || PartError::new(format!("a quote is not closed in `{text}`"), "add a \" at its end");
    let (value, after) = quoted.split_once('"').ok_or_else(open)?;
    match after.strip_prefix('&') {
        Some(after) => Ok((value.to_owned(), Some(after))),
        None if after.is_empty() => Ok((value.to_owned(), None)),
        None => Err(not_a_part(after)),
    }
}

impl Selector {
    /// Returns the selector of a word and a value.
    ///
    /// # Errors
    /// If there is no such selector, or the value is none of its values.
    pub fn new(word: &str, value: String) -> Result<Self, PartError> {
        if value.is_empty() {
            let message = format!("`{word}:` says nothing");
            return Err(not_a_part_of(&message, word));
        }
        Ok(match word {
            "from" => Self::From(value),
            "to" => Self::To(value),
            "entry" => Self::Entry(value),
            "host" => Self::Host(value),
            "via" => Self::Via(value),
            "during" => Self::During(value),
            "kind" => Self::Kind(KindWord::of(&value).ok_or_else(|| {
                PartError::new(
                    format!("there is no kind of message `{value}`"),
                    format!("kinds are {}", KindWord::ALL.map(KindWord::as_str).join(", ")),
                )
            })?),
            other => {
                let message = format!("there is no selector `{other}:`");
                return Err(not_a_part_of(&message, other));
            }
        })
    }

    /// Returns word and value.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::From(value) => ("from", value),
            Self::To(value) => ("to", value),
            Self::Entry(value) => ("entry", value),
            Self::Host(value) => ("host", value),
            Self::Via(value) => ("via", value),
            Self::Kind(kind) => ("kind", kind.as_str()),
            Self::During(value) => ("during", value),
        }
    }
}

fn not_a_part_of(message: &str, word: &str) -> PartError {
    let near = SELECTORS.iter().find(|(known, _)| *known == word);
    let help = near.map_or_else(
        || format!("selectors are {}", SELECTORS.map(|(known, _)| format!("{known}:")).join(", ")),
        |(_, example)| format!("as in {example}"),
    );
    PartError::new(message, help)
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, selector) in self.0.iter().enumerate() {
            let (word, value) = selector.parts();
            let and = if place > 0 { "&" } else { "" };
            if value.contains(['&', '/']) {
                write!(f, "{and}{word}:\"{value}\"")?;
            } else {
                write!(f, "{and}{word}:{value}")?;
            }
        }
        Ok(())
    }
}

/// Reads `2h..6h`; either side may be left out. None: it is no such window.
pub(super) fn span(text: &str) -> Option<Window> {
    let (from, to) = text.split_once("..")?;
    let at = |text: &str, missing: SimTime| match text.trim() {
        "" => Some(missing),
        text => text.parse().ok().map(|span| SimTime::ZERO + span),
    };
    let window = Window { from: at(from, SimTime::ZERO)?, to: at(to, SimTime::MAX)? };
    (window.from < window.to).then_some(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_into_part_and_figure() {
        let (part, figure) = Part::split("to:big.example&during:2h..6h/delivered_share").unwrap();
        assert_eq!(figure, "delivered_share");
        let wanted = [Selector::To("big.example".into()), Selector::During("2h..6h".into())];
        assert_eq!(part.0, wanted);
        assert_eq!(part.to_string(), "to:big.example&during:2h..6h");
        let (part, figure) = Part::split("hosts.\"mx/1\".peak_queue").unwrap();
        assert_eq!((part, figure), (Part::default(), "hosts.\"mx/1\".peak_queue"));
    }

    #[test]
    fn quotes_hold_what_would_end_a_value() {
        let text = "entry:\"bills & letters/2\"&kind:notice";
        let part: Part = text.parse().unwrap();
        assert_eq!(part.0[0], Selector::Entry("bills & letters/2".into()));
        assert_eq!(part.to_string(), text);
        assert_eq!(part.kind(), KindWord::Notice);
    }

    #[test]
    fn what_is_no_part_is_told_with_what_would_be() {
        for (text, message, help) in [
            ("big.example", "says no part", "to:big.example"),
            ("two:big.example", "no selector `two:`", "from:, to:"),
            ("to:", "`to:` says nothing", "to:big.example"),
            ("kind:bounce", "no kind of message `bounce`", "failure_notice"),
            ("to:a&to:b", "stands twice", "once"),
            ("entry:\"a", "not closed", "\""),
        ] {
            let error = text.parse::<Part>().unwrap_err();
            assert!(error.message.contains(message), "{error:?}");
            assert!(error.help.contains(help), "{error:?}");
        }
    }

    #[test]
    fn a_span_may_be_open_at_either_side() {
        let hour = SimTime::from_secs(3_600);
        assert_eq!(span("1h..2h"), Some(Window { from: hour, to: SimTime::from_secs(7_200) }));
        assert_eq!(span("..1h"), Some(Window { from: SimTime::ZERO, to: hour }));
        assert_eq!(span("1h.."), Some(Window { from: hour, to: SimTime::MAX }));
        assert_eq!(span("2h..1h"), None);
        assert_eq!(span("outage.0"), None);
    }
}
