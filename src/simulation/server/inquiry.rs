//! A server asks another one about a recipient while its own client waits.

use crate::mail::{HostId, Mailbox, Stage};
use crate::network::SynSchedule;
use crate::screening::{Answered, Verified};
use crate::smtp::{Connect, Deviation, Rules, Screened, ServerSettings, Slot, Verification, Wire};
use crate::trace::FactSink;
use crate::units::{SimDuration, SimTime};

use super::policy::standing_reply;
use crate::simulation::attempt::run::Target;
use crate::simulation::fast::setup::Setup;
use crate::simulation::world::World;

/// The way to the server that is asked, and what was learnt before.
pub(crate) struct Inquiry<'a, 's> {
    pub(crate) rules: &'s Verification,
    pub(crate) wire: Wire<'a>,
    /// The server that is asked, and how it deviates.
    pub(crate) asked: Setup<'s>,
    pub(crate) deviations: &'a Rules,
    pub(crate) verified: &'a mut Verified,
}

/// Round trips of a session that ends after RCPT: greeting, EHLO, MAIL, RCPT.
const ROUND_TRIPS: u64 = 4;
/// How long whoever asks waits for a connection (Exim's callout and Postfix's client: 30 s).
const CONNECTING: SimDuration = SimDuration::from_secs(30);

impl Inquiry<'_, '_> {
    /// Returns what RCPT for a mailbox of a relayed domain gets, which `exists` or not.
    pub(crate) fn judge(&mut self, mailbox: Mailbox, exists: bool, at: SimTime) -> Screened {
        let (wire, asked, deviations) = (self.wire, self.asked, self.deviations);
        let ask = || ask(wire, asked, deviations, (mailbox, exists), at);
        self.verified.judge(self.rules, mailbox, at, ask)
    }
}

fn ask(
    wire: Wire<'_>,
    asked: Setup<'_>,
    deviations: &Rules,
    (mailbox, exists): (Mailbox, bool),
    at: SimTime,
) -> (Answered, SimTime) {
    let connected = match wire.connect(at, CONNECTING, SynSchedule::default()) {
        Connect::Connected(connected) => connected,
        Connect::Refused(at) | Connect::TimedOut(at) => return (Answered::Nothing, at),
    };
    let ended = connected + wire.round_trip() * ROUND_TRIPS;
    let ruled =
        [Stage::Greeting, Stage::Ehlo, Stage::Mail, Stage::Rcpt].into_iter().find_map(|stage| {
            match deviations.before_mail().find(Slot::Answer(stage), connected) {
                Some(Deviation::Answer { reply, .. }) => Some(*reply),
                _ => None,
            }
        });
    let reply = ruled.unwrap_or_else(|| standing_reply(exists, &asked, mailbox, || false));
    let answered = match reply {
        reply if reply.is_positive() => Answered::Exists,
        reply if reply.is_permanent() => Answered::Refused,
        _ => Answered::Nothing,
    };
    (answered, ended)
}

impl<'s, S: FactSink> World<'s, '_, S> {
    /// Returns how a server asks about recipients, and where, if it does.
    pub(crate) fn asked_by(&self, server: HostId) -> Option<(&'s Verification, Target)> {
        let settings: &'s ServerSettings = self.hosts[server.index()].config.server;
        let rules = settings.acceptance.verification.as_ref()?;
        let addresses = &self.hosts[rules.ask.index()].config.addresses;
        let reached = addresses.iter().find(|address| self.speaks_to(server, **address));
        let address = *reached.or(addresses.first())?;
        Some((rules, Target { preference: None, address, host: rules.ask, proxy: None }))
    }
}
