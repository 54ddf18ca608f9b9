//! Schedules of attempts as a scenario writes them: a list of times, or a text such as
//! `5m 10m 30m 1h*`.

use crate::profiles::Profile;
use crate::profiles::settings::own_name;
use crate::queue::QueueSettings;
use crate::queue::plain::{Expiry, Form, Gaps};
use crate::scenario::text::limits;
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark};
use crate::scenario::text::shape::Shape;
use crate::scenario::text::tree::{Table, Value};
use crate::units::SimDuration;

/// What each time of a list looks like.
pub(crate) static DURATION: Shape = Shape::Duration;
/// What a schedule looks like.
pub(crate) const SHAPE: Shape = Shape::Either(&[Shape::List(&DURATION), Shape::Text]);

const ACCEPTED: &str = "a list of durations whose last one repeats, or a text such as \
                        \"5m 10m 30m 1h*\": `*` lets the last one repeat, `5m*3` stands for three \
                        times 5m, and without a last `*` the message is returned after the list";

/// Reads gaps, or ages, into `place`.
pub(crate) fn read(field: &Field<'_>, place: &mut Gaps, form: Form) {
    let read = match &field.node.value {
        Value::Text(text) => notation(text),
        Value::List(_) => {
            let items = field.shaped(Shape::List(&DURATION)).list();
            let list: Vec<_> = items.iter().filter_map(span).collect();
            if list.len() < items.len() {
                return;
            }
            Ok((list, true))
        }
        _ => {
            field.wrong_type();
            return;
        }
    };
    let problem = match read {
        Err(problem) => problem,
        Ok((list, _)) if list.is_empty() => "found no time at all".to_owned(),
        Ok((list, _)) if form == Form::Offsets && !list.is_sorted_by(|a, b| a < b) => {
            "the ages do not rise from one to the next".to_owned()
        }
        Ok((list, repeats)) => {
            (place.form, place.list, place.repeats) = (form, list, repeats);
            return;
        }
    };
    let remark = Remark::new(problem).accepted(ACCEPTED).help("write \"5m 10m 30m 1h*\"");
    field.error(ProblemKind::BadValue, remark);
}

/// Reads one time of a list. Who leaves out the unit means seconds here, not milliseconds.
fn span(field: &Field<'_>) -> Option<SimDuration> {
    let Value::Integer(number @ 1..) = field.node.value else {
        return field.positive_duration();
    };
    let remark = Remark::new(format!("found {number}, a number without a unit"))
        .accepted(Shape::Duration.accepted())
        .help(format!("did you mean {}?", seconds(number.unsigned_abs())));
    field.error(ProblemKind::WrongType, remark);
    None
}

/// Returns a number of seconds as a scenario writes it, and in larger units if there are any.
fn seconds(number: u64) -> String {
    let plain = format!("{number}s");
    let exact = SimDuration::from_secs(number.min(limits::SECONDS)).exact().to_string();
    if exact == plain { format!("\"{plain}\"") } else { format!("\"{plain}\" or \"{exact}\"") }
}

/// Most repetitions of one time.
const MOST: u32 = 1000;

/// Reads times separated by blanks, commas or semicolons. Returns them, and whether the last one
/// repeats.
fn notation(text: &str) -> Result<(Vec<SimDuration>, bool), String> {
    let (mut list, mut repeats) = (Vec::new(), false);
    let separator = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';');
    for word in text.split(separator).filter(|word| !word.is_empty()) {
        if repeats {
            return Err(format!("`{word}` stands behind the time that repeats for ever"));
        }
        let (span, times) = word.split_once('*').map_or((word, "1"), |parts| parts);
        if let Ok(number @ 1..) = span.parse() {
            return Err(format!("`{word}` has no unit; did you mean {}?", seconds(number)));
        }
        let span: SimDuration = span.parse().map_err(|error| format!("`{word}`: {error}"))?;
        if span.is_zero() {
            return Err(format!("`{word}` is no time above zero"));
        }
        repeats = times.is_empty();
        let times = if repeats { Some(1) } else { times.parse().ok() };
        let times = times.filter(|times| (1..=MOST).contains(times)).ok_or_else(|| {
            format!("`{word}`: behind `*` stands a number from 1 to {MOST}, or nothing")
        })?;
        list.extend((0..times).map(|_| span));
    }
    Ok((list, repeats))
}

/// Reads the factor by which gaps grow.
pub(crate) fn factor(field: &Field<'_>) -> Option<f64> {
    let number = field.number()?;
    let fits = (1.0..=1000.0).contains(&number);
    if !fits {
        let remark = Remark::new(format!("found {number}"))
            .accepted("a number from 1 to 1000")
            .help("1 keeps the gaps equal, 2 doubles them");
        field.error(ProblemKind::BadValue, remark);
    }
    fits.then_some(number)
}

/// Returns the settings by which a profile may state its schedule: each excludes the others.
pub(crate) fn forms(profile: &str) -> [&'static str; 3] {
    ["gaps", "offsets", "first_gap"].map(|ours| own_name(profile, ours))
}

/// Reports a table that states its schedule in two ways.
pub(crate) fn one_form_only(mta: &Field<'_>, table: &Table, profile: &Profile) {
    let forms = forms(profile.name);
    let mut given = forms.into_iter().filter_map(|key| table.get(key));
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        let (first, key) = (&first.key, &second.key);
        let remark = Remark::new(format!("`{first}` and `{key}` exclude each other"))
            .accepted(format!("one of {}", forms.join(", ")))
            .help(format!("remove `{first}` or `{key}`"));
        let path = format!("{}.{key}", mta.path);
        mta.checker.error(ProblemKind::Contradiction, &second.place, &path, remark);
    }
}

/// Reports a schedule without any time between its attempts: a server that tries whatever waits at
/// each of its looks (IMail) has to look now and then.
pub(crate) fn has_time_between(mta: &Field<'_>, table: &Table, profile: &Profile) {
    let QueueSettings::Plain(queue) = &profile.queue else {
        return;
    };
    let entry =
        table.entries.iter().find(|entry| entry.key == own_name(profile.name, "look_every"));
    if let Some(entry) = entry.filter(|_| queue.gaps.are_none() && queue.look_every.is_none()) {
        let key = &entry.key;
        let remark = Remark::new(format!("with {key} = 0 attempts would follow at once, for ever"))
            .accepted("a duration above zero")
            .help(format!("write {key} = \"30m\""));
        let path = format!("{}.{key}", mta.path);
        mta.checker.error(ProblemKind::BadValue, &entry.place, &path, remark);
    }
}

/// Reports a last attempt at the end of a lifetime that there is not, or whose end a timer keeps.
pub(crate) fn has_last_try(mta: &Field<'_>, table: &Table, profile: &Profile) {
    let QueueSettings::Plain(queue) = &profile.queue else {
        return;
    };
    let key = "last_try_at_lifetime";
    let Some(entry) = table.get(key).filter(|_| queue.last_try_at_lifetime) else {
        return;
    };
    let (problem, help) = if queue.lifetime.is_none() {
        ("there is no lifetime at whose end a last attempt could be made", "add `lifetime`")
    } else if queue.expiry == Expiry::Timer {
        ("by a timer a message is returned at the end of its lifetime, untried", "remove `expiry`")
    } else {
        return;
    };
    let remark = Remark::new(problem)
        .accepted("`last_try_at_lifetime` with a lifetime, and expiry \"attempt\" or \"ahead\"")
        .help(help);
    let path = format!("{}.{key}", mta.path);
    mta.checker.error(ProblemKind::Contradiction, &entry.place, &path, remark);
}

/// Returns an example of a value for a setting that a scenario has to give.
pub(crate) fn example(key: &str) -> &'static str {
    match key {
        "tries" | "tries_before_return" => "20",
        "queue_timer" => "\"30m\"",
        "delay_notice" | "warning_after" => "\"4h\"",
        "gaps" => "\"5m 10m 30m 1h*\"",
        _ => "\"4d\"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(text: &str) -> (Vec<u64>, bool) {
        let (list, repeats) = notation(text).unwrap_or_else(|problem| panic!("{problem}"));
        (list.into_iter().map(|span| span.as_secs() / 60).collect(), repeats)
    }

    #[test]
    fn the_star_repeats() {
        assert_eq!(minutes("5m 10m 30m 1h*"), (vec![5, 10, 30, 60], true));
        // Haraka's `temp_fail_intervals`.
        assert_eq!(minutes("1m,5m*2, 1h*3"), (vec![1, 5, 5, 60, 60, 60], false));
        assert_eq!(minutes("1h30m"), (vec![90], false));
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_its_word() {
        for (text, word) in [("5m* 1h", "`1h`"), ("5m*0", "`5m*0`"), ("5", "`5`"), ("0s", "`0s`")] {
            let problem = notation(text).expect_err(text);
            assert!(problem.contains(word), "{text}: {problem}");
        }
    }
}
