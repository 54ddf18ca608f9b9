//! Configurations and zones: every statement is classed, and what was made runs.

use std::fs;
use std::path::Path;

use crate::program::{findings, read, succeed, text};

fn import(files: &[(&str, &str)], extra: &[&str]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut arguments: Vec<String> = vec!["import".to_owned()];
    for (name, contents) in files {
        let path = folder.path().join(name);
        fs::write(&path, contents).unwrap();
        arguments.push(text(&path).to_owned());
    }
    arguments.extend(extra.iter().map(|a| (*a).to_owned()));
    arguments.extend(["--out".to_owned(), text(&out).to_owned()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    succeed(&arguments);
    (folder, out)
}

fn setting(out: &Path, key: &str) -> Option<String> {
    let scenario = read(&out.join("scenario.toml"));
    let line = scenario.lines().find(|line| line.starts_with(&format!("{key} = ")))?;
    let value = line.split_once(" = ")?.1;
    Some(value.split("  #").next().unwrap_or(value).to_owned())
}

#[test]
fn numbers_without_unit_have_each_parameters_own_and_the_last_line_counts() {
    let main = "myhostname = mx.example.org\nmaximal_queue_lifetime = 3\nqueue_run_delay = 60\n\
                queue_run_delay=120\ndelay_warning_time = 4\nmail_version = 3.7.11\n";
    let (_folder, out) = import(&[("main.cf", main)], &[]);
    assert_eq!(setting(&out, "maximal_queue_lifetime").as_deref(), Some("\"3d\""));
    assert_eq!(setting(&out, "queue_run_delay").as_deref(), Some("\"120s\""));
    assert_eq!(setting(&out, "delay_warning_time").as_deref(), Some("\"4h\""));
    let replaced = findings(&out, "without_effect");
    assert!(replaced.iter().any(|(what, says)| what == "queue_run_delay" && says.contains(":4")));
}

#[test]
fn defaults_follow_the_version() {
    let main = "myhostname = mx.example.org\n";
    let (_folder, out) = import(&[("main.cf", main)], &["--postfix-version", "2.3.8"]);
    assert_eq!(setting(&out, "queue_run_delay").as_deref(), Some("\"1000s\""));
    assert_eq!(setting(&out, "minimal_backoff_time").as_deref(), Some("\"1000s\""));
    let (_folder, out) = import(&[("main.cf", main)], &["--postfix-version", "2.4.0"]);
    assert_eq!(setting(&out, "queue_run_delay"), None);
}

#[test]
fn every_line_stands_in_exactly_one_class_at_least() {
    let main = read(Path::new("scenarios/import/main.cf"));
    let (_folder, out) = import(&[("main.cf", &main)], &[]);
    let mut classed = Vec::new();
    for class in ["understood", "without_effect", "not_modelled", "assumed"] {
        classed.extend(findings(&out, class).into_iter().map(|(what, _)| what));
    }
    for line in main.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase())) {
        let name = line.split_once('=').unwrap().0.trim();
        assert!(classed.iter().any(|what| what == name), "{name} is in no class");
    }
}

/// What changes mail flow must never be told to have no effect: parameters of Postfix that refuse,
/// delay, redirect, rewrite, filter or multiply mail.
#[test]
fn nothing_that_changes_mail_flow_is_said_to_have_no_effect() {
    let names = "append_dot_mydomain smtpd_relay_restrictions alias_maps mailbox_size_limit \
        recipient_delimiter inet_protocols milter_default_action plaintext_reject_code \
        postscreen_access_list postscreen_greet_wait postscreen_dnsbl_threshold \
        relay_recipient_maps sender_dependent_default_transport_maps smtp_dns_support_level \
        smtpd_data_restrictions smtpd_delay_reject smtpd_error_sleep_time smtpd_hard_error_limit \
        smtpd_helo_required smtpd_proxy_timeout smtpd_recipient_restrictions smtpd_sender_login_maps \
        smtpd_sender_restrictions smtpd_soft_error_limit virtual_alias_maps recipient_canonical_maps \
        smtpd_milters non_smtpd_milters smtp_address_preference smtp_sender_dependent_authentication \
        smtp_sasl_auth_enable smtp_tls_policy_maps smtp_header_checks smtp_sasl_auth_soft_bounce \
        parent_domain_matches_subdomains smtp_tls_mandatory_protocols smtpd_forbid_bare_newline \
        lmtp_destination_recipient_limit smtp_sasl_security_options content_filter soft_bounce \
        default_destination_rate_delay smtp_connection_cache_destinations";
    let main: String = names.split_whitespace().map(|name| format!("{name} = x\n")).collect();
    let (_folder, out) = import(&[("main.cf", &format!("myhostname = a.example\n{main}"))], &[]);
    let without = findings(&out, "without_effect");
    assert!(without.is_empty(), "{without:?}");
    let missing = findings(&out, "not_modelled");
    for name in names.split_whitespace() {
        assert!(missing.iter().any(|(what, _)| what == name), "{name}");
    }
}

#[test]
fn limits_of_processes_and_overrides_come_from_master_cf() {
    let main = "myhostname = mx.example.org\nmydestination = example.org\n";
    let master = "smtp inet n - n - 40 smtpd\nsmtp unix - - n - 300 smtp\n  -o smtp_connect_timeout=7\n\
                  relay unix - - n - - smtp\n  -o smtp_helo_timeout=5\nqmgr unix n - n 300 1 qmgr\n";
    let (_folder, out) = import(&[("main.cf", main), ("master.cf", master)], &[]);
    assert_eq!(setting(&out, "sessions").as_deref(), Some("40"));
    assert_eq!(setting(&out, "delivery_processes").as_deref(), Some("300"));
    assert_eq!(setting(&out, "smtp_connect_timeout").as_deref(), Some("\"7s\""));
    let scenario = read(&out.join("scenario.toml"));
    let relay = scenario.split_once("[host.mta.transports.relay]").expect("a transport of its own");
    assert!(relay.1.trim_start().starts_with("smtp_helo_timeout = \"5s\""), "{scenario}");
}

#[test]
fn placeholders_of_templates_are_said_and_not_guessed() {
    let main = "myhostname = {{ host }}\nmaximal_queue_lifetime = PH_LIFETIME\n{% if x %}\n";
    let (_folder, out) = import(&[("main.cf", main)], &[]);
    assert_eq!(setting(&out, "maximal_queue_lifetime"), None);
    let assumed = findings(&out, "assumed");
    for name in ["myhostname", "maximal_queue_lifetime"] {
        assert!(assumed.iter().any(|(what, _)| what == name), "{name}: {assumed:?}");
    }
}

#[test]
fn a_zone_gives_domains_their_exchangers_and_times() {
    let zone = read(Path::new("scenarios/import/example.org.zone"));
    let main = read(Path::new("scenarios/import/main.cf"));
    let table = read(Path::new("scenarios/import/transport"));
    let files = [("main.cf", &*main), ("transport", &*table), ("example.org.zone", &*zone)];
    let (_folder, out) = import(&files, &[]);
    let scenario = read(&out.join("scenario.toml"));
    for line in [
        "{ host = \"mx2.example.org\", preference = 20 }",
        "dmarc = \"quarantine\"",
        "negative_ttl = \"600s\"",
        "\"partner.example\" = { host = \"mail.partner.example\" }",
        "otherwise = \"fail\"",
    ] {
        assert!(scenario.contains(line), "{line} is not in\n{scenario}");
    }
    let run = out.join("run");
    succeed(&["run", text(&out.join("scenario.toml")), "--out", text(&run), "--no-charts"]);
}

#[test]
fn transports_by_name_and_next_hops_by_sender_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, contents: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let main = file(
        "main.cf",
        "myhostname = out.example.org\nmydestination = example.org\nmail_version = 3.7\n\
         transport_maps = hash:/etc/postfix/transport\n\
         sender_dependent_relayhost_maps = hash:/etc/postfix/by_sender\n\
         slow_destination_concurrency_limit = 1\nslow_destination_rate_delay = 5\n\
         lmtp_destination_recipient_limit = 1\n",
    );
    let master = file(
        "master.cf",
        "smtp inet n - n - - smtpd\nsmtp unix - - n - - smtp\n\
         slow unix - - n - 2 smtp -o smtp_connect_timeout=7 -o syslog_name=postfix/slow\n\
         qmgr unix n - n 300 1 qmgr\n",
    );
    let transport = file(
        "transport",
        "orange.example slow:\nold.example slow:[relay.example.net]\n.sub.example :[192.0.2.7]\n\
         plain.example smtp:[relay.example.net]\n",
    );
    let senders = file("by_sender", "@news.example.org [bulk.example.net]\n");
    let out = folder.path().join("out");
    let table = ["--table", transport.as_str(), "--table", senders.as_str()];
    let import = ["import", main.as_str(), "--master", master.as_str(), "--out", text(&out)];
    succeed(&[&import[..], &table].concat());
    let scenario = read(&out.join("scenario.toml"));
    for line in [
        "slow_destination_concurrency_limit = 1",
        "slow_destination_rate_delay = \"5s\"",
        "[host.mta.transports.slow]",
        "maxproc = 2",
        "smtp_connect_timeout = \"7s\"",
        "[host.mta.transport_maps]",
        "\"orange.example\" = \"slow:\"",
        "\"old.example\" = \"slow:[relay.example.net]\"",
        "\"@news.example.org\" = \"[bulk.example.net]\"",
        "\"plain.example\" = { host = \"relay.example.net\" }",
    ] {
        assert!(scenario.contains(line), "{line}\n{scenario}");
    }
    assert!(scenario.contains("\".sub.example\" = \":["), "{scenario}");
    let left = findings(&out, "not_modelled");
    let left: Vec<&str> = left.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(left, ["lmtp_destination_recipient_limit"]);
    // Pseudonyms reach into these tables too, and the scenario still reads.
    let hidden = folder.path().join("hidden");
    let import = ["import", main.as_str(), "--master", master.as_str(), "--out", text(&hidden)];
    succeed(&[&import[..], &table, &["--anonymise"]].concat());
    let scenario = read(&hidden.join("scenario.toml"));
    for name in ["orange", "old.example", "news.example", "bulk", "relay.example", "example.org"] {
        assert!(!scenario.contains(name), "{name}\n{scenario}");
    }
}
