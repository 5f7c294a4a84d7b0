//! Names for what a session holds.

use std::fmt;

/// A receiver of a session.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ReceiverId(pub(crate) u32);

/// A sender of a session.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SenderId(pub(crate) u32);

/// A stream that a receiver receives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamId {
    /// The receiver.
    pub receiver: ReceiverId,
    /// The stream.
    pub ssrc: u32,
}

/// A stream that a sender sends.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EncodingId {
    /// The sender.
    pub sender: SenderId,
    /// Its place among the encodings of the sender.
    pub index: usize,
}

impl fmt::Display for ReceiverId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "receiver {}", self.0)
    }
}

impl fmt::Display for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sender {}", self.0)
    }
}
