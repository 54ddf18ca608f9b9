//! What operators report where a vendor is silent: values to begin with, each with its source.
//!
//! None of them is ever assumed. A scenario writes them down itself; messages and `mailsim profiles` propose
//! them, with who says so.

/// Settings that somebody reports of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The profile.
    pub profile: &'static str,
    /// The settings, as a scenario writes them: name and value in TOML.
    pub settings: &'static [(&'static str, &'static str)],
    /// Who says so, and when.
    pub source: &'static str,
}

/// Reports of Exchange Online differ in the first hours; they agree that the gaps grow to an hour or less.
const ALL: &[Reported] = &[
    Reported {
        profile: "exchange-online",
        settings: &[("gaps", "\"15m*4 30m 1h*\"")],
        source: "it-bibouroku.hateblo.jp, \"NDR\": the first few after 15 minutes, later ones up to 60 \
                 minutes apart, depending on its load",
    },
    Reported {
        profile: "exchange-online",
        settings: &[("gaps", "\"30m 1h*\"")],
        source: "office365itpros.com, \"Message Expiration Timeout Interval\", December 2022: after 30 \
                 minutes, then every hour",
    },
    Reported {
        profile: "exchange-online",
        settings: &[("gaps", "\"15m*\"")],
        source: "cloudsteady.jp, September 2019: about every 15 minutes",
    },
];

/// Returns what operators report of a profile.
pub fn reported(profile: &str) -> impl Iterator<Item = &'static Reported> {
    ALL.iter().filter(move |report| report.profile == profile)
}

impl Reported {
    /// Returns the settings as they stand in a table `mta`.
    #[must_use]
    pub fn written(&self) -> String {
        let settings = self.settings.iter().map(|(name, value)| format!("{name} = {value}"));
        settings.collect::<Vec<_>>().join(", ")
    }
}
