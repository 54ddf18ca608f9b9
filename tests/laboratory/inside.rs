//! The experiment with a real server, in namespaces of its own.
//!
//! The test starts itself again under `unshare`, with a network of which only the loopback
//! interface exists, with its own mounts (`/etc/resolv.conf` there names the scripted name server)
//! and as the first of its own processes: when it ends, the kernel ends all that it started and
//! takes the network down.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::experiment::{Experiment, MUA, NAME_SERVER, RELAY};
use super::observation::{Arrival, Observation};
use super::server::{self, Server, run};
use super::submission::{SUBJECT, submit};
use super::{dns, sink};

/// Set to the laboratory's folder in the process that is inside.
const INSIDE: &str = "MAILSIM_LABORATORY";
/// Options of `unshare` that make the laboratory.
const NAMESPACES: [&str; 6] =
    ["--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
/// What the laboratory finds in its folder, and what it leaves there.
const QUESTION: &str = "experiment.json";
const RESULT: &str = "observation.json";
/// The whole experiment takes no longer than this beyond what is observed.
const OVERHEAD: Duration = Duration::from_secs(40);

/// Returns what is missing on this machine for experiments with a server, and how to get it.
pub(crate) fn what_is_missing(server: &str) -> Option<String> {
    let mut namespaces = Command::new("unshare");
    if let Err(error) = run(namespaces.args(NAMESPACES).args(["ip", "link", "show"])) {
        return Some(format!("no network namespace (root and package iproute2 needed): {error}"));
    }
    server::what_is_missing(server)
}

/// Returns the folder of the laboratory in which this process is, if it is in one.
pub(crate) fn entered() -> Option<std::path::PathBuf> {
    std::env::var_os(INSIDE).map(Into::into)
}

/// Makes the experiment in a laboratory of its own; `test` is the name of the test that shall run
/// again there.
pub(crate) fn observe(experiment: &Experiment, test: &str) -> io::Result<Observation> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join(QUESTION), serde_json::to_vec(experiment)?)?;
    let mut inside = Command::new("unshare")
        .args(NAMESPACES)
        .arg(std::env::current_exe()?)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let deadline = Instant::now() + Duration::from_secs_f64(experiment.observed_s) + OVERHEAD;
    let status = loop {
        if let Some(status) = inside.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            // `unshare` takes the laboratory with it.
            inside.kill()?;
            inside.wait()?;
            return Err(io::Error::other("the laboratory did not end in time"));
        }
        thread::sleep(Duration::from_millis(50));
    };
    if !status.success() {
        return Err(io::Error::other(format!("the laboratory failed: {status}")));
    }
    let text = fs::read_to_string(folder.path().join(RESULT))?;
    serde_json::from_str(&text).map_err(io::Error::other)
}

/// What is done inside: the experiment, and its result left in `folder`.
pub(crate) fn experiment(folder: &Path) -> io::Result<()> {
    let question = fs::read_to_string(folder.join(QUESTION))?;
    let experiment: Experiment = serde_json::from_str(&question)?;
    let experiment = Arc::new(experiment);
    let sinks = experiment.sinks.iter().map(|sink| sink.address.as_str());
    run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    for address in sinks.chain([RELAY.1, MUA.1, NAME_SERVER]) {
        run(Command::new("ip").args(["address", "add", &format!("{address}/24"), "dev", "lo"]))?;
    }
    let resolver = folder.join("resolv.conf");
    fs::write(&resolver, format!("nameserver {NAME_SERVER}\noptions timeout:2 attempts:2\n"))?;
    run(Command::new("mount").arg("--bind").arg(&resolver).arg("/etc/resolv.conf"))?;
    dns::serve(Arc::clone(&experiment))?;
    let mut server = Server::start(folder, &experiment)?;

    let clock = Clock::at_whole_second();
    let records = server.collect(clock)?;
    let (taken, all_taken) = channel();
    for place in 0..experiment.sinks.len() {
        sink::serve(&experiment, place, clock, taken.clone())?;
    }
    let submissions: Vec<_> = experiment
        .mail
        .iter()
        .cloned()
        .map(|mail| thread::spawn(move || submit(&mail, clock)))
        .collect();
    let mut observation = Observation::default();
    for (mail, submission) in experiment.mail.iter().zip(submissions) {
        let accepted = submission.join().map_err(|_| io::Error::other("a client panicked"))?;
        let accepted =
            accepted.map_err(|error| io::Error::other(format!("{}: {error}", mail.id)))?;
        observation.accepted.insert(mail.id.clone(), accepted);
    }
    clock.sleep_until(experiment.observed_s);
    server.read(&records, clock, &mut observation)?;
    drop(server);
    for message in all_taken.try_iter() {
        note(&message, &mut observation);
    }
    observation.sort();
    fs::write(folder.join(RESULT), serde_json::to_vec(&observation)?)
}

/// Notes a message that a sink took: a message of the experiment, or a notice about one.
fn note(message: &sink::Taken, observation: &mut Observation) {
    // A notice of OpenSMTPD quotes the header with blanks in front.
    let mut lines = message.text.lines().map(str::trim);
    let Some(name) = lines.find_map(|line| line.strip_prefix(SUBJECT)).map(str::to_owned) else {
        return;
    };
    if !message.is_notice {
        let arrival = Arrival { host: message.host.clone(), at: message.at };
        observation.arrivals.entry(name).or_default().push(arrival);
    } else if is_delay_notice(&message.text) {
        observation.delay_notices.entry(name).or_default().push(message.at);
    } else {
        observation.failure_notices.entry(name).or_default().push(message.at);
    }
}

/// RFC 3464 §2.3.3; Exim says it in the subject.
fn is_delay_notice(text: &str) -> bool {
    let says = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.starts_with("action: delayed") || line.starts_with("subject: warning: message")
    };
    text.lines().any(says)
}
