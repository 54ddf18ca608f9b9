//! A session run to its end: the time of every reply, and how each recipient fared.

use crate::mail::{AttemptOutcome, Mailbox, Reply, Stage, Status};
use crate::network::{TransferSettings, body_transfer};
use crate::random::Distribution;
use crate::trace::SessionMarks;
use crate::units::{Octets, SimDuration, SimTime};

use super::wire::Passage;
use super::{ClientSettings, ClientTls, Deviation, Rules, ServerSettings, Slot, Wire};

/// Draws service times; the caller keys the draws.
pub trait Draws {
    /// Returns a time drawn from `distribution`.
    fn time(&mut self, distribution: &Distribution) -> SimDuration;
}

/// What the server says to RCPT, where no rule of [`Rules`] decides.
pub trait RecipientPolicy {
    /// Returns the reply to RCPT for the `index`-th recipient, decided at `at`.
    fn reply(&mut self, index: usize, at: SimTime) -> Reply;

    /// Returns whether there is room for another message (else MAIL gets 452 4.3.1).
    fn has_room(&self) -> bool;

    /// Returns whether the greylist lets this recipient pass at `at`, noting the visit; `delay` is
    /// the minimum wait.
    fn greylist_passes(&mut self, index: usize, at: SimTime, delay: SimDuration) -> bool;
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
    pub rules: &'a Rules,
    /// When the connection stood, at the client.
    pub connected: SimTime,
    /// How this session uses TLS: never, from the first octet, or by STARTTLS (then both sides
    /// want it).
    pub tls: ClientTls,
    /// Whether the client authenticates (submission).
    pub authenticates: bool,
    /// Whether EHLO was understood.
    pub extended: bool,
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
        let mut now = self.connected;
        if self.tls == ClientTls::Implicit {
            now = now + self.wire.round_trip() * HANDSHAKE_ROUND_TRIPS;
        }
        now = self.greet(now, ready, refusal, sessions, draws)?;
        marks.greeting = now;
        now = self.hello(now, draws)?;
        marks.ehlo = now;
        if self.tls == ClientTls::Opportunistic && self.extended {
            now = self.start_tls(now, draws)?;
            marks.tls = now;
        }
        if self.authenticates && self.extended {
            now = self.command(now, Stage::Auth, self.client.timeouts.mail, draws, |_, _| {
                Reply::new(235, Status::new(2, 7, 0))
            })?;
            marks.auth = now;
        }
        Ok(now)
    }

    fn greet(
        &mut self,
        sent: SimTime,
        ready: SimTime,
        refusal: Option<Reply>,
        sessions: u32,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        // The server has the connection half a round trip before or after the client, by which
        // side's packet completes it; its greeting follows the client's last packet.
        let Passage::Arrives(arrived) = self.wire.to_server(sent) else {
            return Err(self.no_answer(sent, Stage::Greeting, self.client.timeouts.greeting));
        };
        let mut at = arrived.max(ready) + self.slowed(arrived, draws.time(&self.server.service.greeting));
        if let Some(Deviation::GreetingDelay(delay)) = self.rules.find(Slot::GreetingDelay, at) {
            at = at + *delay;
        }
        let answer = if self.closes_at(Stage::Greeting, at) {
            Answer::Close(at)
        } else if self.rules.find(Slot::HangAt(Stage::Greeting), at).is_some() {
            Answer::Silence
        } else if let Some(reply) = refusal {
            Answer::Reply(reply, at)
        } else {
            Answer::Reply(self.greeting_reply(at, sessions), at)
        };
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

    fn hello(&mut self, sent: SimTime, draws: &mut impl Draws) -> Result<SimTime, Failure> {
        let (timeout, ehlo) = (self.client.timeouts.ehlo, self.server.ehlo);
        let refused = Reply::new(502, Status::new(5, 5, 2));
        let first = self.exchange(sent, Stage::Ehlo, timeout, draws, |session, at| {
            let accepted = if ehlo { Reply::new(250, Status::SUCCESS) } else { refused };
            session.ruled(Stage::Ehlo, at).unwrap_or(accepted)
        })?;
        self.extended = first.0.is_positive();
        // 421 announces that the connection closes; any other refusal of EHLO leads to HELO.
        if self.extended || first.0.code == 421 {
            return self.judge(first.0, first.1, Stage::Ehlo);
        }
        let second = self.exchange(first.1, Stage::Ehlo, timeout, draws, |session, at| {
            session.ruled(Stage::Ehlo, at).unwrap_or(Reply::new(250, Status::SUCCESS))
        })?;
        self.judge(second.0, second.1, Stage::Ehlo)
    }

    /// STARTTLS, a handshake of two round trips, and EHLO again: four round trips, as recorded
    /// with TLS 1.2 and 1.3 alike (recording 14).
    fn start_tls(&mut self, sent: SimTime, draws: &mut impl Draws) -> Result<SimTime, Failure> {
        let timeout = self.client.timeouts.tls;
        let agreed = |_: &Self, _| Reply::new(220, Status::SUCCESS);
        let now = self.command(sent, Stage::Tls, timeout, draws, agreed)?;
        let now = now + self.wire.round_trip() * HANDSHAKE_ROUND_TRIPS;
        self.command(now, Stage::Tls, self.client.timeouts.ehlo, draws, |_, _| {
            Reply::new(250, Status::SUCCESS)
        })
    }

    /// Clears a connection that was kept, before its next transaction.
    ///
    /// # Errors
    /// How and when it failed; the client then opens a new connection.
    pub fn reset(&mut self, sent: SimTime, draws: &mut impl Draws) -> Result<SimTime, Failure> {
        if !self.client.rset_before_reuse {
            return Ok(sent);
        }
        self.command(sent, Stage::Mail, self.client.timeouts.rset, draws, |_, _| {
            Reply::new(250, Status::SUCCESS)
        })
    }

    /// Hands over one message from `sent` on. `replies` gets each recipient's reply to RCPT, none
    /// where it was not reached.
    pub fn transact(
        &mut self,
        sent: SimTime,
        letter: &Letter<'_>,
        policy: &mut impl RecipientPolicy,
        replies: &mut Vec<Option<Reply>>,
        marks: &mut SessionMarks,
        draws: &mut impl Draws,
    ) -> Transaction {
        replies.clear();
        replies.resize(letter.recipients.len(), None);
        let mut transaction = Transaction {
            ended: sent,
            failure: None,
            accepted_at: None,
            dot_sent: SimTime::MAX,
            octets: Octets(0),
            open: true,
        };
        let result = self
            .envelope(sent, letter, policy, replies, marks, draws)
            .and_then(|now| self.data(now, letter, &mut transaction, marks, draws));
        match result {
            Ok(now) => transaction.ended = now,
            Err(failure) => {
                transaction.ended = failure.at;
                transaction.failure = Some(failure);
                let broken = matches!(
                    failure.outcome,
                    AttemptOutcome::Lost | AttemptOutcome::Timeout | AttemptOutcome::Refused
                );
                transaction.open = !broken && failure.reply.is_none_or(|reply| reply.code != 421);
            }
        }
        transaction
    }

    /// MAIL, RCPT for each recipient and DATA, in one group where both sides can.
    fn envelope(
        &mut self,
        sent: SimTime,
        letter: &Letter<'_>,
        policy: &mut impl RecipientPolicy,
        replies: &mut [Option<Reply>],
        marks: &mut SessionMarks,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        if self.extended
            && self.client.checks_advertised_size
            && self.server.size_limit.is_some_and(|limit| letter.size > limit)
        {
            return Err(Failure {
                at: sent,
                stage: Stage::Mail,
                outcome: AttemptOutcome::Permfail,
                reply: None,
                status: Status::TOO_BIG,
            });
        }
        let group = self.extended && self.server.pipelining && self.client.pipelining;
        let mut turn = Turn { group, sent, server: None, heard: sent };
        let mail = self.turn(&mut turn, Stage::Mail, draws, |session, at| {
            session.mail_reply(letter, policy.has_room(), at)
        })?;
        marks.mail = turn.heard;
        let mail_accepted = mail.is_positive();
        if !mail_accepted && !group {
            return self.judge(mail, turn.heard, Stage::Mail);
        }
        let mut accepted = 0;
        for index in 0..letter.recipients.len() {
            let reply = self.turn(&mut turn, Stage::Rcpt, draws, |session, at| {
                session.rcpt_reply(letter, index, accepted, mail_accepted, policy, at)
            })?;
            accepted += u32::from(reply.is_positive());
            replies[index] = mail_accepted.then_some(reply);
        }
        marks.rcpt = turn.heard;
        if accepted == 0 && !group {
            return Ok(turn.heard);
        }
        let data = self.turn(&mut turn, Stage::Data, draws, |session, at| {
            if accepted == 0 {
                return Reply::new(554, Status::new(5, 5, 1));
            }
            session.ruled(Stage::Data, at).unwrap_or(Reply::new(354, Status::SUCCESS))
        })?;
        if !mail_accepted {
            return self.judge(mail, turn.heard, Stage::Mail);
        }
        if accepted == 0 {
            return Ok(turn.heard);
        }
        marks.data = turn.heard;
        self.judge(data, turn.heard, Stage::Data)
    }

    fn mail_reply(&self, letter: &Letter<'_>, has_room: bool, at: SimTime) -> Reply {
        if let Some(reply) = self.ruled(Stage::Mail, at) {
            return reply;
        }
        if !has_room || self.rules.find(Slot::DiskFull, at).is_some() {
            return Reply::new(452, Status::SYSTEM_FULL);
        }
        let declared = letter.size.0 + self.client.size_margin.0;
        let declares = letter.declares_size && self.client.declares_size && self.extended;
        if declares && self.server.size_limit.is_some_and(|limit| declared > limit.0) {
            return Reply::new(552, Status::TOO_BIG);
        }
        Reply::new(250, Status::SUCCESS)
    }

    fn rcpt_reply(
        &self,
        letter: &Letter<'_>,
        index: usize,
        accepted: u32,
        mail_accepted: bool,
        policy: &mut impl RecipientPolicy,
        at: SimTime,
    ) -> Reply {
        if !mail_accepted {
            return Reply::new(503, Status::new(5, 5, 1));
        }
        if let Some(Deviation::Greylist { delay, reply }) = self.rules.find(Slot::Greylist, at)
            && !policy.greylist_passes(index, at, *delay)
        {
            return *reply;
        }
        let mailbox = letter.recipients[index];
        let named = self.rules.entries().iter().rev().find_map(|(interval, rule)| match rule {
            Deviation::AnswerRecipients { mailboxes, reply }
                if interval.contains(at) && mailboxes.binary_search(&mailbox).is_ok() =>
            {
                Some(*reply)
            }
            _ => None,
        });
        if let Some(reply) = named.or_else(|| self.ruled(Stage::Rcpt, at)) {
            return reply;
        }
        if self.server.max_recipients.is_some_and(|limit| accepted >= limit) {
            return Reply::new(452, Status::new(4, 5, 3));
        }
        policy.reply(index, at)
    }

    /// Sends the message and waits for the reply to the final dot.
    fn data(
        &mut self,
        sent: SimTime,
        letter: &Letter<'_>,
        transaction: &mut Transaction,
        marks: &mut SessionMarks,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        if marks.data == SimTime::MAX {
            // Nobody was accepted: there is nothing to send.
            return Ok(sent);
        }
        transaction.octets = letter.size;
        let dot_sent = self.send_body(sent, letter.size)?;
        transaction.dot_sent = dot_sent;
        let timeout = self.client.timeouts.data_done;
        let arrived = match self.wire.to_server(dot_sent) {
            Passage::Arrives(arrived) => arrived,
            Passage::Lost(at) => return Err(self.lost(at.min(dot_sent + timeout), Stage::Dot)),
            Passage::Never => return Err(self.timed_out(dot_sent + timeout, Stage::Dot)),
        };
        let work = self.slowed(arrived, draws.time(&self.server.service.message));
        let mut at = arrived + work;
        if let Some(Deviation::DotDelay(delay)) = self.rules.find(Slot::DotDelay, arrived) {
            at = at + *delay;
        }
        if self.crashed_before(at) {
            let (_, now) = self.hear(dot_sent, Stage::Dot, timeout, Answer::Silence)?;
            return Ok(now);
        }
        let reply = self.dot_reply(letter, at);
        if reply.is_positive() {
            transaction.accepted_at = Some(at);
        }
        let answer = match self.rules.find(Slot::AfterDot, at) {
            Some(Deviation::LoseFinalReply) => Answer::Close(at),
            Some(_) => Answer::Silence,
            None => Answer::Reply(reply, at),
        };
        let (reply, now) = self.hear(dot_sent, Stage::Dot, timeout, answer)?;
        marks.dot = now;
        self.judge(reply, now, Stage::Dot)
    }

    fn dot_reply(&self, letter: &Letter<'_>, at: SimTime) -> Reply {
        if let Some(reply) = self.ruled(Stage::Dot, at) {
            return reply;
        }
        if self.server.size_limit.is_some_and(|limit| letter.size > limit) {
            return Reply::new(552, Status::TOO_BIG);
        }
        // Postfix counts the Received fields as the message arrives and says 554 5.4.0 at the dot.
        if self.server.hop_limit.is_some_and(|limit| letter.received_fields >= limit) {
            return Reply::new(554, Status::new(5, 4, 0));
        }
        Reply::ACCEPTED
    }

    /// Sends `size` octets; returns when the last has left. Progress may stop for as long as the
    /// client's time-out for a block allows.
    fn send_body(&self, sent: SimTime, size: Octets) -> Result<SimTime, Failure> {
        let transfer = body_transfer(
            size,
            self.wire.round_trip(),
            self.wire.rate,
            TransferSettings::default(),
        );
        let (mut from, mut done) = (sent, sent + transfer);
        while let Some((stopped, resumes, reset)) = self.wire.interruption(from, done) {
            if reset {
                return Err(self.lost(stopped + self.wire.round_trip(), Stage::Dot));
            }
            let pause = resumes.since(stopped);
            if pause > self.client.timeouts.data_block {
                let at = stopped + self.client.timeouts.data_block;
                return Err(self.timed_out(at, Stage::Dot));
            }
            (from, done) = (resumes, done + pause);
        }
        Ok(done)
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
    fn exchange(
        &mut self,
        sent: SimTime,
        stage: Stage,
        timeout: SimDuration,
        draws: &mut impl Draws,
        reply: impl FnOnce(&Self, SimTime) -> Reply,
    ) -> Result<(Reply, SimTime), Failure> {
        let arrived = match self.wire.to_server(sent) {
            Passage::Arrives(arrived) => arrived,
            Passage::Lost(at) => return Err(self.lost(at.min(sent + timeout), stage)),
            Passage::Never => return Err(self.timed_out(sent + timeout, stage)),
        };
        let answer = self.act(stage, arrived, draws, reply);
        self.hear(sent, stage, timeout, answer)
    }

    /// The next command of an envelope: alone, or as the next of a group that was sent at once.
    fn turn(
        &mut self,
        turn: &mut Turn,
        stage: Stage,
        draws: &mut impl Draws,
        reply: impl FnOnce(&Self, SimTime) -> Reply,
    ) -> Result<Reply, Failure> {
        let timeout = match stage {
            Stage::Mail => self.client.timeouts.mail,
            Stage::Rcpt => self.client.timeouts.rcpt,
            _ => self.client.timeouts.data_init,
        };
        if !turn.group {
            let (reply, now) = self.exchange(turn.heard, stage, timeout, draws, reply)?;
            turn.heard = now;
            return Ok(reply);
        }
        let begins = match turn.server {
            Some(at) => at,
            None => match self.wire.to_server(turn.sent) {
                Passage::Arrives(at) => at,
                Passage::Lost(at) => return Err(self.lost(at.min(turn.sent + timeout), stage)),
                Passage::Never => return Err(self.timed_out(turn.sent + timeout, stage)),
            },
        };
        let answer = self.act(stage, begins, draws, reply);
        if let Answer::Reply(_, at) = &answer {
            turn.server = Some(*at);
        }
        // Each reply of a group has the full time-out, counted from the one before.
        let (reply, now) = self.hear(turn.heard, stage, timeout, answer)?;
        turn.heard = now;
        Ok(reply)
    }

    /// The server acts on a command that has arrived.
    fn act(
        &self,
        stage: Stage,
        arrived: SimTime,
        draws: &mut impl Draws,
        reply: impl FnOnce(&Self, SimTime) -> Reply,
    ) -> Answer {
        let mut at = arrived + self.slowed(arrived, draws.time(&self.server.service.command));
        if let Some(Deviation::CommandDelay(delay)) = self.rules.find(Slot::CommandDelay, arrived) {
            at = at + *delay;
        }
        if self.closes_at(stage, at) {
            Answer::Close(at)
        } else if !self.rules.is_empty() && self.rules.find(Slot::HangAt(stage), at).is_some() {
            Answer::Silence
        } else {
            Answer::Reply(reply(self, at), at)
        }
    }

    fn closes_at(&self, stage: Stage, at: SimTime) -> bool {
        matches!(self.rules.find(Slot::CloseAt, at), Some(Deviation::CloseAt(at_stage)) if *at_stage == stage)
    }

    fn ruled(&self, stage: Stage, at: SimTime) -> Option<Reply> {
        match self.rules.find(Slot::Answer(stage), at) {
            Some(Deviation::Answer { reply, .. }) => Some(*reply),
            _ => None,
        }
    }

    fn slowed(&self, at: SimTime, time: SimDuration) -> SimDuration {
        match self.rules.find(Slot::SlowFactor, at) {
            Some(Deviation::SlowFactor(thousandths)) => {
                SimDuration::from_nanos(time.as_nanos().saturating_mul(*thousandths) / 1000)
            }
            _ => time,
        }
    }

    fn crashed_before(&self, at: SimTime) -> bool {
        self.wire.next_crash(self.connected).is_some_and(|(from, _, _)| from <= at)
    }

    /// The client waits from `since` for what the server does.
    fn hear(
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
            let known = if machine { until } else { from.max(since) } + self.wire.latency;
            return Err(if known <= deadline {
                self.lost(known, stage)
            } else {
                self.timed_out(deadline, stage)
            });
        }
        if left == SimTime::MAX {
            return Err(self.timed_out(deadline, stage));
        }
        match self.wire.to_client(left) {
            Passage::Arrives(at) if at <= deadline => match answer {
                Answer::Reply(reply, _) => Ok((reply, at)),
                _ => Err(self.lost(at, stage)),
            },
            _ => Err(self.timed_out(deadline, stage)),
        }
    }

    /// Turns a negative reply into a failure.
    fn judge(&self, reply: Reply, at: SimTime, stage: Stage) -> Result<SimTime, Failure> {
        if reply.is_positive() {
            return Ok(at);
        }
        let excused = (stage == Stage::Greeting && self.client.permanent_greeting_is_temporary)
            || (stage == Stage::Ehlo && self.client.permanent_ehlo_is_temporary);
        let permanent = reply.is_permanent() && !excused;
        let outcome =
            if permanent { AttemptOutcome::Permfail } else { AttemptOutcome::Tempfail };
        Err(Failure { at, stage, outcome, reply: Some(reply), status: reply.status })
    }

    fn no_answer(&self, sent: SimTime, stage: Stage, timeout: SimDuration) -> Failure {
        match self.wire.to_server(sent) {
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

/// Round trips of a TLS handshake, as recorded (recording 14, TLS 1.2 and 1.3 alike).
const HANDSHAKE_ROUND_TRIPS: u64 = 2;

/// Where a run of envelope commands stands.
struct Turn {
    group: bool,
    /// When the group was sent.
    sent: SimTime,
    /// When the server was done with the previous command of the group.
    server: Option<SimTime>,
    /// When the client had the previous reply.
    heard: SimTime,
}
