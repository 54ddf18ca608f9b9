//! Samples of queues with their times (OpenMetrics 1.0), for back-filling Prometheus, and a board of
//! Grafana that shows them.

use std::fmt::Write as _;

use serde_json::json;

use super::tables::Run;
use super::{ExportOptions, ExportedFile};

/// A metric: its name, what it is, and where it stands among the counts of a sample.
const METRICS: [(&str, &str, Option<&str>, usize); 5] = [
    ("mailsim_queue_messages", "Messages in the queues.", Some("incoming"), 0),
    ("mailsim_queue_messages", "", Some("active"), 1),
    ("mailsim_queue_messages", "", Some("deferred"), 2),
    ("mailsim_inbound_sessions", "SMTP sessions that a host serves.", None, 3),
    ("mailsim_outbound_sessions", "SMTP sessions that a host has opened.", None, 4),
];

/// Returns one file for all hosts.
pub(super) fn files(
    run: &Run,
    options: &ExportOptions,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<ExportedFile> {
    let mut out = String::new();
    for (name, help, queue, index) in METRICS {
        if !help.is_empty() {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        }
        // Samples of one series stand together, in order of time.
        let mut samples: Vec<_> =
            run.samples.iter().filter(|sample| wanted(&sample.host)).collect();
        samples.sort_by(|a, b| (&a.host, a.at).cmp(&(&b.host, b.at)));
        for sample in samples {
            let queue = queue.map(|queue| format!(",queue=\"{queue}\"")).unwrap_or_default();
            let host = sample.host.replace('\\', "\\\\").replace('"', "\\\"");
            let at = options.start * 1_000_000 + sample.at;
            let (seconds, millis) = (at.div_euclid(1_000_000), at.rem_euclid(1_000_000) / 1000);
            let value = sample.counts[index];
            let _ = writeln!(out, "{name}{{host=\"{host}\"{queue}}} {value} {seconds}.{millis:03}");
        }
    }
    out.push_str("# EOF\n");
    vec![
        ExportedFile { name: "queues.om".to_owned(), contents: out.into_bytes() },
        ExportedFile { name: "board.json".to_owned(), contents: board(run, options) },
    ]
}

/// Panels of the board: title, what is asked of Prometheus, and how a line is named.
const PANELS: [(&str, &str, &str); 4] = [
    ("Messages in queues", "sum by (host) (mailsim_queue_messages{host=~\"$host\"})", "{{host}}"),
    ("Deferred", "mailsim_queue_messages{host=~\"$host\",queue=\"deferred\"}", "{{host}}"),
    ("Active", "mailsim_queue_messages{host=~\"$host\",queue=\"active\"}", "{{host}}"),
    (
        "SMTP sessions",
        "mailsim_outbound_sessions{host=~\"$host\"} or mailsim_inbound_sessions{host=~\"$host\"}",
        "{{host}} {{__name__}}",
    ),
];

/// Returns a board that Grafana imports: it asks for the data source, and shows the time of the run.
fn board(run: &Run, options: &ExportOptions) -> Vec<u8> {
    let millis = |micros: i64| (options.start * 1_000_000 + micros) / 1000;
    let last = run.samples.iter().map(|sample| sample.at).max().unwrap_or(0);
    let source = json!({ "type": "prometheus", "uid": "${DS_PROMETHEUS}" });
    let panel = |(place, (title, ask, legend)): (usize, (&str, &str, &str))| {
        json!({
            "id": place + 1,
            "type": "timeseries",
            "title": title,
            "datasource": source,
            "gridPos": { "h": 9, "w": 12, "x": 12 * (place % 2), "y": 9 * (place / 2) },
            "targets": [{ "refId": "A", "expr": ask, "legendFormat": legend, "datasource": source }],
        })
    };
    let panels: Vec<_> = PANELS.into_iter().enumerate().map(panel).collect();
    let board = json!({
        "__inputs": [{
            "name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource",
            "pluginId": "prometheus", "pluginName": "Prometheus",
        }],
        "title": "mailsim",
        "uid": "mailsim-queues",
        "schemaVersion": 39,
        "time": { "from": millis(0).to_string(), "to": millis(last).to_string() },
        "timezone": "utc",
        "templating": { "list": [{
            "name": "host", "label": "Host", "type": "query", "datasource": source,
            "query": "label_values(mailsim_queue_messages, host)",
            "multi": true, "includeAll": true, "refresh": 1,
            "current": { "text": "All", "value": "$__all" },
        }] },
        "panels": panels,
    });
    format!("{board:#}\n").into_bytes()
}
