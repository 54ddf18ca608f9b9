//! How attachments grow on the way into a message.

use crate::units::Octets;

/// Characters in a line of base64 (RFC 2045 §6.8 allows no more).
const LINE: u64 = 76;

/// Returns the size of an attachment of `raw` octets in base64 (RFC 2045 §6.8): four characters for
/// each three octets begun, and an end of line (CR LF) after each 76 characters and after the last
/// line. Headers of the body part are not counted. Large attachments grow by 36.84 %.
#[must_use]
pub fn encoded_size(raw: Octets) -> Octets {
    encoded_in_lines(raw, LINE)
}

fn encoded_in_lines(raw: Octets, line: u64) -> Octets {
    let characters = raw.get().div_ceil(3).saturating_mul(4);
    let line_ends = characters.div_ceil(line).saturating_mul(2);
    Octets::new(characters.saturating_add(line_ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_grows_as_rfc_2045_says() {
        let size = |raw| encoded_size(Octets::new(raw)).get();
        assert_eq!(size(0), 0);
        assert_eq!([size(1), size(2), size(3), size(4)], [6, 6, 6, 10]);
        assert_eq!(size(57), 78);
        assert_eq!(size(58), 78 + 6);
        assert_eq!(size(1_000_000), 1_368_424);
        let factor = size(57_000_000) as f64 / 57e6;
        assert!((factor - 4.0 / 3.0 * 78.0 / 76.0).abs() < 1e-12, "{factor}");
        assert_eq!(encoded_size(Octets::MAX), Octets::MAX);
    }

    /// Tanenbaum, *Computer Networks*, chapter 7, problem 17: lines of 110 characters.
    #[test]
    fn a_textbook_exercise_comes_out() {
        assert_eq!(encoded_in_lines(Octets::new(4_560), 110), Octets::new(6_192));
    }
}
