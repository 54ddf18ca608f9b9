//! `report.html`: one file that says everything about a run, without any network.

use std::fmt::Write as _;

use crate::measure::Summary;

use super::chart::Chart;
use super::html_tables::{
    close_table, counts_table, domain_table, head_of_table, host_table, latency_table, open_table,
    outage_table, row, time_table,
};
use super::live::Live;
use super::run_data::RunData;
use super::words::{grouped, time};

const STYLE: &str = include_str!("report.css");
/// The player: built from `src/player` and checked in, so that building mailsim needs no network.
const PLAYER: &str = include_str!("../player/bundle/player.js");
const PLAYER_STYLE: &str = include_str!("../player/bundle/player.css");
/// Licences of what the player contains.
const PLAYER_LICENSES: &str = include_str!("../player/bundle/LICENSES.txt");

/// Returns the page. `charts` are SVG texts with their charts, in order.
/// `player` is the run as the player takes it; without it the page stands still. With `live` it
/// has the controls of a page that is served.
pub(super) fn page(
    data: &RunData,
    charts: &[(Chart, String)],
    player: Option<&str>,
    live: Option<&Live>,
) -> String {
    let scenario = &data.run.scenario;
    let title = if scenario.title.is_empty() { &scenario.name } else { &scenario.title };
    let mut html = String::new();
    let (script, style) = match (player, live) {
        (None, _) => (String::new(), ""),
        (Some(_), None) => ("script-src 'unsafe-inline'; ".to_owned(), PLAYER_STYLE),
        (Some(_), Some(live)) => (live.policy(), PLAYER_STYLE),
    };
    begin_page(&mut html, title, &script, style);
    paragraph(&mut html, "question", "Question", &scenario.question);
    paragraph(&mut html, "look-for", "What to look for", &scenario.look_for);
    if player.is_some() {
        html.push_str(
            "<noscript><p>Without scripts the run cannot be replayed; everything below stands by \
             itself.</p></noscript>\n<div id=\"player\"></div>\n",
        );
    }
    warning_list(&mut html, &data.summary.warnings);
    expectations(&mut html, &data.summary);
    html.push_str("<section>\n<h2>Result</h2>\n");
    counts_table(&mut html, &data.summary);
    latency_table(&mut html, &data.summary);
    time_table(&mut html, &data.summary);
    outage_table(&mut html, &data.summary);
    html.push_str("</section>\n<section>\n<h2>Charts</h2>\n");
    for (chart, svg) in charts {
        let _ = write!(
            html,
            "<figure>\n{}\n<figcaption>{} (<code>charts/{}.svg</code>)</figcaption>\n</figure>\n",
            svg.trim(),
            escaped(chart.description),
            chart.name
        );
    }
    html.push_str("</section>\n<section>\n<h2>Domains and hosts</h2>\n");
    domain_table(&mut html, &data.summary);
    host_table(&mut html, &data.summary);
    html.push_str("</section>\n<section>\n<h2>Tables</h2>\n");
    for table in &data.tables {
        head_of_table(&mut html, table);
    }
    html.push_str("</section>\n");
    evidence(&mut html, data);
    html.push_str("</main>\n");
    if let Some(json) = player {
        let _ = writeln!(html, "<script type=\"application/json\" id=\"run\">{json}</script>");
        let nonce = live.map_or_else(String::new, |live| live.write_controls(&mut html));
        let _ = writeln!(html, "<script{nonce}>\n/*\n{PLAYER_LICENSES}*/\n{PLAYER}</script>");
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// Writes the head of a page that may load nothing, and its headline.
///
/// `script` is what the content security policy says about scripts, `style` is added to the page's.
pub(super) fn begin_page(html: &mut String, title: &str, script: &str, style: &str) {
    // Writing to memory succeeds, so results of write! are of no interest here and elsewhere.
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         {script}style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - mailsim</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n",
        title = escaped(title)
    );
}

/// Returns `text` with the characters that mean something in HTML replaced.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

pub(super) fn paragraph(html: &mut String, class: &str, head: &str, text: &str) {
    if !text.is_empty() {
        let _ =
            writeln!(html, "<p class=\"{class}\"><strong>{head}:</strong> {}</p>", escaped(text));
    }
}

pub(super) fn warning_list(html: &mut String, warnings: &[String]) {
    if warnings.is_empty() {
        return;
    }
    html.push_str("<section class=\"warnings\">\n<h2>Mind</h2>\n<ul>\n");
    for warning in warnings {
        let _ = writeln!(html, "<li>{}</li>", escaped(warning));
    }
    html.push_str("</ul>\n</section>\n");
}

fn expectations(html: &mut String, summary: &Summary) {
    if summary.expectations.is_empty() {
        return;
    }
    html.push_str("<section>\n<h2>Expectations</h2>\n<ul>\n");
    for verdict in &summary.expectations {
        let _ = writeln!(html, "<li>{}</li>", escaped(&verdict.to_string()));
    }
    html.push_str("</ul>\n</section>\n");
}

fn evidence(html: &mut String, data: &RunData) {
    html.push_str("<section>\n<h2>What this rests on</h2>\n");
    open_table(html, "Mail servers modelled", &["Profile", "Version", "Evidence", "Hosts"]);
    for used in &data.summary.profiles {
        let cells = [used.version.clone(), used.evidence.clone(), grouped(used.hosts)];
        row(html, &used.profile, &cells);
    }
    close_table(html);
    let run = &data.run;
    let _ = writeln!(
        html,
        "<p>mailsim {}, scenario <code>{}</code>, seed {}, {} of virtual time. Changed on the \
         command line: {}. How to repeat the run is in <code>run.json</code>.</p>\n</section>",
        escaped(&run.version),
        escaped(&run.scenario.name),
        run.seed,
        time(data.duration()),
        if run.overrides.is_empty() {
            "nothing".to_owned()
        } else {
            format!("<code>{}</code>", escaped(&run.overrides.join(" ")))
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_scenario_says_breaks_out_of_the_page() {
        assert_eq!(
            escaped("</script><b a=\"x\" c='y'>&"),
            "&lt;/script&gt;&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;"
        );
    }
}
