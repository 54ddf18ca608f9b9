//! The text of a message as it is typed: its words are not kept, but what servers look at is.

use crate::units::Octets;

/// What is known of a text.
#[derive(Debug, Default)]
pub(super) struct Text {
    octets: u64,
    received_fields: u32,
    author: Option<String>,
    spam: bool,
    body: bool,
}

/// A line that every content filter takes for spam, so that filters can be tried (SpamAssassin's
/// `GTUBE`), and what it then thinks of the message.
const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
const GTUBE_SCORE: f64 = 1000.0;

impl Text {
    /// Takes a line without its CR LF.
    pub(super) fn add(&mut self, line: &str) {
        self.octets += line.len() as u64 + 2;
        self.body |= line.is_empty();
        self.spam |= line.contains(GTUBE);
        if self.body {
            return;
        }
        self.received_fields += u32::from(field(line, "received:").is_some());
        if let Some(value) = field(line, "from:") {
            self.author = self.author.take().or_else(|| address(value));
        }
    }

    /// The address in the From field.
    pub(super) fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// What content filters think of it.
    pub(super) fn score(&self) -> f64 {
        if self.spam { GTUBE_SCORE } else { 0.0 }
    }

    pub(super) fn octets(&self) -> Octets {
        Octets(self.octets)
    }

    pub(super) fn received_fields(&self) -> u32 {
        self.received_fields
    }
}

/// Returns what stands behind a field's name.
fn field<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let begins = line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    begins.then(|| line[name.len()..].trim())
}

/// Returns the address in "Alice <alice@sender.example>", or in the address alone.
fn address(value: &str) -> Option<String> {
    let inner = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
    let text = inner.map_or(value, |(address, _)| address);
    crate::mail::split_address(text).map(|_| text.to_owned())
}
