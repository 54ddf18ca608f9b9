//! Words of an IMAP command (RFC 9051 §9), literals among them.

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An atom, a quoted text or a literal; quoted texts are told apart from atoms where it matters.
    Word { octets: Vec<u8>, quoted: bool },
    /// A list in parentheses.
    List(Vec<Token>),
}

impl Token {
    /// Returns the text of a word.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Word { octets, .. } => Some(String::from_utf8_lossy(octets).into_owned()),
            Self::List(_) => None,
        }
    }

    /// Returns whether it is this word, in any case of letters.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word { octets, .. } if octets.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Returns the members of a list, or the word alone.
    pub(super) fn members(&self) -> &[Token] {
        match self {
            Self::List(members) => members,
            Self::Word { .. } => std::slice::from_ref(self),
        }
    }
}

/// Lists in lists, no deeper than any client nests them.
const DEPTH: usize = 20;

/// Returns the words of a command line, whose literals stand in it as `{3}`, CR LF and their octets;
/// none: it is none.
pub(super) fn tokens(line: &[u8]) -> Option<Vec<Token>> {
    let mut rest = line;
    let found = list(&mut rest, 0)?;
    rest.is_empty().then_some(found)
}

fn list(rest: &mut &[u8], depth: usize) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    loop {
        let Some((&first, after)) = rest.split_first() else { return Some(found) };
        match first {
            b' ' => *rest = after,
            b')' if depth > 0 => return Some(found),
            b'(' if depth < DEPTH => {
                *rest = after;
                let members = list(rest, depth + 1)?;
                *rest = rest.strip_prefix(b")")?;
                found.push(Token::List(members));
            }
            b'"' => found.push(quoted(rest)?),
            b'{' => found.push(literal(rest)?),
            b')' | b'(' => return None,
            _ => found.push(atom(rest)),
        }
    }
}

fn quoted(rest: &mut &[u8]) -> Option<Token> {
    let mut octets = Vec::new();
    let mut inner = rest[1..].iter().enumerate();
    while let Some((place, octet)) = inner.next() {
        match octet {
            b'"' => {
                *rest = &rest[place + 2..];
                return Some(Token::Word { octets, quoted: true });
            }
            b'\\' => octets.push(*inner.next()?.1),
            octet => octets.push(*octet),
        }
    }
    None
}

fn literal(rest: &mut &[u8]) -> Option<Token> {
    let end = rest.iter().position(|octet| *octet == b'}')?;
    let number = std::str::from_utf8(&rest[1..end]).ok()?;
    let length: usize = number.trim_end_matches('+').parse().ok()?;
    let after = rest[end + 1..].strip_prefix(b"\r\n")?;
    let octets = after.get(..length)?.to_vec();
    *rest = &after[length..];
    Some(Token::Word { octets, quoted: true })
}

/// An atom; of a section, as `BODY[HEADER.FIELDS (TO)]`, blanks and parentheses belong to it.
fn atom(rest: &mut &[u8]) -> Token {
    let mut inside = false;
    let mut end = rest.len();
    for (place, octet) in rest.iter().enumerate() {
        match octet {
            b'[' => inside = true,
            b']' => inside = false,
            b' ' | b'(' | b')' | b'"' if !inside => {
                end = place;
                break;
            }
            _ => {}
        }
    }
    let octets = rest[..end].to_vec();
    *rest = &rest[end..];
    Token::Word { octets, quoted: false }
}

/// Returns how many octets of a literal follow a line that ends by announcing one, and whether the client
/// waits to be told to send them (RFC 7888).
pub(super) fn announced(line: &[u8]) -> Option<(u64, bool)> {
    let inner = line.strip_suffix(b"}")?;
    let begin = inner.iter().rposition(|octet| *octet == b'{')?;
    let number = std::str::from_utf8(&inner[begin + 1..]).ok()?;
    let (number, waits) = match number.strip_suffix('+') {
        Some(number) => (number, false),
        None => (number, true),
    };
    Some((number.parse().ok()?, waits))
}

/// Returns whether a number is in a set such as `2:4,7,*`; none: this is no set.
pub(super) fn in_set(set: &str, number: u32, last: u32) -> Option<bool> {
    let mut found = false;
    for part in set.split(',') {
        let bound = |text: &str| match text {
            "*" => Some(last),
            text => text.parse::<u32>().ok().filter(|number| *number > 0),
        };
        let (from, to) = match part.split_once(':') {
            Some((from, to)) => (bound(from)?, bound(to)?),
            None => (bound(part)?, bound(part)?),
        };
        found |= (from.min(to)..=from.max(to)).contains(&number);
    }
    Some(found)
}

/// Returns the highest number that a set names; none: it is no set.
pub(super) fn highest(set: &str, last: u32) -> Option<u32> {
    let bound = |text: &str| if text == "*" { Some(last) } else { text.parse().ok() };
    let bounds: Option<Vec<u32>> = set.split([',', ':']).map(bound).collect();
    bounds?.into_iter().max()
}

/// Returns a text as IMAP spells it: quoted, or as a literal.
pub(super) fn spelt(text: &str) -> String {
    if text.bytes().all(|octet| (0x20..0x7f).contains(&octet)) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("{{{}}}\r\n{text}", text.len())
    }
}

/// Returns whether a folder's name fits a pattern (RFC 9051 §6.3.9).
pub(super) fn fits(pattern: &[u8], name: &[u8]) -> bool {
    // Which places of the name the pattern reaches so far: no pattern takes long.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for octet in pattern {
        let mut next = vec![false; name.len() + 1];
        let mut open = false;
        for (place, is_reached) in reached.into_iter().enumerate() {
            let here = name.get(place);
            match octet {
                b'*' | b'%' => {
                    open |= is_reached;
                    next[place] = open;
                    open &= *octet == b'*' || here != Some(&b'/');
                }
                _ if is_reached && here == Some(octet) => next[place + 1] = true,
                _ => {}
            }
        }
        reached = next;
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Token {
        Token::Word { octets: text.as_bytes().to_vec(), quoted: false }
    }

    #[test]
    fn words_lists_and_literals_are_read() {
        let found = tokens(b"FETCH 1 (FLAGS BODY.PEEK[HEADER.FIELDS (TO)]) {3}\r\na)b").unwrap();
        assert_eq!(found[..2], [word("FETCH"), word("1")]);
        assert_eq!(
            found[2],
            Token::List(vec![word("FLAGS"), word("BODY.PEEK[HEADER.FIELDS (TO)]"),])
        );
        assert_eq!(found[3].text().unwrap(), "a)b");
        let quoted = tokens(br#"LOGIN "a \"b" c"#).unwrap();
        assert_eq!(quoted[1].text().unwrap(), "a \"b");
        for wrong in ["(", ")", "\"a", "{5}\r\nabc", "{x}\r\n"] {
            assert!(tokens(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(tokens("(".repeat(1000).as_bytes()).is_none());
    }

    #[test]
    fn literals_are_announced() {
        assert_eq!(announced(b"a APPEND INBOX {310}"), Some((310, true)));
        assert_eq!(announced(b"a LOGIN {3+}"), Some((3, false)));
        assert_eq!(announced(b"a NOOP"), None);
        assert_eq!(announced(b"a {x}"), None);
    }

    #[test]
    fn sets_and_patterns_fit() {
        assert_eq!(in_set("2:4,7", 3, 9), Some(true));
        assert_eq!(in_set("*:8", 9, 9), Some(true));
        assert_eq!(in_set("1", 2, 9), Some(false));
        assert_eq!(in_set("0", 1, 9), None);
        assert!(fits(b"*", b"a/b") && fits(b"%", b"a") && !fits(b"%", b"a/b"));
        assert!(fits(b"IN*X", b"INBOX") && !fits(b"IN", b"INBOX"));
        assert!(fits(b"%/%", b"a/b") && !fits(b"%b", b"a/b") && fits(b"*b", b"a/b"));
        assert!(!fits(&b"*a".repeat(200), "a".repeat(199).as_bytes()));
    }
}
