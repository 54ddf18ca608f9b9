//! Blocklists in the DNS: an address is listed if its name in the list's zone exists (RFC 5782).

use std::net::IpAddr;

use crate::dns::NameId;
use crate::network::AddressId;

/// A list of addresses from which operators take no mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocklist {
    /// Its zone, as "bl.example".
    pub zone: String,
    /// The name to ask for by address: the zone holds it while the address is listed.
    pub names: Vec<NameId>,
}

impl Blocklist {
    /// Returns the name under which an address is listed; none: nobody can know the address.
    #[must_use]
    pub fn name_of(&self, address: AddressId) -> Option<NameId> {
        self.names.get(address.index()).copied()
    }
}

/// Returns the name of an address below a zone: octets, or for IPv6 hexadecimal digits, in reverse
/// order (RFC 5782 §2.1, §2.4).
#[must_use]
pub fn reversed(address: IpAddr, zone: &str) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.{zone}")
        }
        IpAddr::V6(address) => {
            let digits = address.octets().into_iter().rev();
            let digits = digits.flat_map(|octet| [octet & 15, octet >> 4]);
            let labels: Vec<String> = digits.map(|digit| format!("{digit:x}")).collect();
            format!("{}.{zone}", labels.join("."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 5782 §2.1 and §2.4.
    #[test]
    fn addresses_are_reversed_as_the_rfc_shows() {
        let name = |text: &str, zone: &str| reversed(text.parse().expect("an address"), zone);
        assert_eq!(name("192.0.2.99", "bad.example.com"), "99.2.0.192.bad.example.com");
        assert_eq!(
            name("2001:db8:1:2:3:4:567:89ab", "ugly.example.com"),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com"
        );
    }
}
