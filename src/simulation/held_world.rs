//! The world held at a moment: somebody from outside calls its servers and is answered as a client of
//! the run would be.
//!
//! The run goes on around callers while time is let pass. What they do is kept as inputs with their
//! virtual times: a scenario that holds them runs to the same facts.

use crate::mail::{HostId, MessageKey, Stage};
use crate::model::Scenario;
use crate::scenario::{Act, Address, Answered, Call, CallerId, Input, Said, Text};
use crate::smtp::{Extensions, Failure, Heard, Verb, extensions};
use crate::trace::FactSink;
use crate::units::{Octets, SimDuration, SimTime};

use super::callers::Answer;
use super::outside::Errand;
use super::world::World;

/// The world, held.
#[derive(Debug)]
pub struct Moment<'s, 'k, S: FactSink> {
    world: World<'s, 'k, S>,
    journal: Vec<Input>,
}

impl<'s, 'k, S: FactSink> Moment<'s, 'k, S> {
    pub(super) fn new(mut world: World<'s, 'k, S>, at: SimTime) -> Self {
        world.begin();
        world.pass_to(at);
        Self { world, journal: Vec::new() }
    }

    /// Returns the scenario.
    #[must_use]
    pub fn scenario(&self) -> &'s Scenario {
        self.world.scenario
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.world.now
    }

    /// Returns when something happens next in the run by itself; none: nothing does.
    #[must_use]
    pub fn next_event(&self) -> Option<SimTime> {
        self.world.events.peek_time().filter(|_| !self.world.is_endless())
    }

    /// Lets time pass up to `at`; earlier times are passed already.
    pub fn pass_to(&mut self, at: SimTime) {
        self.world.pass_to(at);
    }

    /// Returns whom the run states facts to.
    pub fn sink(&mut self) -> &mut S {
        self.world.sink
    }

    /// Returns what callers did since the moment, or since this was asked last, in order.
    pub fn take_journal(&mut self) -> Vec<Input> {
        std::mem::take(&mut self.journal)
    }

    /// Returns how many messages servers took from callers so far, those among them that are still on
    /// their way into the run.
    #[must_use]
    pub fn taken(&self) -> u32 {
        self.world.callers.taken
    }

    /// Returns the server that answers at a host: the host itself, or the one behind a proxy.
    #[must_use]
    pub fn server_at(&self, host: HostId) -> HostId {
        self.world.layout.behind.get(&host).copied().unwrap_or(host)
    }

    fn take(&mut self, caller: CallerId, act: Act) -> Answer {
        let input = Input { at: self.world.now, caller, act };
        let answer = self.world.take_input(&input);
        self.journal.push(input);
        answer
    }

    fn heard(answer: Answer, at: SimTime) -> Result<Heard, Failure> {
        match answer {
            Answer::Heard(_, heard) => heard,
            Answer::Connected(_) | Answer::Nothing => Err(Failure {
                at,
                stage: Stage::Connect,
                outcome: crate::mail::AttemptOutcome::Lost,
                reply: None,
                status: crate::mail::Status::BAD_CONNECTION,
            }),
        }
    }

    /// Opens a connection, with the patience of the caller's kernel. Returns when it stands.
    ///
    /// # Errors
    /// How and when it failed.
    pub fn connect(&mut self, caller: CallerId, call: Call) -> Result<SimTime, Failure> {
        match self.take(caller, Act::Connect(call)) {
            Answer::Connected(connected) => connected,
            other => Self::heard(other, self.now()).map(|heard| heard.at),
        }
    }

    /// Returns whether the caller is greeted without having to wait for a free process of the server.
    #[must_use]
    pub fn greets_at_once(&self, caller: CallerId) -> bool {
        self.world.greets_at_once(caller)
    }

    /// Has an SMTP server greet the caller. Time does not pass.
    ///
    /// # Errors
    /// How it failed, if no greeting comes.
    pub fn greeting(&mut self, caller: CallerId) -> Result<Heard, Failure> {
        let answer = self.take(caller, Act::Greeting);
        Self::heard(answer, self.now())
    }

    /// Says one command to an SMTP server that has greeted. Time does not pass.
    ///
    /// # Errors
    /// How it failed, if no reply comes.
    pub fn say(&mut self, caller: CallerId, said: Said) -> Result<Heard, Failure> {
        let answer = self.take(caller, Act::Say(said));
        Self::heard(answer, self.now())
    }

    /// Ends a message. Returns besides when the server takes it, whether or not its reply arrives.
    pub fn end_message(
        &mut self,
        caller: CallerId,
        text: Text,
    ) -> (Option<SimTime>, Result<Heard, Failure>) {
        let answer = self.take(caller, Act::Message(text));
        let taken = match &answer {
            Answer::Heard(taken, _) => *taken,
            _ => None,
        };
        (taken, Self::heard(answer, self.now()))
    }

    /// Returns what hosts of the run have handed out to real servers since this was asked last, as far
    /// as it waits for an answer.
    pub fn errands(&mut self) -> Vec<Errand> {
        self.world.outside.errands()
    }

    /// A real server has answered to an errand.
    pub fn answer(&mut self, answered: Answered) {
        self.take(CallerId(0), Act::Answer(answered));
    }

    /// A reader takes a message out of a mailbox.
    pub fn remove(&mut self, caller: CallerId, from: Address, message: MessageKey) {
        self.take(caller, Act::Remove(from, message));
    }

    /// Closes a connection.
    pub fn close(&mut self, caller: CallerId) {
        if self.world.callers.visits.contains_key(&caller) {
            self.take(caller, Act::Close);
        }
    }

    /// Sends something to a store over a connection that stands. Returns when its answer is there.
    ///
    /// # Errors
    /// How and when it failed.
    pub fn round_trip(&mut self, caller: CallerId) -> Result<SimTime, Failure> {
        let Some(visit) = self.world.callers.visits.get(&caller) else {
            return Self::heard(Answer::Nothing, self.now()).map(|heard| heard.at);
        };
        let (call, target) = (visit.call, visit.target);
        self.world.reach_server(call, target, Stage::Dot)
    }

    /// Returns how long the rest of an answer of a store takes whose first octets have come: the time
    /// that so many octets take on the way, as for the readers of a run.
    pub fn rest_of_answer(&mut self, caller: CallerId, octets: Octets) -> SimDuration {
        self.world.rest_of_answer(caller, octets)
    }

    /// Returns whether the server would refuse a command for coming now, or does not offer it.
    #[must_use]
    pub fn refuses(&self, caller: CallerId, verb: Verb) -> bool {
        let visit = self.world.callers.visits.get(&caller);
        let order = visit.and_then(|visit| visit.order.as_ref());
        order.is_none_or(|order| order.refuses(verb))
    }

    /// Returns the lines of a positive reply to EHLO as things stand; none: there is no session.
    #[must_use]
    pub fn extensions(&self, caller: CallerId) -> Vec<String> {
        let visit = self.world.callers.visits.get(&caller);
        let visit = visit.and_then(|visit| Some((visit, visit.order.as_ref()?)));
        let Some((visit, order)) = visit else { return Vec::new() };
        let host = self.world.hosts[visit.target.host.index()].config;
        extensions(&Extensions {
            server_name: &host.name,
            server: host.server,
            starttls: order.offers_starttls(),
            auth: order.offers_auth(),
        })
    }
}
