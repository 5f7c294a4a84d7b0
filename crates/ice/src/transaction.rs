//! Requests under way: RFC 8445 section 14.3, RFC 8489 section 6.2.1.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_stun::TransactionId;

use crate::config::Role;
use crate::pair::PairId;

/// Why a request was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// A connectivity check: RFC 8445 section 7.2.
    Check { pair: PairId, nominate: bool },
    /// A consent check of the selected pair: RFC 7675.
    Consent { pair: PairId, nominate: bool },
    /// A consent check of the pair that a restart left in use.
    PreviousConsent,
    /// A question to a STUN server: RFC 8445 section 5.1.1.2.
    Gather,
}

/// A request under way.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) id: TransactionId,
    pub(crate) purpose: Purpose,
    pub(crate) base: SocketAddr,
    pub(crate) remote: SocketAddr,
    /// Role and tiebreaker as the request states them; a retransmission repeats the request.
    pub(crate) role: Role,
    pub(crate) tie_breaker: u64,
    pub(crate) first_sent: Instant,
    schedule: Schedule,
    /// It is in the queue of messages to be polled.
    pub(crate) queued: bool,
}

/// When a request is repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    rto: Duration,
    left: u32,
    last_wait: Duration,
    next: Instant,
    repeated: bool,
    cancelled: bool,
}

impl Schedule {
    /// `transmissions` in all, the first now, the waits between them doubling from `rto`.
    pub(crate) fn new(
        now: Instant,
        rto: Duration,
        transmissions: u32,
        last_wait: Duration,
    ) -> Self {
        let mut schedule = Self {
            rto: rto.max(Duration::from_millis(1)),
            left: transmissions.max(1),
            last_wait,
            next: now,
            repeated: false,
            cancelled: false,
        };
        schedule.transmitted(now);
        schedule
    }

    /// Nothing is repeated; what was sent gets its time to be answered.
    fn cancel(&mut self, now: Instant) {
        if self.left > 0 {
            self.left = 0;
            self.next = now + self.last_wait;
        }
        self.cancelled = true;
    }

    fn transmitted(&mut self, now: Instant) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.next = now + self.last_wait;
        } else {
            self.next = now + self.rto;
            self.rto *= 2;
        }
    }
}

/// What is to be done about a transaction whose time has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Due {
    Retransmit(TransactionId),
    Expired(TransactionId),
}

/// The requests under way, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Transactions(Vec<Transaction>);

impl Transactions {
    /// Begins a transaction. One that is begun when `limit` are under way takes the place of the
    /// oldest, which is answered; a cancelled one goes first.
    pub(crate) fn begin(&mut self, transaction: Transaction, limit: usize) -> Option<Transaction> {
        let full = self.0.len() >= limit.max(1);
        let oldest = full.then(|| {
            let cancelled = self.0.iter().position(|known| known.schedule.cancelled);
            self.0.remove(cancelled.unwrap_or(0))
        });
        self.0.push(transaction);
        oldest
    }

    pub(crate) fn get_mut(&mut self, id: TransactionId) -> Option<&mut Transaction> {
        self.0.iter_mut().find(|known| known.id == id)
    }

    pub(crate) fn get(&self, id: TransactionId) -> Option<&Transaction> {
        self.0.iter().find(|known| known.id == id)
    }

    pub(crate) fn take(&mut self, id: TransactionId) -> Option<Transaction> {
        let at = self.0.iter().position(|known| known.id == id)?;
        Some(self.0.remove(at))
    }

    /// Takes out a check or a question on this path.
    pub(crate) fn take_on(&mut self, path: (SocketAddr, SocketAddr)) -> Option<Transaction> {
        let on_path =
            |known: &Transaction| (known.base, known.remote) == path && !known.is_consent();
        let at = self.0.iter().position(on_path)?;
        Some(self.0.remove(at))
    }

    pub(crate) fn any(&self, like: impl FnMut(&Transaction) -> bool) -> bool {
        self.0.iter().any(like)
    }

    /// The peer is another one: checks and consent are over.
    pub(crate) fn forget_peer(&mut self) {
        self.0
            .retain(|known| matches!(known.purpose, Purpose::Gather | Purpose::PreviousConsent));
    }

    /// A restart: checks and questions are over, consent is now that of the previous generation.
    pub(crate) fn restart(&mut self) {
        self.0.retain(Transaction::is_consent);
        for known in &mut self.0 {
            known.purpose = Purpose::PreviousConsent;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// No longer repeats the checks of a pair, the one aside that nominates it; a late answer still
    /// counts (RFC 8445 section 7.3.1.4).
    pub(crate) fn cancel_checks(&mut self, of: PairId, now: Instant) {
        for transaction in &mut self.0 {
            if matches!(transaction.purpose, Purpose::Check { pair, nominate: false } if pair == of)
            {
                transaction.schedule.cancel(now);
            }
        }
    }

    /// The check of the pair that began last.
    pub(crate) fn newest_check(&self, of: PairId) -> Option<&Transaction> {
        let check = |known: &&Transaction| matches!(known.purpose, Purpose::Check { pair, .. } if pair == of);
        self.0.iter().rev().find(check)
    }

    /// The next thing to do at `now`; it counts as done.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Due> {
        let due = self.0.iter_mut().find(|known| known.schedule.next <= now)?;
        if due.schedule.left == 0 {
            return Some(Due::Expired(due.id));
        }
        due.schedule.repeated = true;
        due.schedule.transmitted(now);
        Some(Due::Retransmit(due.id))
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.iter().map(|known| known.schedule.next).min()
    }
}

impl Transaction {
    pub(crate) fn new(
        id: TransactionId,
        purpose: Purpose,
        (base, remote): (SocketAddr, SocketAddr),
        (role, tie_breaker): (Role, u64),
        now: Instant,
        schedule: Schedule,
    ) -> Self {
        Self {
            id,
            purpose,
            base,
            remote,
            role,
            tie_breaker,
            first_sent: now,
            schedule,
            queued: true,
        }
    }

    fn is_consent(&self) -> bool {
        matches!(
            self.purpose,
            Purpose::Consent { .. } | Purpose::PreviousConsent
        )
    }

    /// Whether only the first transmission has left: then an answer tells the round-trip time.
    pub(crate) fn is_unrepeated(&self) -> bool {
        !self.schedule.repeated
    }
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
