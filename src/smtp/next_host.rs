//! "Next host": which failure of a try sends the same delivery on to the next exchanger, and
//! whether a session that was refused for good may be opened elsewhere or later.
//!
//! RFC 5321 §5.1 has a client try the exchangers "in order" until one delivery attempt succeeds, and
//! does not say what counts as a failure of an exchanger, so every server has a rule of its own.
//! They stand here, each with its source, and [`NextHost::leads_on`] is the one place that asks
//! them. All of them go on where the connection failed (refused, unreachable, timed out).

use super::Failure;
use crate::mail::{AttemptOutcome, Stage, Status};

/// A server's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextHost {
    /// Whether a host that was reached but whose session failed (greeting, EHLO, TLS, time-out or
    /// loss later on) leads to the next host in the same delivery. If not, only hosts that cannot
    /// be reached do.
    pub after_connection: bool,
    /// Whether this holds too where the host answered: a 4yz greeting or reply to EHLO.
    pub after_opening_reply: bool,
    /// Whether this holds too for a session lost or timed out after EHLO.
    pub after_lost_transaction: bool,
    /// Whether a 5yz greeting or reply to EHLO leads to the next host too, so that only that of the
    /// last host tried is final.
    pub after_permanent_opening: bool,
    /// Whether a temporary refusal after EHLO leads to the next host in the same delivery.
    pub after_refusal: bool,
    /// Whether a 5yz greeting counts as temporary (Postfix `smtp_skip_5xx_greeting`).
    pub permanent_greeting_is_temporary: bool,
    /// Whether a 5yz reply to EHLO and HELO counts as temporary.
    pub permanent_ehlo_is_temporary: bool,
    /// Whether these two are final all the same at the last host of the list, tried or not.
    pub last_permanent_opening_is_final: bool,
}

impl NextHost {
    /// RFC 5321 read plainly: whatever is temporary leads on, whatever is permanent is final.
    pub const RFC5321: Self = Self {
        after_connection: true,
        after_opening_reply: true,
        after_lost_transaction: true,
        after_permanent_opening: false,
        after_refusal: true,
        permanent_greeting_is_temporary: false,
        permanent_ehlo_is_temporary: false,
        last_permanent_opening_is_final: false,
    };

    /// Postfix: everything temporary, refusals of single recipients included, and a 5yz greeting
    /// (`smtp_skip_5xx_greeting`); 5yz to EHLO bounces (`src/smtp/smtp_connect.c`,
    /// `src/smtp/smtp_proto.c`; recordings 03c, 03e).
    pub const POSTFIX: Self = Self { permanent_greeting_is_temporary: true, ..Self::RFC5321 };

    /// Exim: everything temporary. A 5yz greeting, or 5yz to EHLO and to HELO, puts off as long as
    /// any host follows in the list, though it may not be tried now; at the last one it is final.
    /// The host is left alone for a while either way (`src/transports/smtp.c`, `smtp_setup_conn`
    /// behind its label `FAILED`; recordings 03e, 03x, 03y).
    pub const EXIM: Self = Self {
        permanent_greeting_is_temporary: true,
        permanent_ehlo_is_temporary: true,
        last_permanent_opening_is_final: true,
        ..Self::RFC5321
    };

    /// Sendmail: everything temporary, and what is final up to EHLO, which is final only at the
    /// last host tried (`sendmail/deliver.c`, `sendmail/usersmtp.c`; recordings 03e).
    pub const SENDMAIL: Self = Self { after_permanent_opening: true, ..Self::RFC5321 };

    /// OpenSMTPD: a greeting or EHLO that is refused, for now or for good, is a failed connection;
    /// replies to MAIL and what follows end the attempt, which its own transfer agent sees to
    /// (`usr.sbin/smtpd/mta_session.c`; recordings 03e).
    pub const OPENSMTPD: Self = Self {
        permanent_greeting_is_temporary: true,
        permanent_ehlo_is_temporary: true,
        ..Self::RFC5321
    };

    /// qmail: a host that was reached decides, whatever it says; 5yz to the greeting or HELO is
    /// temporary (`qmail-remote.c`, `smtp`; recordings of notqmail 1.08).
    pub const QMAIL: Self = Self {
        after_connection: false,
        after_refusal: false,
        permanent_greeting_is_temporary: true,
        permanent_ehlo_is_temporary: true,
        ..Self::RFC5321
    };

    /// Haraka: a connection that failed or was lost leads on, no reply does; 5yz bounces, in the
    /// greeting too (`outbound/hmail.js`; recordings of 3.1.6).
    pub const HARAKA: Self =
        Self { after_opening_reply: false, after_refusal: false, ..Self::RFC5321 };

    /// KumoMTA: whatever goes wrong up to EHLO leads on and is temporary; a session lost later, or a
    /// refusal, ends the attempt (`crates/kumod/src/smtp_dispatcher.rs`).
    pub const KUMOMTA: Self = Self {
        after_lost_transaction: false,
        after_refusal: false,
        permanent_greeting_is_temporary: true,
        permanent_ehlo_is_temporary: true,
        ..Self::RFC5321
    };

    /// Stalwart and Maddy: whatever goes wrong up to EHLO and TLS leads on, what is final there only
    /// at the last host; later failures end the attempt (Stalwart
    /// `crates/smtp/src/outbound/delivery.rs`; Maddy `internal/target/remote/connect.go`).
    pub const UP_TO_EHLO: Self = Self {
        after_permanent_opening: true,
        after_lost_transaction: false,
        after_refusal: false,
        ..Self::RFC5321
    };

    /// Returns whether a try that ended like this leads to the next host in the same delivery;
    /// `failure`: none if some recipients only were refused.
    #[must_use]
    pub fn leads_on(&self, failure: Option<&Failure>) -> bool {
        let Some(failure) = failure else {
            return self.after_refusal;
        };
        match failure.stage {
            Stage::Dns | Stage::Connect | Stage::Suspended => true,
            _ if self.takes_elsewhere(Some(failure)) => true,
            Stage::Greeting | Stage::Ehlo | Stage::Tls
                if failure.outcome == AttemptOutcome::Tempfail =>
            {
                self.after_connection && self.after_opening_reply
            }
            Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Body | Stage::Dot
                if failure.concerns_site() =>
            {
                self.after_connection && self.after_lost_transaction
            }
            _ if failure.concerns_site() => self.after_connection,
            _ => self.after_refusal,
        }
    }

    /// Returns whether a host refused the session for good, and the client asks the next one then.
    #[must_use]
    pub fn takes_elsewhere(&self, failure: Option<&Failure>) -> bool {
        let refused = |failure: &Failure| {
            failure.outcome == AttemptOutcome::Permfail && failure.is_of_opening()
        };
        self.after_permanent_opening && failure.is_some_and(refused)
    }

    /// Returns whether a 5yz at this stage counts as temporary, as far as the stage tells.
    #[must_use]
    pub fn excuses(&self, stage: Stage) -> bool {
        match stage {
            Stage::Greeting => self.permanent_greeting_is_temporary,
            Stage::Ehlo => self.permanent_ehlo_is_temporary,
            _ => false,
        }
    }

    /// Returns what a failure amounts to at the last host of the list: a session that was refused
    /// for good, and was to be tried elsewhere or later, may be final there.
    #[must_use]
    pub fn at_last_host(&self, failure: Failure) -> Failure {
        let refused = failure.reply.is_some_and(|reply| reply.is_permanent());
        if !(self.last_permanent_opening_is_final && refused && failure.is_of_opening()) {
            return failure;
        }
        let status = Status { class: 5, ..failure.status };
        Failure { outcome: AttemptOutcome::Permfail, status, ..failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Reply;
    use crate::units::SimTime;

    /// A failure at `stage` with this reply, or a lost session.
    fn failure(stage: Stage, reply: Option<Reply>, rule: &NextHost) -> Failure {
        let permanent = reply.is_some_and(|reply| reply.is_permanent()) && !rule.excuses(stage);
        let outcome = match (reply, permanent) {
            (None, _) => AttemptOutcome::Lost,
            (Some(_), true) => AttemptOutcome::Permfail,
            (Some(_), false) => AttemptOutcome::Tempfail,
        };
        let status = Status::new(if permanent { 5 } else { 4 }, 3, 2);
        Failure { at: SimTime::ZERO, stage, outcome, reply, status }
    }

    /// The servers side by side: 421 greeting, session lost in the greeting, 451 to MAIL, session
    /// lost in DATA, 554 greeting, 550 to EHLO (findings 2, 8 and 9 and recordings 03c and 03e).
    #[test]
    fn each_server_goes_on_after_what_its_recordings_and_its_source_say() {
        let busy = Some(Reply::new(421, Status::new(4, 3, 2)));
        let later = Some(Reply::new(451, Status::new(4, 3, 0)));
        let no = Some(Reply::new(554, Status::new(5, 3, 2)));
        let tries = [
            (Stage::Greeting, busy),
            (Stage::Greeting, None),
            (Stage::Mail, later),
            (Stage::Data, None),
            (Stage::Greeting, no),
            (Stage::Ehlo, no),
        ];
        for (name, rule, expected) in [
            ("postfix", NextHost::POSTFIX, [true, true, true, true, true, false]),
            ("exim", NextHost::EXIM, [true, true, true, true, true, true]),
            ("sendmail", NextHost::SENDMAIL, [true, true, true, true, true, true]),
            ("qmail", NextHost::QMAIL, [false, false, false, false, false, false]),
            ("haraka", NextHost::HARAKA, [false, true, false, true, false, false]),
            ("stalwart", NextHost::UP_TO_EHLO, [true, true, false, false, true, true]),
        ] {
            let leads = tries.map(|(stage, reply)| {
                let failure = failure(stage, reply, &rule);
                // A delivery goes on only where something may still be tried.
                let open = failure.outcome.is_temporary() || rule.takes_elsewhere(Some(&failure));
                open && rule.leads_on(Some(&failure))
            });
            assert_eq!(leads, expected, "{name}");
        }
    }

    #[test]
    fn exim_takes_a_refused_session_for_final_at_the_last_host_only() {
        let no = Some(Reply::new(521, Status::new(5, 3, 2)));
        let greeting = failure(Stage::Greeting, no, &NextHost::EXIM);
        assert_eq!(greeting.outcome, AttemptOutcome::Tempfail);
        let last = NextHost::EXIM.at_last_host(greeting);
        assert_eq!((last.outcome, last.status.class), (AttemptOutcome::Permfail, 5));
        // Postfix puts it off for ever.
        assert_eq!(NextHost::POSTFIX.at_last_host(greeting), greeting);
        // What was refused for now stays so, and so does what came after EHLO.
        let busy = Some(Reply::new(421, Status::new(4, 3, 2)));
        let greeting = failure(Stage::Greeting, busy, &NextHost::EXIM);
        assert_eq!(NextHost::EXIM.at_last_host(greeting), greeting);
    }
}
