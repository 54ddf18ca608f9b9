//! The data of the page's controls: what was changed, what can be, and what is in force.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fault::Schedule;
use crate::mail::{DomainId, HostId, Mailbox, MailboxNames as _};
use crate::model::{Host, Outage, OutageTarget, Scenario};
use crate::profiles::settings_of;
use crate::profiles::{self, Profile};
use crate::scenario::{Entries, KeyPath, Mode, Override, Strikes, edited};
use crate::units::SimTime;

use super::change::Step;

/// Most hosts whose settings the page has.
const MOST_HOSTS: usize = 200;
/// Most outages that the page can end.
const MOST_OUTAGES: usize = 200;
/// Most domains, and mailboxes of each, that the page proposes as addresses.
const MOST_DOMAINS: usize = 30;
const MOST_MAILBOXES: u32 = 3;
/// What the page holds as JSON; `src/player/source/live.ts` is the reading side.
#[derive(Debug, Serialize)]
pub struct Controls<'a> {
    /// Number of the state: the page says it with each change that it asks for.
    revision: u64,
    /// Name of the scenario file, for people.
    file: &'a str,
    #[serde(rename = "saveTo")]
    save_to: Option<String>,
    changes: Vec<ShownStep>,
    undone: Vec<&'a str>,
    /// The command line that gives this run.
    command: String,
    /// The modes of an outage of a host that need nothing else said.
    modes: Vec<(&'static str, &'static str)>,
    outages: Vec<ShownOutage<'a>>,
    hosts: BTreeMap<&'a str, ShownHost<'a>>,
    /// Lists of settings, each named by hosts by its position.
    settings: Vec<Vec<ShownSetting>>,
    addresses: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ShownStep {
    title: String,
    arguments: Vec<String>,
    /// The entries that the step adds, as they would stand in the file.
    entry: String,
}

#[derive(Debug, Serialize)]
struct ShownOutage<'a> {
    entry: u32,
    label: &'a str,
    mode: &'a str,
    hosts: Vec<&'a str>,
    links: Vec<[&'a str; 2]>,
    from: f64,
    /// None: until the end.
    to: Option<f64>,
}

#[derive(Debug, Serialize)]
struct ShownHost<'a> {
    profile: &'a str,
    settings: usize,
    /// Whether it has an entry of its own, so that it can be another host from the start.
    own: bool,
}

#[derive(Debug, PartialEq, Serialize)]
struct ShownSetting {
    name: &'static str,
    value: String,
    about: &'static str,
}

/// The state of a scenario at hand, for its page.
#[derive(Debug)]
pub struct Stand<'a> {
    /// Its number: the page says it with each change that it asks for.
    pub revision: u64,
    /// Name of the scenario file, for people.
    pub file: &'a str,
    /// Where the changed scenario may be saved; none: nowhere.
    pub save_to: Option<String>,
    /// What was changed before anything was shown.
    pub base: &'a [Override],
    /// What was changed since, in order.
    pub done: &'a [Step],
    /// What was undone and can be done again.
    pub undone: &'a [Step],
}

impl<'a> Controls<'a> {
    /// Returns the controls of the page of a scenario as it stands.
    #[must_use]
    pub fn of(stand: &'a Stand<'a>, scenario: &'a Scenario, entries: &Entries) -> Self {
        let mut settings: Vec<Vec<ShownSetting>> = Vec::new();
        let mut hosts = BTreeMap::new();
        for host in scenario.hosts.iter().take(MOST_HOSTS) {
            let list = settings_in_force(host);
            let place = settings.iter().position(|known| *known == list).unwrap_or_else(|| {
                settings.push(list);
                settings.len() - 1
            });
            let own = entries.is_named("host", &host.name);
            hosts.insert(&*host.name, ShownHost { profile: &host.profile, settings: place, own });
        }
        let outages = scenario.outages.iter().filter_map(|outage| shown_outage(scenario, outage));
        Self {
            revision: stand.revision,
            file: stand.file,
            save_to: stand.save_to.clone(),
            changes: stand.done.iter().map(shown_step).collect(),
            undone: stand.undone.iter().map(|step| step.title.as_str()).collect(),
            command: command(stand),
            modes: modes(),
            outages: outages.take(MOST_OUTAGES).collect(),
            hosts,
            settings,
            addresses: addresses(scenario),
        }
    }
}

fn modes() -> Vec<(&'static str, &'static str)> {
    let simple = Mode::of(Strikes::Host).filter(|mode| mode.needs.is_empty());
    simple.map(|mode| (mode.word, mode.sentence)).collect()
}

/// Returns the settings of a host's mail server as they are at the start; none without a server.
fn settings_in_force(host: &Host) -> Vec<ShownSetting> {
    let Some(profile) =
        profiles::find(&host.profile).filter(|profile| *profile != profiles::none())
    else {
        return Vec::new();
    };
    let profile = Profile {
        queue: (*host.queue).clone(),
        client: (*host.client).clone(),
        server: (*host.server).clone(),
        required: &[],
        ..profile
    };
    settings_of(&profile)
        .into_iter()
        .map(|setting| ShownSetting {
            name: setting.name,
            value: setting.value,
            about: setting.about,
        })
        .collect()
}

fn shown_outage<'a>(scenario: &'a Scenario, outage: &'a Outage) -> Option<ShownOutage<'a>> {
    let Schedule::Fixed(interval) = &outage.schedule else { return None };
    let name = |host: HostId| scenario.hosts[host.index()].name.as_str();
    let host = |target: &OutageTarget| match target {
        OutageTarget::Host(host) => Some(name(*host)),
        OutageTarget::Address(address) => Some(name(scenario.addresses[address.index()].host)),
        OutageTarget::Link(_) | OutageTarget::Dns => None,
    };
    let link = |target: &OutageTarget| match target {
        OutageTarget::Link(link) => {
            let (one, other) = scenario.topology.link(*link).ends;
            Some([name(one), name(other)])
        }
        _ => None,
    };
    Some(ShownOutage {
        entry: outage.entry,
        label: &outage.label,
        mode: &outage.mode,
        hosts: outage.targets.iter().filter_map(host).take(MOST_HOSTS).collect(),
        links: outage.targets.iter().filter_map(link).take(MOST_HOSTS).collect(),
        from: interval.from.as_secs_f64(),
        to: (interval.to < SimTime::MAX).then(|| interval.to.as_secs_f64()),
    })
}

fn shown_step(step: &Step) -> ShownStep {
    ShownStep {
        title: step.title.clone(),
        arguments: step.overrides.iter().map(Override::as_argument).collect(),
        entry: step.overrides.iter().filter_map(added_entry).collect::<Vec<_>>().join("\n"),
    }
}

/// Returns the entry that an override adds, as it would stand in a file.
fn added_entry(change: &Override) -> Option<String> {
    let Override::Set { path: KeyPath(path), value } = change else { return None };
    let [list, index] = path.as_slice() else { return None };
    index.parse::<usize>().ok()?;
    let path = KeyPath(vec![list.clone(), "0".to_owned()]);
    let entry = edited("", &[Override::Set { path, value: value.clone() }]).ok()?;
    Some(entry.trim_start().to_owned())
}

/// Returns the command line that gives the run which is shown.
fn command(stand: &Stand<'_>) -> String {
    let mut command = format!("mailsim run {}", in_shell(stand.file));
    let steps = stand.done.iter().flat_map(|step| &step.overrides);
    for change in stand.base.iter().chain(steps) {
        let argument = change.as_argument();
        let (option, rest) = argument.split_once(' ').unwrap_or((&argument, ""));
        command.push_str(&format!(" {option} {}", in_shell(rest)));
    }
    command
}

/// Returns a word as it has to stand on the command line of a shell.
fn in_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Returns some addresses to choose from.
fn addresses(scenario: &Scenario) -> Vec<String> {
    let mut found = Vec::new();
    for (index, domain) in scenario.domains.iter().enumerate().take(MOST_DOMAINS) {
        for local in 0..domain.mailboxes.min(MOST_MAILBOXES) {
            let mut spelt = Vec::new();
            scenario
                .write_mailbox(Mailbox { domain: DomainId::from_index(index), local }, &mut spelt);
            found.push(String::from_utf8_lossy(&spelt).into_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_survives_the_shell() {
        assert_eq!(in_shell("a/b.toml"), "a/b.toml");
        assert_eq!(in_shell("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(in_shell(""), "''");
    }

    #[test]
    fn an_entry_is_shown_as_it_would_stand_in_the_file() {
        let change = Override::set("outage.3={ host = \"a.example\", mode = \"refuse\" }").unwrap();
        let expected = "[[outage]]\nhost = \"a.example\"\nmode = \"refuse\"\n";
        assert_eq!(added_entry(&change).as_deref(), Some(expected));
        assert_eq!(added_entry(&Override::set("outage.3.for=1h").unwrap()), None);
    }
}
