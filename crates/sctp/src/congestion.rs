//! Congestion control (RFC 9260 section 7.2).

use crate::ids::Tsn;

/// The congestion window, in bytes, and how it grows and shrinks.
#[derive(Debug)]
pub(crate) struct Congestion {
    window: usize,
    slow_start_threshold: usize,
    partial_bytes_acked: usize,
    /// Losses up to here belong to the same event.
    recovery_until: Option<Tsn>,
    packet: usize,
}

/// Packets in the initial window, as RFC 6928 found it safe.
const INITIAL_PACKETS: usize = 10;
/// Packets that the window is not cut below by a fast retransmission.
const MIN_PACKETS: usize = 4;
/// Beyond this a window is of no use to any path that we know.
const MAX_WINDOW: usize = 64 << 20;

impl Congestion {
    pub(crate) fn new(packet: usize) -> Self {
        Self {
            window: INITIAL_PACKETS * packet,
            slow_start_threshold: usize::MAX,
            partial_bytes_acked: 0,
            recovery_until: None,
            packet,
        }
    }

    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// Takes in that the cumulative TSN moved to `cumulative` and `bytes` were acknowledged, while
    /// `in_flight` bytes had been under way.
    pub(crate) fn acknowledge(&mut self, cumulative: Tsn, bytes: usize, in_flight: usize) {
        if let Some(until) = self.recovery_until {
            if until.is_after(cumulative) {
                return;
            }
            self.recovery_until = None;
        }
        // A window that is not used proves nothing (section 7.2.1).
        let is_used = in_flight + self.packet > self.window;
        if self.window <= self.slow_start_threshold {
            if is_used {
                self.window += bytes.min(self.packet);
            }
        } else {
            self.partial_bytes_acked += bytes;
            if self.partial_bytes_acked >= self.window && is_used {
                self.partial_bytes_acked -= self.window;
                self.window += self.packet;
            }
        }
        self.window = self.window.min(MAX_WINDOW);
    }

    /// Chunks were found missing while `highest` was the last TSN sent: one cut for one event
    /// (section 7.2.4).
    pub(crate) fn lose(&mut self, highest: Tsn) {
        if self.recovery_until.is_some() {
            return;
        }
        self.recovery_until = Some(highest);
        self.slow_start_threshold = (self.window / 2).max(MIN_PACKETS * self.packet);
        self.window = self.slow_start_threshold;
        self.partial_bytes_acked = 0;
    }

    /// The retransmission timer ran out (section 7.2.3).
    pub(crate) fn time_out(&mut self) {
        self.slow_start_threshold = (self.window / 2).max(MIN_PACKETS * self.packet);
        self.window = self.packet;
        self.partial_bytes_acked = 0;
        self.recovery_until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: usize = 1000;

    #[test]
    fn slow_start_adds_a_packet_for_each_full_acknowledgement() {
        let mut congestion = Congestion::new(PACKET);
        congestion.acknowledge(Tsn(1), 5000, 10_000);
        assert_eq!(congestion.window(), 11_000);
        congestion.acknowledge(Tsn(2), 300, 11_000);
        assert_eq!(congestion.window(), 11_300);
    }

    #[test]
    fn an_idle_window_does_not_grow() {
        let mut congestion = Congestion::new(PACKET);
        congestion.acknowledge(Tsn(1), 1000, 1000);
        assert_eq!(congestion.window(), 10_000);
    }

    #[test]
    fn a_loss_halves_once_and_then_growth_is_a_packet_a_window() {
        let mut congestion = Congestion::new(PACKET);
        congestion.lose(Tsn(9));
        congestion.lose(Tsn(12));
        assert_eq!(congestion.window(), 5000);
        congestion.acknowledge(Tsn(5), 1000, 5000);
        assert_eq!(congestion.window(), 5000, "not while recovering");
        congestion.acknowledge(Tsn(9), 1000, 5000);
        assert_eq!(
            congestion.window(),
            6000,
            "at the threshold it is still slow start"
        );
        for tsn in 10..16 {
            congestion.acknowledge(Tsn(tsn), 1000, 6000);
        }
        assert_eq!(congestion.window(), 7000);
    }

    #[test]
    fn a_timeout_starts_over_with_a_packet() {
        let mut congestion = Congestion::new(PACKET);
        congestion.time_out();
        assert_eq!(congestion.window(), PACKET);
        congestion.acknowledge(Tsn(1), 1000, 1000);
        assert_eq!(congestion.window(), 2000, "slow start up to the threshold");
    }
}
