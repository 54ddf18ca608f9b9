//! Reading quantities and distributions: times, sizes and rates, each with its unit.

use std::str::FromStr;

use super::limits;
use super::problem::ProblemKind;
use super::reader::{Field, Remark, Section};
use super::shape::{Key, Keys, Shape, Unit, key, required};
use super::tree::Value;
use crate::random::{Distribution, DistributionError};
use crate::units::{BitRate, EventRate, Octets, QuantityError, SimDuration, SimTime};

static PARAMETER: Shape = Shape::Parameter;
static NUMBER: Shape = Shape::Number;

macro_rules! distribution {
    ($table:ident, $name:literal, [$($key:expr),+ $(,)?]) => {
        static $table: Keys = Keys { name: $name, keys: &[$($key),+] };
    };
}

distribution!(
    EXPONENTIAL,
    "`exponential`",
    [required("mean", Shape::Parameter, "the mean")]
);
distribution!(
    LOGNORMAL,
    "`lognormal`",
    [
        required("median", Shape::Parameter, "half of the values are smaller"),
        required(
            "sigma",
            Shape::Number,
            "standard deviation of the natural logarithm"
        ),
    ]
);
distribution!(
    NORMAL,
    "`normal`",
    [
        required(
            "mean",
            Shape::Parameter,
            "the mean; values below zero become zero"
        ),
        required(
            "standard_deviation",
            Shape::Parameter,
            "the standard deviation"
        ),
    ]
);
distribution!(
    PARETO,
    "`pareto`",
    [
        required("minimum", Shape::Parameter, "the smallest value"),
        required(
            "shape",
            Shape::Number,
            "the tail exponent; the mean is finite only above 1"
        ),
    ]
);
distribution!(
    WEIBULL,
    "`weibull`",
    [
        required("scale", Shape::Parameter, "exceeded with probability 1/e"),
        required("shape", Shape::Number, "above 1: ageing; below 1: settling"),
    ]
);
distribution!(
    EMPIRICAL,
    "`empirical`",
    [
        required("values", Shape::List(&PARAMETER), "values as observed"),
        key(
            "weights",
            Shape::List(&NUMBER),
            "how often each was observed; default: all alike"
        ),
    ]
);

/// The words with which a distribution begins.
pub(super) static DISTRIBUTION: Keys = Keys {
    name: "a distribution",
    keys: DISTRIBUTION_KEYS,
};

static DISTRIBUTION_KEYS: &[Key] = &[
    key("constant", Shape::Parameter, "always this value"),
    key(
        "uniform",
        Shape::List(&PARAMETER),
        "the smallest and the largest value, as [\"1ms\", \"5ms\"]",
    ),
    key(
        "exponential",
        Shape::Table(&EXPONENTIAL),
        "times without memory",
    ),
    key(
        "lognormal",
        Shape::Table(&LOGNORMAL),
        "many small values, a few very large ones",
    ),
    key("normal", Shape::Table(&NORMAL), "the bell curve"),
    key("pareto", Shape::Table(&PARETO), "a power law"),
    key("weibull", Shape::Table(&WEIBULL), "life times"),
    key("empirical", Shape::Table(&EMPIRICAL), "values as observed"),
];

impl Field<'_> {
    /// Reads the text of a quantity. A bare number is read too, so that the message about its
    /// missing unit is the same as that of a number in quotes.
    fn quantity<T: FromStr<Err = QuantityError>>(&self) -> Option<T> {
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
            Err(error) => {
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
    pub(super) fn duration(&self) -> Option<SimDuration> {
        let span: SimDuration = self.quantity()?;
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
    pub(super) fn positive_duration(&self) -> Option<SimDuration> {
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

    /// Returns the moment, counted from the start of the run.
    pub(super) fn time(&self) -> Option<SimTime> {
        self.duration().map(|span| SimTime::ZERO + span)
    }

    /// Returns the span of time with its sign [ns].
    pub(super) fn signed_duration(&self) -> Option<i64> {
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
        let span = Field {
            node: &node,
            ..self.clone_for(&node)
        }
        .duration()?;
        i64::try_from(span.as_nanos())
            .ok()
            .map(|nanos| sign * nanos)
    }

    /// Returns the size.
    pub(super) fn size(&self) -> Option<Octets> {
        self.quantity()
    }

    /// Returns the bandwidth.
    pub(super) fn bit_rate(&self) -> Option<BitRate> {
        self.quantity()
    }

    /// Returns the rate, which must be above zero.
    pub(super) fn event_rate(&self) -> Option<EventRate> {
        let rate: EventRate = self.quantity()?;
        if rate.is_zero() {
            let remark = Remark::new(format!("found {}, so nothing ever comes", self.found()))
                .accepted("a rate above zero such as \"30/h\"")
                .help("remove the entry if no mail is to be sent");
            self.error(ProblemKind::BadValue, remark);
            return None;
        }
        Some(rate)
    }

    /// Returns the constant or distribution, in seconds or octets by its unit.
    pub(super) fn distribution(&self) -> Option<Distribution> {
        let Shape::Distribution(unit) = self.shape else {
            panic!("{} is not a distribution", self.path);
        };
        if !self.is_table() {
            if self.is_list() {
                self.wrong_type();
                return None;
            }
            return self.parameter(unit).map(Distribution::Constant);
        }
        let section = self.section_of(&DISTRIBUTION)?;
        let words: Vec<&str> = DISTRIBUTION.names().collect();
        let Some(word) = section.one_of(&DISTRIBUTION_WORDS) else {
            if section.table.entries.is_empty() {
                let remark = Remark::new("found an empty table")
                    .accepted(words.join(", "))
                    .help("write { exponential = { mean = … } } or another distribution");
                self.error(ProblemKind::Missing, remark);
            }
            return None;
        };
        let field = section.field(word)?;
        let built = match word {
            "constant" => field.parameter(unit).map(Distribution::Constant),
            "uniform" => uniform(&field, unit),
            _ => parametric(word, &field.section()?, unit),
        }?;
        Self::checked(&field, built)
    }

    fn checked(field: &Field<'_>, distribution: Distribution) -> Option<Distribution> {
        match distribution.check() {
            Ok(()) => Some(distribution),
            Err(error) => {
                field.error(ProblemKind::BadValue, distribution_remark(&error));
                None
            }
        }
    }

    /// Returns a value of the unit, in seconds or octets.
    fn parameter(&self, unit: Unit) -> Option<f64> {
        let field = self.shaped(unit.shape());
        match unit {
            Unit::Time => field.duration().map(SimDuration::as_secs_f64),
            Unit::Size => field.size().map(|size| size.get() as f64),
        }
    }

    fn clone_for<'b>(&'b self, node: &'b super::tree::Node) -> Field<'b> {
        Field {
            checker: self.checker,
            node,
            shape: self.shape,
            path: self.path.clone(),
        }
    }

    /// What was found, for a message.
    pub(super) fn found(&self) -> String {
        self.node.value.describe()
    }
}

const DISTRIBUTION_WORDS: [&str; 8] = [
    "constant",
    "uniform",
    "exponential",
    "lognormal",
    "normal",
    "pareto",
    "weibull",
    "empirical",
];

fn uniform(field: &Field<'_>, unit: Unit) -> Option<Distribution> {
    let items = field.list();
    let [low, high] = items.as_slice() else {
        if field.is_list() {
            let remark = Remark::new(format!("found a list of {}", items.len()))
                .accepted("two values, the smallest and the largest")
                .help("write [\"1ms\", \"5ms\"]");
            field.error(ProblemKind::BadValue, remark);
        }
        return None;
    };
    let (low, high) = (low.parameter(unit), high.parameter(unit));
    Some(Distribution::Uniform {
        low: low?,
        high: high?,
    })
}

fn parametric(word: &str, section: &Section<'_>, unit: Unit) -> Option<Distribution> {
    let quantity = |key: &str| section.field(key).and_then(|field| field.parameter(unit));
    let number = |key: &str| section.field(key).and_then(|field| field.number());
    Some(match word {
        "exponential" => Distribution::Exponential {
            mean: quantity("mean")?,
        },
        "lognormal" => {
            let (median, sigma) = (quantity("median"), number("sigma"));
            Distribution::LogNormal {
                median: median?,
                sigma: sigma?,
            }
        }
        "normal" => {
            let (mean, deviation) = (quantity("mean"), quantity("standard_deviation"));
            Distribution::Normal {
                mean: mean?,
                standard_deviation: deviation?,
            }
        }
        "pareto" => {
            let (minimum, shape) = (quantity("minimum"), number("shape"));
            Distribution::Pareto {
                minimum: minimum?,
                shape: shape?,
            }
        }
        "weibull" => {
            let (scale, shape) = (quantity("scale"), number("shape"));
            Distribution::Weibull {
                scale: scale?,
                shape: shape?,
            }
        }
        _ => return empirical(section, unit),
    })
}

fn empirical(section: &Section<'_>, unit: Unit) -> Option<Distribution> {
    let field = section.field("values")?;
    let items = field.list();
    let values: Vec<f64> = items
        .iter()
        .filter_map(|item| item.parameter(unit))
        .collect();
    let weights = section
        .field("weights")
        .map(|field| field.list())
        .unwrap_or_default();
    let numbers: Vec<f64> = weights.iter().filter_map(Field::number).collect();
    if values.len() < items.len() || numbers.len() < weights.len() {
        return None;
    }
    match Distribution::empirical(values, &numbers) {
        Ok(distribution) => Some(distribution),
        Err(error) => {
            field.error(ProblemKind::BadValue, distribution_remark(&error));
            None
        }
    }
}

fn distribution_remark(error: &DistributionError) -> Remark {
    let remark = Remark::new(error.to_string());
    match error {
        DistributionError::OutOfRange {
            parameter,
            accepted,
            ..
        } => remark
            .accepted(format!("{parameter} {accepted}"))
            .help(format!("change `{parameter}`")),
        DistributionError::BoundsSwapped { .. } => remark
            .accepted("the smaller value first")
            .help("swap the two values"),
        _ => remark.help("give at least one value, and as many weights as values"),
    }
}

/// Takes the error of a quantity apart: found, accepted, fix.
pub(super) fn quantity_remark(error: QuantityError) -> Remark {
    use QuantityError as E;
    let meant = |text: &str| format!("did you mean \"{text}\"?");
    match error {
        E::Empty { expected } => Remark::new("found an empty text").accepted(expected),
        E::MissingUnit {
            found,
            expected,
            suggestion,
        } => Remark::new(format!("found \"{found}\", a number without a unit"))
            .accepted(expected)
            .help(meant(&suggestion)),
        E::UnknownUnit {
            found,
            unit,
            expected,
            suggestion,
        } => {
            let help = suggestion.map(|near| meant(&found.replacen(&unit, near, 1)));
            Remark::new(format!(
                "found \"{found}\" with the unknown unit \"{unit}\""
            ))
            .accepted(expected)
            .help(help.unwrap_or_default())
        }
        E::Negative { found, expected } => {
            Remark::new(format!("found \"{found}\", which is negative"))
                .accepted(format!("{expected}, zero or above"))
                .help("remove the minus sign")
        }
        E::NotANumber {
            found,
            part,
            expected,
            hint,
        } => Remark::new(format!(
            "found \"{found}\", in which \"{part}\" is no number"
        ))
        .accepted(expected)
        .help(hint.unwrap_or_default()),
        E::UnitOrder {
            found,
            unit,
            expected,
        } => {
            let message =
                format!("found \"{found}\", in which \"{unit}\" follows a unit that is not larger");
            Remark::new(message)
                .accepted(expected)
                .help("write the larger unit first and each unit once, as in \"2h30m\"")
        }
        E::TooLarge {
            found,
            expected,
            largest,
        } => Remark::new(format!("found \"{found}\", which is too large"))
            .accepted(format!("{expected}, at most {largest}")),
        E::Zero { found, expected } => Remark::new(format!("found \"{found}\", which is zero"))
            .accepted(format!("{expected}, above zero")),
        other => Remark::new(other.to_string()),
    }
}
