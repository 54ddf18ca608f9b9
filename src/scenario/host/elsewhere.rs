//! Where a scenario says what a server's own configuration says in a parameter that is no setting here.

/// Parameters of Postfix, with where to write what they say.
const PARAMETERS: &[(&str, &str)] = &[
    ("relayhost", "the host's `smart_host`, as smart_host = \"relay.example\""),
    ("smtp_fallback_relay", "the host's `fallback_relay`"),
    ("mydestination", "the host's `local_domains`"),
    ("virtual_mailbox_domains", "the host's `local_domains`"),
    ("virtual_alias_domains", "the host's `local_domains`, and a [[list]] for each alias"),
    ("virtual_alias_maps", "a [[list]] for each alias"),
    ("alias_maps", "a [[list]] for each alias"),
    ("relay_recipient_maps", "knows_recipients = true at the host"),
    ("proxy_interfaces", "knows_proxy_address = true at the host"),
    ("smtpd_upstream_proxy_protocol", "proxy_protocol = true at the host"),
    ("default_transport", "transport_maps = { \"*\" = \"slow:\" }"),
    ("relay_transport", "transport_maps = { \"relayed.example\" = \"slow:\" }"),
    ("local_transport", "the domain's `store`: local delivery has no transports here"),
    ("virtual_transport", "the domain's `store`: local delivery has no transports here"),
    ("mailbox_transport", "the domain's `store`: local delivery has no transports here"),
    ("sender_dependent_default_transport_maps", "sender_dependent_relayhost_maps"),
    ("transport", "transport_maps = { \"orange.example\" = \"slow:\" }"),
    ("master_cf", "a table [host.mta.transports.NAME] with `maxproc` and what -o sets"),
    ("myhostname", "the host's `name`"),
    ("smtp_bind_address", "the host's `addresses`, with `dedicated_addresses` or `source_address`"),
    ("smtpd_milters", "the host's `filter`, with stage = \"dot\""),
    ("content_filter", "the host's `filter`, with stage = \"queue\""),
    ("smtpd_recipient_restrictions", "what it does: `greylist`, `blocklists`, `sender_policies`"),
    ("smtpd_client_restrictions", "what it does: `greylist`, `blocklists`, `sender_policies`"),
    ("smtpd_client_connection_count_limit", "capacity = { sessions_per_client = 50 } at the host"),
    ("smtpd_client_message_rate_limit", "`limits` of the host"),
    ("smtpd_client_recipient_rate_limit", "`limits` of the host"),
    ("queue_minfree", "capacity = { queue_disk = \"1GB\" } at the host"),
];

/// Says where to write what `parameter` says, if it is one of those above.
pub(crate) fn elsewhere(parameter: &str) -> Option<String> {
    if parameter == "default_transport_rate_delay" || parameter.ends_with("_transport_rate_delay") {
        // One delivery at a time for a whole transport; only that to each destination is modelled.
        return Some(format!(
            "Postfix's `{parameter}` paces a whole transport and is not modelled; for one destination \
             the same is default_destination_rate_delay, and a transport paces its destinations as \
             [host.mta.transports.NAME] says"
        ));
    }
    let found = PARAMETERS.iter().find(|(name, _)| *name == parameter);
    found.map(|(_, place)| format!("Postfix's `{parameter}` is written as {place}"))
}
