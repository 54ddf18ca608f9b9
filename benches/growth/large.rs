//! Four scenarios of a size that people have: a large network, a large list, a large provider's
//! mailboxes, and one message to very many.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::child;
use crate::text::{Text, between_sites, domain, list, quoted, site};

/// Most processor time of each \[s\], and most memory \[MiB\].
const SECONDS: f64 = 120.0;
const MEBIBYTES: f64 = 8.0 * 1024.0;

/// A scenario's name, and what writes it.
type Large = (&'static str, fn() -> String);

/// Runs those that are named, or all.
pub(crate) fn run(place: &Path, names: &[&String]) -> ExitCode {
    let scenarios: [Large; 4] = [
        ("network: 100,000 hosts, a million messages", network),
        ("list: 1,000,000 subscribers of 100,000 domains, a post", subscribers),
        ("mailboxes: 1,000,000 polled every five minutes for an hour", mailboxes),
        ("recipients: 100,000 of one message", recipients),
    ];
    let mut kept = true;
    for (what, write) in scenarios {
        if !names.is_empty() && !names.iter().any(|name| what.contains(name.as_str())) {
            continue;
        }
        let scenario = place.join("large.toml");
        fs::write(&scenario, write()).expect("there is room for temporary files");
        let taken = child::run(&scenario, &place.join("run"), &[]);
        let within = taken.seconds <= SECONDS && taken.mebibytes <= MEBIBYTES;
        println!(
            "{what:<60} {:>7.1} s {:>8.0} MiB{}",
            taken.seconds,
            taken.mebibytes,
            if within { "" } else { "  too much" },
        );
        kept &= within;
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn network() -> String {
    let sites = 100_000;
    Text::lasting("1d").each(sites, site).each(sites, |n| between_sites(n, sites, 10)).done()
}

fn subscribers() -> String {
    let domains = 100_000;
    let of_b = |number| domain(format!("d{number}.example"), "mx.b.example", "{ count = 10 }");
    let member = |n: u64| quoted(format!("{}@d{}.example", n / domains + 1, n % domains));
    let members = list(1_000_000, member);
    let list = format!(
        "[[list]]\naddress = \"all@a.example\"\nowner = \"1@a.example\"\nmembers = {members}"
    );
    let text = Text::two_sites().each(domains, of_b).add(list);
    text.mail("\"1@a.example\"", "[\"all@a.example\"]", "at = \"1h\"").done()
}

fn mailboxes() -> String {
    let text = Text::lasting("1h").site("a.example", "").host("mx.b.example", "");
    let text = text.domain("b.example", "mx.b.example", "{ count = 1000000 }");
    text.flow(1_000_000)
        .add("[[reading]]\ndomain = \"b.example\"\nprotocol = \"pop3\"\nevery = \"5m\"")
        .done()
}

fn recipients() -> String {
    let text = Text::lasting("1d").site("a.example", "").host("mx.b.example", "");
    let names = list(100_000, |number| quoted(format!("u{number}")));
    let to = list(100_000, |number| quoted(format!("u{number}@b.example")));
    let text = text.domain("b.example", "mx.b.example", &names);
    text.mail("\"1@a.example\"", to, "at = \"1h\"").done()
}
