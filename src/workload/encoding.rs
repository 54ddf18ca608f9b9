//! How attachments grow on the way into a message (RFC 2045).

use crate::units::Octets;

/// How an attachment is written in characters that every relay lets pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoding {
    /// By which rule.
    pub rule: Rule,
    /// Characters in a line, behind which its end (CR LF) comes; none: all in one line.
    pub line: Option<u64>,
}

/// A content transfer encoding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Four characters for each three octets begun (RFC 2045 §6.8).
    Base64,
    /// Three characters for this share of the octets, one for each other (§6.7). A line that has to
    /// be broken ends in `=`.
    QuotedPrintable {
        /// The share of octets beyond printable ASCII, from 0 to 1.
        escaped: f64,
    },
    /// As it is (8BITMIME, BINARYMIME, or text).
    Identity,
}

impl Encoding {
    /// Characters in a line; both encodings allow no more.
    pub const LINE: u64 = 76;

    /// Base64 in lines as long as allowed.
    pub const BASE64: Self = Self { rule: Rule::Base64, line: Some(Self::LINE) };

    /// Returns the size of an attachment of `raw` octets. Headers of the body part are not counted.
    #[must_use]
    pub fn size_of(self, raw: Octets) -> Octets {
        let raw = raw.get();
        Octets::new(match self.rule {
            Rule::Identity => raw,
            Rule::Base64 => {
                let characters = raw.div_ceil(3).saturating_mul(4);
                let lines = self.line.map_or(0, |line| characters.div_ceil(line));
                characters.saturating_add(lines.saturating_mul(2))
            }
            Rule::QuotedPrintable { escaped } => {
                let escaped = (raw as f64 * escaped).round() as u64;
                let characters = raw.saturating_add(escaped.saturating_mul(2));
                // The last line needs no break; the `=` of the others counts as one of theirs.
                let lines = self.line.map_or(0, |line| characters.div_ceil(line - 1).max(1) - 1);
                characters.saturating_add(lines.saturating_mul(3))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_grows_as_rfc_2045_says() {
        let size = |raw| Encoding::BASE64.size_of(Octets::new(raw)).get();
        assert_eq!(size(0), 0);
        assert_eq!([size(1), size(2), size(3), size(4)], [6, 6, 6, 10]);
        assert_eq!(size(57), 78);
        assert_eq!(size(58), 78 + 6);
        assert_eq!(size(1_000_000), 1_368_424);
        let factor = size(57_000_000) as f64 / 57e6;
        assert!((factor - 4.0 / 3.0 * 78.0 / 76.0).abs() < 1e-12, "{factor}");
        assert_eq!(Encoding::BASE64.size_of(Octets::MAX), Octets::MAX);
    }

    /// Tanenbaum, *Computer Networks*, chapter 7, problem 17: lines of 110 characters. Forouzan, *Data
    /// Communications and Networking*: 1,000 octets in base64 without line ends, and in
    /// quoted-printable, a tenth of them beyond ASCII.
    #[test]
    fn textbook_exercises_come_out() {
        let size = |rule, line, raw| Encoding { rule, line }.size_of(Octets::new(raw)).get();
        assert_eq!(size(Rule::Base64, Some(110), 4_560), 6_192);
        assert_eq!(size(Rule::Base64, None, 1_000), 1_336);
        assert_eq!(size(Rule::QuotedPrintable { escaped: 0.1 }, None, 1_000), 1_200);
        assert_eq!(size(Rule::Identity, Some(76), 1_000), 1_000);
    }

    /// 150 characters are two lines of 75 and no more; the 151st needs a second break (§6.7 rule 5).
    #[test]
    fn quoted_printable_breaks_long_lines() {
        let rule = Rule::QuotedPrintable { escaped: 0.0 };
        let size = |raw| Encoding { rule, line: Some(76) }.size_of(Octets::new(raw)).get();
        assert_eq!([size(0), size(75), size(76), size(150), size(151)], [0, 75, 79, 153, 157]);
    }
}
