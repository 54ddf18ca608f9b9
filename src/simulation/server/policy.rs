//! What a server grants a client: recipients, relaying, room, TLS.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dns::{Ask, MailRoute, Resolver, RouteOutcome};
use crate::mail::{HostId, Mailbox, Reply, Status};
use crate::model::Scenario;
use crate::network::AddressId;
use crate::screening::{Asking, Client, Greylist, Judgement, Screen};
use crate::smtp::{ClientTls, GreylistRules, RecipientPolicy, Screened};
use crate::units::{SimDuration, SimTime};

use super::acceptance::{SharedWindows, Tallies, Visitor};
use super::inquiry::Inquiry;
use crate::simulation::fast::setup::{DomainTraits, Setup};

/// Returns how a session uses TLS: as its port demands, or as both sides like on port 25.
pub(crate) fn tls(port: u16, client: &Setup<'_>, server: &Setup<'_>) -> ClientTls {
    match port {
        465 => ClientTls::Implicit,
        587 => ClientTls::Opportunistic,
        _ if server.server.starttls => client.client.tls,
        _ => ClientTls::Never,
    }
}

/// What a server says to RCPT.
pub(crate) struct Policy<'a, 's> {
    pub(crate) scenario: &'a Scenario,
    /// What every message asks about each domain.
    pub(crate) domains: &'a [DomainTraits],
    pub(crate) config: Setup<'s>,
    pub(crate) client: HostId,
    /// Whether the client may send to anybody: it authenticated, or is configured to relay here.
    pub(crate) authorised: bool,
    pub(crate) has_room: bool,
    pub(crate) visitor: Visitor,
    pub(crate) tallies: &'a mut Tallies,
    pub(crate) shared_limits: &'a mut SharedWindows,
    /// The server's own resolver, and what it asks.
    pub(crate) resolver: &'a mut Resolver,
    pub(crate) ask: Ask<'a>,
    /// What greylists remember, and whose server this is.
    pub(crate) greylists: &'a mut Greylists,
    pub(crate) own: HostId,
    /// The address from which the client connects, as the server sees it.
    pub(crate) client_address: Option<AddressId>,
    pub(crate) sender: Option<Mailbox>,
    pub(crate) mailboxes: &'a [Mailbox],
    /// How it asks another server about recipients.
    pub(crate) inquiry: Option<Inquiry<'a, 's>>,
    /// What the server looks at besides.
    pub(crate) screen: Option<Box<Screen<'s>>>,
}

/// Said to RCPT for a recipient that is taken.
pub(crate) const RECIPIENT_TAKEN: Reply = Reply::new(250, Status::new(2, 1, 5));

/// Returns what a server always says to RCPT for a well-spelt mailbox, which `exists` or not, whatever
/// it has taken before: by its routing, and by whether its client is `authorised`.
#[inline(always)]
pub(crate) fn standing_reply(
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
        if rules.counts() {
            self.tallies.at_mail(rules, self.shared_limits, &self.visitor, at)
        } else {
            None
        }
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
            && let Some(reply) =
                self.tallies.at_rcpt(rules, self.shared_limits, &self.visitor, mailbox, at)
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

    fn verifies(&mut self, index: usize, at: SimTime) -> Screened {
        let mailbox = self.mailboxes[index];
        let Some(inquiry) = &mut self.inquiry else {
            return Screened::NOTHING;
        };
        if self.config.is_local(mailbox.domain) || !self.config.relays(mailbox.domain) {
            return Screened::NOTHING;
        }
        let domain = self.scenario.domains.get(mailbox.domain.index());
        let exists = domain.is_some_and(|domain| domain.has_mailbox(mailbox.local));
        inquiry.judge(mailbox, exists, at)
    }

    fn screens_message(&mut self, at: SimTime) -> Screened {
        self.screened(at, |screen, asking| screen.message(asking))
    }

    fn greylist_passes(
        &mut self,
        index: usize,
        at: SimTime,
        delay: SimDuration,
        rules: &GreylistRules,
    ) -> bool {
        let address = self.client_address.map(|id| &self.scenario.addresses[id.index()].literal);
        let client = Client {
            address: address.and_then(|literal| literal.parse().ok()),
            name: &self.scenario.hosts[self.client.index()].name,
        };
        let visit = (self.sender, self.mailboxes[index]);
        self.greylists.of(self.own, rules).passes(rules, delay, client, visit, at)
    }
}

/// Greylists by who keeps them: a host, or several under one name.
#[derive(Debug, Default)]
pub(crate) struct Greylists {
    own: BTreeMap<HostId, Greylist>,
    shared: BTreeMap<Arc<str>, Greylist>,
}

impl Greylists {
    /// Returns the memory that a host's greylist goes by.
    fn of(&mut self, host: HostId, rules: &GreylistRules) -> &mut Greylist {
        match &rules.shared {
            None => self.own.entry(host).or_default(),
            Some(name) => self.shared.entry(name.clone()).or_default(),
        }
    }
}
