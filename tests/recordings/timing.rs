//! Case 14: when each reply of a session reaches the client, over links of known delay.

use mailsim::simulation::Simulation;
use mailsim::trace::{AttemptFact, Fact, FactLog};
use mailsim::units::SimTime;
use serde::Deserialize;

use crate::timing_scenario::{RELAY, scenario};

/// The recording.
#[derive(Debug, Deserialize)]
pub(crate) struct TimingRecording {
    sessions: Vec<Session>,
}

/// One delivery over an emulated link.
#[derive(Debug, Deserialize)]
pub(crate) struct Session {
    rtt_ms: f64,
    pub(crate) rate_mbit: Option<f64>,
    pub(crate) server: String,
    pub(crate) starttls: Option<String>,
    pub(crate) size_bytes: u64,
    pub(crate) recipients: usize,
    pub(crate) messages: usize,
    dropped_packets: u64,
    tcp: Vec<Connection>,
}

/// One connection: runs of payload in one direction, with their time since the client's SYN [s]
/// as seen at the client.
#[derive(Debug, Deserialize)]
struct Connection {
    payload_bursts: Vec<(f64, String, u64)>,
}

/// Names and times [s] of the replies of one transaction.
type Replies = Vec<(&'static str, f64)>;

impl Session {
    pub(crate) fn pipelines(&self) -> bool {
        self.server != "no_pipelining"
    }

    /// The names of the replies of a first transaction, in order, without those of the handshake
    /// and of single recipients, which stand as empty names.
    fn reply_names(&self) -> Vec<&'static str> {
        let mut names = vec!["greeting", "EHLO"];
        if self.starttls.is_some() {
            names.extend(["", "", "", "EHLO after TLS"]);
        }
        names.extend(self.transaction_names());
        names
    }

    fn transaction_names(&self) -> Vec<&'static str> {
        if self.pipelines() {
            return vec!["MAIL, RCPT and DATA", "dot"];
        }
        let mut names = vec!["MAIL"];
        names.resize(self.recipients, "");
        names.extend(["RCPT", "DATA", "dot"]);
        names
    }

    fn what(&self) -> String {
        let tls =
            self.starttls.as_ref().map_or(String::new(), |version| format!(", TLS {version}"));
        let rate = self.rate_mbit.map_or(String::new(), |rate| format!(", {rate} Mbit/s"));
        format!(
            "{}{tls}, {} ms{rate}, {} octets, {} recipients",
            self.server, self.rtt_ms, self.size_bytes, self.recipients
        )
    }
}

/// Returns which reply times disagree, in words.
///
/// # Errors
/// What the recording says and the model does not know.
pub(crate) fn disagreements(recording: &TimingRecording) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for session in recording.sessions.iter().filter(|session| session.rtt_ms > 0.0) {
        let undelayed = baseline(recording, session);
        let attempts = simulate(session, session.rtt_ms)?;
        let at_once = simulate(session, 0.0)?;
        let fresh = predicted(session, &attempts, &at_once, 1)
            .ok_or_else(|| format!("{}: no session of its own was run", session.what()))?;
        for connection in &session.tcp {
            let (first, reused) = recorded(session, connection);
            check(session, "", &first, &undelayed, &fresh, &mut found);
            if let Some(reused) = reused {
                let fresh_times = |name: &str| find(&undelayed, name).unwrap_or(0.0);
                // Of a session without delay only the length of the transaction is known.
                let base = fresh_times("EHLO");
                let undelayed = undelayed.iter().map(|(name, at)| (*name, at - base)).collect();
                match predicted(session, &attempts, &at_once, 2) {
                    Some(run) => {
                        check(session, "reused, ", &reused, &undelayed, &run, &mut found);
                    }
                    None => found.push(format!("{}: no connection is reused", session.what())),
                }
            }
        }
    }
    found.dedup();
    Ok(found)
}

fn check(
    session: &Session,
    which: &str,
    recorded: &Replies,
    undelayed: &Replies,
    predicted: &Replies,
    found: &mut Vec<String>,
) {
    let tolerance = session.rtt_ms / 2000.0;
    for (name, at) in recorded {
        if *name == "dot" && session.dropped_packets > 0 {
            // The body was sent in part twice, and the model knows no loss.
            continue;
        }
        let observed = at - find(undelayed, name).unwrap_or(0.0);
        let Some(expected) = find(predicted, name) else {
            found.push(format!("{}: the run has no reply to {name}", session.what()));
            continue;
        };
        if (observed - expected).abs() > tolerance {
            found.push(format!(
                "{}: {which}reply to {name}: observed {observed:.3} s, predicted {expected:.3} s",
                session.what()
            ));
        }
    }
}

fn find(replies: &Replies, name: &str) -> Option<f64> {
    replies.iter().find(|(known, _)| *known == name).map(|(_, at)| *at)
}

/// Returns the reply times of the same kind of session without delay.
///
/// TLS and further recipients were not recorded without delay; they cost nothing there that would
/// count. Nor were sessions of limited rate: where the wire is slow, the time that a body takes at
/// full speed passes while the wire is busy anyway, so what is taken off is that of a small body.
fn baseline(recording: &TimingRecording, session: &Session) -> Replies {
    let same = recording.sessions.iter().filter(|other| {
        let same_size = session.rate_mbit.is_some() || other.size_bytes == session.size_bytes;
        other.rtt_ms == 0.0 && other.pipelines() == session.pipelines() && same_size
    });
    let same = same.min_by_key(|other| other.size_bytes);
    same.and_then(|other| Some(recorded(other, other.tcp.first()?).0)).unwrap_or_default()
}

/// Returns the recorded replies of a connection's first transaction and, from the moment its RSET
/// was sent, of its second one.
fn recorded(session: &Session, connection: &Connection) -> (Replies, Option<Replies>) {
    let bursts = &connection.payload_bursts;
    let replies: Vec<f64> = bursts.iter().filter(|b| b.1 == "<").map(|b| b.0).collect();
    let sent: Vec<f64> = bursts.iter().filter(|b| b.1 == ">").map(|b| b.0).collect();
    let names = session.reply_names();
    let named = |names: &[&'static str], times: &[f64], origin: f64| -> Replies {
        let pairs = names.iter().copied().zip(times.iter().map(|at| at - origin));
        pairs.filter(|(name, _)| !name.is_empty()).collect()
    };
    let first = named(&names, &replies, 0.0);
    let second = (session.messages > 1 && replies.len() > names.len() + 1).then(|| {
        // Behind the first dot's reply the client sends RSET, whose reply is not named.
        let origin = sent.iter().copied().find(|&at| at > replies[names.len() - 1]);
        let mut names_again = vec![""];
        names_again.extend(session.transaction_names());
        named(&names_again, &replies[names.len()..], origin.unwrap_or(0.0))
    });
    (first, second)
}

/// Returns the run's replies in a transaction that is the `transaction`-th of its connection,
/// since the client began, less those of a session without delay.
fn predicted(
    session: &Session,
    attempts: &[AttemptFact],
    at_once: &[AttemptFact],
    transaction: u32,
) -> Option<Replies> {
    let delayed = attempts.iter().find(|attempt| attempt.transaction == transaction)?;
    let undelayed = at_once.iter().find(|attempt| attempt.transaction == transaction);
    let since = |attempt: &AttemptFact, mark: SimTime| {
        if mark == SimTime::MAX { 0.0 } else { mark.since(attempt.started).as_secs_f64() }
    };
    let group = if session.pipelines() { "MAIL, RCPT and DATA" } else { "DATA" };
    let marks = |attempt: &AttemptFact| {
        let marks = attempt.marks;
        [
            ("greeting", marks.greeting),
            ("EHLO", marks.ehlo),
            ("EHLO after TLS", marks.tls),
            ("MAIL", marks.mail),
            ("RCPT", marks.rcpt),
            (group, marks.data),
            ("dot", marks.dot),
        ]
    };
    let pairs = marks(delayed).into_iter().enumerate().filter(|(_, (_, at))| *at != SimTime::MAX);
    let replies = pairs.map(|(index, (name, at))| {
        let base = undelayed.map_or(0.0, |attempt| since(attempt, marks(attempt)[index].1));
        (name, since(delayed, at) - base)
    });
    Some(replies.collect())
}

/// Runs the session's messages and returns the tries of the relay.
fn simulate(session: &Session, rtt_ms: f64) -> Result<Vec<AttemptFact>, String> {
    let scenario = scenario(session, rtt_ms)?;
    let mut log = FactLog::default();
    let _ = Simulation::new(&scenario).run(&mut log);
    let attempts = log.facts.into_iter().filter_map(|(_, fact)| match fact {
        Fact::Attempt(attempt) if attempt.from == RELAY => Some(attempt),
        _ => None,
    });
    Ok(attempts.collect())
}
