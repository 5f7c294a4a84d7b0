//! When a request is sent, sent again and given up (RFC 8489 section 6.2).

use std::time::{Duration, Instant};

use crate::codepoint::TransactionId;

/// How often and for how long a request is sent (RFC 8489 section 6.2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retransmission {
    /// RTO: the time to the first retransmission; each further one waits twice as long.
    pub rto: Duration,
    /// Rc: how many times the request is sent altogether.
    pub max_requests: u32,
    /// Rm: how many times the RTO the last one waits for its response.
    pub final_wait: u32,
}

impl Retransmission {
    /// The RFC's own numbers: a transaction fails after 39.5 seconds.
    pub const UNRELIABLE: Self = Self {
        rto: Duration::from_millis(500),
        max_requests: 7,
        final_wait: 16,
    };

    /// Over TCP and TLS a request is sent once and waited for as long (RFC 8489 section 6.2.2).
    pub const RELIABLE: Self = Self {
        rto: Duration::from_millis(39_500),
        max_requests: 1,
        final_wait: 1,
    };

    /// The same counts with another RTO, as ICE computes one (RFC 8445 section 14.3).
    pub const fn with_rto(self, rto: Duration) -> Self {
        Self { rto, ..self }
    }

    /// How long to wait after the request has been sent for the `sent`th time.
    fn wait(&self, sent: u32) -> Duration {
        let factor = if sent >= self.max_requests {
            self.final_wait
        } else {
            2_u32.saturating_pow(sent.saturating_sub(1))
        };
        self.rto.saturating_mul(factor)
    }
}

impl Default for Retransmission {
    fn default() -> Self {
        Self::UNRELIABLE
    }
}

/// What a [`Transaction`] asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// Send the request, the same bytes each time.
    Send,
    /// Give up: nothing answers. The transaction is over.
    Failed,
}

/// The timer of one request (RFC 8489 section 6.2.1).
///
/// It holds no message: [`poll`](Self::poll) says when the caller is to send it, first at once, and
/// [`poll_timeout`](Self::poll_timeout) when to poll next. Drop it when the response has arrived.
#[derive(Clone, Debug)]
pub struct Transaction {
    id: TransactionId,
    retransmission: Retransmission,
    sent: u32,
    last_sent: Option<Instant>,
    /// When something is due; `None` once failed.
    deadline: Option<Instant>,
}

impl Transaction {
    /// A request that is due at once.
    pub fn new(id: TransactionId, retransmission: Retransmission, now: Instant) -> Self {
        Self {
            id,
            retransmission,
            sent: 0,
            last_sent: None,
            deadline: Some(now),
        }
    }

    /// What is due at `now`. A call that comes hours late sends once, not as often as was missed.
    pub fn poll(&mut self, now: Instant) -> Option<Due> {
        if self.deadline? > now {
            return None;
        }
        if self.sent > 0 && self.sent >= self.retransmission.max_requests {
            self.deadline = None;
            return Some(Due::Failed);
        }
        self.sent += 1;
        self.last_sent = Some(now);
        self.deadline = now.checked_add(self.retransmission.wait(self.sent));
        Some(Due::Send)
    }

    /// When to poll next; `None` once failed.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// The id of request and response.
    pub fn id(&self) -> TransactionId {
        self.id
    }

    /// How many times the request has been sent.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// The round trip that ends with a response at `now`; `None` if the request was sent more than
    /// once and nobody knows which one is answered (Karn's algorithm, RFC 8489 section 6.2.1).
    pub fn round_trip(&self, now: Instant) -> Option<Duration> {
        let sent = self.last_sent.filter(|_| self.sent == 1)?;
        Some(now.saturating_duration_since(sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(retransmission: Retransmission) -> (Transaction, Instant) {
        let start = tidewire_netsim::start();
        let id = TransactionId([1; 12]);
        (Transaction::new(id, retransmission, start), start)
    }

    fn run(retransmission: Retransmission) -> Vec<(u128, Due)> {
        let (mut transaction, start) = transaction(retransmission);
        let mut log = Vec::new();
        while let Some(now) = transaction.poll_timeout() {
            let due = transaction.poll(now).unwrap();
            log.push(((now - start).as_millis(), due));
        }
        log
    }

    #[test]
    fn requests_are_sent_at_the_times_of_the_rfc() {
        let log = run(Retransmission::UNRELIABLE);
        let sent = [0, 500, 1500, 3500, 7500, 15500, 31500];
        let mut expected: Vec<_> = sent.iter().map(|at| (*at, Due::Send)).collect();
        expected.push((39500, Due::Failed));
        assert_eq!(log, expected);
    }

    #[test]
    fn over_a_reliable_transport_a_request_is_sent_once() {
        let log = run(Retransmission::RELIABLE);
        assert_eq!(log, [(0, Due::Send), (39500, Due::Failed)]);
    }

    #[test]
    fn polling_early_changes_nothing() {
        let (mut transaction, start) = transaction(Retransmission::default());
        assert_eq!(transaction.poll(start), Some(Due::Send));
        assert_eq!(transaction.poll(start), None);
        assert_eq!(transaction.poll(start + Duration::from_millis(499)), None);
        assert_eq!(transaction.sent(), 1);
    }

    #[test]
    fn a_jump_of_hours_sends_once() {
        let (mut transaction, start) = transaction(Retransmission::default());
        transaction.poll(start);
        let late = start + Duration::from_secs(7200);
        assert_eq!(transaction.poll(late), Some(Due::Send));
        assert_eq!(transaction.poll(late), None);
        assert!(transaction.poll_timeout().unwrap() > late);
    }

    #[test]
    fn a_retransmitted_request_measures_no_round_trip() {
        let (mut transaction, start) = transaction(Retransmission::default());
        assert_eq!(transaction.round_trip(start), None);
        transaction.poll(start);
        let later = start + Duration::from_millis(600);
        assert_eq!(transaction.round_trip(later), Some(later - start));
        transaction.poll(later);
        assert_eq!(transaction.round_trip(later), None);
    }

    #[test]
    fn absurd_timings_do_not_overflow() {
        let absurd = Retransmission {
            rto: Duration::MAX,
            max_requests: u32::MAX,
            final_wait: u32::MAX,
        };
        let (mut transaction, start) = transaction(absurd);
        assert_eq!(transaction.poll(start), Some(Due::Send));
        assert_eq!(transaction.poll_timeout(), None);
        assert_eq!(absurd.wait(u32::MAX), Duration::MAX);
    }
}
