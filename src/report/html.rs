//! `report.html`: one file that says everything about a run, without any network.

use std::fmt::Write as _;

use crate::measure::{Summary, Unit};

use super::html_tables::{
    close_table, counts_table, domain_table, head_of_table, host_table, latency_table, open_table,
    outage_table, row, time_table,
};
use super::live::Live;
use super::run_data::RunData;
use super::verdict::verdict;
use super::words::{grouped, time};

const STYLE: &str =
    concat!(include_str!("../player/source/palette.css"), include_str!("report.css"));
/// The player: built from `src/player` and checked in, so that building mailsim needs no network.
const PLAYER: &str = include_str!("../player/bundle/player.js");
const PLAYER_STYLE: &str = include_str!("../player/bundle/player.css");
/// Licences of what the player contains.
const PLAYER_LICENSES: &str = include_str!("../player/bundle/LICENSES.txt");

/// A chart of the page: its file's name, what it shows for those who cannot see it, and itself.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) svg: String,
}

/// Returns the page, with `charts` in order.
/// `player` is the run as the player takes it; without it the page stands still. With `live` it
/// has the controls of a page that is served.
pub(super) fn page(
    data: &RunData,
    charts: &[Figure],
    player: Option<&str>,
    live: Option<&Live>,
) -> String {
    let scenario = &data.run.scenario;
    let title = if scenario.title.is_empty() { &scenario.name } else { &scenario.title };
    let mut html = String::new();
    match (player, live) {
        (None, _) => begin_page(&mut html, title, "", ""),
        (Some(_), None) => begin_player_page(&mut html, title),
        (Some(_), Some(live)) => begin_page(&mut html, title, &live.policy(), PLAYER_STYLE),
    }
    // Who follows a lesson is not to be told what comes of it, nor to wade through its figures: both are at
    // hand.
    let folded = player.is_some_and(tells_notes);
    if !folded {
        verdicts(&mut html, data);
    }
    paragraph(&mut html, "question", "Question", &scenario.question);
    look_for(&mut html, &scenario.look_for, player.is_some());
    if player.is_some() {
        player_place(&mut html);
    }
    if !folded {
        warning_list(&mut html, &data.summary.warnings);
    }
    if folded {
        html.push_str(
            "<details class=\"tests\"><summary>Figures, charts and tables of this run</summary>\n",
        );
        verdicts(&mut html, data);
        warning_list(&mut html, &data.summary.warnings);
    }
    expectations(&mut html, &data.summary);
    html.push_str("<section>\n<h2>Result</h2>\n");
    counts_table(&mut html, &data.summary);
    latency_table(&mut html, &data.summary);
    time_table(&mut html, &data.summary);
    outage_table(&mut html, &data.summary);
    asked_figures(&mut html, &data.summary);
    if !charts.is_empty() {
        html.push_str("</section>\n<section>\n<h2>Charts</h2>\n");
    }
    for Figure { name, description, svg } in charts {
        let _ = write!(
            html,
            "<figure>\n{}\n<figcaption>{} (<code>charts/{}.svg</code>)</figcaption>\n</figure>\n",
            svg.trim(),
            escaped(description),
            name
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
    if folded {
        html.push_str("</details>\n");
    }
    html.push_str("</main>\n");
    if let Some(json) = player {
        run_data(&mut html, 0, json);
        let nonce = live.map_or_else(String::new, |live| live.write_controls(&mut html));
        player_script(&mut html, &nonce);
    }
    html.push_str("</body>\n</html>\n");
    html
}

/// Writes the run in two sentences.
fn verdicts(html: &mut String, data: &RunData) {
    for sentence in verdict(&data.summary) {
        let _ = writeln!(html, "<p class=\"verdict\">{}</p>", escaped(&sentence));
    }
}

/// Returns whether the run that the player takes is told by notes, as a lesson is.
fn tells_notes(player: &str) -> bool {
    !player.contains("\"notes\":[]")
}

/// Writes what to look for: where the run is played it is hidden until asked for, since it often answers
/// the question above it.
fn look_for(html: &mut String, text: &str, hidden: bool) {
    if text.is_empty() || !hidden {
        return paragraph(html, "look-for", "What to look for", text);
    }
    let _ = writeln!(
        html,
        "<details class=\"look-for\"><summary>What to look for</summary><p>{}</p></details>",
        escaped(text)
    );
}

/// Begins a page on which the player plays what [`run_data`] gives it.
pub(super) fn begin_player_page(html: &mut String, title: &str) {
    begin_page(html, title, "script-src 'unsafe-inline'; ", PLAYER_STYLE);
}

/// Writes where the player shall stand.
pub(super) fn player_place(html: &mut String) {
    html.push_str(
        "<noscript><p>Without scripts nothing can be replayed; everything else on this page stands \
         by itself.</p></noscript>\n<div id=\"player\"></div>\n",
    );
}

/// Writes the data of a run that the player plays: of the first, or of the second beside it.
pub(super) fn run_data(html: &mut String, place: usize, json: &str) {
    let id = if place == 0 { "run".to_owned() } else { format!("run-{}", place + 1) };
    let _ = writeln!(
        html,
        "<script type=\"application/json\" class=\"run\" id=\"{id}\">{json}</script>"
    );
}

/// Writes the player, which finds its data above. `nonce` is an attribute of its element.
pub(super) fn player_script(html: &mut String, nonce: &str) {
    let _ = writeln!(html, "<script{nonce}>{}</script>", player_script_text());
}

/// Returns what stands in the element of the player's script: pages that show others in a frame let it in by
/// its digest.
#[must_use]
pub fn player_script_text() -> String {
    format!("\n/*\n{PLAYER_LICENSES}*/\n{PLAYER}")
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
#[must_use]
pub fn escaped(text: &str) -> String {
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
    html.push_str("<section class=\"warnings\">\n<h2>Warnings</h2>\n<ul>\n");
    for warning in warnings {
        let _ = writeln!(html, "<li>{}</li>", escaped(warning));
    }
    html.push_str("</ul>\n</section>\n");
}

fn asked_figures(html: &mut String, summary: &Summary) {
    if summary.figures.is_empty() {
        return;
    }
    open_table(html, "Figures that were asked for", &["Figure", "Value"]);
    for (name, value) in &summary.figures {
        let told = value.map_or_else(|| "-".to_owned(), |value| Unit::of_figure(name).told(value));
        row(html, name, &[told]);
    }
    close_table(html);
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
