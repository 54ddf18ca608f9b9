//! Blocklists, sender policies and content filters at work in a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::{
    DomainId, HostId, Mailbox, MessageId, MessageKey, MessageKind, RecipientId, Status,
};
use crate::model::{Command, Scenario};
use crate::queue::{CopyState, EntryHandle};
use crate::random::{Purpose, PurposeStreams, Streams};
use crate::screening::{Dossier, Filter, FilterStage, Opinion, Screen, Signature};
use crate::smtp::Draws as _;
use crate::trace::{
    Fact, FactSink, FinalOutcome, Findings, Screen as Cause, ScreenedFact, Verdict,
};
use crate::units::{SimDuration, SimTime};
use crate::workload::Redistribution;

use crate::simulation::attempt::draws::TryDraws;
use crate::simulation::attempt::run::{Run, Target};
use crate::simulation::world::World;
use crate::simulation::world::messages::Column;

/// What is kept for screens; only where a host of the scenario looks at more than addresses.
#[derive(Debug)]
pub(crate) struct Screens {
    scores: PurposeStreams,
    times: PurposeStreams,
    /// Which messages a domain's policy strikes, where it is to strike some only.
    lots: PurposeStreams,
    /// What copies of aliases and lists bring along; everybody else's follows from its entry.
    copies: BTreeMap<MessageId, Dossier>,
    /// When the filter of a host first put a message off.
    first_seen: BTreeMap<(HostId, MessageKey), SimTime>,
    /// Recipients whose copy is marked for the folder Junk.
    junk: BTreeSet<RecipientId>,
    /// Entries that a filter after the queue will not let pass. Other copies of the same message, at
    /// this host or another, have verdicts of their own.
    condemned: BTreeMap<EntryHandle, Verdict>,
}

impl Screens {
    /// Returns what screens need, if the scenario has any.
    pub(crate) fn of(scenario: &Scenario, streams: &Streams) -> Option<Box<Self>> {
        let changed = scenario.actions.iter().filter_map(|action| match &action.what {
            Command::Configure(host) => Some(host.as_ref()),
            _ => None,
        });
        let mut all = scenario.hosts.iter().chain(changed);
        all.any(|host| host.screening.is_some()).then(|| {
            Box::new(Self {
                scores: streams.purpose(Purpose::SpamScore),
                times: streams.purpose(Purpose::FilterTime),
                lots: streams.purpose(Purpose::PolicySampling),
                copies: BTreeMap::new(),
                first_seen: BTreeMap::new(),
                junk: BTreeSet::new(),
                condemned: BTreeMap::new(),
            })
        })
    }
}

impl<'s, S: FactSink> World<'s, '_, S> {
    /// Returns the screens of the server for the message of a run's session; none: it has none, or
    /// the client may send what it likes.
    pub(crate) fn screen_of(
        &self,
        run: &Run,
        target: Target,
        authorised: bool,
    ) -> Option<Box<Screen<'s>>> {
        let state = &self.hosts[target.host.index()];
        let screening = state.config.host().screening.as_deref().filter(|_| !authorised)?;
        let screens = self.policies.screens.as_ref()?;
        let message = &self.messages[run.message];
        let client = run.source;
        let trusted = self.seen_by_server(run.client, target) != run.client || self.is_backup(run);
        let filter_time = match &screening.filter {
            Some(filter) if filter.stage == FilterStage::Dot => {
                self.filter_time(filter, target.host, run.message)
            }
            _ => SimDuration::ZERO,
        };
        Some(Box::new(Screen {
            screening,
            published: &self.scenario.published,
            names: self.scenario,
            client: client.filter(|_| !trusted),
            dossier: self.dossier(run.message),
            first_seen: screens.first_seen.get(&(target.host, message.key())).copied(),
            lot: TryDraws::new(&screens.lots, [message.stream_key(), state.key]).unit(),
            filter_time,
            findings: Findings::default(),
            client_known: false,
        }))
    }

    /// Returns the screens of the server for somebody who types at `client` and signs nothing.
    pub(crate) fn screen_of_caller(
        &self,
        client: HostId,
        target: Target,
        sender: Option<DomainId>,
    ) -> Option<Box<Screen<'s>>> {
        let config = self.hosts[target.host.index()].config.host();
        let screening = config.screening.as_deref()?;
        let address = self.hosts[client.index()].config.addresses.first().copied();
        Some(Box::new(Screen {
            screening,
            published: &self.scenario.published,
            names: self.scenario,
            client: address.filter(|_| self.seen_by_server(client, target) == client),
            dossier: Dossier { sender, author: sender, ..Dossier::default() },
            first_seen: None,
            // The policy in its full strictness is what somebody who types wants to see.
            lot: 0.0,
            filter_time: SimDuration::ZERO,
            findings: Findings::default(),
            client_known: false,
        }))
    }

    /// Returns whether the client of a run is an exchanger of the recipients' domain besides the
    /// server: it has taken the mail from somebody else, so its own address proves nothing, and every
    /// site excepts its own exchangers from such checks.
    fn is_backup(&self, run: &Run) -> bool {
        let routing = &self.hosts[run.client.index()].config.routing;
        run.mailboxes.iter().any(|mailbox| routing.relays_for(mailbox.domain))
    }

    fn filter_time(&self, filter: &Filter, host: HostId, message: MessageId) -> SimDuration {
        let Some(screens) = &self.policies.screens else {
            return SimDuration::ZERO;
        };
        let key = [self.messages[message].stream_key(), self.hosts[host.index()].key];
        TryDraws::new(&screens.times, key).time(&filter.time)
    }

    /// Returns what a message brings along that screens look at.
    fn dossier(&self, message: MessageId) -> Dossier {
        let state = &self.messages[message];
        let sender = state.sender().map(|mailbox| mailbox.domain);
        match (state.key(), state.kind()) {
            (MessageKey::Mail { entry, .. }, MessageKind::Mail) => {
                let Some(settings) = self.scenario.mail.get(entry as usize) else {
                    return self.dossier_of_brought(state.key(), sender);
                };
                let author = settings.author.map(|mailbox| mailbox.domain).or(sender);
                let score = match (&settings.score, &self.policies.screens) {
                    (Some(score), Some(screens)) => {
                        score.sample(&mut screens.scores.at(state.stream_key()))
                    }
                    _ => 0.0,
                };
                let mut dossier = Dossier { sender, author, signatures: Vec::new(), score };
                self.sign(&mut dossier, settings.submission.server);
                dossier
            }
            (_, MessageKind::ListCopy) => {
                let copies = self.policies.screens.as_ref().map(|screens| &screens.copies);
                copies.and_then(|copies| copies.get(&message)).cloned().unwrap_or_default()
            }
            _ => Dossier { sender, ..Dossier::default() },
        }
    }

    /// Returns the same of a message that a caller has brought: no entry tells of it.
    fn dossier_of_brought(&self, key: MessageKey, sender: Option<DomainId>) -> Dossier {
        let mut dossier = Dossier { sender, author: sender, ..Dossier::default() };
        if let Some(seen) = self.callers.seen.get(&key) {
            dossier.author = seen.author.or(sender);
            dossier.score = seen.score;
            if let Some(server) = seen.submitted_to {
                self.sign(&mut dossier, server);
            }
        }
        dossier
    }

    /// Adds the signatures that `host` gives to a message that enters the network there: those of the
    /// author's domain and of the reverse path's, if it has their keys.
    fn sign(&self, dossier: &mut Dossier, host: HostId) {
        let policies = &self.scenario.published.policies;
        let mut sign = |domain: Option<DomainId>| {
            let Some(domain) = domain else { return };
            let key = policies.get(&domain).and_then(|policy| policy.dkim.as_ref());
            let signs = key.is_some_and(|(_, signers)| signers.contains(&host));
            let signed = dossier
                .signatures
                .iter()
                .any(|signature| signature.domain == domain && signature.intact);
            if signs && !signed {
                dossier.signatures.push(Signature { domain, intact: true });
            }
        };
        sign(dossier.author);
        sign(dossier.sender);
    }

    /// Notes what a copy of an alias or a list brings along: the original's, as far as the list
    /// leaves it alone.
    pub(crate) fn note_lineage(
        &mut self,
        original: MessageId,
        copy: MessageId,
        host: HostId,
        (address, list): (Mailbox, &Redistribution),
    ) {
        if self.policies.screens.is_none() {
            return;
        }
        let mut dossier = self.dossier(original);
        dossier.sender = self.messages[copy].sender().map(|mailbox| mailbox.domain);
        for signature in &mut dossier.signatures {
            // A new From field breaks a signature as surely as a footer: the field is always signed
            // (RFC 6376 §5.4).
            signature.intact &= !list.changes_text && !list.rewrites_author;
        }
        if list.rewrites_author {
            dossier.author = Some(address.domain);
        }
        // An alias only passes mail on; a list sends in its own name.
        if list.owner.is_some() {
            self.sign(&mut dossier, host);
        }
        if let Some(screens) = &mut self.policies.screens {
            screens.copies.insert(copy, dossier);
        }
    }

    /// Keeps what the screens of a session found until the message is taken, or not.
    pub(crate) fn keep_findings(
        &mut self,
        run: &mut Run,
        host: HostId,
        (findings, first_seen): (Findings, Option<SimTime>),
    ) {
        let key = self.messages[run.message].key();
        if findings != Findings::default() {
            run.findings = Some(Box::new(findings));
        }
        if let (Some(screens), Some(first)) = (&mut self.policies.screens, first_seen) {
            screens.first_seen.entry((host, key)).or_insert(first);
        }
    }

    /// States what was found about a message for some of its recipients.
    pub(crate) fn state_findings(
        &mut self,
        by: HostId,
        client: Option<u32>,
        recipients: &[RecipientId],
        findings: &Findings,
    ) {
        for &recipient in recipients {
            let findings = findings.clone();
            self.state(&Fact::Screened(ScreenedFact { recipient, by, client, findings }));
        }
    }

    /// The copies for `recipients` carry a mark from now on, if that is the verdict.
    pub(crate) fn mark(&mut self, verdict: Verdict, recipients: &[RecipientId]) {
        if let (Verdict::Junk(_), Some(screens)) = (verdict, &mut self.policies.screens) {
            screens.junk.extend(recipients);
        }
    }

    /// A server takes the message of a run for `recipients`: states what its screens found. Returns
    /// how long a filter after the queue holds the message, and its verdict if it lets nothing pass.
    pub(crate) fn screened(
        &mut self,
        run: &mut Run,
        server: HostId,
        recipients: &[RecipientId],
    ) -> (SimDuration, Option<Verdict>) {
        if !self.hosts[server.index()].config.screens {
            return (SimDuration::ZERO, None);
        }
        let (message, source, findings) = (run.message, run.source, run.findings.take());
        if let Some(findings) = findings {
            let address = source.map(|address| address.0);
            self.state_findings(server, address, recipients, &findings);
            self.mark(findings.verdict, recipients);
        }
        if self.is_authorised(run, server) {
            return (SimDuration::ZERO, None);
        }
        self.filter_after_queue(server, message, recipients)
    }

    /// The client knows that the server did not take its message: states what the screens found.
    pub(crate) fn state_findings_of_refused(&mut self, run: &mut Run) {
        let (Some(findings), Some(target)) = (run.findings.take(), run.target) else {
            return;
        };
        let recipients = run.recipients.clone();
        let address = run.source.map(|address| address.0);
        self.state_findings(target.host, address, &recipients, &findings);
    }

    /// Returns whether the client of a run may send to anybody through `server`: it authenticated, or
    /// is configured to relay there.
    pub(crate) fn is_authorised(&self, run: &Run, server: HostId) -> bool {
        let habits = self.habits_of(run);
        habits.authenticates
            || (run.is_submission() && habits.port == 25)
            || self.hosts[run.client.index()].config.leads_to(server)
    }

    /// The filter after the queue of `host` looks at a message that a stranger brought. Returns how
    /// long that takes, and its verdict if it lets nothing pass.
    pub(crate) fn filter_after_queue(
        &mut self,
        host: HostId,
        message: MessageId,
        recipients: &[RecipientId],
    ) -> (SimDuration, Option<Verdict>) {
        let config = self.hosts[host.index()].config;
        let filter = config.screening.as_deref().and_then(|screening| screening.filter.as_ref());
        let Some(filter) = filter.filter(|filter| filter.stage == FilterStage::Queue) else {
            return (SimDuration::ZERO, None);
        };
        let score = self.dossier(message).score;
        let took = self.filter_time(filter, host, message);
        let verdict = match filter.opinion(score, None, self.now) {
            Opinion::Good | Opinion::Defer => Verdict::Welcome,
            Opinion::Junk => Verdict::Junk(Cause::Filter),
            Opinion::Refuse if filter.returns => Verdict::Refused(Cause::Filter),
            Opinion::Refuse => Verdict::Discarded(Cause::Filter),
        };
        let findings = Findings { score: Some(score), verdict, ..Findings::default() };
        self.state_findings(host, None, recipients, &findings);
        self.mark(verdict, recipients);
        let ends = matches!(verdict, Verdict::Refused(_) | Verdict::Discarded(_));
        (took, ends.then_some(verdict))
    }

    /// An entry will end when it comes out of the filter after the queue.
    pub(crate) fn condemn(&mut self, entry: EntryHandle, verdict: Verdict) {
        if let Some(screens) = &mut self.policies.screens {
            screens.condemned.insert(entry, verdict);
        }
    }

    /// An entry comes out of the filter after the queue. Returns whether it ended there: returned or
    /// thrown away.
    pub(crate) fn ends_in_filter(&mut self, entry: EntryHandle) -> bool {
        let Some(screens) = &mut self.policies.screens else {
            return false;
        };
        let Some(verdict) = screens.condemned.remove(&entry) else {
            return false;
        };
        let copies: Vec<_> = self.entries.recipients(entry).collect();
        let (host, fields) = (self.entries[entry].host, self.entries[entry].received_fields);
        if matches!(verdict, Verdict::Refused(_)) {
            for &copy in &copies {
                self.entries.set_state(copy, CopyState::Failed(Status::NOT_AUTHORIZED));
            }
            self.return_failed(host, entry);
        } else {
            for &copy in &copies {
                let recipient = self.entries.copy(copy).recipient;
                let (outcome, column) = (FinalOutcome::Discarded, Column::Discarded);
                self.end_copy(host, recipient, outcome, column, Status::NOT_AUTHORIZED, fields);
            }
        }
        self.remove_entry(entry);
        true
    }

    /// Returns whether a copy is marked for the folder Junk.
    pub(crate) fn is_junk(&self, recipient: RecipientId) -> bool {
        self.policies.screens.as_ref().is_some_and(|screens| screens.junk.contains(&recipient))
    }

    /// A recipient's story is over; its slot will be used again.
    pub(crate) fn forget_junk(&mut self, recipient: RecipientId) {
        if let Some(screens) = &mut self.policies.screens {
            screens.junk.remove(&recipient);
        }
    }
}
