//! SMTP typed by hand.

use crate::mail::{AttemptOutcome, Mailbox, MailboxNames as _, Reply, Stage};
use crate::scenario::{self, Call, CallerId, POSTMASTER, Said};
use crate::simulation::Moment;
use crate::smtp::{Failure, Heard, Line, Speaker, Verb, greeting, spelt, verified_in_words};
use crate::trace::FactSink;
use crate::units::{Octets, SimDuration, SimTime};

use super::call::Visitor;
use super::command::{self, Command, Offered};
use super::posted::Posted;
use super::text::Text;

mod credentials;

/// The server's side of an SMTP session, answered by a world in which time is let pass by somebody
/// else: each line that is heard says when.
#[derive(Debug)]
pub struct SmtpSession {
    visitor: Visitor,
    caller: CallerId,
    /// When what was said last is heard.
    clock: SimTime,
    /// Whether EHLO was said.
    extended: bool,
    authenticated: bool,
    mode: Mode,
    envelope: Envelope,
    put_off: Vec<PutOff>,
    latest: Option<(Reply, Stage)>,
    posted: Vec<Posted>,
    ended: Option<Ending>,
    /// Whether the octets of messages are kept, for whoever wants to read them.
    keeps_text: bool,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The server closed it after its last reply, or refused it.
    Closed,
    /// It was reset.
    Lost,
    /// Nothing comes any more: whoever waits gives up one day.
    Silent,
}

/// What comes next from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A line: a command, or credentials.
    Line,
    /// Lines of a message, until the one of a dot.
    Message,
    /// So many octets of a message.
    Chunk(u64),
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
    /// Credentials of PLAIN.
    Plain,
    /// The name of LOGIN.
    Name,
    /// The password of LOGIN, with the name as it came.
    Password(String),
}

/// The envelope of the transaction at hand.
#[derive(Debug, Default)]
struct Envelope {
    from: Option<String>,
    began: SimTime,
    declared: Option<Octets>,
    /// Recipients that were accepted, and when they were named.
    accepted: Vec<(Mailbox, String, SimTime)>,
    text: Text,
}

impl SmtpSession {
    /// Returns a session of `visitor`, who is the caller of this name.
    #[must_use]
    pub fn new(caller: CallerId, visitor: Visitor) -> Self {
        Self {
            visitor,
            caller,
            clock: visitor.at,
            extended: false,
            authenticated: false,
            mode: Mode::Command,
            envelope: Envelope::default(),
            put_off: Vec::new(),
            latest: None,
            posted: Vec::new(),
            ended: None,
            keeps_text: false,
        }
    }

    /// Keeps the octets of messages.
    #[must_use]
    pub fn keeping_text(mut self) -> Self {
        self.keeps_text = true;
        self
    }

    /// Returns when what was said last is heard.
    #[must_use]
    pub fn clock(&self) -> SimTime {
        self.clock
    }

    /// Returns how the connection ended, if it did.
    #[must_use]
    pub fn ended(&self) -> Option<Ending> {
        self.ended
    }

    /// Returns what comes next from the client.
    #[must_use]
    pub fn expected(&self) -> Expected {
        match self.mode {
            Mode::Command | Mode::Plain | Mode::Name | Mode::Password(_) => Expected::Line,
            Mode::Message => Expected::Message,
            Mode::Chunk { left, .. } => Expected::Chunk(left),
        }
    }

    /// Returns the latest reply and the stage of its command.
    #[must_use]
    pub fn latest(&self) -> Option<(Reply, Stage)> {
        self.latest
    }

    /// Returns what was handed over so far.
    #[must_use]
    pub fn posted(&self) -> &[Posted] {
        &self.posted
    }

    fn happens(&self, text: impl Into<String>) -> Line {
        Line { at: Some(self.clock), speaker: Speaker::Connection, text: text.into() }
    }

    fn server_says(&self, text: impl Into<String>) -> Line {
        Line { at: Some(self.clock), speaker: Speaker::Server, text: text.into() }
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
        self.clock = heard.at;
        self.latest = Some((heard.reply, stage));
        let mut lines: Vec<Line> = texts.into_iter().map(|text| self.server_says(text)).collect();
        if heard.closes {
            lines.push(self.happens("the server closes the connection"));
            self.ended = Some(Ending::Closed);
        }
        lines
    }

    fn failed(&mut self, failure: Failure) -> Vec<Line> {
        self.clock = failure.at;
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
        self.ended = Some(match failure.outcome {
            AttemptOutcome::Refused => Ending::Closed,
            AttemptOutcome::Timeout => Ending::Silent,
            _ => Ending::Lost,
        });
        vec![self.happens(text)]
    }

    /// Returns what was handed over since it was asked last.
    pub fn take_posted(&mut self) -> Vec<Posted> {
        // Who tries again by himself needs no word on earlier tries.
        self.put_off.clear();
        std::mem::take(&mut self.posted)
    }

    /// Returns whether the next line is a name or a password.
    #[must_use]
    pub fn awaits_credentials(&self) -> bool {
        matches!(self.mode, Mode::Plain | Mode::Name | Mode::Password(_))
    }

    /// Asks for a connection.
    pub fn connect<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>) -> Vec<Line> {
        let Visitor { client, host, port, adjacent, .. } = self.visitor;
        let scenario = world.scenario();
        let address = scenario.hosts[host.index()].addresses[0];
        let literal = &scenario.addresses[address.index()].literal;
        self.clock = world.now();
        let mut lines = vec![self.happens(format!("connects to {literal} port {port}"))];
        match world.connect(self.caller, Call { client, host, port, adjacent }) {
            Ok(at) => {
                self.clock = at;
                lines.push(self.happens("connected"));
            }
            Err(failure) => lines.extend(self.failed(failure)),
        }
        lines
    }

    /// Returns whether the server greets without having the client wait for a free process first.
    #[must_use]
    pub fn is_greeted_at_once<S: FactSink>(&self, world: &Moment<'_, '_, S>) -> bool {
        world.greets_at_once(self.caller)
    }

    /// Is greeted, when time has passed until it is connected and there is a free process.
    pub fn greet<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>) -> Vec<Line> {
        let heard = world.greeting(self.caller);
        let mut lines = Vec::new();
        if self.visitor.port == 465 {
            self.clock = world.now();
            lines.push(self.happens("TLS handshake"));
        }
        lines.extend(match heard {
            Ok(heard) if heard.reply.is_positive() => {
                let text = greeting(&self.server(world).name);
                self.told_as(heard, Stage::Greeting, vec![text])
            }
            other => self.told(other, Stage::Greeting),
        });
        lines
    }

    /// Nobody has greeted in time.
    pub fn give_up_waiting<S: FactSink>(&mut self, world: &Moment<'_, '_, S>) -> Vec<Line> {
        self.clock = world.now();
        self.ended = Some(Ending::Silent);
        vec![self.happens("no greeting; a client gives up now (RFC 5321 section 4.5.3.2)")]
    }

    /// Hears one line, without its CR LF.
    pub fn hear<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>, line: &str) -> Vec<Line> {
        if self.ended.is_some() {
            return Vec::new();
        }
        self.clock = world.now();
        match &self.mode {
            Mode::Command => self.command(world, line),
            Mode::Message => self.message_line(world, line),
            Mode::Chunk { .. } => self.take_chunk(world, format!("{line}\r\n").as_bytes()),
            Mode::Plain | Mode::Name | Mode::Password(_) => self.credentials_line(world, line),
        }
    }

    fn command<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>, line: &str) -> Vec<Line> {
        let server = &self.server(world).server;
        let offered = Offered {
            extended: self.extended,
            size: server.size_limit.is_some(),
            utf8: server.options.smtputf8,
            stray_dots: server.options.takes_stray_dots,
        };
        match command::read(line, offered) {
            Err(reply) => {
                let heard = world.say(self.caller, Said::Wrong(reply));
                self.told(heard, Stage::Local)
            }
            Ok(Command::Hello(verb)) => self.hello(world, verb),
            Ok(Command::Mail { from, size }) => self.mail(world, from, size),
            Ok(Command::Rcpt(to)) => self.recipient(world, to),
            Ok(Command::Bdat { octets, last }) => self.chunk(world, octets, last),
            Ok(Command::Auth { plain, initial }) => self.credentials(world, plain, initial),
            Ok(Command::Vrfy(name)) => self.verify(world, &name),
            Ok(Command::Plain(verb)) => self.plain(world, verb),
        }
    }

    fn server<'s, S: FactSink>(&self, world: &Moment<'s, '_, S>) -> &'s crate::model::Host {
        let server = world.server_at(self.visitor.host);
        crate::story::host_at(world.scenario(), server, world.now())
    }

    fn hello<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>, verb: Verb) -> Vec<Line> {
        let heard = match world.say(self.caller, Said::Other(verb)) {
            Ok(heard) => heard,
            failed => return self.told(failed, Stage::Ehlo),
        };
        if !heard.reply.is_positive() {
            return self.told(Ok(heard), Stage::Ehlo);
        }
        self.extended = verb == Verb::Ehlo;
        self.envelope = Envelope::default();
        let texts = match verb {
            Verb::Ehlo => world.extensions(self.caller),
            _ => vec![format!("250 {}", self.server(world).name)],
        };
        self.told_as(heard, Stage::Ehlo, texts)
    }

    fn mail<S: FactSink>(
        &mut self,
        world: &mut Moment<'_, '_, S>,
        from: Option<String>,
        size: Option<Octets>,
    ) -> Vec<Line> {
        let began = world.now();
        let sender = from.as_ref().map(|from| world.scenario().address_of(from));
        let heard = match sender {
            Some(None) => world.say(self.caller, Said::Wrong(command::BAD_SENDER)),
            sender => world.say(self.caller, Said::Mail(sender.flatten(), size)),
        };
        if heard.as_ref().is_ok_and(|heard| heard.reply.is_positive()) {
            let text = Text::new(self.keeps_text);
            self.envelope = Envelope { from, began, declared: size, text, ..Envelope::default() };
        }
        self.told(heard, Stage::Mail)
    }

    fn recipient<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>, to: String) -> Vec<Line> {
        let to =
            if to.eq_ignore_ascii_case(POSTMASTER) { self.here(world, POSTMASTER) } else { to };
        let Some(address) = world.scenario().address_of(&to) else {
            let heard = world.say(self.caller, Said::Wrong(command::BAD_RECIPIENT));
            return self.told(heard, Stage::Rcpt);
        };
        let (mailbox, named) = (address.mailbox, world.now());
        let heard = world.say(self.caller, Said::Rcpt(address));
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
    fn here<S: FactSink>(&self, world: &Moment<'_, '_, S>, local: &str) -> String {
        let routing = &self.server(world).routing;
        let domain = routing.local.first().or(routing.relayed.first());
        let name = domain.map_or(self.server(world).name.as_str(), |d| world.scenario().domain(*d));
        format!("{local}@{name}")
    }

    fn verify<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>, name: &str) -> Vec<Line> {
        let address = if name.contains('@') { name.to_owned() } else { self.here(world, name) };
        let Some(who) = world.scenario().address_of(&address) else {
            let heard = world.say(self.caller, Said::Wrong(command::ARGUMENTS));
            return self.told(heard, Stage::Local);
        };
        let vrfy = self.server(world).server.options.vrfy;
        match world.say(self.caller, Said::Vrfy(who)) {
            Ok(heard) if !world.refuses(self.caller, Verb::Vrfy) => {
                let refusal = Some(heard.reply).filter(|reply| reply.is_permanent());
                let text = verified_in_words(vrfy, &address, refusal);
                self.told_as(heard, Stage::Rcpt, vec![text])
            }
            other => self.told(other, Stage::Local),
        }
    }

    fn plain<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>, verb: Verb) -> Vec<Line> {
        let heard = world.say(self.caller, Said::Other(verb));
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

    fn chunk<S: FactSink>(
        &mut self,
        world: &mut Moment<'_, '_, S>,
        octets: u64,
        last: bool,
    ) -> Vec<Line> {
        if !self.server(world).server.options.chunking {
            return self.plain(world, Verb::Bdat(last));
        }
        if octets == 0 {
            return self.end_chunk(world, last);
        }
        self.mode = Mode::Chunk { left: octets, last };
        Vec::new()
    }

    /// Takes octets of a chunk, no more than are to come.
    pub fn take_chunk<S: FactSink>(
        &mut self,
        world: &mut Moment<'_, '_, S>,
        octets: &[u8],
    ) -> Vec<Line> {
        let Mode::Chunk { left, last } = self.mode else { return Vec::new() };
        if !world.refuses(self.caller, Verb::Bdat(last)) {
            self.envelope.text.add(octets);
        }
        let rest = left.saturating_sub(octets.len() as u64);
        if rest > 0 {
            self.mode = Mode::Chunk { left: rest, last };
            return Vec::new();
        }
        self.mode = Mode::Command;
        self.end_chunk(world, last)
    }

    /// Takes octets of a message between two lines of SMTP, dots at the beginning of lines undone; at
    /// the `end` comes the reply.
    pub fn take_message<S: FactSink>(
        &mut self,
        world: &mut Moment<'_, '_, S>,
        octets: &[u8],
        end: bool,
    ) -> Vec<Line> {
        self.envelope.text.add(octets);
        if !end {
            return Vec::new();
        }
        self.mode = Mode::Command;
        self.end_message(world)
    }

    fn end_chunk<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>, last: bool) -> Vec<Line> {
        if last && !world.refuses(self.caller, Verb::Bdat(last)) {
            return self.end_message(world);
        }
        self.plain(world, Verb::Bdat(last))
    }

    fn message_line<S: FactSink>(
        &mut self,
        world: &mut Moment<'_, '_, S>,
        line: &str,
    ) -> Vec<Line> {
        if line == "." {
            self.mode = Mode::Command;
            return self.end_message(world);
        }
        // RFC 5321 §4.5.2: the client doubles a dot at the beginning of a line.
        self.envelope.text.add(line.strip_prefix('.').unwrap_or(line).as_bytes());
        self.envelope.text.add(b"\r\n");
        Vec::new()
    }

    fn end_message<S: FactSink>(&mut self, world: &mut Moment<'_, '_, S>) -> Vec<Line> {
        self.envelope.text.end();
        let text = &self.envelope.text;
        let author = text.author().and_then(|author| world.scenario().address_of(author));
        let known = scenario::Text {
            size: text.octets(),
            received_fields: text.received_fields(),
            score: text.score(),
            author,
        };
        let (taken, heard) = world.end_message(self.caller, known);
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
            content: envelope.text.content(),
            declares_size: envelope.declared.is_some(),
            authenticated: self.authenticated,
            from: envelope.from,
        });
    }
}
