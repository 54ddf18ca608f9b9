//! `--set`, `--unset` and `--seed`: what the command line changes in a scenario, in the order given.

use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::scenario::{KeyPath, Override, OverrideError};

/// The changes, in the order in which they stand on the command line.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes(pub(super) Vec<Override>);

const SET: &str = "set";
const UNSET: &str = "unset";
const SEED: &str = "seed";
const VARIANT: &str = "variant";
/// A TOML integer has no more.
const MOST_SEED: u64 = i64::MAX as u64;

impl Args for Changes {
    fn augment_args(command: Command) -> Command {
        command
            .arg(
                Arg::new(SEED)
                    .long(SEED)
                    .value_name("N")
                    .allow_negative_numbers(true)
                    .value_parser(seed)
                    .action(ArgAction::Append)
                    .help("Seed of all random draws, instead of the scenario's"),
            )
            .arg(
                Arg::new(SET)
                    .long(SET)
                    .value_name("PATH=VALUE")
                    .value_parser(Override::set)
                    .action(ArgAction::Append)
                    .help("Change a value of the scenario (repeatable)")
                    .long_help(
                        "Change a value of the scenario (repeatable, in the order given).\n\n\
                         PATH: keys joined by dots, a key that holds dots in quotes. A table of a \
                         list is named by its `name` where it has one, else by its index from 0; \
                         the index behind the last adds a table. VALUE: a TOML value, or a bare \
                         word or quantity taken as a text.\n\n\
                         --set outage.0.for=2h\n\
                         --set 'outage.1={ host = \"mx1.example.org\", mode = \"refuse\" }'\n\
                         --set 'host.\"mx1.example.org\".mta.queue_run_delay=60s'",
                    ),
            )
            .arg(
                Arg::new(UNSET)
                    .long(UNSET)
                    .value_name("PATH")
                    .value_parser(Override::unset)
                    .action(ArgAction::Append)
                    .help("Leave out a key or a table, such as outage.0 (repeatable)"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Changes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Ok(Self(placed(matches).into_iter().map(|(_, change)| change).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Returns the changes with their places on the command line, in their order.
fn placed(matches: &ArgMatches) -> Vec<(usize, Override)> {
    let mut found: Vec<(usize, Override)> = Vec::new();
    for id in [SEED, SET, UNSET] {
        let indices = matches.indices_of(id).into_iter().flatten();
        let values = matches.get_many::<Override>(id).into_iter().flatten();
        found.extend(indices.zip(values.cloned()));
    }
    found.sort_by_key(|(index, _)| *index);
    found
}

/// Changes, and which of them make a variant: those behind its `--variant NAME`.
#[derive(Debug, Clone, Default)]
pub(super) struct VariantChanges {
    /// What stands before the first name, or all where there is no name.
    pub(super) common: Changes,
    /// Variants with their names, in the order given.
    pub(super) variants: Vec<(String, Changes)>,
}

impl Args for VariantChanges {
    fn augment_args(command: Command) -> Command {
        Changes::augment_args(command).arg(
            Arg::new(VARIANT)
                .long(VARIANT)
                .value_name("NAME")
                .action(ArgAction::Append)
                .help("Begin a variant of this name: the changes behind it, together (repeatable)"),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for VariantChanges {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let indices = matches.indices_of(VARIANT).into_iter().flatten();
        let names = matches.get_many::<String>(VARIANT).into_iter().flatten();
        let begins: Vec<(usize, String)> = indices.zip(names.cloned()).collect();
        let mut found = Self::default();
        let (mut place, mut changes) = (0, placed(matches).into_iter().peekable());
        let mut until = |end: usize| {
            let mut some = Vec::new();
            while let Some((_, change)) = changes.next_if(|(index, _)| *index < end) {
                some.push(change);
            }
            Changes(some)
        };
        found.common = until(begins.first().map_or(usize::MAX, |(index, _)| *index));
        for (_, name) in &begins {
            place += 1;
            let end = begins.get(place).map_or(usize::MAX, |(index, _)| *index);
            found.variants.push((name.clone(), until(end)));
        }
        Ok(found)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The changes of a study, which are of the study's own keys.
#[derive(Debug, Clone, Default)]
pub(super) struct StudyChanges(pub(super) Changes);

impl Args for StudyChanges {
    fn augment_args(command: Command) -> Command {
        Changes::augment_args(command)
            .mut_arg(SEED, |arg| arg.help("Seed of all random draws, instead of the study's"))
            .mut_arg(SET, |arg| {
                arg.help("Change a value of the study (repeatable)").long_help(
                    "Change a value of the study (repeatable, in the order given).\n\n\
                     PATH: keys of the study file joined by dots, a key that holds dots in quotes. \
                     A factor is named by its `name`. Keys of its scenario stand under `set`, and \
                     hold for every combination. VALUE: a TOML value, or a bare word or quantity \
                     taken as a text.\n\n\
                     --set replications=30\n\
                     --set 'factor.outage.levels=[\"1h\", \"8h\"]'\n\
                     --set 'set={ \"mail.0.for\" = \"2h\" }'",
                )
            })
            .mut_arg(UNSET, |arg| {
                arg.help("Leave out a key or a table of the study, such as factor.0 (repeatable)")
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for StudyChanges {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Changes::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// `--seed N` is `--set seed=N`.
fn seed(text: &str) -> Result<Override, OverrideOrNumber> {
    let number: u64 = text.parse().map_err(|_| OverrideOrNumber::NoNumber)?;
    if number > MOST_SEED {
        return Err(OverrideOrNumber::NoNumber);
    }
    let path: KeyPath = SEED.parse()?;
    Ok(Override::Set { path, value: number.to_string() })
}

/// Why `--seed` cannot be read.
#[derive(Debug, thiserror::Error)]
enum OverrideOrNumber {
    #[error("a seed is a whole number from 0 to {}", MOST_SEED)]
    NoNumber,
    #[error(transparent)]
    Path(#[from] OverrideError),
}
