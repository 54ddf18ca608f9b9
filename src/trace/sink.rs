//! Where facts go.

use crate::mail::RecipientId;
use crate::units::SimTime;

use super::{Fact, Register};

/// Takes facts as a run states them.
pub trait FactSink {
    /// Takes one fact stated at virtual time `at`. Times never decrease from call to call.
    /// `register` knows what the recipients are that the fact speaks of.
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register);

    /// Facts about these recipients are about to be stated. A sink that keeps something about each
    /// may look at all of it now, so that the memory of one is fetched while it waits for another's.
    fn prefetch(&mut self, _recipients: &[RecipientId]) {}
}

/// Keeps all facts in memory: for tests and short lessons.
#[derive(Debug, Default, Clone)]
pub struct FactLog {
    /// The facts with their times, in the order stated.
    pub facts: Vec<(SimTime, Fact)>,
}

impl FactSink for FactLog {
    fn fact(&mut self, at: SimTime, fact: &Fact, _: &dyn Register) {
        self.facts.push((at, fact.clone()));
    }
}

/// Hands each fact to two readers.
#[derive(Debug)]
pub struct Tee<A, B>(pub A, pub B);

impl<A: FactSink, B: FactSink> FactSink for Tee<A, B> {
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register) {
        self.0.fact(at, fact, register);
        self.1.fact(at, fact, register);
    }

    fn prefetch(&mut self, recipients: &[RecipientId]) {
        self.0.prefetch(recipients);
        self.1.prefetch(recipients);
    }
}

impl<S: FactSink + ?Sized> FactSink for &mut S {
    fn fact(&mut self, at: SimTime, fact: &Fact, register: &dyn Register) {
        (**self).fact(at, fact, register);
    }

    fn prefetch(&mut self, recipients: &[RecipientId]) {
        (**self).prefetch(recipients);
    }
}

/// Throws facts away: for measuring the bare engine.
impl FactSink for () {
    fn fact(&mut self, _at: SimTime, _fact: &Fact, _: &dyn Register) {}
}
