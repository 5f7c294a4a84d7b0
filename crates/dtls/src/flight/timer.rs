//! The retransmission timer, RFC 6347 section 4.2.4.1.

use std::time::{Duration, Instant};

/// Doubles from flight to flight until the peer answers.
#[derive(Debug)]
pub(crate) struct Retransmission {
    first: Duration,
    floor: Duration,
    ceiling: Duration,
    current: Duration,
    deadline: Option<Instant>,
    /// When the flight went out for the first time; `None` once it was repeated, because an answer
    /// would then not tell which copy it answers.
    measured_from: Option<Instant>,
    last_sent: Option<Instant>,
    timeouts: u32,
}

impl Retransmission {
    pub(crate) fn new(first: Duration, floor: Duration, ceiling: Duration) -> Self {
        let first = first.clamp(floor, ceiling.max(floor));
        Self {
            first,
            floor,
            ceiling: ceiling.max(floor),
            current: first,
            deadline: None,
            measured_from: None,
            last_sent: None,
            timeouts: 0,
        }
    }

    /// Takes a round trip time into account: twice it and the floor, which leaves the peer time to
    /// compute. The section's one second is for paths that nobody has measured.
    pub(crate) fn set_rtt(&mut self, rtt: Duration) {
        self.first = (2 * rtt + self.floor).clamp(self.floor, self.ceiling);
        if self.timeouts == 0 {
            self.current = self.first;
        }
    }

    /// A flight is out that expects an answer.
    pub(crate) fn sent(&mut self, now: Instant) {
        self.measured_from = self.last_sent.is_none().then_some(now);
        self.last_sent = Some(now);
        self.deadline = Some(now + self.current);
    }

    /// The peer answered the flight.
    pub(crate) fn answered(&mut self, now: Instant) {
        if let Some(from) = self.measured_from.take() {
            self.set_rtt(now.saturating_duration_since(from));
        }
        self.current = self.first;
        self.deadline = None;
        self.last_sent = None;
        self.timeouts = 0;
    }

    /// Whether it has expired; if so the next wait is twice as long.
    pub(crate) fn expire(&mut self, now: Instant) -> bool {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return false;
        }
        self.deadline = None;
        self.timeouts += 1;
        self.current = (2 * self.current).min(self.ceiling);
        true
    }

    /// Whether the peer's repetition may make the flight go out again. Not in the wake of having
    /// sent it: the two crossed, or somebody wants an amplifier.
    pub(crate) fn may_repeat(&self, now: Instant) -> bool {
        self.last_sent
            .is_none_or(|sent| now.saturating_duration_since(sent) >= self.floor)
    }

    pub(crate) fn stop(&mut self) {
        self.deadline = None;
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How often this flight has timed out.
    pub(crate) fn timeouts(&self) -> u32 {
        self.timeouts
    }
}
