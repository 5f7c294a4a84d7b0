//! What goes wrong.

use thiserror::Error;

/// A context cannot be made of this.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// A key, a salt, or all of them together have another length than the profile's.
    #[error("the keying material's length is not that of the profile")]
    Length,
    /// The provider lacks a cipher.
    #[error("the provider lacks a cipher of the profile")]
    Unsupported,
}

/// A context cannot be made of an exported state.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum StateError {
    /// It is no state of that kind of context, or of another version.
    #[error("this is no state of such a context")]
    Malformed,
    /// The provider lacks a cipher.
    #[error("the provider lacks a cipher of the profile")]
    Unsupported,
}

/// A packet cannot be protected. It is left as it was.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ProtectError {
    /// It is no RTP packet, or no RTCP packet.
    #[error("this is no packet of that protocol")]
    Malformed,
    /// A packet with this sequence number has been protected. Another one under the same number would
    /// give the key away (RFC 7714 section 12): to send one again, send what was protected.
    #[error("a packet with this sequence number has been protected")]
    Repeated,
    /// It is further behind the newest of its stream than the replay window reaches.
    #[error("the packet is too old")]
    TooOld,
    /// It would begin a stream, and there are [`Config::max_streams`](crate::Config::max_streams).
    #[error("there are too many streams")]
    TooManyStreams,
    /// The master key has protected as many packets as it may (RFC 3711 section 9.2).
    #[error("the master key is used up")]
    KeyExhausted,
}

/// Why a received packet was dropped.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum DropReason {
    /// It is too short, or no packet of that protocol.
    #[error("this is no protected packet of that protocol")]
    Malformed,
    /// Its tag is not right: forged, damaged, or under another key.
    #[error("the tag is wrong")]
    Unauthentic,
    /// It came before.
    #[error("the packet came before")]
    Replayed,
    /// It is further behind the newest of its stream than the replay window reaches.
    #[error("the packet is too old")]
    TooOld,
}
