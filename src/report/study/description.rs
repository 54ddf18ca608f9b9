//! `run.json` of a study: how to repeat it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::description::RunDescription;

/// What `run.json` of a study folder holds. No date, host, path or number of threads: equal studies
/// give equal bytes, in one piece or in shards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyDescription {
    /// Always `mailsim`: the mark by which a result folder is known.
    pub program: String,
    /// Version of mailsim.
    pub version: String,
    /// Name of the study.
    pub study: String,
    /// The study after overrides, as canonical TOML; empty for a comparison of scenarios.
    pub resolved: String,
    /// Seed of all random draws.
    pub seed: u64,
    /// Replications of each combination; 0 while the study is under way.
    pub replications: u64,
    /// The generator, by name.
    pub generator: String,
    /// What the command line changed, as written there.
    pub overrides: Vec<String>,
    /// The files that the study names.
    pub sources: BTreeMap<String, SourceDescription>,
    /// How the digests are made: BLAKE3.
    pub digests: String,
    /// BLAKE3 digest of each result file.
    pub files: BTreeMap<String, String>,
}

/// A file that a study names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceDescription {
    /// BLAKE3 digest of the file.
    pub digest: String,
    /// Its text, if it is a scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl SourceDescription {
    /// Describes the file `name` with this text.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        let is_scenario = name.ends_with(".toml");
        Self {
            digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
            text: is_scenario.then(|| text.to_owned()),
        }
    }
}

impl StudyDescription {
    /// Returns the description of a study that is under way.
    #[must_use]
    pub fn new(study: &str, seed: u64) -> Self {
        let run = RunDescription::default();
        Self {
            program: run.program,
            version: run.version,
            study: study.to_owned(),
            resolved: String::new(),
            seed,
            replications: 0,
            generator: run.generator,
            overrides: Vec::new(),
            sources: BTreeMap::new(),
            digests: run.digests,
            files: BTreeMap::new(),
        }
    }

    /// Returns the file's text.
    ///
    /// # Panics
    /// Never: a description is always representable as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a description is plain data") + "\n"
    }
}
