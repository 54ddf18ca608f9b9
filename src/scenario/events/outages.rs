//! `[[outage]]`: what is struck, when, and how.

use super::effects::effect;
use super::modes::Strikes;
use crate::dns::FailureScope;
use crate::fault::{Interval, Renewal, Schedule};
use crate::mail::{HostId, Mailbox};
use crate::model::{Askers, Outage, OutageTarget};
use crate::random::Distribution;
use crate::scenario::domain::domains::Domains;
use crate::scenario::host::hosts::Hosts;
use crate::scenario::links::{Links, Sites, host_list};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Remark, Section};
use crate::scenario::text::tree::Value;
use crate::scenario::traffic::correspondents::address;
use crate::units::{Octets, SimTime};

/// All hosts but mail programs, in `asked_by`.
const SERVERS: &str = "servers";

/// The names that an outage may call.
#[derive(Debug)]
pub(crate) struct Targets<'s, 'a> {
    pub(crate) hosts: &'s Hosts<'a>,
    pub(crate) links: &'s Links,
    pub(crate) sites: &'s Sites,
}

/// Reads one `[[outage]]`, the entry of this number.
pub(crate) fn read_outage(
    section: &Section<'_>,
    entry: u32,
    targets: &Targets<'_, '_>,
    domains: &mut Domains<'_>,
) -> Option<Outage> {
    let recipients = recipients(section, domains);
    let struck = targets.struck(section);
    let schedule = schedule(section);
    let mode = section.field("mode").and_then(|field| field.word());
    let asked_by = asked_by(section, targets);
    let larger_than = larger_than(section);
    let (kind, struck, label, scope) = struck?;
    let mode = mode?;
    let effect = effect(section, mode, kind, scope, recipients);
    let name = section.field("name").and_then(|field| field.text());
    let label = match (name, &asked_by) {
        (Some(name), _) => name.to_owned(),
        (None, Some((whom, _))) => format!("{label}, asked by {whom}"),
        (None, None) => label,
    };
    if asked_by.is_some() && kind != Strikes::Dns {
        let remark = Remark::new(format!("{} is not asked for names", kind.describe()))
            .accepted("`asked_by` where the DNS fails")
            .help("remove `asked_by`, or write dns = true");
        section.error_at("asked_by", ProblemKind::Contradiction, remark);
        return None;
    }
    Some(Outage {
        entry,
        label,
        mode: mode.to_owned(),
        targets: struck,
        effect: effect?,
        schedule: schedule?,
        larger_than,
        asked_by: asked_by.map(|(_, askers)| askers),
    })
}

/// Reads whose questions a failure of the DNS strikes, with the words for it.
fn asked_by(section: &Section<'_>, targets: &Targets<'_, '_>) -> Option<(String, Askers)> {
    let field = section.field("asked_by")?;
    let hosts = targets.hosts;
    if let Value::Text(word) = &field.node.value
        && word == SERVERS
        && hosts.find(word).is_none()
    {
        return Some((SERVERS.to_owned(), Askers::Servers));
    }
    Some((label(&field.node.value), Askers::Hosts(host_list(&field, hosts))))
}

/// Reads the size above which messages are struck.
fn larger_than(section: &Section<'_>) -> Option<Octets> {
    section.field("larger_than").and_then(|field| field.size())
}

fn recipients(section: &Section<'_>, domains: &mut Domains<'_>) -> Vec<Mailbox> {
    let items = section.field("recipients").map(|field| field.list()).unwrap_or_default();
    let mut found: Vec<Mailbox> = items.iter().filter_map(|item| address(item, domains)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

type Struck = (Strikes, Vec<OutageTarget>, String, Option<FailureScope>);

impl Targets<'_, '_> {
    fn struck(&self, section: &Section<'_>) -> Option<Struck> {
        const KEYS: [&str; 6] = ["host", "hosts", "site", "address", "link", "dns"];
        let Some(key) = section.one_of(&KEYS) else {
            let remark = Remark::new("nothing says what the outage strikes")
                .accepted("`host`, `hosts`, `site`, `address`, `link` or `dns`")
                .help("add host = \"mx1.recipient.example\"");
            section.error(ProblemKind::Missing, remark);
            return None;
        };
        let field = section.field(key)?;
        let label = label(&field.node.value);
        let of_hosts = |hosts: Vec<HostId>| -> Vec<OutageTarget> {
            hosts.into_iter().map(OutageTarget::Host).collect()
        };
        let (kind, struck) = match key {
            "host" => {
                let members = self.hosts.all_of(&field)?;
                (Strikes::Host, members.map(HostId).map(OutageTarget::Host).collect())
            }
            "hosts" => (Strikes::Host, of_hosts(host_list(&field, self.hosts))),
            "site" => (Strikes::Host, of_hosts(self.sites.named(&field))),
            "address" => {
                let found = self.hosts.addresses_in(&[field]);
                (Strikes::Address, found.into_iter().map(OutageTarget::Address).collect())
            }
            "link" => {
                let found = self.links.named(&field, self.hosts);
                (Strikes::Link, found.into_iter().map(OutageTarget::Link).collect())
            }
            _ => {
                let scope = match &field.node.value {
                    Value::Flag(true) => FailureScope::All,
                    Value::Text(suffix) => {
                        FailureScope::Suffix(crate::scenario::host::hosts::canonical(suffix))
                    }
                    Value::Flag(false) => {
                        let remark = Remark::new("`dns = false` strikes nothing")
                            .accepted("true, or a text that names end in")
                            .help("write dns = true, or remove the outage");
                        field.error(ProblemKind::BadValue, remark);
                        return None;
                    }
                    _ => {
                        field.wrong_type();
                        return None;
                    }
                };
                let label = match &scope {
                    FailureScope::All => "DNS".to_owned(),
                    FailureScope::Suffix(suffix) => format!("DNS of {suffix}"),
                };
                return Some((Strikes::Dns, vec![OutageTarget::Dns], label, Some(scope)));
            }
        };
        let struck: Vec<OutageTarget> = struck;
        (!struck.is_empty()).then_some((kind, struck, label, None))
    }
}

/// What a person reads: the names as written.
fn label(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(items) => {
            items.iter().map(|item| label(&item.value)).collect::<Vec<_>>().join(", ")
        }
        other => other.describe(),
    }
}

/// Reads `from`, `for`, `until` or `random`.
fn schedule(section: &Section<'_>) -> Option<Schedule> {
    for key in ["from", "for", "until"] {
        if section.has(key) {
            section.one_of(&["random", key]);
        }
    }
    if let Some(field) = section.field("random") {
        let table = field.section()?;
        let time = |key: &str| -> Option<Distribution> {
            let field = table.field(key)?;
            let time = field.distribution()?;
            // Zero time between failures would never let the clock go on.
            if time.mean().is_some_and(|mean| mean < 1e-3) {
                let remark = Remark::new("failures would follow each other without end")
                    .accepted("a mean of a millisecond or more")
                    .help("check the unit");
                field.error(ProblemKind::BadValue, remark);
                return None;
            }
            Some(time)
        };
        let (time_to_failure, time_to_repair) = (time("failure"), time("repair"));
        return Some(Schedule::Random(Renewal {
            time_to_failure: time_to_failure?,
            time_to_repair: time_to_repair?,
        }));
    }
    section.one_of(&["for", "until"]);
    let from = section.field("from").map(|field| field.time());
    let length = section.field("for").map(|field| field.duration());
    let until = section.field("until").map(|field| field.time());
    let from = from.unwrap_or(Some(SimTime::ZERO))?;
    let to = match (length, until) {
        (Some(length), _) => from + length?,
        (None, Some(until)) => until?,
        (None, None) => SimTime::MAX,
    };
    if to <= from {
        let (key, help) = if section.has("for") {
            ("for", "write how long the outage lasts, as for = \"4h\"")
        } else {
            ("until", "make `until` later than `from`")
        };
        let remark = Remark::new("the outage is over before it begins")
            .accepted("an end after the beginning")
            .help(help);
        section.error_at(key, ProblemKind::Contradiction, remark);
        return None;
    }
    Some(Schedule::Fixed(Interval { from, to }))
}
