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
fn tshark_reads_the_dialogues() {
    let (_folder, packets) = exported("pcapng", &["--message", "1-1"]);
    let file = packets.join("dialogues.pcapng");
    let fields = |filter: &str, field: &str| {
        tool("tshark", &["-n", "-r", text(&file), "-Y", filter, "-T", "fields", "-e", field])
    };
    let Some(commands) = fields("smtp.req", "smtp.req.command") else { return };
    let attempts = read(&packets.join("../../attempts.csv"));
    let header: Vec<&str> = attempts.lines().next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (id, stage) = (column("message_id"), column("stage"));
    let rows = attempts.lines().skip(1).map(|row| row.split(',').collect::<Vec<_>>());
    let reached = |stage: &str| ["rcpt", "data", "dot"].contains(&stage);
    let mine = rows.filter(|row| row[id] == "1-1");
    let transactions = mine.filter(|row| reached(row[stage])).count();
    let count = |word: &str| commands.split_whitespace().filter(|c| *c == word).count();
    assert_eq!(count("MAIL"), transactions, "{commands}");
    assert!(transactions > 0 && count("STARTTLS") == 0, "{commands}");
    // What was in the message, and the look-up before it, are dissected too.
    let subjects = fields("imf", "imf.subject").unwrap();
    assert!(subjects.contains("1-1"), "{subjects}");
    let asked = fields("dns.flags.response == 1", "dns.mx.mail_exchange").unwrap();
    assert!(asked.contains("example"), "{asked}");
    // Checksums are right, and nothing is cut or out of order.
    let amiss = "tcp.analysis.flags || ip.checksum.status == 0 || tcp.checksum.status == 0 || _ws.malformed";
    let odd = tool("tshark", &["-n", "-r", text(&file), "-Y", amiss]).unwrap();
    assert_eq!(odd, "", "{odd}");
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
        .filter(|row| row.starts_with("9000.0") && row.contains(",smtp.sender.example,"));
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

#[test]
fn prometheus_takes_the_samples_and_the_board_asks_for_them() {
    let (folder, metrics) = exported("openmetrics", &[]);
    let (samples, store) = (metrics.join("queues.om"), folder.path().join("tsdb"));
    let made = ["tsdb", "create-blocks-from", "openmetrics", text(&samples), text(&store)];
    if tool("promtool", &made).is_none() {
        return;
    }
    // A server would make this folder.
    std::fs::create_dir(store.join("wal")).unwrap();
    let dumped = tool("promtool", &["tsdb", "dump", text(&store)]).unwrap();
    let count = read(&samples).lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(dumped.lines().count(), count, "all samples are in the store");
    let board: serde_json::Value =
        serde_json::from_str(&read(&metrics.join("board.json"))).unwrap();
    let panels = board["panels"].as_array().unwrap();
    assert!(!panels.is_empty());
    for panel in panels {
        let asked = panel["targets"][0]["expr"].as_str().unwrap();
        let names = asked.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        for name in names.filter(|word| word.starts_with("mailsim_")) {
            assert!(dumped.contains(&format!("__name__=\"{name}\"")), "{name} of {asked}");
        }
    }
}

#[test]
fn tshark_reads_how_messages_were_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let (file, run) = (folder.path().join("read.toml"), folder.path().join("run"));
    let scenario = "title = \"Readers\"\nduration = \"3h\"\n\
        [[host]]\nname = \"mx.a.example\"\nroles = [\"submission\", \"mx\", \"store\"]\n\
        [[domain]]\nname = \"a.example\"\nmx = [{ host = \"mx.a.example\", preference = 10 }]\n\
        mailboxes = [\"ann\", \"bob\", \"cid\", \"dora\"]\n\
        [[mail]]\nfrom = \"ann@a.example\"\nto = [\"bob@a.example\", \"cid@a.example\", \"dora@a.example\"]\n\
        at = \"1min\"\nsize = \"9kB\"\nsubmit = { server = \"mx.a.example\" }\n\
        [[reading]]\nmailbox = \"bob@a.example\"\nprotocol = \"pop3\"\nevery = \"10min\"\n\
        [[reading]]\nmailbox = \"cid@a.example\"\nprotocol = \"imap\"\nevery = \"10min\"\n\
        [[reading]]\nmailbox = \"dora@a.example\"\nprotocol = \"imap\"\nidle = true\n";
    std::fs::write(&file, scenario).unwrap();
    succeed(&["run", text(&file), "--no-charts", "--export", "pcapng", "--out", text(&run)]);
    let packets = run.join("export/pcapng/dialogues.pcapng");
    let fields = |filter: &str, field: &str| {
        tool("tshark", &["-n", "-r", text(&packets), "-Y", filter, "-T", "fields", "-e", field])
    };
    let Some(pop) = fields("pop.request", "pop.request.command") else { return };
    for word in ["USER", "PASS", "STAT", "LIST", "UIDL", "RETR", "QUIT"] {
        assert!(pop.contains(word), "{word}: {pop}");
    }
    let imap = fields("imap.request", "imap.request").unwrap();
    for word in ["LOGIN", "SELECT INBOX", "FETCH 1 BODY.PEEK[]", "IDLE", "LOGOUT"] {
        assert!(imap.contains(word), "{word}: {imap}");
    }
    let amiss = "tcp.analysis.flags || ip.checksum.status == 0 || tcp.checksum.status == 0 || _ws.malformed";
    let odd = tool("tshark", &["-n", "-r", text(&packets), "-Y", amiss]).unwrap();
    assert_eq!(odd, "", "{odd}");
}
