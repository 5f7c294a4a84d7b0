//! The fixed part of an RTP header.

/// The fields of an RTP header (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Header {
    /// The marker bit.
    pub marker: bool,
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The sequence number.
    pub sequence_number: u16,
    /// The timestamp, in ticks of the payload format's clock.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
}

/// The marker bit, in the second byte.
pub(crate) const MARKER: u8 = 0x80;
