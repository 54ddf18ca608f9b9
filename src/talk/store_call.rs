//! A call to a store, whatever is spoken then.

use crate::mail::{AttemptOutcome, HostId, Mailbox, MailboxNames as _};
use crate::model::Scenario;
use crate::scenario::Call;
use crate::simulation::Moment;
use crate::smtp::{Line, Speaker};
use crate::trace::FactSink;
use crate::units::{Octets, SimDuration, SimTime};

use super::call::Visitor;
use super::typed_smtp::TYPIST;

/// A connection to a store.
#[derive(Debug)]
pub(super) struct StoreCall<'s, 'k, S: FactSink> {
    pub(super) scenario: &'s Scenario,
    moment: Moment<'s, 'k, S>,
    visitor: Visitor,
    pub(super) over: bool,
}

impl<'s, 'k, S: FactSink> StoreCall<'s, 'k, S> {
    pub(super) fn new(scenario: &'s Scenario, moment: Moment<'s, 'k, S>, visitor: Visitor) -> Self {
        Self { scenario, moment, visitor, over: false }
    }

    pub(super) fn now(&self) -> SimTime {
        self.moment.now()
    }

    /// Returns the store itself, where a proxy may be called.
    pub(super) fn store(&self) -> HostId {
        self.moment.server_at(self.visitor.host)
    }

    pub(super) fn store_name(&self) -> &'s str {
        self.scenario.host(self.store())
    }

    pub(super) fn happens(&self, text: impl Into<String>) -> Line {
        Line { at: Some(self.now()), speaker: Speaker::Connection, text: text.into() }
    }

    pub(super) fn says(&self, text: impl Into<String>) -> Line {
        Line { at: Some(self.now()), speaker: Speaker::Server, text: text.into() }
    }

    /// Connects; then comes the greeting.
    pub(super) fn begin(&mut self, greeting: &str) -> Vec<Line> {
        let Visitor { client, host, port, adjacent, .. } = self.visitor;
        let address = self.scenario.hosts[host.index()].addresses[0];
        let literal = &self.scenario.addresses[address.index()].literal;
        let mut lines = vec![self.happens(format!("connects to {literal} port {port}"))];
        let connected = self.moment.connect(TYPIST, Call { client, host, port, adjacent });
        let at = connected.as_ref().map_or_else(|failure| failure.at, |at| *at);
        self.moment.pass_to(at);
        if let Err(failure) = connected {
            self.over = true;
            lines.push(self.happens(match failure.outcome {
                AttemptOutcome::Refused => "the connection is refused",
                _ => "no answer; the kernel has given up connecting",
            }));
            return lines;
        }
        lines.push(self.happens("connected"));
        if let Err(lost) = self.exchange() {
            lines.push(lost);
            return lines;
        }
        lines.push(self.says(greeting));
        lines
    }

    /// A command goes there, and its answer comes back.
    ///
    /// # Errors
    /// A line that says that the connection is lost.
    pub(super) fn exchange(&mut self) -> Result<(), Line> {
        let answered = self.moment.round_trip(TYPIST);
        self.moment.pass_to(answered.as_ref().map_or_else(|failure| failure.at, |at| *at));
        answered.map(|_| ()).map_err(|_| {
            self.over = true;
            self.happens("the connection is lost: the store is down, or cannot be reached")
        })
    }

    /// So many octets come after the first ones.
    pub(super) fn receive(&mut self, octets: Octets) {
        let rest = self.moment.rest_of_answer(TYPIST, octets);
        self.moment.pass_to(self.now().saturating_add(rest));
    }

    pub(super) fn wait(&mut self, time: SimDuration) -> Line {
        self.moment.pass_to(self.now().saturating_add(time));
        self.happens(format!("{time} later"))
    }

    /// Returns addresses of mailboxes here, for somebody who looks for one.
    pub(super) fn examples(&self) -> String {
        let store = self.store();
        let kept = (0..self.scenario.domains.len())
            .map(crate::mail::DomainId::from_index)
            .filter(|domain| self.scenario.domains[domain.index()].store == Some(store))
            .flat_map(|domain| {
                let count = self.scenario.domains[domain.index()].mailboxes.min(3);
                (0..count).map(move |local| Mailbox { domain, local })
            });
        let names: Vec<String> =
            kept.take(5).map(|mailbox| self.scenario.mailbox(mailbox)).collect();
        names.join(", ")
    }
}
