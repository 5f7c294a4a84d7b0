//! Epochs, and the numbers of records in them.

/// What a record is protected with. Epochs only ever grow.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Epoch(pub(crate) u64);

impl Epoch {
    /// Nothing is protected.
    pub(crate) const CLEAR: Self = Self(0);
    /// Under the keys of DTLS 1.2, of which there are no others without renegotiation.
    pub(crate) const PROTECTED: Self = Self(1);
    /// Under the keys of the handshake of DTLS 1.3 (RFC 9147 section 6.1).
    pub(crate) const HANDSHAKE: Self = Self(2);
    /// Under the first keys for data of DTLS 1.3.
    pub(crate) const APPLICATION: Self = Self(3);

    /// The last that keys are changed to (erratum 8050 of RFC 9147).
    pub(crate) const LAST: Self = Self(0xffff);

    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The two bits that records of DTLS 1.3 carry of it.
    pub(crate) fn low_bits(self) -> u8 {
        self.0 as u8 & 3
    }
}

/// A record of one side's, as acknowledgements name it (RFC 9147 section 7).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct RecordNumber {
    pub(crate) epoch: Epoch,
    pub(crate) sequence: u64,
}
