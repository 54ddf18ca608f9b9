//! The opening of a session: greeting, EHLO, STARTTLS and AUTH.

use crate::mail::{Reply, Stage, Status};
use crate::trace::SessionMarks;
use crate::units::{SimDuration, SimTime};

use super::super::order::{Offers, Order, Verb};
use super::super::wire::Passage;
use super::super::{BreakingPoint, ClientTls, Deviation, Slot};
use super::{Draws, Failure, Session};

impl Session<'_> {
    /// Greets and says EHLO, with TLS and AUTH where both sides want them. `ready` is when the
    /// server has a free process for the session; `refusal` replaces the greeting.
    ///
    /// # Errors
    /// How and when the opening failed.
    pub fn open(
        &mut self,
        ready: SimTime,
        refusal: Option<Reply>,
        sessions: u32,
        marks: &mut SessionMarks,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        marks.connected = self.connected;
        let secure = self.secure_from_the_start()?;
        let mut now = self.greet(secure, ready, refusal, sessions, draws)?;
        marks.greeting = now;
        let mut order = Order::greeted(self.offers(), self.tls == ClientTls::Implicit);
        now = self.hello(now, &mut order, draws)?;
        marks.ehlo = now;
        if self.tls == ClientTls::Opportunistic && self.extended {
            now = self.start_tls(now, &mut order, marks, draws)?;
        }
        if self.authenticates && self.extended {
            let timeout = self.client.timeouts.mail;
            now = self.command(now, Stage::Auth, timeout, draws, |session, at| {
                let granted = Reply::new(235, Status::new(2, 7, 0));
                order.hear(Verb::Auth, || session.ruled(Stage::Auth, at).unwrap_or(granted))
            })?;
            marks.auth = now;
        }
        Ok(now)
    }

    /// Returns when the client waits for the greeting: at once, or after the handshake where TLS
    /// comes first (RFC 8314 §3).
    pub(super) fn secure_from_the_start(&mut self) -> Result<SimTime, Failure> {
        if self.tls != ClientTls::Implicit {
            return Ok(self.connected);
        }
        let (sent, timeout) = (self.connected, self.client.timeouts.tls);
        let mut late = SimDuration::ZERO;
        if let (false, Passage::Arrives(at)) = (self.rules.is_empty(), self.wire.reach_server(sent))
        {
            late = self.rules.reply_time(Some(Stage::Tls), SimDuration::ZERO, at);
            if let Some(broken) = self.broken(BreakingPoint::At(Stage::Tls), at + late) {
                self.hear(sent, Stage::Tls, timeout, broken)?;
            }
        }
        Ok(sent + self.wire.round_trip() * HANDSHAKE_ROUND_TRIPS + late)
    }

    /// A server offers what this session makes use of.
    pub(super) fn offers(&self) -> Offers {
        Offers {
            ehlo: self.server.ehlo,
            starttls: self.server.starttls || self.tls == ClientTls::Opportunistic,
            auth: self.server.auth || self.authenticates || self.requires_authentication,
            chunking: self.server.options.chunking,
        }
    }

    pub(super) fn greet(
        &mut self,
        sent: SimTime,
        ready: SimTime,
        refusal: Option<Reply>,
        sessions: u32,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        // The server has the connection half a round trip before or after the client, by which
        // side's packet completes it; its greeting follows the client's last packet.
        let Passage::Arrives(arrived) = self.wire.reach_server(sent) else {
            return Err(self.no_answer(sent, Stage::Greeting, self.client.timeouts.greeting));
        };
        let begins = arrived.max(ready);
        let work = draws.time(&self.server.service.greeting);
        let at = begins + self.rules.reply_time(Some(Stage::Greeting), work, begins);
        let answer = self.answered(Stage::Greeting, at, |session, at| {
            refusal.unwrap_or_else(|| session.greeting_reply(at, sessions))
        });
        let (reply, now) =
            self.hear(sent, Stage::Greeting, self.client.timeouts.greeting, answer)?;
        self.judge(reply, now, Stage::Greeting)
    }

    fn greeting_reply(&self, at: SimTime, sessions: u32) -> Reply {
        if let Some(Deviation::SessionLimit { limit, reply }) =
            self.rules.find(Slot::SessionLimit, at)
            && sessions > *limit
        {
            return *reply;
        }
        self.ruled(Stage::Greeting, at).unwrap_or(Reply::new(220, Status::SUCCESS))
    }

    fn hello(
        &mut self,
        sent: SimTime,
        order: &mut Order,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        let timeout = self.client.timeouts.ehlo;
        let granted = Reply::new(250, Status::SUCCESS);
        let first = self.exchange(sent, Stage::Ehlo, timeout, draws, |session, at| {
            let ruled = session.ruled(Stage::Ehlo, at);
            ruled.unwrap_or_else(|| order.hear(Verb::Ehlo, || granted))
        })?;
        self.extended = first.0.is_positive();
        // 421 announces that the connection closes; any other refusal of EHLO leads to HELO.
        if self.extended || first.0.code == 421 {
            return self.judge(first.0, first.1, Stage::Ehlo);
        }
        let second = self.exchange(first.1, Stage::Ehlo, timeout, draws, |session, at| {
            order.hear(Verb::Helo, || session.ruled(Stage::Ehlo, at).unwrap_or(granted))
        })?;
        self.judge(second.0, second.1, Stage::Ehlo)
    }

    /// STARTTLS, a handshake of two round trips, and EHLO again: four round trips, as recorded
    /// with TLS 1.2 and 1.3 alike (recording 14). A refusal leaves the choice to the client (RFC
    /// 3207 §4): one that wanted TLS for its own sake goes on in the clear, as Postfix does at
    /// level `may`; one that is about to show its password does not.
    fn start_tls(
        &mut self,
        sent: SimTime,
        order: &mut Order,
        marks: &mut SessionMarks,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        let timeout = self.client.timeouts.tls;
        let granted = Reply::new(220, Status::SUCCESS);
        let (reply, now) = self.exchange(sent, Stage::Tls, timeout, draws, |session, at| {
            order.hear(Verb::StartTls, || session.ruled(Stage::Tls, at).unwrap_or(granted))
        })?;
        if !reply.is_positive() && reply.code != 421 && !self.authenticates {
            return Ok(now);
        }
        let now = self.judge(reply, now, Stage::Tls)?;
        let now = now + self.wire.round_trip() * HANDSHAKE_ROUND_TRIPS;
        let again = Reply::new(250, Status::SUCCESS);
        // What strikes EHLO strikes the one over TLS too; it counts as a part of getting TLS.
        let timeout = self.client.timeouts.ehlo;
        let second = self.exchange(now, Stage::Ehlo, timeout, draws, |session, at| {
            let ruled = session.ruled(Stage::Ehlo, at);
            ruled.unwrap_or_else(|| order.hear(Verb::Ehlo, || again))
        });
        let second = second.map_err(|failure| Failure { stage: Stage::Tls, ..failure })?;
        let now = self.judge(second.0, second.1, Stage::Tls)?;
        marks.tls = now;
        Ok(now)
    }
}

/// Round trips of a TLS handshake, as recorded (recording 14, TLS 1.2 and 1.3 alike).
pub(super) const HANDSHAKE_ROUND_TRIPS: u64 = 2;
