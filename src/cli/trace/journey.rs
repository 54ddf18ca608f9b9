//! A message's journey as text: good enough to be read aloud.

use crate::mail::{AttemptOutcome, HostId, MailboxNames as _, MessageKey, MessageKind, Stage};
use crate::scenario::{Moment, Scenario};
use crate::story::{Exchange, LookUp, Shown, Story, exchanges, fields, lines, told};
use crate::trace::{Fact, FinalOutcome, LookupOutcome, RetrievalProtocol, StillOpen};
use crate::units::{SimDuration, SimTime};

use super::super::answers;
use super::wording::{below, clock, planned, result, said, spoken};

/// Returns the journey of one message; of `only` these recipients, if there are any. The `notes`
/// are told on the way.
pub(super) fn tell(scenario: &Scenario, story: &Story, only: &[String], notes: &[Shown]) -> String {
    // A message's recipients come into being in the reverse of their order.
    let copies: Vec<usize> = (0..story.copies.len())
        .rev()
        .filter(|&place| {
            let name = scenario.mailbox(story.copies[place].created.mailbox);
            only.is_empty() || only.contains(&name)
        })
        .collect();
    let exchanges = exchanges(story, &copies);
    let mut journey =
        Journey { scenario, story, copies: &copies, exchanges: &exchanges, parts: Vec::new() };
    // The sort keeps the order of equal times.
    let ends_a_copy = |note: &&Shown| match &scenario.notes[note.note].moment {
        Moment::On(occasion) => occasion.event.ends_a_copy(),
        Moment::At(_) => false,
    };
    journey.remarks(notes.iter().filter(|note| !note.after));
    journey.beginning();
    // What happens at the end of one try comes before the next try of the same instant.
    journey.remarks(notes.iter().filter(|note| note.after && !ends_a_copy(note)));
    journey.gather();
    journey.remarks(notes.iter().filter(ends_a_copy));
    journey.parts.sort_by_key(|part| part.at);
    let mut text = journey.heading();
    for part in &journey.parts {
        text.push_str(&part.text);
    }
    text.push_str(&journey.received());
    text
}

/// What is told of one instant.
struct Part {
    at: SimTime,
    text: String,
}

struct Journey<'a> {
    scenario: &'a Scenario,
    story: &'a Story,
    copies: &'a [usize],
    exchanges: &'a [Exchange],
    parts: Vec<Part>,
}

impl Journey<'_> {
    fn host(&self, host: HostId) -> &str {
        self.scenario.host(host)
    }

    fn address(&self, copy: usize) -> String {
        self.scenario.mailbox(self.story.copies[copy].created.mailbox)
    }

    fn addresses(&self, copies: impl IntoIterator<Item = usize>) -> String {
        copies.into_iter().map(|copy| self.address(copy)).collect::<Vec<_>>().join(", ")
    }

    fn add(&mut self, at: SimTime, text: String) {
        self.parts.push(Part { at, text });
    }

    fn remarks<'n>(&mut self, notes: impl Iterator<Item = &'n Shown>) {
        for shown in notes {
            let note = &self.scenario.notes[shown.note];
            let mut text = String::new();
            let said_so_far = [
                ("Note:", &note.text),
                ("What do you expect?", &note.ask),
                ("Answer:", &note.answer),
            ];
            for (what, words) in said_so_far.into_iter().filter(|(_, words)| !words.is_empty()) {
                let line = format!("{what} {words}");
                let first = text.is_empty();
                text.push_str(&if first { said(shown.at, &line) } else { below(&line) });
            }
            self.add(shown.at, text);
        }
    }

    fn heading(&self) -> String {
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
                    self.scenario.mail[entry as usize].field_of(created.mailbox)
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

    fn beginning(&mut self) {
        let created = self.story.copies[0].created;
        let host = self.host(created.host);
        let text = match created.sender {
            Some(sender) => format!("{} writes it at {host}", self.scenario.mailbox(sender)),
            None => {
                let action = created.kind.dsn_action().map(|action| format!(" (action: {action})"));
                let action = action.unwrap_or_default();
                format!("{host} makes it, with a null reverse path{action}")
            }
        };
        self.add(self.story.at, said(self.story.at, &text));
    }

    fn gather(&mut self) {
        let lookups = self.story.lookups.clone();
        for lookup in &lookups {
            let text = self.looked_up(lookup);
            self.add(lookup.started, text);
        }
        for exchange in self.exchanges {
            let text = self.exchange(exchange);
            if !text.is_empty() {
                self.add(exchange.first().started, text);
            }
        }
        for &copy in self.copies {
            for (at, fact) in &self.story.copies[copy].facts {
                let Some(text) = self.ending(copy, *at, fact) else { continue };
                let text = said(*at, &text);
                // What a server found about a message is told once for all its recipients.
                let found = matches!(fact, Fact::Screened(_));
                if !found || self.parts.iter().all(|part| part.at != *at || part.text != text) {
                    self.add(*at, text);
                }
            }
        }
    }

    fn looked_up(&self, lookup: &LookUp) -> String {
        let domain = &self.scenario.domains[lookup.domain.index()];
        let answer = match lookup.outcome {
            LookupOutcome::Found => {
                answers::exchangers(self.scenario, domain.dns, lookup.started).join(", ")
            }
            LookupOutcome::NoSuchDomain => "there is no such domain".to_owned(),
            LookupOutcome::NullMx => "the domain takes no mail (null MX)".to_owned(),
            LookupOutcome::NoAddress => "there is no exchanger with an address".to_owned(),
            LookupOutcome::TemporaryFailure => "no answer, or SERVFAIL".to_owned(),
            LookupOutcome::LoopsBack => {
                let found = answers::exchangers(self.scenario, domain.dns, lookup.started);
                format!("{}; no exchanger is better than itself", found.join(", "))
            }
        };
        let host = self.host(lookup.host);
        said(lookup.started, &format!("{host} looks up {}: {answer}", domain.name))
    }

    /// How long the message waited at a host before `until`: since it came, or since the last try.
    fn waited(&self, host: HostId, copy: usize, until: SimTime) -> Option<SimDuration> {
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
        let mut title = format!("{from} tries {}", self.host(to));
        if let Some(preference) = fact.preference.filter(|_| fact.port == 25) {
            title.push_str(&format!(" (MX {preference})"));
        }
        if exchange.facts.len() < self.copies.len() {
            let recipients = self.addresses(exchange.facts.iter().map(|(copy, _)| *copy));
            title.push_str(&format!(" for {recipients}"));
        }
        if let Some(wait) = self.waited(fact.from, exchange.facts[0].0, at) {
            title.push_str(&format!(", after a wait of {wait}"));
        }
        let mut text = said(at, &title);
        for line in lines(self.scenario, self.story, exchange, to) {
            text.push_str(&spoken(&line));
        }
        text.push_str(&self.outcome(exchange, to));
        text
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
                (_, None) => "it will not be tried again".to_owned(),
            };
            let what = format!("{} ({}); {next}", result(fact.outcome), fact.status);
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

    /// Returns whether the delivery goes on to another host.
    fn goes_on(&self, exchange: &Exchange) -> bool {
        let fact = exchange.first();
        self.exchanges.iter().map(Exchange::first).any(|other| {
            other.delivery == fact.delivery && other.started >= fact.ended && other != fact
        })
    }

    /// A recipient that was put off, or given up, without any host being tried.
    fn not_tried(&self, exchange: &Exchange) -> String {
        let fact = exchange.first();
        let from = self.host(fact.from);
        let who = self.addresses(exchange.facts.iter().map(|(copy, _)| *copy));
        let text = match (fact.stage, fact.outcome) {
            (Stage::Suspended, AttemptOutcome::Permfail) => {
                format!("{from} gives up {who} without another try ({})", fact.status)
            }
            (Stage::Suspended, _) => {
                let why = self.scenario.hosts[fact.from.index()].queue.why_put_off();
                format!("{from} puts it off without a try ({}): {why}", fact.status)
            }
            (_, AttemptOutcome::Permfail) => {
                format!("{from} finds nobody to send it to ({}) for {who}", fact.status)
            }
            (Stage::Connect, _) => format!(
                "{from} gives it up for now without a try ({}): connections to every host have just \
                 failed",
                fact.status
            ),
            _ => format!("{from} cannot find out whom to try ({})", fact.status),
        };
        let mut text = said(fact.started, &text);
        if let Some(next) = fact.next_attempt {
            text.push_str(&below(&planned(next, fact.ended)));
        }
        text
    }

    fn ending(&self, copy: usize, at: SimTime, fact: &Fact) -> Option<String> {
        let address = self.address(copy);
        let age = at.since(self.story.at);
        let sender = self.story.copies[copy].created.sender;
        let made = if sender.is_some() { "written" } else { "made" };
        match fact {
            Fact::Final { host, outcome, status, received_fields, duplicate, .. } => {
                let host = self.host(*host);
                Some(match outcome {
                    FinalOutcome::Delivered => {
                        let which = if *duplicate { "a second copy" } else { "it" };
                        format!(
                            "{host} puts {which} into the mailbox of {address}, {age} after it \
                             was {made}; Received fields: {received_fields}"
                        )
                    }
                    FinalOutcome::Failed => {
                        format!("{host} gives up on {address} ({status}) after {age}")
                    }
                    FinalOutcome::Discarded if sender.is_some() => {
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

    /// The trace fields of each copy; copies that travelled together are told together.
    fn received(&self) -> String {
        let mut groups: Vec<(Vec<String>, Vec<usize>)> = Vec::new();
        for &copy in self.copies {
            let fields = fields(self.scenario, self.story, copy, self.exchanges);
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
        }
        text
    }
}
