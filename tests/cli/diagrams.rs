//! `trace --format mermaid`: lines of the grammar of Mermaid's sequence diagrams, and what they show.

use regex::Regex;

use crate::program::{call_here, scenario};

fn diagram(format: &str, more: &[&str]) -> String {
    let three = scenario("three-recipients.toml");
    let all: Vec<&str> =
        ["trace", &three, "-q", "--format", format].iter().chain(more).copied().collect();
    call_here(&all).ends_with(0).out
}

/// Makes sure of the form of each line, and that lanes are named before they are used.
#[track_caller]
fn is_well_formed(text: &str) {
    let forms = [
        r"^    participant (\w+) as [^#;<>]+$",
        r"^    (\w+)(?:->>|-->>|-x)(\w+): (?:[^#;<>]|#\w+;)+$",
        r"^    Note over (\w+)(?:,(\w+))?: (?:[^#;<>]|#\w+;)+$",
    ];
    let forms: Vec<Regex> = forms.iter().map(|form| Regex::new(form).unwrap()).collect();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("---"));
    assert!(lines.next().is_some_and(|line| line.starts_with("title: \"Message 1-1")));
    assert_eq!(lines.next(), Some("---"));
    assert_eq!(lines.next(), Some("sequenceDiagram"));
    let mut lanes: Vec<String> = Vec::new();
    for line in lines {
        let form = forms.iter().position(|form| form.is_match(line));
        let form = form.unwrap_or_else(|| panic!("no line of a sequence diagram: {line}"));
        let named: Vec<String> = forms[form]
            .captures(line)
            .unwrap()
            .iter()
            .skip(1)
            .flatten()
            .map(|lane| lane.as_str().to_owned())
            .collect();
        if form == 0 {
            lanes.extend(named);
        } else {
            assert!(named.iter().all(|lane| lanes.contains(lane)), "{line}");
        }
    }
}

#[test]
fn a_journey_is_drawn() {
    let text = diagram("mermaid", &["--set", "mail.0.at=70m"]);
    is_well_formed(&text);
    for part in [
        "as mua.mail.home.example",
        "as DNS",
        "-xh1: 01:10:00.371 connects (MX 10, port 25)",
        "connection refused",
        "tries again at 01:",
        "waits 7m",
        "1 × 250 2.0.0, 1 × 550 5.1.1",
        "into the mailbox of bob@abroad.example",
        "fetches it by POP3",
        "Failure notice 1-1.n1 about 1-1",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert!(!text.contains("EHLO"));
}

#[test]
fn a_full_diagram_has_every_line() {
    let text = diagram("mermaid-full", &[]);
    is_well_formed(&text);
    assert!(text.contains("RCPT TO:#lt;bob@abroad.example#gt;"), "{text}");
    let drawn = text.lines().filter(|line| line.contains("EHLO")).count();
    let told = call_here(&["trace", &scenario("three-recipients.toml"), "-q"]).out;
    assert_eq!(drawn, told.lines().filter(|line| line.contains("EHLO")).count());
}

#[test]
fn one_recipient_is_drawn_alone() {
    let text = diagram("mermaid", &["-r", "joe@home.example"]);
    is_well_formed(&text);
    assert!(!text.contains("MX of abroad.example"), "{text}");
}
