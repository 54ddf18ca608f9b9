//! `run.json`: how to repeat a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ReportError;
use super::intact::absurd_number;
use super::place::Place;

/// What `run.json` holds. No date, host, path or thread count: equal runs give equal bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDescription {
    /// Always `mailsim`: the mark by which a result folder is known.
    pub program: String,
    /// Version of mailsim.
    pub version: String,
    /// The scenario.
    pub scenario: ScenarioDescription,
    /// Seed of the random draws.
    pub seed: u64,
    /// Number of the replication: other draws under the same seed.
    pub replication: u64,
    /// The generator, by name.
    pub generator: String,
    /// Length of the run in seconds.
    pub duration_s: f64,
    /// How often queues were sampled, as a scenario says it; empty in results of older versions.
    #[serde(default)]
    pub sample_every: String,
    /// The same in seconds.
    #[serde(default)]
    pub sample_every_s: f64,
    /// What the command line changed, as written there.
    pub overrides: Vec<String>,
    /// How the digests are made: BLAKE3.
    #[serde(default = "blake3")]
    pub digests: String,
    /// BLAKE3 digest of each result file.
    pub files: BTreeMap<String, String>,
}

fn blake3() -> String {
    "BLAKE3".to_owned()
}

/// The scenario of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScenarioDescription {
    /// Its name: the file's stem.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The question that it answers.
    pub question: String,
    /// What to look for in the result.
    pub look_for: String,
    /// BLAKE3 digest of the scenario file.
    pub digest: String,
    /// The scenario as it ran, after overrides.
    pub resolved: String,
}

impl Default for RunDescription {
    fn default() -> Self {
        Self {
            program: Self::PROGRAM.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: ScenarioDescription::default(),
            seed: 1,
            replication: 0,
            generator: "rand_chacha::ChaCha8Rng".to_owned(),
            duration_s: 0.0,
            sample_every: String::new(),
            sample_every_s: 0.0,
            overrides: Vec::new(),
            digests: blake3(),
            files: BTreeMap::new(),
        }
    }
}

impl RunDescription {
    /// Name of the file.
    pub const FILE: &'static str = "run.json";
    const PROGRAM: &'static str = "mailsim";

    /// Returns the file's text.
    ///
    /// # Panics
    /// Never: a description is always representable as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a description is plain data") + "\n"
    }

    /// Reads the file of a result folder.
    ///
    /// # Errors
    /// If it is missing or not as mailsim writes it.
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        read_json(Place::Disk(folder), Self::FILE)
    }

    /// Returns whether the folder holds a `run.json` of mailsim, of any version.
    pub(super) fn is_in(folder: &Path) -> bool {
        Self::listed_in(folder).is_some()
    }

    /// Returns the names of the files that a folder's `run.json` lists, by any version of mailsim;
    /// none if there is no such file of mailsim.
    pub(super) fn listed_in(folder: &Path) -> Option<BTreeSet<String>> {
        #[derive(Deserialize)]
        struct Mark {
            program: String,
            #[serde(default)]
            files: BTreeMap<String, String>,
        }
        let text = fs::read_to_string(folder.join(Self::FILE)).ok()?;
        let mark: Mark = serde_json::from_str(&text).ok()?;
        (mark.program == Self::PROGRAM).then(|| mark.files.into_keys().collect())
    }
}

/// Reads a JSON file of a result.
pub(super) fn read_json<T: for<'a> Deserialize<'a>>(
    place: Place<'_>,
    name: &str,
) -> Result<T, ReportError> {
    let path = place.path(name);
    let text =
        place.open(name).and_then(std::io::read_to_string).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => ReportError::Missing {
                path: path.clone(),
                hint: "give a result folder that `mailsim run` has written",
            },
            _ => ReportError::io("read", &path, cause),
        })?;
    let bad = |problem: String| ReportError::BadFile { path: path.clone(), problem };
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|cause| bad(cause.to_string()))?;
    if let Some(problem) = absurd_number(&value) {
        return Err(bad(format!("{problem}, which no result has")));
    }
    serde_json::from_str(&text).map_err(|cause| bad(cause.to_string()))
}
