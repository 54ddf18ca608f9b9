//! Whether the files of a result folder are what mailsim wrote: charts and pages are drawn from them,
//! and a drawing has no answer to a number that is none.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::ReportError;
use super::place::{Place, packed_name};

/// No time, share or count in a result is greater: a hundred million years in seconds.
pub(super) const GREATEST: f64 = 4e15;
/// Numbers that are names, and may be of any size.
const NAMES: [&str; 2] = ["seed", "replication"];

/// Returns an error if a file that `files` lists has another digest now. Files that it does not list are
/// let pass.
///
/// # Errors
/// If it differs, or cannot be read.
pub(super) fn check_digest(
    place: Place<'_>,
    name: &str,
    files: &BTreeMap<String, String>,
) -> Result<(), ReportError> {
    let packed = packed_name(name);
    let (name, listed) = match (files.get(name), files.get(&packed)) {
        (Some(listed), _) => (name, listed),
        (None, Some(listed)) => (packed.as_str(), listed),
        (None, None) => return Ok(()),
    };
    let path = place.path(name);
    let Ok(file) = place.open(name) else {
        // Whoever reads it says what is missing.
        return Ok(());
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(|cause| ReportError::io("read", &path, cause))?;
    if hasher.finalize().to_hex().as_str() == listed {
        return Ok(());
    }
    let problem = "its digest is not the one in run.json, so it was changed or damaged".to_owned();
    Err(ReportError::BadFile { path, problem })
}

/// Returns the first number that is too great for any result, with the key it stands under.
pub(super) fn absurd_number(value: &Value) -> Option<String> {
    fn search(key: &str, value: &Value) -> Option<String> {
        match value {
            Value::Number(number) => {
                let absurd = number.as_f64().is_none_or(|number| number.abs() > GREATEST);
                (absurd && !NAMES.contains(&key)).then(|| format!("{key} is {number}"))
            }
            Value::Array(items) => items.iter().find_map(|item| search(key, item)),
            Value::Object(fields) => fields.iter().find_map(|(key, item)| search(key, item)),
            _ => None,
        }
    }
    search("a number", value)
}

/// Returns the seconds that a field of a table tells: none inside if it is empty, none if it tells no
/// time of a run.
pub(super) fn seconds(field: &str) -> Option<Option<f64>> {
    if field.is_empty() {
        return Some(None);
    }
    let seconds = field.parse::<f64>().ok()?;
    (0.0..=GREATEST).contains(&seconds).then_some(Some(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_any_result_are_found() {
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
        assert_eq!(
            absurd_number(&value(r#"{"seed": 18446744073709551615, "n": [1, -2.5]}"#)),
            None
        );
        let found = absurd_number(&value(r#"{"a": {"mean": [1, 1e300]}}"#));
        assert_eq!(found.as_deref(), Some("mean is 1e+300"));
    }

    #[test]
    fn times_are_finite_and_not_negative() {
        assert_eq!(seconds("1.5"), Some(Some(1.5)));
        assert_eq!(seconds(""), Some(None));
        for wrong in ["NaN", "inf", "-1", "1e300", "x"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
