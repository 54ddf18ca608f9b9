//! Exercises are solved by their own solutions, and by tricks.

use crate::scenario::{Override, edited};

use super::{EXERCISES, Exercise, Graded};

fn graded(exercise: &Exercise, text: &str) -> Graded {
    exercise.grade(text, |_| true).unwrap_or_else(|why| panic!("{}: {why:?}", exercise.name))
}

fn solved(exercise: &Exercise) -> String {
    let changes: Vec<Override> =
        exercise.solution.iter().map(|change| Override::set(change).unwrap()).collect();
    edited(exercise.start, &changes).unwrap()
}

#[test]
fn each_exercise_is_open_at_first_and_can_be_solved() {
    for exercise in EXERCISES {
        let before = graded(exercise, exercise.start);
        assert!(!before.passed() && before.moved.is_empty(), "{}: {before:?}", exercise.name);
        let text = solved(exercise);
        let after = graded(exercise, &text);
        assert!(after.passed(), "{}: {:?}", exercise.name, after.told());
        let code = exercise.code(&text);
        assert_eq!(exercise.solution_of(&code).unwrap(), text);
    }
}

#[test]
fn what_has_to_stay_is_watched() {
    let exercise = Exercise::find("4").unwrap();
    let text = exercise.start.replace("for = \"6d\"", "for = \"1h\"");
    let graded = graded(exercise, &text);
    assert!(graded.verdicts.iter().all(crate::measure::Verdict::is_met), "it would do");
    assert_eq!(graded.moved.len(), 1, "{:?}", graded.moved);
    assert!(!graded.passed());
}

#[test]
fn expectations_of_a_solution_are_of_no_weight() {
    let exercise = Exercise::find("01-nobody-of-that-name").unwrap();
    let lenient = "\n[[expect]]\nfigure = \"mail.delivered\"\nat_least = 0\n";
    let graded = graded(exercise, &format!("{}{lenient}", exercise.start));
    assert_eq!(graded.verdicts.len(), 2);
    assert!(!graded.passed());
}

#[test]
fn exercises_are_found_by_number_name_and_file() {
    for wanted in [
        "7",
        "07",
        "07-minutes-after-the-outage",
        "scenarios/exercises/07-minutes-after-the-outage.toml",
    ] {
        assert_eq!(Exercise::find(wanted).map(Exercise::number), Some(7), "{wanted}");
    }
    for unknown in ["", "0", "11", "seven", "-"] {
        assert!(Exercise::find(unknown).is_none(), "{unknown}");
    }
}
