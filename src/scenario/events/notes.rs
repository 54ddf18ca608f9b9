//! Reading `[[note]]`: remarks at a time or on an event of the run.

use super::keys::{CONDITION, NOTED_EVENTS};
use crate::mail::MessageKey;
use crate::model::Outage;
use crate::model::note::{Condition, Moment, Note, NotedEvent, Occasion};
use crate::scenario::domain::domains::Domains;
use crate::scenario::host::hosts::Hosts;
use crate::scenario::text::overrides::KeyPath;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark, Section};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::Place;
use crate::scenario::top::{tables, text};
use crate::scenario::traffic::correspondents::address;
use crate::units::SimTime;

/// What notes may speak of.
pub(crate) struct Spoken<'s, 'a> {
    pub(crate) hosts: &'s Hosts<'a>,
    pub(crate) outages: &'s [Outage],
    /// How many `[[mail]]` entries there are.
    pub(crate) mail: usize,
}

/// Reads the notes; none may stand after the end of the run. Those at a time come in its order,
/// before those on events.
pub(crate) fn notes(
    top: &Section<'_>,
    end: SimTime,
    spoken: &Spoken<'_, '_>,
    domains: &mut Domains<'_>,
) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for (entry, field) in tables(top, "note").into_iter().enumerate() {
        let Some(section) = field.section() else {
            continue;
        };
        check_words(&section);
        let word = |key: &str| text(&section, key).unwrap_or_default();
        let moment = match section.one_of(&["at", "on"]) {
            Some("at") => time(&section, end).map(Moment::At),
            Some(_) => section
                .field("on")
                .and_then(|field| field.section())
                .and_then(|table| occasion(&table, spoken, domains))
                .map(Moment::On),
            None => {
                let remark = Remark::new("nothing says when this note is shown")
                    .accepted("`at` or `on`")
                    .help("add at = \"10s\", or on = { event = \"accepted\", message = \"1-1\" }");
                section.error(ProblemKind::Missing, remark);
                None
            }
        };
        let line = match &section.place {
            Place::File(span) => section.checker.line(span.start),
            Place::CommandLine(_) => 0,
        };
        if let Some(moment) = moment {
            let (text, ask, answer) = (word("text"), word("ask"), word("answer"));
            let conditions = conditions(&section, spoken, domains);
            // Whether it stands is known when the overrides are (see `note_conditions`).
            notes.push(Note { moment, text, ask, answer, conditions, stands: true, entry, line });
        }
    }
    notes.sort_by_key(|note| match note.moment {
        Moment::At(at) => at,
        Moment::On(_) => SimTime::MAX,
    });
    notes
}

/// Checks what the note says.
fn check_words(section: &Section<'_>) {
    if !section.has("text") && !section.has("ask") {
        let remark = Remark::new("this note says nothing")
            .accepted("`text`, `ask` or both")
            .help("add text = \"The primary goes down\"");
        section.error(ProblemKind::Missing, remark);
    }
    if section.has("answer") && !section.has("ask") {
        let remark = Remark::new("an answer without a question")
            .accepted("`answer` together with `ask`")
            .help("add ask = \"What happens next?\", or make the answer the `text`");
        section.error_at("answer", ProblemKind::Contradiction, remark);
    }
}

fn time(section: &Section<'_>, end: SimTime) -> Option<SimTime> {
    let at = section.field("at").and_then(|field| field.time())?;
    if at > end {
        let remark = Remark::new(format!("the note stands at {at}, after the end"))
            .accepted(format!("a time up to the end of the run, {end}"))
            .help("make `at` earlier or `duration` longer");
        section.error_at("at", ProblemKind::BadValue, remark);
    }
    Some(at)
}

fn occasion(
    table: &Section<'_>,
    spoken: &Spoken<'_, '_>,
    domains: &mut Domains<'_>,
) -> Option<Occasion> {
    let word = table.field("event").and_then(|field| field.word())?;
    let at = NOTED_EVENTS.iter().position(|event| *event == word)?;
    let event = NotedEvent::ALL[at];
    let foreign: &[&str] = match event {
        // A look-up serves whatever waits for that domain.
        NotedEvent::LookedUp => &["outage", "message", "mail"],
        _ if event.is_of_outage() => &["message", "mail", "to", "host"],
        _ => &["outage"],
    };
    for key in foreign.iter().filter(|key| table.has(key)) {
        let remark = Remark::new(format!("`{key}` says nothing about the event \"{word}\""))
            .accepted(match event {
                NotedEvent::LookedUp => "`to`, `host` and `nth` with this event",
                _ if event.is_of_outage() => "`outage` and `nth` with the events of outages",
                _ => "`message`, `mail`, `to`, `host` and `nth` with the events of mail",
            })
            .help(format!("remove `{key}`, or choose another event"));
        table.error_at(key, ProblemKind::Contradiction, remark);
    }
    let message = table.field("message").and_then(|field| message(&field, spoken));
    let mail = table.field("mail").and_then(|field| entry(&field, spoken));
    Some(Occasion {
        event,
        message,
        mail,
        recipient: table.field("to").and_then(|field| address(&field, domains)),
        hosts: table.field("host").and_then(|field| spoken.hosts.all_of(&field)),
        outage: table.field("outage").and_then(|field| outage(&field, spoken)),
        nth: table.field("nth").and_then(|field| field.count()).unwrap_or(1),
    })
}

/// Reads what must happen for the note to be shown; conditions on keys are left to `note_conditions`.
fn conditions(
    note: &Section<'_>,
    spoken: &Spoken<'_, '_>,
    domains: &mut Domains<'_>,
) -> Vec<Condition> {
    let Some(field) = note.field("if") else { return Vec::new() };
    let entries = field.one_or_many(Shape::Table(&CONDITION));
    let sections = entries.iter().filter_map(Field::section);
    sections.filter_map(|section| condition(&section, spoken, domains)).collect()
}

fn condition(
    table: &Section<'_>,
    spoken: &Spoken<'_, '_>,
    domains: &mut Domains<'_>,
) -> Option<Condition> {
    if table.one_of(&["event", "unchanged"]).is_none() {
        let remark = Remark::new("this condition asks for nothing")
            .accepted("`event` or `unchanged`")
            .help("add event = \"delivered\", or unchanged = \"outage\"");
        table.error(ProblemKind::Missing, remark);
        return None;
    }
    if table.has("unchanged") {
        check_unchanged(table);
        return None;
    }
    let time = |key: &str| table.field(key).and_then(|field| field.time());
    let from = time("from").unwrap_or(SimTime::ZERO);
    let until = time("until").unwrap_or(SimTime::MAX);
    if until < from {
        let remark = Remark::new("nothing can happen then: `until` is before `from`")
            .accepted("an `until` not before `from`")
            .help("swap the two");
        table.error_at("until", ProblemKind::Contradiction, remark);
    }
    let occasion = occasion(table, spoken, domains)?;
    let never = table.field("never").and_then(|field| field.flag()).unwrap_or(false);
    Some(Condition { occasion, from, until, never })
}

/// Checks a condition on keys: they must be paths, and nothing else belongs to it.
fn check_unchanged(table: &Section<'_>) {
    for path in table.field("unchanged").iter().flat_map(|field| field.one_or_many(Shape::Text)) {
        if let Some(Err(error)) = path.text().map(str::parse::<KeyPath>) {
            let remark = Remark::new(error.to_string())
                .accepted("keys joined by dots, as for --set")
                .help("write unchanged = \"outage\"");
            path.error(ProblemKind::BadValue, remark);
        }
    }
    let others = ["message", "mail", "to", "host", "outage", "nth", "from", "until", "never"];
    for key in others.into_iter().filter(|key| table.has(key)) {
        let remark = Remark::new(format!("`{key}` says nothing about what is unchanged"))
            .accepted("`unchanged` alone")
            .help(format!("remove `{key}`, or ask for an `event`"));
        table.error_at(key, ProblemKind::Contradiction, remark);
    }
}

fn message(field: &Field<'_>, spoken: &Spoken<'_, '_>) -> Option<MessageKey> {
    let text = field.text()?;
    let Ok(key) = text.parse::<MessageKey>() else {
        let remark = Remark::new(format!("found \"{text}\", which names no message"))
            .accepted("a name as in messages.csv: \"2-7\" is the seventh message of the second [[mail]], \"2-7.n1\" the first notice about it")
            .help("write \"1-1\" for the first message of the first [[mail]]");
        field.error(ProblemKind::BadValue, remark);
        return None;
    };
    let entry = text.split('-').next().and_then(|number| number.parse::<usize>().ok());
    if entry.is_some_and(|entry| entry > spoken.mail) {
        no_entry(field, spoken);
        return None;
    }
    Some(key)
}

fn entry(field: &Field<'_>, spoken: &Spoken<'_, '_>) -> Option<u32> {
    let number = field.count32()?;
    if number as usize > spoken.mail {
        no_entry(field, spoken);
        return None;
    }
    Some(number - 1)
}

fn no_entry(field: &Field<'_>, spoken: &Spoken<'_, '_>) {
    let remark = Remark::new(format!("found {}", field.found()))
        .accepted(format!("the number of one of the {} [[mail]] entries, from 1", spoken.mail))
        .help("count the [[mail]] entries from the top of the file");
    field.error(ProblemKind::UnknownName, remark);
}

fn outage(field: &Field<'_>, spoken: &Spoken<'_, '_>) -> Option<String> {
    let name = field.text()?;
    let labels = || spoken.outages.iter().map(|outage| outage.label.as_str());
    if labels().any(|label| label == name) {
        return Some(name.to_owned());
    }
    let near = field.checker.did_you_mean(name, labels());
    let remark = Remark::new(format!("there is no outage called \"{name}\""))
        .accepted(field.checker.listed(labels()))
        .help(if near.is_empty() { "give the [[outage]] a `name`".to_owned() } else { near });
    field.error(ProblemKind::UnknownName, remark);
    None
}
