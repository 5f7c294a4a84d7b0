//! What goes in from and out to the caller's sockets, and how datagrams are told apart.

use std::net::SocketAddr;

use bytes::BytesMut;

/// A datagram that a socket received.
#[derive(Debug)]
pub struct Datagram {
    /// The address of the socket that received it.
    pub local: SocketAddr,
    /// The address it came from.
    pub remote: SocketAddr,
    /// The ECN codepoint of its IP header, where the socket tells.
    pub ecn: Option<Ecn>,
    /// Its content, in a buffer that the connection owns from here on and decrypts in place.
    pub data: BytesMut,
}

/// One or more datagrams to send, as [`PeerConnection::poll_transmit`] describes what it appended
/// to the caller's buffer.
///
/// [`PeerConnection::poll_transmit`]: crate::PeerConnection::poll_transmit
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Transmit {
    /// The address of the socket to send from.
    pub local: SocketAddr,
    /// Where to.
    pub remote: SocketAddr,
    /// The ECN codepoint to mark the datagrams with.
    pub ecn: Option<Ecn>,
    /// `None` when the buffer holds one datagram; otherwise the length in bytes of every datagram
    /// in it but the last, which may be shorter, as UDP segmentation offload wants it.
    pub segment_size: Option<usize>,
}

/// The ECN codepoints that mark a packet as ECN-capable (RFC 3168 section 5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ecn {
    /// ECT(0).
    Ect0,
    /// ECT(1).
    Ect1,
    /// Congestion experienced.
    Ce,
}

/// The protocol of a datagram by its first byte, RFC 7983 section 7.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PacketKind {
    Stun,
    Dtls,
    TurnChannel,
    Srtp,
    Unknown,
}

impl PacketKind {
    pub(crate) fn of(datagram: &[u8]) -> Self {
        match datagram.first() {
            Some(0..=3) => Self::Stun,
            Some(20..=63) => Self::Dtls,
            Some(64..=79) => Self::TurnChannel,
            Some(128..=191) => Self::Srtp,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_first_byte_falls_into_the_range_of_rfc_7983() {
        for byte in 0..=u8::MAX {
            let expected = match byte {
                0..=3 => PacketKind::Stun,
                20..=63 => PacketKind::Dtls,
                64..=79 => PacketKind::TurnChannel,
                128..=191 => PacketKind::Srtp,
                _ => PacketKind::Unknown,
            };
            assert_eq!(PacketKind::of(&[byte]), expected, "byte {byte}");
        }
        assert_eq!(PacketKind::of(&[]), PacketKind::Unknown);
    }
}
