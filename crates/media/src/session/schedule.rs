//! When reports are due (RFC 3550 section 6.3).

use std::time::{Duration, Instant};

use tidewire_crypto::Rng;

/// When the next report is due.
#[derive(Debug)]
pub(super) struct Schedule {
    next: Instant,
    is_first: bool,
    /// The length of compound packets with what carries them, smoothed, in bytes.
    average_len: f64,
}

impl Schedule {
    /// What IP, UDP and SRTP add to a packet.
    const OVERHEAD: f64 = 42.0;
    /// The share of the session's rate that reports may take (section 6.2).
    const SHARE: f64 = 0.05;

    pub(super) fn new(now: Instant) -> Self {
        Self {
            next: now,
            is_first: true,
            average_len: 100.0 + Self::OVERHEAD,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        Some(self.next)
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next <= now
    }

    /// Learns from a packet that was sent or received.
    pub(super) fn handle_packet(&mut self, len: usize) {
        let len = len as f64 + Self::OVERHEAD;
        self.average_len += (len - self.average_len) / 16.0;
    }

    /// The next report goes out after an interval that varies by half either way, so that peers do not
    /// fall into step (section 6.3.1).
    pub(super) fn advance(
        &mut self,
        now: Instant,
        min_interval: Duration,
        bitrate: u64,
        rng: &mut Rng,
    ) {
        let bytes_per_second = bitrate as f64 / 8.0 * Self::SHARE;
        // Two members take turns.
        let needed = 2.0 * self.average_len / bytes_per_second.max(1.0);
        let mut interval = min_interval.max(Duration::from_secs_f64(needed.min(60.0)));
        if std::mem::take(&mut self.is_first) {
            interval /= 2;
        }
        let variation = 0.5 + f64::from(rng.next_u32()) / f64::from(u32::MAX);
        self.next = now + interval.mul_f64(variation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_an_interval_apart_on_average() {
        let mut now = tidewire_netsim::start();
        let (second, mut rng) = (Duration::from_secs(1), Rng::from_u64(1));
        let mut schedule = Schedule::new(now);
        assert!(schedule.is_due(now));
        schedule.advance(now, second, 1_000_000, &mut rng);
        assert!(schedule.next - now <= second * 3 / 4);
        now = schedule.next;
        let begin = now;
        for _ in 0..1000 {
            schedule.advance(now, second, 1_000_000, &mut rng);
            let interval = schedule.next - now;
            assert!(interval >= second / 2 && interval <= second * 3 / 2);
            now = schedule.next;
        }
        let average = (now - begin) / 1000;
        assert!(average.abs_diff(second) < second / 20, "{average:?}");
    }

    #[test]
    fn a_slow_session_reports_less_often() {
        let now = tidewire_netsim::start();
        let (second, mut rng) = (Duration::from_secs(1), Rng::from_u64(1));
        let mut schedule = Schedule::new(now);
        schedule.advance(now, second, 1_000, &mut rng);
        assert!(schedule.next - now > second * 5);
    }
}
