//! An Exim of its own: Debian's program, unpacked in a folder, with what it expects of the machine
//! laid over the laboratory's.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::clock::Clock;
use super::experiment::{Experiment, RELAY};
use super::observation::{Delivery, Observation, Outcome};
use super::records::{Record, Source};
use super::server::{run, unpacked};

/// The program, below its folder.
pub(super) const PROGRAM: &str = "usr/sbin/exim4";
/// The user that Debian's program runs as.
const USER: &str = "Debian-exim:x:991:991::/nonexistent:/usr/sbin/nologin\n";
const GROUP: &str = "Debian-exim:x:991:\n";

/// Settings of the scenario, of which the configuration speaks in its own places.
const QUEUE_INTERVAL: &str = "queue_interval";
const RETRY_RULE: &str = "retry_rule";

/// Starts the server.
pub(super) fn start(folder: &Path, experiment: &Experiment) -> io::Result<(Child, Source)> {
    let (etc, state) = (folder.join("etc"), folder.join("state"));
    fs::create_dir_all(etc.join("exim4"))?;
    for sub in ["spool", "log"] {
        fs::create_dir_all(state.join(sub))?;
    }
    run(Command::new("chmod").arg("755").arg(folder).arg(&state))?;
    run(Command::new("chown").args(["-R", "991:991"]).arg(&state))?;
    for (file, line) in [("passwd", USER), ("group", GROUP)] {
        let known = fs::read_to_string(Path::new("/etc").join(file))?;
        let others = known.lines().filter(|line| !line.starts_with("Debian-exim:"));
        let text: String = others.map(|line| format!("{line}\n")).collect();
        fs::write(etc.join(file), text + line)?;
    }
    fs::write(etc.join("exim4/exim4.conf"), configuration(&state, experiment))?;
    fs::write(etc.join("resolv.conf"), fs::read_to_string("/etc/resolv.conf")?)?;
    let root = unpacked("exim").canonicalize()?;
    for (over, on) in [(root.join("usr/sbin"), "/usr/sbin"), (etc, "/etc")] {
        let lower = format!("lowerdir={}:{on}", over.display());
        run(Command::new("mount").args(["-t", "overlay", "overlay", "-o", &lower, on]))?;
    }
    let interval = setting(experiment, QUEUE_INTERVAL).unwrap_or("3s");
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
    let libraries = libraries.map(|below| root.join(below).display().to_string()).join(":");
    let output = fs::File::create(folder.join("output"))?;
    let process = Command::new("/usr/sbin/exim4")
        .args(["-bdf", &format!("-q{interval}")])
        .env("LD_LIBRARY_PATH", libraries)
        .stdin(Stdio::null())
        .stderr(output.try_clone()?)
        .stdout(output)
        .spawn()?;
    Ok((process, Source::File(state.join("log/mainlog"))))
}

fn setting<'a>(experiment: &'a Experiment, wanted: &str) -> Option<&'a str> {
    let found = experiment.settings.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.as_str())
}

fn configuration(state: &Path, experiment: &Experiment) -> String {
    let state = state.display();
    let own = [QUEUE_INTERVAL, RETRY_RULE];
    let main: String = experiment
        .settings
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect();
    let retry = setting(experiment, RETRY_RULE).unwrap_or_default();
    format!(
        "primary_hostname = {name}\n\
         daemon_smtp_ports = 25\n\
         local_interfaces = <; {address}\n\
         spool_directory = {state}/spool\n\
         log_file_path = {state}/log/%slog\n\
         acl_smtp_rcpt = all\n\
         acl_smtp_data = all\n\
         host_lookup =\n\
         never_users =\n\
         log_selector = +millisec +pid +queue_run\n\
         disable_ipv6 = true\n\
         keep_environment =\n\
         qualify_domain = {name}\n\
         dns_dnssec_ok = 0\n\
         tls_advertise_hosts =\n\
         {main}\
         begin acl\nall:\n  accept\n\
         begin routers\nremote:\n  driver = dnslookup\n  domains = *\n  transport = smtp\n  no_more\n\
         begin transports\nsmtp:\n  driver = smtp\n  interface = {address}\n  hosts_avoid_tls = *\n  \
         hosts_try_dane =\n\
         begin retry\n* * {retry}\n",
        name = RELAY.0,
        address = RELAY.1,
    )
}

/// Reads the time at the beginning of a line, in UTC [s].
pub(super) fn time(line: &str, clock: Clock) -> Option<f64> {
    let clock_of_day = line.split(' ').nth(1)?;
    let mut parts = clock_of_day.split(':').map(str::parse::<f64>);
    let (hours, minutes) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let of_day = hours * 3600.0 + minutes * 60.0 + parts.next()?.ok()?;
    let start = (clock.epoch_s % 86_400) as f64;
    // An experiment may run past midnight.
    Some(if of_day < start - 43_200.0 { of_day + 86_400.0 - start } else { of_day - start })
}

/// Adds what the log tells: deliveries, and queue runs.
pub(super) fn read(records: &[Record], observation: &mut Observation) {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for record in records {
        // `2026-11-30 12:00:00.123 [77] 1abcde-000000-0A <= m1@src.test …`
        let Some((_, said)) = record.text.split_once("] ") else { continue };
        if said.starts_with("Start queue run") {
            observation.queue_runs.push(record.at);
            continue;
        }
        let Some((file, what)) = said.split_once(' ') else { continue };
        if let Some((sender, _)) = what.strip_prefix("<= ").and_then(|rest| rest.split_once('@')) {
            names.insert(file, sender);
            continue;
        }
        let outcome = match what.split(' ').next() {
            Some("=>") => Outcome::Sent,
            Some("**") => Outcome::Bounced,
            Some("==") if what.contains("retry time not reached") => Outcome::Suspended,
            Some("==") => Outcome::Deferred,
            _ => continue,
        };
        if let Some(name) = names.get(file) {
            let delivery = Delivery { at: record.at, outcome };
            observation.deliveries.entry((*name).to_owned()).or_default().push(delivery);
        }
    }
}
