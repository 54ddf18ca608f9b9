//! The run as the page's player takes it, read back from `trace.jsonl`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::error::ReportError;
use super::picture::Picture;
use super::place::Place;

/// What the page holds as JSON; `src/player/source/run.ts` is the reading side.
#[derive(Serialize)]
struct Page<'a> {
    name: &'a str,
    title: &'a str,
    question: &'a str,
    #[serde(rename = "lookFor")]
    look_for: &'a str,
    duration: f64,
    seed: u64,
    capped: bool,
    #[serde(rename = "talkCapped")]
    talk_capped: bool,
    facts: u64,
    #[serde(flatten)]
    picture: Picture,
    outages: Vec<Value>,
    #[serde(rename = "queuesEvery")]
    queues_every: f64,
    queues: Vec<(String, Vec<(f64, u64)>)>,
    totals: Vec<Value>,
    events: Vec<Value>,
}

/// What is gathered from the lines of the file.
#[derive(Default)]
struct Gathered {
    outages: Vec<Value>,
    queues: BTreeMap<String, Vec<(f64, u64)>>,
    /// Time, recipients written to, delivered, given up, and mailboxes that have changed.
    totals: Vec<Value>,
    events: Vec<Value>,
    /// Dialogues by delivery and beginning, as the lines spell them.
    dialogues: BTreeMap<(String, String), Value>,
    /// Received fields by message, recipient, host and time.
    fields: BTreeMap<[String; 4], Value>,
}

/// What the page says of a run besides what is in its trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// What it is called beside another; empty if it is alone.
    pub(super) name: &'a str,
    pub(super) title: &'a str,
    pub(super) question: &'a str,
    pub(super) look_for: &'a str,
    pub(super) seed: u64,
    /// Its length in seconds; none: as the trace says.
    pub(super) duration: Option<f64>,
}

/// Returns the JSON of the page's player; none if there is no trace of this name.
pub(super) fn player_data(
    place: Place<'_>,
    name: &str,
    about: About<'_>,
) -> Result<Option<String>, ReportError> {
    let path = place.path(name);
    let Ok(file) = place.open(name) else {
        return Ok(None);
    };
    let bad = |problem: String| ReportError::BadFile { path: path.clone(), problem };
    let mut lines = BufReader::new(file).lines();
    let mut next = || -> Result<Option<Value>, ReportError> {
        let Some(line) = lines.next() else { return Ok(None) };
        let line = line.map_err(|cause| ReportError::io("read", &path, cause))?;
        serde_json::from_str(&line).map(Some).map_err(|error| bad(error.to_string()))
    };
    let head = next()?.unwrap_or_default();
    let mut gathered = Gathered::default();
    while let Some(line) = next()? {
        gathered.take(line);
    }
    gathered.join();
    let picture = serde_json::from_value(head["picture"].clone()).unwrap_or_default();
    let page = Page {
        name: about.name,
        title: about.title,
        question: about.question,
        look_for: about.look_for,
        duration: about.duration.or_else(|| head["duration"].as_f64()).unwrap_or_default(),
        seed: about.seed,
        capped: head["capped"].as_bool().unwrap_or(false),
        talk_capped: head["talk_capped"].as_bool().unwrap_or(false),
        facts: head["facts"].as_u64().unwrap_or(0),
        picture,
        outages: gathered.outages,
        queues_every: head["queues_every"].as_f64().unwrap_or(0.0),
        queues: gathered.queues.into_iter().collect(),
        totals: gathered.totals,
        events: gathered.events,
    };
    json_in_page(&page).map(Some).map_err(bad)
}

/// Returns a value as JSON that may stand inside a script element.
pub(super) fn json_in_page(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map(|text| inside_script(&text)).map_err(|error| error.to_string())
}

/// Returns JSON as it may stand inside a script element: nothing that a scenario says may end it.
#[must_use]
pub fn inside_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Spells a value for use as a key.
fn spelt(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Gathered {
    fn take(&mut self, line: Value) {
        let Value::Object(mut fact) = line else { return };
        let kind = fact.remove("fact").map(|kind| spelt(&kind)).unwrap_or_default();
        let number = |fact: &Map<String, Value>, key: &str| fact[key].as_f64().unwrap_or(0.0);
        match kind.as_str() {
            "outage" => {
                if fact.get("to").is_none_or(Value::is_null) {
                    fact.insert("to".to_owned(), json!(1e18));
                }
                self.outages.push(Value::Object(fact));
            }
            "queues" => {
                let waiting: u64 = ["incoming", "active", "deferred"]
                    .iter()
                    .map(|key| fact[*key].as_u64().unwrap_or(0))
                    .sum();
                let samples = self.queues.entry(spelt(&fact["host"])).or_default();
                samples.push((number(&fact, "t"), waiting));
            }
            "totals" => {
                let keys = ["t", "written", "delivered", "given_up", "stored"];
                self.totals.push(keys.into_iter().map(|key| fact[key].take()).collect());
            }
            "dialogue" => {
                let key = (spelt(&fact["delivery"]), spelt(&fact["started"]));
                self.dialogues.insert(key, fact["lines"].take());
            }
            "field" => {
                let key = ["id", "to", "host", "t"].map(|key| spelt(&fact[key]));
                self.fields.insert(key, fact["text"].take());
            }
            _ => self.events.extend(event(&kind, fact)),
        }
    }

    /// Gives each try its dialogue and each acceptance its field.
    fn join(&mut self) {
        for event in &mut self.events {
            match event["kind"].as_str() {
                Some("attempt") => {
                    let key = (spelt(&event["delivery"]), spelt(&event["started"]));
                    let lines = self.dialogues.get(&key).cloned();
                    event["dialogue"] = lines.unwrap_or_else(|| json!([]));
                    if let Some(event) = event.as_object_mut() {
                        event.remove("delivery");
                    }
                }
                Some("accepted") => {
                    let key = ["id", "to", "host", "t"].map(|key| spelt(&event[key]));
                    let text = self.fields.get(&key).cloned();
                    event["field"] = text.unwrap_or_else(|| json!(""));
                }
                _ => {}
            }
        }
    }
}

/// Returns a line as an event of the player, in the player's words.
fn event(kind: &str, mut fact: Map<String, Value>) -> Option<Value> {
    let mut take = |key: &str| fact.remove(key).unwrap_or(Value::Null);
    let text = |value: Value| if value.is_null() { json!("") } else { value };
    Some(match kind {
        "created" => json!({
            "kind": "created", "t": take("t"), "id": take("id"), "to": take("to"),
            "host": take("host"), "sender": text(take("sender")), "what": take("kind"),
            "about": text(take("about")), "octets": take("octets"), "named": text(take("named")),
        }),
        "accepted" => json!({
            "kind": "accepted", "t": take("t"), "id": take("id"), "to": take("to"),
            "host": take("host"),
        }),
        "lookup" => json!({
            "kind": "lookup", "t": take("t"), "host": take("host"), "domain": take("domain"),
            "outcome": take("outcome"),
        }),
        "attempt" => json!({
            "kind": "attempt", "t": take("ended"), "id": take("id"), "to": take("to"),
            "from": take("from_host"), "host": text(take("to_host")), "started": take("started"),
            "stage": take("stage"), "outcome": take("outcome"), "reply": take("reply"),
            "status": take("status"), "next": take("next"), "preference": take("mx"),
            "delivery": take("delivery"),
        }),
        "final" => json!({
            "kind": "ended", "t": take("t"), "id": take("id"), "to": take("to"),
            "host": take("host"), "outcome": take("outcome"), "status": take("status"),
            "received": take("received"), "duplicate": take("duplicate"),
        }),
        "screened" => json!({
            "kind": "screened", "t": take("t"), "id": take("id"), "to": take("to"),
            "host": take("host"), "verdict": take("verdict"), "text": take("text"),
        }),
        "junk" => json!({ "kind": "junk", "t": take("t"), "id": take("id"), "to": take("to") }),
        "retrieved" => json!({
            "kind": "retrieved", "t": take("t"), "id": take("id"), "to": take("to"),
            "by": take("by"), "device": text(take("device")), "host": text(take("host")),
            "idle": take("idle") == json!(true), "removed": take("removed"),
        }),
        "open" => json!({
            "kind": "open", "t": take("t"), "id": take("id"), "to": take("to"),
            "host": take("host"), "state": take("state"),
        }),
        _ => return None,
    })
}
