//! Which packets are missing, and when to ask for them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Asks for packets that are missing (RFC 4585 section 6.2.1).
#[derive(Debug, Default)]
pub(crate) struct NackGenerator {
    highest: Option<u64>,
    /// In order of their numbers.
    missing: VecDeque<Missing>,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    sequence: u64,
    next_request: Instant,
    requests: u8,
}

/// What a packet is to those before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// The newest one.
    New,
    /// One that was missing.
    Recovered,
    /// One that came already, or that was given up.
    Unexpected,
}

impl NackGenerator {
    /// A gap may be due to packets that overtook each other.
    const GRACE: Duration = Duration::from_millis(5);
    /// How often a packet is asked for.
    const MAX_REQUESTS: u8 = 10;
    /// Packets that are missed at once; with more, only a key frame helps.
    pub(crate) const MAX_MISSING: usize = 1000;
    /// How long to wait for an answer at least.
    const MIN_INTERVAL: Duration = Duration::from_millis(20);

    /// Takes notice of a packet.
    pub(crate) fn handle_packet(&mut self, now: Instant, sequence: u64) -> Arrival {
        let Some(highest) = self.highest else {
            self.highest = Some(sequence);
            return Arrival::New;
        };
        if sequence <= highest {
            let found = self
                .missing
                .binary_search_by_key(&sequence, |missing| missing.sequence);
            return match found {
                Ok(at) => {
                    self.missing.remove(at);
                    Arrival::Recovered
                }
                Err(_) => Arrival::Unexpected,
            };
        }
        self.highest = Some(sequence);
        let gap = highest + 1..sequence;
        if gap.end - gap.start > Self::MAX_MISSING as u64 {
            self.missing.clear();
            return Arrival::New;
        }
        let next_request = now + Self::GRACE;
        self.missing.extend(gap.map(|sequence| Missing {
            sequence,
            next_request,
            requests: 0,
        }));
        let too_many = self.missing.len().saturating_sub(Self::MAX_MISSING);
        self.missing.drain(..too_many);
        Arrival::New
    }

    /// What comes before `sequence` is of no use any more.
    pub(crate) fn forget_before(&mut self, sequence: u64) {
        let count = self
            .missing
            .partition_point(|missing| missing.sequence < sequence);
        self.missing.drain(..count);
    }

    /// How many packets are missing.
    pub(crate) fn len(&self) -> usize {
        self.missing.len()
    }

    /// The newest packet's number.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.highest
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.missing
            .iter()
            .map(|missing| missing.next_request)
            .min()
    }

    /// Adds the numbers of those to be asked for now; each is asked for again after a round trip.
    pub(crate) fn requests(&mut self, now: Instant, rtt: Duration, out: &mut Vec<u16>) {
        let interval = (rtt + rtt / 4).max(Self::MIN_INTERVAL);
        for missing in &mut self.missing {
            if missing.next_request <= now {
                missing.requests += 1;
                missing.next_request = now + interval;
                out.push(missing.sequence as u16);
            }
        }
        self.missing
            .retain(|missing| missing.requests < Self::MAX_REQUESTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(100);

    fn requests(nack: &mut NackGenerator, now: Instant) -> Vec<u16> {
        let mut out = Vec::new();
        nack.requests(now, RTT, &mut out);
        out
    }

    #[test]
    fn what_is_missing_is_asked_for_once_a_round_trip_until_it_comes() {
        let now = tidewire_netsim::start();
        let mut nack = NackGenerator::default();
        assert_eq!(nack.handle_packet(now, 65_534), Arrival::New);
        assert_eq!(nack.handle_packet(now, 65_538), Arrival::New);
        assert_eq!(requests(&mut nack, now), []);
        let later = nack.poll_timeout().unwrap();
        assert_eq!(requests(&mut nack, later), [65_535, 0, 1]);
        assert_eq!(requests(&mut nack, later), []);
        assert_eq!(nack.handle_packet(later, 65_536), Arrival::Recovered);
        assert_eq!(nack.handle_packet(later, 65_536), Arrival::Unexpected);
        assert_eq!(requests(&mut nack, later + RTT * 2), [65_535, 1]);
    }

    #[test]
    fn packets_that_overtook_each_other_are_not_asked_for() {
        let now = tidewire_netsim::start();
        let mut nack = NackGenerator::default();
        for sequence in [1, 3, 2, 4] {
            nack.handle_packet(now, sequence);
        }
        assert_eq!(nack.poll_timeout(), None);
    }

    #[test]
    fn a_packet_that_never_comes_is_given_up() {
        let mut now = tidewire_netsim::start();
        let mut nack = NackGenerator::default();
        nack.handle_packet(now, 1);
        nack.handle_packet(now, 3);
        let mut asked = 0;
        while let Some(due) = nack.poll_timeout() {
            now = due;
            asked += requests(&mut nack, now).len();
        }
        assert_eq!(asked, usize::from(NackGenerator::MAX_REQUESTS));
    }

    #[test]
    fn what_is_missing_stays_bounded() {
        let now = tidewire_netsim::start();
        let mut nack = NackGenerator::default();
        for sequence in (0..10_000).step_by(500) {
            nack.handle_packet(now, sequence);
            assert!(nack.len() <= NackGenerator::MAX_MISSING);
        }
        nack.handle_packet(now, 1 << 40);
        assert_eq!(nack.len(), 0);
    }

    #[test]
    fn what_is_of_no_use_any_more_is_forgotten() {
        let now = tidewire_netsim::start();
        let mut nack = NackGenerator::default();
        nack.handle_packet(now, 1);
        nack.handle_packet(now, 5);
        nack.forget_before(4);
        assert_eq!(requests(&mut nack, now + RTT), [4]);
    }
}
