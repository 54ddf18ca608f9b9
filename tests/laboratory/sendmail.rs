//! A Sendmail of its own: Debian's program, unpacked in a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::experiment::{Experiment, RELAY};
use super::observation::{Delivery, Observation, Outcome};
use super::records::{Record, Source};
use super::server::{run, unpacked};

/// The program, below its folder.
pub(super) const PROGRAM: &str = "usr/libexec/sendmail/sendmail";
/// The setting of the scenario that is an option of the program.
pub(super) const QUEUE_INTERVAL: &str = "queue_interval";
/// What of `/dev` the laboratory needs.
const DEVICES: [&str; 4] = ["null", "zero", "random", "urandom"];

/// Starts the server.
pub(super) fn start(folder: &Path, experiment: &Experiment) -> io::Result<(Child, Source)> {
    let root = unpacked("sendmail").canonicalize()?;
    fs::create_dir(folder.join("mqueue"))?;
    run(Command::new("chmod").arg("755").arg(folder))?;
    run(Command::new("chmod").arg("700").arg(folder.join("mqueue")))?;
    let macros = root.join("usr/share/sendmail/cf");
    fs::write(folder.join("sendmail.mc"), configuration(folder, &macros, experiment))?;
    let directory = format!("-D_CF_DIR_={}/", macros.display());
    let text = run(Command::new("m4").arg(directory).arg(folder.join("sendmail.mc")))?;
    fs::write(folder.join("sendmail.cf"), text)?;
    let log = own_devices(folder)?;
    let interval = experiment.settings.iter().find(|(name, _)| name == QUEUE_INTERVAL);
    let interval = interval.map_or("3s", |(_, value)| value.as_str());
    let process = Command::new(root.join(PROGRAM))
        .args(["-bD", &format!("-q{interval}"), "-C"])
        .arg(folder.join("sendmail.cf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    Ok((process, Source::Socket(log)))
}

/// Gives the laboratory a `/dev` of its own, with a socket for log records, which it returns.
fn own_devices(folder: &Path) -> io::Result<UnixDatagram> {
    let devices = folder.join("dev");
    fs::create_dir(&devices)?;
    run(Command::new("mount").args(["-t", "tmpfs", "none"]).arg(&devices))?;
    for name in DEVICES {
        fs::write(devices.join(name), "")?;
        run(Command::new("mount")
            .arg("--bind")
            .arg(Path::new("/dev").join(name))
            .arg(devices.join(name)))?;
    }
    let log = UnixDatagram::bind(devices.join("log"))?;
    run(Command::new("mount").arg("--rbind").arg(&devices).arg("/dev"))?;
    Ok(log)
}

fn configuration(folder: &Path, macros: &Path, experiment: &Experiment) -> String {
    let (name, address) = RELAY;
    let (folder, macros) = (folder.display(), macros.display());
    let mut text = format!(
        "include(`{macros}/m4/cf.m4')dnl\n\
         OSTYPE(`linux')dnl\n\
         define(`confDOMAIN_NAME', `{name}')dnl\n\
         define(`QUEUE_DIR', `{folder}/mqueue')dnl\n\
         define(`STATUS_FILE', `{folder}/statistics')dnl\n\
         define(`confPID_FILE', `{folder}/pid')dnl\n\
         define(`confCW_FILE', `-o {folder}/cw')dnl\n\
         define(`confCT_FILE', `-o {folder}/ct')dnl\n\
         define(`HELP_FILE', `{folder}/help')dnl\n\
         define(`ALIAS_FILE', `')dnl\n\
         define(`confTO_IDENT', `0')dnl\n\
         define(`confLOG_LEVEL', `10')dnl\n\
         FEATURE(`accept_unresolvable_domains')dnl\n\
         FEATURE(`accept_unqualified_senders')dnl\n\
         FEATURE(`promiscuous_relay')dnl\n\
         FEATURE(`no_default_msa')dnl\n\
         FEATURE(`nocanonify')dnl\n\
         DAEMON_OPTIONS(`Name=MTA, Addr={address}, Port=25, Family=inet')dnl\n\
         CLIENT_OPTIONS(`Addr={address}, Family=inet')dnl\n"
    );
    for (name, value) in experiment.settings.iter().filter(|(name, _)| name != QUEUE_INTERVAL) {
        let _ = writeln!(text, "define(`{name}', `{value}')dnl");
    }
    text + "MAILER(`smtp')dnl\n"
}

/// Adds the deliveries that the log tells of. One line for each exchanger at which a message was put
/// off comes from one process, and is one delivery.
pub(super) fn read(records: &[Record], observation: &mut Observation) {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for record in records {
        // `<22>Nov 30 12:00:00 sendmail[77]: 5AUC00x1000077: from=<m1@src.test>, …`
        let Some((before, said)) = record.text.split_once("]: ") else { continue };
        let process = before.rsplit('[').next().unwrap_or(before);
        let Some((file, what)) = said.split_once(": ") else { continue };
        if let Some((sender, _)) = what.strip_prefix("from=<").and_then(|r| r.split_once('@')) {
            names.insert(file, sender);
            continue;
        }
        let (true, Some((_, status))) = (what.starts_with("to="), what.split_once("stat=")) else {
            continue;
        };
        let outcome = match status {
            sent if sent.starts_with("Sent") => Outcome::Sent,
            put_off if put_off.starts_with("Deferred") => Outcome::Deferred,
            queued if queued.to_ascii_lowercase().starts_with("queued") => continue,
            _ => Outcome::Bounced,
        };
        let Some(name) = names.get(file) else { continue };
        let deliveries = observation.deliveries.entry((*name).to_owned()).or_default();
        let same = last.insert(file, process) == Some(process);
        let delivery = Delivery { at: record.at, outcome };
        match deliveries.last_mut().filter(|before| same && before.outcome == Outcome::Deferred) {
            Some(before) => *before = delivery,
            None => deliveries.push(delivery),
        }
    }
}
