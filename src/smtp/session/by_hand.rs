//! A session whose commands come one by one from somebody who types them.
//!
//! The server's answers are those of a settled session: the same rules, in the same order, over the
//! same wire. What a settled session never says (VRFY, HELP, commands out of order) is answered by
//! [`Order`].

use crate::mail::{Reply, Stage, Status};
use crate::units::{SimDuration, SimTime};

use super::super::order::{Order, Verb, plain_reply, verified};
use super::super::wire::Passage;
use super::opening::HANDSHAKE_ROUND_TRIPS;
use super::transaction::NO_RECIPIENTS;
use super::{Draws, Failure, Letter, RecipientPolicy, Said, Session};

/// What a client says by hand.
#[derive(Debug, Clone, Copy)]
pub enum Spoken<'a> {
    /// MAIL of this letter, whose size counts as far as it is declared.
    Mail(Letter<'a>),
    /// RCPT for the recipient at `index` of the letter, after so many accepted ones.
    Rcpt {
        /// The letter.
        letter: Letter<'a>,
        /// Which of its recipients.
        index: usize,
        /// How many of those before were accepted.
        accepted: u32,
    },
    /// VRFY about the recipient at this index of those whom the policy knows of.
    Vrfy(usize),
    /// Any other command, whose arguments are in order.
    Other(Verb),
    /// A line that is no command, or one with wrong arguments: the reply stands before the server
    /// has looked at anything else.
    Wrong(Reply),
}

/// A reply as it is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The reply.
    pub reply: Reply,
    /// When it arrived.
    pub at: SimTime,
    /// Whether the server closes the connection after it.
    pub closes: bool,
}

impl Session<'_> {
    /// Returns the order of commands of a session with this server that was greeted.
    #[must_use]
    pub fn order(&self, greeting: Reply, secure: bool) -> Order {
        if greeting.is_positive() {
            Order::greeted(self.offers(), secure)
        } else {
            Order::refusing(self.offers())
        }
    }

    /// Waits for the greeting; see [`Session::open`] for the arguments.
    ///
    /// # Errors
    /// How it failed, if no greeting came.
    pub fn await_greeting(
        &mut self,
        ready: SimTime,
        refusal: Option<Reply>,
        sessions: u32,
        draws: &mut impl Draws,
    ) -> Result<Heard, Failure> {
        let sent = self.secure_from_the_start()?;
        let greeted = self.greet(sent, ready, refusal, sessions, draws);
        let (reply, at) = match greeted {
            Ok(at) => (Reply::new(220, Status::SUCCESS), at),
            Err(Failure { reply: Some(reply), at, .. }) => (reply, at),
            Err(failure) => return Err(failure),
        };
        Ok(self.heard(reply, at))
    }

    /// Says one line, sent at `sent`, and waits for its reply as long as a client waits there.
    ///
    /// # Errors
    /// How it failed, if no reply came.
    pub fn say(
        &mut self,
        sent: SimTime,
        spoken: &Spoken<'_>,
        order: &mut Order,
        policy: &mut impl RecipientPolicy,
        draws: &mut impl Draws,
    ) -> Result<Heard, Failure> {
        let stage = stage(spoken);
        if let Spoken::Mail(letter) | Spoken::Rcpt { letter, .. } = spoken {
            self.rules.carried = letter.size;
        }
        let timeout = self.patience(stage);
        let (reply, at) = self.exchange(sent, stage, timeout, draws, |session, at| {
            session.answer(spoken, order, policy, at)
        })?;
        let starts_tls = matches!(spoken, Spoken::Other(Verb::StartTls)) && reply.is_positive();
        let handshake = if starts_tls { HANDSHAKE_ROUND_TRIPS } else { 0 };
        let at = at + self.wire.round_trip() * handshake;
        Ok(self.heard(reply, at))
    }

    fn answer(
        &self,
        spoken: &Spoken<'_>,
        order: &mut Order,
        policy: &mut impl RecipientPolicy,
        at: SimTime,
    ) -> Said {
        let ruled = |stage| self.ruled(stage, at);
        let reply = match *spoken {
            Spoken::Wrong(reply) => reply,
            Spoken::Mail(letter) => order.hear(Verb::Mail, || self.mail_reply(&letter, policy, at)),
            Spoken::Rcpt { letter, index, accepted } => {
                return self.answer_to_rcpt(&letter, (index, accepted), order, policy, at);
            }
            Spoken::Vrfy(index) => order.hear(Verb::Vrfy, || {
                let rcpt = policy.reply(index, at);
                verified(self.server.options.vrfy, Some(rcpt))
            }),
            Spoken::Other(verb @ (Verb::Ehlo | Verb::Helo)) => {
                // As in `hello`: a rule strikes EHLO whether or not the server knows it.
                let rule = ruled(Stage::Ehlo);
                rule.unwrap_or_else(|| order.hear(verb, || plain_reply(verb)))
            }
            Spoken::Other(Verb::Data)
                if order.in_transaction() && self.server.options.data_without_recipients =>
            {
                ruled(Stage::Data).unwrap_or_else(|| plain_reply(Verb::Data))
            }
            Spoken::Other(verb) => order.hear(verb, || {
                let rule = verb_stage(verb).and_then(ruled);
                rule.unwrap_or_else(|| plain_reply(verb))
            }),
        };
        Said::from(reply)
    }

    /// Ends a message that has been typed, by the dot or the last chunk, and waits for the reply.
    /// Returns besides when the server takes the message, whether or not its reply arrives (RFC
    /// 1047). Of the letter's recipients `accepted` were accepted.
    pub fn end_message(
        &mut self,
        sent: SimTime,
        letter: &Letter<'_>,
        accepted: usize,
        order: &mut Order,
        policy: &mut impl RecipientPolicy,
        draws: &mut impl Draws,
    ) -> (Option<SimTime>, Result<Heard, Failure>) {
        order.end_of_data();
        self.rules.carried = letter.size;
        let timeout = self.patience(Stage::Dot);
        // Its lines were under way before the dot.
        if let Some(failure) = self.breaks_in_body(sent, sent, letter.size) {
            return (None, Err(failure));
        }
        let arrived = match self.wire.reach_server(sent) {
            Passage::Arrives(arrived) => arrived,
            Passage::Lost(at) => {
                return (None, Err(self.lost(at.min(sent + timeout), Stage::Dot)));
            }
            Passage::Never => return (None, Err(self.timed_out(sent + timeout, Stage::Dot))),
        };
        let (answer, taken) = if accepted > 0 {
            self.answer_to_dot(letter, policy, arrived, draws)
        } else {
            (self.act(Stage::Dot, arrived, draws, |_, _| NO_RECIPIENTS), None)
        };
        let heard = self.hear(sent, Stage::Dot, timeout, answer);
        (taken, heard.map(|(reply, at)| self.heard(reply, at)))
    }

    fn patience(&self, stage: Stage) -> SimDuration {
        let timeouts = &self.client.timeouts;
        match stage {
            Stage::Ehlo => timeouts.ehlo,
            Stage::Tls => timeouts.tls,
            Stage::Rcpt => timeouts.rcpt,
            Stage::Data => timeouts.data_init,
            Stage::Dot => timeouts.data_done,
            _ => timeouts.mail,
        }
    }

    /// The server closes the connection with 421 (RFC 5321 §3.8), after QUIT, and where a rule says
    /// so.
    fn heard(&self, reply: Reply, at: SimTime) -> Heard {
        Heard { reply, at, closes: matches!(reply.code, 221 | 421) || self.closed.is_some() }
    }
}

/// Returns at which stage rules strike what is said. Commands without a stage of their own are struck
/// by what slows all replies, or those to commands, and by nothing else.
fn stage(spoken: &Spoken<'_>) -> Stage {
    match spoken {
        Spoken::Mail(_) => Stage::Mail,
        Spoken::Rcpt { .. } => Stage::Rcpt,
        Spoken::Other(verb) => verb_stage(*verb).unwrap_or(Stage::Local),
        Spoken::Vrfy(_) | Spoken::Wrong(_) => Stage::Local,
    }
}

fn verb_stage(verb: Verb) -> Option<Stage> {
    match verb {
        Verb::Ehlo | Verb::Helo => Some(Stage::Ehlo),
        Verb::StartTls => Some(Stage::Tls),
        Verb::Auth => Some(Stage::Auth),
        Verb::Mail => Some(Stage::Mail),
        Verb::Rcpt => Some(Stage::Rcpt),
        Verb::Data => Some(Stage::Data),
        _ => None,
    }
}
