//! The keys of a study file.

use crate::scenario::keys::{ONE_OR_MORE_TEXTS, TEXTS};
use crate::scenario::text::schema::schema_of;
use crate::scenario::text::shape::{Keys, Shape, key, required};
use serde_json::Value;

/// Most replications of a study.
const REPLICATIONS: u64 = 1_000_000;

/// Changes of the scenario: `--set` paths with their values.
const CHANGES: Shape = Shape::Map(&Shape::Anything);

pub(crate) static STUDY: Keys = Keys {
    name: "a study",
    keys: &[
        key("title", Shape::Text, "one line that names the study"),
        key("question", Shape::Text, "the question that the study answers"),
        key("look_for", Shape::Text, "what to look for in the result"),
        key("findings", Shape::Text, "what came out when its author ran it"),
        required(
            "scenario",
            Shape::Text,
            "the base scenario, a file named from the study's folder",
        ),
        key(
            "set",
            CHANGES,
            "changes of the base scenario: paths as for `--set`, in quotes, with values",
        ),
        key("unset", TEXTS, "paths that are left out of the base scenario"),
        key(
            "seed",
            Shape::Count(0, i64::MAX as u64),
            "seed of all random draws; default: the base scenario's",
        ),
        key(
            "replications",
            Shape::Count(1, REPLICATIONS),
            "how often each combination is run; default 10",
        ),
        key(
            "precision",
            Shape::Table(&PRECISION),
            "run each combination until the interval of a figure is narrow enough",
        ),
        key("confidence", Shape::Number, "confidence of intervals; default 0.95"),
        key(
            "warm_up",
            Shape::Duration,
            "mail submitted before this time does not count; default 0",
        ),
        key(
            "cool_down",
            Shape::Duration,
            "mail submitted in this last part of a run does not count; default 0",
        ),
        key("factor", Shape::List(&Shape::Table(&FACTOR)), "what is varied"),
        key(
            "combination",
            Shape::List(&Shape::Map(&Shape::Anything)),
            "the combinations to run, each a table of factors with a level; default: all",
        ),
        key(
            "figures",
            Shape::List(&Shape::Either(&[Shape::Text, Shape::Table(&FIGURE)])),
            "what is measured: names of figures of the summary, or tables that say more",
        ),
    ],
};

pub(super) static PRECISION: Keys = Keys {
    name: "`precision`",
    keys: &[
        required("figure", Shape::Text, "the figure whose interval is looked at, one of `figures`"),
        key("half_width", Shape::Number, "half the width that is narrow enough, in its unit"),
        key(
            "relative",
            Shape::Number,
            "half the width that is narrow enough, as share of the mean",
        ),
        key("at_least", Shape::Count(2, REPLICATIONS), "fewest replications; default 10"),
        required("at_most", Shape::Count(2, REPLICATIONS), "most replications"),
    ],
};

pub(super) static FACTOR: Keys = Keys {
    name: "a factor",
    keys: &[
        required("name", Shape::Text, "its name: a column of the tables"),
        key(
            "path",
            ONE_OR_MORE_TEXTS,
            "the path that its levels are set at, as for `--set`; or several, all set alike",
        ),
        key("levels", Shape::List(&Shape::Anything), "the values that are set at `path`"),
        key(
            "given",
            Shape::Flag,
            "true for what the world decides, such as the length of an outage: the best combination \
             is then told of the other factors, on average over its levels; default false",
        ),
        key(
            "alternative",
            Shape::List(&Shape::Table(&ALTERNATIVE)),
            "levels with names, each a set of changes or another scenario",
        ),
    ],
};

pub(super) static ALTERNATIVE: Keys = Keys {
    name: "an alternative",
    keys: &[
        required("name", Shape::Text, "name of the level"),
        key("scenario", Shape::Text, "another base scenario"),
        key("set", CHANGES, "changes of the scenario: paths in quotes, with values"),
        key("unset", TEXTS, "paths that are left out"),
    ],
};

/// The delays that quantiles and bounds may be asked of.
pub(super) const DELAYS: &[&str] = &[
    "submission_to_acceptance",
    "submission_to_delivery",
    "submission_to_retrieval",
    "delivery_to_retrieval",
];

/// The words for which values are better.
pub(super) const BETTER: &[&str] = &["lower", "higher"];

pub(super) static FIGURE: Keys = Keys {
    name: "a figure",
    keys: &[
        key("figure", Shape::Text, "a figure of the summary, by its dotted name"),
        key("of", Shape::Word(DELAYS), "the delay of which a quantile or a share is wanted"),
        key(
            "quantile",
            Shape::Number,
            "a quantile of it over those that were reached, such as 0.999: the same as `….p99.9` by name",
        ),
        key("within", Shape::Duration, "the share of submitted mail for which it is at most this"),
        key("label", Shape::Text, "what people call the figure"),
        key(
            "better",
            Shape::Word(BETTER),
            "which values are better; then the best combination is told",
        ),
    ],
};

/// Returns the JSON Schema of study files.
#[must_use]
pub fn study_schema() -> Value {
    schema_of(&STUDY, "mailsim study")
}
