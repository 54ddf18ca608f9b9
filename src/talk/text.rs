//! The text of a message as it comes: what servers look at is read from it; its octets are kept only for
//! those who want to read them.

use std::sync::Arc;

use crate::units::Octets;

/// What is known of a text.
#[derive(Debug, Default)]
pub(super) struct Text {
    octets: u64,
    received_fields: u32,
    author: Option<String>,
    spam: bool,
    body: bool,
    /// The line that is not complete yet, as far as anybody looks at it.
    line: Vec<u8>,
    content: Option<Vec<u8>>,
}

/// A line that every content filter takes for spam, so that filters can be tried (SpamAssassin's
/// `GTUBE`), and what it then thinks of the message.
const GTUBE: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
const GTUBE_SCORE: f64 = 1000.0;

/// So much of a line is looked at.
const LINE: usize = 4096;

/// The most octets of a message that are kept.
const KEPT: usize = 64 << 20;

impl Text {
    pub(super) fn new(keeps: bool) -> Self {
        Self { content: keeps.then(Vec::new), ..Self::default() }
    }

    /// Takes octets, their lines ended by CR LF.
    pub(super) fn add(&mut self, octets: &[u8]) {
        self.octets += octets.len() as u64;
        if let Some(content) = &mut self.content
            && content.len() + octets.len() <= KEPT
        {
            content.extend_from_slice(octets);
        }
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            let room = LINE.saturating_sub(self.line.len()).min(part.len());
            self.line.extend_from_slice(&part[..room]);
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    /// Nothing follows.
    pub(super) fn end(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let octets = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&octets);
        let line = line.trim_end_matches(['\n', '\r']);
        self.body |= line.is_empty();
        self.spam |= line.contains(GTUBE);
        if !self.body {
            self.received_fields += u32::from(field(line, "received:").is_some());
            if let Some(value) = field(line, "from:") {
                self.author = self.author.take().or_else(|| address(value));
            }
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

    /// Its octets, if they were kept.
    pub(super) fn content(self) -> Option<Arc<[u8]>> {
        self.content.map(Arc::from)
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
