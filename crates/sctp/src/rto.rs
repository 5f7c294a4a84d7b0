//! The retransmission timeout (RFC 9260 section 6.3.1).

use std::time::Duration;

use crate::config::Config;

#[derive(Debug)]
pub(crate) struct Rto {
    smoothed: Option<Duration>,
    variation: Duration,
    current: Duration,
    min: Duration,
    max: Duration,
}

impl Rto {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            smoothed: None,
            variation: Duration::ZERO,
            current: config.initial_rto,
            min: config.min_rto,
            max: config.max_rto.max(config.min_rto),
        }
    }

    pub(crate) fn current(&self) -> Duration {
        self.current
    }

    pub(crate) fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// Takes in a measured round trip.
    pub(crate) fn measure(&mut self, rtt: Duration) {
        let smoothed = match self.smoothed {
            None => {
                self.variation = rtt / 2;
                rtt
            }
            Some(smoothed) => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(rtt)) / 4;
                (smoothed * 7 + rtt) / 8
            }
        };
        self.smoothed = Some(smoothed);
        self.current = (smoothed + self.variation * 4).clamp(self.min, self.max);
    }

    /// A timeout doubles it (section 6.3.3 E2).
    pub(crate) fn back_off(&mut self) {
        self.current = (self.current * 2).min(self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn measurements_follow_the_formulas_within_the_bounds() {
        let config = Config {
            min_rto: MS,
            max_rto: 2000 * MS,
            ..Config::default()
        };
        let mut rto = Rto::new(&config);
        assert_eq!(rto.current(), config.initial_rto);
        rto.measure(100 * MS);
        assert_eq!(rto.current(), 300 * MS);
        rto.measure(100 * MS);
        assert_eq!(rto.current(), 250 * MS);
        rto.back_off();
        assert_eq!(rto.current(), 500 * MS);
        for _ in 0..10 {
            rto.back_off();
        }
        assert_eq!(rto.current(), 2000 * MS);
        rto.measure(100 * MS);
        assert!(rto.current() < 250 * MS, "a measurement ends the backoff");
    }
}
