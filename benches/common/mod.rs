//! What the benches share: scenarios from text and from the shipped files.
#![allow(dead_code, reason = "each bench uses another part")]

pub(crate) mod child;

use std::fmt::Write as _;
use std::path::Path;

use mailsim::model::Scenario;
use mailsim::scenario::{Override, Source, load};

/// Reads a scenario; a bench's own text must be right.
pub(crate) fn scenario(text: &str) -> Scenario {
    read(text, &[])
}

/// Reads a shipped scenario with changes as `--set` takes them.
pub(crate) fn shipped(name: &str, changes: &[String]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let text = std::fs::read_to_string(&path).expect("the scenario is shipped");
    let changes: Vec<Override> = changes
        .iter()
        .map(|change| Override::set(change).expect("a bench sets what exists"))
        .collect();
    read(&text, &changes)
}

/// The shipped day of retries with so many messages.
pub(crate) fn retry_day(messages: u64) -> Scenario {
    shipped("retry-day.toml", &[format!("mail.0.arrivals.poisson=\"{messages}/d\"")])
}

fn read(text: &str, changes: &[Override]) -> Scenario {
    let nothing = |name: &str| Err(format!("{name}: benches name no files"));
    let source = Source { file: "bench.toml", text, read_file: &nothing };
    match load(&source, changes) {
        Ok(loaded) => loaded.scenario,
        Err(problems) => panic!("{problems}"),
    }
}

/// Writes a network of so many sites, each with a server, a domain and mailboxes, that send each
/// other mail: `messages` a day in all, each site to one other.
pub(crate) fn large_network(sites: u32, mailboxes: u32, messages: u64) -> String {
    let mut text = String::from(
        "title = \"A large network\"\nquestion = \"How fast is it?\"\nseed = 1\nduration = \"24h\"\n",
    );
    let rate = messages / u64::from(sites);
    for site in 0..sites {
        let other = (site + sites / 3 + 1) % sites;
        write!(
            text,
            "\n[[host]]\nname = \"mx.d{site}.example\"\nroles = [\"submission\", \"mx\", \"store\"]\n\
             mta = \"postfix\"\n\
             [[domain]]\nname = \"d{site}.example\"\nmailboxes = {{ count = {mailboxes} }}\n\
             mx = [{{ host = \"mx.d{site}.example\", preference = 10 }}]\n\
             [[mail]]\nfrom = {{ domain = \"d{site}.example\" }}\nto = [{{ domain = \"d{other}.example\" }}]\n\
             arrivals = {{ poisson = \"{rate}/d\" }}\nsize = \"20kB\"\n",
        )
        .expect("writing to memory succeeds");
    }
    text
}
