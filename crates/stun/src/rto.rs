//! The retransmission timeout towards one server (RFC 8489 section 6.2.1).

use std::time::{Duration, Instant};

/// The shortest, and the first (RFC 8489 section 6.2.1).
const MIN_RTO: Duration = Duration::from_millis(500);
/// The longest (RFC 6298 section 2.4 allows a maximum of at least that).
const MAX_RTO: Duration = Duration::from_secs(60);
/// What was measured is forgotten when nothing has been for so long (RFC 8489 section 6.2.1).
const STALE_AFTER: Duration = Duration::from_secs(600);

/// Computes the RTO of transactions with one server from the round trips of earlier ones (RFC 6298
/// section 2, without rounding to seconds).
///
/// ICE computes its own, from the number of its transactions (RFC 8445 section 14.3).
#[derive(Clone, Copy, Debug, Default)]
pub struct RtoEstimator {
    measured: Option<Measured>,
}

#[derive(Clone, Copy, Debug)]
struct Measured {
    smoothed: Duration,
    variation: Duration,
    at: Instant,
}

impl RtoEstimator {
    /// An estimator that has measured nothing.
    pub const fn new() -> Self {
        Self { measured: None }
    }

    /// The RTO of a transaction that begins at `now`: for
    /// [`Retransmission::with_rto`](crate::Retransmission::with_rto).
    pub fn rto(&self, now: Instant) -> Duration {
        self.fresh(now).map_or(MIN_RTO, |measured| {
            let rto = measured.smoothed + 4 * measured.variation;
            rto.clamp(MIN_RTO, MAX_RTO)
        })
    }

    /// Takes in a round trip that ended at `now`: that of
    /// [`Transaction::round_trip`](crate::Transaction::round_trip).
    pub fn measure(&mut self, round_trip: Duration, now: Instant) {
        let round_trip = round_trip.min(MAX_RTO);
        let (smoothed, variation) = match self.fresh(now) {
            None => (round_trip, round_trip / 2),
            Some(Measured {
                smoothed,
                variation,
                ..
            }) => (
                smoothed * 7 / 8 + round_trip / 8,
                variation * 3 / 4 + smoothed.abs_diff(round_trip) / 4,
            ),
        };
        self.measured = Some(Measured {
            smoothed,
            variation,
            at: now,
        });
    }

    fn fresh(&self, now: Instant) -> Option<Measured> {
        let measured = self.measured;
        measured.filter(|measured| now.saturating_duration_since(measured.at) < STALE_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn the_rto_follows_the_round_trips() {
        let now = tidewire_netsim::start();
        let mut estimator = RtoEstimator::new();
        assert_eq!(estimator.rto(now), millis(500));
        estimator.measure(millis(400), now);
        assert_eq!(estimator.rto(now), millis(400 + 4 * 200));
        estimator.measure(millis(400), now);
        assert_eq!(estimator.rto(now), millis(400 + 4 * 150));
        for _ in 0..100 {
            estimator.measure(millis(20), now);
        }
        assert_eq!(estimator.rto(now), millis(500), "never less");
        for _ in 0..100 {
            estimator.measure(Duration::MAX, now);
        }
        assert_eq!(estimator.rto(now), MAX_RTO, "never more");
    }

    #[test]
    fn old_measurements_are_forgotten() {
        let now = tidewire_netsim::start();
        let mut estimator = RtoEstimator::new();
        estimator.measure(millis(2000), now);
        let before = now + STALE_AFTER - millis(1);
        assert_eq!(estimator.rto(before), millis(6000));
        assert_eq!(estimator.rto(now + STALE_AFTER), millis(500));
        estimator.measure(millis(1000), now + STALE_AFTER);
        assert_eq!(estimator.rto(now + STALE_AFTER), millis(3000));
    }
}
