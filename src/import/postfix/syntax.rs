//! The syntax of Postfix's own files: `main.cf` (and what `postconf` prints), `master.cf`, and flat
//! lookup tables. It knows no parameter.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::finding::Place;

/// A parameter as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Parameter {
    pub(in super::super) name: String,
    /// Its value, lines joined by a blank.
    pub(in super::super) value: String,
    pub(in super::super) place: Place,
}

/// A line that is no line of such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Strange {
    pub(in super::super) line: u64,
    pub(in super::super) text: String,
    pub(in super::super) why: &'static str,
}

/// A logical line: what begins with white space continues the one before (postconf(5)).
struct Logical {
    line: u64,
    text: String,
}

fn logical(text: &str) -> Vec<Logical> {
    let mut found: Vec<Logical> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim();
        // Comments and empty lines may stand between a line and its continuation.
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        match found.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.text.push(' ');
                last.text.push_str(content);
            }
            _ => found.push(Logical { line: number, text: content.to_owned() }),
        }
    }
    found
}

/// Reads parameters, in the order of the file: of two with one name Postfix takes the last.
pub(in super::super) fn parameters(file: &Arc<str>, text: &str) -> (Vec<Parameter>, Vec<Strange>) {
    let (mut found, mut strange) = (Vec::new(), Vec::new());
    for Logical { line, text } in logical(text) {
        let named = text.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        match named {
            Some((name, value)) if is_parameter_name(name) => found.push(Parameter {
                name: name.to_owned(),
                value: value.to_owned(),
                place: Place::new(file, line),
            }),
            _ if text.starts_with("{%") || text.starts_with("{#") => {
                let why = "a line of a template that was not filled in";
                strange.push(Strange { line, text, why });
            }
            _ => strange.push(Strange { line, text, why: "no `name = value`" }),
        }
    }
    (found, strange)
}

fn is_parameter_name(name: &str) -> bool {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    !name.is_empty() && name.bytes().all(part) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// A service of `master.cf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Service {
    /// `smtp`, `submission`, `192.0.2.1:25` …
    pub(in super::super) name: String,
    /// `inet`, `unix`, `fifo`, `pass`, `unix-dgram`.
    pub(in super::super) kind: String,
    /// As written: a number, or `-` for `default_process_limit`.
    pub(in super::super) maxproc: String,
    /// The daemon.
    pub(in super::super) command: String,
    /// `-o name=value`.
    pub(in super::super) overrides: Vec<(String, String)>,
    pub(in super::super) place: Place,
}

/// Reads `master.cf` (master(5)).
pub(in super::super) fn services(file: &Arc<str>, text: &str) -> (Vec<Service>, Vec<Strange>) {
    let (mut found, mut strange) = (Vec::new(), Vec::new());
    for Logical { line, text } in logical(text) {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let kinds = ["inet", "unix", "fifo", "pass", "unix-dgram"];
        if fields.len() < 8 || !kinds.contains(&fields[1]) {
            strange.push(Strange { line, text, why: "no service of master.cf" });
            continue;
        }
        found.push(Service {
            name: fields[0].to_owned(),
            kind: fields[1].to_owned(),
            maxproc: fields[6].to_owned(),
            command: fields[7].rsplit('/').next().unwrap_or_default().to_owned(),
            overrides: overrides(&text),
            place: Place::new(file, line),
        });
    }
    (found, strange)
}

/// Reads `-o name=value` and `-o { name = value with blanks }`.
fn overrides(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut words = words(text).into_iter();
    while let Some(word) = words.next() {
        let item = match word.strip_prefix("-o") {
            Some("") => words.next(),
            Some(item) => Some(item),
            None => None,
        };
        if let Some((name, value)) = item.and_then(|item| item.split_once('=')) {
            found.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    found
}

/// The words of a line; what stands in braces is one.
fn words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('{') {
            Some(braced) => braced.split_once('}').unwrap_or((braced, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        found.push(word);
        rest = after.trim_start();
    }
    found
}

/// A flat lookup table (postmap(1)): what is looked up, and its value with the line it stands in.
pub(in super::super) type Table = BTreeMap<String, (String, Place)>;

/// Reads a flat lookup table; of two lines with one key postmap takes the last.
pub(in super::super) fn table(file: &Arc<str>, text: &str) -> Table {
    let entry = |logical: Logical| {
        let line = logical.text;
        let (key, value) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        let place = Place::new(file, logical.line);
        (key.to_ascii_lowercase(), (value.trim().to_owned(), place))
    };
    logical(text).into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, u64)> {
        let (found, _) = parameters(&"main.cf".into(), text);
        found.into_iter().map(|p| (p.name, p.value, p.place.line)).collect()
    }

    #[test]
    fn lines_are_continued_across_comments() {
        let text = "a=1\n# remark\n  , 2\n\n\t, 3\nb  =\nc = x = y\n";
        let expected = [("a", "1 , 2 , 3", 1), ("b", "", 6), ("c", "x = y", 7)];
        let expected = expected.map(|(n, v, l)| (n.to_owned(), v.to_owned(), l));
        assert_eq!(read(text), expected);
    }

    #[test]
    fn what_is_no_parameter_is_kept_with_its_line() {
        let (_, strange) = parameters(&"main.cf".into(), "a = 1\n{% if x %}\nrubbish\n");
        let lines: Vec<u64> = strange.iter().map(|s| s.line).collect();
        assert_eq!(lines, [2, 3]);
    }

    #[test]
    fn services_have_limits_and_overrides() {
        let text = "smtp inet n - n - 40 smtpd\nrelay unix - - n - 300 smtp\n\t-o fallback_relay= \
                    -o smtp_helo_timeout=5 -o { syslog_name = a b } -o x=y\nsmtp unix - - n - - smtp -v\n";
        let (found, strange) = services(&"master.cf".into(), text);
        assert!(strange.is_empty(), "{strange:?}");
        let limits: Vec<_> = found.iter().map(|s| s.maxproc.as_str()).collect();
        assert_eq!(limits, ["40", "300", "-"]);
        let expected = [
            ("fallback_relay", ""),
            ("smtp_helo_timeout", "5"),
            ("syslog_name", "a b"),
            ("x", "y"),
        ];
        let expected = expected.map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(found[1].overrides, expected);
    }
}
