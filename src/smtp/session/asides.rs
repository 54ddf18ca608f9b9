//! What a mail program may do besides a transaction: ask VRFY first, or use the server's web page
//! instead of SMTP.

use crate::mail::{Reply, Stage, Status};
use crate::trace::SessionMarks;
use crate::units::SimTime;

use super::super::wire::Passage;
use super::super::{Deviation, Slot};
use super::opening::HANDSHAKE_ROUND_TRIPS;
use super::{Answer, Draws, Failure, Letter, RecipientPolicy, Session, Transaction};

impl Session<'_> {
    /// Asks VRFY about each of `recipients`, one after the other (RFC 5321 §3.5); returns when the
    /// last reply was heard. What the replies say changes nothing: RCPT decides.
    ///
    /// # Errors
    /// How and when the session was lost meanwhile.
    pub fn verify(
        &mut self,
        sent: SimTime,
        recipients: usize,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        let mut now = sent;
        for _ in 0..recipients {
            let Passage::Arrives(arrived) = self.wire.reach_server(now) else {
                return Err(self.no_answer(now, Stage::Mail, self.client.timeouts.mail));
            };
            // What strikes MAIL does not strike the VRFY before it.
            let at = self.acted_at(None, arrived, draws);
            let reply = Answer::Reply(Reply::new(252, Status::SUCCESS), at);
            now = self.hear(now, Stage::Mail, self.client.timeouts.mail, reply)?.1;
        }
        Ok(now)
    }

    /// Opens the server's web page and signs in there: a TLS handshake and one request.
    ///
    /// # Errors
    /// How and when it failed.
    pub fn sign_in(
        &mut self,
        marks: &mut SessionMarks,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        marks.connected = self.connected;
        let sent = self.connected + self.wire.round_trip() * HANDSHAKE_ROUND_TRIPS;
        let timeout = self.client.timeouts.ehlo;
        let Passage::Arrives(arrived) = self.wire.reach_server(sent) else {
            return Err(self.no_answer(sent, Stage::Auth, timeout));
        };
        // What is wrong with the SMTP server is no trouble of the web page.
        let at = self.acted_at(None, arrived, draws);
        let page = Answer::Reply(Reply::new(250, Status::SUCCESS), at);
        let (_, now) = self.hear(sent, Stage::Auth, timeout, page)?;
        marks.auth = now;
        Ok(now)
    }

    /// Sends a message from the server's web page: one request with all of it. The server queues it
    /// for the recipients that it would take at RCPT; the page shows at once what it does not take.
    pub fn post(
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
        let mut transaction = Transaction::begun(sent);
        match self.posted(sent, letter, policy, replies, &mut transaction, draws) {
            Ok(now) => {
                marks.dot = now;
                transaction.ended = now;
            }
            Err(failure) => {
                transaction.ended = failure.at;
                transaction.open = failure.reply.is_some();
                transaction.failure = Some(failure);
            }
        }
        transaction
    }

    fn posted(
        &mut self,
        sent: SimTime,
        letter: &Letter<'_>,
        policy: &mut impl RecipientPolicy,
        replies: &mut [Option<Reply>],
        transaction: &mut Transaction,
        draws: &mut impl Draws,
    ) -> Result<SimTime, Failure> {
        transaction.octets = letter.size;
        let posted = self.send_body(sent, letter.size)?;
        transaction.dot_sent = posted;
        let timeout = self.client.timeouts.data_done;
        let Passage::Arrives(arrived) = self.wire.reach_server(posted) else {
            return Err(self.no_answer(posted, Stage::Dot, timeout));
        };
        let work = draws.time(&self.server.service.message);
        let at = arrived + self.rules.reply_time(None, work, arrived);
        if self.crashed_before(at) {
            let (_, now) = self.hear(posted, Stage::Dot, timeout, Answer::Silence)?;
            return Ok(now);
        }
        let reply = self.page_reply(letter, policy, at);
        if reply.is_positive() {
            for (index, slot) in replies.iter_mut().enumerate() {
                *slot = Some(policy.reply(index, at));
            }
            let some = replies.iter().flatten().any(|reply| reply.is_positive());
            transaction.accepted_at = some.then_some(at);
        }
        let (reply, now) = self.hear(posted, Stage::Dot, timeout, Answer::Reply(reply, at))?;
        self.judge(reply, now, Stage::Dot)
    }

    /// What the server makes of the message as a whole.
    fn page_reply(
        &self,
        letter: &Letter<'_>,
        policy: &mut impl RecipientPolicy,
        at: SimTime,
    ) -> Reply {
        if let Some(reply) = policy.limit_reached(at) {
            return reply;
        }
        let full = matches!(self.rules.find(Slot::DiskFull, at), Some(Deviation::DiskFull));
        if full || !policy.has_room() {
            return Reply::new(452, Status::SYSTEM_FULL);
        }
        if self.server.size_limit.is_some_and(|limit| letter.size > limit) {
            return Reply::new(552, Status::TOO_BIG);
        }
        Reply::ACCEPTED
    }
}
