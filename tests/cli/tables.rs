//! The scripts that the program carries know every column of every table. What they do is tried in `.ci/run`,
//! with pandas and R.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::program::{call, folder, scenario};

fn header(file: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.headers().unwrap().iter().map(str::to_owned).collect()
}

fn types(folder: &Path) -> Map<String, Value> {
    call(folder, &["help", "--scripts", "tools"]).ends_with(0);
    let text = fs::read_to_string(folder.join("tools/types.json")).unwrap();
    match serde_json::from_str(&text).unwrap() {
        Value::Object(types) => types,
        other => panic!("{other}"),
    }
}

#[test]
fn every_column_of_a_run_has_a_type_that_its_cells_have() {
    let place = folder();
    let types = types(place.path());
    let three = scenario("three-recipients.toml");
    call(place.path(), &["run", &three, "--no-charts", "--out", "run"]).ends_with(0);
    for table in ["messages.csv", "attempts.csv", "queues.csv", "hosts.csv"] {
        let file = place.path().join("run").join(table);
        let known: Vec<&String> = types[table].as_object().unwrap().keys().collect();
        let mut sorted = header(&file);
        sorted.sort_unstable();
        assert_eq!(known, sorted.iter().collect::<Vec<_>>(), "{table}");
        let mut reader = csv::Reader::from_path(&file).unwrap();
        let names = header(&file);
        for row in reader.records().map(Result::unwrap) {
            for (name, cell) in names.iter().zip(row.iter()).filter(|(_, cell)| !cell.is_empty()) {
                let fits = match types[table][name].as_str().unwrap() {
                    "BIGINT" => cell.parse::<i64>().is_ok(),
                    "DOUBLE" => cell.parse::<f64>().is_ok(),
                    "BOOLEAN" => cell.parse::<bool>().is_ok(),
                    kind => kind == "VARCHAR",
                };
                assert!(fits, "{table} {name} {cell}");
            }
        }
    }
}

/// Packed tables hold the same, and every command that reads a result folder reads them.
#[test]
fn packed_tables_are_read_like_plain_ones() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    call(place.path(), &["run", &three, "--out", "plain"]).ends_with(0);
    call(place.path(), &["run", &three, "--compress", "--out", "packed"]).ends_with(0);
    for table in ["messages.csv", "attempts.csv", "queues.csv", "hosts.csv"] {
        assert!(!place.path().join("packed").join(table).exists(), "{table}");
        let packed = fs::read(place.path().join(format!("packed/{table}.gz"))).unwrap();
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text)
            .unwrap();
        assert_eq!(text, fs::read(place.path().join("plain").join(table)).unwrap(), "{table}");
    }
    let page = |run: &str| fs::read_to_string(place.path().join(run).join("report.html")).unwrap();
    let before = page("packed");
    assert_eq!(before, page("plain"));
    call(place.path(), &["report", "packed"]).ends_with(0);
    assert_eq!(page("packed"), before);
    let says = |arguments: &[&str], run: &str| {
        let arguments: Vec<&str> = arguments.iter().copied().chain([run]).collect();
        call(place.path(), &arguments).ends_with(0).out.replace(run, "RUN")
    };
    let figures = ["figures", "--format", "csv"];
    assert_eq!(says(&figures, "packed"), says(&figures, "plain"));
    for run in ["plain", "packed"] {
        call(place.path(), &["export", run, "--as", "maillog,mailq"]).ends_with(0);
    }
    // A table that was changed is known by its digest, packed or not.
    let file = place.path().join("packed/messages.csv.gz");
    let mut octets = fs::read(&file).unwrap();
    *octets.last_mut().unwrap() ^= 1;
    fs::write(&file, octets).unwrap();
    let said = call(place.path(), &["report", "packed"]);
    assert!(said.err.contains("messages.csv.gz") && said.err.contains("digest"), "{}", said.err);
}

#[test]
fn equal_runs_have_equal_packed_tables() {
    let place = folder();
    let three = scenario("three-recipients.toml");
    for run in ["one", "two"] {
        let arguments = ["run", &three, "--no-charts", "--compress", "--out", run];
        call(place.path(), &arguments).ends_with(0);
    }
    let read = |run: &str| fs::read(place.path().join(run).join("attempts.csv.gz")).unwrap();
    assert_eq!(read("one"), read("two"));
}

#[test]
fn every_column_of_a_study_has_a_type_or_is_of_a_factor_or_figure() {
    let place = folder();
    let types = types(place.path());
    let study = scenario("studies/outage.toml");
    let arguments = ["study", &study, "--no-charts", "--set", "replications=2", "--out", "s"];
    call(place.path(), &arguments).ends_with(0);
    let json: Value =
        serde_json::from_str(&fs::read_to_string(place.path().join("s/study.json")).unwrap())
            .unwrap();
    let named = |list: &str| -> Vec<String> {
        let all = json["study"][list].as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let mut others = [named("factors"), named("figures")].concat();
    others.extend(named("factors").iter().map(|name| format!("{name}_s")));
    for table in ["study", "estimates", "comparisons", "effects", "best", "delays"] {
        let name = format!("{table}.csv");
        let known = types[&name].as_object().unwrap();
        let header = header(&place.path().join("s").join(&name));
        for column in known.keys() {
            assert!(header.contains(column), "{name} has no {column}");
        }
        for column in &header {
            assert!(known.contains_key(column) || others.contains(column), "{name}: {column}");
        }
    }
}

#[test]
fn scripts_replace_their_own_alone() {
    let place = folder();
    call(place.path(), &["help", "--scripts", "."]).ends_with(0);
    call(place.path(), &["help", "--scripts", "."]).ends_with(0);
    fs::write(place.path().join("read.R"), "mine <- 1\n").unwrap();
    call(place.path(), &["help", "--scripts", "."])
        .ends_with(3)
        .complains_of(&["read.R is there already"]);
    assert_eq!(fs::read_to_string(place.path().join("read.R")).unwrap(), "mine <- 1\n");
}

#[test]
fn what_the_program_carries_can_be_written_and_run_without_a_checkout() {
    let place = folder();
    let list = call(place.path(), &["new", "--list"]).ends_with(0).out;
    for name in ["primary-down", "studies/herd"] {
        assert!(list.contains(&format!("\n  {name}\n")), "{name}: {list}");
    }
    call(place.path(), &["new", "--from", "first-message"]).ends_with(0);
    call(place.path(), &["check", "first-message.toml"]).ends_with(0);
    call(place.path(), &["new", "--from", "first-message"]).ends_with(3);
    let said = call(place.path(), &["new", "deep/mine", "--from", "studies/polling"]);
    said.ends_with(3);
    let said = call(place.path(), &["new", "mine", "--from", "studies/polling"]).ends_with(0);
    assert!(said.err.contains("mailsim study mine.toml"), "{}", said.err);
    call(place.path(), &["check", "mine.toml"]).ends_with(0);
    // As the manual says it, though no such file is here.
    let arguments = ["run", "scenarios/first-message.toml", "--no-charts", "--out", "x"];
    call(place.path(), &arguments).ends_with(0);
    call(place.path(), &["check", "scenarios/studies/polling.toml"]).ends_with(0);
    call(place.path(), &["new", "--from", "primary-dwon"])
        .ends_with(2)
        .complains_of(&["did you mean `primary-down`?"]);
    call(place.path(), &["run", "scenarios/nothing.toml"]).ends_with(3);
}
