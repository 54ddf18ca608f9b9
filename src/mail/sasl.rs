//! Credentials of SASL: PLAIN (RFC 4616), and the base64 in which they come (RFC 4648 §4).

/// Returns login name and password of credentials of PLAIN; none: they are none.
#[must_use]
pub fn plain(text: &str) -> Option<(String, String)> {
    let octets = decoded(text)?;
    let parts: Vec<&[u8]> = octets.split(|octet| *octet == 0).collect();
    let text = |part: &[u8]| String::from_utf8(part.to_vec()).ok();
    match parts.as_slice() {
        [_, name, password] => Some((text(name)?, text(password)?)),
        _ => None,
    }
}

/// Undoes base64; none: it is none.
#[must_use]
pub fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for octet in text.trim_end_matches('=').bytes() {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_name_who_logs_in() {
        let bob = Some(("bob".to_owned(), "secret".to_owned()));
        assert_eq!(plain("AGJvYgBzZWNyZXQ="), bob);
        for wrong in ["!", "YWJj", "AGJvYg=="] {
            assert_eq!(plain(wrong), None);
        }
    }
}
