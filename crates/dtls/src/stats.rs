//! Counters.

use std::time::Duration;

/// Why something that came from the network was ignored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DropReason {
    Malformed,
    WrongEpoch,
    Replayed,
    Unauthentic,
    Unexpected,
    TooLong,
    Overflow,
    Closed,
}

/// What a connection has seen and done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Datagrams handed in.
    pub datagrams_received: u64,
    /// Datagrams of handshake and alerts handed out.
    pub datagrams_sent: u64,
    /// Records of data sealed.
    pub records_sealed: u64,
    /// Records of data opened.
    pub records_opened: u64,
    /// Flights sent again, by timer or because the peer repeated its own or acknowledged a part.
    pub flights_retransmitted: u64,
    /// Records of handshake that went out again with them.
    pub records_retransmitted: u64,
    /// How long a flight waits for its answer at present.
    pub retransmission_timeout: Duration,
    /// Acknowledgements sent (RFC 9147 section 7).
    pub acks_sent: u64,
    /// Acknowledgements received.
    pub acks_received: u64,
    /// How often the keys of what is sent were changed (RFC 9147 section 8).
    pub key_updates_sent: u64,
    /// How often the peer changed its keys.
    pub key_updates_received: u64,
    /// What was ignored.
    pub dropped: Dropped,
}

/// Input that was ignored, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Dropped {
    /// Not a record, or cut short.
    pub malformed: u64,
    /// Records of an epoch that is not in use.
    pub wrong_epoch: u64,
    /// Records that came before, or too late to tell.
    pub replayed: u64,
    /// Records whose authentication failed.
    pub unauthentic: u64,
    /// Content that has no place at this moment.
    pub unexpected: u64,
    /// Fragments of the handshake that fit nowhere.
    pub bad_fragment: u64,
    /// Records with more content than they may have.
    pub too_long: u64,
    /// What came faster than it was taken, or too early in too great a number.
    pub overflow: u64,
    /// What came after the end.
    pub closed: u64,
}

impl Dropped {
    pub(crate) fn count(&mut self, reason: DropReason) {
        let counter = match reason {
            DropReason::Malformed => &mut self.malformed,
            DropReason::WrongEpoch => &mut self.wrong_epoch,
            DropReason::Replayed => &mut self.replayed,
            DropReason::Unauthentic => &mut self.unauthentic,
            DropReason::Unexpected => &mut self.unexpected,
            DropReason::TooLong => &mut self.too_long,
            DropReason::Overflow => &mut self.overflow,
            DropReason::Closed => &mut self.closed,
        };
        *counter += 1;
    }
}
