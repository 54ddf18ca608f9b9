//! SMTP typed by hand.

use crate::model::Scenario;
use crate::scenario::CallerId;
use crate::simulation::Moment;
use crate::smtp::{Line, Speaker};
use crate::trace::FactSink;
use crate::units::{SimDuration, SimTime};

use super::Talk;
use super::call::Visitor;
use super::explain::{explain_command, explain_reply};
use super::posted::Posted;
use super::smtp::{Expected, SmtpSession};

/// A conversation with an SMTP server, in a world whose time passes with it.
#[derive(Debug)]
pub struct SmtpTalk<'s, 'k, S: FactSink> {
    moment: Moment<'s, 'k, S>,
    session: SmtpSession,
}

/// Whoever types is the only caller.
pub(super) const TYPIST: CallerId = CallerId(u32::MAX);

/// How long a client waits for a greeting (RFC 5321 §4.5.3.2.1).
const PATIENCE: SimDuration = SimDuration::from_minutes(5);

/// Longer answers are said to take time.
const NOTEWORTHY: SimDuration = SimDuration::from_secs(1);

impl<'s, 'k, S: FactSink> SmtpTalk<'s, 'k, S> {
    /// Returns a conversation of `visitor` in a world that is held at the time of the call.
    #[must_use]
    pub fn new(_: &'s Scenario, moment: Moment<'s, 'k, S>, visitor: Visitor) -> Self {
        Self { moment, session: SmtpSession::new(TYPIST, visitor) }
    }

    /// Lets time pass until what was said is heard.
    fn pass(&mut self) {
        self.moment.pass_to(self.session.clock());
        if self.session.ended().is_some() {
            self.moment.close(TYPIST);
        }
    }

    /// Lets time pass until the server has a free process; returns whether it has in time.
    fn waits_for_process(&mut self) -> bool {
        let until = self.moment.now() + PATIENCE;
        while !self.session.is_greeted_at_once(&self.moment) {
            match self.moment.next_event().filter(|at| *at <= until) {
                Some(at) => self.moment.pass_to(at),
                None => {
                    self.moment.pass_to(until);
                    return false;
                }
            }
        }
        true
    }
}

impl<S: FactSink> Talk for SmtpTalk<'_, '_, S> {
    fn begin(&mut self) -> Vec<Line> {
        let mut lines = self.session.connect(&mut self.moment);
        self.pass();
        if self.session.ended().is_none() {
            lines.extend(match self.waits_for_process() {
                true => self.session.greet(&mut self.moment),
                false => self.session.give_up_waiting(&self.moment),
            });
            self.pass();
        }
        lines
    }

    fn hear(&mut self, line: &str) -> Vec<Line> {
        let asked = self.moment.now();
        let mut lines = self.session.hear(&mut self.moment, line);
        let took = self.session.clock().since(asked);
        self.pass();
        if took >= NOTEWORTHY && !lines.is_empty() {
            let text = format!("{took} pass");
            lines.insert(0, Line { at: Some(asked), speaker: Speaker::Connection, text });
        }
        lines
    }

    fn wait(&mut self, time: SimDuration) -> Vec<Line> {
        let now = self.moment.now().saturating_add(time);
        self.moment.pass_to(now);
        let text = format!("{time} later");
        vec![Line { at: Some(now), speaker: Speaker::Connection, text }]
    }

    fn explain(&self, about: &str) -> String {
        if !about.is_empty() {
            return explain_command(about);
        }
        match self.session.latest() {
            Some((reply, stage)) => explain_reply(reply, stage),
            None => "The server has not said anything yet.\n".to_owned(),
        }
    }

    fn now(&self) -> SimTime {
        self.moment.now()
    }

    fn is_over(&self) -> bool {
        self.session.ended().is_some()
    }

    fn takes_text(&self) -> bool {
        self.session.expected() != Expected::Line
    }

    fn posted(&self) -> &[Posted] {
        self.session.posted()
    }
}
