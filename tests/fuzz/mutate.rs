//! Offspring of seeds: texts with words, numbers and lines lost, doubled, swapped and mixed with those of others.

/// What stands where a number or a word was.
const ODD: &[&str] = &[
    "NaN",
    "inf",
    "-1",
    "0",
    "",
    "1e308",
    "4000000000",
    "18446744073709551616",
    "0.0000001",
    "\"\"",
    "[]",
    "{}",
    "true",
    "-0s",
    "1ns",
    "99999d",
    "\u{202e}",
    "\0",
    "é",
    "\r\n",
    "..",
    "*",
    "<>",
    "a@b@c",
    "\\",
    "'",
    "\u{1b}[2J",
];

/// A small generator of numbers: the same ones each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit.max(1) as u64).unwrap_or_default()
    }

    /// Returns a stretch of `text`: a run of letters and digits, a line, or any.
    fn stretch(&mut self, text: &[u8]) -> (usize, usize) {
        let at = self.below(text.len());
        let grow = |belongs: fn(u8) -> bool| {
            let before = text[..at].iter().rev().take_while(|octet| belongs(**octet)).count();
            let behind = text[at..].iter().take_while(|octet| belongs(**octet)).count();
            (at - before, at + behind)
        };
        match self.below(3) {
            0 => grow(|octet| octet.is_ascii_alphanumeric() || octet == b'.'),
            1 => grow(|octet| octet != b'\n'),
            _ => (at, (at + self.below(40)).min(text.len())),
        }
    }
}

/// Returns the offspring of this number.
pub(crate) fn offspring(seeds: &[&[u8]], number: u64) -> Vec<u8> {
    let chance = &mut Chance(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let mut text = seeds[chance.below(seeds.len())].to_vec();
    for _ in 0..=chance.below(4) {
        if text.is_empty() {
            break;
        }
        let (from, to) = chance.stretch(&text);
        match chance.below(7) {
            0 | 1 => {
                let odd = ODD[chance.below(ODD.len())];
                text.splice(from..to, odd.bytes());
            }
            2 => drop(text.drain(from..to)),
            3 => {
                let twice = text[from..to].to_vec();
                text.splice(from..from, twice);
            }
            4 => {
                let other = seeds[chance.below(seeds.len())];
                let (begin, end) = chance.stretch(other);
                let strange = other.get(begin..end).unwrap_or_default().to_vec();
                text.splice(from..to, strange);
            }
            5 => text[from] ^= 1 << chance.below(8),
            _ => text.truncate(to),
        }
    }
    text
}
