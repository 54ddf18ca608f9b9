//! `mailsim profiles`: the mail servers known, their settings and how often they try.

use clap::Args;

use crate::mail::{MessageKind, Stage};
use crate::model::Scenario;
use crate::profiles::{self, Evidence, Family, Profile};
use crate::profiles::{SettingValue, settings_of};
use crate::scenario::{Override, Source, load};
use crate::simulation::Simulation;
use crate::trace::{Fact, FactLog, FinalOutcome};
use crate::units::{SimDuration, SimTime};

use super::error::CommandError;
use super::status::ExitStatus;
use super::table::columns;
use super::terminal::Terminal;

/// Show the mail servers known, or one with its retry schedule
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Show the mail servers known: version modelled, and evidence (recorded: compared \
                  with recordings of real servers; source code or vendor document: read there; \
                  standard: read in an RFC; scenario: stated by whoever writes it; \
                  invented: a stand-in).\
                  \n\nWith NAME: every setting with its value, and when a message is tried whose \
                  destination stays down, until it is returned. The schedule comes from running \
                  the server's own queue rules."
)]
pub(super) struct Arguments {
    /// Name of a mail server, as a scenario writes it in `mta`
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Set one of its settings, as a scenario writes it in `mta`; may be repeated
    #[arg(long, value_name = "SETTING=VALUE", requires = "name")]
    set: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  mailsim profiles
  mailsim profiles postfix
  mailsim profiles postfix --set maximal_queue_lifetime=1d
  mailsim profiles schedule --set 'gaps=5m 10m 30m 1h*' --set lifetime=2d";

/// Runs the command.
pub(super) fn profiles(
    arguments: &Arguments,
    terminal: Terminal,
) -> Result<ExitStatus, CommandError> {
    let text = match &arguments.name {
        None => all(),
        Some(name) => {
            let profile = profiles::find(name).ok_or_else(|| unknown(name))?;
            one(&profile, &changes(&arguments.set)?)?
        }
    };
    terminal.data(&text)?;
    Ok(ExitStatus::Success)
}

/// A setting that the command line gives, with the change of the built-in scenario that it stands for.
struct Change {
    name: String,
    value: String,
    change: Override,
}

fn changes(set: &[String]) -> Result<Vec<Change>, CommandError> {
    let change = |argument: &String| {
        let invalid = |why: String| CommandError::Usage(format!("--set {argument}: {why}"));
        let (name, value) = argument.split_once('=').ok_or_else(|| {
            invalid("write SETTING=VALUE, as maximal_queue_lifetime=1d".to_owned())
        })?;
        let path = format!("host.\"sender.example\".mta.{}={value}", name.trim());
        let change = Override::set(&path).map_err(|error| invalid(error.to_string()))?;
        Ok(Change { name: name.trim().to_owned(), value: value.trim().to_owned(), change })
    };
    set.iter().map(change).collect()
}

fn unknown(name: &str) -> CommandError {
    let known: Vec<&str> = profiles::all().iter().map(|profile| profile.name).collect();
    let near = known.iter().find(|known| strsim::jaro_winkler(known, name) >= 0.8);
    let tail = match near {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", known.join(", ")),
    };
    CommandError::Usage(format!("no mail server is called `{name}`; {tail}"))
}

fn all() -> String {
    let mut rows = vec![["NAME", "VERSION", "EVIDENCE", "WHAT IT IS"].map(str::to_owned).to_vec()];
    rows.extend(profiles::all().iter().map(|profile| {
        let cells = [profile.name, profile.version, profile.evidence.as_str(), profile.summary];
        cells.map(str::to_owned).to_vec()
    }));
    columns(&rows, &[])
}

fn one(profile: &Profile, changes: &[Change]) -> Result<String, CommandError> {
    let overrides: Vec<Override> = changes.iter().map(|change| change.change.clone()).collect();
    let mut text = format!(
        "{}: {}\n\nversion   {}\nevidence  {}\nsource    {}\n",
        profile.name,
        profile.summary,
        profile.version,
        profile.evidence.as_str(),
        profile.source
    );
    let (servers, own): (Vec<_>, Vec<_>) =
        settings_of(profile).into_iter().partition(|setting| setting.servers_word);
    let headings = [("Settings, in the server's words", servers), ("Settings, mailsim's own", own)];
    for (heading, settings) in headings.into_iter().filter(|(_, settings)| !settings.is_empty()) {
        text.push_str(&format!("\n{heading}\n"));
        let row = |setting: SettingValue| {
            let set = changes.iter().rev().find(|change| change.name == setting.name);
            let value = match set {
                Some(set) => format!("{} (set; default {})", set.value, setting.value),
                None => setting.value,
            };
            vec![format!("  {}", setting.name), value, setting.about.to_owned()]
        };
        text.push_str(&columns(&settings.into_iter().map(row).collect::<Vec<_>>(), &[]));
    }
    if !profile.not_documented.is_empty() {
        text.push_str("\nNot documented\n");
        profile.not_documented.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    if !profile.required.is_empty() && changes.is_empty() {
        text.push_str(&missing(profile));
        return Ok(text);
    }
    if profile.evidence == Evidence::Invented {
        // It only accepts, or only submits.
        text.push_str("\nIt keeps no queue of its own, so it has no retry schedule.\n");
        return Ok(text);
    }
    for (mode, what) in
        [("refuse", "refused at once (reset)"), ("blackhole", "never answered (time-outs)")]
    {
        text.push_str(&format!("\nA message whose destination is down: connections are {what}\n"));
        text.push_str(&schedule(profile.name, mode, &overrides)?);
    }
    text.push_str(match profile.family {
        Family::Postfix => {
            "\nThe deferred queue is looked through every queue_run_delay, from a moment that is \
             drawn:\nother messages are tried up to that much earlier or later.\n"
        }
        Family::Exim => {
            "\nQueue runners start every queue_interval, from a moment that is drawn. The times \
             belong to the host\nthat failed, not to the message: one message in each interval is \
             the probe, and when the host has\nfailed for the last cut-off all fail, however young \
             they are.\n"
        }
        Family::OpenSmtpd => {
            "\nA host that is an exchanger of a domain stored elsewhere relays as a backup, as by \
             `relay backup` in\nsmtpd.conf: it drops the exchangers that are no better than itself. \
             With finds_itself = false it does not,\nand may send that mail to itself until a host \
             counts too many Received fields.\n"
        }
        _ => "",
    });
    Ok(text)
}

/// Says why there is no schedule to show.
fn missing(profile: &Profile) -> String {
    let names: Vec<String> =
        profile.required.iter().map(|names| names.replace('|', " or ")).collect();
    let why = match profile.evidence {
        Evidence::Scenario => "The scenario states them",
        _ => "No document tells their defaults, and none is invented",
    };
    let mut text = format!(
        "\nThe times of its attempts depend on settings that a scenario has to give:\n  {}\n{why}.\n",
        names.join("\n  ")
    );
    for report in profiles::reported(profile.name) {
        let set: Vec<String> = report
            .settings
            .iter()
            .map(|(name, value)| format!("--set '{name}={}'", value.trim_matches('"')))
            .collect();
        text.push_str(&format!(
            "\nReported by operators, a value to begin with: {}\n  {}\n  its schedule: mailsim profiles {} {}\n",
            report.written(),
            report.source,
            profile.name,
            set.join(" ")
        ));
    }
    text
}

/// Long enough for any server to give up.
const DURATION: SimDuration = SimDuration::from_days(30);

/// One sender, one destination that is down from the beginning.
fn scenario(profile: &str, mode: &str, overrides: &[Override]) -> Result<Scenario, CommandError> {
    let text = format!(
        r#"
        title = "retry schedule"
        duration = "{}"
        sample_every = "{}"
        [[host]]
        name = "sender.example"
        roles = ["submission", "relay", "store"]
        mta = {{ profile = "{profile}" }}
        [[host]]
        name = "mx.destination.example"
        roles = ["mx", "store"]
        [[domain]]
        name = "sender.example"
        mx = [{{ host = "sender.example", preference = 10 }}]
        mailboxes = ["ann"]
        [[domain]]
        name = "destination.example"
        mx = [{{ host = "mx.destination.example", preference = 10 }}]
        store = "mx.destination.example"
        mailboxes = ["bob"]
        [[mail]]
        from = "ann@sender.example"
        to = ["bob@destination.example"]
        at = "0"
        size = "10kB"
        [[outage]]
        host = "mx.destination.example"
        from = "0"
        for = "{}"
        mode = "{mode}"
        "#,
        DURATION.exact(),
        DURATION.exact(),
        DURATION.exact(),
    );
    let read_file = |_: &str| Err("there is no file".to_owned());
    let source = Source { file: "built-in scenario", text: &text, read_file: &read_file };
    load(&source, overrides).map(|loaded| loaded.scenario).map_err(CommandError::Scenario)
}

/// One row of the schedule.
#[derive(Debug, Clone, PartialEq)]
struct Try {
    /// Since the message was accepted.
    age: SimDuration,
    /// Since the row before.
    gap: SimDuration,
    what: String,
}

fn schedule(profile: &str, mode: &str, overrides: &[Override]) -> Result<String, CommandError> {
    let tries = tries(&scenario(profile, mode, overrides)?);
    let mut rows = vec![["  ATTEMPT", "AGE", "GAP", "WHAT"].map(str::to_owned).to_vec()];
    let mut number = 0;
    let mut place = 0;
    while place < tries.len() {
        let this = &tries[place];
        let alike = tries[place..]
            .iter()
            .take_while(|other| other.gap == this.gap && other.what == this.what)
            .count();
        let is_try = this.what.starts_with("tried");
        number += usize::from(is_try);
        rows.push(row(is_try.then(|| number.to_string()), this));
        if alike > MOST_ALIKE {
            let last = &tries[place + alike - 1];
            let left = alike - 2;
            let every = this.gap.exact();
            rows.push(vec!["  ...".to_owned(), format!("{left} more, every {every}")]);
            number += if is_try { alike - 1 } else { 0 };
            rows.push(row(is_try.then(|| number.to_string()), last));
            place += alike;
        } else {
            place += 1;
        }
    }
    Ok(columns(&rows, &[]))
}

/// More equal rows than this in succession are told in short.
const MOST_ALIKE: usize = 4;

fn row(number: Option<String>, this: &Try) -> Vec<String> {
    let number = number.unwrap_or_default();
    let gap = if this.gap.is_zero() { String::new() } else { this.gap.to_string() };
    vec![format!("  {number}"), this.age.to_string(), gap, this.what.clone()]
}

/// Runs the scenario and returns what the sending server does, to the second.
fn tries(scenario: &Scenario) -> Vec<Try> {
    let mut log = FactLog::default();
    Simulation::new(scenario).run(&mut log);
    let mut begun: Option<SimTime> = None;
    let mut rows: Vec<(SimTime, String)> = Vec::new();
    let told = log.facts.iter().any(|(_, fact)| match fact {
        Fact::Created(created) => created.kind == MessageKind::FailureNotice,
        _ => false,
    });
    let end = if told { "returned to its sender" } else { "given up; its sender is not told" };
    for (at, fact) in &log.facts {
        match fact {
            Fact::Accepted { server: true, .. } if begun.is_none() => begun = Some(*at),
            Fact::Attempt(attempt) if attempt.port == 25 && begun.is_some() => {
                rows.push((attempt.started, in_words(attempt.stage, attempt.outcome)));
            }
            Fact::Attempt(attempt) if attempt.stage == Stage::Suspended => {
                rows.push((attempt.started, "put off without a try".to_owned()));
            }
            Fact::Created(created) if created.kind == MessageKind::DelayNotice => {
                rows.push((*at, "the sender is told that it is late".to_owned()));
            }
            Fact::Final { outcome: FinalOutcome::Failed, .. } => {
                rows.push((*at, end.to_owned()));
            }
            _ => {}
        }
    }
    rows.sort_by_key(|row| row.0);
    let begun = begun.unwrap_or(SimTime::ZERO);
    let mut last = begun;
    let mut tries = Vec::new();
    for (at, what) in rows {
        let gap = SimDuration::from_secs((at.since(last).as_millis() + 500) / 1000);
        let age = SimDuration::from_secs((at.since(begun).as_millis() + 500) / 1000);
        tries.push(Try { age, gap, what });
        last = at;
    }
    tries
}

fn in_words(stage: Stage, outcome: crate::mail::AttemptOutcome) -> String {
    match stage {
        Stage::Suspended => "put off without a try".to_owned(),
        _ => format!("tried: {} at {}", outcome.as_str(), stage.as_str()),
    }
}
