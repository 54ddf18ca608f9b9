//! What a server knows of mailboxes from having asked another one.
//!
//! Before a relay takes a recipient it may ask the server that keeps the mailboxes: Postfix
//! `reject_unverified_recipient` (`src/verify/verify.c`, `src/smtpd/smtpd_check.c`), Exim
//! `verify = recipient/callout` (`src/verify.c`). What is answered is kept, so that who is known is taken
//! while the other server is down; who is not known is put off then, or taken on trust.

use std::collections::BTreeMap;

use crate::mail::Mailbox;
use crate::smtp::{Screened, Verification};
use crate::units::{SimDuration, SimTime};

/// What the other server says of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It exists.
    Exists,
    /// It is refused for good.
    Refused,
    /// There is no answer, or none for good.
    Nothing,
}

/// What was learnt of a mailbox.
#[derive(Debug, Clone, Copy)]
struct Learnt {
    answer: Answered,
    /// When the answer came or will.
    came: SimTime,
    until: SimTime,
}

/// The answers that one server keeps.
#[derive(Debug, Default)]
pub struct Verified(BTreeMap<Mailbox, Learnt>);

impl Verified {
    /// Returns what RCPT for a mailbox gets at `at`, and by how much later: from what is known, or by
    /// asking, which brings an answer and when it was had. An answer that comes too late for this
    /// session is kept for the next.
    pub fn judge(
        &mut self,
        rules: &Verification,
        mailbox: Mailbox,
        at: SimTime,
        ask: impl FnOnce() -> (Answered, SimTime),
    ) -> Screened {
        let known = self.0.get(&mailbox).filter(|learnt| at < learnt.until);
        let (answer, came) = match known {
            Some(learnt) => (learnt.answer, learnt.came),
            None => {
                let (answer, came) = ask();
                let keep = match answer {
                    Answered::Exists => rules.positive,
                    Answered::Refused => rules.negative,
                    Answered::Nothing => SimDuration::ZERO,
                };
                let until = came.saturating_add(keep);
                self.0.insert(mailbox, Learnt { answer, came, until });
                (answer, came)
            }
        };
        let took = if came > at { came.since(at) } else { SimDuration::ZERO };
        let refusal = match answer {
            Answered::Exists if took <= rules.patience => None,
            Answered::Refused if took <= rules.patience => Some(rules.unknown),
            _ => rules.unsure,
        };
        Screened { refusal, took: took.min(rules.patience) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{DomainId, HostId};

    const BOB: Mailbox = Mailbox { domain: DomainId(0), local: 0 };

    fn rules() -> Verification {
        Verification::of(HostId(0))
    }

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    fn never() -> (Answered, SimTime) {
        panic!("what is known is not asked for")
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_used_while_nobody_answers() {
        let (rules, mut verified) = (rules(), Verified::default());
        let first = verified.judge(&rules, BOB, at(10), || (Answered::Exists, at(12)));
        assert_eq!((first.refusal, first.took), (None, SimDuration::from_secs(2)));
        let last = (at(12) + rules.positive).saturating_sub(SimDuration::from_nanos(1));
        let again = verified.judge(&rules, BOB, last, never);
        assert_eq!((again.refusal, again.took), (None, SimDuration::ZERO));
        let later = at(12) + rules.positive;
        let down = verified.judge(&rules, BOB, later, || (Answered::Nothing, later));
        assert_eq!(down.refusal, rules.unsure);
    }

    #[test]
    fn a_refusal_is_kept_for_less_long() {
        let (rules, mut verified) = (rules(), Verified::default());
        assert!(rules.negative < rules.positive);
        let first = verified.judge(&rules, BOB, at(0), || (Answered::Refused, at(1)));
        assert_eq!(first.refusal, Some(rules.unknown));
        let last = (at(1) + rules.negative).saturating_sub(SimDuration::from_nanos(1));
        assert_eq!(verified.judge(&rules, BOB, last, never).refusal, Some(rules.unknown));
        let later = at(1) + rules.negative;
        assert_eq!(verified.judge(&rules, BOB, later, || (Answered::Exists, later)).refusal, None);
    }

    #[test]
    fn an_answer_that_is_late_serves_the_next_session() {
        let (rules, mut verified) = (rules(), Verified::default());
        let late = at(0) + rules.patience + SimDuration::from_nanos(1);
        let first = verified.judge(&rules, BOB, at(0), || (Answered::Exists, late));
        assert_eq!((first.refusal, first.took), (rules.unsure, rules.patience));
        assert_eq!(verified.judge(&rules, BOB, late, never).refusal, None);
        let just = at(0) + rules.patience;
        let mut other = Verified::default();
        assert_eq!(other.judge(&rules, BOB, at(0), || (Answered::Exists, just)).refusal, None);
    }
}
