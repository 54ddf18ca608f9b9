//! A Postfix of its own: configuration, queue and data in a folder that goes with the test.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::experiment::{Experiment, RELAY};
use super::observation::{Delivery, Observation, Outcome};
use super::records::{Record, Source};
use super::server::run;

/// The command that controls Postfix, where Debian's package has it.
pub(crate) const COMMAND: &str = "/usr/sbin/postfix";

/// The services that a relay needs, as in the package's `master.cf`, none of them in a chroot.
/// There is no `postlog`: the test takes the log records itself, at once.
const SERVICES: &str = "\
smtp      inet  n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
";

/// Writes the configuration and makes the queue's folders; returns the socket at which log records
/// arrive.
fn prepare(folder: &Path, experiment: &Experiment) -> io::Result<UnixDatagram> {
    // Postfix's processes run as its own user and must find their way.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let (queue, data) = (folder.join("queue"), folder.join("data"));
    fs::create_dir(folder.join("etc"))?;
    fs::create_dir(&queue)?;
    fs::create_dir(&data)?;
    run(Command::new("chown").arg("postfix").arg(&data))?;
    fs::write(folder.join("etc/master.cf"), SERVICES)?;
    let mut main = format!(
        "compatibility_level = 3.6\n\
         queue_directory = {}\n\
         data_directory = {}\n\
         myhostname = {}\n\
         mydestination =\n\
         mynetworks = 10.0.0.0/24\n\
         inet_interfaces = {}\n\
         inet_protocols = ipv4\n\
         alias_maps =\n\
         alias_database =\n\
         notify_classes =\n",
        queue.display(),
        data.display(),
        RELAY.0,
        RELAY.1,
    );
    for (name, value) in &experiment.settings {
        main.push_str(&format!("{name} = {value}\n"));
    }
    fs::write(folder.join("etc/main.cf"), &main)?;
    run(Command::new(COMMAND).arg("-c").arg(folder.join("etc")).arg("check"))?;
    // A log file makes Postfix send its records to the socket of `postlog`. Nobody writes the file,
    // and as there is no such service, which `check` demands, this comes last.
    let folder = folder.display();
    main.push_str(&format!("maillog_file = {folder}/log\nmaillog_file_prefixes = {folder}\n"));
    fs::write(format!("{folder}/etc/main.cf"), main)?;
    UnixDatagram::bind(queue.join("public/postlog"))
}

/// Starts the server.
pub(super) fn start(folder: &Path, experiment: &Experiment) -> io::Result<(Child, Source)> {
    let socket = prepare(folder, experiment)?;
    let daemons = run(Command::new("/usr/sbin/postconf").args(["-d", "-h", "daemon_directory"]))?;
    // With `-d` it stays our child, whose id we know.
    let mut master = Command::new(PathBuf::from(daemons.trim()).join("master"));
    master.arg("-c").arg(folder.join("etc")).arg("-d").stdin(Stdio::null());
    Ok((master.spawn()?, Source::Socket(socket)))
}

/// Adds what the log tells: deliveries, and scans of the deferred queue that took something up.
pub(super) fn read(records: &[Record], observation: &mut Observation) {
    // The queue manager tells the sender of a queue file, and senders have the messages' names.
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for record in records {
        let Some((file, what)) = queue_file(&record.text) else {
            continue;
        };
        if let Some((sender, _)) = what.strip_prefix("from=<").and_then(|r| r.split_once('@')) {
            let again = names.insert(file, sender).is_some();
            let last = observation.queue_runs.last();
            if again && what.ends_with("(queue active)") && last.is_none_or(|l| record.at - l > 0.9)
            {
                observation.queue_runs.push(record.at);
            }
        }
        let (Some(name), Some(outcome)) = (names.get(file), outcome(what)) else {
            continue;
        };
        let delivery = Delivery { at: record.at, outcome };
        observation.deliveries.entry((*name).to_owned()).or_default().push(delivery);
    }
}

/// Splits `… postfix/smtp[7]: 4F2A: to=<…>` into queue file and the rest.
fn queue_file(text: &str) -> Option<(&str, &str)> {
    let (_, said) = text.split_once("]: ")?;
    let (file, what) = said.split_once(": ")?;
    file.bytes().all(|octet| octet.is_ascii_alphanumeric()).then_some((file, what))
}

fn outcome(what: &str) -> Option<Outcome> {
    if !what.starts_with("to=<") {
        return None;
    }
    let (_, status) = what.split_once("status=")?;
    match status.split_once(' ')? {
        ("sent", _) => Some(Outcome::Sent),
        ("bounced", _) => Some(Outcome::Bounced),
        ("deferred", why) if why.starts_with("(delivery temporarily suspended") => {
            Some(Outcome::Suspended)
        }
        ("deferred", _) => Some(Outcome::Deferred),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_are_told_from_what_else_is_in_the_log() {
        let lines = [
            "Nov 23 07:43:32 relay postfix/qmgr[7]: 4F2A: from=<m1@src.test>, size=9, nrcpt=1 (queue active)",
            "Nov 23 07:43:32 relay postfix/smtp[8]: connect to mx1[10.0.0.11]:25: Connection refused",
            "Nov 23 07:43:32 relay postfix/smtp[8]: 4F2A: to=<b@x.test>, relay=none, dsn=4.4.1, \
             status=deferred (connect to mx1[10.0.0.11]:25: Connection refused)",
            "Nov 23 07:43:36 relay postfix/error[9]: 4F2A: to=<b@x.test>, relay=none, dsn=4.4.1, \
             status=deferred (delivery temporarily suspended: connect to mx1)",
            "Nov 23 07:43:39 relay postfix/smtp[8]: 4F2A: to=<b@x.test>, relay=mx1, dsn=2.0.0, \
             status=sent (250 2.0.0 stored)",
            "Nov 23 07:43:39 relay postfix/qmgr[7]: 4F2A: removed",
        ];
        let numbered = (0..).zip(lines);
        let records: Vec<_> = numbered
            .map(|(at, text): (i32, _)| Record { at: f64::from(at), text: text.to_owned() })
            .collect();
        let mut observation = Observation::default();
        read(&records, &mut observation);
        let outcomes: Vec<_> =
            observation.deliveries["m1"].iter().map(|d| (d.at, d.outcome)).collect();
        assert_eq!(
            outcomes,
            [(2.0, Outcome::Deferred), (3.0, Outcome::Suspended), (4.0, Outcome::Sent)]
        );
    }
}
