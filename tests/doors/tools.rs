//! The tools that people use read what is exported.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::left_out::left_out;
use crate::program::{read, succeed, text};

/// A run of a shipped scenario, exported.
fn exported(form: &str, extra: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let scenario = "scenarios/primary-down.toml";
    succeed(&[
        "run",
        scenario,
        "--until",
        "3h",
        "--no-charts",
        "--unset",
        "expect",
        "--out",
        text(&run),
    ]);
    let mut arguments = vec!["export", text(&run), "--as", form];
    arguments.extend(extra);
    succeed(&arguments);
    let target = run.join("export").join(form);
    (folder, target)
}

/// What a tool prints; none if it is not installed.
fn tool(name: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(name).args(arguments).output() {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name} {arguments:?}: {errors}");
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(_) => {
            left_out(name, "it is not installed");
            None
        }
    }
}

/// Counts of `summary.json`'s tables, by our own reading of them.
fn sent_from(folder: &Path, host: &str) -> usize {
    let attempts = read(&folder.join("../../attempts.csv"));
    let rows = attempts.lines().filter(|row| {
        let fields: Vec<&str> = row.split(',').collect();
        fields[4] == host && fields[10] == "accepted"
    });
    rows.count()
}

#[test]
fn pflogsumm_counts_what_the_tables_hold() {
    let (_folder, logs) = exported("maillog", &[]);
    let host = "smtp.sender.example";
    let log = logs.join(format!("{host}.log"));
    let Some(report) = tool("pflogsumm", &[text(&log)]) else { return };
    let delivered = report.lines().find(|line| line.trim().ends_with("delivered")).unwrap();
    let count: usize = delivered.split_whitespace().next().unwrap().parse().unwrap();
    assert!(count > 0, "{report}");
    assert_eq!(count, sent_from(&logs, host), "{report}");
}

#[test]
fn graphviz_draws_the_network() {
    let (_folder, graph) = exported("dot", &[]);
    let Some(svg) = tool("dot", &["-Tsvg", text(&graph.join("network.dot"))]) else { return };
    assert!(svg.contains("<title>smtp.sender.example</title>"), "{svg}");
}

#[test]
fn python_reads_mailboxes_messages_and_graphs() {
    let (_folder, boxes) = exported("mbox", &[]);
    let messages = read(&boxes.join("../../messages.csv"));
    let delivered = messages.lines().filter(|row| row.contains(",delivered,")).count();
    let program = "import mailbox, sys, glob\n\
        n = 0\n\
        for f in glob.glob(sys.argv[1] + '/*.mbox'):\n\
        \x20   for m in mailbox.mbox(f):\n\
        \x20       assert m['Message-ID'] and m['Date'] and m['To'], m.as_string()\n\
        \x20       assert m.get_all('Received'), m.as_string()\n\
        \x20       n += 1\n\
        print(n)";
    let Some(count) = tool("python3", &["-c", program, text(&boxes)]) else { return };
    assert_eq!(count.trim().parse(), Ok(delivered));
    let (_folder, graph) = exported("graphml", &[]);
    let program = "import sys, xml.etree.ElementTree as t\n\
        r = t.parse(sys.argv[1]).getroot()\n\
        ns = '{http://graphml.graphdrawing.org/xmlns}'\n\
        nodes = {n.get('id') for n in r.iter(ns + 'node')}\n\
        edges = [(e.get('source'), e.get('target')) for e in r.iter(ns + 'edge')]\n\
        assert edges and all(a in nodes and b in nodes for a, b in edges)\n\
        print(len(nodes))";
    let Some(nodes) = tool("python3", &["-c", program, text(&graph.join("network.graphml"))])
    else {
        return;
    };
    assert!(nodes.trim().parse::<u32>().unwrap() >= 3, "{nodes}");
}

#[test]
fn queues_are_told_by_age_and_destination() {
    let (_folder, tables) = exported("qshape", &["--at", "150m"]);
    let table = read(&tables.join("smtp.sender.example.qshape"));
    let numbers = |name: &str| -> Vec<u64> {
        let line = table.lines().find(|l| l.trim_start().starts_with(name)).unwrap();
        line.split_whitespace().skip(1).map(|n| n.parse().unwrap()).collect()
    };
    let total = numbers("TOTAL");
    assert!(total[0] > 0, "{table}");
    assert_eq!(total[0], total[1..].iter().sum::<u64>(), "{table}");
    // The queue's own sample at that moment counts the same messages, of one recipient each.
    let samples = read(&tables.join("../../queues.csv"));
    let then = samples
        .lines()
        .filter(|row| row.starts_with("9000.0") && row.contains("smtp.sender.example"));
    for row in then {
        let fields: Vec<u64> = row.split(',').skip(2).take(3).map(|n| n.parse().unwrap()).collect();
        assert_eq!(total[0], fields.iter().sum::<u64>(), "{row}\n{table}");
    }
    let (_folder, lists) = exported("mailq", &["--at", "150m"]);
    let list = read(&lists.join("smtp.sender.example.mailq"));
    assert!(list.trim_end().ends_with("Requests."), "{list}");
}

#[test]
fn samples_have_the_form_of_open_metrics() {
    let (_folder, metrics) = exported("openmetrics", &[]);
    let text = read(&metrics.join("queues.om"));
    assert!(text.ends_with("# EOF\n"));
    let mut last: Option<(String, f64)> = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, rest) = line.rsplit_once("} ").unwrap();
        let (value, at) = rest.split_once(' ').unwrap();
        value.parse::<u64>().unwrap();
        let at: f64 = at.parse().unwrap();
        // Within one series time goes forward.
        if let Some((before, earlier)) = &last {
            assert!(before != series || *earlier < at, "{line}");
        }
        last = Some((series.to_owned(), at));
    }
    assert!(last.is_some());
}
