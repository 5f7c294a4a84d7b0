//! Turns the fuzzer's bytes into choices. When they are used up, every choice is 0.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub(super) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes
    }

    /// An address out of few; some of them are of no use.
    pub(super) fn address(&mut self) -> SocketAddr {
        let port = u16::from(self.byte() % 8);
        let last = self.byte() % 4;
        let ip: IpAddr = match self.byte() % 8 {
            0 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(last)).into(),
            1 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)).into(),
            2 => Ipv4Addr::new(127, 0, 0, last).into(),
            3 => Ipv4Addr::new(224 + last, 0, 0, 0).into(),
            _ => Ipv4Addr::new(192, 0, 2, last).into(),
        };
        SocketAddr::new(ip, port)
    }
}
