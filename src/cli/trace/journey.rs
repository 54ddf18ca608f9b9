//! A message's journey as text: good enough to be read aloud.

use crate::mail::{AttemptOutcome, HostId, MailboxNames as _, MessageKey, MessageKind, Stage};
use crate::model::{Moment, Scenario};
use crate::story::{
    Exchange, LookUp, Shown, Story, exchanges, fields, host_at, lines, origin_fields, proxy_of,
    told,
};
use crate::trace::{Fact, FinalOutcome, LookupOutcome, RetrievalProtocol, StillOpen};
use crate::units::{SimDuration, SimTime};

use super::super::answers;
use super::folding::{Repeats, folded};
use super::wording::{below, clock, planned, result, said, spoken};

/// Returns the journey of one message; of `only` these recipients, if there are any. The `notes`
/// are told on the way.
pub(super) fn tell(
    scenario: &Scenario,
    story: &Story,
    only: &[String],
    notes: &[Shown],
    repeats: Repeats,
) -> String {
    told_of(&Journey::new(scenario, story, only), notes, repeats)
}

/// Returns the journey of a message whose first session somebody typed: that is not told again, and
/// less so in other words than were typed.
pub(super) fn tell_typed(scenario: &Scenario, story: &Story) -> String {
    let journey = Journey { typed: true, ..Journey::new(scenario, story, &[]) };
    told_of(&journey, &[], Repeats::Told)
}

fn told_of(journey: &Journey<'_>, notes: &[Shown], repeats: Repeats) -> String {
    let scenario = journey.scenario;
    // The sort keeps the order of equal times.
    let ends_a_copy = |note: &&Shown| match &scenario.notes[note.note].moment {
        Moment::On(occasion) => occasion.event.ends_a_copy(),
        Moment::At(_) => false,
    };
    let mut parts = remarks(scenario, notes.iter().filter(|note| !note.after));
    parts.push(journey.first_part());
    // What happens at the end of one try comes before the next try of the same instant.
    parts.extend(remarks(scenario, notes.iter().filter(|note| note.after && !ends_a_copy(note))));
    parts.extend(journey.further_parts());
    parts.extend(remarks(scenario, notes.iter().filter(ends_a_copy)));
    parts.sort_by_key(|part| part.at);
    let mut text = journey.heading();
    match repeats {
        Repeats::Told => parts.iter().for_each(|part| text.push_str(&part.text)),
        Repeats::Folded => text.push_str(&folded(&parts)),
    }
    text.push_str(&journey.received());
    text.push_str(&journey.origin());
    text
}

/// What is told of one instant.
#[derive(PartialEq)]
pub(in crate::cli) struct Part {
    pub(in crate::cli) at: SimTime,
    pub(in crate::cli) text: String,
    /// What a try, or a look-up, came to that did not get the message on its way: tries that come to
    /// the same thing are alike.
    pub(in crate::cli) likeness: Option<String>,
}

impl Part {
    fn new(at: SimTime, text: String) -> Self {
        Self { at, text, likeness: None }
    }
}

/// Notes as they are told.
fn remarks<'n>(scenario: &Scenario, notes: impl Iterator<Item = &'n Shown>) -> Vec<Part> {
    let remark = |shown: &Shown| {
        let note = &scenario.notes[shown.note];
        let mut text = String::new();
        let parts =
            [("Note:", &note.text), ("What do you expect?", &note.ask), ("Answer:", &note.answer)];
        for (what, words) in parts.into_iter().filter(|(_, words)| !words.is_empty()) {
            let line = format!("{what} {words}");
            let first = text.is_empty();
            text.push_str(&if first { said(shown.at, &line) } else { below(&line) });
        }
        Part::new(shown.at, text)
    };
    notes.map(remark).collect()
}

/// A message with what is told of it.
pub(in crate::cli) struct Journey<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) story: &'a Story,
    pub(super) copies: Vec<usize>,
    pub(super) exchanges: Vec<Exchange>,
    /// Whose dialogues are told line by line, by the place of the exchange.
    dialogues: Vec<bool>,
    /// Whether its first session has been seen already, as somebody typed it.
    typed: bool,
}

impl<'a> Journey<'a> {
    /// Returns the journey of a message, still untold; of `only` these recipients, if there are any.
    pub(in crate::cli) fn new(scenario: &'a Scenario, story: &'a Story, only: &[String]) -> Self {
        // A message's recipients come into being in the reverse of their order.
        let copies: Vec<usize> = (0..story.copies.len())
            .rev()
            .filter(|&place| {
                let name = scenario.mailbox(story.copies[place].created.mailbox);
                only.is_empty() || only.contains(&name)
            })
            .collect();
        let exchanges = exchanges(story, &copies);
        let dialogues = vec![true; exchanges.len()];
        Self { scenario, story, copies, exchanges, dialogues, typed: false }
    }

    /// Returns the journey with the lines of those dialogues alone that are `wanted`.
    pub(in crate::cli) fn with_dialogues(self, wanted: impl FnMut(&Exchange) -> bool) -> Self {
        Self { dialogues: self.exchanges.iter().map(wanted).collect(), ..self }
    }
}

impl Journey<'_> {
    pub(super) fn host(&self, host: HostId) -> &str {
        self.scenario.host(host)
    }

    fn address(&self, copy: usize) -> String {
        self.scenario.mailbox(self.story.copies[copy].created.mailbox)
    }

    pub(super) fn addresses(&self, copies: impl IntoIterator<Item = usize>) -> String {
        copies.into_iter().map(|copy| self.address(copy)).collect::<Vec<_>>().join(", ")
    }

    pub(in crate::cli) fn heading(&self) -> String {
        let created = &self.story.copies[0].created;
        let what = match created.kind {
            MessageKind::Mail => "Message",
            MessageKind::DelayNotice => "Delay notice",
            MessageKind::FailureNotice => "Failure notice",
            MessageKind::ListCopy => "Copy of a list",
            MessageKind::AutomaticReply => "Automatic reply",
        };
        let sender = created.sender.map_or("<>".to_owned(), |from| self.scenario.mailbox(from));
        let about = created.about.map(|key| format!(" about {key}")).unwrap_or_default();
        let (to, size) = (self.named_in_header(), created.size.get());
        format!("{what} {}{about}: from {sender} to {to}, {size} octets\n\n", self.story.key)
    }

    /// The recipients by the field of the header in which they stand.
    fn named_in_header(&self) -> String {
        let field = |copy: usize| {
            let created = &self.story.copies[copy].created;
            match created.key {
                MessageKey::Mail { entry, .. } if created.kind == MessageKind::Mail => {
                    let entry = self.scenario.mail.get(entry as usize);
                    entry.map_or(Some("To"), |entry| entry.field_of(created.mailbox))
                }
                _ => Some("To"),
            }
        };
        let all = |wanted: Option<&str>| {
            self.addresses(self.copies.iter().copied().filter(|copy| field(*copy) == wanted))
        };
        let parts = [
            ("", all(Some("To"))),
            ("Cc ", all(Some("Cc"))),
            ("blind (in the envelope alone) ", all(None)),
        ];
        let parts = parts.into_iter().filter(|(_, addresses)| !addresses.is_empty());
        parts.map(|(field, addresses)| field.to_owned() + &addresses).collect::<Vec<_>>().join("; ")
    }

    /// What is told, in order of time.
    pub(in crate::cli) fn parts(&self) -> Vec<Part> {
        let mut parts = vec![self.first_part()];
        parts.extend(self.further_parts());
        parts.sort_by_key(|part| part.at);
        parts
    }

    fn first_part(&self) -> Part {
        Part::new(self.story.at, said(self.story.at, &self.beginning()))
    }

    /// What is told after the beginning; equal times stand in the order in which they are told.
    fn further_parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        for lookup in self.lookups() {
            let (host, at) = (self.host(lookup.host), lookup.started);
            let domain = &self.scenario.domains[lookup.domain.index()].name;
            let text = format!("{host} looks up {domain}: {}", self.answer(lookup));
            let likeness = Some(format!("{host} {domain} {:?}", lookup.outcome));
            parts.push(Part { at, text: said(at, &text), likeness });
        }
        for exchange in &self.exchanges {
            let text = self.exchange(exchange);
            if !text.is_empty() {
                let fact = exchange.first();
                // A host that hands the message to itself does not get it on its way either.
                let in_circle = fact.to == Some(fact.from) && fact.stage != Stage::Local;
                let likeness = (fact.outcome != AttemptOutcome::Accepted || in_circle)
                    .then(|| format!("{:?}", (fact.from, fact.to, fact.stage, fact.outcome)));
                parts.push(Part { at: fact.started, text, likeness });
            }
        }
        for &copy in &self.copies {
            for (at, fact) in &self.story.copies[copy].facts {
                let Some(text) = self.ending(copy, *at, fact) else { continue };
                let part = Part::new(*at, said(*at, &text));
                // What a server found about a message is told once for all its recipients.
                if !matches!(fact, Fact::Screened(_)) || !parts.contains(&part) {
                    parts.push(part);
                }
            }
        }
        parts
    }

    /// Look-ups for the recipients that are told of.
    pub(super) fn lookups(&self) -> impl Iterator<Item = &LookUp> {
        let of = |copy: usize| self.story.copies[copy].created.mailbox.domain;
        let left_out = (0..self.story.copies.len()).filter(|copy| !self.copies.contains(copy));
        let others: Vec<_> = left_out.map(of).collect();
        self.story.lookups.iter().filter(move |lookup| {
            let told = self.copies.iter().any(|&copy| of(copy) == lookup.domain);
            told || !others.contains(&lookup.domain)
        })
    }

    /// How the message came into being.
    pub(super) fn beginning(&self) -> String {
        let created = self.story.copies[0].created;
        let host = self.host(created.host);
        let path = match created.sender {
            Some(sender) => format!("with the reverse path {}", self.scenario.mailbox(sender)),
            None => "with a null reverse path".to_owned(),
        };
        match created.kind {
            MessageKind::Mail => {
                let sender = created.sender.map(|sender| self.scenario.mailbox(sender));
                format!("{} writes it at {host}", sender.unwrap_or_default())
            }
            kind => {
                let action = kind.dsn_action().map(|action| format!(" (action: {action})"));
                format!("{host} makes it, {path}{}", action.unwrap_or_default())
            }
        }
    }

    /// What the DNS answered.
    pub(super) fn answer(&self, lookup: &LookUp) -> String {
        let domain = &self.scenario.domains[lookup.domain.index()];
        // The answer is what the DNS had when the question was sent, which may be long ago.
        let latency = host_at(self.scenario, lookup.host, lookup.started).resolver.latency;
        let asked = lookup.answered.saturating_sub(latency);
        let found = || answers::exchangers(self.scenario, domain.dns, asked).join(", ");
        let answer = match lookup.outcome {
            LookupOutcome::Found => found(),
            LookupOutcome::NoSuchDomain => "there is no such domain".to_owned(),
            LookupOutcome::NullMx => "the domain takes no mail (null MX)".to_owned(),
            LookupOutcome::NoAddress => "there is no exchanger with an address".to_owned(),
            LookupOutcome::TemporaryFailure => "no answer, or SERVFAIL".to_owned(),
            LookupOutcome::LoopsBack => {
                format!("{}; no exchanger is better than itself", found())
            }
        };
        if lookup.answered < lookup.started {
            format!("{answer} (in its cache for {})", lookup.started.since(lookup.answered))
        } else {
            answer
        }
    }

    /// How long the message waited at a host before `until`: since it came, or since the last try.
    pub(super) fn waited(&self, host: HostId, copy: usize, until: SimTime) -> Option<SimDuration> {
        let facts = self.story.copies[copy].facts.iter();
        let since = facts.filter_map(|(at, fact)| match fact {
            Fact::Accepted { by, .. } if *by == host => Some(*at),
            Fact::Attempt(attempt) if attempt.from == host => Some(attempt.ended),
            _ => None,
        });
        let since = since.filter(|since| *since <= until).max()?;
        Some(until.since(since)).filter(|wait| *wait >= SimDuration::from_millis(1))
    }

    fn exchange(&self, exchange: &Exchange) -> String {
        let fact = exchange.first();
        let (from, at) = (self.host(fact.from), fact.started);
        let Some(to) = fact.to else {
            return self.not_tried(exchange);
        };
        match fact.stage {
            // What came of it is told as the end of the copy.
            Stage::Local if fact.outcome == AttemptOutcome::Accepted => return String::new(),
            Stage::Local => {
                let text = format!("{from} has no such mailbox: {}", fact.status);
                return said(at, &text);
            }
            Stage::Suspended => return self.not_tried(exchange),
            _ => {}
        }
        if self.typed && self.exchanges.first() == Some(exchange) && exchange.accepted.is_some() {
            return below(&format!("{} has taken it in the session above", self.host(to)));
        }
        let mut title = format!("{from} tries {}", self.host(to));
        if let Some(preference) = fact.preference.filter(|_| fact.port == 25) {
            title.push_str(&format!(" (MX {preference})"));
        }
        if let Some(proxy) = proxy_of(self.scenario, fact) {
            title.push_str(&format!(" through {}", self.host(proxy)));
        }
        if exchange.facts.len() < self.copies.len() {
            let recipients = self.addresses(exchange.facts.iter().map(|(copy, _)| *copy));
            title.push_str(&format!(" for {recipients}"));
        }
        if let Some(wait) = self.waited(fact.from, exchange.facts[0].0, at) {
            title.push_str(&format!(", after a wait of {wait}"));
        }
        let mut text = said(at, &title);
        if self.tells_dialogue(exchange) {
            for line in lines(self.scenario, self.story, exchange, to) {
                text.push_str(&spoken(&line));
            }
        }
        text.push_str(&self.outcome(exchange, to));
        text
    }

    fn tells_dialogue(&self, exchange: &Exchange) -> bool {
        let place = self.exchanges.iter().position(|other| other == exchange);
        place.is_none_or(|place| self.dialogues[place])
    }

    /// What follows from a try.
    fn outcome(&self, exchange: &Exchange, to: HostId) -> String {
        let mut text = String::new();
        if let Some(at) = exchange.accepted {
            let (server, late) = (self.host(to), at > exchange.first().ended);
            let took = if late {
                format!("{server} takes it all the same at {}: the client cannot know", clock(at))
            } else {
                format!("{server} is responsible since {}", clock(at))
            };
            text.push_str(&below(&took));
        }
        // What befell several recipients alike is told once.
        let mut told: Vec<(String, Vec<usize>)> = Vec::new();
        for (copy, fact) in &exchange.facts {
            let next = match (fact.outcome, fact.next_attempt) {
                (AttemptOutcome::Accepted, _) => continue,
                (AttemptOutcome::Permfail, _) => "it will not be tried again".to_owned(),
                (_, Some(next)) => planned(next, fact.ended),
                (_, None) if self.goes_on(exchange) => "the next host is tried".to_owned(),
                (AttemptOutcome::Lost, None) if !self.given_up(*copy, fact.ended) => {
                    let client = self.host(fact.from);
                    format!("{client} itself goes down, and will find it where it kept it")
                }
                (_, None) => "it will not be tried again".to_owned(),
            };
            // A dialogue has told the reply already.
            let reply = fact.reply.filter(|_| !self.tells_dialogue(exchange));
            let reply = reply.map_or(fact.status.to_string(), |reply| reply.to_string());
            let what = format!("{} ({reply}); {next}", result(fact.outcome));
            match told.iter_mut().find(|(other, _)| *other == what) {
                Some((_, copies)) => copies.push(*copy),
                None => told.push((what, vec![*copy])),
            }
        }
        for (what, copies) in told {
            if copies.len() == exchange.facts.len() {
                text.push_str(&below(&what));
            } else {
                text.push_str(&below(&format!("{}: {what}", self.addresses(copies))));
            }
        }
        text
    }

    /// Returns whether somebody gives up on a copy at this time.
    fn given_up(&self, copy: usize, at: SimTime) -> bool {
        let ends = |(when, fact): &(SimTime, Fact)| {
            *when == at
                && matches!(fact, Fact::Final { outcome, .. } if *outcome != FinalOutcome::Delivered)
        };
        self.story.copies[copy].facts.iter().any(ends)
    }

    /// Returns whether the delivery goes on to another host.
    pub(super) fn goes_on(&self, exchange: &Exchange) -> bool {
        let fact = exchange.first();
        self.exchanges.iter().map(Exchange::first).any(|other| {
            other.delivery == fact.delivery && other.started >= fact.ended && other != fact
        })
    }

    fn not_tried(&self, exchange: &Exchange) -> String {
        let fact = exchange.first();
        let mut text = said(fact.started, &self.without_try(exchange));
        if let Some(next) = fact.next_attempt {
            text.push_str(&below(&planned(next, fact.ended)));
        }
        text
    }

    /// A recipient that was put off, or given up, without any host being tried.
    pub(super) fn without_try(&self, exchange: &Exchange) -> String {
        let fact = exchange.first();
        let from = self.host(fact.from);
        let who = self.addresses(exchange.facts.iter().map(|(copy, _)| *copy));
        match (fact.stage, fact.outcome) {
            (Stage::Suspended, AttemptOutcome::Permfail) => {
                format!("{from} gives up {who} without another try ({})", fact.status)
            }
            (Stage::Suspended, _) => {
                let why = self.scenario.hosts[fact.from.index()].queue.why_put_off();
                format!("{from} puts it off without a try ({}): {why}", fact.status)
            }
            (_, AttemptOutcome::Permfail) => {
                format!("{from} finds nobody to send it to for {who} ({})", fact.status)
            }
            (Stage::Connect, _) => format!(
                "{from} gives it up for now without a try ({}): connections to every host have just \
                 failed",
                fact.status
            ),
            _ => format!("{from} cannot find out whom to try ({})", fact.status),
        }
    }

    pub(super) fn ending(&self, copy: usize, at: SimTime, fact: &Fact) -> Option<String> {
        let address = self.address(copy);
        let age = at.since(self.story.at);
        let kind = self.story.copies[copy].created.kind;
        let made = if kind == MessageKind::Mail { "written" } else { "made" };
        match fact {
            Fact::Final { host, outcome, status, received_fields, duplicate, .. } => {
                let host = self.host(*host);
                Some(match outcome {
                    FinalOutcome::Delivered => {
                        let which = if *duplicate { "a second copy" } else { "it" };
                        let mailbox = self.story.copies[copy].created.mailbox;
                        let puts = match self.scenario.automatic.redistributions.get(&mailbox) {
                            Some(list) => {
                                let members = list.members.len();
                                format!("gives {which} to {address}, which stands for {members}")
                            }
                            None => format!("puts {which} into the mailbox of {address}"),
                        };
                        format!(
                            "{host} {puts}, {age} after it was {made}, with {}",
                            fields_in_words(*received_fields)
                        )
                    }
                    FinalOutcome::Failed => {
                        format!("{host} gives up on {address} ({status}) after {age}")
                    }
                    FinalOutcome::Discarded if self.story.copies[copy].created.sender.is_some() => {
                        format!("{host} throws it away ({status}): nobody is told")
                    }
                    FinalOutcome::Discarded => {
                        format!("{host} drops it ({status}): nobody is told about a lost notice")
                    }
                })
            }
            Fact::Screened(found) => {
                Some(format!("{} {}", self.host(found.by), told(self.scenario, found)))
            }
            Fact::Junk { .. } => {
                Some(format!("it lies in the folder Junk of {address}, which POP3 does not see"))
            }
            Fact::Retrieved { protocol, reading, .. } => {
                let protocol = match protocol {
                    RetrievalProtocol::Pop3 => "POP3",
                    RetrievalProtocol::Imap => "IMAP",
                };
                let reading = self.scenario.reading.get(*reading as usize);
                let device = match reading.map(|reading| reading.device.as_str()) {
                    Some(device) if !device.is_empty() => format!(" with the {device}"),
                    _ => String::new(),
                };
                Some(format!(
                    "{address} fetches it by {protocol}{device}, {age} after it was {made}"
                ))
            }
            Fact::Open { state, host, .. } => {
                let host = self.host(*host);
                Some(match state {
                    StillOpen::Queued => format!("the run ends; it waits at {host} for {address}"),
                    StillOpen::InTransit => {
                        format!("the run ends; {host} is handing it over for {address}")
                    }
                    StillOpen::Unread => format!("the run ends; {address} has not fetched it"),
                })
            }
            _ => None,
        }
    }

    /// The fields by which the message says that no person sent it.
    fn origin(&self) -> String {
        let fields = origin_fields(self.scenario, &self.story.copies[self.copies[0]].created);
        if fields.is_empty() {
            return String::new();
        }
        let lines: String = fields.iter().map(|field| format!("  {field}\n")).collect();
        format!("\nIts own header says that no person sent it to its recipient:\n{lines}")
    }

    /// The trace fields of each copy; copies that travelled together are told together.
    fn received(&self) -> String {
        let mut groups: Vec<(Vec<String>, Vec<usize>)> = Vec::new();
        for &copy in &self.copies {
            let fields = fields(self.scenario, self.story, copy, &self.exchanges);
            match groups.iter_mut().find(|(other, _)| *other == fields) {
                Some((_, copies)) => copies.push(copy),
                None => groups.push((fields, vec![copy])),
            }
        }
        let mut text = String::new();
        let several = groups.len() > 1;
        for (fields, copies) in groups.iter().filter(|(fields, _)| !fields.is_empty()) {
            if several {
                let who = self.addresses(copies.iter().copied());
                text.push_str(&format!("\nTrace fields for {who}, the newest first:\n"));
            } else {
                text.push_str("\nTrace fields at the end, the newest first:\n");
            }
            for field in fields {
                for line in field.lines() {
                    text.push_str(&format!("  {}\n", line.replace('\t', "    ")));
                }
            }
            let original = &self.story.copies[copies[0]].created;
            if let (MessageKind::ListCopy, Some(about)) = (original.kind, original.about) {
                text.push_str(&format!(
                    "  and below them those of {about}, of which it is a copy\n"
                ));
            }
        }
        text
    }
}

fn fields_in_words(count: u32) -> String {
    match count {
        1 => "1 Received field".to_owned(),
        count => format!("{count} Received fields"),
    }
}
