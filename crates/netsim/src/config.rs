//! What a link does to datagrams.

use std::time::Duration;

/// How a link treats datagrams. The default is perfect: instant, lossless and endlessly wide.
///
/// Probabilities are between 0 and 1, and apply to each datagram.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkConfig {
    /// How long a datagram travels.
    pub delay: Duration,
    /// Up to this much longer, evenly spread. Jitter alone does not reorder: a datagram waits for
    /// those sent before it.
    pub jitter: Duration,
    /// The probability that a datagram is lost, each on its own.
    pub loss: f64,
    /// Losses that come in bursts, besides.
    pub burst_loss: Option<BurstLoss>,
    /// The probability that a datagram is overtaken: it arrives up to
    /// [`reordering_delay`](Self::reordering_delay) late.
    pub reordering: f64,
    /// How late an overtaken datagram may be.
    pub reordering_delay: Duration,
    /// The probability that a datagram arrives twice.
    pub duplication: f64,
    /// The probability that one to three bits of a datagram arrive flipped.
    pub corruption: f64,
    /// Bytes a second that the link carries; `None` is endless.
    pub bandwidth: Option<u64>,
    /// Bytes that wait at most where the bandwidth is bounded; what comes on top is lost.
    pub queue: usize,
    /// Longer datagrams are lost.
    pub mtu: usize,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            burst_loss: None,
            reordering: 0.0,
            reordering_delay: Duration::from_millis(20),
            duplication: 0.0,
            corruption: 0.0,
            bandwidth: None,
            queue: 64 * 1024,
            mtu: usize::MAX,
        }
    }
}

/// The Gilbert-Elliott model: a good state without losses and a bad one with many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BurstLoss {
    /// The probability, at each datagram, that good turns bad.
    pub begin: f64,
    /// The probability, at each datagram, that bad turns good.
    pub end: f64,
    /// The probability that a datagram is lost while it is bad.
    pub loss: f64,
}
