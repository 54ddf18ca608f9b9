//! Postfix's transports: what `main.cf` and `master.cf` say of each by its name.
//!
//! ```toml
//! [host.mta]
//! profile = "postfix"
//! # transport(5): which domains go by which transport, and to which next hop.
//! transport_maps = { "orange.example" = "slow:", "old.example" = "slow:[relay.example]" }
//! # main.cf: parameters of one transport, named after it as in postconf(5).
//! slow_destination_concurrency_limit = 1
//! slow_destination_rate_delay = "5s"
//! # master.cf: the line of the transport, `slow unix - - n - 2 smtp -o smtp_connect_timeout=5s`.
//! [host.mta.transports.slow]
//! maxproc = 2
//! smtp_connect_timeout = "5s"
//! ```
//!
//! The transport `smtp` has everything for which nothing else is stated. There is `relay` as in
//! Postfix, for relayed domains, as soon as anything is stated of it; without a word it shares the
//! processes of `smtp`, where Postfix gives it as many of its own. `retry` puts off what is not even
//! tried. Not modelled: transports of other programs (`pipe`, `lmtp`, `virtual`), parameters
//! `local_…`, and `TRANSPORT_transport_rate_delay`.

use super::settings::{fill_as_server, shape_of};
use crate::profiles::settings::{self, Slot};
use crate::profiles::{Family, Profile};
use crate::queue::postfix::{Feedback, TransportSettings};
use crate::queue::{QueueSettings, TransportId};
use crate::scenario::text::limits;
use crate::scenario::text::names::{listed, near};
use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Field, Remark};
use crate::scenario::text::shape::{Keys, Shape, key};
use crate::scenario::text::tree::{Table, Value};
use crate::units::SimDuration;

/// The table `transport_maps`.
pub(crate) const TRANSPORT_MAPS: &str = "transport_maps";
/// The table `sender_dependent_relayhost_maps`.
pub(crate) const SENDER_RELAYS: &str = "sender_dependent_relayhost_maps";
/// The table of the lines of `master.cf`.
const TRANSPORTS: &str = "transports";
/// The transport of relayed domains.
pub(crate) const RELAY: &str = "relay";
/// The transport by which mail leaves for which nothing else is stated.
pub(crate) const SMTP: &str = "smtp";
/// The transport that puts off what is not tried.
const RETRY: &str = "retry";

/// Keys of the table `mta` that are tables of their own in Postfix, with what they mean.
pub(crate) static TABLES: Keys = Keys {
    name: "`mta` of Postfix",
    keys: &[
        key(
            TRANSPORT_MAPS,
            Shape::Map(&Shape::Text),
            "by domain, .domain (its subdomains) or \"*\": the transport and the next hop, \"slow:\", \
             \"slow:[relay.example]\" or \":[relay.example]\" (transport(5))",
        ),
        key(
            SENDER_RELAYS,
            Shape::Map(&Shape::Text),
            "by sender, as \"@domain\" or \"user@domain\": the next hop of all that leaves for \
             elsewhere, \"[relay.example]\" or \"relay.example\"",
        ),
        key(
            TRANSPORTS,
            Shape::Map(&LINE),
            "lines of master.cf by the transport's name: `maxproc`, its delivery processes (0: no limit; \
             default: default_process_limit), and what -o sets of the SMTP client",
        ),
    ],
};

/// What `maxproc` takes.
const MAXPROC: Shape = Shape::Count(0, limits::PIECES);
/// A line of `master.cf`: `maxproc`, and any setting of Postfix's SMTP client, as `-o` sets it.
const LINE: Shape = Shape::Map(&Shape::Anything);

/// A parameter that each transport may have of its own: the name behind that of the transport.
struct Parameter {
    suffix: &'static str,
    slot: for<'a> fn(&'a mut Scratch) -> Slot<'a>,
    keep: fn(&Scratch, &mut TransportSettings),
}

/// Where a value is read to.
#[derive(Clone)]
struct Scratch {
    count: u32,
    duration: SimDuration,
    feedback: Feedback,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { count: 0, duration: SimDuration::ZERO, feedback: Feedback::Fixed(1.0) }
    }
}

macro_rules! parameter {
    ($suffix:literal, $slot:ident, $from:ident, $to:ident) => {
        Parameter {
            suffix: $suffix,
            slot: |scratch| Slot::$slot(&mut scratch.$from),
            keep: |scratch, own| own.$to = Some(scratch.$from),
        }
    };
}

#[rustfmt::skip]
static PARAMETERS: &[Parameter] = &[
    parameter!("_initial_destination_concurrency", Positive, count, initial_destination_concurrency),
    parameter!("_destination_concurrency_limit", Count, count, destination_concurrency_limit),
    parameter!("_destination_concurrency_failed_cohort_limit", Count, count, failed_cohort_limit),
    parameter!("_destination_concurrency_positive_feedback", Feedback, feedback, positive_feedback),
    parameter!("_destination_concurrency_negative_feedback", Feedback, feedback, negative_feedback),
    parameter!("_destination_recipient_limit", Positive, count, destination_recipient_limit),
    parameter!("_destination_rate_delay", Duration, duration, destination_rate_delay),
    parameter!("_delivery_slot_cost", Count, count, delivery_slot_cost),
    parameter!("_delivery_slot_loan", Count, count, delivery_slot_loan),
    parameter!("_delivery_slot_discount", Count, count, delivery_slot_discount),
    parameter!("_minimum_delivery_slots", Count, count, minimum_delivery_slots),
];

/// Returns the transport and the parameter that a key names, if it names one.
fn parameter_of(key: &str) -> Option<(&str, &'static Parameter)> {
    PARAMETERS.iter().find_map(|parameter| {
        let name = key.strip_suffix(parameter.suffix)?;
        (!name.is_empty() && name != "default").then_some((name, parameter))
    })
}

/// Returns patterns of the keys that are named after transports, with what each takes.
pub(crate) fn patterns() -> impl Iterator<Item = (String, Shape)> {
    PARAMETERS.iter().map(|parameter| {
        let mut scratch = Scratch::default();
        let shape = shape_of(&(parameter.slot)(&mut scratch));
        (format!("^[A-Za-z0-9][A-Za-z0-9_.-]*{}$", parameter.suffix), shape)
    })
}

/// Returns whether a key of Postfix's table `mta` is a parameter of one transport, named after it.
#[must_use]
pub fn is_transport_parameter(key: &str) -> bool {
    parameter_of(key).is_some()
}

/// Returns whether a setting may be made for one transport of Postfix, as `-o` of `master.cf` makes it.
#[must_use]
pub fn is_transport_override(name: &str) -> bool {
    let setting = settings::all().find(|setting| setting.name == name);
    setting.is_some_and(settings::is_of_postfix_client)
}

/// Returns whether a key of Postfix's table `mta` is read here.
pub(crate) fn is_read_here(key: &str) -> bool {
    TABLES.find(key).is_some() || parameter_of(key).is_some()
}

/// Returns the names of the transports that a table `mta` speaks of, by [`TransportId`].
pub(crate) fn names(mta: &Table) -> Vec<String> {
    let mut others: Vec<String> = Vec::new();
    if let Some(Value::Table(lines)) = mta.get(TRANSPORTS).map(|entry| &entry.node.value) {
        others.extend(lines.entries.iter().map(|line| line.key.clone()));
    }
    if let Some(Value::Table(map)) = mta.get(TRANSPORT_MAPS).map(|entry| &entry.node.value) {
        others.extend(map.entries.iter().filter_map(|entry| match &entry.node.value {
            Value::Text(text) => Some(text.split(':').next().unwrap_or_default().to_owned()),
            _ => None,
        }));
    }
    let stated_of_relay = |key: &str| parameter_of(key).is_some_and(|(name, _)| name == RELAY);
    if mta.entries.iter().any(|entry| stated_of_relay(&entry.key)) {
        others.push(RELAY.to_owned());
    }
    others.sort_unstable();
    others.dedup();
    others.retain(|name| !name.is_empty() && name != SMTP && name != RETRY);
    let mut names = vec![SMTP.to_owned()];
    names.append(&mut others);
    names
}

/// Returns the number of the transport `name`.
pub(crate) fn number_of(names: &[String], name: &str) -> Option<TransportId> {
    let position = names.iter().position(|known| known == name)?;
    u8::try_from(position).ok().filter(|number| *number <= TransportId::MOST).map(TransportId)
}

/// Reads what a table `mta` says of single transports into a profile of Postfix.
pub(crate) fn read_transports(mta: &Field<'_>, table: &Table, profile: &mut Profile) {
    if !table.entries.iter().any(|entry| is_read_here(&entry.key)) {
        return;
    }
    let names = names(table);
    if names.len() > usize::from(TransportId::MOST) + 1 {
        let remark = Remark::new(format!("this makes {} transports", names.len()))
            .accepted(format!("at most {}", usize::from(TransportId::MOST) + 1))
            .help("let several domains share one");
        mta.error(ProblemKind::BadValue, remark);
        return;
    }
    let nothing =
        |name: &String| TransportSettings { name: name.clone(), ..TransportSettings::NOTHING };
    let mut transports: Vec<TransportSettings> = names.iter().map(nothing).collect();
    let mut retry = nothing(&RETRY.to_owned());
    for entry in &table.entries {
        let Some((name, parameter)) = parameter_of(&entry.key) else { continue };
        let path = format!("{}.{}", mta.path, crate::scenario::text::overrides::quoted(&entry.key));
        let mut scratch = Scratch::default();
        let slot = (parameter.slot)(&mut scratch);
        let shape = shape_of(&slot);
        let field = Field { checker: mta.checker, node: &entry.node, shape, path };
        fill_as_server(&field, &entry.key, Family::Postfix, slot);
        let own = transports.iter_mut().find(|own| own.name == name);
        match own.or_else(|| (name == RETRY).then_some(&mut retry)) {
            Some(own) => (parameter.keep)(&scratch, own),
            None => {
                let remark = Remark::new(format!("no mail goes by a transport `{name}`"))
                    .accepted(listed(names.iter().map(String::as_str).chain([RETRY])))
                    .help(near(name, names.iter().map(String::as_str)).map_or_else(
                        || {
                            format!(
                                "say which does: {TRANSPORT_MAPS} = {{ \"orange.example\" = \"{name}:\" }}"
                            )
                        },
                        |near| format!("did you mean `{near}{}`?", parameter.suffix),
                    ));
                field.warn(remark.named("unused-transport"));
            }
        }
    }
    read_lines(mta, table, profile, &mut transports);
    if let QueueSettings::Postfix(queue) = &mut profile.queue {
        (queue.transports, queue.retry) = (transports, retry);
    }
}

/// Reads the lines of `master.cf`.
fn read_lines(
    mta: &Field<'_>,
    table: &Table,
    profile: &Profile,
    transports: &mut [TransportSettings],
) {
    let Some(entry) = table.get(TRANSPORTS) else { return };
    let path = format!("{}.{TRANSPORTS}", mta.path);
    let shape = Shape::Map(&Shape::Anything);
    let field = Field { checker: mta.checker, node: &entry.node, shape, path };
    for (name, _, line) in field.map() {
        let Value::Table(settings) = &line.node.value else {
            line.shaped(LINE).wrong_type();
            continue;
        };
        let Some(own) = transports.iter_mut().find(|own| own.name == name) else {
            let remark = Remark::new(format!("`{name}` cannot be set here"))
                .accepted("a transport by which mail leaves")
                .help("remove it");
            line.error(ProblemKind::BadValue, remark);
            continue;
        };
        let mut changed = profile.clone();
        for entry in &settings.entries {
            let path =
                format!("{}.{}", line.path, crate::scenario::text::overrides::quoted(&entry.key));
            let field = |shape| Field {
                checker: mta.checker,
                node: &entry.node,
                shape,
                path: path.clone(),
            };
            if entry.key == "maxproc" {
                own.process_limit = field(MAXPROC).count32();
                continue;
            }
            let setting = settings::all().find(|setting| setting.name == entry.key);
            let slot = setting
                .filter(|setting| settings::is_of_postfix_client(setting))
                .and_then(|setting| setting.slot(&mut changed));
            let Some(slot) = slot else {
                let remark = Remark::new(format!("`{}` is not set for one transport", entry.key))
                    .accepted("`maxproc`, or a setting of Postfix's SMTP client such as smtp_connect_timeout")
                    .help(format!(
                        "parameters of main.cf stand in `mta`, named after the transport: {name}_destination_rate_delay"
                    ));
                mta.checker.error(ProblemKind::UnknownKey, &entry.place, &path, remark);
                continue;
            };
            let shape = shape_of(&slot);
            fill_as_server(&field(shape), &entry.key, Family::Postfix, slot);
        }
        if changed.client != profile.client {
            own.client = Some(Box::new(changed.client));
        }
    }
}
