//! The dialogue of one transaction, line by line, derived from its stage times when somebody asks.
//!
//! A session is settled without its commands being spelt (see [`super::Session`]); what both sides
//! said follows from their settings, from how far they came and from the reply that decided. Times
//! that the trace does not hold are left out rather than invented.

mod conversation;
mod web;
mod words;

use crate::mail::{AttemptOutcome, Reply, Stage, Status};
use crate::smtp::{ClientTls, Verb, plain_reply};
use crate::units::SimTime;

pub use conversation::{Conversation, Ending, ForwardPath, Line, Speaker};
pub use words::{Extensions, extensions, greeting, spelt, verified_in_words};

/// Returns what was said.
#[must_use]
pub fn dialogue(conversation: &Conversation<'_>) -> Vec<Line> {
    let mut script = Script { about: conversation, lines: Vec::new(), heard: None };
    if conversation.port == WEB_PORT {
        script.web_page();
        return script.lines;
    }
    let opened = if conversation.transaction > 1 { script.reuse() } else { script.open() };
    let whole = opened && script.envelope() && script.message();
    script.close(whole);
    script.lines
}

struct Script<'a, 'c> {
    about: &'c Conversation<'a>,
    lines: Vec<Line>,
    /// When the client had the latest reply: it says the next thing at once.
    heard: Option<SimTime>,
}

fn reached(mark: SimTime) -> bool {
    mark != SimTime::MAX
}

impl Script<'_, '_> {
    fn add(&mut self, at: Option<SimTime>, speaker: Speaker, text: impl Into<String>) {
        self.lines.push(Line { at, speaker, text: text.into() });
    }

    fn client(&mut self, text: impl Into<String>) {
        self.add(self.heard, Speaker::Client, text);
    }

    /// A reply that arrives at `at`.
    fn server(&mut self, at: Option<SimTime>, text: impl Into<String>) {
        self.add(at, Speaker::Server, text);
        self.heard = at;
    }

    fn happens(&mut self, at: Option<SimTime>, text: impl Into<String>) {
        self.add(at, Speaker::Connection, text);
    }

    /// Returns whether the transaction ended at `stage`.
    fn ends_at(&self, stage: Stage) -> Option<Ending> {
        self.about.ending.filter(|ending| ending.stage == stage)
    }

    /// Ends the dialogue with what came instead of the reply hoped for. Returns false, for the
    /// caller to pass on.
    fn fail(&mut self, ending: Ending) -> bool {
        let about = self.about;
        let at = Some(about.ended);
        match (ending.reply, ending.outcome) {
            (Some(reply), _) => self.server(at, spelt(reply, ending.stage)),
            (None, AttemptOutcome::Refused) => self.happens(at, "the connection is refused"),
            (None, AttemptOutcome::Timeout) => {
                let since = self.heard.unwrap_or(about.started);
                let waited = about.ended.since(since);
                self.happens(at, format!("no answer; the client gives up after {waited}"));
            }
            (None, AttemptOutcome::Lost) => self.happens(at, "the connection is lost"),
            (None, _) => self.happens(at, "the client gives up"),
        }
        false
    }

    /// Fails at `stage`, in the way the transaction did.
    fn fail_at(&mut self, stage: Stage) -> bool {
        let ending = self.about.ending.unwrap_or(Ending {
            stage,
            outcome: AttemptOutcome::Lost,
            reply: None,
        });
        self.fail(ending)
    }

    fn open(&mut self) -> bool {
        let about = self.about;
        let marks = &about.marks;
        let to = format!("connects to {} port {}", about.address, about.port);
        self.happens(Some(about.started), to);
        if !reached(marks.connected) {
            return self.fail_at(Stage::Connect);
        }
        self.heard = Some(marks.connected);
        self.happens(self.heard, "connected");
        if about.port == IMPLICIT_TLS {
            self.happens(self.heard, "TLS handshake");
        }
        if !reached(marks.greeting) {
            return self.fail_at(Stage::Greeting);
        }
        self.server(Some(marks.greeting), greeting(about.server_name));
        self.hello() && self.start_tls() && self.authenticate()
    }

    fn hello(&mut self) -> bool {
        let about = self.about;
        self.client(format!("EHLO {}", about.client_name));
        if !reached(about.marks.ehlo) {
            return self.fail_at(Stage::Ehlo);
        }
        if about.server.ehlo {
            let secure = about.port == IMPLICIT_TLS;
            self.extensions(about.marks.ehlo, secure);
        } else {
            let refused = Reply::new(502, Status::new(5, 5, 2));
            self.server(None, spelt(refused, Stage::Mail));
            self.client(format!("HELO {}", about.client_name));
            self.server(Some(about.marks.ehlo), format!("250 {}", about.server_name));
        }
        true
    }

    /// The reply to EHLO.
    fn extensions(&mut self, at: SimTime, secure: bool) {
        let about = self.about;
        // No passwords over a channel that anybody can read (RFC 4954 §4).
        let readable = !secure && self.uses_starttls();
        let offer = Extensions {
            server_name: about.server_name,
            server: about.server,
            starttls: !secure && (about.server.starttls || self.uses_starttls()),
            auth: (about.server.auth || self.authenticates()) && !readable,
        };
        for line in extensions(&offer) {
            self.server(Some(at), line);
        }
    }

    fn uses_starttls(&self) -> bool {
        reached(self.about.marks.tls) || self.ends_at(Stage::Tls).is_some()
    }

    fn authenticates(&self) -> bool {
        reached(self.about.marks.auth) || self.ends_at(Stage::Auth).is_some()
    }

    fn start_tls(&mut self) -> bool {
        let about = self.about;
        if !self.uses_starttls() {
            let wanted = about.client.tls == ClientTls::Opportunistic && about.server.starttls;
            if wanted && about.server.ehlo && about.port == 25 && reached(about.marks.mail) {
                self.client("STARTTLS");
                self.happens(None, "the server refuses; the client goes on without TLS");
            }
            return true;
        }
        self.client("STARTTLS");
        if !reached(about.marks.tls) {
            return self.fail_at(Stage::Tls);
        }
        self.server(None, spelt(plain_reply(Verb::StartTls), Stage::Tls));
        self.happens(None, "TLS handshake");
        self.client(format!("EHLO {}", about.client_name));
        self.extensions(about.marks.tls, true);
        true
    }

    fn authenticate(&mut self) -> bool {
        if !self.authenticates() {
            return true;
        }
        self.client("AUTH PLAIN (credentials)");
        let at = self.about.marks.auth;
        if !reached(at) {
            return self.fail_at(Stage::Auth);
        }
        self.server(Some(at), spelt(plain_reply(Verb::Auth), Stage::Auth));
        true
    }

    fn reuse(&mut self) -> bool {
        let about = self.about;
        self.heard = Some(about.started);
        let text = format!("goes on with the open connection (message {})", about.transaction);
        self.happens(self.heard, text);
        if about.client.rset_before_reuse {
            self.client("RSET");
            let broken = self.about.ending.filter(|_| !reached(about.marks.mail));
            if let Some(ending) = broken {
                return self.fail(ending);
            }
            self.server(None, spelt(plain_reply(Verb::Rset), Stage::Local));
        }
        true
    }

    /// MAIL, RCPT and DATA, in one group where both sides can.
    /// When the replies came the trace does not hold.
    fn verify(&mut self) {
        let about = self.about;
        for path in about.forward_paths {
            self.client(format!("VRFY <{}>", path.address));
            // RCPT, which came afterwards, tells what VRFY found.
            let vrfy = about.server.options.vrfy;
            self.server(None, verified_in_words(vrfy, path.address, path.refusal));
        }
    }

    fn envelope(&mut self) -> bool {
        let about = self.about;
        if about.verifies {
            self.verify();
        }
        if let Some(Ending { reply: None, outcome: AttemptOutcome::Permfail, .. }) =
            self.ends_at(Stage::Mail)
        {
            let limit = about.server.size_limit.filter(|limit| about.size > *limit);
            let text = match limit {
                Some(limit) => format!(
                    "the message has {} octets, the server takes {}: the client does not try",
                    about.size.get(),
                    limit.get()
                ),
                None => "an address goes beyond ASCII and the server does not offer SMTPUTF8: the \
                         client does not try"
                    .to_owned(),
            };
            self.happens(Some(about.ended), text);
            return true;
        }
        let mail = format!("MAIL FROM:<{}>{}", about.reverse_path, self.declared());
        let group = about.server.ehlo && about.server.pipelining && about.client.pipelining;
        match group {
            true if about.client.pipelines_mail => self.pipelined(mail),
            true => self.mail_first(mail),
            false => self.one_by_one(mail),
        }
    }

    fn declared(&self) -> String {
        let about = self.about;
        let declares = about.declares_size && about.client.declares_size && about.server.ehlo;
        if declares && about.server.size_limit.is_some() {
            format!(" SIZE={}", about.size.get() + about.client.size_margin.get())
        } else {
            String::new()
        }
    }

    fn pipelined(&mut self, mail: String) -> bool {
        let about = self.about;
        let sent = self.heard;
        self.client(mail);
        for path in about.forward_paths {
            self.client(format!("RCPT TO:<{}>", path.address));
        }
        if self.chunked() {
            self.heard = sent;
            return self.mail_reply() && self.recipient_replies();
        }
        self.client("DATA");
        self.heard = sent;
        self.mail_reply() && self.recipient_replies() && self.data_reply(true)
    }

    /// The reply to MAIL is awaited, then come RCPT and DATA in one group.
    fn mail_first(&mut self, mail: String) -> bool {
        self.client(mail);
        if !self.mail_reply() {
            return false;
        }
        if self.ends_at(Stage::Mail).is_some() {
            return true;
        }
        let sent = self.heard;
        for path in self.about.forward_paths {
            self.client(format!("RCPT TO:<{}>", path.address));
        }
        self.client("DATA");
        self.heard = sent;
        self.recipient_replies() && self.data_reply(true)
    }

    fn one_by_one(&mut self, mail: String) -> bool {
        self.client(mail);
        if !self.mail_reply() {
            return false;
        }
        if self.ends_at(Stage::Mail).is_some() {
            return true;
        }
        let (paths, marks) = (self.about.forward_paths, &self.about.marks);
        for (place, path) in paths.iter().enumerate() {
            self.client(format!("RCPT TO:<{}>", path.address));
            if !reached(marks.rcpt) {
                return self.fail_at(Stage::Rcpt);
            }
            let last = place + 1 == paths.len();
            self.server(last.then_some(marks.rcpt), recipient_reply(path));
        }
        if self.nobody_is_left() || self.chunked() {
            return true;
        }
        self.client("DATA");
        self.data_reply(false)
    }

    /// Whether the message is sent by BDAT.
    fn chunked(&self) -> bool {
        self.about.server.ehlo
            && self.about.client.options.chunking
            && self.about.server.options.chunking
    }

    fn nobody_is_left(&self) -> bool {
        self.about.forward_paths.iter().all(|path| path.refusal.is_some())
    }

    fn mail_reply(&mut self) -> bool {
        let about = self.about;
        if !reached(about.marks.mail) {
            return self.fail_at(Stage::Mail);
        }
        let refusal = self.ends_at(Stage::Mail).and_then(|ending| ending.reply);
        let reply = refusal.unwrap_or(Reply::new(250, Status::new(2, 1, 0)));
        self.server(Some(about.marks.mail), spelt(reply, Stage::Mail));
        true
    }

    fn recipient_replies(&mut self) -> bool {
        let about = self.about;
        if !reached(about.marks.rcpt) {
            return self.fail_at(Stage::Rcpt);
        }
        let needs_mail = self.ends_at(Stage::Mail).is_some();
        let last = about.forward_paths.len().saturating_sub(1);
        for (place, path) in about.forward_paths.iter().enumerate() {
            let text = if needs_mail {
                spelt(Reply::new(503, Status::new(5, 5, 1)), Stage::Rcpt)
            } else {
                recipient_reply(path)
            };
            self.server((place == last).then_some(about.marks.rcpt), text);
        }
        true
    }

    fn data_reply(&mut self, group: bool) -> bool {
        let about = self.about;
        if group && self.ends_at(Stage::Mail).is_some() {
            let text = spelt(Reply::new(503, Status::new(5, 5, 1)), Stage::Data);
            self.server(Some(about.ended), text);
            return true;
        }
        if group && self.nobody_is_left() {
            if about.server.options.data_without_recipients {
                self.server(None, go_ahead());
                self.client("(the final dot alone)");
            }
            let text = spelt(Reply::new(554, Status::new(5, 5, 1)), Stage::Data);
            self.server(Some(about.ended), text);
            return true;
        }
        match self.ends_at(Stage::Data) {
            Some(ending) => self.fail(ending) || ending.reply.is_some(),
            None if reached(about.marks.data) => {
                self.server(Some(about.marks.data), go_ahead());
                true
            }
            None => self.fail_at(Stage::Data),
        }
    }

    fn message(&mut self) -> bool {
        let about = self.about;
        if !reached(about.marks.data) || self.ends_at(Stage::Data).is_some() {
            return true;
        }
        let size = about.size.get();
        if self.chunked() {
            self.client(format!("BDAT {size} LAST"));
        }
        if let Some(ending) = self.ends_at(Stage::Body) {
            self.client(format!("(header and body, {size} octets)"));
            self.happens(None, "the message breaks off on its way");
            return self.fail(ending);
        }
        if self.chunked() {
            self.client(format!("(header and body, {size} octets)"));
        } else {
            self.client(format!("(header and body, {size} octets, and the final dot)"));
        }
        let refusal = self.ends_at(Stage::Dot);
        if !reached(about.marks.dot) {
            return self.fail_at(Stage::Dot);
        }
        let reply = refusal.and_then(|ending| ending.reply).unwrap_or(Reply::ACCEPTED);
        self.server(Some(about.marks.dot), spelt(reply, Stage::Dot));
        true
    }

    fn close(&mut self, whole: bool) {
        let closed = self.about.ending.and_then(|ending| ending.reply);
        let shut = closed.is_some_and(|reply| reply.code == 421);
        if self.about.goes_on {
            self.happens(self.heard, "the connection is kept for the next message");
        } else if shut {
            self.happens(self.heard, "the server closes the connection");
        } else if whole || closed.is_some() {
            self.client("QUIT");
            self.server(None, spelt(plain_reply(Verb::Quit), Stage::Local));
        }
    }
}

const IMPLICIT_TLS: u16 = 465;
/// Where a server's web page is, at which mail can be written without SMTP.
pub const WEB_PORT: u16 = 443;

fn go_ahead() -> String {
    spelt(plain_reply(Verb::Data), Stage::Data)
}

fn recipient_reply(path: &ForwardPath<'_>) -> String {
    let accepted = Reply::new(250, Status::new(2, 1, 5));
    if let (Some(refusal), false) = (path.refusal, path.reason.is_empty()) {
        return format!("{refusal} {}", path.reason);
    }
    spelt(path.refusal.unwrap_or(accepted), Stage::Rcpt)
}

#[cfg(test)]
mod tests;
