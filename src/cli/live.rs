//! `mailsim live`: real programs talk to the simulated network.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use crate::live::{Deliver, Door, Interface, Listen, Live, LiveError, MOST_INPUTS, play};
use crate::scenario::{Source, load};
use crate::units::SimDuration;

use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::interrupt::Interrupt;
use super::status::ExitStatus;
use super::terminal::Terminal;

/// Let real programs talk to the simulated network
///
/// Hosts of the scenario answer SMTP, POP3 and IMAP at addresses of this machine. What real clients
/// send enters the run and travels on by the rules; failures, greylists, limits and queues are those of
/// that moment. Any password will do, unless the scenario names some. Prints where it listens, a line
/// for each door, and plays until it is interrupted (Ctrl-C), which is the regular end: exit status 0.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,

    #[command(flatten)]
    changes: Changes,

    /// Open a service of a host: smtp, submission, submissions, pop3, pop3s, imap or imaps
    ///
    /// SERVICE=HOST:ADDRESS:PORT, such as smtp=mx.recipient.example:127.0.0.1:2525. Port 0 is any free
    /// one. May be given several times.
    #[arg(long, value_name = "DOOR", required = true)]
    listen: Vec<Listen>,

    /// Have a real server play the part of a host: mail for it is handed out by SMTP
    ///
    /// HOST=ADDRESS:PORT, such as mx.recipient.example=127.0.0.1:2526. May be given several times.
    #[arg(long, value_name = "DELIVERY")]
    deliver: Vec<Deliver>,

    /// Address of the HTTP interface for tests [default: none]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    http: Option<SocketAddr>,

    /// Seconds of virtual time in one second; 0: time stands still until told [default: 1]
    #[arg(long, value_name = "N", default_value_t = 1.0, hide_default_value = true,
          value_parser = speed)]
    speed: f64,

    /// Begin at this virtual time, such as 2h [default: 0s]
    #[arg(long, value_name = "T", default_value = "0s", hide_default_value = true)]
    from: SimDuration,

    /// Have real clients sit at this host of the scenario [default: a host of their own]
    #[arg(long, value_name = "HOST")]
    client: Option<String>,

    /// Write what comes in to this file, as a scenario that runs without the network
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Replace the file of --record if it is there already
    #[arg(long, requires = "record")]
    overwrite: bool,

    /// Serve nobody any more after so many commands and other inputs [default: 10000000]
    #[arg(long, value_name = "N", default_value_t = MOST_INPUTS, hide_default_value = true)]
    most_inputs: usize,

    /// Listen at other addresses than loopback, where anybody can connect
    #[arg(long)]
    allow_remote: bool,
}

const EXAMPLES: &str = "\
Examples:
  mailsim live outage.toml --listen smtp=mx1.recipient.example:2525
  mailsim live outage.toml --listen smtp=mx1.recipient.example:127.0.0.1:0 \\
      --http 127.0.0.1:8025 --speed 0 --record session.toml
  curl -d '{\"by\": \"5min\"}' http://127.0.0.1:8025/advance";

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "a speed is a number such as 60".to_owned())?;
    if (0.0..=1e6).contains(&speed) {
        Ok(speed)
    } else {
        Err("a speed lies between 0, where time stands still, and 1000000".to_owned())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
        Err(_) => text.parse().map_err(|_| "write it as 127.0.0.1:8025, or as a port".to_owned()),
    }
}

/// Runs the command.
pub(super) fn live(arguments: Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let input = input::read_and_warn(&arguments.scenario, &arguments.changes.0, terminal)?;
    stays_at_home(&arguments, terminal)?;
    if let Some(path) = arguments.record.as_ref().filter(|path| path.exists())
        && !arguments.overwrite
    {
        return Err(CommandError::Exists { path: path.clone() });
    }
    let listen = |address: SocketAddr| {
        move |cause| {
            CommandError::Usage(format!(
                "cannot listen at {address}: {cause}; port 0 is any free one"
            ))
        }
    };
    let mut doors = Vec::new();
    for door in &arguments.listen {
        doors.push(Door::open(door).map_err(listen(door.address))?);
    }
    let http = arguments.http.map(|address| Interface::open(address).map_err(listen(address)));
    let http = http.transpose()?;
    let files = input.loaded.files.clone();
    let file = arguments.scenario.display().to_string();
    let read = |text: &str| {
        let read_file = |name: &str| {
            let found = files.iter().find(|(known, _)| known == name);
            found.map(|(_, text)| text.clone()).ok_or_else(|| "it was not read before".to_owned())
        };
        load(&Source { file: &file, text, read_file: &read_file }, &[])
    };
    let played = Live {
        text: input.text,
        overrides: arguments.changes.0,
        read: &read,
        from: arguments.from,
        speed: arguments.speed,
        client: arguments.client,
        record: arguments.record,
        delivers: arguments.deliver,
        most_inputs: arguments.most_inputs,
    };
    let stop: Arc<AtomicBool> = Interrupt::listen(None).shared();
    let mut lines = String::new();
    for Door { listen, .. } in &doors {
        lines.push_str(&format!("{} {} {}\n", listen.name, listen.host, listen.address));
    }
    if let Some(http) = &http {
        lines.push_str(&format!("http http://{}\n", http.address));
    }
    let mut opened = || {
        // Whoever does not read where it is listened knows it already.
        let _ = terminal.data(&lines);
    };
    let ended = play(&played, &doors, http.as_ref(), &stop, &mut opened).map_err(told)?;
    if ended.full {
        let most = arguments.most_inputs;
        terminal.message(&format!(
            "warning: {most} inputs had come in, and nobody was served any more; --most-inputs N \
             allows more, at some 30 octets of memory each"
        ));
    }
    let noun = if ended.taken == 1 { "message" } else { "messages" };
    let (facts, digest) = &ended.digest;
    let at = ended.at.since_start().exact();
    terminal.message(&format!(
        "ended at {at} of virtual time; {} {noun} came in; {facts} facts, digest {digest}",
        ended.taken
    ));
    Ok(ExitStatus::Success)
}

/// Sees that nobody but this machine is let in, unless that was said.
fn stays_at_home(arguments: &Arguments, terminal: Terminal) -> Result<(), CommandError> {
    let doors = arguments.listen.iter().map(|door| door.address);
    for address in doors.chain(arguments.http) {
        if address.ip().is_loopback() {
            continue;
        }
        if !arguments.allow_remote {
            return Err(CommandError::Usage(format!(
                "{address} can be reached from other machines; listen at 127.0.0.1, or say \
                 --allow-remote"
            )));
        }
        terminal.message(&format!(
            "warning: {address} can be reached from other machines, and takes any password"
        ));
    }
    for Deliver { host, address } in &arguments.deliver {
        if address.ip().is_loopback() {
            continue;
        }
        if !arguments.allow_remote {
            return Err(CommandError::Usage(format!(
                "{address} is another machine; have a server of this one play {host}, or say \
                 --allow-remote"
            )));
        }
        terminal.message(&format!("warning: mail for {host} leaves this machine, to {address}"));
    }
    Ok(())
}

fn told(error: LiveError) -> CommandError {
    match error {
        LiveError::Scenario(problems) => CommandError::Scenario(problems),
        LiveError::Record { path, cause } => CommandError::io("write", &path, cause),
        other => CommandError::Usage(other.to_string()),
    }
}
