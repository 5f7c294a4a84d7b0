//! What a caller can do wrong.

use thiserror::Error;

/// A message was not queued.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The association is closed or closing.
    #[error("the association is closed")]
    Closed,
    /// A message without content: SCTP cannot carry it (RFC 9260 section 6.1).
    #[error("a message must have content")]
    Empty,
    /// The buffer is full: wait for [`BufferedAmountLow`](crate::Event::BufferedAmountLow).
    #[error("the send buffer is full")]
    Full,
    /// The peer does not receive on that many streams.
    #[error("there is no such stream")]
    NoSuchStream,
    /// The stream is being reset.
    #[error("the stream is being reset")]
    Resetting,
}
