//! Networks in CIDR notation, for `server.trusted_proxies`.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, de};

/// A network: `10.0.0.0/8`, `fd00::/8`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    bits: u8,
}

impl Cidr {
    /// Reads a network; `None` when it is none, or when bits behind the prefix are set.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse::<IpAddr>().ok()?, Some(bits.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        let network = Self { network: address, bits };
        (bits <= most && network.masked(address) == Some(number(address))).then_some(network)
    }

    /// True when `address` lies in the network; an IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.masked(address.to_canonical()).is_some_and(|masked| masked == number(self.network))
    }

    fn masked(&self, address: IpAddr) -> Option<u128> {
        if address.is_ipv4() != self.network.is_ipv4() {
            return None;
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let host_bits = u32::from(width - self.bits);
        Some(number(address).checked_shr(host_bits).map_or(0, |kept| kept << host_bits))
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(ip) => u128::from(u32::from(ip)),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("{text:?} is not a network like \"10.0.0.0/8\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::Cidr;

    #[test]
    fn contains_what_it_says() {
        let inside = |network: &str, address: &str| Cidr::parse(network).unwrap().contains(address.parse().unwrap());
        assert!(inside("10.0.0.0/8", "10.255.0.1"));
        assert!(inside("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("0.0.0.0/0", "203.0.113.9"));
        assert!(!inside("0.0.0.0/0", "2001:db8::1"));
        assert!(inside("::/0", "2001:db8::1"));
        assert!(inside("192.0.2.7", "192.0.2.7"));
        assert!(inside("2001:db8::/32", "2001:db8:ffff::1"));
        for wrong in ["10.0.0.1/8", "10.0.0.0/33", "x", "10.0.0.0/", "10.0.0.0/-1", "::/129", "localhost"] {
            assert_eq!(Cidr::parse(wrong), None, "{wrong}");
        }
    }
}
