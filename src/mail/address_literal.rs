//! Addresses in brackets in place of a domain, RFC 5321 §4.1.3.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns the address that a literal with its brackets spells: `[192.0.2.1]` or
/// `[IPv6:2001:db8::1]`. None: it spells none.
///
/// - A number of IPv4 has one to three digits, so `[192.0.002.1]` is right, and always decimal.
/// - `::` stands for two groups or more, so beside it no more than six are written, or four and an
///   address of IPv4.
/// - Other tags than `IPv6` have to be registered, and none is.
#[must_use]
pub fn address_literal(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    match inner.split_once(':') {
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => ipv6(address).map(IpAddr::V6),
        Some(_) => None,
        None => ipv4(inner).map(IpAddr::V4),
    }
}

fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut numbers = text.split('.');
    for octet in &mut octets {
        let number = numbers.next()?;
        let digits = (1..=3).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit());
        *octet = number.parse().ok().filter(|_| digits)?;
    }
    numbers.next().is_none().then_some(octets.into())
}

fn ipv6(text: &str) -> Option<Ipv6Addr> {
    // What stands for two groups at the end.
    let (groups, ipv4_tail) = match text.rsplit_once(':') {
        Some((groups, tail)) if tail.contains('.') => (groups, Some(ipv4(tail)?)),
        _ => (text, None),
    };
    let room = if ipv4_tail.is_some() { 6 } else { 8 };
    let mut spelt = match groups.split_once("::") {
        // `groups` has lost the colon before an address of IPv4, so that `::` may be cut short.
        Some((before, after)) => compressed(before, after, room)?,
        None if ipv4_tail.is_some() && groups.ends_with(':') => {
            compressed(&groups[..groups.len() - 1], "", room)?
        }
        None => list(groups)?,
    };
    if spelt.len() != room {
        return None;
    }
    if let Some(tail) = ipv4_tail {
        let [a, b, c, d] = tail.octets();
        spelt.extend([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
    }
    let groups: [u16; 8] = spelt.try_into().ok()?;
    Some(groups.into())
}

/// Returns the groups with zeros in place of `::`, if it stands for two at least.
fn compressed(before: &str, after: &str, room: usize) -> Option<Vec<u16>> {
    let written = |text: &str| if text.is_empty() { Some(Vec::new()) } else { list(text) };
    let (mut groups, after) = (written(before)?, written(after)?);
    let zeros = room.checked_sub(groups.len() + after.len()).filter(|zeros| *zeros >= 2)?;
    groups.resize(groups.len() + zeros, 0);
    groups.extend(after);
    Some(groups)
}

fn list(text: &str) -> Option<Vec<u16>> {
    let group = |digits: &str| {
        let fits = (1..=4).contains(&digits.len());
        let hexadecimal = digits.bytes().all(|c| c.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| fits && hexadecimal)
    };
    text.split(':').map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the grammar of RFC 5321 §4.1.3 derives, with the address as the standard library reads it
    /// in its usual form.
    #[test]
    fn literals_of_every_form_are_read() {
        let forms = [
            ("[192.0.2.1]", "192.0.2.1"),
            ("[192.000.002.001]", "192.0.2.1"),
            ("[0.0.0.0]", "0.0.0.0"),
            ("[IPv6:2001:db8:0:0:0:0:0:1]", "2001:db8::1"),
            ("[ipv6:2001:DB8::1]", "2001:db8::1"),
            ("[IPv6:::]", "::"),
            ("[IPv6:::1]", "::1"),
            ("[IPv6:fe80::]", "fe80::"),
            ("[IPv6:1:2:3:4:5:6::]", "1:2:3:4:5:6::"),
            ("[IPv6:::3:4:5:6:7:8]", "::3:4:5:6:7:8"),
            ("[IPv6:0:0:0:0:0:ffff:192.0.2.1]", "::ffff:192.0.2.1"),
            ("[IPv6:::ffff:192.0.2.1]", "::ffff:192.0.2.1"),
            ("[IPv6:::192.0.2.1]", "::192.0.2.1"),
            ("[IPv6:2001:db8::192.0.2.1]", "2001:db8::192.0.2.1"),
            ("[IPv6:1:2:3:4::192.0.2.1]", "1:2:3:4::192.0.2.1"),
        ];
        for (text, address) in forms {
            assert_eq!(address_literal(text), address.parse().ok(), "{text}");
        }
    }

    #[test]
    fn what_the_grammar_does_not_derive_is_refused() {
        let wrong = [
            "192.0.2.1",
            "[]",
            "[192.0.2]",
            "[192.0.2.1.1]",
            "[192.0.2.256]",
            "[192.0.2.0001]",
            "[192.0.2.x]",
            "[ 192.0.2.1]",
            "[192.0.2.1",
            "[+1.0.2.1]",
            "[2001:db8::1]",
            "[IPv6:]",
            "[IPv6:192.0.2.1]",
            "[IPv6:1:2:3:4:5:6:7]",
            "[IPv6:1:2:3:4:5:6:7:8:9]",
            "[IPv6:1:2:3:4:5:6:7::]",
            "[IPv6:::2:3:4:5:6:7:8]",
            "[IPv6:1::2::3]",
            "[IPv6::1:2]",
            "[IPv6:1:2:]",
            "[IPv6:12345::]",
            "[IPv6:g::1]",
            "[IPv6:fe80::1%eth0]",
            "[IPv6:1:2:3:4:5::192.0.2.1]",
            "[IPv6:::ffff:192.0.2]",
            "[IPv6:::192.0.2.1:1]",
            "[tag:content]",
            "[IPv4:192.0.2.1]",
        ];
        for text in wrong {
            assert_eq!(address_literal(text), None, "{text}");
        }
    }
}
