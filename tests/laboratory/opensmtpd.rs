//! An OpenSMTPD of its own: Debian's program, unpacked in a folder, with what it expects of the
//! machine laid over the laboratory's.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::experiment::{Experiment, RELAY};
use super::observation::{Delivery, Observation, Outcome};
use super::records::{Record, Source};
use super::server::{run, unpacked};

/// The program, below its folder.
pub(super) const PROGRAM: &str = "usr/sbin/smtpd";
/// The users that the program's processes run as.
const USERS: [(&str, u32); 2] = [("opensmtpd", 992), ("opensmtpq", 993)];

/// Starts the server.
pub(super) fn start(folder: &Path, experiment: &Experiment) -> io::Result<(Child, Source)> {
    let (etc, var) = (folder.join("etc"), folder.join("var"));
    fs::create_dir_all(&etc)?;
    fs::create_dir_all(var.join("spool/smtpd"))?;
    fs::create_dir_all(folder.join("lib/opensmtpd/empty"))?;
    run(Command::new("chmod").arg("755").arg(folder))?;
    run(Command::new("chmod").arg("711").arg(var.join("spool/smtpd")))?;
    for file in ["passwd", "group"] {
        let known = fs::read_to_string(Path::new("/etc").join(file))?;
        let others = known.lines().filter(|line| !line.starts_with("opensmtp"));
        let mut text: String = others.map(|line| format!("{line}\n")).collect();
        for (name, number) in USERS {
            text.push_str(&match file {
                "passwd" => {
                    format!("{name}:x:{number}:{number}::/var/lib/opensmtpd/empty:/bin/false\n")
                }
                _ => format!("{name}:x:{number}:\n"),
            });
        }
        fs::write(etc.join(file), text)?;
    }
    fs::write(etc.join("resolv.conf"), fs::read_to_string("/etc/resolv.conf")?)?;
    let configuration = etc.join("smtpd.conf");
    fs::write(&configuration, self::configuration(experiment))?;
    run(Command::new("chmod").arg("600").arg(&configuration))?;
    let lower = format!("lowerdir={}:/etc", etc.display());
    run(Command::new("mount").args(["-t", "overlay", "overlay", "-o", &lower, "/etc"]))?;
    run(Command::new("mount").args(["-t", "tmpfs", "none", "/run"]))?;
    run(Command::new("mount").arg("--bind").arg(var.join("spool")).arg("/var/spool"))?;
    run(Command::new("mount").arg("--bind").arg(folder.join("lib")).arg("/var/lib"))?;
    let root = unpacked("opensmtpd").canonicalize()?;
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
    let libraries = libraries.map(|below| root.join(below).display().to_string()).join(":");
    let mut process = Command::new(root.join(PROGRAM))
        .args(["-d", "-f", "/etc/smtpd.conf"])
        .env("LD_LIBRARY_PATH", libraries)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = process.stderr.take().expect("it is piped");
    Ok((process, Source::Output(output)))
}

fn configuration(experiment: &Experiment) -> String {
    let (name, address) = RELAY;
    let mut text = String::new();
    for (setting, value) in &experiment.settings {
        match setting.as_str() {
            "ttl" => text.push_str(&format!("queue ttl {value}\n")),
            "bounce_warn" => text.push_str(&format!("bounce warn-interval {value}\n")),
            // A constant of the program.
            _ => {}
        }
    }
    text + &format!(
        "listen on {address} port 25 hostname {name}\n\
         table own {{ {address} }}\n\
         action \"out\" relay helo {name} src <own>\n\
         match from any for any action \"out\"\n"
    )
}

/// Adds the deliveries that the server tells of.
pub(super) fn read(records: &[Record], observation: &mut Observation) {
    for record in records.iter().filter(|record| record.text.contains(" mta delivery ")) {
        let value = |key: &str| {
            let (_, rest) = record.text.split_once(&format!(" {key}="))?;
            rest.split(' ').next()
        };
        let outcome = match value("result").map(|word| word.trim_matches('"')) {
            Some("Ok") => Outcome::Sent,
            Some("TempFail") => Outcome::Deferred,
            Some("PermFail") => Outcome::Bounced,
            _ => continue,
        };
        let sender = value("from").and_then(|from| from.trim_matches(['<', '>']).split_once('@'));
        if let Some((name, _)) = sender {
            let delivery = Delivery { at: record.at, outcome };
            observation.deliveries.entry(name.to_owned()).or_default().push(delivery);
        }
    }
}
