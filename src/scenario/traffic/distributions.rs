//! Reading distributions of times and sizes.

use crate::random::{Distribution, DistributionError};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::{Key, Keys, Shape, Unit, key, required};
use crate::units::SimDuration;

static PARAMETER: Shape = Shape::Parameter;
static NUMBER: Shape = Shape::Number;

macro_rules! distribution {
    ($table:ident, $name:literal, [$($key:expr),+ $(,)?]) => {
        static $table: Keys = Keys { name: $name, keys: &[$($key),+] };
    };
}

distribution!(EXPONENTIAL, "`exponential`", [required("mean", Shape::Parameter, "the mean")]);
distribution!(
    LOGNORMAL,
    "`lognormal`",
    [
        required("median", Shape::Parameter, "half of the values are smaller"),
        required("sigma", Shape::Number, "standard deviation of the natural logarithm"),
    ]
);
distribution!(
    NORMAL,
    "`normal`",
    [
        required("mean", Shape::Parameter, "the mean; values below zero become zero"),
        required("standard_deviation", Shape::Parameter, "the standard deviation"),
    ]
);
distribution!(
    PARETO,
    "`pareto`",
    [
        required("minimum", Shape::Parameter, "the smallest value"),
        required("shape", Shape::Number, "the tail exponent; the mean is finite only above 1"),
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
        key("weights", Shape::List(&NUMBER), "how often each was observed; default: all alike"),
    ]
);

/// The words with which a distribution begins.
pub(crate) static DISTRIBUTION: Keys = Keys { name: "a distribution", keys: DISTRIBUTION_KEYS };

static DISTRIBUTION_KEYS: &[Key] = &[
    key("constant", Shape::Parameter, "always this value"),
    key(
        "uniform",
        Shape::List(&PARAMETER),
        "the smallest and the largest value, as [\"1ms\", \"5ms\"]",
    ),
    key("exponential", Shape::Table(&EXPONENTIAL), "times without memory"),
    key("lognormal", Shape::Table(&LOGNORMAL), "many small values, a few very large ones"),
    key("normal", Shape::Table(&NORMAL), "the bell curve"),
    key("pareto", Shape::Table(&PARETO), "a power law"),
    key("weibull", Shape::Table(&WEIBULL), "life times"),
    key("empirical", Shape::Table(&EMPIRICAL), "values as observed"),
];

impl Field<'_> {
    /// Returns the constant or distribution, in seconds or octets by its unit.
    pub(crate) fn distribution(&self) -> Option<Distribution> {
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
            Unit::Number => field.number(),
        }
    }
}

const DISTRIBUTION_WORDS: [&str; 8] =
    ["constant", "uniform", "exponential", "lognormal", "normal", "pareto", "weibull", "empirical"];

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
    Some(Distribution::Uniform { low: low?, high: high? })
}

fn parametric(word: &str, section: &Section<'_>, unit: Unit) -> Option<Distribution> {
    let quantity = |key: &str| section.field(key).and_then(|field| field.parameter(unit));
    let number = |key: &str| section.field(key).and_then(|field| field.number());
    Some(match word {
        "exponential" => Distribution::Exponential { mean: quantity("mean")? },
        "lognormal" => {
            let (median, sigma) = (quantity("median"), number("sigma"));
            Distribution::LogNormal { median: median?, sigma: sigma? }
        }
        "normal" => {
            let (mean, deviation) = (quantity("mean"), quantity("standard_deviation"));
            Distribution::Normal { mean: mean?, standard_deviation: deviation? }
        }
        "pareto" => {
            let (minimum, shape) = (quantity("minimum"), number("shape"));
            Distribution::Pareto { minimum: minimum?, shape: shape? }
        }
        "weibull" => {
            let (scale, shape) = (quantity("scale"), number("shape"));
            Distribution::Weibull { scale: scale?, shape: shape? }
        }
        _ => return empirical(section, unit),
    })
}

fn empirical(section: &Section<'_>, unit: Unit) -> Option<Distribution> {
    let field = section.field("values")?;
    let items = field.list();
    let values: Vec<f64> = items.iter().filter_map(|item| item.parameter(unit)).collect();
    let weights = section.field("weights").map(|field| field.list()).unwrap_or_default();
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
        DistributionError::OutOfRange { parameter, accepted, .. } => {
            remark.accepted(format!("{parameter} {accepted}")).help(format!("change `{parameter}`"))
        }
        DistributionError::BoundsSwapped { .. } => {
            remark.accepted("the smaller value first").help("swap the two values")
        }
        _ => remark.help("give at least one value, and as many weights as values"),
    }
}
