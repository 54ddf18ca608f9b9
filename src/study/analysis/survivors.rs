//! Delays are of delivered mail alone: where designs deliver different mail, they cannot be ranked.

use crate::study::Study;

use super::Data;

/// Shares of recipients that differ by less do not forbid a ranking.
const MATTERS: f64 = 1e-3;

/// What became of a cell's recipients in all of its runs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fates {
    submitted: u64,
    lost: u64,
    unfinished: u64,
}

impl Fates {
    /// Adds up the fates of cells.
    pub(super) fn of(data: &Data<'_>, cells: impl Iterator<Item = usize>) -> Self {
        let mut fates = Self::default();
        for row in cells.flat_map(|cell| data.rows_of(cell)) {
            fates.submitted += row.submitted;
            fates.lost += row.failed;
            fates.unfinished += row.unfinished;
        }
        fates
    }

    /// Returns the share of recipients that were given up.
    pub(super) fn lost(self) -> f64 {
        self.lost as f64 / (self.submitted as f64).max(1.0)
    }

    /// Returns the share of recipients under way at the end.
    pub(super) fn unfinished(self) -> f64 {
        self.unfinished as f64 / (self.submitted as f64).max(1.0)
    }
}

/// Where mail that is not delivered sets two cells of equal circumstances furthest apart.
pub(super) struct Gap {
    /// The cell that delivers more.
    more: usize,
    /// The cell that delivers less.
    less: usize,
    /// By which share of recipients.
    share: f64,
}

impl Gap {
    /// Returns whether delays of the two cannot be ranked.
    pub(super) fn matters(&self) -> bool {
        self.share >= MATTERS
    }

    /// Says where the gap is: of which mail a delay figure speaks on either side.
    pub(super) fn words(&self, data: &Data<'_>) -> String {
        let told = |cell: usize| {
            let fates = Fates::of(data, std::iter::once(cell));
            format!(
                "{:.4} % lost and {:.4} % unfinished where {}",
                fates.lost() * 100.0,
                fates.unfinished() * 100.0,
                data.study.cell_name(cell)
            )
        };
        format!(
            "it is of delivered mail only, and designs deliver different mail: {}; {}",
            told(self.less),
            told(self.more)
        )
    }
}

/// Returns the greatest gap between cells with the same levels of all that is given by the world;
/// none where all lose alike.
pub(super) fn gap(data: &Data<'_>) -> Option<Gap> {
    let study = data.study;
    let fates: Vec<Fates> =
        (0..study.cells.len()).map(|cell| Fates::of(data, std::iter::once(cell))).collect();
    let mut widest: Option<Gap> = None;
    for a in 0..fates.len() {
        for b in a + 1..fates.len() {
            if !same_world(study, a, b) {
                continue;
            }
            let lost = fates[a].lost() - fates[b].lost();
            let unfinished = fates[a].unfinished() - fates[b].unfinished();
            let share = if lost.abs() >= unfinished.abs() { lost } else { unfinished };
            let (less, more) = if share > 0.0 { (a, b) } else { (b, a) };
            if share.abs() > widest.as_ref().map_or(0.0, |gap| gap.share) {
                widest = Some(Gap { more, less, share: share.abs() });
            }
        }
    }
    widest
}

fn same_world(study: &Study, a: usize, b: usize) -> bool {
    let (a, b) = (&study.cells[a].levels, &study.cells[b].levels);
    study.factors.iter().zip(a.iter().zip(b)).all(|(factor, (a, b))| !factor.given || a == b)
}
