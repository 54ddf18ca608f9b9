//! Case 16: how long clients took to fetch their mail from Dovecot by POP3 and IMAP, step by step.

use mailsim::access::{Fetched, PollInterval, Protocol, Session, VisitCost, idle_push, visit};
use mailsim::units::{BitRate, Octets, SimDuration};
use serde::Deserialize;

/// The recording.
#[derive(Debug, Deserialize)]
pub(crate) struct RetrievalRecording {
    runs: Vec<Run>,
}

/// One mailbox fetched by each protocol over an emulated link.
#[derive(Debug, Deserialize)]
struct Run {
    rtt_ms: u64,
    rate_mbit: Option<u64>,
    n_messages: u64,
    size_bytes: u64,
    results: Vec<Fetching>,
    idle_push_s: Vec<f64>,
    dropped: u64,
}

/// One session.
#[derive(Debug, Deserialize)]
struct Fetching {
    protocol: String,
    /// Names and durations [s], as the client sees them.
    steps: Vec<(String, f64)>,
}

/// The emulator's own delay: it adds up to this to each round trip (the plain handshake took 50.3
/// to 53.1 ms for a nominal 50 ms) [s].
const EMULATOR: f64 = 0.001;
/// Starting a process took up to this on the machine of the recordings [s].
const PROCESS_START: f64 = 0.3;
/// Octets of a short reply and of what surrounds a message, about. They take less than a tenth of a
/// millisecond on the links of the recording.
const STATUS: Octets = Octets(50);
/// Octets that a listing has for each message: numbers and sizes, unique ids, flags, headers.
const LINES: [(&str, Octets); 4] = [
    ("LIST", Octets(10)),
    ("UIDL", Octets(21)),
    ("FETCH 1:* (FLAGS SIZE)", Octets(49)),
    ("FETCH 1:* headers", Octets(107)),
];

impl Run {
    fn round_trip(&self) -> SimDuration {
        SimDuration::from_millis(self.rtt_ms)
    }

    fn rate(&self) -> Option<BitRate> {
        self.rate_mbit.map(|rate| BitRate::from_bits_per_second(rate * 1_000_000))
    }

    fn steps_of(&self, protocol: &str) -> Option<&[(String, f64)]> {
        let fetching = self.results.iter().find(|fetching| fetching.protocol == protocol)?;
        Some(&fetching.steps)
    }

    /// Returns what a whole visit of the model costs.
    fn visit(&self, protocol: Protocol) -> (VisitCost, Vec<Fetched>) {
        let sizes = vec![Octets(self.size_bytes); self.n_messages as usize];
        let mut fetched = Vec::new();
        let cost = visit(protocol, self.round_trip(), self.rate(), &sizes, 0, &mut fetched);
        (cost, fetched)
    }

    fn what(&self) -> String {
        format!("{} messages of {} octets, {} ms", self.n_messages, self.size_bytes, self.rtt_ms)
    }
}

/// Returns which steps disagree, in words.
///
/// # Errors
/// What the recording says and the model does not know.
pub(crate) fn disagreements(recording: &RetrievalRecording) -> Result<Vec<String>, String> {
    let undelayed = recording.runs.iter().find(|run| run.rtt_ms == 0);
    let undelayed = undelayed.ok_or("no session without delay was recorded")?;
    let mut found = Vec::new();
    for run in &recording.runs {
        if run.dropped > 0 {
            return Err(format!("{}: the model knows no loss", run.what()));
        }
        for &push in &run.idle_push_s {
            let predicted = idle_push(run.round_trip()).as_secs_f64();
            check(run, "the announcement to IDLE", push, predicted, 1, &mut found);
        }
        for (protocol, kept) in [("pop3", POP3), ("imap", IMAP)] {
            let (steps, base) = run
                .steps_of(protocol)
                .zip(undelayed.steps_of(protocol))
                .ok_or(format!("{}: there is no session of {protocol}", run.what()))?;
            check_steps(run, steps, |step| machine_time(run, undelayed, base, step), &mut found)?;
            if run.rtt_ms > 0 {
                check_visit(run, kept, steps, &mut found);
            }
        }
    }
    Ok(found)
}

const EVERY: PollInterval = PollInterval::Fixed(SimDuration::from_minutes(10));
const POP3: Protocol = Protocol::Pop3 { every: EVERY, delete: true };
const IMAP: Protocol = Protocol::Imap { every: EVERY };

/// Returns what the machines took for a step in the session without delay.
fn machine_time(run: &Run, undelayed: &Run, base: &[(String, f64)], step: usize) -> f64 {
    let (name, time) = &base[step];
    let each_message =
        if is_for_each(name) { run.n_messages as f64 / undelayed.n_messages as f64 } else { 1.0 };
    time * each_message
}

/// Returns whether a step has a command for each message.
fn is_for_each(name: &str) -> bool {
    name.ends_with("x n") || name.contains("each of n")
}

/// Goes through a session with the client's commands; each step has its round trips and the time of
/// what is sent.
fn check_steps(
    run: &Run,
    steps: &[(String, f64)],
    machine_time: impl Fn(usize) -> f64,
    found: &mut Vec<String>,
) -> Result<(), String> {
    let mut session = Session::new(run.round_trip(), run.rate());
    for (index, (name, recorded)) in steps.iter().enumerate() {
        let before = session.cost();
        take_step(&mut session, run, name)?;
        let duration = (session.cost().duration - before.duration).as_secs_f64();
        let round_trips = session.cost().round_trips - before.round_trips;
        if starts_process(name) {
            // How long that takes has nothing to do with the session without delay.
            let late = recorded - duration;
            if !(0.0..=PROCESS_START).contains(&late) {
                found.push(disagreement(run, name, *recorded, duration));
            }
        } else if run.rtt_ms > 0 {
            let recorded = recorded - machine_time(index);
            check(run, name, recorded, duration, round_trips, found);
        }
    }
    Ok(())
}

/// Returns whether the server starts a process for a step.
fn starts_process(name: &str) -> bool {
    name.starts_with("connect")
}

fn take_step(session: &mut Session, run: &Run, name: &str) -> Result<(), String> {
    let (count, body) = (run.n_messages, Octets(run.size_bytes) + STATUS);
    if let Some((_, line)) = LINES.iter().find(|(listing, _)| *listing == name) {
        session.command(STATUS + *line * count);
        return Ok(());
    }
    match name {
        "connect+greeting" => session.connect(STATUS),
        "connect+greeting(+CAPABILITY by imaplib)" => {
            session.connect(STATUS);
            session.command(STATUS);
        }
        "USER" | "PASS" | "STAT" | "QUIT" | "LOGIN" | "SELECT" | "SEARCH ALL" | "STORE 1:*"
        | "CLOSE" | "LOGOUT" => session.command(STATUS),
        "RETR x n" | "FETCH each of n RFC822 one by one" => session.commands(count, body),
        "FETCH 1:* whole bodies in one command" => session.command(body * count),
        "DELE x n" => session.commands(count, STATUS),
        other => return Err(format!("the step `{other}` is not known")),
    }
    Ok(())
}

/// Compares the model's own visit from login to its end: it leaves out what no reader does, the
/// second fetch of all bodies.
fn check_visit(run: &Run, protocol: Protocol, steps: &[(String, f64)], found: &mut Vec<String>) {
    let (cost, fetched) = run.visit(protocol);
    let kept = || steps.iter().filter(|(name, _)| !name.contains("in one command"));
    let recorded: f64 = kept().map(|(_, time)| time).sum();
    let late = recorded - cost.duration.as_secs_f64();
    // The machines' time is in proportion to what they do: some milliseconds for each command.
    let allowed = PROCESS_START + 0.003 * cost.round_trips as f64;
    if !(0.0..=allowed).contains(&late) {
        found.push(disagreement(run, "a whole visit", recorded, cost.duration.as_secs_f64()));
    }
    let until_fetched = kept().position(|(name, _)| is_for_each(name)).unwrap_or(0);
    let recorded: f64 = kept().take(until_fetched + 1).map(|(_, time)| time).sum();
    let last = fetched.last().map_or(0.0, |message| message.offset.as_secs_f64());
    if !(0.0..=allowed).contains(&(recorded - last)) {
        found.push(disagreement(run, "a visit until all is fetched", recorded, last));
    }
}

/// The recorded time must be the predicted one within half a round trip, with the emulator's own
/// delay allowed for.
fn check(
    run: &Run,
    what: &str,
    recorded: f64,
    predicted: f64,
    round_trips: u64,
    found: &mut Vec<String>,
) {
    let half = (run.round_trip().as_secs_f64() / 2.0).max(0.005);
    let emulator = EMULATOR * round_trips as f64;
    if !(-half..=half + emulator).contains(&(recorded - predicted)) {
        found.push(disagreement(run, what, recorded, predicted));
    }
}

fn disagreement(run: &Run, what: &str, recorded: f64, predicted: f64) -> String {
    format!("{}: {what}: observed {recorded:.3} s, predicted {predicted:.3} s", run.what())
}
