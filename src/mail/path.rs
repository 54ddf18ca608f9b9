//! Addresses as people write them, RFC 5321 §4.1.2.

use super::address_literal;

/// Most octets of a local part (RFC 5321 §4.5.3.1.1).
const LOCAL_PART: usize = 64;
/// Most octets of a domain (RFC 5321 §4.5.3.1.2).
const DOMAIN: usize = 255;
/// Most octets of a path without its angle brackets (RFC 5321 §4.5.3.1.3: 256 with them).
const PATH: usize = 254;

/// Splits an address into its local part and what stands behind the at sign: a domain or an address
/// literal in brackets, by [`is_domain`] and `address_literal`.
///
/// A source route in front (`@a.example,@b.example:user@c.example`) is passed over, as RFC 5321
/// §3.3 and appendix C advise. The local part comes in the form of [`local_part`]. None: this is no
/// address, or it is longer than a server need accept. Scenario files, replayed mail, `route` and
/// servers at RCPT all ask here.
#[must_use]
pub fn split_address(text: &str) -> Option<(String, &str)> {
    let (local, domain) = halves(text)?;
    Some((local_part(local)?, domain))
}

/// Splits an address that is right but for dots in its local part, where RFC 5321 has none: in a row,
/// at the beginning or at the end (`a..b@c.example`). The local part comes as it stands. None: it is
/// right, or wrong in another way.
#[must_use]
pub fn split_stray_dots(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = halves(text)?;
    let without_dots: String = local.split('.').filter(|atom| !atom.is_empty()).collect();
    let wrong_by_dots = local_part(local).is_none()
        && local.len() <= LOCAL_PART
        && !local.starts_with('"')
        && is_dot_string(&without_dots);
    wrong_by_dots.then_some((local, domain))
}

/// Returns what stands before and behind the last at sign, if the latter can be a domain.
fn halves(text: &str) -> Option<(&str, &str)> {
    let text = match text.strip_prefix('@') {
        Some(route) => behind_route(route)?,
        None => text,
    };
    // An at sign may stand within quotes, never within a domain.
    let (local, domain) = text.rsplit_once('@')?;
    // The root's dot, which names in the DNS may end in, changes nothing.
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let names = is_domain(domain) || address_literal(domain).is_some();
    (text.len() <= PATH && names).then_some((local, domain))
}

/// Returns what stands behind a source route that begins behind its first at sign (RFC 5321 §4.1.2,
/// A-d-l).
fn behind_route(route: &str) -> Option<&str> {
    let (hops, rest) = route.split_once(':')?;
    let mut hops = hops.split(',').enumerate();
    let is_hop = |(place, hop): (usize, &str)| {
        let domain = if place == 0 { Some(hop) } else { hop.strip_prefix('@') };
        domain.is_some_and(is_domain)
    };
    hops.all(is_hop).then_some(rest)
}

/// Returns whether a text has the form of a domain: labels of letters, digits and hyphens, the latter
/// not at their ends (RFC 5321 §4.1.2), of 63 octets at most, 255 in all (§4.5.3.1.2); letters beyond
/// ASCII count as such (RFC 6531 §3.3). A name in the DNS may have underscores; a mail domain may not.
#[must_use]
pub fn is_domain(text: &str) -> bool {
    let beyond = |c: char| !c.is_ascii() && !c.is_control() && !c.is_whitespace();
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || beyond(c);
    let fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(letter)
    };
    text.len() <= DOMAIN && text.split('.').all(fits)
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
            // A quoted pair is printable (RFC 5321 §4.1.2: `%d92 %d32-126`; RFC 6531 beyond ASCII).
            '\\' => content.push(letters.next().filter(|letter| !letter.is_control())?),
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
    fn what_stands_behind_the_at_sign_is_a_domain_or_an_address() {
        for domain in
            ["a.example", "xn--bcher-kva.example", "bücher.example", "3com.example", "1.2"]
        {
            assert_eq!(split(&format!("ann@{domain}")), address("ann", domain));
        }
        assert_eq!(split("ann@[IPv6:2001:db8::1]"), address("ann", "[IPv6:2001:db8::1]"));
        assert_eq!(split("ann@a.example."), address("ann", "a.example"), "the root's dot");
        for domain in
            ["a..example", ".example", "a.example..", "-a.example", "a-.example", "a_b", "a,b"]
        {
            assert_eq!(split(&format!("ann@{domain}")), None, "{domain}");
        }
        for literal in ["[anything]", "[192.0.2.300]", "[IPv6:1:2:3]", "[2001:db8::1]"] {
            assert_eq!(split(&format!("ann@{literal}")), None, "{literal}");
        }
    }

    #[test]
    fn quoted_pairs_are_printable() {
        assert_eq!(split("\"a\\\tb\"@a.example"), None);
        assert_eq!(split("\"a\\\u{7f}b\"@a.example"), None);
        assert_eq!(split("\"a\\ b\"@a.example"), address("\"a b\"", "a.example"));
    }

    #[test]
    fn source_routes_are_routes() {
        assert_eq!(split("@x.example,y.example:ann@a.example"), None);
        assert_eq!(split("@:ann@a.example"), None);
        assert_eq!(split("@x..example:ann@a.example"), None);
    }

    #[test]
    fn stray_dots_are_told_from_other_mistakes() {
        for local in ["a..b", ".a", "a.", "a...b."] {
            let text = format!("{local}@a.example");
            assert_eq!(split_stray_dots(&text), Some((local, "a.example")));
        }
        for text in
            ["a.b@a.example", "a b..c@a.example", "\"a..b\"@a.example", "..@a.example", "a..b@a,b"]
        {
            assert_eq!(split_stray_dots(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_are_those_of_rfc_5321() {
        let long = "x".repeat(LOCAL_PART);
        assert!(split(&format!("{long}@a.example")).is_some());
        assert!(split(&format!("{long}x@a.example")).is_none());
        let labels = [63, 63, 63, 60].map(|length| "d".repeat(length)).join(".");
        assert_eq!(labels.len(), PATH - 2);
        assert!(split(&format!("a@{labels}")).is_some());
        assert!(split(&format!("ab@{labels}")).is_none());
        assert!(split(&format!("a@{}.example", "d".repeat(64))).is_none());
    }
}
