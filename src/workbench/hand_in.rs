//! The code by which a solution is handed in: what differs from the exercise's own text, packed.
//!
//! `3-<checksum>-<base64url of deflate>`. Packed is a list of pieces: a number of lines kept, a number of
//! lines dropped, and the lines that come instead. The checksum is of the whole solution, so that a code
//! that was damaged, or is of another version of the exercise, is noticed.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

/// A solution has no more octets.
const MOST: u64 = 1 << 20;
/// Letters of the checksum.
const CHECKSUM: usize = 10;

/// Lines that stay, lines that go, and what comes in their place.
#[derive(Debug, Serialize, Deserialize)]
struct Piece(usize, usize, Vec<String>);

/// Returns the code of a solution.
pub(super) fn code(number: u32, start: &str, text: &str) -> String {
    let pieces = serde_json::to_vec(&pieces(start, text)).expect("pieces are plain data");
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
    let packed = packer.write_all(&pieces).and_then(|()| packer.finish());
    let packed = packed.expect("memory takes whatever is written");
    format!("{number}-{}-{}", checksum(text), base64(&packed))
}

/// Returns the solution of a code.
pub(super) fn text(number: u32, start: &str, code: &str) -> Result<String, String> {
    let code: String = code.split_whitespace().collect();
    let mut parts = code.splitn(3, '-');
    let (Some(of), Some(sum), Some(packed)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("this is no code of an exercise: it has the form 3-0a1b2c3d4e-…".to_owned());
    };
    if of != number.to_string() {
        return Err(format!("this code is of exercise {of}, not of exercise {number}"));
    }
    let damaged = || "the code is damaged, or was made by another version of mailsim".to_owned();
    let packed = octets(packed).ok_or_else(damaged)?;
    let mut pieces = Vec::new();
    let read = DeflateDecoder::new(packed.as_slice()).take(MOST + 1).read_to_end(&mut pieces);
    if read.is_err() || pieces.len() as u64 > MOST {
        return Err(damaged());
    }
    let pieces: Vec<Piece> = serde_json::from_slice(&pieces).map_err(|_| damaged())?;
    let text = applied(start, pieces).ok_or_else(damaged)?;
    if checksum(&text) == sum { Ok(text) } else { Err(damaged()) }
}

fn checksum(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..CHECKSUM].to_owned()
}

/// Returns how `text` comes of `start`: line by line, what both have in common as long as possible.
fn pieces(start: &str, text: &str) -> Vec<Piece> {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (start.split('\n').collect(), text.split('\n').collect());
    // lengths[i][j]: of the longest common part of old[i..] and new[j..].
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    if old.len().saturating_mul(new.len()) <= 4_000_000 {
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                lengths[i * width + j] = if old[i] == new[j] {
                    lengths[(i + 1) * width + j + 1] + 1
                } else {
                    lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
                };
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pieces = Vec::new();
    while i < old.len() || j < new.len() {
        let mut piece = Piece(0, 0, Vec::new());
        while i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j, piece.0) = (i + 1, j + 1, piece.0 + 1);
        }
        while (i < old.len() || j < new.len())
            && !(i < old.len() && j < new.len() && old[i] == new[j])
        {
            let drops = j == new.len()
                || i < old.len() && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1];
            if drops {
                (i, piece.1) = (i + 1, piece.1 + 1);
            } else {
                piece.2.push(new[j].to_owned());
                j += 1;
            }
        }
        pieces.push(piece);
    }
    pieces
}

fn applied(start: &str, pieces: Vec<Piece>) -> Option<String> {
    let old: Vec<&str> = start.split('\n').collect();
    let mut at = 0_usize;
    let mut lines: Vec<String> = Vec::new();
    for Piece(kept, dropped, added) in pieces {
        let end = at.checked_add(kept)?;
        lines.extend(old.get(at..end)?.iter().map(|&line| line.to_owned()));
        at = end.checked_add(dropped)?;
        lines.extend(added);
    }
    Some(lines.join("\n"))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 of RFC 4648 §5, without padding.
fn base64(octets: &[u8]) -> String {
    let mut text = String::new();
    for three in octets.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, &octet| bits << 8 | u32::from(octet))
            << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

fn octets(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    for four in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for letter in four {
            let value = ALPHABET.iter().position(|known| known == letter)?;
            bits = bits << 6 | u32::try_from(value).ok()?;
        }
        bits <<= 6 * (4 - four.len());
        let three = bits.to_be_bytes();
        octets.extend_from_slice(three.get(1..four.len())?);
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_gives_the_solution_back() {
        let start = "a\nb\nc\nd\n";
        for text in [start, "", "a\nB\nc\nd\nnew \u{e9}\n", "x", "b\na\nd\nc\n", "a\n\n\nb\nc\nd"] {
            let code = code(3, start, text);
            assert_eq!(super::text(3, start, &code).as_deref(), Ok(text), "{code}");
            // A mail program may fold it.
            let folded = format!(" {}\n{}", &code[..9], &code[9..]);
            assert_eq!(super::text(3, start, &folded).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_code_is_short_where_little_was_changed() {
        let start = include_str!("../../scenarios/exercises/04-six-days-of-silence.toml");
        let code = code(4, start, &start.replace("\"6d\"", "\"7d\""));
        assert!(code.len() < 80, "{code}");
    }

    #[test]
    fn what_is_damaged_or_foreign_is_said() {
        let (start, good) = ("a\nb\n", code(3, "a\nb\n", "a\nc\n"));
        assert!(text(4, start, &good).unwrap_err().contains("exercise 3"));
        assert!(text(3, "a\nx\ny\n", &good).unwrap_err().contains("damaged"));
        for bad in ["", "3", "3-x", "3-0000000000-", "3-0000000000-!!!!", "3-0000000000-AAAA"] {
            assert!(text(3, start, bad).is_err(), "{bad}");
        }
        for place in 2..good.len() {
            let mut other = good.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert_ne!(text(3, start, &other).as_deref(), Ok("a\nd\n"), "{other}");
        }
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (octets_, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")]
        {
            assert_eq!(base64(octets_.as_bytes()), text);
            assert_eq!(octets(text).unwrap(), octets_.as_bytes());
        }
    }
}
