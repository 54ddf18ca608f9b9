//! What is concluded from rows: rows are made up here, so that every conclusion is known by hand.

use mailsim::scenario::{Override, Source};
use mailsim::study::{Analysis, DelaySum, Plan, Rows, RunRow, analyse};
use mailsim::study::{Study, load_study};

const BASE: &str = r#"
seed = 3
duration = "6h"
[[host]]
name = "a.example"
roles = ["submission", "mx", "store"]
[[domain]]
name = "a.example"
mx = ["a.example"]
mailboxes = ["alice"]
[[mail]]
from = "alice@a.example"
to = "alice@a.example"
arrivals = { every = "10m" }
"#;

const DESIGN: &str = r#"
scenario = "base.toml"
replications = 12
figures = [{ figure = "submission_to_delivery.mean", better = "lower" }]
[[factor]]
name = "a"
path = "mail.0.arrivals.every"
levels = ["10m", "20m"]
[[factor]]
name = "b"
path = "defaults.latency"
levels = ["1ms", "2ms", "3ms"]
"#;

fn study(overrides: &[&str]) -> Study {
    let files = |_: &str| Ok(BASE.to_owned());
    let source = Source { file: "s.toml", text: DESIGN, read_file: &files };
    let overrides: Vec<Override> =
        overrides.iter().map(|text| Override::set(text).expect("a right override")).collect();
    load_study(&source, &overrides).unwrap_or_else(|problems| panic!("{problems}")).study
}

fn row(value: Option<f64>) -> RunRow {
    RunRow {
        key: String::new(),
        figures: vec![value],
        submitted: 100,
        delivered: 100,
        failed: 0,
        unfinished: 0,
        balances: true,
        early: DelaySum::default(),
        late: DelaySum::default(),
        delays: vec![vec![(0, 100)]],
    }
}

/// Analyses the study with rows made by `of`: level of a, level of b, replication.
fn analysed(study: &Study, of: impl Fn(usize, usize, u64) -> RunRow) -> Analysis {
    let mut rows = Rows::new();
    for (number, cell) in study.cells.iter().enumerate() {
        for replication in 0..study.replications.most() {
            rows.insert((number, replication), of(cell.levels[0], cell.levels[1], replication));
        }
    }
    analyse(&Plan::new(study), &rows)
}

/// Luck that all cells of a replication share, with mean 0 over twelve replications.
fn luck(replication: u64) -> f64 {
    [5.0, -3.0, 1.0, -4.0, 2.0, -1.0, 6.0, -2.0, -5.0, 3.0, -6.0, 4.0][replication as usize]
}

fn near(value: f64, wanted: f64) {
    assert!((value - wanted).abs() < 1e-9, "{value} is not {wanted}");
}

/// y = 100 + 10·a + 2·b + 3·[a and b = 2] + luck.
fn value(a: usize, b: usize, replication: u64) -> RunRow {
    let both = if a == 1 && b == 2 { 3.0 } else { 0.0 };
    row(Some(100.0 + 10.0 * a as f64 + 2.0 * b as f64 + both + luck(replication)))
}

#[test]
fn effects_are_those_of_the_formula() {
    let analysis = analysed(&study(&[]), value);
    // Means: 100 102 104 | 110 112 117; grand mean 107.5; a: 102 and 113, b: 105, 107, 110.5.
    let names: Vec<_> = analysis.terms.iter().map(|term| term.factors.clone()).collect();
    assert_eq!(names, [vec![0], vec![1], vec![0, 1]]);
    let effects = |place: usize| -> Vec<f64> {
        let effects = analysis.terms[place].effects.iter();
        effects.map(|effect| effect.effect.mean.expect("every cell has it")).collect()
    };
    for (mean, wanted) in effects(0).into_iter().zip([-5.5, 5.5]) {
        near(mean, wanted);
    }
    for (mean, wanted) in effects(1).into_iter().zip([-2.5, -0.5, 3.0]) {
        near(mean, wanted);
    }
    for (mean, wanted) in effects(2).into_iter().zip([0.5, 0.5, -1.0, -0.5, -0.5, 1.0]) {
        near(mean, wanted);
    }
    // Squares: 6 · 5.5² = 181.5; 2 · (6.25 + 0.25 + 9) = 31; 4 · 0.25 + 2 · 1 = 3; all: 215.5.
    for (term, wanted) in analysis.terms.iter().zip([181.5, 31.0, 3.0]) {
        near(term.share.expect("cells differ"), wanted / 215.5);
    }
    near(analysis.terms[1].range.expect("cells differ"), 5.5);
    // Luck is common to all cells, so effects do not vary at all.
    let interval = analysis.terms[0].effects[0].effect.interval.expect("twelve replications");
    near(interval.half_width(), 0.0);
}

#[test]
fn pairs_know_what_is_common() {
    let analysis = analysed(&study(&[]), value);
    // Of a: three pairs; of b: two levels against the first, twice.
    assert_eq!(analysis.comparisons.len(), 3 + 4);
    let first = &analysis.comparisons[0];
    assert_eq!((first.factor, first.from_cell, first.to_cell), (0, 0, 3));
    near(first.difference.mean.expect("twelve pairs"), 10.0);
    near(first.difference.standard_error.expect("twelve pairs"), 0.0);
    near(first.correlation.expect("both vary"), 1.0);
    near(first.variance_reduction.expect("both vary"), 1.0);
    // Where luck is opposite, pairing doubles the variance.
    let against = analysed(&study(&[]), |a, b, replication| {
        let sign = if a == 1 { -1.0 } else { 1.0 };
        row(Some(b as f64 + sign * luck(replication)))
    });
    near(against.comparisons[0].correlation.expect("both vary"), -1.0);
    near(against.comparisons[0].variance_reduction.expect("both vary"), -1.0);
}

/// The variance of the luck is (1 + 4 + 9 + 16 + 25 + 36) · 2 / 11, and t(0.975; 11) = 2.200985.
#[test]
fn an_estimate_is_students_interval() {
    let analysis = analysed(&study(&[]), value);
    let estimate = analysis.estimates[0].estimate;
    let error = (182.0_f64 / 11.0 / 12.0).sqrt();
    near(estimate.mean.expect("twelve values"), 100.0);
    near(estimate.standard_error.expect("twelve values"), error);
    let interval = estimate.interval.expect("twelve values");
    assert!((interval.half_width() - 2.200_985 * error).abs() < 1e-5, "{interval:?}");
    // The median of twelve lies between the third and the tenth: tables of the sign test.
    let median = analysis.estimates[0].median.expect("twelve values");
    let interval = median.interval.expect("twelve values");
    assert_eq!((interval.low, interval.high), (96.0, 104.0));
}

fn probabilities(analysis: &Analysis) -> Vec<f64> {
    let designs = analysis.best[0].designs.iter();
    designs.map(|design| design.probability.expect("twelve replications")).collect()
}

#[test]
fn the_best_is_told_with_its_probability() {
    let analysis = analysed(&study(&[]), value);
    let best = &analysis.best[0];
    assert_eq!((best.best, best.designs[0].mean, best.n), (Some(0), 100.0, 12));
    assert_eq!(best.designs[0].name, "a = 10m, b = 1ms");
    assert_eq!(probabilities(&analysis), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // Equal cells share it.
    let equal = analysed(&study(&[]), |_, b, replication| row(Some(b as f64 + luck(replication))));
    assert_eq!(probabilities(&equal), [0.5, 0.0, 0.0, 0.5, 0.0, 0.0]);
    // Two cells that differ by luck alone: neither is sure, and of a fair pair each wins half.
    let fair = analysed(&study(&[]), |a, b, replication| {
        let own = luck(if a == 1 { (replication + 5) % 12 } else { replication });
        row(Some(if b == 0 { own } else { 1_000.0 }))
    });
    let fair = probabilities(&fair);
    assert!((0.4..0.6).contains(&fair[0]), "{fair:?}");
    near(fair[0] + fair[3], 1.0);
}

/// The quickest mail is that of a design that loses a tenth of it.
#[test]
fn designs_that_lose_different_mail_are_not_ranked() {
    let lossy = |lost: u64| {
        analysed(&study(&[]), |a, b, replication| RunRow {
            submitted: 10_000,
            delivered: 10_000 - if a == 0 { lost } else { 0 },
            failed: if a == 0 { lost } else { 0 },
            ..value(a, b, replication)
        })
    };
    let analysis = lossy(1_000);
    let best = &analysis.best[0];
    assert_eq!((best.best, best.runner_up.is_none()), (None, true));
    let why = best.unranked.as_deref().expect("it says why");
    assert!(why.contains("10.0000 % lost and 0.0000 % unfinished where a = 10m"), "{why}");
    assert_eq!(best.designs[0].lost_share, 0.1);
    assert!(analysis.warnings.join("\n").contains("are biased where mail is lost"));
    // One in ten thousand forbids nothing, but is said.
    let little = &lossy(1).best[0];
    assert_eq!((little.best, little.unranked.is_none()), (Some(0), true));
    assert!(little.caveat.as_deref().expect("it is said").contains("0.0100 % lost"));
    // Equal losses set nothing apart.
    let equal = analysed(&study(&[]), |a, b, r| RunRow { failed: 20, ..value(a, b, r) });
    assert_eq!((equal.best[0].best, &equal.best[0].caveat), (Some(0), &None));
}

#[test]
fn the_next_best_is_told_with_its_difference() {
    // Luck is common to all: 102 − 100, exactly, and 100.05 − 100 is less than a thousandth.
    let next = analysed(&study(&[]), value).best[0].runner_up.clone().expect("others are worse");
    assert_eq!((next.design, next.matters), (1, Some(true)));
    near(next.difference.mean.expect("twelve pairs"), 2.0);
    let close = analysed(&study(&[]), |a, b, replication| {
        row(Some(100.0 + 0.05 * (3 * a + b) as f64 + luck(replication)))
    });
    assert_eq!(close.best[0].runner_up.as_ref().expect("others are worse").matters, Some(false));
    let summary = mailsim::report::study::text::study_summary(&close);
    let words = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("no difference that matters"), "{summary}");
}

#[test]
fn what_the_world_decides_is_no_choice() {
    // Over a the means are 105, 107 and 110.5, each the average of two cells.
    let analysis = analysed(&study(&["factor.a.given=true"]), value);
    let designs = &analysis.best[0].designs;
    let told: Vec<_> = designs.iter().map(|one| (one.name.as_str(), one.mean)).collect();
    assert_eq!(told, [("b = 1ms", 105.0), ("b = 2ms", 107.0), ("b = 3ms", 110.5)]);
    assert_eq!(designs[1].levels, [None, Some(1)]);
    assert_eq!(probabilities(&analysis), [1.0, 0.0, 0.0]);
}

#[test]
fn what_did_not_happen_is_counted_and_said() {
    let study = study(&[]);
    let analysis = analysed(&study, |a, b, replication| {
        let missing = a == 1 && b == 0 && replication < 4;
        let mut row = row((!missing).then_some(1.0 + luck(replication)));
        if missing {
            row.unfinished = 25;
        }
        row
    });
    let estimate = analysis.estimates.iter().find(|one| one.cell == 3).expect("the cell is there");
    assert_eq!((estimate.estimate.n, estimate.censored_runs), (8, 4));
    assert_eq!(estimate.censored_recipients, 100);
    let pair = analysis.comparisons.iter().find(|one| one.to_cell == 3).expect("it is compared");
    assert_eq!((pair.difference.n, pair.censored_pairs), (8, 4));
    let warnings = analysis.warnings.join("\n");
    assert!(warnings.contains("in 1 of 6 combinations (most where a = 20m, b = 1ms"), "{warnings}");
    assert!(warnings.contains("has no value in 4 of 72 runs"), "{warnings}");
}

#[test]
fn warnings_are_given_where_they_are_due() {
    let warnings = |study: &Study, of: &dyn Fn(usize, usize, u64) -> RunRow| {
        analysed(study, of).warnings.join("\n")
    };
    assert_eq!(warnings(&study(&[]), &value), "");
    assert!(warnings(&study(&["replications=9"]), &value).contains("n = 9:"));
    assert!(warnings(&study(&["replications=1"]), &value).contains("a single replication"));
    let unbalanced = |a, b, r| RunRow { balances: false, ..value(a, b, r) };
    assert!(warnings(&study(&[]), &unbalanced).contains("the ledger does not balance"));
    // The first tenth is quicker than the rest, by far more than it varies.
    let rising = |a, b, replication| RunRow {
        early: DelaySum { n: 10, micros: 1_000 + replication },
        late: DelaySum { n: 90, micros: 90_000 },
        ..value(a, b, replication)
    };
    assert_eq!(warnings(&study(&[]), &rising), "", "nobody asked for a steady state");
    let warm = study(&["warm_up=10m"]);
    assert!(warnings(&warm, &rising).contains("the warm-up of 10m may be too short"));
    // No difference but chance: no warning.
    let steady = |a, b, replication: u64| RunRow {
        early: DelaySum { n: 1, micros: (1_000.0 + 10.0 * luck(replication)) as u64 },
        late: DelaySum { n: 1, micros: 1_000 },
        ..value(a, b, replication)
    };
    assert_eq!(warnings(&warm, &steady), "");
}

/// The rule of three: of twelve runs without an event, −ln(0.05) / 12 is 25 %.
#[test]
fn certainty_is_not_overstated() {
    let shares = study(&["figures=[\"failed_share\"]"]);
    let warnings = analysed(&shares, |_, _, _| row(Some(0.0))).warnings.join("\n");
    assert!(warnings.contains("in all runs of 6 of 6 combinations"), "{warnings}");
    assert!(warnings.contains("in up to 25 % of runs"), "{warnings}");
    let varying = |_, _, r: u64| row(Some(0.5 + luck(r) / 100.0));
    assert_eq!(analysed(&shares, varying).warnings.join("\n"), "");
}

#[test]
fn a_warm_up_that_leaves_no_mail_is_told() {
    let none = analysed(&study(&["warm_up=10m"]), |a, b, r| match a {
        0 => RunRow { submitted: 0, delivered: 0, delays: Vec::new(), ..row(None) },
        _ => value(a, b, r),
    });
    let warnings = none.warnings.join("\n");
    let wanted = "no mail counts in 3 of 6 combinations: all is submitted before the warm-up ends";
    assert!(warnings.contains(wanted), "{warnings}");
}

/// A promise about portability: rows without a simulation behind them, whose analysis has irrational
/// numbers everywhere. `.ci/run` runs this in both profiles. If a change of the analysis or of its
/// format is meant to change the digest, put the new one here and say in the commit why.
#[test]
fn an_analysis_has_the_same_bytes_everywhere() {
    let study = study(&["confidence=0.9"]);
    let analysis = analysed(&study, |a, b, replication| {
        let place = (a * 36 + b * 12) as f64 + replication as f64;
        let value = libm::exp(libm::sin(place * 1.7)) * 1e3;
        RunRow {
            early: DelaySum { n: 3, micros: value as u64 },
            delays: vec![vec![(place as i32, 7), (90, 93)]],
            ..row((!(place as u64).is_multiple_of(17)).then_some(value))
        }
    });
    let text = mailsim::report::study::study_json(&analysis);
    let read: Analysis = serde_json::from_str(&text).expect("it is as it was written");
    assert_eq!(read, analysis, "no digit is lost in the file");
    let summary = mailsim::report::study::text::study_summary(&analysis);
    let digest = blake3::hash(format!("{text}{summary}").as_bytes()).to_hex().to_string();
    assert_eq!(digest, DIGEST, "of this text:\n{summary}");
}

/// BLAKE3.
const DIGEST: &str = "9382f228660b4cf231b809438c846c699d9174aa9ea8d232a2e5fa8282abde6e";
