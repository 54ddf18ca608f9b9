//! SMTP typed by hand.

use crate::mail::{AttemptOutcome, Mailbox, MailboxNames as _, Reply, Stage};
use crate::scenario::Scenario;
use crate::simulation::{Call, Moment, Written};
use crate::smtp::{
    Failure, Heard, Letter, Line, Speaker, Spoken, Verb, greeting, spelt, verified_in_words,
};
use crate::trace::FactSink;
use crate::units::{Octets, SimDuration, SimTime};

use super::Talk;
use super::address::{AddressBook, POSTMASTER};
use super::call::Visitor;
use super::command::{self, Command, Offered};
use super::explain::{explain_command, explain_reply};
use super::posted::Posted;
use super::text::Text;

/// A conversation with an SMTP server.
#[derive(Debug)]
pub struct SmtpTalk<'s, 'k, S: FactSink> {
    scenario: &'s Scenario,
    moment: Moment<'s, 'k, S>,
    visitor: Visitor,
    book: AddressBook,
    /// Whether EHLO was said.
    extended: bool,
    authenticated: bool,
    mode: Mode,
    envelope: Envelope,
    put_off: Vec<PutOff>,
    latest: Option<(Reply, Stage)>,
    posted: Vec<Posted>,
    over: bool,
}

/// A recipient that was put off.
#[derive(Debug)]
struct PutOff {
    from: Option<String>,
    to: String,
    /// When its transaction began.
    began: SimTime,
    /// When it was named.
    named: SimTime,
}

/// What the next line is.
#[derive(Debug)]
enum Mode {
    Command,
    /// A line of the message, until the dot.
    Message,
    /// Part of a chunk of which so many octets are to come.
    Chunk {
        left: u64,
        last: bool,
    },
    /// So many lines of credentials.
    Credentials {
        left: u8,
    },
}

/// The envelope of the transaction at hand.
#[derive(Debug, Default)]
struct Envelope {
    from: Option<String>,
    sender: Option<Mailbox>,
    began: SimTime,
    declared: Option<Octets>,
    /// Recipients that were accepted, and when they were named.
    accepted: Vec<(Mailbox, String, SimTime)>,
    text: Text,
}

impl Envelope {
    fn mailboxes(&self) -> Vec<Mailbox> {
        self.accepted.iter().map(|(mailbox, ..)| *mailbox).collect()
    }
}

impl<'s, 'k, S: FactSink> SmtpTalk<'s, 'k, S> {
    /// Returns a conversation of `visitor` in a world that is held at the time of the call.
    #[must_use]
    pub fn new(scenario: &'s Scenario, moment: Moment<'s, 'k, S>, visitor: Visitor) -> Self {
        Self {
            scenario,
            moment,
            visitor,
            book: AddressBook::default(),
            extended: false,
            authenticated: false,
            mode: Mode::Command,
            envelope: Envelope::default(),
            put_off: Vec::new(),
            latest: None,
            posted: Vec::new(),
            over: false,
        }
    }

    fn happens(&self, text: impl Into<String>) -> Line {
        Line { at: Some(self.moment.now()), speaker: Speaker::Connection, text: text.into() }
    }

    fn server_says(&self, text: impl Into<String>) -> Line {
        Line { at: Some(self.moment.now()), speaker: Speaker::Server, text: text.into() }
    }

    /// What was heard, in the words of the server.
    fn told(&mut self, heard: Result<Heard, Failure>, stage: Stage) -> Vec<Line> {
        match heard {
            Ok(heard) => {
                let text = spelt(heard.reply, stage);
                self.told_as(heard, stage, vec![text])
            }
            Err(failure) => self.failed(failure),
        }
    }

    fn told_as(&mut self, heard: Heard, stage: Stage, texts: Vec<String>) -> Vec<Line> {
        self.latest = Some((heard.reply, stage));
        let mut lines: Vec<Line> = texts.into_iter().map(|text| self.server_says(text)).collect();
        if heard.closes {
            lines.push(self.happens("the server closes the connection"));
            self.end();
        }
        lines
    }

    fn failed(&mut self, failure: Failure) -> Vec<Line> {
        let text = match (failure.outcome, failure.stage) {
            (AttemptOutcome::Refused, _) => "the connection is refused",
            (AttemptOutcome::Timeout, Stage::Connect) => {
                "no answer; the kernel has given up connecting"
            }
            (AttemptOutcome::Timeout, Stage::Greeting) => {
                "no greeting; a client gives up now (RFC 5321 section 4.5.3.2)"
            }
            (AttemptOutcome::Timeout, _) => {
                "no answer; a client gives up now (RFC 5321 section 4.5.3.2)"
            }
            _ => "the connection is lost",
        };
        self.end();
        vec![self.happens(text)]
    }

    fn end(&mut self) {
        self.over = true;
        self.moment.close();
    }

    fn say(&mut self, spoken: &Spoken<'_>, recipients: &[Mailbox]) -> Result<Heard, Failure> {
        self.moment.say(spoken, self.envelope.sender, recipients)
    }

    fn command(&mut self, line: &str) -> Vec<Line> {
        let server = &self.server().server;
        let offered = Offered {
            extended: self.extended,
            size: server.size_limit.is_some(),
            utf8: server.options.smtputf8,
            stray_dots: server.options.takes_stray_dots,
        };
        match command::read(line, offered) {
            Err(reply) => {
                let heard = self.say(&Spoken::Wrong(reply), &[]);
                self.told(heard, Stage::Local)
            }
            Ok(Command::Hello(verb)) => self.hello(verb),
            Ok(Command::Mail { from, size }) => self.mail(from, size),
            Ok(Command::Rcpt(to)) => self.recipient(to),
            Ok(Command::Bdat { octets, last }) => self.chunk(octets, last),
            Ok(Command::Auth { plain, initial }) => self.credentials(plain, initial),
            Ok(Command::Vrfy(name)) => self.verify(&name),
            Ok(Command::Plain(verb)) => self.plain(verb),
        }
    }

    fn server(&self) -> &'s crate::scenario::Host {
        let server = self.moment.server_at(self.visitor.host);
        crate::story::host_at(self.scenario, server, self.moment.now())
    }

    fn hello(&mut self, verb: Verb) -> Vec<Line> {
        let heard = match self.say(&Spoken::Other(verb), &[]) {
            Ok(heard) => heard,
            failed => return self.told(failed, Stage::Ehlo),
        };
        if !heard.reply.is_positive() {
            return self.told(Ok(heard), Stage::Ehlo);
        }
        self.extended = verb == Verb::Ehlo;
        self.envelope = Envelope::default();
        let texts = match verb {
            Verb::Ehlo => self.moment.extensions(),
            _ => vec![format!("250 {}", self.server().name)],
        };
        self.told_as(heard, Stage::Ehlo, texts)
    }

    fn mail(&mut self, from: Option<String>, size: Option<Octets>) -> Vec<Line> {
        let sender = from.as_ref().and_then(|from| self.book.mailbox(self.scenario, from));
        let began = self.moment.now();
        let letter = Letter {
            recipients: &[],
            size: size.unwrap_or(Octets::ZERO),
            received_fields: 0,
            declares_size: size.is_some(),
            international: false,
        };
        let heard = self.moment.say(&Spoken::Mail(letter), sender, &[]);
        if heard.as_ref().is_ok_and(|heard| heard.reply.is_positive()) {
            self.envelope = Envelope { from, sender, began, declared: size, ..Envelope::default() };
        }
        self.told(heard, Stage::Mail)
    }

    fn recipient(&mut self, to: String) -> Vec<Line> {
        let to = if to.eq_ignore_ascii_case(POSTMASTER) { self.here(POSTMASTER) } else { to };
        let Some(mailbox) = self.book.mailbox(self.scenario, &to) else {
            let heard = self.say(&Spoken::Wrong(command::BAD_RECIPIENT), &[]);
            return self.told(heard, Stage::Rcpt);
        };
        let mut recipients = self.envelope.mailboxes();
        let accepted = u32::try_from(recipients.len()).unwrap_or(u32::MAX);
        recipients.push(mailbox);
        let letter = self.letter(&recipients);
        let index = recipients.len() - 1;
        let named = self.moment.now();
        let heard = self.say(&Spoken::Rcpt { letter, index, accepted }, &recipients);
        if let Ok(Heard { reply, .. }) = heard {
            let known = self.envelope.accepted.iter().any(|(known, ..)| *known == mailbox);
            match reply.code {
                // RFC 5321 does not say that a recipient named twice is one; servers do.
                200..300 if !known => {
                    self.envelope.accepted.push((mailbox, to, named));
                }
                400..500 => {
                    let (from, began) = (self.envelope.from.clone(), self.envelope.began);
                    self.put_off.push(PutOff { from, to, began, named });
                }
                _ => {}
            }
        }
        self.told(heard, Stage::Rcpt)
    }

    /// Returns the address of a local part that comes without a domain: the server's own. RFC 5321
    /// §4.1.1.3 has that for `<Postmaster>`.
    fn here(&self, local: &str) -> String {
        let routing = &self.server().routing;
        let domain = routing.local.first().or(routing.relayed.first());
        let name = domain.map_or(self.server().name.as_str(), |d| self.scenario.domain(*d));
        format!("{local}@{name}")
    }

    fn verify(&mut self, name: &str) -> Vec<Line> {
        let address = if name.contains('@') { name.to_owned() } else { self.here(name) };
        let Some(mailbox) = self.book.mailbox(self.scenario, &address) else {
            let heard = self.say(&Spoken::Wrong(command::ARGUMENTS), &[]);
            return self.told(heard, Stage::Local);
        };
        let vrfy = self.server().server.options.vrfy;
        match self.say(&Spoken::Vrfy(0), &[mailbox]) {
            Ok(heard) if !self.moment.refuses(Verb::Vrfy) => {
                let refusal = Some(heard.reply).filter(|reply| reply.is_permanent());
                let text = verified_in_words(vrfy, &address, refusal);
                self.told_as(heard, Stage::Rcpt, vec![text])
            }
            other => self.told(other, Stage::Local),
        }
    }

    fn letter<'r>(&self, recipients: &'r [Mailbox]) -> Letter<'r> {
        Letter {
            recipients,
            size: self.envelope.text.octets(),
            received_fields: self.envelope.text.received_fields(),
            declares_size: self.envelope.declared.is_some(),
            international: false,
        }
    }

    fn plain(&mut self, verb: Verb) -> Vec<Line> {
        let heard = self.say(&Spoken::Other(verb), &[]);
        let stage = match verb {
            Verb::Data => Stage::Data,
            Verb::StartTls => Stage::Tls,
            _ => Stage::Local,
        };
        let reply = heard.as_ref().map_or(0, |heard| heard.reply.code);
        let mut lines = self.told(heard, stage);
        match (verb, reply) {
            (Verb::Data, 354) => self.mode = Mode::Message,
            (Verb::Rset, 250) => self.envelope = Envelope::default(),
            (Verb::StartTls, 220) => {
                // RFC 3207 §4.2: whatever was said before is forgotten.
                (self.extended, self.envelope) = (false, Envelope::default());
                lines.push(self.happens("TLS handshake"));
            }
            _ => {}
        }
        lines
    }

    fn chunk(&mut self, octets: u64, last: bool) -> Vec<Line> {
        if !self.server().server.options.chunking {
            return self.plain(Verb::Bdat(last));
        }
        if octets == 0 {
            return self.end_chunk(last);
        }
        self.mode = Mode::Chunk { left: octets, last };
        Vec::new()
    }

    fn chunk_line(&mut self, line: &str, left: u64, last: bool) -> Vec<Line> {
        let octets = line.len() as u64 + 2;
        if !self.moment.refuses(Verb::Bdat(last)) {
            self.envelope.text.add(line);
        }
        if octets < left {
            self.mode = Mode::Chunk { left: left - octets, last };
            return Vec::new();
        }
        self.mode = Mode::Command;
        self.end_chunk(last)
    }

    fn end_chunk(&mut self, last: bool) -> Vec<Line> {
        if last && !self.moment.refuses(Verb::Bdat(last)) {
            return self.end_message();
        }
        self.plain(Verb::Bdat(last))
    }

    fn credentials(&mut self, plain: bool, initial: bool) -> Vec<Line> {
        if self.moment.refuses(Verb::Auth) {
            return self.plain(Verb::Auth);
        }
        match (plain, initial) {
            (true, true) => self.authenticate(),
            (true, false) => {
                self.mode = Mode::Credentials { left: 1 };
                vec![self.server_says("334 ")]
            }
            // RFC 4954 has the prompts of LOGIN in base64: "Username:", "Password:".
            (false, false) => {
                self.mode = Mode::Credentials { left: 2 };
                vec![self.server_says("334 VXNlcm5hbWU6")]
            }
            (false, true) => {
                self.mode = Mode::Credentials { left: 1 };
                vec![self.server_says("334 UGFzc3dvcmQ6")]
            }
        }
    }

    fn credentials_line(&mut self, line: &str, left: u8) -> Vec<Line> {
        self.mode = Mode::Command;
        if line == "*" {
            let heard = self.say(&Spoken::Wrong(command::ARGUMENTS), &[]);
            return self.told(heard, Stage::Auth);
        }
        if left > 1 {
            self.mode = Mode::Credentials { left: left - 1 };
            return vec![self.server_says("334 UGFzc3dvcmQ6")];
        }
        self.authenticate()
    }

    fn authenticate(&mut self) -> Vec<Line> {
        let heard = self.say(&Spoken::Other(Verb::Auth), &[]);
        self.authenticated |= heard.as_ref().is_ok_and(|heard| heard.reply.is_positive());
        self.told(heard, Stage::Auth)
    }

    fn message_line(&mut self, line: &str) -> Vec<Line> {
        if line == "." {
            self.mode = Mode::Command;
            return self.end_message();
        }
        // RFC 5321 §4.5.2: the client doubles a dot at the beginning of a line.
        self.envelope.text.add(line.strip_prefix('.').unwrap_or(line));
        Vec::new()
    }

    fn end_message(&mut self) -> Vec<Line> {
        let recipients = self.envelope.mailboxes();
        let letter = self.letter(&recipients);
        let author = self.envelope.text.author();
        let author = author.and_then(|author| self.book.mailbox(self.scenario, author));
        let written = Written { author, score: self.envelope.text.score() };
        let sender = self.envelope.sender;
        let (taken, heard) = self.moment.end_message(&letter, sender, &recipients, written);
        if taken.is_some() {
            self.post();
        }
        self.envelope = Envelope::default();
        self.told(heard, Stage::Dot)
    }

    fn post(&mut self) {
        let envelope = std::mem::take(&mut self.envelope);
        // A server that put a recipient off may take it in the same transaction.
        let tried = envelope.accepted.iter().flat_map(|(_, to, named)| {
            let same = |put: &&PutOff| put.from == envelope.from && put.to == *to;
            let before = self.put_off.iter().filter(same);
            before.map(|put| (put.began, named.since(put.named)))
        });
        let first = tried.min().filter(|(_, wait)| *wait > SimDuration::ZERO);
        let to = envelope.accepted.into_iter().map(|(_, to, _)| to).collect();
        self.posted.push(Posted {
            to,
            at: first.map_or(envelope.began, |(began, _)| began),
            again_after: first.map(|(_, wait)| wait),
            size: envelope.text.octets(),
            received_fields: envelope.text.received_fields(),
            author: envelope.text.author().map(str::to_owned),
            score: envelope.text.score(),
            declares_size: envelope.declared.is_some(),
            authenticated: self.authenticated,
            from: envelope.from,
        });
    }
}

impl<S: FactSink> Talk for SmtpTalk<'_, '_, S> {
    fn begin(&mut self) -> Vec<Line> {
        let Visitor { client, host, port, .. } = self.visitor;
        let address = self.scenario.hosts[host.index()].addresses[0];
        let literal = &self.scenario.addresses[address.index()].literal;
        let mut lines = vec![self.happens(format!("connects to {literal} port {port}"))];
        if let Err(failure) = self.moment.connect(Call { client, host, port }) {
            lines.extend(self.failed(failure));
            return lines;
        }
        lines.push(self.happens("connected"));
        let heard = self.moment.greeting();
        if port == 465 {
            lines.push(self.happens("TLS handshake"));
        }
        lines.extend(match heard {
            Ok(heard) if heard.reply.is_positive() => {
                let text = greeting(&self.server().name);
                self.told_as(heard, Stage::Greeting, vec![text])
            }
            other => self.told(other, Stage::Greeting),
        });
        lines
    }

    fn hear(&mut self, line: &str) -> Vec<Line> {
        if self.over {
            return Vec::new();
        }
        let asked = self.moment.now();
        let mut lines = match self.mode {
            Mode::Command => self.command(line),
            Mode::Message => self.message_line(line),
            Mode::Chunk { left, last } => self.chunk_line(line, left, last),
            Mode::Credentials { left } => self.credentials_line(line, left),
        };
        let took = self.moment.now().since(asked);
        if took >= NOTEWORTHY && !lines.is_empty() {
            let text = format!("{took} pass");
            lines.insert(0, Line { at: Some(asked), speaker: Speaker::Connection, text });
        }
        lines
    }

    fn wait(&mut self, time: SimDuration) -> Vec<Line> {
        self.moment.pass(time);
        vec![self.happens(format!("{time} later"))]
    }

    fn explain(&self, about: &str) -> String {
        if !about.is_empty() {
            return explain_command(about);
        }
        match self.latest {
            Some((reply, stage)) => explain_reply(reply, stage),
            None => "The server has not said anything yet.\n".to_owned(),
        }
    }

    fn now(&self) -> SimTime {
        self.moment.now()
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn takes_text(&self) -> bool {
        matches!(self.mode, Mode::Message | Mode::Chunk { .. })
    }

    fn posted(&self) -> &[Posted] {
        &self.posted
    }
}

/// Longer answers are said to take time.
const NOTEWORTHY: SimDuration = SimDuration::from_secs(1);
