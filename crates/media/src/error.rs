//! What the application can do wrong.

use thiserror::Error;
use tidewire_rtp::payload::PacketizeError;

/// Why something is not sent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// There is no such sender, or it has no such encoding.
    #[error("there is no such encoding")]
    UnknownEncoding,
    /// The frame cannot become packets.
    #[error("the frame cannot be packetised: {0}")]
    Packetize(#[from] PacketizeError),
    /// The packet is longer than the path takes.
    #[error("the packet is too long")]
    TooLong,
    /// Too many packets wait to be sent.
    #[error("too many packets wait")]
    Congested,
}
