//! One transaction of a session: MAIL, RCPT and DATA, the message, and the reply to its dot.

use crate::mail::{AttemptOutcome, Mailbox, Reply, ReplyClass, Stage, Status};
use crate::network::timer_fires;
use crate::trace::SessionMarks;
use crate::units::{Octets, SimDuration, SimTime};

use super::super::order::{Order, Verb};
use super::super::wire::{Passage, sending_time};
use super::super::{BreakingPoint, Deviation, Manner, Slot};
use super::{Answer, Draws, Failure, Letter, RecipientPolicy, Said, Session, Transaction};

impl Session<'_> {
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
        self.rules.carried = letter.size;
        let mut transaction = Transaction::begun(sent);
        let result = self
            .envelope(sent, letter, policy, replies, marks, draws)
            .and_then(|ready| self.data(ready, letter, policy, &mut transaction, marks, draws));
        let nobody = result.is_ok() && marks.data == SimTime::MAX;
        match result {
            Ok(now) => transaction.ended = now,
            Err(failure) => {
                transaction.ended = failure.at;
                transaction.failure = Some(failure);
                let broken = matches!(
                    failure.outcome,
                    AttemptOutcome::Lost | AttemptOutcome::Timeout | AttemptOutcome::Refused
                );
                // A reply of no known class ends the session too (RFC 5321 §4.2).
                let stays = self.client.options.stays_after_421;
                let closing = |reply: Reply| {
                    (reply.code == 421 && !stays) || reply.class() == ReplyClass::Invalid
                };
                let gives_up = failure.stage == Stage::Rcpt && failure.reply.is_none();
                transaction.open = !broken && !gives_up && !failure.reply.is_some_and(closing);
            }
        }
        transaction.open &= self.closed.is_none();
        self.clear_up(nobody, &mut transaction, draws);
        transaction
    }

    /// What a client says at once after a transaction that was refused, or of which `nobody` was taken.
    fn clear_up(&mut self, nobody: bool, transaction: &mut Transaction, draws: &mut impl Draws) {
        let (options, failure) = (self.client.options, transaction.failure);
        let for_good = |failure: Failure| {
            failure.stage == Stage::Data && failure.outcome == AttemptOutcome::Permfail
        };
        let useless = nobody || failure.is_some_and(for_good);
        if options.resets_at_once && transaction.open && useless {
            match self.reset(transaction.ended, draws) {
                Ok(now) => transaction.ended = now,
                Err(lost) => (transaction.ended, transaction.open) = (lost.at, false),
            }
        }
        transaction.takes_leave = options.quits_after_closing
            && !transaction.open
            && failure.is_some_and(|failure| failure.reply.is_some())
            && self.closed.is_none();
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
    ) -> Result<Ready, Failure> {
        if self.extended
            && self.knows_size_limit
            && self.client.checks_advertised_size
            && self
                .server
                .size_limit
                .is_some_and(|limit| self.client.compared_size(letter.size) > limit)
        {
            return Err(Failure {
                at: sent,
                stage: Stage::Mail,
                outcome: AttemptOutcome::Permfail,
                reply: None,
                status: Status::TOO_BIG,
            });
        }
        // RFC 6531 §3.2: it is not sent to whom it would mean nothing.
        if letter.international && !(self.extended && self.server.options.smtputf8) {
            return Err(Failure {
                at: sent,
                stage: Stage::Mail,
                outcome: AttemptOutcome::Permfail,
                reply: None,
                status: Status::NEEDS_UTF8,
            });
        }
        let group = self.extended && self.server.pipelining && self.client.pipelining;
        let mail_in_group = group && self.client.pipelines_mail;
        let mut turn = Turn::new(mail_in_group, sent);
        let mut order = Order::ready(self.offers());
        let mail = self.turn(&mut turn, Stage::Mail, draws, |session, at| {
            order.hear(Verb::Mail, || session.mail_reply(letter, policy, at))
        })?;
        marks.mail = turn.heard;
        let mail_accepted = mail.is_positive();
        if !mail_accepted && !mail_in_group {
            return Err(self.failure_by(mail, turn.heard, Stage::Mail));
        }
        if !mail_in_group {
            turn = Turn::new(group, turn.heard);
        }
        let (mut accepted, mut in_a_row) = (0, self.refused_in_a_row);
        for (index, slot) in replies.iter_mut().enumerate() {
            let reply = self.turn(&mut turn, Stage::Rcpt, draws, |session, at| {
                session.answer_to_rcpt(letter, (index, accepted), &mut order, policy, at)
            });
            let reply = reply.map_err(|lost| self.refused_before(mail, lost))?;
            accepted += u32::from(reply.is_positive());
            *slot = mail_accepted.then_some(reply);
            in_a_row = if reply.is_positive() { 0 } else { in_a_row + 1 };
            if self.client.options.refusals_in_a_row.is_some_and(|limit| in_a_row >= limit) {
                return Err(too_many_refusals(turn.heard));
            }
        }
        marks.rcpt = turn.heard;
        if accepted == 0 && !group {
            return Ok(turn.ready());
        }
        if self.extended && self.client.options.chunking && self.server.options.chunking {
            // RFC 3030 §2: the message follows the replies to RCPT, and nobody says 354.
            if !mail_accepted {
                return Err(self.failure_by(mail, turn.heard, Stage::Mail));
            }
            if accepted > 0 {
                marks.data = turn.heard;
            }
            return Ok(turn.ready());
        }
        let data = self.turn(&mut turn, Stage::Data, draws, |session, at| {
            let granted = Reply::new(354, Status::SUCCESS);
            if order.in_transaction() && session.server.options.data_without_recipients {
                return session.ruled(Stage::Data, at).unwrap_or(granted);
            }
            order.hear(Verb::Data, || session.ruled(Stage::Data, at).unwrap_or(granted))
        });
        let data = data.map_err(|lost| self.refused_before(mail, lost))?;
        if !mail_accepted {
            return Err(self.failure_by(mail, turn.heard, Stage::Mail));
        }
        if accepted == 0 {
            let at = self.nobody_is_left(data, turn.heard, draws)?;
            return Ok(Ready { at, acknowledges_at_once: false });
        }
        marks.data = turn.heard;
        self.judge(data, turn.heard, Stage::Data)?;
        Ok(turn.ready())
    }

    /// The rest of a group is lost. If MAIL was refused before, that is why nobody got the message.
    fn refused_before(&self, mail: Reply, lost: Failure) -> Failure {
        if mail.is_positive() { lost } else { self.failure_by(mail, lost.at, Stage::Mail) }
    }

    /// All recipients of a group were refused. If DATA was accepted all the same, the client sends
    /// nothing but the dot, and the server sends nothing to anybody (RFC 2920 §3.1, §3.2).
    fn nobody_is_left(
        &mut self,
        data: Reply,
        heard: SimTime,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        if data.class() != ReplyClass::PositiveIntermediate {
            return Ok(heard);
        }
        let timeout = self.client.timeouts.data_done;
        let (_, now) = self.exchange(heard, Stage::Dot, timeout, draws, |_, _| NO_RECIPIENTS)?;
        Ok(now)
    }

    pub(super) fn mail_reply(
        &self,
        letter: &Letter<'_>,
        policy: &mut impl RecipientPolicy,
        at: SimTime,
    ) -> Reply {
        if let Some(reply) = self.ruled(Stage::Mail, at).or_else(|| policy.limit_reached(at)) {
            return reply;
        }
        if self.requires_authentication && !self.authenticates {
            return Reply::new(530, Status::new(5, 7, 0));
        }
        if self.server.options.checks_sender_domain
            && let Some(refusal) = policy.refuses_sender(at)
        {
            return refusal;
        }
        if !policy.has_room() || self.rules.find(Slot::DiskFull, at).is_some() {
            return Reply::new(452, Status::SYSTEM_FULL);
        }
        let declared = letter.size.0 + self.client.size_margin.0;
        let declares = letter.declares_size && self.client.declares_size && self.extended;
        if declares && self.server.size_limit.is_some_and(|limit| declared > limit.0) {
            return Reply::new(552, Status::TOO_BIG);
        }
        Reply::new(250, Status::new(2, 1, 0))
    }

    pub(super) fn rcpt_reply(
        &self,
        letter: &Letter<'_>,
        index: usize,
        accepted: u32,
        policy: &mut impl RecipientPolicy,
        at: SimTime,
    ) -> Reply {
        if let Some(Deviation::Greylist { delay, reply, rules }) =
            self.rules.find(Slot::Greylist, at)
            && !policy.greylist_passes(index, at, *delay, rules)
        {
            return *reply;
        }
        let named = self.named(letter.recipients[index], at).map(|(reply, _)| reply);
        if let Some(reply) = named.or_else(|| self.ruled(Stage::Rcpt, at)) {
            return reply;
        }
        if self.server.max_recipients.is_some_and(|limit| accepted >= limit) {
            return Reply::new(452, Status::new(4, 5, 3));
        }
        policy.reply(index, at)
    }

    /// Returns the reply that a rule has for this recipient, and whether the connection is closed
    /// behind it.
    fn named(&self, mailbox: Mailbox, at: SimTime) -> Option<(Reply, bool)> {
        self.rules.in_force(at).rev().find_map(|rule| match rule {
            Deviation::AnswerRecipients { mailboxes, reply, close }
                if mailboxes.binary_search(&mailbox).is_ok() =>
            {
                Some((*reply, *close))
            }
            _ => None,
        })
    }

    /// RCPT arrives for the recipient at an index of the letter, after so many accepted ones.
    pub(super) fn answer_to_rcpt(
        &self,
        letter: &Letter<'_>,
        (index, accepted): (usize, u32),
        order: &mut Order,
        policy: &mut impl RecipientPolicy,
        at: SimTime,
    ) -> Said {
        let mut took = SimDuration::ZERO;
        let reply = order.hear(Verb::Rcpt, || {
            let screened = policy.screens_client(at);
            took = screened.took;
            if let Some(refusal) = screened.refusal {
                return refusal;
            }
            let own = self.rcpt_reply(letter, index, accepted, policy, at);
            if !own.is_positive() {
                return own;
            }
            let verified = policy.verifies(index, at + took);
            took += verified.took;
            verified.refusal.unwrap_or(own)
        });
        let named = self.named(letter.recipients[index], at);
        let closes = named.is_some_and(|(said, close)| close && said == reply);
        Said { reply, took, closes }
    }

    /// Sends the message and waits for the reply to the final dot.
    fn data(
        &mut self,
        ready: Ready,
        letter: &Letter<'_>,
        policy: &mut impl RecipientPolicy,
        transaction: &mut Transaction,
        marks: &mut SessionMarks,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        let sent = ready.at;
        if marks.data == SimTime::MAX {
            // Nobody was accepted: there is nothing to send.
            return Ok(sent);
        }
        transaction.octets = letter.size;
        if !self.rules.is_empty() {
            let whole = sent + sending_time(letter.size, self.wire.latency, self.wire.bandwidth);
            if let Some(failure) = self.breaks_in_body(sent, whole, letter.size) {
                if failure.stage == Stage::Dot {
                    transaction.dot_sent = whole;
                }
                return Err(failure);
            }
        }
        let mut dot_sent = self.send_body(sent, letter.size)?;
        if self.client.options.dot_is_held_back(letter.size, letter.is_first)
            && !ready.acknowledges_at_once
        {
            let one_way = self.wire.round_trip() / 2;
            dot_sent =
                delayed_acknowledgement(dot_sent + one_way, self.client.syn.ticking) + one_way;
        }
        transaction.dot_sent = dot_sent;
        let timeout = self.client.timeouts.data_done;
        let arrived = match self.wire.reach_server(dot_sent) {
            Passage::Arrives(arrived) => arrived,
            Passage::Lost(at) => return Err(self.lost(at.min(dot_sent + timeout), Stage::Dot)),
            Passage::Never => return Err(self.timed_out(dot_sent + timeout, Stage::Dot)),
        };
        let (answer, accepted_at) = self.answer_to_dot(letter, policy, arrived, draws);
        transaction.accepted_at = accepted_at;
        let (reply, now) = self.hear(dot_sent, Stage::Dot, timeout, answer)?;
        marks.dot = now;
        self.judge(reply, now, Stage::Dot)
    }

    /// The server has the whole message at `arrived`: returns its answer, and when it takes the
    /// message, if it does.
    pub(super) fn answer_to_dot(
        &mut self,
        letter: &Letter<'_>,
        policy: &mut impl RecipientPolicy,
        arrived: SimTime,
        draws: &mut impl Draws,
    ) -> (Answer, Option<SimTime>) {
        let work = draws.time(&self.server.service.message);
        let mut at = arrived + self.rules.reply_time(Some(Stage::Dot), work, arrived);
        if let Some(broken) = self.broken(BreakingPoint::At(Stage::Dot), at) {
            return (broken, None);
        }
        let screened = policy.screens_message(at);
        at += screened.took;
        if self.crashed_before(at) {
            return (Answer::Silence, None);
        }
        let own = self.dot_reply(letter, at);
        let reply = screened.refusal.filter(|_| own.is_positive()).unwrap_or(own);
        let answer = match self.broken(BreakingPoint::Stored, at) {
            Some(broken) => broken,
            None => self.answered(Stage::Dot, at, |_, _| reply),
        };
        (answer, reply.is_positive().then_some(at))
    }

    /// Returns how the client fares if the server breaks the session while the message, whose first
    /// octets leave at `sent`, is on its way; `whole` is when all of it has left, if nothing holds it
    /// up.
    ///
    /// The server's machine takes 64 KiB that nobody reads (the window that Linux begins with). So
    /// a client of a smaller message, or one that has sent all before it hears of the end, waits for
    /// the reply to its dot like any other, and does not know whether it was heard.
    pub(super) fn breaks_in_body(
        &self,
        sent: SimTime,
        whole: SimTime,
        size: Octets,
    ) -> Option<Failure> {
        let Passage::Arrives(at) = self.wire.reach_server(sent) else {
            return None;
        };
        match self.rules.breaks(BreakingPoint::At(Stage::Body), at)? {
            Manner::Close => {
                let known = at + self.wire.latency;
                let stage = if whole <= known { Stage::Dot } else { Stage::Body };
                Some(self.lost(known, stage))
            }
            Manner::Hang if size <= UNREAD => {
                Some(self.timed_out(whole + self.client.timeouts.data_done, Stage::Dot))
            }
            Manner::Hang => {
                let full = sent + sending_time(UNREAD, self.wire.latency, self.wire.bandwidth);
                Some(self.timed_out(full + self.client.timeouts.data_block, Stage::Body))
            }
        }
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
    /// client's time-out for a block allows; it goes on with the first repetition that gets through.
    pub(super) fn send_body(&self, sent: SimTime, size: Octets) -> Result<SimTime, Failure> {
        let transfer = sending_time(size, self.wire.latency, self.wire.bandwidth);
        let patience = self.client.timeouts.data_block;
        let (mut stopped, mut left) = (sent, transfer);
        loop {
            let from = match self.wire.reach_server(stopped) {
                Passage::Arrives(at) => at.saturating_sub(self.wire.latency),
                Passage::Lost(at) => {
                    return Err(self.lost(at.min(stopped + patience), Stage::Body));
                }
                Passage::Never => return Err(self.timed_out(stopped + patience, Stage::Body)),
            };
            if from.since(stopped) > patience {
                return Err(self.timed_out(stopped + patience, Stage::Body));
            }
            match self.wire.interruption(from, from + left) {
                None => return Ok(from + left),
                Some(at) => {
                    left = left.saturating_sub(at.since(from));
                    stopped = at;
                }
            }
        }
    }

    /// The next command of an envelope: alone, or as the next of a group that was sent at once.
    fn turn<R: Into<Said>>(
        &mut self,
        turn: &mut Turn,
        stage: Stage,
        draws: &mut impl Draws,
        reply: impl FnOnce(&Self, SimTime) -> R,
    ) -> Result<Reply, Failure> {
        let timeout = match stage {
            Stage::Mail => self.client.timeouts.mail,
            Stage::Rcpt => self.client.timeouts.rcpt,
            _ => self.client.timeouts.data_init,
        };
        if let Some(failure) = self.closed_before(turn.heard, stage) {
            return Err(failure);
        }
        if !turn.group {
            let sent = turn.heard;
            let (reply, now) = self.exchange(sent, stage, timeout, draws, reply)?;
            turn.heard = now;
            turn.acknowledged = self.was_acknowledged(sent, now);
            return Ok(reply);
        }
        let begins = match turn.server {
            Some(at) => at,
            None => match self.wire.reach_server(turn.sent) {
                Passage::Arrives(at) => at,
                Passage::Lost(at) => return Err(self.lost(at.min(turn.sent + timeout), stage)),
                Passage::Never => return Err(self.timed_out(turn.sent + timeout, stage)),
            },
        };
        let answer = self.act(stage, begins, draws, reply);
        let is_first = turn.server.is_none();
        if let Answer::Reply(_, at) = &answer {
            turn.server = Some(*at);
        }
        // Each reply of a group has the full time-out, counted from the one before.
        let (reply, now) = self.hear(turn.heard, stage, timeout, answer)?;
        turn.heard = now;
        if is_first {
            turn.acknowledged = self.was_acknowledged(turn.sent, now);
        }
        Ok(reply)
    }

    /// Returns whether what was `sent` had been acknowledged before the reply to it left the server,
    /// which was `heard` then.
    fn was_acknowledged(&self, sent: SimTime, heard: SimTime) -> bool {
        let ticking = self.client.syn.ticking;
        heard > delayed_acknowledgement(sent, ticking) + self.wire.round_trip()
    }
}

/// The client has had enough of refused recipients: it gives up the session, and for now the
/// recipients that were accepted or not yet named (OpenSMTPD, `mta_session.c`, `mta_response`).
fn too_many_refusals(at: SimTime) -> Failure {
    let status = Status::new(4, 0, 0);
    Failure { at, stage: Stage::Rcpt, outcome: AttemptOutcome::Tempfail, reply: None, status }
}

/// How long Linux puts off an acknowledgement in the hope of something to send with it
/// (`TCP_DELACK_MIN`).
const DELAYED_ACKNOWLEDGEMENT: SimDuration = SimDuration::from_millis(40);

/// Returns when a server's machine acknowledges what came at `arrived`: at a tick of its timers, 40 to
/// 44 ms later, so that connections that wait together go on together. All machines tick together
/// here.
fn delayed_acknowledgement(arrived: SimTime, ticking: Option<SimDuration>) -> SimTime {
    let (due, timeout) = (arrived + DELAYED_ACKNOWLEDGEMENT, DELAYED_ACKNOWLEDGEMENT);
    timer_fires(due, timeout, ticking.unwrap_or(SimDuration::ZERO))
}
/// Octets that a server's machine takes although its mail server reads none.
const UNREAD: Octets = Octets(65_536);

/// The envelope has been accepted, and the message can follow.
#[derive(Debug, Clone, Copy)]
struct Ready {
    at: SimTime,
    /// Whether the server's machine will acknowledge the message at once.
    acknowledges_at_once: bool,
}

/// Where a run of envelope commands stands.
struct Turn {
    group: bool,
    /// When the group was sent.
    sent: SimTime,
    /// When the server was done with the previous command of the group.
    server: Option<SimTime>,
    /// When the client had the previous reply.
    heard: SimTime,
    /// Whether the server's machine had to acknowledge the client's last segment by itself, since the
    /// reply was long in coming. It then expects none with the next either, and acknowledges that
    /// at once (Linux, `tcp_delack_timer_handler`: a missed acknowledgement ends the mode that
    /// `tcp_event_data_sent` begins. Asked of Linux 6.18: of all stages of a session only the last
    /// before the message matters, and slower than 40 ms is what it takes).
    acknowledged: bool,
}

impl Turn {
    fn new(group: bool, sent: SimTime) -> Self {
        Self { group, sent, server: None, heard: sent, acknowledged: false }
    }

    fn ready(&self) -> Ready {
        Ready { at: self.heard, acknowledges_at_once: self.acknowledged }
    }
}

/// To DATA without a recipient.
pub(super) const NO_RECIPIENTS: Reply = Reply::new(554, Status::new(5, 5, 1));
