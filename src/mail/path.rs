//! Addresses as people write them, RFC 5321 §4.1.2.

/// Most octets of a local part (RFC 5321 §4.5.3.1.1).
const LOCAL_PART: usize = 64;
/// Most octets of a path without its angle brackets (RFC 5321 §4.5.3.1.3: 256 with them).
const PATH: usize = 254;

/// Splits an address into its local part and what stands behind the at sign, which may be a domain
/// or an address literal in brackets.
///
/// A source route in front (`@a.example,@b.example:user@c.example`) is passed over, as RFC 5321
/// §3.3 and appendix C advise. The local part comes in the form of [`local_part`]. None: this is no
/// address, or it is longer than a server need accept.
#[must_use]
pub fn split_address(text: &str) -> Option<(String, &str)> {
    let text = match text.strip_prefix('@') {
        Some(route) => route.split_once(':')?.1,
        None => text,
    };
    // An at sign may stand within quotes, never within a domain.
    let (local, domain) = text.rsplit_once('@')?;
    (text.len() <= PATH && !domain.is_empty()).then_some((local_part(local)?, domain))
}

/// Returns a local part in one spelling: without quotes where they are not needed, and `postmaster`
/// in lower case, which is the one name that is the same in any case (RFC 5321 §4.5.1; §2.4 leaves
/// all others as they are). None: no such local part is possible.
#[must_use]
pub fn local_part(text: &str) -> Option<String> {
    if text.len() > LOCAL_PART {
        return None;
    }
    if text.eq_ignore_ascii_case("postmaster") {
        return Some("postmaster".to_owned());
    }
    let Some(quoted) = text.strip_prefix('"') else {
        return is_dot_string(text).then(|| text.to_owned());
    };
    let content = unquoted(quoted)?;
    if is_dot_string(&content) {
        return Some(content);
    }
    let escaped = content.replace('\\', "\\\\").replace('"', "\\\"");
    Some(format!("\"{escaped}\""))
}

/// Returns what a quoted string says, from behind its first quote.
fn unquoted(text: &str) -> Option<String> {
    let mut content = String::new();
    let mut letters = text.chars();
    loop {
        match letters.next()? {
            '"' => break,
            '\\' => content.push(letters.next()?),
            letter if letter.is_control() => return None,
            letter => content.push(letter),
        }
    }
    letters.next().is_none().then_some(content)
}

/// Atoms with single dots between them; letters beyond ASCII count as such (RFC 6531 §3.3).
fn is_dot_string(text: &str) -> bool {
    let special = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '@' | '[' | '\\' | ']')
    };
    text.split('.').all(|atom| !atom.is_empty() && !atom.chars().any(special))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Option<(String, String)> {
        split_address(text).map(|(local, domain)| (local, domain.to_owned()))
    }

    fn address(local: &str, domain: &str) -> Option<(String, String)> {
        Some((local.to_owned(), domain.to_owned()))
    }

    #[test]
    fn addresses_of_every_form_are_split() {
        assert_eq!(split("ann@a.example"), address("ann", "a.example"));
        assert_eq!(split("Ann@a.example"), address("Ann", "a.example"));
        assert_eq!(split("\"ann\"@a.example"), address("ann", "a.example"));
        assert_eq!(split("\"a b\"@a.example"), address("\"a b\"", "a.example"));
        assert_eq!(split("\"a@b\"@a.example"), address("\"a@b\"", "a.example"));
        assert_eq!(split(r#""a\"b"@a.example"#), address(r#""a\"b""#, "a.example"));
        assert_eq!(split("ann@[192.0.2.1]"), address("ann", "[192.0.2.1]"));
        assert_eq!(split("@x.example,@y.example:ann@a.example"), address("ann", "a.example"));
        assert_eq!(split("PostMaster@a.example"), address("postmaster", "a.example"));
    }

    #[test]
    fn what_is_no_address_is_not_split() {
        for text in ["", "ann", "@a.example", "a b@a.example", "a..b@a.example", ".a@a.example"] {
            assert_eq!(split(text), None, "{text}");
        }
        for text in ["<ann@a.example>", "\"ann@a.example", "\"a\"b@a.example", "ann@"] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_are_those_of_rfc_5321() {
        let long = "x".repeat(LOCAL_PART);
        assert!(split(&format!("{long}@a.example")).is_some());
        assert!(split(&format!("{long}x@a.example")).is_none());
        let domain = "d".repeat(PATH - 2);
        assert!(split(&format!("a@{domain}")).is_some());
        assert!(split(&format!("ab@{domain}")).is_none());
    }
}
