//! A session run to its end: the time of every reply, and how each recipient fared.

mod asides;
mod by_hand;
mod opening;
mod transaction;

use crate::mail::{AttemptOutcome, Mailbox, Reply, ReplyClass, Stage, Status};
use crate::random::Distribution;
use crate::units::{Octets, SimDuration, SimTime};

pub use by_hand::{Heard, Spoken};

use super::wire::Passage;
use super::{
    BreakingPoint, ClientSettings, ClientTls, Deviation, GreylistRules, Manner, RulesMet,
    ServerSettings, Slot, Wire,
};

/// Draws service times; the caller keys the draws.
pub trait Draws {
    /// Returns a time drawn from `distribution`.
    fn time(&mut self, distribution: &Distribution) -> SimDuration;
}

/// What the server says to RCPT, where no rule of [`Rules`](super::Rules) decides.
pub trait RecipientPolicy {
    /// Returns the reply to RCPT for the `index`-th recipient, decided at `at`.
    fn reply(&mut self, index: usize, at: SimTime) -> Reply;

    /// Returns the reply to MAIL at `at` if the server takes nothing more from this client or
    /// sender; none: it does.
    fn limit_reached(&mut self, at: SimTime) -> Option<Reply> {
        let _ = at;
        None
    }

    /// Returns whether there is room for another message (else MAIL gets 452 4.3.1).
    fn has_room(&self) -> bool;

    /// Returns the refusal that MAIL gets for its reverse path, decided at `at`; none: it will do.
    fn refuses_sender(&mut self, at: SimTime) -> Option<Reply>;

    /// Looks at the client before its first reply to RCPT (blocklists, SPF), from `at` on; later
    /// recipients get the same answer at once.
    fn screens_client(&mut self, _at: SimTime) -> Screened {
        Screened::NOTHING
    }

    /// Asks another server about the recipient at an index, who would be taken otherwise, from `at` on.
    fn verifies(&mut self, _index: usize, _at: SimTime) -> Screened {
        Screened::NOTHING
    }

    /// Looks at the message between the final dot and its reply (DKIM, DMARC, filters), from `at` on.
    fn screens_message(&mut self, _at: SimTime) -> Screened {
        Screened::NOTHING
    }

    /// Returns whether the greylist lets this recipient pass at `at`, noting the visit; `delay` is
    /// the minimum wait, `rules` is what it goes by.
    fn greylist_passes(
        &mut self,
        index: usize,
        at: SimTime,
        delay: SimDuration,
        rules: &GreylistRules,
    ) -> bool;
}

/// What a server's screens say at one point of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screened {
    /// The reply instead of a positive one; none: they have nothing against it.
    pub refusal: Option<Reply>,
    /// By how much the reply is later.
    pub took: SimDuration,
}

impl Screened {
    /// Nobody looked.
    pub const NOTHING: Self = Self { refusal: None, took: SimDuration::ZERO };
}

/// A reply, and what comes with it.
struct Said {
    reply: Reply,
    /// By how much it is later than the server's own work makes it.
    took: SimDuration,
    /// Whether the server closes the connection behind it, as far as that is not said by a rule for
    /// the stage.
    closes: bool,
}

impl From<Reply> for Said {
    fn from(reply: Reply) -> Self {
        Self { reply, took: SimDuration::ZERO, closes: false }
    }
}

/// The message of one transaction.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// Forward paths.
    pub recipients: &'a [Mailbox],
    /// Octets of header and body.
    pub size: Octets,
    /// Received fields in the header.
    pub received_fields: u32,
    /// Whether the client declares the size.
    pub declares_size: bool,
    /// Whether an address of the envelope goes beyond ASCII.
    pub international: bool,
    /// Whether it is the first message on its connection.
    pub is_first: bool,
}

/// One session between two hosts.
#[derive(Debug)]
pub struct Session<'a> {
    /// The connection.
    pub wire: Wire<'a>,
    /// The client.
    pub client: &'a ClientSettings,
    /// The server.
    pub server: &'a ServerSettings,
    /// The server's deviations.
    pub rules: RulesMet<'a>,
    /// When the connection stood, at the client.
    pub connected: SimTime,
    /// How this session uses TLS: never, from the first octet, or by STARTTLS (then both sides
    /// want it).
    pub tls: ClientTls,
    /// Whether the client authenticates (submission).
    pub authenticates: bool,
    /// Whether the server takes mail from authenticated clients only (RFC 6409 §4.3).
    pub requires_authentication: bool,
    /// Whether EHLO was understood.
    pub extended: bool,
    /// Whether the client knows the SIZE that the server announced.
    pub knows_size_limit: bool,
    /// How many recipients have been refused in a row before, in its other transactions.
    pub refused_in_a_row: u32,
    /// When the server closed the connection behind a reply, if it did: what the client says from
    /// then on is not heard.
    pub closed: Option<SimTime>,
}

/// How a session's opening or a transaction ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// When the client knew.
    pub at: SimTime,
    /// Where it stood.
    pub stage: Stage,
    /// How.
    pub outcome: AttemptOutcome,
    /// The reply, if there was one.
    pub reply: Option<Reply>,
    /// Enhanced status.
    pub status: Status,
}

impl Failure {
    /// Returns whether the client gave the message up by what the server had told before, without
    /// asking it: it is too large, or needs an extension.
    #[must_use]
    pub fn is_unasked(&self) -> bool {
        self.outcome == AttemptOutcome::Permfail
            && self.stage == Stage::Mail
            && self.reply.is_none()
    }

    /// Returns whether it says something about the site rather than about the mail: no connection,
    /// no greeting, no EHLO, a lost or timed-out session, or a look-up without answer. Refusals of
    /// sender, recipient or message say nothing about the site (Postfix `src/smtp/smtp_trouble.c`).
    #[must_use]
    pub fn concerns_site(&self) -> bool {
        match self.outcome {
            AttemptOutcome::Refused | AttemptOutcome::Timeout | AttemptOutcome::Lost => true,
            AttemptOutcome::Tempfail => {
                matches!(self.stage, Stage::Dns | Stage::Connect) || self.is_of_opening()
            }
            _ => false,
        }
    }

    /// Returns whether the session failed before MAIL: in the greeting, EHLO or TLS.
    #[must_use]
    pub fn is_of_opening(&self) -> bool {
        matches!(self.stage, Stage::Greeting | Stage::Ehlo | Stage::Tls)
    }
}

/// The result of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// When the client was done with it.
    pub ended: SimTime,
    /// Why it did not come to a positive reply to the dot; none: it did, and all recipients
    /// without a refusal of their own are accepted.
    pub failure: Option<Failure>,
    /// When the server took responsibility, whether or not the client learnt of it.
    pub accepted_at: Option<SimTime>,
    /// When the client had sent the final dot.
    pub dot_sent: SimTime,
    /// Octets of the message sent.
    pub octets: Octets,
    /// Whether the connection can be used again.
    pub open: bool,
    /// Whether it cannot, and the client takes its leave all the same, and waits for the reply.
    pub takes_leave: bool,
}

impl Transaction {
    /// Returns the transaction that begins at `sent` and has come to nothing yet.
    fn begun(sent: SimTime) -> Self {
        Self {
            ended: sent,
            failure: None,
            accepted_at: None,
            dot_sent: SimTime::MAX,
            octets: Octets(0),
            open: true,
            takes_leave: false,
        }
    }
}

/// Returns what a reply that was not hoped for means to a client.
#[must_use]
pub fn failure_by(client: &ClientSettings, reply: Reply, at: SimTime, stage: Stage) -> Failure {
    let permanent = reply.is_permanent() && !client.next_host.excuses(stage);
    let outcome = if permanent { AttemptOutcome::Permfail } else { AttemptOutcome::Tempfail };
    // A temporary failure has a temporary status (`smtp_helo` of Postfix's `smtp_proto.c` changes
    // the first digit).
    let status = Status { class: if permanent { 5 } else { 4 }, ..reply.status };
    Failure { at, stage, outcome, reply: Some(reply), status }
}

/// What the server's side of an exchange leads to.
enum Answer {
    /// A reply leaves the server.
    Reply(Reply, SimTime),
    /// The connection is closed.
    Close(SimTime),
    /// Nothing ever comes.
    Silence,
}

impl Session<'_> {
    /// Clears a connection that was kept, before its next transaction.
    ///
    /// # Errors
    /// How and when it failed; the client then opens a new connection.
    pub fn reset(&mut self, sent: SimTime, draws: &mut impl Draws) -> Result<SimTime, Failure> {
        let timeout = self.client.timeouts.rset;
        let arrived = match self.wire.reach_server(sent) {
            Passage::Arrives(arrived) => arrived,
            _ => return Err(self.no_answer(sent, Stage::Mail, timeout)),
        };
        // What strikes MAIL does not strike the RSET before it.
        let at = self.acted_at(None, arrived, draws);
        let done = Answer::Reply(Reply::new(250, Status::SUCCESS), at);
        self.hear(sent, Stage::Mail, timeout, done).map(|(_, now)| now)
    }

    /// Says QUIT; returns when the client is rid of the connection: at the reply, or when it knows
    /// that none comes.
    pub fn quit(&mut self, sent: SimTime, draws: &mut impl Draws) -> SimTime {
        let timeout = self.client.timeouts.rset;
        let arrived = match self.wire.reach_server(sent) {
            Passage::Arrives(arrived) => arrived,
            Passage::Lost(at) => return at.min(sent + timeout),
            Passage::Never => return sent + timeout,
        };
        let at = self.acted_at(None, arrived, draws);
        let done = Answer::Reply(Reply::new(221, Status::SUCCESS), at);
        match self.hear(sent, Stage::Mail, timeout, done) {
            Ok((_, at)) => at,
            Err(failure) => failure.at,
        }
    }

    /// One command outside groups whose refusal ends the session's use.
    fn command(
        &mut self,
        sent: SimTime,
        stage: Stage,
        timeout: SimDuration,
        draws: &mut impl Draws,
        reply: impl FnOnce(&Self, SimTime) -> Reply,
    ) -> Result<SimTime, Failure> {
        let (reply, now) = self.exchange(sent, stage, timeout, draws, reply)?;
        self.judge(reply, now, stage)
    }

    /// One command and its reply.
    fn exchange<R: Into<Said>>(
        &mut self,
        sent: SimTime,
        stage: Stage,
        timeout: SimDuration,
        draws: &mut impl Draws,
        reply: impl FnOnce(&Self, SimTime) -> R,
    ) -> Result<(Reply, SimTime), Failure> {
        if let Some(failure) = self.closed_before(sent, stage) {
            return Err(failure);
        }
        let arrived = match self.wire.reach_server(sent) {
            Passage::Arrives(arrived) => arrived,
            Passage::Lost(at) => return Err(self.lost(at.min(sent + timeout), stage)),
            Passage::Never => return Err(self.timed_out(sent + timeout, stage)),
        };
        let answer = self.act(stage, arrived, draws, reply);
        self.hear(sent, stage, timeout, answer)
    }

    /// The server acts on a command that has arrived.
    fn act<R: Into<Said>>(
        &mut self,
        stage: Stage,
        arrived: SimTime,
        draws: &mut impl Draws,
        reply: impl FnOnce(&Self, SimTime) -> R,
    ) -> Answer {
        let at = self.acted_at(Some(stage), arrived, draws);
        self.answered(stage, at, reply)
    }

    /// The server has come to its reply of a stage.
    #[inline]
    fn answered<R: Into<Said>>(
        &mut self,
        stage: Stage,
        at: SimTime,
        reply: impl FnOnce(&Self, SimTime) -> R,
    ) -> Answer {
        if let Some(broken) = self.broken(BreakingPoint::At(stage), at) {
            return broken;
        }
        let said: Said = reply(self, at).into();
        let leaves = at + said.took;
        if said.closes || (!said.reply.is_positive() && self.closes_after(stage, at)) {
            self.closed = Some(leaves);
        }
        Answer::Reply(said.reply, leaves)
    }

    /// Returns what becomes of a session that breaks at a point, which it has come to at `at`; none:
    /// it does not break there. Everything that a session does asks here.
    #[inline]
    fn broken(&self, point: BreakingPoint, at: SimTime) -> Option<Answer> {
        self.rules.breaks(point, at).map(|how| match how {
            Manner::Close => Answer::Close(at),
            Manner::Hang => Answer::Silence,
        })
    }

    /// Returns when the server acts on a command that has arrived.
    #[inline]
    fn acted_at(&self, stage: Option<Stage>, arrived: SimTime, draws: &mut impl Draws) -> SimTime {
        let work = draws.time(&self.server.service.command);
        arrived + self.rules.reply_time(stage, work, arrived)
    }

    /// Returns what the client finds that has something to say at `sent`, if the server has closed
    /// the connection behind an earlier reply.
    #[inline]
    fn closed_before(&self, sent: SimTime, stage: Stage) -> Option<Failure> {
        let closed = self.closed?;
        Some(self.lost(sent.max(closed + self.wire.latency), stage))
    }

    fn ruled(&self, stage: Stage, at: SimTime) -> Option<Reply> {
        match self.rules.find(Slot::Answer(stage), at) {
            Some(Deviation::Answer { reply, .. }) => Some(*reply),
            _ => None,
        }
    }

    /// Returns whether the server closes the connection after a refusal at `stage`.
    fn closes_after(&self, stage: Stage, at: SimTime) -> bool {
        matches!(
            self.rules.find(Slot::Answer(stage), at),
            Some(Deviation::Answer { reply, close: true, .. }) if !reply.is_positive()
        )
    }

    fn crashed_before(&self, at: SimTime) -> bool {
        self.wire.next_crash(self.connected).is_some_and(|(from, _, _)| from <= at)
    }

    /// The client waits from `since` for what the server does.
    #[inline]
    fn hear(
        &self,
        since: SimTime,
        stage: Stage,
        timeout: SimDuration,
        answer: Answer,
    ) -> Result<(Reply, SimTime), Failure> {
        // Nearly every reply comes through, and in time.
        if let Answer::Reply(reply, at) = answer
            && let Some(heard) = self.wire.undisturbed(at)
            && heard <= since + timeout
        {
            return Ok((reply, heard));
        }
        self.hear_in_trouble(since, stage, timeout, answer)
    }

    fn hear_in_trouble(
        &self,
        since: SimTime,
        stage: Stage,
        timeout: SimDuration,
        answer: Answer,
    ) -> Result<(Reply, SimTime), Failure> {
        let deadline = since + timeout;
        let left = match &answer {
            Answer::Reply(_, at) | Answer::Close(at) => *at,
            Answer::Silence => SimTime::MAX,
        };
        // A crash before the answer has left takes the connection with it.
        if let Some((from, until, machine)) = self.wire.next_crash(self.connected)
            && from <= left
        {
            let known = self.crash_known(since, from, until, machine);
            return Err(if known <= deadline {
                self.lost(known, stage)
            } else {
                self.timed_out(deadline, stage)
            });
        }
        if left == SimTime::MAX {
            return Err(self.timed_out(deadline, stage));
        }
        match self.wire.reach_client(left) {
            Passage::Arrives(at) if at <= deadline => match answer {
                Answer::Reply(reply, _) => Ok((reply, at)),
                _ => Err(self.lost(at, stage)),
            },
            _ => Err(self.timed_out(deadline, stage)),
        }
    }

    /// Returns when the client, which sent something at `since`, knows of a crash. A process that
    /// dies closes its connections. A machine that dies says nothing: only what still comes after
    /// it is up again is answered by a reset; a client whose packets it had taken waits in vain.
    fn crash_known(&self, since: SimTime, from: SimTime, until: SimTime, machine: bool) -> SimTime {
        if !machine {
            return from.max(since) + self.wire.latency;
        }
        match self.wire.reach_server(since) {
            Passage::Arrives(at) if at >= until => at + self.wire.latency,
            _ => SimTime::MAX,
        }
    }

    /// Turns a reply other than the one hoped for into a failure. The first digit decides (RFC
    /// 5321 §4.2.1): 3 to go on with the message, 2 elsewhere; 5 is for good, and whatever else
    /// comes is no reason to give the message up.
    #[inline]
    fn judge(&self, reply: Reply, at: SimTime, stage: Stage) -> Result<SimTime, Failure> {
        let hoped_for = match stage {
            Stage::Data => ReplyClass::PositiveIntermediate,
            _ => ReplyClass::PositiveCompletion,
        };
        if reply.class() == hoped_for {
            return Ok(at);
        }
        Err(self.failure_by(reply, at, stage))
    }

    fn failure_by(&self, reply: Reply, at: SimTime, stage: Stage) -> Failure {
        failure_by(self.client, reply, at, stage)
    }

    fn no_answer(&self, sent: SimTime, stage: Stage, timeout: SimDuration) -> Failure {
        match self.wire.reach_server(sent) {
            Passage::Lost(at) => self.lost(at.min(sent + timeout), stage),
            _ => self.timed_out(sent + timeout, stage),
        }
    }

    fn lost(&self, at: SimTime, stage: Stage) -> Failure {
        Failure {
            at,
            stage,
            outcome: AttemptOutcome::Lost,
            reply: None,
            status: Status::BAD_CONNECTION,
        }
    }

    fn timed_out(&self, at: SimTime, stage: Stage) -> Failure {
        Failure {
            at,
            stage,
            outcome: AttemptOutcome::Timeout,
            reply: None,
            status: Status::BAD_CONNECTION,
        }
    }
}
