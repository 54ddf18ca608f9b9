//! What a host's `greylist` says besides how long to wait.

use crate::scenario::text::problem::ProblemKind;
use crate::scenario::text::reader::{Remark, Section};
use crate::smtp::{GreylistKey, GreylistRules, Whitelisted};
use crate::units::SimDuration;

/// Reads all but `delay` and `reply`.
pub(crate) fn greylist_rules(section: &Section<'_>) -> GreylistRules {
    let mut rules = GreylistRules {
        key: match section.field("by").and_then(|field| field.word()) {
            Some("network") => GreylistKey::Network,
            Some("domain") => GreylistKey::Domain,
            _ => GreylistKey::Address,
        },
        ..GreylistRules::default()
    };
    let span = |key: &str| section.field(key).and_then(|field| field.positive_duration());
    rules.retry_window = span("retry_window").unwrap_or(rules.retry_window);
    rules.lifetime = span("lifetime").unwrap_or(rules.lifetime);
    let delay = section.field("delay").and_then(|field| field.duration());
    let delay = delay.unwrap_or(SimDuration::from_minutes(5));
    if delay > rules.retry_window {
        let remark = Remark::new("whoever waits for so long is forgotten before it may pass")
            .accepted("a `retry_window` as long as `delay` or longer")
            .help(format!("write retry_window = \"{}\"", delay.exact()));
        let key = if section.has("retry_window") { "retry_window" } else { "delay" };
        section.error_at(key, ProblemKind::Contradiction, remark);
    }
    for item in section.field("whitelist").map(|field| field.list()).unwrap_or_default() {
        let Some(text) = item.text() else { continue };
        match text.parse::<Whitelisted>() {
            Ok(entry) => rules.whitelist.push(entry),
            Err(wrong) => {
                let remark = Remark::new(format!("found \"{text}\", {wrong}"))
                    .accepted(
                        "\"192.0.2.1\", \"192.0.2.0/24\", \"2001:db8::/64\" or \"big.example\"",
                    )
                    .help("write the client's address, its network or its name");
                item.error(ProblemKind::BadValue, remark);
            }
        }
    }
    let exempt = section.field("exempt_after").and_then(|field| field.count32());
    rules.exempt_after = exempt.filter(|count| *count > 0);
    rules.shared = section.field("shared").and_then(|field| field.text()).map(Into::into);
    rules
}
