//! A scenario run once, to its tables and its summary.

use std::cell::Cell;

use crate::mail::RecipientId;
use crate::measure::{AskedFigure, MailSink, Recorder, Summary, Window};
use crate::model::Scenario;
use crate::report::Tables;
use crate::simulation::{RunTotals, Simulation, conclude, mail_sink, run_frame};
use crate::story::Narration;
use crate::trace::{Fact, FactSink, Register};
use crate::units::{SimDuration, SimTime};

/// What a run came to.
#[derive(Debug)]
pub struct Ran<'s> {
    /// Its figures, with what is to be minded and the verdicts on its expectations.
    pub summary: Summary,
    /// The tables, if rows were wanted.
    pub tables: Option<Tables<'s>>,
    /// How far it came.
    pub totals: RunTotals,
}

/// Runs a scenario for `duration` and takes the figures that were `asked` for; rows go to `tables` on the way. `proceed` is asked every few thousand
/// events, with the virtual time reached and the recipients under way, whether to go on; a run whose
/// tables cannot be written stops too.
pub fn run<'s>(
    scenario: &'s Scenario,
    asked: &[AskedFigure],
    duration: SimDuration,
    tables: Option<Tables<'s>>,
    mut proceed: impl FnMut(SimTime, u64) -> bool,
) -> Ran<'s> {
    let mail = mail_sink(scenario, asked, Window::default());
    let (under_way, failed) = (Cell::new(0), Cell::new(false));
    let mut watched = Watched {
        recorder: Recorder::new((tables, mail)),
        narration: Narration::new(scenario),
        under_way: &under_way,
        failed: &failed,
        facts: 0,
    };
    let simulation = Simulation::new(scenario).until(SimTime::ZERO + duration);
    let totals =
        simulation.run_while(&mut watched, |at| proceed(at, under_way.get()) && !failed.get());
    let Watched { recorder, narration, .. } = watched;
    let (mut summary, (tables, mail)) = recorder.finish(scenario, &run_frame(scenario, duration));
    summary.warnings.extend(narration.missed(SimTime::ZERO + duration));
    conclude(&mut summary, scenario, asked, mail, duration);
    Ran { summary, tables, totals }
}

/// Where rows go: to the tables, and to the figures that are computed of them.
type Rows<'t> = (Option<Tables<'t>>, Option<MailSink<'t>>);

/// A recorder that shows the outside now and then how it is.
struct Watched<'t, 'c> {
    recorder: Recorder<Rows<'t>>,
    narration: Narration<'t>,
    under_way: &'c Cell<u64>,
    failed: &'c Cell<bool>,
    facts: u64,
}

impl FactSink for Watched<'_, '_> {
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register) {
        self.recorder.fact(at, fact, register);
        self.narration.fact(at, fact, register);
        self.facts += 1;
        if self.facts.is_multiple_of(4096) {
            self.under_way.set(self.recorder.backlog());
            self.failed.set(self.recorder.sink().0.as_ref().is_some_and(Tables::failed));
        }
    }

    fn prefetch(&mut self, recipients: &[RecipientId]) {
        self.recorder.prefetch(recipients);
    }
}
