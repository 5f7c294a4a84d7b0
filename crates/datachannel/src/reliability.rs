//! How much is done for lost messages.

use std::time::Duration;

/// What becomes of a message that was lost (RFC 8831 section 6.4).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reliability {
    /// It is sent again until it arrives.
    #[default]
    Reliable,
    /// It is sent again at most so many times (RFC 7496 section 3.1).
    MaxRetransmits(u32),
    /// It is not sent any more after so long (RFC 3758 section 4).
    MaxLifetime(Duration),
}
