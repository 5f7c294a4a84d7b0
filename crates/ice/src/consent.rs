//! Consent to send: RFC 7675 section 5.1.

use std::time::{Duration, Instant};

use tidewire_crypto::Rng;

use crate::config::Timing;

/// How fresh the peer's consent on one pair is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consent {
    answered: Instant,
    /// When the last request was sent.
    asked: Instant,
    next_request: Instant,
}

impl Consent {
    /// Consent that the answer to a check has given at `answered`.
    pub(crate) fn granted(answered: Instant, timing: &Timing, rng: &mut Rng) -> Self {
        Self {
            answered,
            asked: answered,
            next_request: answered + interval(timing, rng, SPREAD),
        }
    }

    /// A request was answered at `now`.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.answered = self.answered.max(now);
    }

    /// Whether a request is due; it counts as sent. While requests go unanswered, the next ones come
    /// as early as they may, so that more of them fit into the time that is left.
    pub(crate) fn poll(&mut self, now: Instant, timing: &Timing, rng: &mut Rng) -> bool {
        if self.next_request > now {
            return false;
        }
        let missed = self.answered < self.asked;
        let spread = if missed { SPREAD / 8 } else { SPREAD };
        self.asked = now;
        self.next_request = now + interval(timing, rng, spread);
        true
    }

    pub(crate) fn is_stale(&self, now: Instant, timing: &Timing) -> bool {
        self.answered + timing.disconnected_after <= now
    }

    pub(crate) fn is_expired(&self, now: Instant, timing: &Timing) -> bool {
        self.answered + timing.consent_timeout <= now
    }

    /// When the peer answered last, if it should have answered again since: a request that left
    /// longer than `wait` ago is unanswered.
    pub(crate) fn silent_since(&self, now: Instant, wait: Duration) -> Option<Instant> {
        let silent = self.answered < self.asked && self.asked + wait <= now;
        silent.then_some(self.answered)
    }

    pub(crate) fn next_request(&self) -> Instant {
        self.next_request
    }

    /// When staleness or expiry sets in next.
    pub(crate) fn deadline(&self, now: Instant, timing: &Timing) -> Instant {
        if self.is_stale(now, timing) {
            self.answered + timing.consent_timeout
        } else {
            self.answered + timing.disconnected_after
        }
    }
}

/// How far intervals spread, in thousandths of their mean.
const SPREAD: u32 = 400;

/// Drawn from 0.8 to 1.2 times the mean, so that agents do not fall into step.
fn interval(timing: &Timing, rng: &mut Rng, spread: u32) -> Duration {
    let permille = 800 + rng.next_u32() % (spread + 1);
    timing.consent_interval * permille / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_spread_between_four_and_six_seconds() {
        let timing = Timing::default();
        let mut rng = Rng::from_u64(3);
        let samples: Vec<_> = (0..1000)
            .map(|_| interval(&timing, &mut rng, SPREAD))
            .collect();
        let (min, max) = (samples.iter().min().unwrap(), samples.iter().max().unwrap());
        assert!(*min >= Duration::from_secs(4) && *min < Duration::from_millis(4100));
        assert!(*max <= Duration::from_secs(6) && *max > Duration::from_millis(5900));
    }

    #[test]
    fn consent_goes_stale_then_expires_and_an_answer_renews_it() {
        let timing = Timing::default();
        let start = tidewire_netsim::start();
        let mut consent = Consent::granted(start, &timing, &mut Rng::from_u64(4));
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!consent.is_stale(after(12), &timing));
        assert!(consent.is_stale(after(13), &timing));
        assert!(!consent.is_expired(after(29), &timing));
        assert!(consent.is_expired(after(30), &timing));
        consent.answered(after(20));
        assert!(!consent.is_stale(after(30), &timing));
        assert!(consent.is_expired(after(50), &timing));
    }

    #[test]
    fn while_no_answer_comes_six_or_seven_requests_fit_into_the_time_until_expiry() {
        let timing = Timing::default();
        let start = tidewire_netsim::start();
        for seed in 0..100 {
            let mut rng = Rng::from_u64(seed);
            let mut consent = Consent::granted(start, &timing, &mut rng);
            let mut requests = 0;
            while !consent.is_expired(consent.next_request(), &timing) {
                assert!(consent.poll(consent.next_request(), &timing, &mut rng));
                requests += 1;
            }
            assert!((6..=7).contains(&requests), "{requests}");
        }
    }

    #[test]
    fn a_jump_of_hours_causes_one_request() {
        let timing = Timing::default();
        let mut rng = Rng::from_u64(5);
        let start = tidewire_netsim::start();
        let mut consent = Consent::granted(start, &timing, &mut rng);
        let later = start + Duration::from_secs(7200);
        assert!(consent.poll(later, &timing, &mut rng));
        assert!(!consent.poll(later, &timing, &mut rng));
    }
}
