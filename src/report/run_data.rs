//! What charts and page need, read back from the files of a result folder.

use std::collections::BTreeMap;
use std::io::Read;

use crate::measure::Summary;

use super::description::{RunDescription, read_json};
use super::error::ReportError;
use super::intact::{check_digest, seconds};
use super::place::Place;
use super::tables::TABLES;

/// The most messages that the timeline draws.
pub(super) const TIMELINE_MESSAGES: usize = 40;
/// The most rows of each table that the page holds.
const SHOWN_ROWS: usize = 20;
/// Resolution of latency distributions: steps in a factor of ten.
const STEPS_PER_DECADE: f64 = 200.0;
/// Shorter times are drawn as one tenth of a millisecond.
const LEAST_SECONDS: f64 = 1e-4;

/// Everything read from a folder.
#[derive(Debug)]
pub(super) struct RunData {
    pub(super) run: RunDescription,
    pub(super) summary: Summary,
    pub(super) delivery: Distribution,
    pub(super) retrieval: Distribution,
    pub(super) timeline: Vec<Journey>,
    pub(super) attempts: AttemptBins,
    /// Messages waiting by host, over time: (seconds, messages).
    pub(super) queues: BTreeMap<String, Vec<(f64, u64)>>,
    pub(super) tables: Vec<TableHead>,
}

/// Times in logarithmic steps.
#[derive(Debug, Default)]
pub(super) struct Distribution {
    steps: BTreeMap<i32, u64>,
    pub(super) count: u64,
}

impl Distribution {
    fn add(&mut self, seconds: f64) {
        let decades = libm::log10(seconds.max(LEAST_SECONDS));
        *self.steps.entry((decades * STEPS_PER_DECADE).ceil() as i32).or_default() += 1;
        self.count += 1;
    }

    /// Returns (log10 of the time in seconds, samples up to it), in order.
    pub(super) fn cumulative(&self) -> Vec<(f64, u64)> {
        let mut sum = 0;
        self.steps
            .iter()
            .map(|(&step, &count)| {
                sum += count;
                (f64::from(step) / STEPS_PER_DECADE, sum)
            })
            .collect()
    }
}

/// One message in the timeline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Journey {
    pub(super) id: String,
    pub(super) recipient: String,
    pub(super) submitted: f64,
    pub(super) ended: Option<f64>,
    pub(super) state: String,
    pub(super) retrieved: Option<f64>,
    /// When tries failed.
    pub(super) failures: Vec<f64>,
}

/// Attempts by time and outcome.
#[derive(Debug, Default)]
pub(super) struct AttemptBins {
    pub(super) width: f64,
    /// For each outcome that happened, its count in each bin.
    pub(super) outcomes: BTreeMap<String, Vec<u64>>,
}

/// The first rows of a table.
#[derive(Debug)]
pub(super) struct TableHead {
    pub(super) name: &'static str,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) total: u64,
}

impl RunData {
    pub(super) fn read(place: Place<'_>) -> Result<Self, ReportError> {
        let run: RunDescription = read_json(place, RunDescription::FILE)?;
        for name in ["summary.json"].into_iter().chain(TABLES) {
            check_digest(place, name, &run.files)?;
        }
        let summary: Summary = read_json(place, "summary.json")?;
        if summary.run.duration_s <= 0.0 {
            let problem = format!("the run lasted {} s", summary.run.duration_s);
            return Err(ReportError::BadFile { path: place.path("summary.json"), problem });
        }
        let mut data = Self {
            attempts: AttemptBins {
                width: bin_width(summary.run.duration_s),
                outcomes: BTreeMap::new(),
            },
            run,
            summary,
            delivery: Distribution::default(),
            retrieval: Distribution::default(),
            timeline: Vec::new(),
            queues: BTreeMap::new(),
            tables: Vec::new(),
        };
        data.read_messages(place)?;
        data.read_attempts(place)?;
        data.read_queues(place)?;
        let hosts = TableReader::open(place, "hosts.csv")?;
        data.tables.push(hosts.for_each(&[], |_| Some(()))?);
        Ok(data)
    }

    /// Returns the length of the run in seconds.
    pub(super) fn duration(&self) -> f64 {
        self.summary.run.duration_s
    }

    fn read_messages(&mut self, place: Place<'_>) -> Result<(), ReportError> {
        let end = self.summary.run.duration_s;
        let table = TableReader::open(place, "messages.csv")?;
        let mut slowest = Slowest::default();
        let columns =
            ["message_id", "recipient", "kind", "submitted_s", "final", "final_s", "retrieved_s"];
        let head = table.for_each(&columns, |row| {
            if row[2] != "mail" {
                return Some(());
            }
            let submitted = seconds(row[3])??;
            let (ended, retrieved) = (seconds(row[5])?, seconds(row[6])?);
            if row[4] == "delivered" {
                self.delivery.add(ended? - submitted);
            }
            if let Some(retrieved) = retrieved {
                self.retrieval.add(retrieved - submitted);
            }
            slowest.offer(ended.unwrap_or(end) - submitted, || Journey {
                id: row[0].to_owned(),
                recipient: row[1].to_owned(),
                submitted,
                ended,
                state: row[4].to_owned(),
                retrieved,
                failures: Vec::new(),
            });
            Some(())
        })?;
        self.timeline = slowest.in_order_of_submission();
        self.tables.push(head);
        Ok(())
    }

    fn read_attempts(&mut self, place: Place<'_>) -> Result<(), ReportError> {
        let width = self.attempts.width;
        let bins = ((self.summary.run.duration_s / width).ceil() as usize).max(1);
        let table = TableReader::open(place, "attempts.csv")?;
        let journeys: BTreeMap<(String, String), usize> = self
            .timeline
            .iter()
            .enumerate()
            .map(|(place, journey)| ((journey.id.clone(), journey.recipient.clone()), place))
            .collect();
        let columns = ["message_id", "recipient", "started_s", "ended_s", "outcome"];
        let head = table.for_each(&columns, |row| {
            let (started, ended, outcome) = (seconds(row[2])??, seconds(row[3])??, row[4]);
            if !self.attempts.outcomes.contains_key(outcome) {
                self.attempts.outcomes.insert(outcome.to_owned(), vec![0; bins]);
            }
            let counts = self.attempts.outcomes.get_mut(outcome)?;
            counts[((started / width) as usize).min(bins - 1)] += 1;
            if outcome != "accepted"
                && outcome != "suspended"
                && let Some(&place) = journeys.get(&(row[0].to_owned(), row[1].to_owned()))
            {
                self.timeline[place].failures.push(ended);
            }
            Some(())
        })?;
        self.tables.push(head);
        Ok(())
    }

    fn read_queues(&mut self, place: Place<'_>) -> Result<(), ReportError> {
        let table = TableReader::open(place, "queues.csv")?;
        let columns = ["time_s", "host", "incoming", "active", "deferred"];
        table.for_each(&columns, |row| {
            let count = |text: &str| text.parse::<u32>().ok().map(u64::from);
            let waiting = count(row[2])? + count(row[3])? + count(row[4])?;
            if !self.queues.contains_key(row[1]) {
                self.queues.insert(row[1].to_owned(), Vec::new());
            }
            self.queues.get_mut(row[1])?.push((seconds(row[0])??, waiting));
            Some(())
        })?;
        Ok(())
    }
}

/// Returns a pleasant width that makes 40 to 80 bins of the run.
fn bin_width(duration: f64) -> f64 {
    const WIDTHS: [f64; 19] = [
        1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
        10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
    ];
    let fitting = WIDTHS.into_iter().find(|width| duration / width <= 80.0);
    if duration <= 40.0 { (duration / 40.0).max(1e-3) } else { fitting.unwrap_or(duration / 60.0) }
}

/// The slowest journeys; of equally slow ones the first.
#[derive(Debug, Default)]
struct Slowest {
    kept: Vec<(f64, usize, Journey)>,
    offered: usize,
}

impl Slowest {
    fn offer(&mut self, took: f64, journey: impl FnOnce() -> Journey) {
        self.offered += 1;
        if self.kept.len() == TIMELINE_MESSAGES {
            if self.kept.last().is_some_and(|last| took <= last.0) {
                return;
            }
            self.kept.pop();
        }
        let place = self.kept.partition_point(|kept| kept.0 >= took);
        self.kept.insert(place, (took, self.offered, journey()));
    }

    fn in_order_of_submission(mut self) -> Vec<Journey> {
        self.kept.sort_by(|a, b| a.2.submitted.total_cmp(&b.2.submitted).then(a.1.cmp(&b.1)));
        self.kept.into_iter().map(|(_, _, journey)| journey).collect()
    }
}

/// Reads a table row by row.
struct TableReader<'f> {
    name: &'static str,
    path: std::path::PathBuf,
    reader: csv::Reader<Box<dyn Read + 'f>>,
}

impl<'f> TableReader<'f> {
    fn open(place: Place<'f>, name: &'static str) -> Result<Self, ReportError> {
        let path = place.path(name);
        let file = place.open(name).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => ReportError::Missing {
                path: path.clone(),
                hint: "charts and page are made from the tables; run the scenario without \
                       --no-tables",
            },
            _ => ReportError::io("read", &path, cause),
        })?;
        let reader = csv::ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(file);
        Ok(Self { name, path, reader })
    }

    /// Hands `columns` of each row to `take`, which returns none if a field cannot be read.
    fn for_each(
        mut self,
        columns: &[&str],
        mut take: impl FnMut(&[&str]) -> Option<()>,
    ) -> Result<TableHead, ReportError> {
        let path = self.path;
        let bad = |problem: String| ReportError::BadFile { path: path.clone(), problem };
        let header = self.reader.headers().map_err(|error| bad(error.to_string()))?.clone();
        let places = columns
            .iter()
            .map(|column| {
                let place = header.iter().position(|name| name == *column);
                place.ok_or_else(|| bad(format!("it has no column {column}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut head = TableHead {
            name: self.name,
            columns: header.iter().map(str::to_owned).collect(),
            rows: Vec::new(),
            total: 0,
        };
        let mut row = csv::StringRecord::new();
        while self.reader.read_record(&mut row).map_err(|error| bad(error.to_string()))? {
            head.total += 1;
            if head.rows.len() < SHOWN_ROWS {
                head.rows.push(row.iter().map(str::to_owned).collect());
            }
            let mut fields = [""; 8];
            for (field, &place) in fields.iter_mut().zip(&places) {
                *field = row.get(place).unwrap_or_default();
            }
            take(&fields[..places.len()])
                .ok_or_else(|| bad(format!("row {} cannot be read", head.total)))?;
        }
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_pleasant() {
        assert_eq!(bin_width(86_400.0), 1_800.0);
        assert_eq!(bin_width(3_600.0), 60.0);
        assert_eq!(bin_width(4.0), 0.1);
        assert_eq!(bin_width(5.0 * 86_400.0), 7_200.0);
    }

    #[test]
    fn the_slowest_are_kept_in_order_of_submission() {
        let mut slowest = Slowest::default();
        for number in 0..100_u32 {
            let journey = || Journey {
                id: number.to_string(),
                recipient: String::new(),
                submitted: f64::from(number),
                ended: None,
                state: String::new(),
                retrieved: None,
                failures: Vec::new(),
            };
            // Every second one is slow.
            slowest.offer(f64::from(number % 2), journey);
        }
        let kept = slowest.in_order_of_submission();
        assert_eq!(kept.len(), TIMELINE_MESSAGES);
        let ids: Vec<_> = kept.iter().map(|journey| journey.id.as_str()).collect();
        assert_eq!(ids[..3], ["1", "3", "5"]);
        assert_eq!(ids[39], "79");
    }

    #[test]
    fn a_distribution_counts_up_to_each_time() {
        let mut distribution = Distribution::default();
        for seconds in [0.0, 1.0, 1.0, 100.0] {
            distribution.add(seconds);
        }
        assert_eq!(distribution.cumulative(), vec![(-4.0, 1), (0.0, 3), (2.0, 4)]);
    }
}
