//! Retry rules in Exim's notation: `F,2h,15m; G,16h,1h,1.5; F,4d,6h`.

use std::fmt;
use std::str::FromStr;

use crate::units::SimDuration;

/// How the time between tries of one rule grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// `F`: always the same.
    Fixed,
    /// `G`: the last gap times this many thousandths, at least the interval.
    Geometric(u32),
    /// `H`: as `G`, with the excess over the interval drawn between its half and the whole.
    Randomized(u32),
}

/// One rule of a retry line: holds as long as the failure has not lasted for longer than `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryRule {
    /// How gaps grow.
    pub growth: Growth,
    /// The cut-off: greatest time since the first failure for which the rule holds.
    pub until: SimDuration,
    /// The gap, or the least one.
    pub interval: SimDuration,
}

/// The rules of one retry line, in order; the last cut-off is when a destination is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRules(pub Vec<RetryRule>);

impl RetryRules {
    /// Returns the last cut-off; none without rules.
    #[must_use]
    pub fn last_cutoff(&self) -> Option<SimDuration> {
        self.0.last().map(|rule| rule.until)
    }
}

impl Default for RetryRules {
    /// The retry line of `src/configure.default`.
    fn default() -> Self {
        let rule = |growth, until, interval| RetryRule { growth, until, interval };
        let hours = SimDuration::from_hours;
        Self(vec![
            rule(Growth::Fixed, hours(2), SimDuration::from_minutes(15)),
            rule(Growth::Geometric(1500), hours(16), hours(1)),
            rule(Growth::Fixed, hours(96), hours(6)),
        ])
    }
}

impl fmt::Display for RetryRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            let (letter, factor) = match rule.growth {
                Growth::Fixed => ('F', None),
                Growth::Geometric(factor) => ('G', Some(factor)),
                Growth::Randomized(factor) => ('H', Some(factor)),
            };
            write!(f, "{letter},{},{}", exim_time(rule.until), exim_time(rule.interval))?;
            if let Some(factor) = factor {
                write!(f, ",{}", f64::from(factor) / 1000.0)?;
            }
        }
        Ok(())
    }
}

impl FromStr for RetryRules {
    type Err = String;

    /// Reads the rules of a retry line (`src/readconf.c`, `retry_arg` and `readconf_retries`),
    /// with or without the pattern and error `* *` that stand before them in the file.
    ///
    /// # Errors
    /// Which rule is wrong, and how.
    fn from_str(text: &str) -> Result<Self, String> {
        let rules: Vec<RetryRule> = without_pattern(text)?
            .split(';')
            .map(str::trim)
            .filter(|rule| !rule.is_empty())
            .map(rule)
            .collect::<Result<_, _>>()?;
        let grows = rules.windows(2).all(|pair| pair[0].until < pair[1].until);
        match (rules.is_empty(), grows) {
            (true, _) => Err("there is no rule".to_owned()),
            (_, false) => Err("each cut-off must be above the one before".to_owned()),
            _ => Ok(Self(rules)),
        }
    }
}

/// Returns the rules after the pattern and the error of a retry line, if it has them. Only `*` is
/// known for either: the same rules hold for all hosts and errors.
fn without_pattern(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let Some((pattern, rest)) = text.split_once(char::is_whitespace) else {
        return Ok(text);
    };
    // A rule has a comma after its letter, a pattern has none.
    if pattern.contains(',') || matches!(pattern, "F" | "G" | "H") {
        return Ok(text);
    }
    let rest = rest.trim_start();
    let (error, rules) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match (pattern, error) {
        ("*", "*") => Ok(rules),
        _ => Err(format!(
            "`{pattern} {error}`: only the line of all hosts and errors, `* *`, counts"
        )),
    }
}

fn rule(text: &str) -> Result<RetryRule, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let (letter, until, interval, factor) = match *parts.as_slice() {
        [letter, until, interval] => (letter, until, interval, None),
        [letter, until, interval, factor] => (letter, until, interval, Some(factor)),
        _ => return Err(format!("`{text}` is not letter,cut-off,interval[,factor]")),
    };
    let growth = match (letter, factor) {
        ("F", None) => Growth::Fixed,
        ("F", Some(_)) => return Err(format!("`{text}`: a rule F has no factor")),
        ("G", factor) => Growth::Geometric(thousandths(text, factor)?),
        ("H", factor) => Growth::Randomized(thousandths(text, factor)?),
        _ => return Err(format!("`{letter}` is no rule; there are F, G and H")),
    };
    Ok(RetryRule { growth, until: time(until)?, interval: time(interval)? })
}

fn thousandths(rule: &str, factor: Option<&str>) -> Result<u32, String> {
    let factor = factor.and_then(|text| text.parse::<f64>().ok());
    match factor.filter(|factor| (1.0..=1000.0).contains(factor)) {
        Some(factor) => Ok((factor * 1000.0 + 0.5) as u32),
        None => Err(format!("`{rule}` has no factor from 1 to 1000")),
    }
}

fn time(text: &str) -> Result<SimDuration, String> {
    let seconds = exim_seconds(text).filter(|&seconds| seconds > 0);
    let seconds = seconds.ok_or_else(|| format!("`{text}` is no time as 2h or 1d12h"))?;
    Ok(SimDuration::from_secs(seconds))
}

/// Exim's units, largest first.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a time as Exim writes it (`src/readconf.c`, `readconf_readtime`): numbers with the units
/// w, d, h, m and s, one after the other. Returns seconds.
#[must_use]
pub fn exim_seconds(text: &str) -> Option<u64> {
    let (mut total, mut digits) = (0_u64, String::new());
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let (_, unit) = UNITS.iter().find(|(unit, _)| *unit == letter)?;
        let number: u64 = std::mem::take(&mut digits).parse().ok()?;
        total = total.checked_add(number.checked_mul(*unit)?)?;
    }
    (digits.is_empty() && !text.is_empty()).then_some(total)
}

/// Writes a time as Exim writes it.
#[must_use]
pub fn exim_time(span: SimDuration) -> String {
    let mut left = span.as_secs();
    let mut text = String::new();
    for (letter, unit) in UNITS {
        if left >= unit {
            text.push_str(&format!("{}{letter}", left / unit));
            left %= unit;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_line_reads_as_configure_default_has_it() {
        let rules: RetryRules = "F,2h,15m; G,16h,1h,1.5; F,4d,6h".parse().unwrap();
        assert_eq!(rules, RetryRules::default());
        assert_eq!(rules.to_string(), "F,2h,15m; G,16h,1h,1.5; F,4d,6h");
        let line = "*                      *           F,2h,15m; G,16h,1h,1.5; F,4d,6h";
        assert_eq!(line.parse(), Ok(RetryRules::default()));
        assert_eq!("F, 2h, 15m; G,16h,1h,1.5; F,4d,6h".parse(), Ok(RetryRules::default()));
    }

    #[test]
    fn wrong_rules_are_named() {
        for (text, word) in [
            ("", "no rule"),
            ("F,2h", "F,2h"),
            ("F,2h,15m,2", "no factor"),
            ("G,2h,15m", "factor"),
            ("X,2h,15m", "`X`"),
            ("F,2x,15m", "`2x`"),
            ("F,2h,15m; F,1h,15m", "above"),
            ("example.org * F,2h,15m", "`example.org *`"),
            ("* timeout F,2h,15m", "`* timeout`"),
            ("* *", "no rule"),
        ] {
            let error = text.parse::<RetryRules>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn times_are_read_and_written_with_exims_units() {
        assert_eq!(exim_seconds("1w2d3h4m5s"), Some(604_800 + 2 * 86_400 + 3 * 3_600 + 245));
        assert_eq!(exim_seconds("90"), None);
        assert_eq!(exim_time(SimDuration::from_secs(5_400)), "1h30m");
    }
}
