//! Near names: what was probably meant by a name that nothing has.

/// Returns the candidate most like `wanted`, if one is like enough (Jaro-Winkler of 0.8 or more).
/// Of equally near ones the first wins.
pub(crate) fn near<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = wanted.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let likeness = strsim::jaro_winkler(&lower, &candidate.to_lowercase());
        if likeness >= 0.8 && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Returns "did you mean `…`?" for the nearest candidate, or nothing.
pub(crate) fn did_you_mean<'a>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    near(wanted, candidates).map(|name| format!("did you mean `{name}`?")).unwrap_or_default()
}

/// The most names that are listed.
pub(crate) const MOST_LISTED: usize = 12;

/// Returns the first names, joined by commas, and how many more there are.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = names.iter().take(MOST_LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MOST_LISTED {
        text.push_str(&format!(" and {} more", names.len() - MOST_LISTED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_proposed_and_the_far_is_not() {
        let names = ["latency", "jitter", "bandwidth"];
        assert_eq!(near("latencyy", names), Some("latency"));
        assert_eq!(near("Jiter", names), Some("jitter"));
        assert_eq!(near("store", names), None);
    }
}
