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
        let mut micros = nanos / 1_000 + u64::from(nanos % 1_000 >= 500);
        let mut bytes = [b'0'; Self::LENGTH];
        let mut at = Self::LENGTH;
        while micros > 0 || at > Self::LENGTH - Self::PLACES - 2 {
            at -= 1;
            if at == Self::LENGTH - Self::PLACES - 1 {
                bytes[at] = b'.';
                continue;
            }
            bytes[at] = b'0' + (micros % 10) as u8;
            micros /= 10;
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
