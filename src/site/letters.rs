//! Octets as letters that stand in a script: thirteen bits in two of 91 letters.

/// What stands between quotes in a script as it is: printable ASCII but for the space, the quote, the
/// backslash, and what could begin a tag. The page turns them back (`src/player/source/site/letters.ts`).
const fn is_letter(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'"' | b'\\' | b'<')
}

/// The bits that two letters hold: 2¹³ is just below 91², so that a text is 23 % longer than its octets.
const BITS: u32 = 13;

/// Returns octets as letters; the last two are filled with zeros, so how many octets there are has to be
/// told beside them.
pub(super) fn letters(octets: &[u8]) -> String {
    let alphabet: Vec<char> = (0..=u8::MAX).filter(|&o| is_letter(o)).map(char::from).collect();
    let mut text = String::with_capacity(octets.len() * 16 / 13 + 4);
    let mut push = |bits: u32| {
        let bits = bits as usize;
        text.push(alphabet[bits / alphabet.len()]);
        text.push(alphabet[bits % alphabet.len()]);
    };
    let (mut waiting, mut count) = (0_u32, 0);
    for &octet in octets {
        waiting = waiting << 8 | u32::from(octet);
        count += 8;
        if count >= BITS {
            count -= BITS;
            push(waiting >> count);
            waiting &= (1 << count) - 1;
        }
    }
    if count > 0 {
        push(waiting << (BITS - count));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The way back, written in another way than the page's: all bits as one number, digit by digit.
    fn octets(text: &str, count: usize) -> Vec<u8> {
        let place = |letter| (0..letter).filter(|&o| is_letter(o)).count();
        let bits: String = text
            .as_bytes()
            .chunks(2)
            .map(|two| format!("{:013b}", place(two[0]) * 91 + place(two[1])))
            .collect();
        let octet = |at: usize| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap();
        (0..count).map(octet).collect()
    }

    #[test]
    fn octets_come_back_whatever_their_number() {
        for count in 0..60 {
            let whole: Vec<u8> = (0..count).map(|n: u32| (n * n * 151 + 255) as u8).collect();
            let text = letters(&whole);
            assert_eq!(octets(&text, whole.len()), whole, "{text}");
            assert!(text.len() <= (whole.len() * 8).div_ceil(13) * 2, "{text}");
        }
    }

    #[test]
    fn nothing_ends_the_text_or_the_script() {
        assert_eq!((0..=u8::MAX).filter(|&octet| is_letter(octet)).count(), 91);
        let text = letters(&(0..=u8::MAX).cycle().take(20_000).collect::<Vec<u8>>());
        assert!(text.bytes().all(is_letter));
        assert!(!text.contains(['"', '\\', '<', '\n']));
    }
}
