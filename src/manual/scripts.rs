//! The scripts that the program carries for those who go on from its tables: with pandas, R or DuckDB.

use std::fmt::Write as _;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// True or false.
    Flag,
}

use Kind::{Flag, Number, Text, Whole};

/// The columns of a table.
type Columns = &'static [(&'static str, Kind)];

/// The columns of all tables, but for those that a study's factors and figures bring along.
const TABLES: &[(&str, Columns)] = &[
    (
        "messages.csv",
        &[
            ("message_id", Text),
            ("recipient", Text),
            ("sender", Text),
            ("kind", Text),
            ("about_message_id", Text),
            ("size_octets", Whole),
            ("submitted_s", Number),
            ("accepted_s", Number),
            ("final", Text),
            ("status", Text),
            ("final_s", Number),
            ("final_host", Text),
            ("hops", Whole),
            ("attempts", Whole),
            ("path", Text),
            ("copies", Whole),
            ("retrieved_s", Number),
            ("retrieved_by", Text),
            ("folder", Text),
        ],
    ),
    (
        "attempts.csv",
        &[
            ("attempt", Whole),
            ("delivery", Whole),
            ("message_id", Text),
            ("recipient", Text),
            ("from_host", Text),
            ("to_host", Text),
            ("mx_preference", Whole),
            ("started_s", Number),
            ("ended_s", Number),
            ("stage", Text),
            ("outcome", Text),
            ("reply", Text),
            ("status", Text),
            ("next_attempt_s", Number),
        ],
    ),
    (
        "queues.csv",
        &[
            ("time_s", Number),
            ("host", Text),
            ("incoming", Whole),
            ("active", Whole),
            ("deferred", Whole),
            ("inbound_sessions", Whole),
            ("outbound_sessions", Whole),
        ],
    ),
    (
        "hosts.csv",
        &[
            ("host", Text),
            ("inbound_sessions", Whole),
            ("outbound_sessions", Whole),
            ("received_octets", Whole),
            ("sent_octets", Whole),
            ("attempts", Whole),
            ("suspensions", Whole),
            ("messages_accepted", Whole),
            ("peak_inbound_sessions", Whole),
            ("peak_queue", Whole),
            ("inbound_utilisation", Number),
            ("delivery_utilisation", Number),
            ("utilisation", Number),
            ("downtime_s", Number),
        ],
    ),
    (
        "study.csv",
        &[
            ("cell", Whole),
            ("seed", Whole),
            ("replication", Whole),
            ("submitted", Whole),
            ("delivered", Whole),
            ("failed", Whole),
            ("unfinished", Whole),
        ],
    ),
    (
        "estimates.csv",
        &[
            ("cell", Whole),
            ("figure", Text),
            ("unit", Text),
            ("n", Whole),
            ("mean", Number),
            ("standard_error", Number),
            ("ci_low", Number),
            ("ci_high", Number),
            ("confidence", Number),
            ("median", Number),
            ("median_low", Number),
            ("median_high", Number),
            ("min", Number),
            ("max", Number),
            ("censored_runs", Whole),
            ("censored_recipients", Whole),
        ],
    ),
    (
        "comparisons.csv",
        &[
            ("figure", Text),
            ("unit", Text),
            ("factor", Text),
            ("from_level", Text),
            ("to_level", Text),
            ("from_cell", Whole),
            ("to_cell", Whole),
            ("n", Whole),
            ("difference", Number),
            ("standard_error", Number),
            ("ci_low", Number),
            ("ci_high", Number),
            ("confidence", Number),
            ("correlation", Number),
            ("variance_reduction", Number),
            ("censored_pairs", Whole),
        ],
    ),
    (
        "effects.csv",
        &[
            ("figure", Text),
            ("unit", Text),
            ("rank", Whole),
            ("term", Text),
            ("share_of_squares", Number),
            ("range", Number),
            ("level", Text),
            ("n", Whole),
            ("effect", Number),
            ("standard_error", Number),
            ("ci_low", Number),
            ("ci_high", Number),
            ("confidence", Number),
        ],
    ),
    (
        "best.csv",
        &[
            ("figure", Text),
            ("unit", Text),
            ("better", Text),
            ("n", Whole),
            ("mean", Number),
            ("probability_best", Number),
            ("probability_at_most", Number),
            ("best_mean", Flag),
            ("lost_share", Number),
            ("unfinished_share", Number),
        ],
    ),
    ("delays.csv", &[("cell", Whole), ("delay", Text), ("up_to_s", Number), ("recipients", Whole)]),
];

impl Kind {
    /// Returns the type of DuckDB, and of SQL at large.
    fn sql(self) -> &'static str {
        match self {
            Text => "VARCHAR",
            Whole => "BIGINT",
            Number => "DOUBLE",
            Flag => "BOOLEAN",
        }
    }

    /// Returns the class of R; a whole number may be larger than R's integers.
    fn r(self) -> &'static str {
        match self {
            Text => "character",
            Whole | Number => "numeric",
            Flag => "logical",
        }
    }
}

/// Returns the scripts with the names of their files.
#[must_use]
pub fn scripts() -> [(&'static str, String); 4] {
    [
        ("mailsim.py", include_str!("scripts/mailsim.py").replace("@TYPES@", types().trim())),
        ("read.R", include_str!("scripts/read.R").replace("@CLASSES@", &classes())),
        ("types.json", types()),
        ("tables.sql", views()),
    ]
}

/// The types file: the columns of each table with their types, as DuckDB's read_csv takes them.
fn types() -> String {
    let table = |(name, columns): &(&str, Columns)| {
        let columns =
            columns.iter().map(|(column, kind)| format!("    \"{column}\": \"{}\"", kind.sql()));
        format!("  \"{name}\": {{\n{}\n  }}", columns.collect::<Vec<_>>().join(",\n"))
    };
    format!("{{\n{}\n}}\n", TABLES.iter().map(table).collect::<Vec<_>>().join(",\n"))
}

fn classes() -> String {
    let table = |(name, columns): &(&str, Columns)| {
        let columns = columns.iter().map(|(column, kind)| format!("{column} = \"{}\"", kind.r()));
        let name = name.trim_end_matches(".csv");
        format!("  {name} = c({})", columns.collect::<Vec<_>>().join(", "))
    };
    TABLES.iter().map(table).collect::<Vec<_>>().join(",\n")
}

/// Views for DuckDB of the tables of a run.
fn views() -> String {
    let mut text = "-- The tables of a run as views with the type of each column. In its result folder:\n\
                    --   duckdb -init tables.sql -c \"select final, count(*) from messages group by final\"\n"
        .to_owned();
    for (file, columns) in TABLES.iter().take(4) {
        let name = file.trim_end_matches(".csv");
        let columns = columns.iter().map(|(column, kind)| format!("'{column}': '{}'", kind.sql()));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "create view {name} as select * from read_csv('{file}', header = true, columns = {{{columns}}});"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_complete() {
        for (name, text) in scripts() {
            assert!(!text.contains('@') || name == "mailsim.py", "{name} has a gap left");
            assert!(!text.contains("@TYPES@") && !text.contains("@CLASSES@"), "{name}");
        }
        let types: serde_json::Value = serde_json::from_str(&types()).unwrap();
        assert_eq!(types["messages.csv"]["retrieved_by"], "VARCHAR");
    }
}
