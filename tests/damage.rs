//! Do `report`, `export` and `figures` survive what has become of a result folder?
//!
//! Files of finished results are damaged in ways that a disk, an editor or a spreadsheet has: cut off,
//! lines doubled and gone, numbers replaced, columns renamed, octets flipped. Whatever comes of it, it
//! ends, with pages or with an error that names a file; and what `run.json` tells of a file by its digest
//! is believed rather than the file. `MAILSIM_DAMAGES` tries that many others.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use mailsim::report::rebuild;

/// Damages tried by default, of each folder.
const DAMAGES: u64 = 40;

/// A small generator of numbers: the same ones each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit.max(1) as u64).unwrap_or_default()
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// What stands where a number was.
const NUMBERS: &[&str] = &[
    "NaN",
    "inf",
    "-1",
    "-0.5",
    "1e308",
    "1e15",
    "4000000000",
    "18446744073709551615",
    "99999999999999999999999",
    "0",
    "",
    "7",
    "null",
    "-9223372036854775808",
    "1e-300",
    "x",
    "[]",
];

/// Returns the places of the numbers of a text.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let digit = |c: char| c.is_ascii_digit() || c == '.';
    let mut found = Vec::new();
    let mut begin = None;
    for (place, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (digit(c), begin) {
            (true, None) => begin = Some(place),
            (false, Some(from)) => {
                found.push((from, place));
                begin = None;
            }
            _ => {}
        }
    }
    found
}

/// Damages a text in one of several ways, of which it returns the name.
fn damage(text: &mut String, chance: &mut Chance) -> &'static str {
    let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    match chance.below(8) {
        0..=3 => {
            let numbers = numbers(text);
            if !numbers.is_empty() {
                let &(from, to) = chance.of(&numbers);
                text.replace_range(from..to, chance.of::<&str>(NUMBERS));
            }
            "a number replaced"
        }
        4 => {
            let mut end = chance.below(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            "cut off"
        }
        5 => {
            let gone = chance.below(lines.len());
            *text =
                lines.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, l)| &**l).collect();
            "a line gone"
        }
        6 => {
            let twice = chance.below(lines.len());
            *text = lines
                .iter()
                .enumerate()
                .map(|(n, l)| l.repeat(1 + usize::from(n == twice)))
                .collect();
            "a line doubled"
        }
        _ => {
            let mut place = chance.below(text.len());
            while !text.is_char_boundary(place) {
                place -= 1;
            }
            let octet = *chance.of(&[",", "\"", "{", "]", "\n", "\u{0}", "é", "0", "-"]);
            text.insert_str(place, octet);
            "an octet inserted"
        }
    }
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to.join("charts")).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Takes the digests out of `run.json`, so that damage is met where files are read.
fn forget_digests(folder: &Path) {
    let file = folder.join("run.json");
    let mut told: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    told["files"] = serde_json::json!({});
    fs::write(file, told.to_string()).unwrap();
}

fn result(name: &str, arguments: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damage").join(name);
    let _ = fs::remove_dir_all(&folder);
    let root = env!("CARGO_MANIFEST_DIR");
    let done = Command::new(env!("CARGO_BIN_EXE_mailsim"))
        .current_dir(root)
        .args(arguments)
        .args(["--quiet", "--out"])
        .arg(&folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    folder
}

/// Lets the program read a damaged folder in a way that is none of `report`: it says what is wrong, if it does.
fn is_read(folder: &Path, arguments: &[&str], told: &str) {
    let done = Command::new(env!("CARGO_BIN_EXE_mailsim"))
        .args(arguments)
        .current_dir(folder.parent().unwrap())
        .output()
        .unwrap();
    let (status, said) = (done.status.code(), String::from_utf8_lossy(&done.stderr));
    assert!(
        matches!(status, Some(0 | 2 | 3)),
        "{told}: {arguments:?} ends with {status:?}: {said}"
    );
    assert!(status == Some(0) || said.contains("error: "), "{told}: {arguments:?} says nothing");
}

const FORMS: &str = "maillog,qshape,mailq,mbox,eml,openmetrics,dot,graphml,pcapng";

fn survives(whole: &Path, files: &[&str], seed: u64) {
    let count = std::env::var("MAILSIM_DAMAGES").ok().and_then(|it| it.parse().ok());
    let mut chance =
        Chance(if count.is_some() { seed ^ u64::from(std::process::id()) } else { seed });
    let (mut made, mut refused) = (0_u64, 0_u64);
    for _ in 0..count.unwrap_or(DAMAGES) {
        let folder = whole.with_extension("damaged");
        copy(whole, &folder);
        forget_digests(&folder);
        let file = folder.join(chance.of(files));
        let mut text = fs::read_to_string(&file).unwrap();
        let mut what = Vec::new();
        for _ in 0..1 + chance.below(3) {
            if !text.is_empty() {
                what.push(damage(&mut text, &mut chance));
            }
        }
        fs::write(&file, &text).unwrap();
        let ended = catch_unwind(AssertUnwindSafe(|| rebuild(&folder, false)));
        let told = format!("{}: {}", file.display(), what.join(", "));
        if whole.ends_with("run") {
            let name = folder.file_name().and_then(|name| name.to_str()).unwrap();
            is_read(&folder, &["export", "--as", FORMS, "--to", "exported", name], &told);
            is_read(&folder, &["figures", name, "delivered_share", "to:a/hops.mean"], &told);
        }
        match ended {
            Ok(Ok(())) => made += 1,
            Ok(Err(error)) => {
                refused += 1;
                assert!(error.to_string().contains("damaged/"), "{told}: names no file: {error}");
            }
            Err(_) => panic!("{told}\n{text}"),
        }
    }
    println!("{}: {made} pages made, {refused} refused", whole.display());
    assert!(refused > 0 && made > 0, "{made} pages, {refused} refused");
}

#[test]
fn damaged_results_of_runs_are_drawn_or_refused() {
    let whole = result("run", &["run", "scenarios/first-message.toml", "--no-charts"]);
    let files = [
        "messages.csv",
        "attempts.csv",
        "queues.csv",
        "hosts.csv",
        "summary.json",
        "run.json",
        "trace.jsonl",
    ];
    survives(&whole, &files, 1);
}

#[test]
fn damaged_results_of_studies_are_drawn_or_refused() {
    let study = "scenarios/studies/polling.toml";
    let whole = result("study", &["study", study, "--set", "replications=2", "--no-charts"]);
    survives(&whole, &["study.json", "study.json", "run.json"], 2);
}

/// A digit that was changed makes a file that reads well, and is not what the run wrote.
#[test]
fn a_changed_file_is_told_by_its_digest() {
    let whole = result("digest", &["run", "scenarios/first-message.toml", "--no-charts"]);
    rebuild(&whole, false).expect("it is whole");
    let file = whole.join("messages.csv");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("10000", "10001", 1)).unwrap();
    let error = rebuild(&whole, false).expect_err("it was changed").to_string();
    assert!(error.contains("messages.csv") && error.contains("digest"), "{error}");
}
