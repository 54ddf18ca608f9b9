//! What the importer reads from an exported log is what the tables hold, for random networks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use mailsim::import::{History, Input, LogOptions, Options, import};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::program::{read, succeed, text};

/// A network: sites with a server each, some with a backup, mail between them, outages.
#[derive(Debug, Clone)]
struct Net {
    sites: Vec<(&'static str, bool)>,
    mail: Vec<(usize, usize, u32, u32, bool)>,
    outages: Vec<(usize, u32, u32, &'static str)>,
    seed: u32,
}

fn net() -> impl Strategy<Value = Net> {
    let server = prop::sample::select(vec!["postfix", "exim", "sendmail", "opensmtpd"]);
    let mode = prop::sample::select(vec![
        "mode = \"refuse\"",
        "mode = \"blackhole\"",
        "mode = \"tempfail\"\nstage = \"rcpt\"",
        "mode = \"tempfail\"\nstage = \"greeting\"\nreply = \"421 4.3.2\"",
        "mode = \"permfail\"\nstage = \"mail\"",
        "mode = \"greylist\"",
    ]);
    (2_usize..5).prop_flat_map(move |count| {
        let sites = prop::collection::vec((server.clone(), any::<bool>()), count);
        let mail = prop::collection::vec(
            (0..count, 0..count, 0_u32..20_000, 1_000_u32..90_000, any::<bool>()),
            1..25,
        );
        let outages =
            prop::collection::vec((0..count, 0_u32..15_000, 60_u32..9_000, mode.clone()), 0..4);
        (sites, mail, outages, 1_u32..1000).prop_map(|(sites, mail, outages, seed)| Net {
            sites,
            mail,
            outages,
            seed,
        })
    })
}

fn scenario(net: &Net) -> String {
    let mut out =
        format!("title = \"A random network\"\nseed = {}\nduration = \"12h\"\n", net.seed);
    for (number, (server, backup)) in net.sites.iter().enumerate() {
        let host = format!("mx{number}.site{number}.example");
        let _ = write!(
            out,
            "[[host]]\nname = \"{host}\"\nroles = [\"submission\", \"mx\", \"store\"]\nmta = \"{server}\"\n"
        );
        let mut exchangers = format!("{{ host = \"{host}\", preference = 10 }}");
        if *backup {
            let _ = write!(
                out,
                "[[host]]\nname = \"backup{number}.example\"\nroles = [\"mx\"]\nmta = \"postfix\"\n"
            );
            let _ =
                write!(exchangers, ", {{ host = \"backup{number}.example\", preference = 20 }}");
        }
        let _ = write!(
            out,
            "[[domain]]\nname = \"site{number}.example\"\nmx = [{exchangers}]\nmailboxes = {{ count = 100 }}\n"
        );
    }
    for (number, (from, to, at, size, two)) in net.mail.iter().enumerate() {
        // Each message has a size of its own, by which it is known again.
        let size = size * 100 + number as u32;
        let second = format!(", \"user00002@site{from}.example\"");
        let second = if *two { second.as_str() } else { "" };
        let _ = write!(
            out,
            "[[mail]]\nfrom = \"user00001@site{from}.example\"\nto = [\"user00003@site{to}.example\"{second}]\n\
             at = \"{at}s\"\nsize = \"{size}B\"\nsubmit = {{ server = \"mx{from}.site{from}.example\" }}\n"
        );
    }
    for (site, from, length, mode) in &net.outages {
        let _ = write!(
            out,
            "[[outage]]\nhost = \"mx{site}.site{site}.example\"\nfrom = \"{from}s\"\nfor = \"{length}s\"\n{mode}\n"
        );
    }
    out
}

/// Recipients by message size and address: final state, when, tries.
type Told = BTreeMap<(u64, String), (String, f64, u64)>;

/// OpenSMTPD logs a refusal at once and writes the notice, with which the message ends, so much later
/// \[s\].
const BOUNCE_WAIT: f64 = 1.0;

fn of_tables(run: &Path, net: &Net) -> Told {
    let mut deliveries: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let attempts = fs::read(run.join("attempts.csv")).unwrap();
    for row in csv::Reader::from_reader(attempts.as_slice()).records() {
        let row = row.unwrap();
        // What mail programs and stores do is in no log of a server; a row without a number is one.
        if row[4].starts_with("mua.") {
            continue;
        }
        let which =
            format!("{}/{}/{}", &row[4], &row[1], if row[1].is_empty() { &row[0] } else { "" });
        deliveries.entry((row[2].to_owned(), row[3].to_owned())).or_default().insert(which);
    }
    let mut told = Told::new();
    let messages = fs::read(run.join("messages.csv")).unwrap();
    for row in csv::Reader::from_reader(messages.as_slice()).records() {
        let row = row.unwrap();
        let accepted = &row[3] == "mail" && !row[7].is_empty();
        // A second copy of one message has a story of its own.
        if !accepted || row[15].parse::<u64>().unwrap_or(0) > 1 || &row[8] == "in_transit" {
            continue;
        }
        let key = (row[0].to_owned(), row[1].to_owned());
        let tries = deliveries.get(&key).map_or(0, BTreeSet::len) as u64;
        let mut at = row[10].parse().unwrap_or(f64::NAN);
        let opensmtpd = |site: usize| {
            net.sites[site].0 == "opensmtpd" && row[11] == *format!("mx{site}.site{site}.example")
        };
        if &row[8] == "failed" && (0..net.sites.len()).any(opensmtpd) {
            at -= BOUNCE_WAIT;
        }
        told.insert((row[5].parse().unwrap(), key.1), (row[8].to_owned(), at, tries));
    }
    told
}

fn of_logs(logs: &Path) -> Told {
    let mut inputs = Vec::new();
    let mut files: Vec<_> = fs::read_dir(logs).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for path in files {
        let host = path.file_stem().unwrap().to_string_lossy().into_owned();
        let contents = fs::read(&path).unwrap();
        let name = path.display().to_string();
        let reader = Box::new(std::io::Cursor::new(contents));
        inputs.push(Input { name, kind: None, of: Some(host), reader });
    }
    // Exported runs begin with 2026, which stamps of syslog do not say.
    let log = LogOptions { year: Some(2026), utc_offset: Some(0) };
    let options = Options { log, ..Options::default() };
    let history: History = import(inputs, &options).unwrap().history.unwrap();
    let offset = history.start as f64 / 1e6 - 1_767_225_600.0;
    let mut told = Told::new();
    for message in history.messages.iter().filter(|message| message.id.is_some()) {
        for r in &message.recipients {
            let at = r.at as f64 / 1e6 + offset;
            let found = (r.outcome.as_str().to_owned(), at, u64::from(r.tries));
            told.insert((message.size, r.address.clone()), found);
        }
    }
    told
}

fn check(net: &Net) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let (file, run) = (folder.path().join("net.toml"), folder.path().join("run"));
    fs::write(&file, scenario(net)).unwrap();
    succeed(&["run", text(&file), "--no-charts", "--out", text(&run)]);
    let expected = of_tables(&run, net);
    if expected.is_empty() {
        return Ok(());
    }
    succeed(&["export", text(&run), "--as", "maillog"]);
    let found = of_logs(&run.join("export/maillog"));
    for (key, (state, at, tries)) in &expected {
        let Some((found_state, found_at, found_tries)) = found.get(key) else {
            // A message that was never tried has no line with its recipient.
            prop_assert!(
                state == "queued" && *tries == 0,
                "{key:?} is not in the logs: {state}, {tries}"
            );
            continue;
        };
        prop_assert_eq!(state, found_state, "{:?}", key);
        prop_assert_eq!(tries, found_tries, "tries of {:?}", key);
        // Stamps of syslog have whole seconds.
        let apart = (at - found_at).abs();
        prop_assert!(
            state == "queued" || apart <= 1.0,
            "{key:?}: {at} in the tables, {found_at} in the logs"
        );
    }
    Ok(())
}

/// So many networks; `MAILSIM_NETWORKS=400` makes it more.
fn cases() -> u32 {
    std::env::var("MAILSIM_NETWORKS").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        max_shrink_iters: 40,
        // The same networks each time, and no file of those that failed.
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn logs_tell_what_the_tables_hold(net in net()) {
        check(&net)?;
    }
}

/// The whole circle: a run, its log, the log imported, and what was made run again.
#[test]
fn a_run_made_from_a_log_of_a_run_agrees_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (run, again) = (folder.path().join("run"), folder.path().join("again"));
    succeed(&["run", "scenarios/primary-down.toml", "--no-charts", "--out", text(&run)]);
    succeed(&["export", text(&run), "--as", "maillog", "--host", "smtp.sender.example"]);
    let log = run.join("export/maillog/smtp.sender.example.log");
    let said = succeed(&["import", text(&log), "--reenact", "--out", text(&again)]);
    let share = |what: &str| -> f64 {
        let line =
            said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{said}"));
        line.split(": ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    assert!(share("same final state") >= 95.0, "{said}");
    assert!(share("same number of tries") >= 90.0, "{said}");
    assert!(share("time within") >= 85.0, "{said}");
    let _ = read(&again.join("reenact.txt"));
}
