//! Pacing of new transactions: RFC 8445 section 14.2.

use std::time::{Duration, Instant};

/// Spaces transactions by Ta. Urgent ones (triggered checks, nominations) may run ahead by a few
/// intervals; ordinary ones then wait until the pace is made up.
#[derive(Debug)]
pub(crate) struct Pacer {
    interval: Duration,
    ahead: Duration,
    /// When the next ordinary transaction may start; `None` before the first.
    next: Option<Instant>,
}

impl Pacer {
    pub(crate) fn new(interval: Duration, burst: u32) -> Self {
        Self {
            interval,
            ahead: interval * burst,
            next: None,
        }
    }

    /// When an ordinary transaction may start.
    pub(crate) fn ordinary_at(&self, now: Instant) -> Instant {
        self.next.unwrap_or(now)
    }

    /// When an urgent transaction may start.
    pub(crate) fn urgent_at(&self, now: Instant) -> Instant {
        let next = self.next.and_then(|next| next.checked_sub(self.ahead));
        next.unwrap_or(now)
    }

    /// A transaction that was started did not leave.
    pub(crate) fn refund(&mut self, now: Instant) {
        let paid_back = self.next.and_then(|next| next.checked_sub(self.interval));
        self.next = paid_back.map(|next| next.max(now));
    }

    pub(crate) fn started(&mut self, now: Instant) {
        self.next = Some(self.ordinary_at(now).max(now) + self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TA: Duration = Duration::from_millis(50);

    #[test]
    fn the_first_transaction_starts_at_once_and_the_next_an_interval_later() {
        let now = tidewire_netsim::start();
        let mut pacer = Pacer::new(TA, 2);
        assert_eq!(pacer.ordinary_at(now), now);
        pacer.started(now);
        assert_eq!(pacer.ordinary_at(now), now + TA);
        let later = now + TA * 10;
        pacer.started(later);
        assert_eq!(pacer.ordinary_at(later), later + TA);
    }

    #[test]
    fn urgent_transactions_borrow_from_ordinary_ones() {
        let now = tidewire_netsim::start() + TA * 100;
        let mut pacer = Pacer::new(TA, 2);
        for _ in 0..3 {
            assert!(pacer.urgent_at(now) <= now);
            pacer.started(now);
        }
        assert_eq!(pacer.urgent_at(now), now + TA);
        assert_eq!(pacer.ordinary_at(now), now + TA * 3);
    }
}
