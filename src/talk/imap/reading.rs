//! Words of an IMAP command line.

/// Returns the words of a line: quoted strings without their quotes, and what stands in parentheses
/// or brackets as one word, with them.
pub(super) fn parts(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let (mut depth, mut quoted, mut escaped, mut begun) = (0_u32, false, false, false);
    for letter in line.chars() {
        match letter {
            _ if escaped => {
                word.push(letter);
                escaped = false;
            }
            '\\' if quoted => {
                if depth > 0 {
                    word.push(letter);
                }
                escaped = true;
            }
            '"' => {
                quoted = !quoted;
                begun = true;
                if depth > 0 {
                    word.push(letter);
                }
            }
            _ if quoted => word.push(letter),
            ' ' if depth == 0 => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => {
                begun = true;
                match letter {
                    '(' | '[' => depth += 1,
                    ')' | ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                word.push(letter);
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// Returns whether `number` is in a sequence set (RFC 9051 §9, `sequence-set`), whose star stands for
/// `last`; none: it is no set.
pub(super) fn in_set(set: &str, number: u32, last: u32) -> Option<bool> {
    let end = |text: &str| match text {
        "*" => Some(last),
        digits => digits.parse::<u32>().ok().filter(|number| *number > 0),
    };
    let mut inside = false;
    for range in set.split(',') {
        let (a, b) = match range.split_once(':') {
            Some((a, b)) => (end(a)?, end(b)?),
            None => (end(range)?, end(range)?),
        };
        inside |= (a.min(b)..=a.max(b)).contains(&number);
    }
    Some(inside)
}

/// Returns the highest number that a sequence set names; none: it is no set.
pub(super) fn highest(set: &str, last: u32) -> Option<u32> {
    let end = |text: &str| if text == "*" { Some(last) } else { text.parse().ok() };
    let ends: Option<Vec<u32>> = set.split([',', ':']).map(end).collect();
    ends?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_atoms_strings_and_lists() {
        assert_eq!(parts("LOGIN \"a b\" x"), ["LOGIN", "a b", "x"]);
        assert_eq!(parts("LIST \"\" *"), ["LIST", "", "*"]);
        let fetch = "FETCH 1:* (UID BODY[HEADER.FIELDS (FROM TO)])";
        assert_eq!(parts(fetch), ["FETCH", "1:*", "(UID BODY[HEADER.FIELDS (FROM TO)])"]);
        assert_eq!(parts("  "), Vec::<String>::new());
    }

    #[test]
    fn sets_are_numbers_and_ranges() {
        let inside = |set| -> Vec<u32> {
            (1..=5).filter(|number| in_set(set, *number, 5) == Some(true)).collect()
        };
        assert_eq!(inside("1"), [1]);
        assert_eq!(inside("2:4"), [2, 3, 4]);
        // A range may stand the other way round (RFC 9051 §9).
        assert_eq!(inside("*:4,1"), [1, 4, 5]);
        assert_eq!(in_set("0", 1, 5), None);
        assert_eq!(in_set("a:b", 1, 5), None);
    }
}
