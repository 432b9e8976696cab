//! A CIDR range, and the order in which its subnets follow it.

use std::net::IpAddr;
use std::ops::RangeInclusive;

/// A CIDR range, ordered so that the networks within it come right after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    bits: u32,
    base: u128,
    length: u32,
}

impl Network {
    /// Parses `10.0.0.0/8` or `::/0`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.trim().split_once('/')?;
        let length: u32 = length.parse().ok()?;
        let (base, bits) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let hosts = bits - Some(length).filter(|length| *length <= bits)?;
        let mask = u128::MAX.checked_shl(hosts).unwrap_or(0);
        Some(Self {
            bits,
            base: base & mask,
            length,
        })
    }

    /// Returns the range, in the order of `Network`, of the smaller networks within this one; `None` for a single
    /// address.
    pub fn subnets(self) -> Option<RangeInclusive<Self>> {
        let hosts = (self.bits - self.length).checked_sub(1)?;
        let first = Self {
            length: self.length + 1,
            ..self
        };
        let last = Self {
            // Twice, for a shift by all bits is none.
            base: self.base | !(u128::MAX << hosts << 1),
            length: self.bits,
            ..self
        };
        Some(first..=last)
    }

    /// Returns whether another network is within this one.
    pub fn contains(&self, other: &Self) -> bool {
        let shift = self.bits - self.length;
        let prefix = |network: &Self| network.base.checked_shr(shift).unwrap_or(0);
        self.bits == other.bits && self.length <= other.length && prefix(self) == prefix(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_what_is_part_of_it() {
        let network = |text| Network::parse(text).unwrap();
        assert!(network("10.0.0.0/8").contains(&network("10.20.0.0/16")));
        assert!(network("0.0.0.0/0").contains(&network("203.0.113.7/32")));
        assert!(network("::/0").contains(&network("2001:db8::/32")));
        assert!(!network("10.20.0.0/16").contains(&network("10.0.0.0/8")));
        assert!(!network("0.0.0.0/0").contains(&network("::/0")));
        assert_eq!(network("0:0:0:0:0:0:0:0/0"), network("::/0"));
        assert_eq!(network("10.20.1.1/16"), network("10.20.0.0/16"));
        for text in ["10.0.0.0", "10.0.0.0/33", "sg-1/2", "/", ""] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
