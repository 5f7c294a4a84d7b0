//! Transport addresses in attributes, plain and XORed (RFC 8489 sections 14.1 and 14.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::codepoint::TransactionId;

/// RFC 8489 section 5.
pub(crate) const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// A family of addresses, as attributes number them (RFC 8489 section 14.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AddressFamily {
    /// 0x01.
    Ipv4,
    /// 0x02.
    Ipv6,
}

impl AddressFamily {
    /// The family of `address`.
    pub const fn of(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(_) => Self::Ipv4,
            SocketAddr::V6(_) => Self::Ipv6,
        }
    }

    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0x01 => Some(Self::Ipv4),
            0x02 => Some(Self::Ipv6),
            _ => None,
        }
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Ipv4 => 0x01,
            Self::Ipv6 => 0x02,
        }
    }
}

/// What an XORed address of one message is XORed with: the cookie, then the transaction id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask([u8; 16]);

impl Mask {
    /// Leaves addresses as they are.
    pub(crate) const NONE: Self = Self([0; 16]);

    pub(crate) fn new(id: TransactionId) -> Self {
        let mut mask = [0; 16];
        mask[..4].copy_from_slice(&MAGIC_COOKIE);
        mask[4..].copy_from_slice(&id.0);
        Self(mask)
    }

    fn apply(&self, bytes: &mut [u8]) {
        for (byte, mask) in bytes.iter_mut().zip(self.0) {
            *byte ^= mask;
        }
    }
}

/// Reads an attribute's whole value.
pub(crate) fn decode(value: &[u8], mask: Mask) -> Option<SocketAddr> {
    let ([_, family, port @ ..], address) = value.split_first_chunk::<4>()?;
    let mut port = *port;
    mask.apply(&mut port);
    let ip = match AddressFamily::from_number(*family)? {
        AddressFamily::Ipv4 => {
            let mut octets = <[u8; 4]>::try_from(address).ok()?;
            mask.apply(&mut octets);
            IpAddr::from(Ipv4Addr::from(octets))
        }
        AddressFamily::Ipv6 => {
            let mut octets = <[u8; 16]>::try_from(address).ok()?;
            mask.apply(&mut octets);
            IpAddr::from(Ipv6Addr::from(octets))
        }
    };
    Some(SocketAddr::new(ip, u16::from_be_bytes(port)))
}

/// Appends an attribute's value.
pub(crate) fn encode(address: SocketAddr, mask: Mask, out: &mut Vec<u8>) {
    let mut port = address.port().to_be_bytes();
    mask.apply(&mut port);
    out.extend_from_slice(&[0, AddressFamily::of(address).number()]);
    out.extend_from_slice(&port);
    let start = out.len();
    match address.ip() {
        IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
    }
    mask.apply(&mut out[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_wrong_length_or_family_are_rejected() {
        let v4 = [0, 1, 0, 80, 192, 0, 2, 1];
        assert_eq!(
            decode(&v4, Mask::NONE),
            Some("192.0.2.1:80".parse().unwrap())
        );
        for len in 0..v4.len() {
            assert_eq!(decode(&v4[..len], Mask::NONE), None);
        }
        assert_eq!(decode(&[0, 2, 0, 80, 192, 0, 2, 1], Mask::NONE), None);
        assert_eq!(decode(&[0, 3, 0, 80, 192, 0, 2, 1], Mask::NONE), None);
        assert_eq!(decode(&[0, 1, 0, 80, 192, 0, 2, 1, 0], Mask::NONE), None);
    }

    #[test]
    fn the_first_byte_is_ignored() {
        let value = [0xff, 1, 0, 80, 192, 0, 2, 1];
        assert!(decode(&value, Mask::NONE).is_some());
    }
}
