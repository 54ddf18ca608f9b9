//! Numbers written for people and for tables, from integers alone.

/// The digits of a decimal number of six places, in a buffer of its own.
pub(super) struct FixedDecimals {
    bytes: [u8; Self::LENGTH],
    start: usize,
}

impl FixedDecimals {
    /// The longest is 18446744073.709552.
    const LENGTH: usize = 18;
    const PLACES: usize = 6;

    /// Returns `nanos` in seconds, rounded to the nearest microsecond, halves up.
    pub(super) fn of_nanos(nanos: u64) -> Self {
        let micros = nanos / 1_000 + u64::from(nanos % 1_000 >= 500);
        let (mut whole, mut fraction) = (micros / 1_000_000, micros % 1_000_000);
        let mut bytes = [b'0'; Self::LENGTH];
        let mut at = Self::LENGTH;
        for _ in 0..Self::PLACES / 2 {
            at -= 2;
            bytes[at..at + 2].copy_from_slice(pair(fraction % 100));
            fraction /= 100;
        }
        at -= 1;
        bytes[at] = b'.';
        while whole >= 100 {
            at -= 2;
            bytes[at..at + 2].copy_from_slice(pair(whole % 100));
            whole /= 100;
        }
        let first = pair(whole);
        at -= 1;
        bytes[at] = first[1];
        if whole >= 10 {
            at -= 1;
            bytes[at] = first[0];
        }
        Self { bytes, start: at }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("only digits and a point are written")
    }
}

/// Returns the two digits of a number below 100.
fn pair(number: u64) -> &'static [u8; 2] {
    &PAIRS[number as usize]
}

/// 00 to 99: two digits at a time halve the divisions.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Appends a number in decimal digits, without going through `fmt`: a table row has ten of them.
#[inline]
pub fn write_integer(number: u64, out: &mut Vec<u8>) {
    if number < 10 {
        out.push(b'0' + number as u8);
    } else {
        write_padded(number, 1, out);
    }
}

/// Appends a number in at least `width` decimal digits (at most 20), zeros before it.
pub fn write_padded(mut number: u64, width: usize, out: &mut Vec<u8>) {
    const LONGEST: usize = 20;
    let mut digits = [b'0'; LONGEST];
    let mut at = LONGEST;
    while number >= 100 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(pair(number % 100));
        number /= 100;
    }
    let first = pair(number);
    at -= 1;
    digits[at] = first[1];
    if number >= 10 {
        at -= 1;
        digits[at] = first[0];
    }
    out.extend_from_slice(&digits[at.min(LONGEST - width.min(LONGEST))..]);
}

/// Returns `value / unit` with up to `places` decimals, rounded halves up, without trailing zeros.
pub(super) fn trimmed(value: u64, unit: u64, places: u32) -> String {
    let scale = 10u128.pow(places);
    let (value, unit) = (u128::from(value), u128::from(unit));
    let scaled = (value * scale + unit / 2) / unit;
    let (whole, fraction) = (scaled / scale, scaled % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let digits = format!("{fraction:0width$}", width = places as usize);
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// Returns a span for people, rounded to what one reads at its size.
pub(super) fn human_duration(nanos: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    // Each unit ends where its rounded number would reach the next unit.
    match nanos {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{nanos} ns"),
        1_000..999_999 => format!("{} µs", trimmed(nanos, 1_000, 2)),
        999_999..999_995_000 => format!("{} ms", trimmed(nanos, 1_000_000, 2)),
        999_995_000..59_995_000_000 => format!("{} s", trimmed(nanos, SECOND, 2)),
        _ => clock_face(nanos / SECOND + u64::from(nanos % SECOND >= SECOND / 2)),
    }
}

/// Returns whole seconds as "3m 07s", "2h 03m 07s" or "1d 02h 03m 07s".
fn clock_face(seconds: u64) -> String {
    let (minutes, second) = (seconds / 60, seconds % 60);
    let (hours, minute) = (minutes / 60, minutes % 60);
    let (days, hour) = (hours / 24, hours % 24);
    if days > 0 {
        format!("{days}d {hour:02}h {minute:02}m {second:02}s")
    } else if hours > 0 {
        format!("{hours}h {minute:02}m {second:02}s")
    } else {
        format!("{minutes}m {second:02}s")
    }
}
