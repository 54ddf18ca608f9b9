//! One transaction as a server's screens see it: what they ask, when, and what follows.

use std::collections::BTreeMap;

use crate::mail::{AuthenticationResult, DmarcPolicy, DomainId, MailboxNames, Reply, Status};
use crate::network::AddressId;
use crate::trace::{Findings, Screen as Cause, Verdict};
use crate::units::{SimDuration, SimTime};

use super::sender_policy::{check_signature, requested};
use super::{
    Asking, Blocklist, Filter, FilterStage, Opinion, PolicyCheck, SenderPolicy, aligned, check_host,
};

/// What a server looks at besides addresses and limits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Screening {
    /// Blocklists asked for each client, by their positions in [`Published::blocklists`], in order.
    pub blocklists: Vec<u32>,
    /// How sender policies are checked; none: they are not.
    pub policies: Option<PolicyCheck>,
    /// The content filter.
    pub filter: Option<Filter>,
}

impl Screening {
    /// Returns whether nothing is looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocklists.is_empty() && self.policies.is_none() && self.filter.is_none()
    }
}

/// What everybody can look up.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Published {
    /// Blocklists by their position in the scenario.
    pub blocklists: Vec<Blocklist>,
    /// Sender policies by domain; a domain without any is not there.
    pub policies: BTreeMap<DomainId, SenderPolicy>,
}

/// A DKIM signature in the header of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// The domain that signed (tag `d`).
    pub domain: DomainId,
    /// Whether the text is still what was signed.
    pub intact: bool,
}

/// What a message brings along that screens look at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dossier {
    /// The domain of the reverse path; none: the null path.
    pub sender: Option<DomainId>,
    /// The domain of the address in the From field; none: a notice, which nobody checks.
    pub author: Option<DomainId>,
    /// Its signatures.
    pub signatures: Vec<Signature>,
    /// What a filter thinks of its text.
    pub score: f64,
}

/// What a screen says at one point of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judgement {
    /// The reply instead of a positive one; none: the session goes on.
    pub refusal: Option<Reply>,
    /// How long the answer took to find.
    pub took: SimDuration,
}

/// The screens of one server at work on one transaction.
pub struct Screen<'a> {
    /// What the server looks at.
    pub screening: &'a Screening,
    /// What can be looked up.
    pub published: &'a Published,
    /// Names of domains, for alignment.
    pub names: &'a dyn MailboxNames,
    /// Where the client connects from; none: it is trusted (an exchanger of the same domain), or a
    /// proxy hides it, and nothing is asked about it.
    pub client: Option<AddressId>,
    /// What the message brings along.
    pub dossier: Dossier,
    /// When the filter first put the message off; none: it has not.
    pub first_seen: Option<SimTime>,
    /// What falls on the message where a domain asks for some of its mail only, from 0 to 1.
    pub lot: f64,
    /// How long the filter looks at the message.
    pub filter_time: SimDuration,
    /// What was found so far.
    pub findings: Findings,
    /// Whether the client was looked at already.
    pub client_known: bool,
}

impl std::fmt::Debug for Screen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("findings", &self.findings).finish_non_exhaustive()
    }
}

/// To a client that a blocklist names (Postfix `reject_rbl_client`, `maps_rbl_reject_code`).
const BLOCKED: Reply = Reply::new(554, Status::NOT_AUTHORIZED);
/// To a client that SPF fails (RFC 7208 §8.4, RFC 7372 §3.2).
const SPF_FAILED: Reply = Reply::new(550, Status::new(5, 7, 23));
/// To a message that its author's domain wants refused (RFC 7372 §3.3).
const DMARC_FAILED: Reply = Reply::new(550, Status::new(5, 7, 26));
/// Where the DNS did not answer (RFC 7208 §8.6).
const NO_ANSWER: Reply = Reply::new(451, Status::DIRECTORY_FAILURE);
/// To spam (Rspamd, Postfix milters).
const SPAM: Reply = Reply::new(554, Status::NOT_AUTHORIZED);
/// To what may be spam (Rspamd `greylist`).
const LATER: Reply = Reply::new(451, Status::new(4, 7, 1));

impl Screen<'_> {
    /// Looks at the client, before the first reply to RCPT: blocklists, then SPF. A blocklist that
    /// does not answer lists nobody (Postfix `src/smtpd/smtpd_check.c`, `reject_rbl_addr`).
    pub fn client(&mut self, mut asking: Asking<'_>) -> Judgement {
        let began = asking.now;
        if std::mem::replace(&mut self.client_known, true) {
            return Judgement { refusal: self.refusal_of_client(), took: SimDuration::ZERO };
        }
        let Some(client) = self.client else {
            return Judgement::default();
        };
        for &list in &self.screening.blocklists {
            let name = self.published.blocklists[list as usize].name_of(client);
            if name.and_then(|name| asking.finds(name)) == Some(true) {
                self.findings.listed_by = Some(list);
                break;
            }
        }
        if self.findings.listed_by.is_none()
            && self.screening.policies.is_some()
            && let Some(domain) = self.dossier.sender
        {
            let result = check_host(&mut asking, &self.published.policies, client, domain);
            self.findings.spf = Some((result, domain));
        }
        let refusal = self.refusal_of_client();
        Judgement { refusal, took: asking.now.since(began) }
    }

    fn refusal_of_client(&mut self) -> Option<Reply> {
        let spf = self.findings.spf.map(|(result, _)| result);
        let check = self.screening.policies.unwrap_or_default();
        let (reply, verdict) = match spf {
            _ if self.findings.listed_by.is_some() => (BLOCKED, Verdict::Refused(Cause::Blocklist)),
            Some(AuthenticationResult::Fail) if check.refuses_spf_fail => {
                (SPF_FAILED, Verdict::Refused(Cause::SenderPolicy))
            }
            Some(AuthenticationResult::TempError) if check.defers_on_error => {
                (NO_ANSWER, Verdict::Deferred(Cause::SenderPolicy))
            }
            _ => return None,
        };
        self.findings.verdict = verdict;
        Some(reply)
    }

    /// Looks at the message, between the final dot and its reply: DKIM and DMARC, then the filter, if
    /// it stands before the queue.
    pub fn message(&mut self, mut asking: Asking<'_>) -> Judgement {
        let began = asking.now;
        let mut refusal = None;
        if let (Some(check), Some(author), Some(_)) =
            (self.screening.policies, self.dossier.author, self.client)
        {
            refusal = self.judge_author(&mut asking, check, author);
        }
        if let (Some(filter), None) = (&self.screening.filter, refusal)
            && filter.stage == FilterStage::Dot
        {
            asking.now += self.filter_time;
            refusal = self.filter(filter, asking.now);
        }
        Judgement { refusal, took: asking.now.since(began) }
    }

    /// DKIM for each signature, then DMARC (RFC 7489 §6.6.2).
    fn judge_author(
        &mut self,
        asking: &mut Asking<'_>,
        check: PolicyCheck,
        author: DomainId,
    ) -> Option<Reply> {
        use AuthenticationResult as Result;
        let policies = &self.published.policies;
        for signature in &self.dossier.signatures {
            let result = check_signature(asking, policies, signature.domain, signature.intact);
            self.findings.dkim.push((result, signature.domain));
        }
        let of_author =
            |domain: &DomainId| aligned(self.names.domain(*domain), self.names.domain(author));
        let found = self.findings.dkim.iter().chain(&self.findings.spf);
        let found: Vec<Result> =
            found.filter(|(_, domain)| of_author(domain)).map(|(result, _)| *result).collect();
        let asked = requested(asking, policies, author);
        let (result, asked) = match asked {
            Err(()) => (Result::TempError, DmarcPolicy::None),
            Ok(None) => (Result::None, DmarcPolicy::None),
            Ok(Some(asked)) if found.contains(&Result::Pass) => (Result::Pass, asked.policy),
            // What could not be looked up may have held.
            Ok(Some(asked)) if found.contains(&Result::TempError) => {
                (Result::TempError, asked.policy)
            }
            Ok(Some(asked)) => (Result::Fail, asked.for_lot(self.lot)),
        };
        self.findings.dmarc = Some((result, author, asked));
        match (result, asked) {
            (Result::TempError, _) if check.defers_on_error => {
                self.findings.verdict = Verdict::Deferred(Cause::SenderPolicy);
                Some(NO_ANSWER)
            }
            (Result::Fail, DmarcPolicy::Reject) if check.enforces_dmarc => {
                self.findings.verdict = Verdict::Refused(Cause::SenderPolicy);
                Some(DMARC_FAILED)
            }
            (Result::Fail, DmarcPolicy::Quarantine) if check.enforces_dmarc => {
                self.findings.verdict = Verdict::Junk(Cause::SenderPolicy);
                None
            }
            _ => None,
        }
    }

    fn filter(&mut self, filter: &Filter, at: SimTime) -> Option<Reply> {
        self.findings.score = Some(self.dossier.score);
        let (verdict, reply) = match filter.opinion(self.dossier.score, self.first_seen, at) {
            Opinion::Good => return None,
            Opinion::Junk => (Verdict::Junk(Cause::Filter), None),
            Opinion::Defer => {
                self.first_seen.get_or_insert(at);
                (Verdict::Deferred(Cause::Filter), Some(LATER))
            }
            Opinion::Refuse => (Verdict::Refused(Cause::Filter), Some(SPAM)),
        };
        self.findings.verdict = verdict;
        reply
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
