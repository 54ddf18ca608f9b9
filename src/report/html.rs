//! `report.html`: one file that says everything about a run, without any network.

use std::fmt::Write as _;

use crate::measure::Summary;

use super::chart::Chart;
use super::run_data::{RunData, TableHead};
use super::words::{BOUNDS, grouped, kind_words, latencies, percent, time};

/// Rows of hosts and domains in the page; the files have them all.
const MOST_ROWS: usize = 50;

const STYLE: &str = include_str!("report.css");

/// Returns the page. `charts` are SVG texts with their charts, in order.
pub(super) fn page(data: &RunData, charts: &[(Chart, String)]) -> String {
    let scenario = &data.run.scenario;
    let title = if scenario.title.is_empty() {
        &scenario.name
    } else {
        &scenario.title
    };
    let mut html = String::new();
    // Writing to memory succeeds, so results of write! are of no interest here and below.
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} - mailsim</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n",
        title = escaped(title)
    );
    paragraph(&mut html, "question", "Question", &scenario.question);
    paragraph(
        &mut html,
        "look-for",
        "What to look for",
        &scenario.look_for,
    );
    warnings(&mut html, &data.summary);
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
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

/// Returns `text` with the characters that mean something in HTML replaced.
fn escaped(text: &str) -> String {
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

fn paragraph(html: &mut String, class: &str, head: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(
            html,
            "<p class=\"{class}\"><strong>{head}:</strong> {}</p>",
            escaped(text)
        );
    }
}

fn warnings(html: &mut String, summary: &Summary) {
    if summary.warnings.is_empty() {
        return;
    }
    html.push_str("<section class=\"warnings\">\n<h2>Mind</h2>\n<ul>\n");
    for warning in &summary.warnings {
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

/// Opens a table of figures.
fn open_table(html: &mut String, caption: &str, columns: &[&str]) {
    open_box(html, "table", caption, columns);
}

/// Opens a table in a box that scrolls by itself on narrow screens.
fn open_box(html: &mut String, class: &str, caption: &str, columns: &[&str]) {
    let _ = write!(
        html,
        "<div class=\"{class}\" tabindex=\"0\" role=\"group\" aria-label=\"{0}\">\n<table>\n\
         <caption>{0}</caption>\n<thead><tr>",
        escaped(caption)
    );
    for column in columns {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escaped(column));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
}

/// Writes a row whose first cell names it.
fn row(html: &mut String, name: &str, cells: &[String]) {
    let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escaped(name));
    for cell in cells {
        let _ = write!(html, "<td>{}</td>", escaped(cell));
    }
    html.push_str("</tr>\n");
}

fn close_table(html: &mut String) {
    html.push_str("</tbody>\n</table>\n</div>\n");
}

fn maybe_time(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), time)
}

fn counts_table(html: &mut String, summary: &Summary) {
    let columns = [
        "Kind",
        "All",
        "Delivered",
        "Given up",
        "Dropped",
        "Queued",
        "In transit",
        "Read",
    ];
    open_table(
        html,
        "Recipients by kind of message and where they ended",
        &columns,
    );
    let mail = std::iter::once(("mail", &summary.mail));
    let created = summary
        .created
        .iter()
        .map(|(kind, counts)| (kind_words(kind), counts));
    for (kind, counts) in mail.chain(created.filter(|(_, counts)| counts.submitted > 0)) {
        let numbers = [
            counts.submitted,
            counts.delivered,
            counts.failed,
            counts.discarded,
            counts.queued,
            counts.in_transit,
            counts.retrieved,
        ];
        row(html, kind, &numbers.map(grouped));
    }
    close_table(html);
    let _ = writeln!(
        html,
        "<p>{} of submitted mail was delivered. Tries: {}; put off {} times, {} of them without \
         a try. Second copies in mailboxes: {}. The ledger {}: {} recipients on both sides.</p>",
        percent(summary.delivered_share),
        grouped(summary.attempts.tries),
        grouped(summary.attempts.deferrals),
        grouped(summary.attempts.suspensions),
        grouped(summary.duplicates),
        if summary.ledger.balances {
            "balances"
        } else {
            "DOES NOT BALANCE"
        },
        grouped(summary.ledger.entered),
    );
}

fn latency_table(html: &mut String, summary: &Summary) {
    let columns = [
        "Time", "n", "mean", "median", "90 %", "95 %", "99 %", "longest",
    ];
    open_table(html, "How long it took", &columns);
    for (name, latency) in latencies(summary) {
        if latency.n > 0 {
            let times = [
                latency.mean,
                latency.p50,
                latency.p90,
                latency.p95,
                latency.p99,
                latency.max,
            ];
            let mut cells = vec![grouped(latency.n)];
            cells.extend(times.map(maybe_time));
            row(html, name, &cells);
        }
    }
    close_table(html);
    let columns = [
        "Share of submitted mail",
        "10 s",
        "1 min",
        "5 min",
        "15 min",
        "1 h",
        "4 h",
        "1 d",
    ];
    open_table(html, "Within what time", &columns);
    for (name, shares) in [
        ("delivered", &summary.delivered_within),
        ("read", &summary.retrieved_within),
    ] {
        row(html, name, &in_order(shares));
    }
    close_table(html);
}

fn in_order(shares: &std::collections::BTreeMap<String, Option<f64>>) -> Vec<String> {
    BOUNDS
        .iter()
        .map(|bound| percent(shares.get(*bound).copied().flatten()))
        .collect()
}

fn time_table(html: &mut String, summary: &Summary) {
    let went = &summary.where_time_went;
    open_table(
        html,
        "Where delivered mail spent its time",
        &["Stage", "Mean", "Sum", "Share of submission to delivery"],
    );
    for (name, stage) in [
        ("outbox of the MUA", &went.outbox),
        ("sessions that succeeded", &went.sessions),
        ("tries that failed", &went.failed_attempts),
        ("queues of servers", &went.queues),
        ("mailbox, waiting for the reader", &went.reader),
    ] {
        if stage.n > 0 {
            row(
                html,
                name,
                &[
                    maybe_time(stage.mean_s),
                    time(stage.total_s),
                    percent(stage.share),
                ],
            );
        }
    }
    close_table(html);
}

fn outage_table(html: &mut String, summary: &Summary) {
    if summary.outages.is_empty() {
        return;
    }
    let columns = [
        "Outage",
        "Mode",
        "From",
        "To",
        "Backlog before",
        "Greatest backlog",
        "Backlog at its end",
        "Drained after its end in",
    ];
    open_table(
        html,
        "Outages, and recipients under way in the whole network",
        &columns,
    );
    for outage in summary.outages.iter().take(MOST_ROWS) {
        let cells = [
            outage.mode.clone(),
            time(outage.from_s),
            outage.to_s.map_or_else(|| "no end".to_owned(), time),
            grouped(outage.backlog_before),
            format!(
                "{} at {}",
                grouped(outage.peak_backlog),
                time(outage.peak_at_s)
            ),
            outage
                .backlog_at_end
                .map_or_else(|| "-".to_owned(), grouped),
            outage
                .drain_s
                .map_or_else(|| "not in this run".to_owned(), time),
        ];
        row(html, &outage.target, &cells);
    }
    close_table(html);
    left_out(html, summary.outages.len(), "outages");
}

fn left_out(html: &mut String, all: usize, what: &str) {
    if all > MOST_ROWS {
        let more = grouped((all - MOST_ROWS) as u64);
        let _ = writeln!(
            html,
            "<p>{more} more {what} are in <code>summary.json</code>.</p>"
        );
    }
}

fn domain_table(html: &mut String, summary: &Summary) {
    let columns = [
        "Domain",
        "Submitted",
        "Delivered",
        "Given up",
        "Under way",
        "median",
        "95 %",
        "longest",
    ];
    open_table(
        html,
        "Mail by domain of the recipient; times are submission to delivery",
        &columns,
    );
    for (name, domain) in summary.domains.iter().take(MOST_ROWS) {
        let latency = &domain.submission_to_delivery;
        let cells = [
            grouped(domain.submitted),
            grouped(domain.delivered),
            grouped(domain.failed),
            grouped(domain.unfinished),
            maybe_time(latency.p50),
            maybe_time(latency.p95),
            maybe_time(latency.max),
        ];
        row(html, name, &cells);
    }
    close_table(html);
    left_out(html, summary.domains.len(), "domains");
}

fn host_table(html: &mut String, summary: &Summary) {
    let columns = [
        "Host",
        "Sessions in",
        "Sessions out",
        "Tries",
        "Messages accepted",
        "Longest queue",
        "Utilisation",
        "Down for",
    ];
    open_table(html, "What each host did", &columns);
    for (name, host) in summary.hosts.iter().take(MOST_ROWS) {
        let cells = [
            grouped(host.inbound_sessions),
            grouped(host.outbound_sessions),
            grouped(host.attempts),
            grouped(host.messages_accepted),
            grouped(host.peak_queue),
            percent(host.utilisation),
            time(host.downtime_s),
        ];
        row(html, name, &cells);
    }
    close_table(html);
    left_out(html, summary.hosts.len(), "hosts");
}

fn head_of_table(html: &mut String, table: &TableHead) {
    let caption = if table.total > table.rows.len() as u64 {
        format!(
            "{}: first {} of {} rows",
            table.name,
            table.rows.len(),
            grouped(table.total)
        )
    } else {
        format!("{}: all {} rows", table.name, table.total)
    };
    let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
    open_box(html, "table raw", &caption, &columns);
    for cells in &table.rows {
        html.push_str("<tr>");
        for cell in cells {
            let _ = write!(html, "<td>{}</td>", escaped(cell));
        }
        html.push_str("</tr>\n");
    }
    close_table(html);
}

fn evidence(html: &mut String, data: &RunData) {
    html.push_str("<section>\n<h2>What this rests on</h2>\n");
    open_table(
        html,
        "Mail servers modelled",
        &["Profile", "Version", "Evidence", "Hosts"],
    );
    for used in &data.summary.profiles {
        let cells = [
            used.version.clone(),
            used.evidence.clone(),
            grouped(used.hosts),
        ];
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
