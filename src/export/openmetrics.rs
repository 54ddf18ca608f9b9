//! Samples of queues with their times (OpenMetrics 1.0), for back-filling Prometheus.

use std::fmt::Write as _;

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
    vec![ExportedFile { name: "queues.om".to_owned(), contents: out.into_bytes() }]
}
