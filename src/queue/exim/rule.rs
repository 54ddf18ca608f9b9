//! Retry rules in Exim's notation: `F,2h,15m; G,16h,1h,1.5; F,4d,6h`.

use std::fmt;
use std::str::FromStr;

use super::condition::{Pattern, RetryError};
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

/// One line of the retry section: for which failures it holds, and the rules for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryLine {
    /// Which addresses, hosts or domains.
    pub pattern: Pattern,
    /// Which error.
    pub error: RetryError,
    /// Whose mail; none: anybody's. An item that is none stands for the null reverse path.
    pub senders: Option<Vec<Option<Pattern>>>,
    /// The rules in order; the last cut-off is when a destination is given up. None: it is given up
    /// by its first failure.
    pub rules: Vec<RetryRule>,
}

impl RetryLine {
    /// Returns the line `* *` with these rules.
    #[must_use]
    pub fn of_all(rules: Vec<RetryRule>) -> Self {
        let pattern = "*".parse().expect("a star is an item");
        Self { pattern, error: RetryError::Any, senders: None, rules }
    }

    /// Returns the last cut-off; none without rules.
    #[must_use]
    pub fn last_cutoff(&self) -> Option<SimDuration> {
        self.rules.last().map(|rule| rule.until)
    }

    /// Returns whether it holds for every failure.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        self.pattern.is_any() && self.error == RetryError::Any && self.senders.is_none()
    }
}

/// The retry section: the first line that holds for a failure counts. What none holds for is given
/// up at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRules(pub Vec<RetryLine>);

impl Default for RetryRules {
    /// The retry line of `src/configure.default`.
    fn default() -> Self {
        let rule = |growth, until, interval| RetryRule { growth, until, interval };
        let hours = SimDuration::from_hours;
        Self(vec![RetryLine::of_all(vec![
            rule(Growth::Fixed, hours(2), SimDuration::from_minutes(15)),
            rule(Growth::Geometric(1500), hours(16), hours(1)),
            rule(Growth::Fixed, hours(96), hours(6)),
        ])])
    }
}

impl fmt::Display for RetryRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            // One line for everything is written without its stars.
            if self.0.len() > 1 || !line.is_of_all() {
                write!(f, "{} {} ", line.pattern, line.error)?;
            }
            if let Some(senders) = &line.senders {
                let senders: Vec<String> = senders
                    .iter()
                    .map(|item| item.as_ref().map_or_else(String::new, Pattern::to_string))
                    .collect();
                write!(f, "senders=\"{}\" ", senders.join(":"))?;
            }
            write_rules(&line.rules, f)?;
        }
        Ok(())
    }
}

fn write_rules(rules: &[RetryRule], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, rule) in rules.iter().enumerate() {
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

impl FromStr for RetryRules {
    type Err = String;

    /// Reads a retry section (`src/readconf.c`, `retry_arg` and `readconf_retries`): lines of
    /// pattern, error, `senders=` if the line has it, and rules; or the rules alone, which then hold
    /// for everything. Empty lines and those that begin with `#` do not count.
    ///
    /// # Errors
    /// Which line or rule is wrong, and how.
    fn from_str(text: &str) -> Result<Self, String> {
        let joined = text.replace("\\\n", " ");
        let lines = joined.lines().map(str::trim);
        let lines: Vec<RetryLine> = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(line)
            .collect::<Result<_, _>>()?;
        match lines.iter().find(|line| line.rules.is_empty() && line.is_of_all()) {
            Some(_) => Err("there is no rule".to_owned()),
            None if lines.is_empty() => Err("there is no rule".to_owned()),
            None => Ok(Self(lines)),
        }
    }
}

/// Reads one line.
fn line(text: &str) -> Result<RetryLine, String> {
    let first = text.split_whitespace().next().unwrap_or_default();
    // A rule has a comma after its letter, a pattern has none.
    if first.contains(',') || matches!(first, "F" | "G" | "H") {
        return Ok(RetryLine::of_all(rules(text)?));
    }
    let rest = text[first.len()..].trim_start();
    let error = rest.split_whitespace().next().unwrap_or_default();
    if error.is_empty() || error.contains(',') {
        return Err(format!(
            "`{text}`: the error is missing between the pattern `{first}` and the rules"
        ));
    }
    let rest = rest[error.len()..].trim_start();
    let (senders, rest) = senders(rest)?;
    Ok(RetryLine { pattern: first.parse()?, error: error.parse()?, senders, rules: rules(rest)? })
}

/// Items of a list of senders.
type Senders = Vec<Option<Pattern>>;

/// Splits off `senders=`, if it is there.
fn senders(text: &str) -> Result<(Option<Senders>, &str), String> {
    let Some(rest) = text.strip_prefix("senders") else {
        return Ok((None, text));
    };
    let rest = rest.trim_start().strip_prefix('=').ok_or("`=` is missing after `senders`")?;
    let rest = rest.trim_start();
    let (list, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("the list of senders has no closing quote")?,
        None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    let items = list.split(':').map(str::trim).map(|item| match item {
        "" => Ok(None),
        item => item.parse().map(Some),
    });
    Ok((Some(items.collect::<Result<_, String>>()?), rest.trim_start()))
}

/// Reads the rules of a line.
fn rules(text: &str) -> Result<Vec<RetryRule>, String> {
    let parts = text.split(';').map(str::trim).filter(|rule| !rule.is_empty());
    let rules: Vec<RetryRule> = parts.map(rule).collect::<Result<_, _>>()?;
    match rules.windows(2).all(|pair| pair[0].until < pair[1].until) {
        true => Ok(rules),
        false => Err("each cut-off must be above the one before".to_owned()),
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
            ("example.org F,2h,15m", "the error is missing"),
            ("* bounced F,2h,15m", "`bounced`"),
            ("^a * F,2h,15m", "regular expressions"),
            ("* * senders F,2h,15m", "`=` is missing"),
            ("* * senders=\"a@b F,2h,15m", "closing quote"),
            ("* *", "no rule"),
        ] {
            let error = text.parse::<RetryRules>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    /// The retry section of Wikimedia's `exim4.conf.mx`, and lines of the Exim specification.
    #[test]
    fn a_line_may_say_for_what_it_holds() {
        let section = "# wiki mail is given up soon\n\
                       *  *  senders=wiki@wikimedia.org  F,1h,15m; G,8h,1h,1.5\n\n\
                       *.example.org  rcpt_4xx  senders=\": *@list.example\"  F,4h,45m\n\
                       gone.example  *\n\
                       *  *  F,2h,15m; \\\n G,16h,1h,1.5; F,4d,6h\n";
        let rules: RetryRules = section.parse().unwrap();
        assert_eq!(rules.0.len(), 4);
        assert_eq!(rules.0[0].senders.as_ref().map(Vec::len), Some(1));
        let mailing = rules.0[1].senders.as_ref().unwrap();
        assert!(mailing[0].is_none() && mailing[1].is_some());
        assert!(rules.0[2].rules.is_empty());
        assert_eq!(rules.0[3..], RetryRules::default().0);
        let written = rules.to_string();
        assert_eq!(written.parse(), Ok(rules), "{written}");
    }

    #[test]
    fn times_are_read_and_written_with_exims_units() {
        assert_eq!(exim_seconds("1w2d3h4m5s"), Some(604_800 + 2 * 86_400 + 3 * 3_600 + 245));
        assert_eq!(exim_seconds("90"), None);
        assert_eq!(exim_time(SimDuration::from_secs(5_400)), "1h30m");
    }
}
