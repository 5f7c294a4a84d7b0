//! What a packet can be refused for.

use thiserror::Error;

/// Why bytes are no RTP or RTCP packet.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ParseError {
    /// They end before this part does.
    #[error("the packet ends before its {0} does")]
    Truncated(&'static str),
    /// The version is not 2.
    #[error("the version is not 2")]
    Version,
    /// More padding than there is room for, or none although the padding bit is set.
    #[error("the padding is longer than the packet allows")]
    Padding,
}
