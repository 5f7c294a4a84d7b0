//! What a caller can get wrong.

use thiserror::Error;

/// Why a channel was not created.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CreateError {
    /// The label or the protocol has more than 65,535 bytes (RFC 8832 section 5.1).
    #[error("a label or protocol is longer than 65,535 bytes")]
    TextTooLong,
    /// Another channel has the negotiated stream (RFC 8831 section 6.5).
    #[error("stream {0} is in use")]
    StreamInUse(u16),
    /// There is no such stream: 65,534 is the last.
    #[error("there is no stream {0}")]
    NoSuchStream(u16),
    /// All streams of this role are in use.
    #[error("no stream is free")]
    NoFreeStream,
    /// [`Config::max_channels`](crate::Config::max_channels) exist.
    #[error("there are too many channels")]
    TooManyChannels,
    /// The association is over.
    #[error("the association is closed")]
    Disconnected,
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The channel is not open yet or not any more, or never was.
    #[error("the channel is not open")]
    NotOpen,
    /// The peer does not take messages of this length (RFC 8841 section 6).
    #[error("the message is longer than the {limit} bytes that the peer takes")]
    TooLong {
        /// What the peer takes.
        limit: u64,
    },
    /// The channel holds as much as it may; wait for
    /// [`BufferedAmountLow`](crate::Event::BufferedAmountLow).
    #[error("the channel's buffer is full")]
    BufferFull,
}
