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

/// Bytes in the initial window, between two and four packets (section 7.2.1).
const INITIAL_WINDOW: usize = 4404;
/// Packets that one SACK may add in slow start, at most: L of section 7.2.1. A receiver that takes
/// packets in by the batch answers a whole batch with one SACK; with an L of 1 the window would then
/// grow by a packet a round trip. The bytes acknowledged bound the growth, too.
const MAX_GROWTH_PACKETS: usize = 64;
/// Packets that the window is not cut below by a fast retransmission.
const MIN_PACKETS: usize = 4;
/// Beyond this a window is of no use to any path that we know.
const MAX_WINDOW: usize = 64 << 20;

impl Congestion {
    pub(crate) fn new(packet: usize) -> Self {
        Self {
            window: INITIAL_WINDOW.max(2 * packet).min(4 * packet),
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
                let growth = bytes.min(MAX_GROWTH_PACKETS * self.packet);
                // Not past the threshold by more than a packet, or a loss would be forgotten by
                // the SACK that ends its recovery.
                let most = self.slow_start_threshold.max(self.window + self.packet);
                self.window = (self.window + growth).min(most);
            }
        } else {
            // Capped, or what a window that was not used has gathered would let it leap (section
            // 7.2.2: a packet a round trip at most).
            self.partial_bytes_acked = (self.partial_bytes_acked + bytes).min(self.window);
            if self.partial_bytes_acked == self.window && is_used {
                self.partial_bytes_acked = 0;
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
    fn the_initial_window_is_two_to_four_packets() {
        for (packet, window) in [(500, 2000), (1160, 4404), (1460, 4404), (9000, 18_000)] {
            assert_eq!(Congestion::new(packet).window(), window, "{packet}");
        }
    }

    #[test]
    fn slow_start_adds_what_is_acknowledged() {
        let mut congestion = Congestion::new(PACKET);
        congestion.acknowledge(Tsn(1), 4000, 4000);
        assert_eq!(congestion.window(), 8000);
        congestion.acknowledge(Tsn(2), 300, 8000);
        assert_eq!(congestion.window(), 8300);
    }

    #[test]
    fn one_sack_adds_a_bounded_number_of_packets() {
        let mut congestion = Congestion::new(PACKET);
        congestion.acknowledge(Tsn(1), 1 << 20, 1 << 20);
        assert_eq!(congestion.window(), 4000 + MAX_GROWTH_PACKETS * PACKET);
    }

    #[test]
    fn an_idle_window_does_not_grow() {
        let mut congestion = Congestion::new(PACKET);
        congestion.acknowledge(Tsn(1), 1000, 1000);
        assert_eq!(congestion.window(), 4000);
    }

    #[test]
    fn an_idle_window_gathers_no_credit() {
        let mut congestion = Congestion::new(PACKET);
        congestion.lose(Tsn(0));
        congestion.acknowledge(Tsn(1), 1000, 4000);
        assert_eq!(congestion.window(), 5000, "beyond the threshold now");
        for tsn in 2..100 {
            congestion.acknowledge(Tsn(tsn), 1000, 1000);
        }
        congestion.acknowledge(Tsn(100), 1000, 5000);
        assert_eq!(congestion.window(), 6000);
        congestion.acknowledge(Tsn(101), 1000, 6000);
        assert_eq!(congestion.window(), 6000, "a packet for each window");
    }

    #[test]
    fn a_loss_halves_once_and_then_growth_is_a_packet_a_window() {
        let mut congestion = Congestion::new(PACKET);
        congestion.acknowledge(Tsn(1), 6000, 6000);
        assert_eq!(congestion.window(), 10_000);
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
    fn slow_start_ends_at_the_threshold() {
        let mut congestion = Congestion::new(PACKET);
        congestion.acknowledge(Tsn(1), 36_000, 36_000);
        assert_eq!(congestion.window(), 40_000);
        congestion.lose(Tsn(50));
        congestion.acknowledge(Tsn(50), 40_000, 40_000);
        assert_eq!(congestion.window(), 21_000, "the end of a recovery");
        congestion.time_out();
        congestion.acknowledge(Tsn(90), 40_000, 40_000);
        assert_eq!(congestion.window(), 10_500);
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
