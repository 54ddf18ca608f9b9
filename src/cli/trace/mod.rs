//! `mailsim trace`: one message's journey, line by line.

mod folding;
pub(super) mod journey;
mod mermaid;
pub(super) mod wording;

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use clap::{Args, ValueEnum};

use crate::mail::{MailboxNames as _, MessageKey};
use crate::model::{Moment, Scenario};
use crate::simulation::Simulation;

use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::status::ExitStatus;
use super::terminal::Terminal;
use crate::story::{Narration, Shown, Story, Wanted, Watch};
use crate::trace::{Fact, FactSink, Register};
use crate::units::SimTime;
use folding::Repeats;

/// Follow one message: every hop, reply and wait
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Follow one message: who submits it when, DNS answers, the SMTP dialogue line by \
                  line, waits in queues, delivery, retrieval, its Received fields at the end, and \
                  the notices about it.\n\nTimes are virtual, from the start of the run. C: the \
                  client says, S: the server says."
)]
pub(super) struct Arguments {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,

    #[command(flatten)]
    changes: Changes,

    /// Message, as in messages.csv: 2-7 is the seventh of the second mail entry, 2-7.n1 the first
    /// notice about it [default: the first message of the run]
    #[arg(short, long, value_name = "ID")]
    message: Option<String>,

    /// Follow this recipient only (repeatable) [default: all]
    #[arg(short, long, value_name = "ADDRESS")]
    recipient: Vec<String>,

    /// Tell every try, also those that come to the same thing as two before them
    #[arg(long)]
    all: bool,

    /// Text to read, or a sequence diagram in the language of Mermaid; mermaid-full has every line
    /// of the dialogues [default: text]
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_default_value = true)]
    format: Format,
}

/// How a journey is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text, line by line.
    #[default]
    Text,
    /// A sequence diagram: an arrow for each step.
    Mermaid,
    /// A sequence diagram: an arrow for each line of SMTP.
    MermaidFull,
}

const EXAMPLES: &str = "\
Examples:
  mailsim trace outage.toml
  mailsim trace outage.toml --message 1-40
  mailsim trace outage.toml -m 1-40 --set outage.0.mode=refuse
  mailsim trace list.toml -m 1-1 -r bob@recipient.example
  mailsim trace outage.toml --format mermaid > journey.mmd";

/// Runs the command.
pub(super) fn trace(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let wanted = match &arguments.message {
        None => Wanted::First,
        Some(id) => Wanted::Key(id.parse::<MessageKey>().map_err(|()| bad_id(id))?),
    };
    let input = input::read_and_warn(&arguments.scenario, &arguments.changes.0, terminal)?;
    let scenario = &input.loaded.scenario;
    let (watch, narration) = follow(scenario, wanted, terminal)?;
    let Some(story) = watch.stories.first() else {
        return Err(unknown(arguments.message.as_deref(), &watch));
    };
    check_recipients(&arguments.recipient, story, scenario)?;
    if arguments.format != Format::Text {
        let full = arguments.format == Format::MermaidFull;
        let text = mermaid::diagram(scenario, &watch.stories, &arguments.recipient, full);
        terminal.data(&text)?;
        return Ok(ExitStatus::Success);
    }
    let mut shown = narration.shown(SimTime::ZERO + scenario.duration);
    shown.retain(|note| is_about(&scenario.notes[note.note].moment, &watch.stories));
    let repeats = if arguments.all { Repeats::Told } else { Repeats::Folded };
    let mut untold = shown.as_slice();
    let mut text = String::new();
    for (place, story) in watch.stories.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        // Notices go to the sender, whoever the recipient is.
        let only: &[String] = if place == 0 { &arguments.recipient } else { &[] };
        let notes;
        (notes, untold) = told_by(untold, story);
        text.push_str(&journey::tell(scenario, story, only, notes, repeats));
    }
    terminal.told(&text)?;
    Ok(ExitStatus::Success)
}

/// Returns whether a note may be told with these stories: it waits for no other message.
fn is_about(moment: &Moment, stories: &[Story]) -> bool {
    let Moment::On(occasion) = moment else { return true };
    stories.iter().any(|story| {
        let (MessageKey::Mail { entry, .. } | MessageKey::Notice { entry, .. }) = story.key;
        occasion.message.is_none_or(|key| key == story.key)
            && occasion.mail.is_none_or(|mail| mail == entry)
    })
}

/// Parts the notes into those shown up to the last event of a story, and the rest.
fn told_by<'n>(notes: &'n [Shown], story: &Story) -> (&'n [Shown], &'n [Shown]) {
    let events = story.copies.iter().flat_map(|copy| copy.facts.iter().map(|(at, _)| *at));
    let last = events.max().unwrap_or(story.at);
    notes.split_at(notes.partition_point(|note| note.at <= last))
}

/// Takes the facts of a run for those who follow a message.
pub(super) struct Followed<'s> {
    pub(super) watch: Watch,
    pub(super) narration: Narration<'s>,
}

impl FactSink for Followed<'_> {
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register) {
        self.narration.fact(at, fact, register);
        self.watch.fact(at, fact, register);
    }
}

/// Returns the journeys of a message that somebody typed and of the notices about it; nothing if there is no such
/// message.
pub(super) fn journeys(
    scenario: &Scenario,
    key: MessageKey,
    terminal: Terminal,
) -> Result<String, CommandError> {
    let (watch, _) = follow(scenario, Wanted::Key(key), terminal)?;
    let told = watch.stories.iter().enumerate().map(|(place, story)| match place {
        0 => journey::tell_typed(scenario, story),
        _ => journey::tell(scenario, story, &[], &[], Repeats::Told),
    });
    let told: Vec<String> = told.collect();
    Ok(told.join("\n"))
}

/// Runs the scenario until the story of the message is over.
pub(super) fn follow(
    scenario: &Scenario,
    wanted: Wanted,
    terminal: Terminal,
) -> Result<(Watch, Narration<'_>), CommandError> {
    let interrupt = Interrupt::listen(None);
    let over = Rc::new(Cell::new(false));
    let watch = Watch::new(wanted, over.clone());
    let mut followed = Followed { watch, narration: Narration::new(scenario) };
    let simulation = Simulation::new(scenario);
    let end = SimTime::ZERO + scenario.duration;
    let mut progress = Progress::new(end, terminal);
    // Whether a note is true may be decided by what happens to other messages later.
    let judged = scenario.notes.iter().any(|note| !note.conditions.is_empty());
    let totals = simulation.run_while(&mut followed, |at| {
        progress.reached(at, 0);
        (judged || !over.get()) && !interrupt.is_wanted()
    });
    progress.end();
    CommandError::if_endless(&totals, scenario)?;
    if interrupt.is_wanted() {
        return Err(CommandError::Interrupted { at: totals.ended, untouched: String::new() });
    }
    Ok((followed.watch, followed.narration))
}

pub(super) fn bad_id(id: &str) -> CommandError {
    CommandError::Usage(format!(
        "`{id}` is no id of a message; ids look like 2-7 (the seventh message of the second \
         [[mail]]) or 2-7.n1 (the first notice about it)"
    ))
}

/// The run has no such message: says which there are.
pub(super) fn unknown(id: Option<&str>, watch: &Watch) -> CommandError {
    let mut text = match id {
        Some(id) => format!("this run has no message {id}"),
        None => "no mail is sent in this run".to_owned(),
    };
    let flows: Vec<String> = watch
        .sent
        .iter()
        .map(|(entry, last)| match last {
            1 => format!("{}-1", entry + 1),
            last => format!("{0}-1 to {0}-{last}", entry + 1),
        })
        .collect();
    if !flows.is_empty() {
        text.push_str(&format!("; there are {}", flows.join(", ")));
    }
    if let (Some(id), 1..) = (id, watch.notices.len()) {
        let mut notices: Vec<String> = watch.notices.iter().map(MessageKey::to_string).collect();
        notices.sort_by_key(|notice| std::cmp::Reverse(common_prefix(notice, id)));
        notices.truncate(3);
        text.push_str(&format!(", and notices such as {}", notices.join(", ")));
    }
    CommandError::Usage(text)
}

fn common_prefix(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

fn check_recipients(
    wanted: &[String],
    story: &Story,
    scenario: &Scenario,
) -> Result<(), CommandError> {
    let known: Vec<String> =
        story.copies.iter().map(|copy| scenario.mailbox(copy.created.mailbox)).collect();
    match wanted.iter().find(|address| !known.contains(address)) {
        None => Ok(()),
        Some(address) => Err(CommandError::Usage(format!(
            "{address} is no recipient of message {}; it goes to {}",
            story.key,
            known.join(", ")
        ))),
    }
}
