//! Who sent to whom, as a graph for Graphviz (the DOT language).

use std::fmt::Write as _;

use super::ExportedFile;
use super::graphml::edges;
use super::tables::Run;

/// Returns the graph: an edge for each pair of hosts, with how many tries succeeded and failed.
pub(super) fn files(run: &Run) -> Vec<ExportedFile> {
    let mut out = String::from("digraph mail {\n  rankdir=LR;\n  node [shape=box];\n");
    for (name, host) in &run.hosts {
        let what = match host.profile.as_str() {
            "" | "none" => host.roles.join(", "),
            profile => format!("{}, {profile}", host.roles.join(", ")),
        };
        let _ = writeln!(out, "  {} [label={}];", quoted(name), quoted(&format!("{name}\n{what}")));
    }
    for ((from, to), (accepted, failed)) in edges(run) {
        let label = match failed {
            0 => accepted.to_string(),
            _ => format!("{accepted}, failed {failed}"),
        };
        let style = if accepted == 0 { ", style=dashed" } else { "" };
        let (from, to, label) = (quoted(from), quoted(to), quoted(&label));
        let _ = writeln!(out, "  {from} -> {to} [label={label}{style}];");
    }
    out.push_str("}\n");
    vec![ExportedFile { name: "network.dot".to_owned(), contents: out.into_bytes() }]
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
