//! POP3 typed by hand (RFC 1939).

use crate::mail::Mailbox;
use crate::model::Scenario;
use crate::simulation::Moment;
use crate::smtp::Line;
use crate::trace::FactSink;
use crate::units::{SimDuration, SimTime};

use super::Talk;
use super::call::Visitor;
use super::explain::{explain_command, explain_pop3};
use super::mailbox::{Stored, contents};
use super::store_call::StoreCall;

/// A conversation with a POP3 server.
#[derive(Debug)]
pub struct Pop3Talk<'s, 'k, S: FactSink> {
    call: StoreCall<'s, 'k, S>,
    state: State,
    latest: String,
}

/// The states of RFC 1939 §3; UPDATE lasts no time.
#[derive(Debug)]
enum State {
    Authorization { user: Option<String> },
    Transaction { maildrop: Vec<(Stored, bool)> },
}

impl<'s, 'k, S: FactSink> Pop3Talk<'s, 'k, S> {
    /// Returns a conversation of `visitor` in a world that is held at the time of the call.
    #[must_use]
    pub fn new(scenario: &'s Scenario, moment: Moment<'s, 'k, S>, visitor: Visitor) -> Self {
        let call = StoreCall::new(scenario, moment, visitor);
        Self { call, state: State::Authorization { user: None }, latest: String::new() }
    }

    fn answer(&mut self, text: impl Into<String>) -> Vec<Line> {
        self.latest = text.into();
        vec![self.call.says(self.latest.clone())]
    }

    fn many(&mut self, first: String, lines: Vec<String>) -> Vec<Line> {
        let mut all = self.answer(first);
        all.extend(lines.iter().map(|line| self.call.says(stuffed(line))));
        all.push(self.call.says("."));
        all
    }

    fn command(&mut self, line: &str) -> Vec<Line> {
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let arguments: Vec<&str> = words.collect();
        match verb.as_str() {
            "QUIT" => return self.quit(),
            "CAPA" => {
                let offers = ["USER", "UIDL", "TOP", "RESP-CODES"].map(str::to_owned);
                return self.many("+OK capabilities follow".to_owned(), offers.to_vec());
            }
            _ => {}
        }
        match &self.state {
            State::Authorization { .. } => self.authorization(&verb, &arguments),
            State::Transaction { .. } => self.transaction(&verb, &arguments),
        }
    }

    fn authorization(&mut self, verb: &str, arguments: &[&str]) -> Vec<Line> {
        let State::Authorization { user } = &mut self.state else { return Vec::new() };
        match (verb, arguments) {
            ("USER", [name]) => {
                *user = Some((*name).to_owned());
                // Whether there is such a mailbox is not told before the password.
                self.answer("+OK")
            }
            ("USER", _) => self.answer("-ERR USER needs a name"),
            ("PASS", []) => self.answer("-ERR PASS needs a password"),
            ("PASS", _) => match user.take() {
                None => self.answer("-ERR USER comes first"),
                Some(name) => match self.call.mailbox(&name) {
                    Some(mailbox) => self.open(mailbox),
                    None => self.answer("-ERR [AUTH] authentication failed"),
                },
            },
            (known, _) if TRANSACTION.contains(&known) => {
                self.answer("-ERR not now: USER and PASS come first")
            }
            _ => self.answer("-ERR unknown command"),
        }
    }

    /// The maildrop is as it is now until QUIT (RFC 1939 §4: it is locked).
    fn open(&mut self, mailbox: Mailbox) -> Vec<Line> {
        let now = self.call.now();
        let all = contents(self.call.scenario, mailbox);
        // POP3 knows one mailbox: Junk is another folder.
        let here = all.into_iter().filter(|stored| !stored.junk);
        let here = here.filter(|stored| stored.from <= now && now < stored.until);
        let maildrop: Vec<(Stored, bool)> = here.map(|stored| (stored, false)).collect();
        let count = maildrop.len();
        let octets: u64 = maildrop.iter().map(|(stored, _)| stored.size.get()).sum();
        self.state = State::Transaction { maildrop };
        let noun = if count == 1 { "message" } else { "messages" };
        self.answer(format!("+OK maildrop has {count} {noun} ({octets} octets)"))
    }

    fn transaction(&mut self, verb: &str, arguments: &[&str]) -> Vec<Line> {
        match (verb, arguments) {
            ("NOOP", _) => self.answer("+OK"),
            ("STAT", _) => {
                let left = self.left();
                let octets: u64 = left.iter().map(|(_, stored)| stored.size.get()).sum();
                let count = left.len();
                self.answer(format!("+OK {count} {octets}"))
            }
            ("LIST", _) => self.scan(arguments, |stored| stored.size.get().to_string()),
            ("UIDL", _) => self.scan(arguments, |stored| stored.name.clone()),
            ("RETR", [number]) => match self.numbered(number) {
                Ok(stored) => self.retrieve(&stored),
                Err(error) => self.answer(error),
            },
            ("TOP", [number, lines]) => match (self.numbered(number), lines.parse::<u64>()) {
                (Ok(stored), Ok(lines)) => self.top(&stored, lines),
                (Err(error), _) => self.answer(error),
                (_, Err(_)) => self.answer("-ERR TOP needs a number of lines"),
            },
            ("DELE", [number]) => match self.numbered(number) {
                Ok(stored) => self.delete(&stored.name),
                Err(error) => self.answer(error),
            },
            ("RSET", _) => {
                if let State::Transaction { maildrop } = &mut self.state {
                    maildrop.iter_mut().for_each(|(_, deleted)| *deleted = false);
                }
                self.answer("+OK no message is marked any more")
            }
            ("RETR" | "DELE" | "TOP", _) => self.answer("-ERR wrong number of arguments"),
            ("USER" | "PASS", _) => self.answer("-ERR the mailbox is open already"),
            _ => self.answer("-ERR unknown command"),
        }
    }

    /// Messages not marked, with their numbers.
    fn left(&self) -> Vec<(usize, &Stored)> {
        let State::Transaction { maildrop } = &self.state else { return Vec::new() };
        let numbered = (1..).zip(maildrop).filter(|(_, (_, deleted))| !deleted);
        numbered.map(|(number, (stored, _))| (number, stored)).collect()
    }

    fn numbered(&self, text: &str) -> Result<Stored, &'static str> {
        let number: usize = text.parse().map_err(|_| "-ERR a message is named by its number")?;
        let left = self.left();
        let found = left.iter().find(|(other, _)| *other == number);
        found.map(|(_, stored)| (*stored).clone()).ok_or("-ERR no such message")
    }

    fn scan(&mut self, arguments: &[&str], what: impl Fn(&Stored) -> String) -> Vec<Line> {
        if let [number] = arguments {
            let found =
                self.numbered(number).map(|stored| format!("+OK {number} {}", what(&stored)));
            return self.answer(found.unwrap_or_else(str::to_owned));
        }
        let lines: Vec<String> = self
            .left()
            .iter()
            .map(|(number, stored)| format!("{number} {}", what(stored)))
            .collect();
        self.many("+OK".to_owned(), lines)
    }

    fn retrieve(&mut self, stored: &Stored) -> Vec<Line> {
        let mut lines = stored.header.clone();
        lines.extend([String::new(), stored.body_in_words()]);
        self.call.receive(stored.size);
        self.many(format!("+OK {} octets", stored.size.get()), lines)
    }

    fn top(&mut self, stored: &Stored, count: u64) -> Vec<Line> {
        let mut lines = stored.header.clone();
        lines.push(String::new());
        if count > 0 {
            lines.push(stored.body_in_words());
        }
        self.many("+OK".to_owned(), lines)
    }

    fn delete(&mut self, name: &str) -> Vec<Line> {
        if let State::Transaction { maildrop } = &mut self.state {
            maildrop.iter_mut().filter(|(s, _)| s.name == name).for_each(|(_, d)| *d = true);
        }
        self.answer("+OK marked; it goes at QUIT")
    }

    fn quit(&mut self) -> Vec<Line> {
        let deleted = match &self.state {
            State::Transaction { maildrop } => maildrop.iter().filter(|(_, d)| *d).count(),
            State::Authorization { .. } => 0,
        };
        let text = match deleted {
            0 => "+OK bye".to_owned(),
            1 => "+OK bye (1 message deleted)".to_owned(),
            count => format!("+OK bye ({count} messages deleted)"),
        };
        let mut lines = self.answer(text);
        lines.push(self.call.happens("the server closes the connection"));
        self.call.over = true;
        lines
    }
}

/// RFC 1939 §3: a line that begins with a dot gets another one.
fn stuffed(line: &str) -> String {
    if line.starts_with('.') { format!(".{line}") } else { line.to_owned() }
}

const TRANSACTION: [&str; 9] =
    ["STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET", "NOOP", "LAST"];

impl<S: FactSink> Talk for Pop3Talk<'_, '_, S> {
    fn begin(&mut self) -> Vec<Line> {
        let greeting = format!("+OK {} POP3 ready", self.call.store_name());
        self.latest.clone_from(&greeting);
        self.call.begin(&greeting)
    }

    fn hear(&mut self, line: &str) -> Vec<Line> {
        if self.call.over {
            return Vec::new();
        }
        match self.call.exchange() {
            Ok(()) => self.command(line),
            Err(lost) => vec![lost],
        }
    }

    fn wait(&mut self, time: SimDuration) -> Vec<Line> {
        vec![self.call.wait(time)]
    }

    fn explain(&self, about: &str) -> String {
        if about.is_empty() {
            explain_pop3(&self.latest, &self.call.examples())
        } else {
            explain_command(about)
        }
    }

    fn now(&self) -> SimTime {
        self.call.now()
    }

    fn is_over(&self) -> bool {
        self.call.over
    }
}
