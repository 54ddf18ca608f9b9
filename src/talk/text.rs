//! The text of a message as it is typed: only its size and its Received fields are kept.

use crate::units::Octets;

/// What is known of a text.
#[derive(Debug, Default)]
pub(super) struct Text {
    octets: u64,
    received_fields: u32,
    body: bool,
}

impl Text {
    /// Takes a line without its CR LF.
    pub(super) fn add(&mut self, line: &str) {
        self.octets += line.len() as u64 + 2;
        self.body |= line.is_empty();
        let field = "received:";
        let begins = line.get(..field.len()).is_some_and(|b| b.eq_ignore_ascii_case(field));
        self.received_fields += u32::from(begins && !self.body);
    }

    pub(super) fn octets(&self) -> Octets {
        Octets(self.octets)
    }

    pub(super) fn received_fields(&self) -> u32 {
        self.received_fields
    }
}
