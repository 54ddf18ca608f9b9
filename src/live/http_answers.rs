//! What the room answers to the HTTP interface.

use std::sync::mpsc::Sender;

use serde_json::{Map, Value, json};

use crate::mail::{AttemptOutcome, MailboxNames as _, MessageKey};
use crate::scenario::{key_text, text_value};
use crate::serve::Response;
use crate::story::Copy;
use crate::trace::Fact;
use crate::units::{SimDuration, SimTime};

use super::clock::Clock;
use super::pending::Pending;
use super::question::{Advance, Filter, Question, Wait};
use super::room::{End, Room};

/// A time as people read it, and as `advance` takes it.
pub(super) fn clock_text(at: SimTime) -> String {
    at.since_start().exact().to_string()
}

/// A time in seconds.
pub(super) fn seconds(at: SimTime) -> f64 {
    at.since_start().as_nanos() as f64 / 1e9
}

type Answer = Result<Response, (u16, String)>;

fn invalid(text: impl std::fmt::Display) -> (u16, String) {
    (422, text.to_string())
}

/// Reads a span of time, with blanks between number and unit or without.
fn span(text: &str) -> Result<SimDuration, (u16, String)> {
    let text: String = text.split_whitespace().collect();
    text.parse().map_err(|error| invalid(format!("{error}; write it as 5min, 90s or 1h30m")))
}

impl Room<'_, '_, '_> {
    /// Answers, now or when time has gone on. An outage has the scenario run again.
    pub(super) fn asked(&mut self, question: Question, answer: Sender<Response>) -> Option<End> {
        self.write_down();
        let made = match question {
            Question::State => Ok(Response::json(200, &self.state())),
            Question::Messages(filter) => {
                Ok(Response::json(200, &Value::Array(self.messages(&filter))))
            }
            Question::Content(name) => self.content(&name),
            Question::Log => Ok(Response::json(200, &self.log())),
            Question::Record => {
                let text = self.context.record(self.journal);
                Ok(Response::new(200, "application/toml; charset=utf-8", text))
            }
            Question::Certificate => {
                let pem = self.context.identity.pem.clone();
                Ok(Response::new(200, "application/x-pem-file", pem))
            }
            Question::Speed(speed) => self.set_speed(speed.speed),
            Question::End => {
                self.context.end();
                Ok(Response::json(200, &json!({})))
            }
            Question::Advance(advance) => match self.target(&advance) {
                Ok(target) => return self.begin(Pending { target, wait: None, answer }),
                Err(error) => Err(error),
            },
            Question::Wait(wait) => match self.awaited(&wait, &answer) {
                Ok(pending) => return self.begin(pending),
                Err(error) => Err(error),
            },
            Question::Outage(keys) => match self.outage(&keys) {
                Ok(tables) => return Some(End::Again { tables, answer }),
                Err(error) => Err(error),
            },
        };
        let response = made
            .unwrap_or_else(|(status, error)| Response::json(status, &json!({ "error": error })));
        // Whoever asked may be gone.
        let _ = answer.send(response);
        None
    }

    fn begin(&mut self, pending: Pending) -> Option<End> {
        if self.visits.pending.is_some() {
            let error = json!({ "error": "time is going on already, as somebody else has asked" });
            let _ = pending.answer.send(Response::json(409, &error));
            return None;
        }
        self.visits.pending = Some(pending);
        None
    }

    fn target(&self, advance: &Advance) -> Result<SimTime, (u16, String)> {
        let now = self.world.now();
        let target = match (&advance.by, &advance.to) {
            (Some(by), None) => now.saturating_add(span(by)?),
            (None, Some(to)) => SimTime::ZERO + span(to)?,
            _ => return Err(invalid("say how far: {\"by\": \"5min\"}, or {\"to\": \"2h\"}")),
        };
        if target < now {
            return Err(invalid(format!("it is {} already", clock_text(now))));
        }
        if target > self.end {
            let end = clock_text(self.end);
            return Err(invalid(format!(
                "the run ends at {end}; start with --set duration=30d for a longer one"
            )));
        }
        Ok(target)
    }

    fn awaited(
        &mut self,
        wait: &Wait,
        answer: &Sender<Response>,
    ) -> Result<Pending, (u16, String)> {
        let most = wait.at_most.as_deref().map(span).transpose()?;
        let target = most.map_or(self.end, |most| self.world.now().saturating_add(most));
        let message = match &wait.message {
            Some(name) => {
                let found = self.key_named(name);
                Some(found.ok_or((404, format!("there is no message {name}")))?)
            }
            None => None,
        };
        let target = target.min(self.end);
        Ok(Pending { target, wait: Some((wait.until, message)), answer: answer.clone() })
    }

    fn set_speed(&mut self, speed: f64) -> Answer {
        if !(0.0..=1e6).contains(&speed) {
            return Err(invalid("a speed lies between 0, where time stands still, and 1000000"));
        }
        self.visits.clock = Clock::new(self.world.now(), speed);
        Ok(Response::json(200, &json!({ "speed": speed })))
    }

    /// Returns an outage from now on, as a table of the scenario. It begins a nanosecond later: what was
    /// taken at this very instant was taken before.
    fn outage(&self, keys: &Map<String, Value>) -> Result<String, (u16, String)> {
        let mut keys = keys.clone();
        let next = self.world.now() + SimDuration::from_nanos(1);
        let now = text_value(&clock_text(next));
        let mut table = "\n[[outage]]\n".to_owned();
        match keys.remove("from") {
            None => table.push_str(&format!("from = {now}\n")),
            Some(Value::String(from)) => {
                let at = SimTime::ZERO + span(&from)?;
                if at < self.world.now() {
                    return Err(invalid("an outage begins now or later, not in the past"));
                }
                let from = clock_text(at.max(next));
                table.push_str(&format!("from = {}\n", text_value(&from)));
            }
            Some(_) => return Err(invalid("`from` is a time as \"1h\"")),
        }
        for (key, value) in keys {
            table.push_str(&format!("{} = {}\n", key_text(&key), toml_of(&value)?));
        }
        Ok(table)
    }

    fn state(&mut self) -> Value {
        let now = self.world.now();
        let (facts, digest) = self.world.sink().digest();
        let doors = self.context.doors.clone();
        let connections: Vec<Value> = self
            .visits
            .connections
            .iter()
            .map(|(caller, one)| {
                let door = doors.get(one.door).cloned().unwrap_or_default();
                json!({ "connection": caller.0, "door": door })
            })
            .collect();
        json!({
            "time": clock_text(now),
            "seconds": seconds(now),
            "end": clock_text(self.end),
            "speed": self.visits.clock.speed(),
            "taken": self.world.taken(),
            "inputs": self.journal.count(),
            "full": self.journal.count() >= self.context.most_inputs,
            "doors": doors,
            "connections": connections,
            "facts": facts,
            "digest": digest,
        })
    }

    fn log(&self) -> Value {
        let line = |(at, connection, text): &super::room::Logged| json!({ "time": clock_text(*at), "connection": connection, "line": text });
        Value::Array(self.visits.log.iter().map(line).collect())
    }

    fn messages(&mut self, filter: &Filter) -> Vec<Value> {
        let scenario = self.world.scenario();
        let entry = u32::try_from(scenario.mail.len()).unwrap_or(u32::MAX);
        let chronicle = self.world.sink();
        let mut found = Vec::new();
        for story in chronicle.stories() {
            let brought = matches!(story.key, MessageKey::Mail { entry: of, .. } if of == entry);
            if filter.brought && !brought
                || filter.id.as_ref().is_some_and(|id| *id != story.key.to_string())
            {
                continue;
            }
            let recipients: Vec<Value> = story
                .copies
                .iter()
                // The first recipient is made last.
                .rev()
                .map(|copy| told(scenario, copy))
                .filter(|copy| {
                    let is = |key: &str, wanted: &Option<String>| {
                        wanted.as_ref().is_none_or(|wanted| {
                            copy[key].as_str().is_some_and(|is| is.eq_ignore_ascii_case(wanted))
                        })
                    };
                    is("to", &filter.to) && is("state", &filter.state)
                })
                .collect();
            let created = &story.copies[0].created;
            let from = created.sender.map(|sender| scenario.mailbox(sender)).unwrap_or_default();
            let wanted = filter.from.as_ref();
            if recipients.is_empty() || wanted.is_some_and(|is| !is.eq_ignore_ascii_case(&from)) {
                continue;
            }
            found.push(json!({
                "id": story.key.to_string(),
                "from": from,
                "at": clock_text(story.at),
                "seconds": seconds(story.at),
                "size": created.size.get(),
                "submitted_by": scenario.host(created.host),
                "brought": brought,
                "recipients": recipients,
            }));
        }
        found
    }

    /// Returns the octets of a message as they were brought; of one of the run there are none.
    fn content(&mut self, name: &str) -> Answer {
        let key = self.key_named(name).ok_or((404, format!("there is no message {name}")))?;
        let content = self.world.sink().content(key);
        let content = content.ok_or((
            404,
            format!("of {name} there is no text: the run made it, and sizes alone are simulated"),
        ))?;
        let text = String::from_utf8_lossy(content).into_owned();
        Ok(Response::new(200, "message/rfc822", text))
    }
}

/// How a recipient fares.
fn told(scenario: &crate::model::Scenario, copy: &Copy) -> Value {
    let mut state = "queued";
    let (mut at, mut host) = (None, None);
    let mut tries = Vec::new();
    for (time, fact) in &copy.facts {
        match fact {
            Fact::Accepted { by, .. } => host = Some(*by),
            Fact::Final { outcome, host: where_it_ended, .. } => {
                (state, at) = (outcome.as_str(), Some(*time));
                host = Some(*where_it_ended);
            }
            Fact::Attempt(attempt) => {
                let reply = attempt.reply.map(|reply| reply.to_string());
                tries.push(json!({
                    "from": scenario.host(attempt.from),
                    "to": attempt.to.map(|to| scenario.host(to)),
                    "at": clock_text(attempt.started),
                    "outcome": attempt.outcome.as_str(),
                    "stage": attempt.stage.as_str(),
                    "reply": reply,
                }));
                if attempt.outcome != AttemptOutcome::Accepted && at.is_none() {
                    state = "queued";
                }
            }
            _ => {}
        }
    }
    json!({
        "to": scenario.mailbox(copy.created.mailbox),
        "state": state,
        "host": host.map(|host| scenario.host(host)),
        "final_at": at.map(clock_text),
        "final_seconds": at.map(seconds),
        "attempts": tries,
    })
}

/// A value of JSON as one of TOML: texts, numbers, flags, and lists of them.
fn toml_of(value: &Value) -> Result<String, (u16, String)> {
    Ok(match value {
        Value::String(text) => text_value(text),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(list) => {
            let items = list.iter().map(toml_of).collect::<Result<Vec<_>, _>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let item = |(key, value): (&String, &Value)| -> Result<String, (u16, String)> {
                Ok(format!("{} = {}", key_text(key), toml_of(value)?))
            };
            let items = map.iter().map(item).collect::<Result<Vec<_>, _>>()?;
            format!("{{ {} }}", items.join(", "))
        }
        Value::Null => return Err(invalid("null says nothing; leave the key out")),
    })
}
