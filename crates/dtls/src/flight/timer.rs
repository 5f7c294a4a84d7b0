//! The retransmission timer, RFC 6347 section 4.2.4.1.

use std::time::{Duration, Instant};

/// Doubles from flight to flight until the peer answers.
#[derive(Debug)]
pub(crate) struct Retransmission {
    first: Duration,
    floor: Duration,
    ceiling: Duration,
    /// How often the wait has doubled.
    doublings: u32,
    deadline: Option<Instant>,
    /// When the flight went out for the first time; `None` once it was repeated, because an answer
    /// would then not tell which copy it answers.
    measured_from: Option<Instant>,
    last_sent: Option<Instant>,
    repetitions: u32,
}

/// The least floor: none at all would let a timer expire again and again in one moment.
const MIN_FLOOR: Duration = Duration::from_millis(1);

impl Retransmission {
    pub(crate) fn new(first: Duration, floor: Duration, ceiling: Duration) -> Self {
        let floor = floor.max(MIN_FLOOR);
        let ceiling = ceiling.max(floor);
        let first = first.clamp(floor, ceiling);
        Self {
            first,
            floor,
            ceiling,
            doublings: 0,
            deadline: None,
            measured_from: None,
            last_sent: None,
            repetitions: 0,
        }
    }

    /// Takes a round trip time into account: twice it and the floor, which leaves the peer time to
    /// compute. The section's one second is for paths that nobody has measured.
    pub(crate) fn set_rtt(&mut self, rtt: Duration) {
        self.first = rtt
            .saturating_mul(2)
            .saturating_add(self.floor)
            .clamp(self.floor, self.ceiling);
        // For the flight that is out it counts from when it went out.
        if let (Some(_), Some(sent)) = (self.deadline, self.last_sent) {
            self.deadline = sent.checked_add(self.interval());
        }
    }

    /// A flight is out that expects an answer.
    pub(crate) fn sent(&mut self, now: Instant) {
        self.measured_from = self.last_sent.is_none().then_some(now);
        self.last_sent = Some(now);
        self.deadline = now.checked_add(self.interval());
    }

    /// The peer answered the flight.
    pub(crate) fn answered(&mut self, now: Instant) {
        if let Some(from) = self.measured_from.take() {
            self.set_rtt(now.saturating_duration_since(from));
        }
        self.doublings = 0;
        self.deadline = None;
        self.last_sent = None;
        self.repetitions = 0;
    }

    /// Whether it has expired; if so the next wait is twice as long.
    pub(crate) fn expire(&mut self, now: Instant) -> bool {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return false;
        }
        self.deadline = None;
        self.repeated();
        self.doublings = self.doublings.saturating_add(1);
        true
    }

    /// The flight goes out again, by timer or because the peer asks for it.
    pub(crate) fn repeated(&mut self) {
        self.measured_from = None;
        self.repetitions = self.repetitions.saturating_add(1);
    }

    /// Whether the peer's repetition may make the flight go out again. Not in the wake of having
    /// sent it: the two crossed, or somebody wants an amplifier.
    pub(crate) fn may_repeat(&self, now: Instant) -> bool {
        self.last_sent
            .is_none_or(|sent| now.saturating_duration_since(sent) >= self.floor)
    }

    /// How long the flight waits for its answer this time.
    pub(crate) fn interval(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.ceiling)
    }

    pub(crate) fn stop(&mut self) {
        self.deadline = None;
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How often this flight has gone out again.
    pub(crate) fn repetitions(&self) -> u32 {
        self.repetitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn timer() -> Retransmission {
        Retransmission::new(SECOND, Duration::from_millis(50), 4 * SECOND)
    }

    #[test]
    fn waits_twice_as_long_each_time_up_to_the_ceiling() {
        let mut timer = timer();
        let mut now = tidewire_netsim::start();
        for wait in [1, 2, 4, 4] {
            timer.sent(now);
            assert!(!timer.expire(now + wait * SECOND - Duration::from_millis(1)));
            now += wait * SECOND;
            assert!(timer.expire(now));
            assert_eq!(timer.deadline(), None);
        }
        assert_eq!(timer.repetitions(), 4);
    }

    #[test]
    fn an_answer_to_a_first_copy_measures_the_round_trip() {
        let mut timer = timer();
        let now = tidewire_netsim::start();
        timer.sent(now);
        timer.answered(now + Duration::from_millis(30));
        timer.sent(now);
        assert_eq!(timer.deadline(), Some(now + Duration::from_millis(110)));
    }

    #[test]
    fn a_round_trip_that_becomes_known_counts_for_the_flight_that_is_out() {
        let mut timer = timer();
        let now = tidewire_netsim::start();
        timer.sent(now);
        timer.set_rtt(Duration::from_millis(100));
        assert_eq!(timer.deadline(), Some(now + Duration::from_millis(250)));
        assert!(timer.expire(now + SECOND));
        timer.sent(now + SECOND);
        timer.set_rtt(Duration::from_millis(200));
        let twice = Duration::from_millis(900);
        assert_eq!(timer.deadline(), Some(now + SECOND + twice));
    }

    #[test]
    fn an_answer_after_a_repetition_measures_nothing() {
        let mut timer = timer();
        let now = tidewire_netsim::start();
        timer.sent(now);
        assert!(timer.expire(now + SECOND));
        timer.answered(now + SECOND);
        timer.sent(now);
        assert_eq!(timer.deadline(), Some(now + SECOND));
    }

    #[test]
    fn no_settings_make_it_expire_without_end() {
        let mut timer = Retransmission::new(Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let now = tidewire_netsim::start();
        timer.sent(now);
        assert!(!timer.expire(now));
        timer.set_rtt(Duration::MAX);
        timer.sent(now);
    }
}
