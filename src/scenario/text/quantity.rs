//! Reading quantities: times, sizes and rates, each with its unit.

use std::str::FromStr;

use super::limits;
use super::problem::ProblemKind;
use super::reader::{Field, Remark};
use super::tree::Value;
use crate::scenario::host::bare_numbers::{likely_bit_rate, likely_size, likely_time};
use crate::units::{BitRate, EventRate, Octets, QuantityError, SimDuration, SimTime};

impl Field<'_> {
    /// Reads the text of a quantity. A bare number is read too, so that the message about its
    /// missing unit is the same as that of a number in quotes.
    /// `likely` proposes the unit that a bare number of this key has most likely.
    fn quantity<T: FromStr<Err = QuantityError>>(
        &self,
        likely: impl Fn(&str, f64) -> String,
    ) -> Option<T> {
        let text = match &self.node.value {
            Value::Text(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => {
                self.wrong_type();
                return None;
            }
        };
        match text.parse() {
            Ok(quantity) => Some(quantity),
            Err(mut error) => {
                if let QuantityError::MissingUnit { found, suggestion, .. } = &mut error
                    && let Ok(number) = found.parse::<f64>()
                {
                    let key = self.path.rsplit('.').next().unwrap_or_default();
                    *suggestion = likely(key, number);
                }
                let kind = match error {
                    QuantityError::MissingUnit { .. } if !self.is_text() => ProblemKind::WrongType,
                    _ => ProblemKind::BadValue,
                };
                self.error(kind, quantity_remark(error));
                None
            }
        }
    }

    /// Returns the span of time, at most a hundred years.
    pub(crate) fn duration(&self) -> Option<SimDuration> {
        let span: SimDuration = self.quantity(likely_time)?;
        if span > SimDuration::from_secs(limits::SECONDS) {
            let remark = Remark::new(format!("found {}, which is absurdly long", self.found()))
                .accepted(format!("at most {} years", limits::YEARS))
                .help("check the unit: m is a minute, d a day, w a week");
            self.error(ProblemKind::BadValue, remark);
            return None;
        }
        Some(span)
    }

    /// Returns the span of time, which must be above zero.
    pub(crate) fn positive_duration(&self) -> Option<SimDuration> {
        let span = self.duration()?;
        if span.is_zero() {
            let remark = Remark::new("found no time at all")
                .accepted("a duration above zero")
                .help("write a duration such as \"10m\"");
            self.error(ProblemKind::BadValue, remark);
            return None;
        }
        Some(span)
    }

    /// Returns the span of time, at least one second: servers' clocks of queue runs have whole
    /// seconds, and a shorter period would fill a run with nothing but queue runs.
    pub(crate) fn period(&self) -> Option<SimDuration> {
        let span = self.duration()?;
        if span < SimDuration::from_secs(1) {
            let remark =
                Remark::new(format!("found {}, which is less than a second", self.found()))
                    .accepted("a duration of 1s or more")
                    .help("write a duration such as \"10m\"; the server's clock has whole seconds");
            self.error(ProblemKind::BadValue, remark);
            return None;
        }
        Some(span)
    }

    /// Returns the span of time, less than one second: a clock of whole seconds that shows a second late is
    /// never a whole one behind, and no kernel fires a timer so late.
    pub(crate) fn lag(&self) -> Option<SimDuration> {
        let span = self.duration()?;
        if span >= SimDuration::from_secs(1) {
            let remark = Remark::new(format!("found {}, which is a second or more", self.found()))
                .accepted("a duration below 1s")
                .help("a host whose clock is wrong by more has `clock_error`");
            self.error(ProblemKind::BadValue, remark);
            return None;
        }
        Some(span)
    }

    /// Returns the moment, counted from the start of the run.
    pub(crate) fn time(&self) -> Option<SimTime> {
        self.duration().map(|span| SimTime::ZERO + span)
    }

    /// Returns the span of time with its sign \[ns\].
    pub(crate) fn signed_duration(&self) -> Option<i64> {
        let Value::Text(text) = &self.node.value else {
            self.wrong_type();
            return None;
        };
        let trimmed = text.trim();
        let (sign, rest) = match trimmed.chars().next() {
            Some('-' | '\u{2212}') => (-1, trimmed.trim_start_matches(['-', '\u{2212}'])),
            Some('+') => (1, &trimmed[1..]),
            _ => (1, trimmed),
        };
        let node = super::tree::Node {
            place: self.node.place.clone(),
            value: Value::Text(rest.trim_start().to_owned()),
        };
        let span = Field { node: &node, ..self.clone_for(&node) }.duration()?;
        i64::try_from(span.as_nanos()).ok().map(|nanos| sign * nanos)
    }

    /// Returns the size, a number without unit being octets, as mail servers count them.
    pub(crate) fn octets(&self) -> Option<Octets> {
        match self.node.value {
            Value::Integer(number @ 0..) => Some(Octets::new(number.unsigned_abs())),
            _ => self.size(),
        }
    }

    /// Returns the size.
    pub(crate) fn size(&self) -> Option<Octets> {
        self.quantity(|_, number| likely_size(number))
    }

    /// Returns the bandwidth.
    pub(crate) fn bit_rate(&self) -> Option<BitRate> {
        self.quantity(|_, number| likely_bit_rate(number))
    }

    /// Returns the rate, which must be above zero.
    pub(crate) fn event_rate(&self) -> Option<EventRate> {
        let rate: EventRate = self.quantity(|_, number| format!("{number}/h"))?;
        if rate.is_zero() {
            let remark = Remark::new(format!("found {}, so nothing ever comes", self.found()))
                .accepted("a rate above zero such as \"30/h\"")
                .help("remove the entry if no mail is to be sent");
            self.error(ProblemKind::BadValue, remark);
            return None;
        }
        Some(rate)
    }

    fn clone_for<'b>(&'b self, node: &'b super::tree::Node) -> Field<'b> {
        Field { checker: self.checker, node, shape: self.shape, path: self.path.clone() }
    }

    /// What was found, for a message.
    pub(crate) fn found(&self) -> String {
        self.node.value.describe()
    }
}

/// Takes the error of a quantity apart: found, accepted, fix.
pub(crate) fn quantity_remark(error: QuantityError) -> Remark {
    use QuantityError as E;
    let meant = |text: &str| format!("did you mean \"{text}\"?");
    match error {
        E::Empty { expected } => Remark::new("found an empty text").accepted(expected),
        E::MissingUnit { found, expected, suggestion } => {
            Remark::new(format!("found \"{found}\", a number without a unit"))
                .accepted(expected)
                .help(meant(&suggestion))
        }
        E::UnknownUnit { found, unit, expected, suggestion } => {
            let help = suggestion.map(|near| meant(&found.replacen(&unit, near, 1)));
            Remark::new(format!("found \"{found}\" with the unknown unit \"{unit}\""))
                .accepted(expected)
                .help(help.unwrap_or_default())
        }
        E::Negative { found, expected } => {
            Remark::new(format!("found \"{found}\", which is negative"))
                .accepted(format!("{expected}, zero or above"))
                .help("remove the minus sign")
        }
        E::NotANumber { found, part, expected, hint } => {
            Remark::new(format!("found \"{found}\", in which \"{part}\" is no number"))
                .accepted(expected)
                .help(hint.unwrap_or_default())
        }
        E::UnitOrder { found, unit, expected } => {
            let message =
                format!("found \"{found}\", in which \"{unit}\" follows a unit that is not larger");
            Remark::new(message)
                .accepted(expected)
                .help("write the larger unit first and each unit once, as in \"2h30m\"")
        }
        E::TooLarge { found, expected, largest } => {
            Remark::new(format!("found \"{found}\", which is too large"))
                .accepted(format!("{expected}, at most {largest}"))
        }
        E::Zero { found, expected } => Remark::new(format!("found \"{found}\", which is zero"))
            .accepted(format!("{expected}, above zero")),
        other => Remark::new(other.to_string()),
    }
}
