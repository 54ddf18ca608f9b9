//! The experiment with a real Postfix, in namespaces of its own.
//!
//! The test starts itself again under `unshare`, with a network of which only the loopback
//! interface exists, with its own mounts (`/etc/resolv.conf` there names the scripted name server)
//! and as the first of its own processes: when it ends, the kernel ends all that it started and
//! takes the network down.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::observation::{Arrival, Observation};
use crate::plan::{MAIL, MUA, NAME_SERVER, OBSERVED, OUTAGE, PRIMARY, RELAY, SINKS};
use crate::postfix::{self, Postfix, run};
use crate::submission::{SUBJECT, submit};
use crate::{dns, log, sink};

/// Set to the laboratory's folder in the process that is inside.
const INSIDE: &str = "MAILSIM_LABORATORY";
/// Options of `unshare` that make the laboratory.
const NAMESPACES: [&str; 6] =
    ["--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
/// What the laboratory leaves in its folder.
const RESULT: &str = "observation.json";
/// The whole experiment takes no longer than this beyond what is observed.
const OVERHEAD: Duration = Duration::from_secs(40);

/// Returns what is missing for a laboratory on this machine, and how to get it.
pub(crate) fn what_is_missing() -> Option<String> {
    let mut namespaces = Command::new("unshare");
    if let Err(error) = run(namespaces.args(NAMESPACES).args(["ip", "link", "show"])) {
        return Some(format!("no network namespace (root and package iproute2 needed): {error}"));
    }
    if !Path::new(postfix::COMMAND).exists() {
        return Some(format!("{} is not there (Debian package postfix)", postfix::COMMAND));
    }
    None
}

/// Returns the folder of the laboratory in which this process is, if it is in one.
pub(crate) fn entered() -> Option<std::path::PathBuf> {
    std::env::var_os(INSIDE).map(Into::into)
}

/// Runs the experiment in a laboratory of its own; `test` is the name of the test that shall run
/// again there.
pub(crate) fn observe(test: &str) -> io::Result<Observation> {
    let folder = tempfile::tempdir()?;
    let mut inside = Command::new("unshare")
        .args(NAMESPACES)
        .arg(std::env::current_exe()?)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, folder.path())
        .stdin(Stdio::null())
        .spawn()?;
    let deadline = Instant::now() + Duration::from_secs_f64(OBSERVED) + OVERHEAD;
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
    let addresses = SINKS.iter().chain([&RELAY, &MUA]).map(|host| host.address);
    run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    for address in addresses.chain([NAME_SERVER]) {
        run(Command::new("ip").args(["address", "add", &format!("{address}/24"), "dev", "lo"]))?;
    }
    let resolver = folder.join("resolv.conf");
    fs::write(&resolver, format!("nameserver {NAME_SERVER}\noptions timeout:2 attempts:2\n"))?;
    run(Command::new("mount").arg("--bind").arg(&resolver).arg("/etc/resolv.conf"))?;
    dns::serve()?;
    let log_socket = postfix::prepare(folder)?;
    let server = Postfix::start(folder)?;

    let clock = Clock::at_whole_second();
    let (records, all_records) = channel();
    log::collect(log_socket, clock, records)?;
    let (taken, all_taken) = channel();
    for host in SINKS {
        let outage = (host.address == PRIMARY.address).then_some(OUTAGE);
        sink::serve(host, outage, clock, taken.clone())?;
    }
    let submissions: Vec<_> =
        MAIL.iter().map(|&mail| thread::spawn(move || submit(mail, clock))).collect();
    let mut observation = Observation::default();
    for (mail, submission) in MAIL.iter().zip(submissions) {
        let accepted = submission.join().map_err(|_| io::Error::other("a client panicked"))?;
        let accepted =
            accepted.map_err(|error| io::Error::other(format!("{}: {error}", mail.id)))?;
        observation.accepted.insert(mail.id.to_owned(), accepted);
    }
    clock.sleep_until(OBSERVED);
    drop(server);

    log::read(&all_records.try_iter().collect::<Vec<_>>(), &mut observation);
    for message in all_taken.try_iter() {
        note(&message, &mut observation);
    }
    observation.sort();
    fs::write(folder.join(RESULT), serde_json::to_vec(&observation)?)
}

/// Notes a message that a sink took: a message of the plan, or a notice about one.
fn note(message: &sink::Taken, observation: &mut Observation) {
    let name = message.text.lines().find_map(|line| line.trim_end().strip_prefix(SUBJECT));
    let Some(name) = name.map(str::to_owned) else {
        return;
    };
    if !message.is_notice {
        let arrival = Arrival { host: message.host.to_owned(), at: message.at };
        observation.arrivals.entry(name).or_default().push(arrival);
    } else if message.text.contains("\nAction: delayed") {
        observation.delay_notices.entry(name).or_default().push(message.at);
    } else {
        observation.failure_notices.entry(name).or_default().push(message.at);
    }
}
