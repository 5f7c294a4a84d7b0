//! What an association reports.

use thiserror::Error;

use crate::ids::StreamId;

/// Something happened, from [`Association::poll_event`](crate::Association::poll_event).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Both sides are ready; data may flow.
    Connected,
    /// The association is over.
    Closed(CloseReason),
    /// The peer began anew without ending the association first (RFC 9260 section 5.2.4.1): what
    /// was queued or half received is lost, and all streams start over.
    Restarted,
    /// Messages wait on a stream. Reported once until all of them have been taken.
    Readable(StreamId),
    /// What waits to be sent on a stream fell to its threshold.
    BufferedAmountLow(StreamId),
    /// The peer will send nothing more on its side of a stream (RFC 6525): its numbering starts
    /// anew. What came before has been reported.
    IncomingStreamReset(StreamId),
    /// The peer has taken note that our side of a stream is reset.
    OutgoingStreamReset(StreamId),
}

/// Why an association ended.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// Both sides shut down in an orderly way.
    #[error("shut down")]
    Shutdown,
    /// We aborted it.
    #[error("aborted")]
    Aborted,
    /// The peer aborted it.
    #[error("aborted by the peer: {0}")]
    AbortedByPeer(ErrorCause),
    /// The peer does not answer.
    #[error("the peer does not answer")]
    TimedOut,
    /// The peer broke the protocol.
    #[error("the peer broke the protocol: {0}")]
    ProtocolViolation(&'static str),
}

/// The first cause in an ABORT or ERROR (RFC 9260 section 3.3.10).
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("cause {code}")]
pub struct ErrorCause {
    /// The cause code; 0 when none was given.
    pub code: u16,
}
