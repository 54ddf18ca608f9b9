//! One table in the making: RFC 4180 with LF, a row at a time.

use std::fmt::Display;
use std::io::{self, Write as _};

use crate::mail::{HostId, Mailbox, MailboxNames, MessageKey, Status};
use crate::units::{SimTime, write_integer};

use super::error::ReportError;
use super::file::ResultFile;
use super::place::Shelf;

/// The file gets multiples of so many octets: whole subtrees of the digest, which is taken a fifth
/// faster so.
const PIECE: usize = 1 << 16;

/// A table whose fields are written in order, with [`Table::end_row`] after each row.
///
/// Nearly all fields are numbers and words that need no quotes, and go straight into the buffer.
/// With the `csv` crate's writer and `fmt`, a row of `attempts.csv` took 7,600 instructions, more
/// than the attempt that it tells of; this way it takes a tenth of that.
pub(super) struct Table {
    file: ResultFile,
    buffer: Vec<u8>,
    /// Whether the next field is the first of its row.
    begins: bool,
    failure: Option<io::Error>,
}

impl Table {
    pub(super) fn create(
        shelf: &dyn Shelf,
        name: &str,
        columns: &[&'static str],
    ) -> Result<Self, ReportError> {
        let file = shelf.create(name)?;
        let buffer = Vec::with_capacity(2 * PIECE);
        let mut table = Self { file, buffer, begins: true, failure: None };
        for column in columns {
            table.word(column);
        }
        table.end_row();
        Ok(table)
    }

    /// Returns whether the file could not be written; further rows are lost.
    pub(super) fn failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Returns the buffer for the next field's octets, which must need no quotes.
    fn plain(&mut self) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.begins) {
            self.buffer.push(b',');
        }
        &mut self.buffer
    }

    /// Writes a field that did not happen.
    pub(super) fn nothing(&mut self) {
        self.plain();
    }

    /// Writes a word of the program's own, which needs no quotes.
    pub(super) fn word(&mut self, word: &'static str) {
        self.plain().extend_from_slice(word.as_bytes());
    }

    pub(super) fn number(&mut self, number: impl Into<u64>) {
        write_integer(number.into(), self.plain());
    }

    pub(super) fn some_number(&mut self, number: Option<impl Into<u64>>) {
        match number {
            Some(number) => self.number(number),
            None => self.nothing(),
        }
    }

    /// Writes a decimal fraction with as many digits as it needs.
    pub(super) fn some_fraction(&mut self, fraction: Option<impl Display>) {
        let out = self.plain();
        if let Some(fraction) = fraction {
            write!(out, "{fraction}").expect("writing to memory succeeds");
        }
    }

    /// Writes seconds; nothing for "never".
    pub(super) fn time(&mut self, time: Option<SimTime>) {
        let out = self.plain();
        if let Some(time) = time.filter(|&time| time != SimTime::MAX) {
            time.write_fixed_seconds(out);
        }
    }

    pub(super) fn key(&mut self, key: Option<MessageKey>) {
        let out = self.plain();
        if let Some(key) = key {
            key.write(out);
        }
    }

    pub(super) fn status(&mut self, status: Option<Status>) {
        let out = self.plain();
        if let Some(status) = status {
            status.write(out);
        }
    }

    pub(super) fn mailbox(&mut self, mailbox: Option<Mailbox>, names: &dyn MailboxNames) {
        self.spelt(|out| {
            if let Some(mailbox) = mailbox {
                names.write_mailbox(mailbox, out);
            }
        });
    }

    /// Writes a host's name, which is a name of the DNS and needs no quotes.
    pub(super) fn host(&mut self, host: Option<HostId>, names: &dyn MailboxNames) {
        let out = self.plain();
        if let Some(host) = host {
            out.extend_from_slice(names.host(host).as_bytes());
        }
    }

    pub(super) fn path(&mut self, path: &[HostId], names: &dyn MailboxNames) {
        let out = self.plain();
        for (step, &host) in path.iter().enumerate() {
            if step > 0 {
                out.push(b'>');
            }
            out.extend_from_slice(names.host(host).as_bytes());
        }
    }

    /// Writes a field that may hold anything, in quotes if it needs them (RFC 4180 §2).
    fn spelt(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let out = self.plain();
        let from = out.len();
        write(out);
        // All octets are looked at, since that goes sixteen at a time.
        let special = |octet: &u8| matches!(octet, b',' | b'"' | b'\r' | b'\n');
        if out[from..].iter().fold(false, |found, octet| found | special(octet)) {
            quote(out, from);
        }
    }

    pub(super) fn end_row(&mut self) {
        self.buffer.push(b'\n');
        self.begins = true;
        if self.buffer.len() >= PIECE {
            self.pass_on(self.buffer.len() / PIECE * PIECE);
        }
    }

    fn pass_on(&mut self, length: usize) {
        if self.failure.is_none() {
            self.failure = self.file.write_all(&self.buffer[..length]).err();
        }
        self.buffer.drain(..length);
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The first error met while writing.
    pub(super) fn finish(mut self) -> Result<ResultFile, ReportError> {
        self.pass_on(self.buffer.len());
        match self.failure {
            Some(cause) => Err(ReportError::io("write", self.file.path(), cause)),
            None => Ok(self.file),
        }
    }
}

/// Puts what `out` holds from `from` on in quotes, with its own quotes doubled.
fn quote(out: &mut Vec<u8>, from: usize) {
    let field = out.split_off(from);
    out.push(b'"');
    for octet in field {
        if octet == b'"' {
            out.push(b'"');
        }
        out.push(octet);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::folder::ResultFolder;
    use proptest::prelude::*;

    use super::*;
    use crate::mail::DomainId;

    /// A mailbox of any name.
    struct Named(String);

    impl MailboxNames for Named {
        fn write_mailbox(&self, _: Mailbox, out: &mut Vec<u8>) {
            out.extend_from_slice(self.0.as_bytes());
        }

        fn domain(&self, _: DomainId) -> &str {
            "recipient.example"
        }

        fn host(&self, _: HostId) -> &str {
            "mx.recipient.example"
        }
    }

    proptest! {
        /// Whatever names hold, a reader of CSV that is not ours reads them back.
        #[test]
        fn names_read_back_as_written(name in "[a,\"\r\n>é ]{0,12}", number: u64) {
            let place = tempfile::tempdir().unwrap();
            let mut folder = ResultFolder::claim(&place.path().join("run")).unwrap();
            let mut table = Table::create(&folder, "t.csv", &["a", "b", "c", "d"]).unwrap();
            let names = Named(name.clone());
            table.number(number);
            table.mailbox(Some(Mailbox::default()), &names);
            table.path(&[HostId(0), HostId(0)], &names);
            table.mailbox(None, &names);
            table.end_row();
            folder.add(table.finish().unwrap()).unwrap();
            let mut reader = csv::Reader::from_path(folder.work().join("t.csv")).unwrap();
            let row = reader.records().next().unwrap().unwrap();
            let path = "mx.recipient.example>mx.recipient.example";
            let number = number.to_string();
            let expected = [number.as_str(), &name, path, ""];
            prop_assert_eq!(row.iter().collect::<Vec<_>>(), expected);
        }
    }
}
