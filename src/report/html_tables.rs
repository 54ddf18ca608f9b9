//! The tables of the page: figures of the summary, and the first rows of the files.

use std::fmt::Write as _;

use crate::measure::Summary;

use super::html::escaped;
use super::run_data::TableHead;
use super::words::{BOUNDS, grouped, kind_words, latencies, percent, time};

/// Rows of hosts and domains in the page; the files have them all.
const MOST_ROWS: usize = 50;

/// Opens a table of figures.
pub(super) fn open_table(html: &mut String, caption: &str, columns: &[&str]) {
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
pub(super) fn row(html: &mut String, name: &str, cells: &[String]) {
    let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escaped(name));
    for cell in cells {
        let _ = write!(html, "<td>{}</td>", escaped(cell));
    }
    html.push_str("</tr>\n");
}

pub(super) fn close_table(html: &mut String) {
    html.push_str("</tbody>\n</table>\n</div>\n");
}

fn maybe_time(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), time)
}

pub(super) fn counts_table(html: &mut String, summary: &Summary) {
    let columns =
        ["Kind", "All", "Delivered", "Given up", "Dropped", "Queued", "In transit", "Read"];
    open_table(html, "Recipients by kind of message and where they ended", &columns);
    let mail = std::iter::once(("mail", &summary.mail));
    let created = summary.created.iter().map(|(kind, counts)| (kind_words(kind), counts));
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
        if summary.ledger.balances { "balances" } else { "DOES NOT BALANCE" },
        grouped(summary.ledger.entered),
    );
}

pub(super) fn latency_table(html: &mut String, summary: &Summary) {
    let columns = ["Time", "n", "mean", "median", "90 %", "95 %", "99 %", "longest"];
    open_table(html, "How long it took", &columns);
    for (name, latency) in latencies(summary) {
        if latency.n > 0 {
            let times =
                [latency.mean, latency.p50, latency.p90, latency.p95, latency.p99, latency.max];
            let mut cells = vec![grouped(latency.n)];
            cells.extend(times.map(maybe_time));
            row(html, name, &cells);
        }
    }
    close_table(html);
    let columns =
        ["Share of submitted mail", "10 s", "1 min", "5 min", "15 min", "1 h", "4 h", "1 d"];
    open_table(html, "Within what time", &columns);
    for (name, shares) in
        [("delivered", &summary.delivered_within), ("read", &summary.retrieved_within)]
    {
        // Where nobody fetches mail, shares of mail read would say nothing.
        if name == "delivered" || summary.mail.retrieved > 0 {
            row(html, name, &in_order(shares));
        }
    }
    close_table(html);
}

fn in_order(shares: &std::collections::BTreeMap<String, Option<f64>>) -> Vec<String> {
    BOUNDS.iter().map(|bound| percent(shares.get(*bound).copied().flatten())).collect()
}

pub(super) fn time_table(html: &mut String, summary: &Summary) {
    let went = &summary.where_time_went;
    if went.queues.n == 0 {
        return;
    }
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
            row(html, name, &[maybe_time(stage.mean_s), time(stage.total_s), percent(stage.share)]);
        }
    }
    close_table(html);
}

pub(super) fn outage_table(html: &mut String, summary: &Summary) {
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
    open_table(html, "Outages, and recipients under way in the whole network", &columns);
    for outage in summary.outages.iter().take(MOST_ROWS) {
        let cells = [
            outage.mode.clone(),
            time(outage.from_s),
            outage.to_s.map_or_else(|| "no end".to_owned(), time),
            grouped(outage.backlog_before),
            format!("{} at {}", grouped(outage.peak_backlog), time(outage.peak_at_s)),
            outage.backlog_at_end.map_or_else(|| "-".to_owned(), grouped),
            match (outage.drain_s, outage.to_s) {
                (Some(drain), _) => time(drain),
                (None, Some(_)) => "not in this run".to_owned(),
                (None, None) => "-".to_owned(),
            },
        ];
        row(html, &outage.target, &cells);
    }
    close_table(html);
    left_out(html, summary.outages.len(), "outages");
}

fn left_out(html: &mut String, all: usize, what: &str) {
    if all > MOST_ROWS {
        let more = grouped((all - MOST_ROWS) as u64);
        let _ = writeln!(html, "<p>{more} more {what} are in <code>summary.json</code>.</p>");
    }
}

pub(super) fn domain_table(html: &mut String, summary: &Summary) {
    let columns =
        ["Domain", "Submitted", "Delivered", "Given up", "Under way", "median", "95 %", "longest"];
    open_table(html, "Mail by domain of the recipient; times are submission to delivery", &columns);
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

pub(super) fn host_table(html: &mut String, summary: &Summary) {
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

pub(super) fn head_of_table(html: &mut String, table: &TableHead) {
    let caption = if table.total > table.rows.len() as u64 {
        format!("{}: first {} of {} rows", table.name, table.rows.len(), grouped(table.total))
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
