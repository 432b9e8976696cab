//! Functions on ranges of IP addresses.

use super::Call;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::typed::Typed;
use crate::code::types::Type;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The prefix of IPv4-mapped IPv6 addresses, which Terraform takes for either.
const MAPPED: u128 = 0xffff;
const MAPPED_BITS: u32 = 32;
/// The most new bits of one subnet in `cidrsubnets`.
const MAX_NEW_BITS: u32 = 32;

/// A CIDR range: its first address as a number, and the length of its prefix.
#[derive(Debug, Clone, Copy)]
struct Range {
    first: u128,
    shared: u32,
    bits: u32,
}

impl Range {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let (address, shared) = text.split_once('/').ok_or(Invalid)?;
        // Terraform still reads what has a zero before its digits.
        let octets = address
            .split('.')
            .map(|octet| octet.trim_start_matches('0'));
        let bare: Vec<_> = octets
            .map(|octet| if octet.is_empty() { "0" } else { octet })
            .collect();
        let bare = if address.contains(':') {
            address.to_owned()
        } else {
            bare.join(".")
        };
        let (address, bits) = match bare.parse().map_err(|_| Invalid)? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), Ipv4Addr::BITS),
            IpAddr::V6(address) => (address.to_bits(), Ipv6Addr::BITS),
        };
        let is_digits = !shared.is_empty() && shared.bytes().all(|byte| byte.is_ascii_digit());
        let shared: u32 = shared.parse().map_err(|_| Invalid)?;
        if !is_digits || shared > bits {
            return Err(Invalid);
        }
        let first = address & !ones(bits - shared);
        Ok(Self {
            first,
            shared,
            bits,
        })
    }

    /// Returns whether it is a range of IPv4-mapped IPv6 addresses.
    fn is_mapped(self) -> bool {
        self.bits == Ipv6Addr::BITS && self.first >> MAPPED_BITS == MAPPED
    }

    /// Returns the number of host bits.
    fn own(self) -> u32 {
        self.bits - self.shared
    }

    fn address(self, number: u128) -> String {
        match self.bits {
            Ipv4Addr::BITS => {
                Ipv4Addr::from_bits(u32::try_from(number).unwrap_or_default()).to_string()
            }
            _ => Ipv6Addr::from_bits(number).to_string(),
        }
    }

    /// Returns the prefix length of a subnet with `more` new bits.
    fn shared_by_part(self, more: u32) -> Result<u32, Invalid> {
        let shared = self.shared.checked_add(more).ok_or(Invalid)?;
        if shared > self.bits {
            return Err(Invalid);
        }
        Ok(shared)
    }

    /// Returns the subnet of this number with `more` new bits.
    fn part(self, more: u32, number: u128) -> Result<Self, Invalid> {
        let shared = self.shared_by_part(more)?;
        if number > ones(more) {
            return Err(Invalid);
        }
        let moved = number.checked_shl(self.bits - shared).unwrap_or_default();
        Ok(Self {
            first: self.first | moved,
            shared,
            ..self
        })
    }

    fn text(self) -> Typed {
        Typed::text(format!("{}/{}", self.address(self.first), self.shared))
    }
}

/// Returns a number with its lowest `count` bits set.
fn ones(count: u32) -> u128 {
    u128::MAX
        .checked_shr(u128::BITS - count.min(u128::BITS))
        .unwrap_or_default()
}

pub(super) fn cidrhost(call: &Call<'_, '_>) -> Evaluated {
    let range = Range::parse(call.text(0)?)?;
    let last = ones(range.own());
    let host: i128 = call.whole(1)?;
    // Of numbers beyond 64 bits Terraform looks at the last ones alone where it asks whether they fit.
    if range.is_mapped() || i64::try_from(host).is_err() {
        return Ok(Typed::Unknown(Type::String));
    }
    let number = match host {
        host if host < 0 => {
            let back = host.unsigned_abs() - 1;
            last.checked_sub(back).ok_or(Invalid)?
        }
        host => host.unsigned_abs(),
    };
    if number > last {
        return Err(Fault::Invalid);
    }
    Ok(Typed::text(range.address(range.first | number)))
}

pub(super) fn cidrnetmask(call: &Call<'_, '_>) -> Evaluated {
    let range = Range::parse(call.text(0)?)?;
    if range.bits != Ipv4Addr::BITS {
        return Err(Fault::Invalid);
    }
    let mask = ones(range.bits) & !ones(range.own());
    Ok(Typed::text(range.address(mask)))
}

pub(super) fn cidrsubnet(call: &Call<'_, '_>) -> Evaluated {
    let range = Range::parse(call.text(0)?)?;
    let (more, number): (i64, i128) = (call.whole(1)?, call.whole(2)?);
    // Terraform makes something of numbers below zero, and of those beyond 64 bits.
    if more < 0 || u64::try_from(number).is_err() || range.is_mapped() {
        return Ok(Typed::Unknown(Type::String));
    }
    let more = u32::try_from(more).map_err(|_| Invalid)?;
    Ok(range.part(more, number.unsigned_abs())?.text())
}

pub(super) fn cidrsubnets(call: &Call<'_, '_>) -> Evaluated {
    let range = Range::parse(call.text(0)?)?;
    if range.is_mapped() {
        return Ok(Typed::Unknown(Type::list(Type::String)));
    }
    let (mut parts, mut next) = (Vec::new(), Some(range.first));
    for at in 1..call.arguments.len() {
        let more = call.whole(at)?;
        // Terraform starts at what lies before the range, and finds nothing before the first address of all.
        if more == 0 || more > MAX_NEW_BITS || range.first == 0 {
            return Err(Fault::Invalid);
        }
        let shared = range.shared_by_part(more)?;
        let size = ones(range.bits - shared);
        // Each starts where one of its size may.
        let start = next.ok_or(Invalid)?;
        let start = match start & size {
            0 => start,
            _ => (start | size).checked_add(1).ok_or(Invalid)?,
        };
        if start | size > range.first | ones(range.own()) {
            return Err(Fault::Invalid);
        }
        parts.push(
            Range {
                first: start,
                shared,
                ..range
            }
            .text(),
        );
        next = (start | size).checked_add(1);
    }
    Ok(Typed::List(Type::String, parts))
}
