//! The lines of a file, one at a time, packed or not, with bounds on what is held in memory.
//!
//! `flate2` unpacks what begins with the two octets of gzip (RFC 1952); rotated logs come as several
//! members in one file, which it reads as one.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// A longer line is cut: no line of a mail log or of a configuration comes near it.
pub(super) const LONGEST_LINE: usize = 64 * 1024;
/// The octets of a buffer.
const BUFFER: usize = 256 * 1024;

/// A file, line by line.
pub(super) struct Lines<'a> {
    reader: Box<dyn BufRead + 'a>,
    line: Vec<u8>,
    number: u64,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'l> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Its octets, without its end.
    pub(super) text: &'l [u8],
    /// Whether it was longer, and the rest was passed over.
    pub(super) cut: bool,
}

impl<'a> Lines<'a> {
    /// Returns the lines of what `reader` gives.
    ///
    /// # Errors
    /// If nothing can be read.
    pub(super) fn new(reader: Box<dyn Read + 'a>) -> io::Result<Self> {
        let mut plain = BufReader::with_capacity(BUFFER, reader);
        let packed = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead + 'a> = if packed {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        let mut lines = Self { reader, line: Vec::new(), number: 0 };
        // A mark of UTF-8 that editors put in front says nothing.
        if lines.reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            lines.reader.consume(BYTE_ORDER_MARK.len());
        }
        Ok(lines)
    }

    /// Returns what the file begins with, as much as is at hand, without taking it.
    ///
    /// # Errors
    /// If nothing can be read.
    pub(super) fn beginning(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    /// Returns the next line; none at the end.
    ///
    /// # Errors
    /// If the file cannot be read on.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut cut = false;
        let mut any = false;
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', chunk);
            let piece = &chunk[..end.unwrap_or(chunk.len())];
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            cut |= piece.len() > room;
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            let taken = piece.len() + usize::from(end.is_some());
            self.reader.consume(taken);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(Some(Line { number: self.number, text: &self.line, cut }))
    }
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Returns the program that has packed a file that begins so, where that is none that is unpacked here.
pub(super) fn packed_by(beginning: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 5] = [
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh", "bzip2"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"\x1f\x9d", "compress"),
    ];
    known.into_iter().find(|(begins, _)| beginning.starts_with(begins)).map(|(_, by)| by)
}

/// Returns whether a file that begins so is no text at all: it holds NUL, or is largely made of
/// control characters.
pub(super) fn is_binary(beginning: &[u8]) -> bool {
    let looked = &beginning[..beginning.len().min(8192)];
    let control = |octet: &&u8| **octet < 0x20 && !matches!(**octet, b'\t' | b'\n' | b'\r' | 0x1b);
    looked.contains(&0) || looked.iter().filter(control).count() * 10 > looked.len()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn all(octets: &[u8]) -> Vec<(u64, usize, bool)> {
        let mut lines = Lines::new(Box::new(octets)).unwrap();
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.text.len(), line.cut));
        }
        found
    }

    #[test]
    fn lines_are_numbered_and_bounded() {
        assert_eq!(all(b"a\r\n\nbcd"), [(1, 1, false), (2, 0, false), (3, 3, false)]);
        let mut long = vec![b'x'; 10 * LONGEST_LINE];
        long.extend_from_slice(b"\nnext\n");
        assert_eq!(all(&long), [(1, LONGEST_LINE, true), (2, 4, false)]);
    }

    #[test]
    fn packed_files_are_read_as_their_text() {
        let mut packed = Vec::new();
        for text in ["one\n", "three\n"] {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            packed.extend(encoder.finish().unwrap());
        }
        assert_eq!(all(&packed), [(1, 3, false), (2, 5, false)]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        assert_eq!(all(b"\xef\xbb\xbfabc\n\xef\xbb\xbf\n"), [(1, 3, false), (2, 3, false)]);
        assert_eq!(packed_by(b"BZh91AY"), Some("bzip2"));
        assert_eq!(packed_by(b"\x1f\x8b\x08"), None);
    }

    #[test]
    fn binary_files_are_told_from_text() {
        assert!(is_binary(b"\x7fELF\x02\x01\x01\x00"));
        assert!(!is_binary("Grüße\tund\n".as_bytes()));
    }
}
