//! What must hold of every run, whatever the network: each audit tells what is wrong, or nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mailsim::mail::{MailboxNames as _, MessageKey, MessageKind};
use mailsim::model::Scenario;
use mailsim::report::{ResultFolder, Tables, Wanted, complete, rebuild, summary_json};
use mailsim::scenario::Loaded;
use mailsim::simulation::Simulation;
use mailsim::trace::{Fact, FactLog, Ledger};
use mailsim::units::{SimDuration, SimTime};
use mailsim::workbench::{Ran, describe, run as run_to};

use crate::common::{End, Run};
use crate::draw::{Chance, Network};

/// What an audit says.
pub(crate) type Verdict = Result<(), String>;

/// What a run stated, without what the file itself says of outages.
fn happened(run: &Run) -> Vec<&(SimTime, Fact)> {
    run.facts.iter().filter(|(_, fact)| !matches!(fact, Fact::Outage(_))).collect()
}

/// What a run stated before `at`.
fn before(run: &Run, at: SimTime) -> Vec<String> {
    let early = happened(run).into_iter().filter(|(time, _)| *time < at);
    early.map(|(time, fact)| format!("{time:?} {fact:?}")).collect()
}

fn first_difference(one: &[String], other: &[String]) -> Verdict {
    let pairs = one.iter().zip(other);
    if let Some((one, other)) = pairs.clone().find(|(one, other)| one != other) {
        return Err(format!("{one}\nis now\n{other}"));
    }
    if one.len() == other.len() {
        return Ok(());
    }
    Err(format!("{} facts are now {}", one.len(), other.len()))
}

/// Counts the ledger anew, from the story of each recipient.
fn recount(run: &Run) -> Ledger {
    let mut ledger = Ledger::default();
    for story in &run.stories {
        match story.created.kind {
            MessageKind::Mail => ledger.submitted += 1,
            _ => ledger.created += 1,
        }
        ledger.duplicates += story.endings.iter().filter(|ending| ending.duplicate).count() as u64;
        *match story.end() {
            End::Delivered => &mut ledger.delivered,
            End::Failed => &mut ledger.failed,
            End::Discarded => &mut ledger.discarded,
            End::Queued => &mut ledger.queued,
            End::InTransit => &mut ledger.in_transit,
        } += 1;
    }
    ledger
}

fn balances(run: &Run) -> Verdict {
    let (stated, counted) = (run.ledger(), recount(run));
    if stated == counted && counted.balances() {
        return Ok(());
    }
    Err(format!("the ledger says {stated:?}, the stories {counted:?}"))
}

/// Nothing is lost and nothing comes from nowhere, at the end and at random instants; and what a shorter
/// run tells, the longer one told too.
pub(crate) fn ledger(run: &Run, chance: &mut Chance) -> Verdict {
    balances(run)?;
    let seconds = run.scenario.duration.as_secs();
    for _ in 0..2 {
        let until = SimDuration::from_millis(1 + chance.below(seconds as usize * 1_000) as u64);
        let shorter = Run::of(&Scenario { duration: until, ..run.scenario.clone() });
        balances(&shorter).map_err(|problem| format!("after {until:?}: {problem}"))?;
    }
    Ok(())
}

/// The same scenario gives the same run.
pub(crate) fn second_run(run: &Run) -> Verdict {
    let again = Run::of(&run.scenario);
    let told = |run: &Run| run.facts.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
    first_difference(&told(run), &told(&again))
}

/// What is there for speed alone holds no rule: without it the run states the same facts.
pub(crate) fn shortcuts(run: &Run) -> Verdict {
    let mut log = FactLog::default();
    let totals = Simulation::new(&run.scenario).without_shortcuts().run(&mut log);
    let told =
        |facts: &[(SimTime, Fact)]| facts.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
    first_difference(&told(&run.facts), &told(&log.facts))?;
    if totals == run.totals { Ok(()) } else { Err(format!("{totals:?}, not {:?}", run.totals)) }
}

/// Each try begins after its message is at the host that makes it, ends after it began, and what is
/// accepted was offered.
pub(crate) fn times(run: &Run) -> Verdict {
    for story in &run.stories {
        let mut last = SimTime::ZERO;
        for attempt in &story.attempts {
            if attempt.ended < attempt.started || attempt.ended < last {
                return Err(format!("out of order after {last:?}: {attempt:?}"));
            }
            last = attempt.ended;
            if attempt.started < story.at {
                return Err(format!("before its message of {:?}: {attempt:?}", story.at));
            }
            if attempt.next_attempt.is_some_and(|next| next < attempt.ended) {
                return Err(format!("the next try lies before its end: {attempt:?}"));
            }
        }
    }
    Ok(())
}

/// Nothing after an instant changes what was before: neither mail, nor an outage, nor an action.
pub(crate) fn causality(
    run: &Run,
    network: &Network,
    read: impl Fn(&str) -> Option<Scenario>,
    chance: &mut Chance,
) -> Verdict {
    let at = chance.below(network.minutes * 60);
    let host = chance.of(&network.hosts).clone();
    let server = chance.of(&network.hosts[..network.hosts.len() - 1]).clone();
    let later = [
        format!(
            "[[mail]]\nfrom = \"bob@d0.example\"\nto = [\"carol@d0.example\"]\nat = \"{at}s\"\n\
             submit = {{ server = \"{server}\" }}\n"
        ),
        format!(
            "[[outage]]\nhost = \"{host}\"\nmode = \"crash\"\nfrom = \"{at}s\"\nfor = \"10min\"\n"
        ),
        format!("[[action]]\nat = \"{at}s\"\nhost = \"{host}\"\ndo = \"flush\"\n"),
        format!(
            "[[action]]\nat = \"{at}s\"\nhost = \"{host}\"\ndo = {{ set = {{ capacity = {{ sessions = 1 }} }} }}\n"
        ),
    ];
    let at = SimTime::from_secs(at as u64);
    let table = chance.of(&later);
    let Some(changed) = read(&network.with(table)) else {
        return Ok(());
    };
    let changed = Run::of(&changed);
    first_difference(&before(run, at), &before(&changed, at))
        .map_err(|problem| format!("with\n{table}{problem}"))
}

/// Who writes what to whom, and when.
fn mail(run: &Run) -> BTreeMap<(MessageKey, String), String> {
    let told = run.mail().into_iter().map(|story| {
        let mailbox = run.scenario.mailbox(story.created.mailbox);
        ((story.created.key, mailbox), format!("{:?} {:?}", story.at, story.created.size))
    });
    told.collect()
}

/// Networks that differ in one host send the same mail.
pub(crate) fn common_numbers(
    run: &Run,
    network: &Network,
    read: impl Fn(&str) -> Option<Scenario>,
    chance: &mut Chance,
) -> Verdict {
    let host = chance.of(&network.hosts);
    let mut other = network.clone();
    let Some(place) = other
        .tables
        .iter()
        .position(|table| table.contains(&format!("[[host]]\nname = \"{host}\"")))
    else {
        return Ok(());
    };
    let Some((before, _)) = other.tables[place].split_once("mta = ") else {
        return Ok(());
    };
    other.tables[place] = format!("{before}mta = \"rfc5321\"\n");
    let Some(changed) = read(&other.text()) else {
        return Ok(());
    };
    let (one, other) = (mail(run), mail(&Run::of(&changed)));
    match one.iter().zip(&other).find(|(one, other)| one != other) {
        Some((one, other)) => Err(format!("with another {host} {one:?} is {other:?}")),
        None if one.len() != other.len() => {
            Err(format!("{} and {} are sent", one.len(), other.len()))
        }
        None => Ok(()),
    }
}

/// An outage that strikes nobody changes nothing.
pub(crate) fn harmless_outage(
    run: &Run,
    network: &Network,
    read: impl Fn(&str) -> Option<Scenario>,
    chance: &mut Chance,
) -> Verdict {
    let modes = ["blackhole", "refuse", "crash", "hang", "tempfail", "disk_full"];
    let table = format!(
        "[[outage]]\nhost = \"idle.example\"\nmode = \"{}\"\nfrom = \"{}m\"\nfor = \"{}m\"\n",
        chance.of(&modes),
        chance.below(network.minutes),
        1 + chance.below(100)
    );
    let Some(changed) = read(&network.with(&table)) else {
        return Err(format!("refused: {table}"));
    };
    let changed = Run::of(&changed);
    let idle = run.host("idle.example");
    let told = |run: &Run| -> Vec<String> {
        let others = happened(run).into_iter();
        let others = others.filter(|(_, fact)| !matches!(fact, Fact::Host(it) if it.host == idle));
        others.map(|it| format!("{it:?}")).collect()
    };
    first_difference(&told(run), &told(&changed))
        .map_err(|problem| format!("with\n{table}{problem}"))
}

/// What a run without rows says of itself is what one with rows says.
pub(crate) fn no_tables(run: &Run, place: &Path) -> Verdict {
    let scenario = &run.scenario;
    let asked = scenario.asked_figures();
    let folder = ResultFolder::claim(&place.join("tables")).map_err(|error| error.to_string())?;
    let tables = Tables::create(&folder, scenario, Some(scenario));
    let tables = tables.map_err(|error| error.to_string())?;
    let summary = |tables| {
        let Ran { summary, .. } = run_to(scenario, &asked, scenario.duration, tables, |_, _| true);
        summary_json(&summary)
    };
    let (with, without) = (summary(Some(tables)), summary(None));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    first_difference(&lines(&with), &lines(&without))
}

/// Charts and page that are made again from the files of a result are those that were there.
pub(crate) fn report(loaded: &Loaded, place: &Path) -> Verdict {
    let scenario = &loaded.scenario;
    let told = |error: mailsim::report::ReportError| error.to_string();
    let result = place.join("report");
    let folder = ResultFolder::claim(&result).map_err(told)?;
    let tables = Tables::create(&folder, scenario, Some(scenario)).map_err(told)?;
    let asked = scenario.asked_figures();
    let Ran { summary, tables, .. } =
        run_to(scenario, &asked, scenario.duration, Some(tables), |_, _| true);
    let description = describe(loaded, "", &[], scenario.duration);
    let wanted = Wanted { tables: true, charts: true, png: false, packed: false };
    complete(folder, tables, &summary, &description, wanted).map_err(told)?;
    let before = files(&result);
    rebuild(&result, false).map_err(told)?;
    let after = files(&result);
    match before.iter().zip(&after).find(|(before, after)| before != after) {
        Some(((name, _), _)) => Err(format!("{name} is another one")),
        None if before.len() != after.len() || before.len() < 7 => {
            Err(format!("{} files are now {}", before.len(), after.len()))
        }
        None => Ok(()),
    }
}

/// Returns the files of a folder and of those in it, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the result is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).expect("it can be read"));
        }
    }
    found
}
