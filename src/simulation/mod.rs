//! The composition root: hosts, network, DNS, mail and faults put together and run.
//!
//! [`Simulation`] takes a checked [`Scenario`], runs it in virtual time
//! and states facts into a [`FactSink`]. It computes no statistics and
//! writes nothing.
//!
//! # How a message travels
//! ```text
//! workload ──► outbox of the MUA ──session──► server ──► queue manager ──► delivery agent
//!                                              ▲                              │ look up, try hosts
//!                                              └──────────── session ◄────────┘
//!                                   store ──► mailbox ──► reader
//! ```
//!
//! # Order
//! Events of one instant run by class: faults, then what ends, then what starts, then observers;
//! within a class in order of insertion (see [`crate::engine`]).
//!
//! # Sessions are settled
//! A session is computed to its end when it begins (see [`crate::smtp`]), against the fault time
//! lines, which are known in advance. Two later events carry it out: the server takes
//! responsibility (`Handover`), and the client knows (`TryEnded`). Only what other sessions decide
//! is waited for: a free server slot. A host that crashes takes its own sessions with it; what it
//! had sent before stays sent. A session that nothing disturbs is the last such one, moved in time;
//! in debug builds it is settled all the same, and the two are compared (`fast::undisturbed`).
//!
//! # Approximations, all below one round trip
//! A server slot is taken from the connection request that gets through until the client is done.
//! The route of a session is the one at its beginning. A greylist learns of a recipient when the
//! session begins.
//!
//! # One run, one thread
//! A run on several cores would need a look-ahead: a time for which hosts cannot hear of each other.
//! Today it is zero, since a session is settled in one call at both of its ends and the streams of facts
//! and of numbers of deliveries are shared. With sessions cut at each crossing of a link, hosts could
//! be shared out among threads that wait for each other every link latency; but a day of ten million
//! messages has eight events in such a window, so two threads would bring 1.4 at best, and the order of
//! facts would have to be merged again. Several runs at once (`study`) bring the whole factor.
//!
//! # Growth
//! Everything of which a scenario can have any number costs its own size, or n log n:
//! `cargo bench --bench growth` measures the exponents. What that rests on: a delivery walks its own
//! recipients (`queue`, `several`), a route is looked for while the best one is broken only (`reach`),
//! and nobody is asked what has not changed since.
//!
//! # Costs
//! A message of the retry day takes some 18,800 instructions in six and a half events, and the profile
//! is flat: no function has more than 6 % of it. A quarter goes to the queue manager (each third
//! message is put off several times), a tenth to reading the facts, a sixteenth each to the event queue
//! and to the two SMTP sessions. What was dear once and must not come back: sessions run though nothing disturbs
//! them (`fast::undisturbed`), look-ups that bring what they always bring (`fast::sole_targets`), time lines asked
//! for each connection (`fast::calm_lines`), a batch swapped and drained for each single order (`world::orders`),
//! keys of draws mixed though nothing is drawn, runs copied in and out of their slots, a vector
//! allocated for every message. `.ci/instructions` counts; `callgrind_annotate` shows where.
//! Mail that waits by the million lies outside the caches, and each line of it that is asked for is a
//! wait. So a recipient that waits takes some 190 octets in four places: the queue entry with its
//! copy (64), the message (36), the recipient (24) and the story of who measures (56), which leaves
//! to the run what the run knows (`crate::trace::Register`); the deferred queue holds 5 more. A scan
//! takes up entries, and a site gets the mail of its backlog, by the dozen, whose memory is fetched
//! together (`fast::prefetch`). In a network of ten thousand hosts memory is the limit instead: each event
//! finds another host's state outside the caches. Hence what every message asks stands together
//! (`fast::setup`, `host`), what few hosts have takes no room for the others (`fast::sparse`), and idle hosts are
//! passed over (`sampling`).
//!
//! What is remembered is found out anew in debug builds and compared: sessions (`fast::undisturbed`),
//! look-ups (`fast::sole_targets`), calm lines (`fast::calm_lines`), hosts passed over (`sampling`).
//! Switched off ([`Simulation::without_shortcuts`]) a run states the same facts.
//!
//! # Who owns what
//! The world (`world`) has a few parts, each with its room. A run of an agent
//! (`attempt::run`) is owned by whoever works on it, handed on by reference, and put back into
//! its place when its step is done; so no method looks it up again.

mod attempt;
mod callers;
mod callers_mail;
mod fast;
mod held_world;
mod notice;
mod outcome;
mod outside;
mod reading;
mod server;
mod waiting;
mod world;

pub use crate::simulation::world::chains::{ChainCause, EndlessChain};
pub use held_world::Moment;
pub use outcome::{Outcome, bounds, conclude, mail_figures, mail_sink, run_frame};
pub use outside::Errand;

use crate::dns::Failures;
use crate::mail::HostId;
use crate::model::Scenario;
use crate::random::Streams;
use crate::trace::{FactSink, Ledger};
use crate::units::SimTime;

use crate::simulation::world::faults::Faults;
use crate::simulation::world::name_service::NameService;
use crate::simulation::world::reach::Reach;

/// A scenario ready to run.
#[derive(Debug)]
pub struct Simulation<'s> {
    scenario: &'s Scenario,
    until: SimTime,
    shortcuts: bool,
}

/// What is known of a finished run besides the facts it stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTotals {
    /// Events processed.
    pub events: u64,
    /// End of observed time.
    pub ended: SimTime,
    /// Both sides of the ledger at the end.
    pub ledger: Ledger,
    /// Whether the run was stopped before its end, by the caller or because of an endless chain.
    pub interrupted: bool,
    /// Set if the scenario sets off a chain that goes on for ever while virtual time stands still.
    /// What the run stated is then of no use.
    pub endless: Option<Box<EndlessChain>>,
}

impl<'s> Simulation<'s> {
    /// Returns the simulation of `scenario`, to be run for its duration.
    #[must_use]
    pub fn new(scenario: &'s Scenario) -> Self {
        Self { scenario, until: SimTime::ZERO + scenario.duration, shortcuts: true }
    }

    /// Returns what becomes of the questions that `host` asks the DNS in the course of the run.
    #[must_use]
    pub fn dns_failures(&self, host: HostId) -> Failures {
        let streams = Streams::new(self.scenario.seed, self.scenario.replication);
        let faults = Faults::new(self.scenario, &streams, SimTime::ZERO + self.scenario.duration);
        let mut reach = Reach::new(&self.scenario.topology);
        NameService::new(self.scenario, &faults, &mut reach).failures(host).clone()
    }

    /// Ends the run at `until` rather than at the scenario's duration, if that is earlier.
    #[must_use]
    pub fn until(mut self, until: SimTime) -> Self {
        self.until = self.until.min(until);
        self
    }

    /// Runs without what is there for speed alone: the same facts, later. For tests, which show by it
    /// that the shortcuts hold no rule.
    #[doc(hidden)]
    #[must_use]
    pub fn without_shortcuts(mut self) -> Self {
        self.shortcuts = false;
        self
    }

    /// Runs to the end, stating facts into `sink`.
    pub fn run(&self, sink: &mut impl FactSink) -> RunTotals {
        self.run_while(sink, |_| true)
    }

    /// Runs to the end or until `proceed` says no; it is asked every few thousand events with the
    /// virtual time reached.
    pub fn run_while(
        &self,
        sink: &mut impl FactSink,
        proceed: impl FnMut(SimTime) -> bool,
    ) -> RunTotals {
        world::World::new(self.scenario, self.until, self.shortcuts, sink).run(proceed)
    }

    /// Runs until everything that happens up to `at` has happened, and holds the world there, so
    /// that somebody from outside can talk to its servers.
    pub fn hold<'k, S: FactSink>(&self, at: SimTime, sink: &'k mut S) -> Moment<'s, 'k, S> {
        Moment::new(world::World::new(self.scenario, self.until, self.shortcuts, sink), at)
    }
}
