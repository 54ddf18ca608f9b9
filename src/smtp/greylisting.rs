//! How a server greylists: by what it knows its visitors, and for how long.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use crate::units::SimDuration;

/// By what a greylist tells clients apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GreylistKey {
    /// By the address that connects (OpenBSD `spamd`).
    #[default]
    Address,
    /// By its network: /24 of IPv4, /64 of IPv6 (Postgrey `--lookup-by-subnet`, its default).
    Network,
    /// By the domain of the client's name, whatever its address (Haraka `greylist`).
    Domain,
}

/// Who need not wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whitelisted {
    /// Clients whose address begins with so many bits of this one.
    Network(IpAddr, u8),
    /// The client of this name, and those below it.
    Domain(String),
}

impl Whitelisted {
    /// Returns whether a client need not wait.
    #[must_use]
    pub fn covers(&self, address: Option<IpAddr>, name: &str) -> bool {
        match (self, address) {
            (Self::Network(IpAddr::V4(network), bits), Some(IpAddr::V4(address))) => {
                let differs = u32::from(*network) ^ u32::from(address);
                differs.checked_shr(32 - u32::from(*bits)).unwrap_or(0) == 0
            }
            (Self::Network(IpAddr::V6(network), bits), Some(IpAddr::V6(address))) => {
                let differs = u128::from(*network) ^ u128::from(address);
                differs.checked_shr(128 - u32::from(*bits)).unwrap_or(0) == 0
            }
            (Self::Network(..), _) => false,
            (Self::Domain(domain), _) => name
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        }
    }
}

/// That a text is neither an address, nor a network, nor a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotWhitelisted;

impl fmt::Display for NotWhitelisted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither an address, nor a network, nor a name")
    }
}

impl std::error::Error for NotWhitelisted {}

impl FromStr for Whitelisted {
    type Err = NotWhitelisted;

    /// Reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32` or `big.example`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        if let Ok(address) = address.parse::<IpAddr>() {
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Ok(most), str::parse).map_err(|_| NotWhitelisted)?;
            return if bits <= most {
                Ok(Self::Network(address, bits))
            } else {
                Err(NotWhitelisted)
            };
        }
        let name = text.to_ascii_lowercase();
        if crate::mail::is_domain(&name) { Ok(Self::Domain(name)) } else { Err(NotWhitelisted) }
    }
}

/// What a greylist goes by, besides the minimum wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GreylistRules {
    /// By what it tells clients apart.
    pub key: GreylistKey,
    /// How long a first visit is remembered if nobody comes back.
    pub retry_window: SimDuration,
    /// How long who has passed is remembered after the last visit.
    pub lifetime: SimDuration,
    /// Clients that need not wait.
    pub whitelist: Vec<Whitelisted>,
    /// So many visits let pass make a client exempt, whatever it brings; none: never.
    pub exempt_after: Option<u32>,
    /// Hosts with the same name here share one memory; none: each has its own.
    pub shared: Option<Arc<str>>,
}

impl Default for GreylistRules {
    /// The times of Postgrey (`--retry-window`, `--max-age`); every client is one address, and none
    /// becomes exempt.
    fn default() -> Self {
        Self {
            key: GreylistKey::Address,
            retry_window: SimDuration::from_days(2),
            lifetime: SimDuration::from_days(35),
            whitelist: Vec::new(),
            exempt_after: None,
            shared: None,
        }
    }
}
