//! An association in numbers.

use std::time::Duration;

/// What an association has done, and where it stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Packets received, dropped ones included.
    pub packets_received: u64,
    /// Packets written.
    pub packets_sent: u64,
    /// DATA chunks received for the first time.
    pub chunks_received: u64,
    /// DATA chunks received again.
    pub duplicate_chunks_received: u64,
    /// DATA chunks sent for the first time.
    pub chunks_sent: u64,
    /// DATA chunks sent again after three reports that they are missing.
    pub fast_retransmissions: u64,
    /// DATA chunks sent again after a timeout.
    pub timeout_retransmissions: u64,
    /// DATA chunks sent again after silence, to hear what became of those before.
    pub tail_loss_probes: u64,
    /// Times the retransmission timer ran out.
    pub timeouts: u64,
    /// Messages given up on, as their reliability says.
    pub messages_abandoned: u64,
    /// What was dropped.
    pub dropped: Dropped,
    /// The smoothed round-trip time.
    pub smoothed_rtt: Option<Duration>,
    /// The retransmission timeout.
    pub rto: Duration,
    /// The congestion window, in bytes.
    pub congestion_window: usize,
    /// The peer's receive window as far as we know, in bytes.
    pub peer_window: usize,
    /// Bytes sent and not yet acknowledged.
    pub bytes_in_flight: usize,
    /// Bytes that wait to be sent.
    pub bytes_queued: usize,
    /// Bytes received that wait to be read or completed.
    pub bytes_unread: usize,
}

/// Packets and chunks that were dropped, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Dropped {
    /// Packets that are no SCTP packets.
    pub malformed: u64,
    /// Packets whose checksum is wrong.
    pub checksum: u64,
    /// Packets for other ports.
    pub ports: u64,
    /// Packets with another association's verification tag.
    pub verification_tag: u64,
    /// Chunks that do not fit the state.
    pub unexpected: u64,
    /// Chunks of unknown types.
    pub unknown: u64,
    /// DATA beyond the receive window or the limits of reassembly.
    pub overflow: u64,
    /// State cookies that are forged or too old.
    pub cookie: u64,
}
