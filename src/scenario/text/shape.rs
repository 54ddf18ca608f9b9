//! What a key takes, stated once: reading, unknown-key messages and the JSON Schema come from it.

/// The keys of one table.
#[derive(Debug)]
pub(crate) struct Keys {
    /// What the table is, as in "a host".
    pub(crate) name: &'static str,
    /// Its keys.
    pub(crate) keys: &'static [Key],
}

/// One key of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// What it means; behind "; default" what holds without it.
    pub(crate) about: &'static str,
    /// Its words with what each means, if it takes words; other tables own those of modes and profiles.
    pub(crate) words: &'static [(&'static str, &'static str)],
    /// A line of TOML that uses it; empty: the shape tells one.
    pub(crate) example: &'static str,
    /// What it stands for in the world, where `about` does not say enough.
    pub(crate) models: &'static str,
    /// Where the rule behind it comes from.
    pub(crate) source: &'static str,
}

impl Key {
    const fn new(name: &'static str, shape: Shape, required: bool, about: &'static str) -> Self {
        Self { name, shape, required, about, words: &[], example: "", models: "", source: "" }
    }

    /// The same key, with the meanings of its words.
    pub(crate) const fn words(self, words: &'static [(&'static str, &'static str)]) -> Self {
        Self { words, ..self }
    }

    /// The same key, with a line of TOML that uses it.
    pub(crate) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// The same key, with what it stands for in the world.
    pub(crate) const fn models(self, models: &'static str) -> Self {
        Self { models, ..self }
    }

    /// The same key, with the source of its rule.
    pub(crate) const fn source(self, source: &'static str) -> Self {
        Self { source, ..self }
    }
}

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Count(u64, u64),
    /// Any number.
    Number,
    /// Any value at all: another table decides.
    Anything,
    /// A span of time, "20ms".
    Duration,
    /// A span of time with a sign, "-90s".
    SignedDuration,
    /// A size, "75kB".
    Size,
    /// A size whose bare number counts octets, as mail servers take it.
    SizeOrOctets,
    /// A bandwidth, "100Mbit/s".
    BitRate,
    /// A rate, "30/h".
    EventRate,
    /// A constant or a distribution of times, sizes or plain numbers.
    Distribution(Unit),
    /// A parameter of a distribution: of the distribution's unit.
    Parameter,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list.
    List(&'static Shape),
    /// A table with these keys.
    Table(&'static Keys),
    /// A table whose keys are names of the scenario.
    Map(&'static Shape),
    /// One of several shapes.
    Either(&'static [Shape]),
    /// The name of an MTA profile, or a table of its settings.
    Mta,
}

/// What the values of a distribution are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Spans of time, kept in seconds.
    Time,
    /// Sizes, kept in octets.
    Size,
    /// Plain numbers.
    Number,
}

impl Unit {
    /// Returns the shape of one value.
    pub(crate) const fn shape(self) -> Shape {
        match self {
            Self::Time => Shape::Duration,
            Self::Size => Shape::Size,
            Self::Number => Shape::Number,
        }
    }
}

/// A key that may be left out.
pub(crate) const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key::new(name, shape, false, about)
}

/// A key that must be there.
pub(crate) const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key::new(name, shape, true, about)
}

impl Keys {
    /// Returns the key `name`.
    pub(crate) fn find(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Returns the names of the keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}

impl Shape {
    /// Says what would be accepted.
    pub(crate) fn accepted(self) -> String {
        match self {
            Self::Text => "a text in quotes".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Count(least, most) if most >= i64::MAX as u64 => {
                format!("a whole number from {least}")
            }
            Self::Count(least, most) => format!("a whole number from {least} to {most}"),
            Self::Number => "a number".to_owned(),
            Self::Anything => "a TOML value".to_owned(),
            Self::Duration => "a duration such as \"20ms\", \"15m\", \"2h30m\" or \"5d\"".into(),
            Self::SignedDuration => "a duration with a sign, such as \"+90s\" or \"-2d\"".into(),
            Self::Size => "a size such as \"75kB\" or \"10MiB\"".to_owned(),
            Self::SizeOrOctets => {
                "a size such as \"75kB\" or \"10MiB\", or a number of octets".to_owned()
            }
            Self::BitRate => "a bit rate such as \"10Mbit/s\"".to_owned(),
            Self::EventRate => "a rate such as \"30/h\"".to_owned(),
            Self::Distribution(Unit::Time) => {
                "a duration such as \"20ms\", or a distribution such as \
                 { exponential = { mean = \"20ms\" } }"
                    .to_owned()
            }
            Self::Distribution(Unit::Size) => "a size such as \"75kB\", or a distribution such as \
                 { lognormal = { median = \"75kB\", sigma = 1.2 } }"
                .to_owned(),
            Self::Distribution(Unit::Number) => "a number, or a distribution such as \
                 { normal = { mean = 5, standard_deviation = 2 } }"
                .to_owned(),
            Self::Parameter => "a quantity with its unit".to_owned(),
            Self::Word(words) => {
                words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
            }
            Self::List(of) => format!("a list, each item {}", of.accepted()),
            Self::Table(keys) => {
                format!("a table with the keys {}", keys.names().collect::<Vec<_>>().join(", "))
            }
            Self::Map(of) => format!("a table of names, each with {}", of.accepted()),
            Self::Either(shapes) => {
                shapes.iter().map(|shape| shape.accepted()).collect::<Vec<_>>().join("; or ")
            }
            Self::Mta => {
                "the name of a profile (`mailsim profiles` lists them), or a table of its \
                          settings with `profile`"
                    .to_owned()
            }
        }
    }
}
