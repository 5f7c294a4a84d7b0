//! What channels need of an association: the seam at which tests put one of their own.

use std::time::Instant;

use bytes::Bytes;
use tidewire_sctp::Reliability;

use crate::error::SendError;
use crate::message::Ppid;

/// How one message is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Delivery {
    pub(crate) ordered: bool,
    pub(crate) reliability: Reliability,
}

impl Delivery {
    /// How all of DCEP is sent (RFC 8832 section 6).
    pub(crate) const CONTROL: Self = Self {
        ordered: true,
        reliability: Reliability::Reliable,
    };
}

/// The streams of an association.
pub(crate) trait Streams {
    /// Queues a message, unless the association takes none on this stream, or no more.
    fn send(
        &mut self,
        now: Instant,
        stream: u16,
        ppid: Ppid,
        payload: Bytes,
        delivery: Delivery,
    ) -> Result<(), SendError>;

    /// The next message that has arrived.
    fn receive(&mut self, stream: u16) -> Option<(Ppid, Bytes)>;

    /// What the next message is, without receiving it.
    fn peek(&self, stream: u16) -> Option<Ppid>;

    /// Resets the outgoing half once all on it is delivered or abandoned (RFC 6525).
    fn reset(&mut self, stream: u16);

    /// How many bytes wait to be sent.
    fn buffered_amount(&self, stream: u16) -> usize;

    /// When to tell that few are left.
    fn set_buffered_amount_low_threshold(&mut self, stream: u16, bytes: usize);

    /// The weight of the stream against others.
    fn set_priority(&mut self, stream: u16, priority: u16);
}
