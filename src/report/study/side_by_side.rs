//! What two variants do to the same mail, side by side: traces, a table and a page that plays both.
//!
//! Shown is one replication, the first, of the first variant and of each that is compared with it.
//! It is an example to look at; what can be concluded stands in the estimates.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::mail::{MailboxNames as _, MessageKey, MessageKind};
use crate::measure::{FinalState, MessageRecord, RecordSink};
use crate::model::Scenario;
use crate::study::Analysis;
use crate::trace::Fact;
use crate::units::SimTime;

use super::super::complete::replace;
use super::super::error::ReportError;
use super::super::html::{begin_player_page, player_place, player_script, run_data};
use super::super::html_tables::{close_table, open_table, row};
use super::super::place::Place;
use super::super::player_data::{About, json_in_page, player_data};
use super::super::trace_file::{Room, TraceLines};
use super::super::words::{grouped, time};

/// Most variants that are played: the first, and those beside it.
pub const MOST_PLAYED: usize = 5;
/// What became of each recipient's mail in each variant.
const TABLE: &str = "side-by-side.csv";
/// Columns of the table.
const COLUMNS: [&str; 6] =
    ["scenario", "message_id", "recipient", "submitted_s", "final", "final_s"];
/// Rows of the page's table.
const MOST_ROWS: usize = 20;

/// How a recipient's copy fared in one run.
#[derive(Debug, Clone, PartialEq)]
struct Fate {
    submitted: SimTime,
    state: FinalState,
    ended: Option<SimTime>,
}

/// Listens to the run of one variant.
pub struct PlayedRun<'s> {
    scenario: &'s Scenario,
    trace: TraceLines<'s>,
    fates: BTreeMap<(MessageKey, String), Fate>,
}

impl std::fmt::Debug for PlayedRun<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayedRun").field("recipients", &self.fates.len()).finish_non_exhaustive()
    }
}

impl<'s> PlayedRun<'s> {
    /// Returns a listener to a run of `scenario`.
    #[must_use]
    pub fn new(scenario: &'s Scenario) -> Self {
        let trace = TraceLines::new(scenario, Some(scenario), Room::HALF);
        Self { scenario, trace, fates: BTreeMap::new() }
    }

    /// Returns what was heard, when the run is over.
    #[must_use]
    pub fn finish(self) -> Played {
        Played { trace: self.trace.spelt(Some(self.scenario.duration)), fates: self.fates }
    }
}

impl RecordSink for PlayedRun<'_> {
    fn message(&mut self, record: &MessageRecord<'_>) {
        if record.kind == MessageKind::Mail {
            let name = (record.key, self.scenario.mailbox(record.recipient));
            let (submitted, state, ended) = (record.submitted, record.state, record.ended);
            self.fates.insert(name, Fate { submitted, state, ended });
        }
    }

    fn fact(&mut self, at: SimTime, fact: &Fact) {
        self.trace.take(at, fact);
    }
}

/// What was heard of the run of one variant.
#[derive(Debug)]
pub struct Played {
    trace: String,
    fates: BTreeMap<(MessageKey, String), Fate>,
}

/// Returns the files of what was played, in the order of the variants.
pub(super) fn files(analysis: &Analysis, played: &[Played]) -> Vec<(String, Vec<u8>)> {
    if played.is_empty() {
        return Vec::new();
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut write = |fields: [&[u8]; 6]| {
        table.write_record(fields).expect("rows are equally long, and memory can be written");
    };
    write(COLUMNS.map(str::as_bytes));
    for (variant, run) in variants(analysis).zip(played) {
        for ((key, to), fate) in &run.fates {
            let (mut submitted, mut ended) = (Vec::new(), Vec::new());
            fate.submitted.write_fixed_seconds(&mut submitted);
            if let Some(at) = fate.ended {
                at.write_fixed_seconds(&mut ended);
            }
            let (key, state) = (key.to_string(), fate.state.as_str());
            write([
                variant.as_bytes(),
                key.as_bytes(),
                to.as_bytes(),
                &submitted,
                state.as_bytes(),
                &ended,
            ]);
        }
    }
    let table = table.into_inner().expect("memory can be written");
    let traces = played.iter().enumerate();
    let traces = traces.map(|(place, run)| (trace_name(place), run.trace.clone().into_bytes()));
    traces.chain([(TABLE.to_owned(), table)]).collect()
}

/// Returns the names of the variants: the levels of the one factor of a comparison.
fn variants(analysis: &Analysis) -> impl Iterator<Item = &str> {
    let study = &analysis.study;
    study.cells.iter().map(|cell| match (study.factors.as_slice(), cell.levels.as_slice()) {
        ([factor], &[level]) => factor.levels[level].as_str(),
        _ => cell.name.as_str(),
    })
}

fn trace_name(place: usize) -> String {
    format!("trace-{}.jsonl", place + 1)
}

/// Returns the name of the page that plays the first variant and the one at `place`.
fn page_name(place: usize, variants: usize) -> String {
    if variants == 2 {
        "side-by-side.html".to_owned()
    } else {
        format!("side-by-side-{}.html", place + 1)
    }
}

/// Returns the pages that play variants side by side, each with the name of its second variant.
pub(super) fn pages(analysis: &Analysis) -> Vec<(String, String)> {
    let all = analysis.study.cells.len();
    let others = variants(analysis).enumerate().take(MOST_PLAYED).skip(1);
    others.map(|(place, name)| (page_name(place, all), name.to_owned())).collect()
}

/// Makes the pages from the folder's files; none if nothing was played. Returns their digests.
pub(super) fn make_pages(
    folder: &Path,
    analysis: &Analysis,
) -> Result<BTreeMap<String, String>, ReportError> {
    let mut digests = BTreeMap::new();
    let names: Vec<&str> = variants(analysis).collect();
    let play = |place: usize| {
        let (name, seed) = (names[place], analysis.study.seed);
        let about = About { name, title: "", question: "", look_for: "", seed, duration: None };
        player_data(Place::Disk(folder), &trace_name(place), about)
    };
    let Some(first) = play(0)? else { return Ok(digests) };
    let fates = fates(folder)?;
    for place in 1..names.len().min(MOST_PLAYED) {
        let Some(second) = play(place)? else { continue };
        let pair =
            Pair { names: [names[0], names[place]], seed: analysis.study.seed, fates: &fates };
        let page = pair.page([&first, &second]);
        digests.extend([replace(folder, &page_name(place, names.len()), page.as_bytes())?]);
    }
    Ok(digests)
}

/// How a recipient's copy fared, as the table tells it: submitted, state, end, in seconds.
#[derive(Debug, Clone, PartialEq)]
struct CopyRow {
    submitted: f64,
    state: String,
    ended: Option<f64>,
}

impl CopyRow {
    fn took(&self) -> Option<f64> {
        self.ended.map(|ended| ended - self.submitted)
    }

    /// Returns the time to delivery.
    fn delivered_after(&self) -> Option<f64> {
        if self.state == "delivered" { self.took() } else { None }
    }
}

/// What the table tells of each variant: recipients in order of message and address.
type Fates = BTreeMap<String, Vec<((String, String), CopyRow)>>;

fn fates(folder: &Path) -> Result<Fates, ReportError> {
    let path = folder.join(TABLE);
    let bad = |problem: String| ReportError::BadFile { path: path.clone(), problem };
    let text = fs::read(&path).map_err(|cause| ReportError::io("read", &path, cause))?;
    let mut fates = Fates::new();
    for row in csv::Reader::from_reader(text.as_slice()).records() {
        let row = row.map_err(|error| bad(error.to_string()))?;
        let [Some(variant), Some(id), Some(to), Some(submitted), Some(state), Some(ended)] =
            [0, 1, 2, 3, 4, 5].map(|column| row.get(column))
        else {
            return Err(bad("a row is too short".to_owned()));
        };
        let number = |text: &str| text.parse().map_err(|_| bad(format!("{text} is no time")));
        let told = CopyRow {
            submitted: number(submitted)?,
            state: state.to_owned(),
            ended: if ended.is_empty() { None } else { Some(number(ended)?) },
        };
        let of_variant = fates.entry(variant.to_owned()).or_default();
        of_variant.push(((id.to_owned(), to.to_owned()), told));
    }
    Ok(fates)
}

/// What the page says of one recipient in both runs.
#[derive(Debug, Serialize)]
struct PairRow {
    id: String,
    to: String,
    submitted: f64,
    fates: [Option<PairFate>; 2],
    /// What it is sorted by.
    #[serde(skip)]
    weight: f64,
}

#[derive(Debug, Serialize)]
struct PairFate {
    state: String,
    took: Option<f64>,
}

/// What the page says of all; `src/player/source/differences.tsx` is the reading side.
#[derive(Debug, Default, Serialize)]
struct Differences {
    recipients: usize,
    sooner: usize,
    later: usize,
    same: usize,
    otherwise: usize,
    rows: Vec<PairRow>,
}

/// Two variants.
struct Pair<'a> {
    names: [&'a str; 2],
    seed: u64,
    fates: &'a Fates,
}

impl Pair<'_> {
    fn page(&self, runs: [&str; 2]) -> String {
        let mut html = String::new();
        let [first, second] = self.names;
        begin_player_page(&mut html, &format!("{first} | {second}"));
        let _ = writeln!(
            html,
            "<p class=\"question\">Both runs on one clock: seed {}, replication 0, the same mail. \
             One run of each is an example; what can be concluded stands in <a \
             href=\"report.html\">the report</a>.</p>",
            self.seed
        );
        player_place(&mut html);
        html.push_str("<section>\n<h2>Result of both</h2>\n");
        self.counts(&mut html);
        html.push_str("</section>\n</main>\n");
        for (place, json) in runs.into_iter().enumerate() {
            run_data(&mut html, place, json);
        }
        let differences = json_in_page(&self.differences()).expect("differences are plain data");
        let _ = writeln!(
            html,
            "<script type=\"application/json\" id=\"differences\">{differences}</script>"
        );
        player_script(&mut html, "");
        html.push_str("</body>\n</html>\n");
        html
    }

    /// Writes what became of all mail in each run.
    fn counts(&self, html: &mut String) {
        let columns =
            ["Run", "Recipients", "Delivered", "Given up", "Others", "Mean delay", "Longest delay"];
        open_table(html, "Recipients of mail, and the time from submission to delivery", &columns);
        for name in self.names {
            let all = self.of(name);
            let count = |state: &str| all.iter().filter(|(_, told)| told.state == state).count();
            let (delivered, failed) = (count("delivered"), count("failed"));
            let delays = all.iter().filter_map(|(_, told)| told.delivered_after());
            let (sum, longest) = delays
                .fold((0.0, 0.0_f64), |(sum, longest), delay| (sum + delay, longest.max(delay)));
            let delay = |seconds: f64| {
                if delivered > 0 { time(seconds) } else { "-".to_owned() }
            };
            let cells = [
                grouped(all.len() as u64),
                grouped(delivered as u64),
                grouped(failed as u64),
                grouped((all.len() - delivered - failed) as u64),
                delay(sum / delivered as f64),
                delay(longest),
            ];
            row(html, name, &cells);
        }
        close_table(html);
    }

    fn of(&self, name: &str) -> &[((String, String), CopyRow)] {
        self.fates.get(name).map_or(&[], Vec::as_slice)
    }

    fn differences(&self) -> Differences {
        let mut both: BTreeMap<&(String, String), [Option<&CopyRow>; 2]> = BTreeMap::new();
        for (place, name) in self.names.into_iter().enumerate() {
            for (who, told) in self.of(name) {
                both.entry(who).or_default()[place] = Some(told);
            }
        }
        let mut differences = Differences { recipients: both.len(), ..Differences::default() };
        for ((id, to), fates) in both {
            let weight = differences.count(fates);
            if weight > 0.0
                && let Some(either) = fates[0].or(fates[1])
            {
                let fates = fates.map(|told| {
                    told.map(|told| PairFate { state: told.state.clone(), took: told.took() })
                });
                let (id, to, submitted) = (id.clone(), to.clone(), either.submitted);
                differences.rows.push(PairRow { id, to, submitted, fates, weight });
            }
        }
        // The sort keeps the order of messages among equal differences.
        differences.rows.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        differences.rows.truncate(MOST_ROWS);
        differences
    }
}

impl Differences {
    /// Counts a recipient. Returns how great its difference is in seconds; another end is the
    /// greatest.
    fn count(&mut self, fates: [Option<&CopyRow>; 2]) -> f64 {
        let [Some(first), Some(second)] = fates else {
            self.otherwise += 1;
            return f64::INFINITY;
        };
        match (first.delivered_after(), second.delivered_after()) {
            (Some(one), Some(other)) => {
                // Tables have nanoseconds; what is below is noise of the subtraction.
                let by = other - one;
                if by.abs() < 1e-6 {
                    self.same += 1;
                    return 0.0;
                }
                if by < 0.0 {
                    self.sooner += 1;
                } else {
                    self.later += 1;
                }
                by.abs()
            }
            _ if first.state == second.state => {
                self.same += 1;
                0.0
            }
            _ => {
                self.otherwise += 1;
                f64::INFINITY
            }
        }
    }
}
