//! `mailsim route`: how mail for an address travels, and in which order hosts are tried.

mod moment;
mod walk;

use std::path::PathBuf;

use clap::Args;

use crate::mail::{DomainId, HostId, is_domain, split_address, split_stray_dots};
use crate::model::Scenario;
use crate::units::{SimDuration, SimTime};

use super::changes::Changes;
use super::error::CommandError;
use super::input;
use super::status::ExitStatus;
use super::terminal::Terminal;
use moment::Moment;
use walk::Walk;

/// Show how mail for an address travels and which hosts are tried
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Show how mail for an address travels, host by host, until it is in a mailbox: \
                  what decides where it goes, the exchangers with their preferences and addresses \
                  in the order in which they are tried, and what is down."
)]
pub(super) struct Arguments {
    /// Scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,

    /// Address of the recipient
    #[arg(value_name = "ADDRESS")]
    address: String,

    /// Host that has the message [default: where mail is submitted]
    #[arg(long, value_name = "HOST")]
    from: Option<String>,

    /// Virtual time, such as 2h30m: what is down then is shown [default: 0]
    #[arg(long, value_name = "T", default_value = "0", hide_default_value = true)]
    at: SimDuration,

    #[command(flatten)]
    changes: Changes,
}

const EXAMPLES: &str = "\
Examples:
  mailsim route outage.toml bob@recipient.example
  mailsim route outage.toml bob@recipient.example --at 3h
  mailsim route outage.toml bob@recipient.example --from mx2.recipient.example";

/// Runs the command.
pub(super) fn route(arguments: &Arguments, terminal: Terminal) -> Result<ExitStatus, CommandError> {
    let input = input::read_and_warn(&arguments.scenario, &arguments.changes.0, terminal)?;
    let scenario = &input.loaded.scenario;
    let domain = domain_of(scenario, &arguments.address)?;
    let begins = match &arguments.from {
        Some(name) => vec![host_of(scenario, name)?],
        None => where_mail_begins(scenario),
    };
    let moment = Moment::at(scenario, SimTime::ZERO + arguments.at);
    let when = arguments.at.exact();
    let text = format!("Mail for {} at {when}:\n", arguments.address);
    let unknown = !exists(scenario, domain, &arguments.address);
    let mut walk = Walk::new(&moment, domain, unknown, text);
    if unknown {
        walk.text.push_str("There is no such mailbox; a server that knows that refuses it.\n");
    }
    if begins.is_empty() {
        walk.text.push_str("No host takes submissions; name one with --from.\n");
    }
    for host in begins {
        walk.from(host, &mut Vec::new());
    }
    terminal.told(&walk.text)?;
    Ok(ExitStatus::Success)
}

fn domain_of(scenario: &Scenario, address: &str) -> Result<DomainId, CommandError> {
    let Some((_, name)) = split_address(address) else {
        return Err(CommandError::Usage(not_an_address(address)));
    };
    let name = name.to_ascii_lowercase();
    let names: Vec<&str> = scenario.domains.iter().map(|domain| domain.name.as_str()).collect();
    match names.iter().position(|known| *known == name) {
        Some(place) => Ok(DomainId::from_index(place)),
        None => Err(CommandError::Usage(nothing_called("domain", &name, &names))),
    }
}

/// Says what is wrong with an address, as far as it is plain to see.
fn not_an_address(address: &str) -> String {
    let why = match address.rsplit_once('@') {
        None => "; write local@domain",
        Some((_, domain)) if domain.starts_with('[') => {
            ": an address in brackets is written [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 §4.1.3)"
        }
        Some((_, domain)) if !is_domain(domain) => {
            ": what stands behind the at sign is no domain (RFC 5321 §4.1.2)"
        }
        Some(_) if split_stray_dots(address).is_some() => {
            ": single dots stand between other characters (RFC 5321 §4.1.2)"
        }
        Some(_) => ": what stands before the at sign is no local part (RFC 5321 §4.1.2)",
    };
    format!("`{address}` is no address{why}")
}

fn host_of(scenario: &Scenario, name: &str) -> Result<HostId, CommandError> {
    let names: Vec<&str> = scenario.hosts.iter().map(|host| host.name.as_str()).collect();
    match names.iter().position(|known| *known == name) {
        Some(place) => Ok(HostId::from_index(place)),
        None => Err(CommandError::Usage(nothing_called("host", name, &names))),
    }
}

/// Names the nearest of what there is, and some others.
fn nothing_called(kind: &str, wanted: &str, known: &[&str]) -> String {
    const MOST: usize = 8;
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(wanted, name), *name))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)));
    if let Some((_, name)) = nearest {
        return format!("the scenario has no {kind} {wanted}; did you mean {name}?");
    }
    let mut listed = known.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if known.len() > MOST {
        listed.push_str(&format!(" and {} more", known.len() - MOST));
    }
    format!("the scenario has no {kind} {wanted}; it has {listed}")
}

fn exists(scenario: &Scenario, domain: DomainId, address: &str) -> bool {
    let settings = &scenario.domains[domain.index()];
    let Some((local, _)) = split_address(address) else {
        return false;
    };
    settings.position(&local).is_some_and(|position| settings.has_mailbox(position))
        || local == "postmaster" && settings.store.is_some()
}

/// Servers that mail is submitted to, or else those that would take submissions.
fn where_mail_begins(scenario: &Scenario) -> Vec<HostId> {
    let mut servers: Vec<HostId> =
        scenario.mail.iter().flat_map(|entry| entry.submission.servers()).collect();
    if servers.is_empty() {
        let hosts = (0..scenario.hosts.len()).map(HostId::from_index);
        servers = hosts.filter(|host| scenario.hosts[host.index()].roles.submission).collect();
    }
    servers.sort_unstable();
    servers.dedup();
    servers
}
