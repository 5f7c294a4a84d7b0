//! Numbers that name things, and arithmetic on those that wrap.

use std::fmt;

/// A stream's number, the same for both directions in WebRTC.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamId(pub u16);

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A payload protocol identifier: what a message is, to its user (RFC 9260 section 3.3.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Ppid(pub u32);

/// A transmission sequence number: serial arithmetic (RFC 9260 section 1.6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Tsn(pub(crate) u32);

impl Tsn {
    pub(crate) const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    pub(crate) const fn next(self) -> Self {
        self.plus(1)
    }

    pub(crate) const fn previous(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    /// How far this is ahead of `other`; negative when it is behind.
    pub(crate) const fn since(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    pub(crate) const fn is_after(self, other: Self) -> bool {
        self.since(other) > 0
    }
}

/// Whether stream sequence number `a` comes after `b`.
pub(crate) const fn ssn_is_after(a: u16, b: u16) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap() {
        assert!(Tsn(0).is_after(Tsn(u32::MAX)));
        assert!(!Tsn(u32::MAX).is_after(Tsn(0)));
        assert_eq!(Tsn(1).since(Tsn(u32::MAX)), 2);
        assert!(ssn_is_after(0, u16::MAX));
        assert!(!ssn_is_after(5, 5));
    }
}
