//! `mailsim talk`: SMTP, POP3 and IMAP typed by hand.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::mail::{MailboxNames as _, MessageKey};
use crate::scenario::{Loaded, Source, load};
use crate::simulation::Simulation;
use crate::talk::{
    Posted, Protocol, Request, SmtpTalk, StoreTalk, Talk, Visitor, as_toml, host_of, own_name,
    prepare,
};
use crate::units::SimDuration;

use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::paragraph::paragraph;
use super::status::ExitStatus;
use super::terminal::Terminal;
use super::trace;
use super::trace::wording::{clock, spoken};

/// Type SMTP, POP3 or IMAP to a simulated host
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Type SMTP, POP3 or IMAP to a simulated host, as in a telnet session. It answers as \
                  it would at that moment of the run, outages and limits included; what it accepts \
                  travels on when you are done.\n\nA line that begins with ? explains: ? alone the \
                  latest reply, ? RCPT a command. A line such as +5m lets time pass. Ctrl-D hangs \
                  up. Lines may be piped: mailsim talk … < lines.txt"
)]
pub(super) struct Arguments {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,

    /// Host to talk to, as mx1.recipient.example
    #[arg(value_name = "HOST")]
    host: String,

    #[command(flatten)]
    changes: Changes,

    /// Call at this virtual time, such as 1h30m [default: 0s]
    #[arg(long, value_name = "T", default_value = "0s", hide_default_value = true)]
    at: SimDuration,

    /// What is spoken [default: smtp]
    #[arg(long, value_name = "PROTOCOL", value_enum, default_value_t, hide_default_value = true)]
    protocol: Spoken,

    /// Port: 25, or 587 or 465 to submit [default: 25, 110 for POP3, 143 for IMAP]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Sit at this host of the scenario [default: a host of your own, unknown to all]
    #[arg(long, value_name = "HOST")]
    from: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  mailsim talk outage.toml mx1.recipient.example
  mailsim talk outage.toml mx1.recipient.example --at 1h30m
  mailsim talk outage.toml smtp.sender.example --port 587
  mailsim talk outage.toml imap.recipient.example --protocol imap --at 6h";

/// Protocols by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Spoken {
    /// SMTP.
    #[default]
    Smtp,
    /// POP3.
    Pop3,
    /// IMAP.
    Imap,
}

/// Runs the command.
pub(super) fn talk(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let loaded = with_own_host(arguments)?;
    let request = Request {
        host: &arguments.host,
        at: arguments.at,
        protocol: match arguments.protocol {
            Spoken::Smtp => Protocol::Smtp,
            Spoken::Pop3 => Protocol::Pop3,
            Spoken::Imap => Protocol::Imap,
        },
        port: arguments.port,
        from: arguments.from.as_deref(),
    };
    let visitor = prepare(&loaded.scenario, &request).map_err(usage)?;
    terminal.message(HINT);
    let simulation = Simulation::new(&loaded.scenario);
    let mut nobody = ();
    let moment = simulation.hold(visitor.at, &mut nobody);
    let server = moment.server_at(visitor.host);
    let scenario = &loaded.scenario;
    let mut talk: Box<dyn Talk + '_> = match visitor.protocol {
        Protocol::Smtp => Box::new(SmtpTalk::new(scenario, moment, visitor)),
        Protocol::Pop3 | Protocol::Imap => Box::new(StoreTalk::new(scenario, moment, visitor)),
    };
    converse(talk.as_mut(), terminal)?;
    let posted = talk.posted().to_vec();
    let names = [scenario.host(visitor.client), scenario.host(server)];
    carry_on(arguments, &posted, names, visitor, terminal)?;
    Ok(ExitStatus::Success)
}

const HINT: &str =
    "? explains the latest reply, ? RCPT a command; +5m lets time pass; Ctrl-D hangs up\n";

fn usage(error: crate::talk::TalkError) -> CommandError {
    CommandError::Usage(error.to_string())
}

/// The scenario with a host for the caller, unless there is one to sit at.
fn with_own_host(arguments: &Arguments) -> Result<Loaded, CommandError> {
    let plain = input::read(&arguments.scenario, &arguments.changes.0)?.loaded;
    let host = host_of(&plain.scenario, &arguments.host).map_err(usage)?;
    let mut more = String::new();
    if arguments.from.is_none() {
        more.push_str(&own_host(&own_name(plain.scenario.host(host))));
    }
    if !plain.scenario.takes_callers() {
        more.push_str("[live]\n");
    }
    if more.is_empty() { Ok(plain) } else { with_text(arguments, &more) }
}

fn own_host(name: &str) -> String {
    format!("[[host]]\nname = \"{name}\"\nroles = [\"mua\"]\nmta = \"none\"\n")
}

/// The scenario with further tables at its end.
fn with_text(arguments: &Arguments, more: &str) -> Result<Loaded, CommandError> {
    let input = input::read_with(&arguments.scenario, &arguments.changes.0, |source, changes| {
        let text = format!("{}\n\n{more}", source.text);
        load(&Source { text: &text, ..*source }, changes)
    });
    Ok(input?.loaded)
}

/// Where the dialogue begins, behind the clock.
const INDENT: usize = 18;

/// The longest line that is read \[octets\]; what follows is another line.
const LONGEST_LINE: u64 = 1 << 20;

/// Reads lines and prints what is heard until either side hangs up.
fn converse(talk: &mut dyn Talk, terminal: Terminal) -> Result<(), CommandError> {
    let typed = io::stdin().is_terminal();
    let mut input = io::stdin().lock();
    let heard: String = talk.begin().iter().map(spoken).collect();
    terminal.told(&heard)?;
    while !talk.is_over() {
        let prompt = format!("{:15}   C: ", clock(talk.now()));
        if typed {
            terminal.told(&prompt)?;
        }
        let mut octets = Vec::new();
        let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut octets);
        read.map_err(|cause| CommandError::io("read", "standard input".as_ref(), cause))?;
        if octets.is_empty() {
            terminal.told(&format!(
                "{}{:15}   -- you hang up\n",
                newline(typed),
                clock(talk.now())
            ))?;
            return Ok(());
        }
        let text = String::from_utf8_lossy(&octets);
        let line = text.trim_end_matches(['\n', '\r']);
        if !typed {
            // What is piped is shown, so that the output is a whole transcript.
            terminal.told(&format!("{prompt}{line}\n"))?;
        }
        terminal.told(&answer(talk, line))?;
    }
    Ok(())
}

fn newline(typed: bool) -> &'static str {
    if typed { "\n" } else { "" }
}

fn answer(talk: &mut dyn Talk, line: &str) -> String {
    if !talk.takes_text() {
        if let Some(about) = line.strip_prefix('?') {
            let text = talk.explain(about.trim());
            return paragraph(&text, INDENT);
        }
        if let Some(wait) = line.strip_prefix('+') {
            return match wait.trim().parse::<SimDuration>() {
                Ok(time) => talk.wait(time).iter().map(spoken).collect(),
                Err(error) => paragraph(&format!("{error}; write +5m to let time pass"), INDENT),
            };
        }
    }
    talk.hear(line).iter().map(spoken).collect()
}

/// Runs the scenario with what was accepted, and tells how each message fared.
fn carry_on(
    arguments: &Arguments,
    posted: &[Posted],
    [client, server]: [&str; 2],
    visitor: Visitor,
    terminal: Terminal,
) -> Result<(), CommandError> {
    if posted.is_empty() {
        return Ok(());
    }
    let tables: Vec<Option<String>> =
        posted.iter().map(|posted| as_toml(posted, client, server, visitor.port)).collect();
    let mut more = String::new();
    if arguments.from.is_none() {
        more.push_str(&own_host(client));
    }
    for table in tables.iter().flatten() {
        more.push_str(&format!("\n{table}"));
    }
    let loaded = with_text(arguments, &more)?;
    let carried = tables.iter().flatten().count();
    let first = loaded.scenario.mail.len() - carried;
    for entry in first..loaded.scenario.mail.len() {
        let entry = u32::try_from(entry).unwrap_or(u32::MAX);
        let key = MessageKey::Mail { entry, ordinal: 0 };
        let told = trace::journeys(&loaded.scenario, key, terminal)?;
        if told.is_empty() {
            let end = loaded.scenario.duration.exact();
            terminal.told(&format!(
                "\nA message that {server} has accepted after the end of the run, {end}, is not \
                 followed.\n"
            ))?;
            continue;
        }
        terminal.told(&format!("\nWhat {server} has accepted travels on.\n\n{told}"))?;
    }
    if carried < posted.len() {
        terminal.told(
            "\nA message with the null reverse path is not followed: only servers send such.\n",
        )?;
    }
    if carried > 0 {
        let file = arguments.scenario.display();
        terminal.told(&format!("\nTo have it in every run, add this to {file}:\n\n{more}"))?;
    }
    Ok(())
}
