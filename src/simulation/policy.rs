//! What a server grants a client: recipients, relaying, room, TLS.

use std::collections::BTreeMap;

use crate::dns::{Ask, MailRoute, Resolver, RouteOutcome};
use crate::mail::{HostId, Mailbox, Reply, Status};
use crate::scenario::Scenario;
use crate::screening::{Asking, Judgement, Screen};
use crate::smtp::{ClientTls, RecipientPolicy, Screened};
use crate::units::{SimDuration, SimTime};

use super::acceptance::{Tallies, Visitor};
use super::host::Triple;
use super::setup::{DomainTraits, Setup};

/// Returns how a session uses TLS: as its port demands, or as both sides like on port 25.
pub(super) fn tls(port: u16, client: &Setup<'_>, server: &Setup<'_>) -> ClientTls {
    match port {
        465 => ClientTls::Implicit,
        587 => ClientTls::Opportunistic,
        _ if server.server.starttls => client.client.tls,
        _ => ClientTls::Never,
    }
}

/// What a server says to RCPT.
pub(super) struct Policy<'a, 's> {
    pub(super) scenario: &'a Scenario,
    /// What every message asks about each domain.
    pub(super) domains: &'a [DomainTraits],
    pub(super) config: Setup<'s>,
    pub(super) client: HostId,
    /// Whether the client may send to anybody: it authenticated, or is configured to relay here.
    pub(super) authorised: bool,
    pub(super) has_room: bool,
    pub(super) visitor: Visitor,
    pub(super) tallies: &'a mut Tallies,
    /// The server's own resolver, and what it asks.
    pub(super) resolver: &'a mut Resolver,
    pub(super) ask: Ask<'a>,
    pub(super) greylist: &'a mut BTreeMap<Triple, SimTime>,
    pub(super) sender: Option<Mailbox>,
    pub(super) mailboxes: &'a [Mailbox],
    /// What the server looks at besides.
    pub(super) screen: Option<Box<Screen<'s>>>,
}

/// Said to RCPT for a recipient that is taken.
pub(super) const RECIPIENT_TAKEN: Reply = Reply::new(250, Status::new(2, 1, 5));

/// Returns what a server always says to RCPT for a well-spelt mailbox, which `exists` or not, whatever
/// it has taken before: by its routing, and by whether its client is `authorised`.
#[inline(always)]
pub(super) fn standing_reply(
    exists: bool,
    server: &Setup<'_>,
    mailbox: Mailbox,
    authorised: impl FnOnce() -> bool,
) -> Reply {
    let unknown = Reply::new(550, Status::BAD_MAILBOX);
    if server.is_local(mailbox.domain) {
        return if exists { RECIPIENT_TAKEN } else { unknown };
    }
    if server.relays(mailbox.domain) {
        let refuses = server.routing.knows_relayed_mailboxes && !exists;
        return if refuses { unknown } else { RECIPIENT_TAKEN };
    }
    if server.relays_all() || authorised() {
        return RECIPIENT_TAKEN;
    }
    Reply::new(554, Status::NOT_AUTHORIZED)
}

impl Policy<'_, '_> {
    /// Lets the screens look from `at` on.
    fn screened(
        &mut self,
        at: SimTime,
        look: impl FnOnce(&mut Screen<'_>, Asking<'_>) -> Judgement,
    ) -> Screened {
        let Some(screen) = &mut self.screen else {
            return Screened::NOTHING;
        };
        let asking = Asking { resolver: self.resolver, ask: &self.ask, now: at };
        let Judgement { refusal, took } = look(screen, asking);
        Screened { refusal, took }
    }
}

impl RecipientPolicy for Policy<'_, '_> {
    fn limit_reached(&mut self, at: SimTime) -> Option<Reply> {
        let rules = &self.config.server.acceptance;
        if rules.counts() { self.tallies.at_mail(rules, &self.visitor, at) } else { None }
    }

    fn reply(&mut self, index: usize, at: SimTime) -> Reply {
        let mailbox = self.mailboxes[index];
        let traits = self.domains.get(mailbox.domain.index());
        let ordinary = traits.is_some_and(|domain| domain.is_ordinary(mailbox.local));
        // Whoever types may name a domain that the scenario does not know.
        let domain = self.scenario.domains.get(mailbox.domain.index()).filter(|_| !ordinary);
        // The syntax is looked at before anything else (Postfix `src/smtpd/smtpd.c`, `rcpt_cmd`;
        // OpenSMTPD `smtp_session.c`, `smtp_check_rcpt_to`; Sendmail `parseaddr.c`).
        let with_dots = self.config.server.options.takes_stray_dots;
        if domain.is_some_and(|domain| domain.is_mistyped(mailbox.local, with_dots)) {
            return Reply::new(501, Status::new(5, 1, 3));
        }
        let rules = &self.config.server.acceptance;
        if rules.counts()
            && let Some(reply) = self.tallies.at_rcpt(rules, &self.visitor, mailbox, at)
        {
            return reply;
        }
        let exists = ordinary || domain.is_some_and(|domain| domain.has_mailbox(mailbox.local));
        standing_reply(exists, &self.config, mailbox, || self.authorised)
    }

    fn has_room(&self) -> bool {
        self.has_room
    }

    /// As Postfix does by `reject_unknown_sender_domain` (`src/smtpd/smtpd_check.c`,
    /// `reject_unknown_address`). The look-up takes no time here.
    fn refuses_sender(&mut self, at: SimTime) -> Option<Reply> {
        let domain = self.sender?.domain;
        if self.config.is_local(domain) || self.config.relays(domain) {
            return None;
        }
        let unknown = Reply::new(450, Status::new(4, 1, 8));
        let Some(domain) = self.scenario.domains.get(domain.index()) else {
            return Some(unknown);
        };
        let (name, mut route) = (domain.dns, MailRoute::default());
        let outcome = self.resolver.mail_route(&self.ask, name, at, &mut route).outcome;
        match outcome {
            RouteOutcome::Found => None,
            RouteOutcome::NullMx => Some(Reply::new(550, Status::new(5, 7, 27))),
            // It names exchangers, whether or not they are found.
            RouteOutcome::NoAddress if route.unresolved > 0 => None,
            _ => Some(unknown),
        }
    }

    fn screens_client(&mut self, at: SimTime) -> Screened {
        self.screened(at, |screen, asking| screen.client(asking))
    }

    fn screens_message(&mut self, at: SimTime) -> Screened {
        self.screened(at, |screen, asking| screen.message(asking))
    }

    fn greylist_passes(&mut self, index: usize, at: SimTime, delay: SimDuration) -> bool {
        let triple = (self.client, self.sender, self.mailboxes[index]);
        let first = *self.greylist.entry(triple).or_insert(at);
        at.since(first) >= delay
    }
}
