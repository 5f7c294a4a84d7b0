//! What the path carries: the place of the bandwidth estimator.

use std::fmt;
use std::time::{Duration, Instant};

/// Estimates what the path carries, and so sets the pace of sending.
///
/// It is told of each packet that is sent with a transport sequence number, and of all that the peer
/// tells about their arrival.
pub trait BandwidthEstimator: fmt::Debug + Send {
    /// A packet was sent.
    fn handle_sent(&mut self, now: Instant, packet: SentPacket);

    /// The peer told when packets arrived, in the order in which they were sent.
    fn handle_feedback(&mut self, now: Instant, results: &[PacketResult]);

    /// A report told the share of packets of a stream that were lost, 0 to 1, and the round trip.
    fn handle_report(&mut self, now: Instant, fraction_lost: f32, rtt: Option<Duration>);

    /// The receiver's own estimate came, in bits a second.
    fn handle_remb(&mut self, now: Instant, bitrate: u64);

    /// Time passes.
    fn handle_timeout(&mut self, now: Instant);

    /// When [`handle_timeout`](Self::handle_timeout) is next due.
    fn poll_timeout(&self) -> Option<Instant>;

    /// What all encoders together should produce, in bits a second.
    fn target_bitrate(&self) -> u64;

    /// How fast packets may leave, in bits a second.
    fn pacing_bitrate(&self) -> u64;

    /// What padding fills up to, in bits a second; 0 for none.
    fn padding_bitrate(&self) -> u64;
}

/// A packet that was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SentPacket {
    /// Its transport sequence number, extended.
    pub sequence: u64,
    /// Its length in bytes, without what protects and carries it.
    pub len: usize,
    /// When it was sent.
    pub sent: Instant,
}

/// What became of a packet that was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PacketResult {
    /// The packet.
    pub packet: SentPacket,
    /// When it arrived, by the receiver's clock, whose origin is unknown. `None` when it has not arrived
    /// so far.
    pub arrival: Option<Duration>,
}

/// Sends at one pace, whatever the peer tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FixedRate {
    /// In bits a second.
    pub bitrate: u64,
    /// What padding fills up to, in bits a second; 0 for none.
    pub padding: u64,
}

impl Default for FixedRate {
    /// 50 Mbit/s: more than a browser sends, and less than floods a path.
    fn default() -> Self {
        Self {
            bitrate: 50_000_000,
            padding: 0,
        }
    }
}

impl BandwidthEstimator for FixedRate {
    fn handle_sent(&mut self, _: Instant, _: SentPacket) {}

    fn handle_feedback(&mut self, _: Instant, _: &[PacketResult]) {}

    fn handle_report(&mut self, _: Instant, _: f32, _: Option<Duration>) {}

    fn handle_remb(&mut self, _: Instant, _: u64) {}

    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn target_bitrate(&self) -> u64 {
        self.bitrate
    }

    fn pacing_bitrate(&self) -> u64 {
        self.bitrate
    }

    fn padding_bitrate(&self) -> u64 {
        self.padding
    }
}
