//! Who sent to whom, as GraphML (<http://graphml.graphdrawing.org>), for yEd, Gephi and networkx.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ExportedFile;
use super::tables::Run;

/// Tries between pairs of hosts: accepted, and all others.
pub(super) fn edges(run: &Run) -> BTreeMap<(&str, &str), (u64, u64)> {
    let mut found: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    let between = |a: &&super::tables::Attempt| !a.to.is_empty() && a.stage != "local";
    for attempt in run.attempts.iter().filter(between) {
        let (accepted, failed) = found.entry((&attempt.from, &attempt.to)).or_default();
        match attempt.outcome.as_str() {
            "accepted" => *accepted += 1,
            _ => *failed += 1,
        }
    }
    found
}

/// Returns the graph.
pub(super) fn files(run: &Run) -> Vec<ExportedFile> {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n\
         <key id=\"roles\" for=\"node\" attr.name=\"roles\" attr.type=\"string\"/>\n\
         <key id=\"server\" for=\"node\" attr.name=\"server\" attr.type=\"string\"/>\n\
         <key id=\"accepted\" for=\"edge\" attr.name=\"accepted\" attr.type=\"long\"/>\n\
         <key id=\"failed\" for=\"edge\" attr.name=\"failed\" attr.type=\"long\"/>\n\
         <graph id=\"mail\" edgedefault=\"directed\">\n",
    );
    for (name, host) in &run.hosts {
        let (name, server) = (escaped(name), escaped(&host.profile));
        let roles = escaped(&host.roles.join(" "));
        let _ = writeln!(
            out,
            "<node id=\"{name}\"><data key=\"roles\">{roles}</data><data key=\"server\">{server}\
             </data></node>"
        );
    }
    for ((from, to), (accepted, failed)) in edges(run) {
        let (from, to) = (escaped(from), escaped(to));
        let _ = writeln!(
            out,
            "<edge source=\"{from}\" target=\"{to}\"><data key=\"accepted\">{accepted}</data><data \
             key=\"failed\">{failed}</data></edge>"
        );
    }
    out.push_str("</graph>\n</graphml>\n");
    vec![ExportedFile { name: "network.graphml".to_owned(), contents: out.into_bytes() }]
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}
