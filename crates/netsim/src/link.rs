//! One direction of a path.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::{Rng as _, SeedableRng as _};

use crate::config::LinkConfig;

/// Carries datagrams one way, as its configuration and its seed say.
#[derive(Debug)]
pub struct Link {
    config: LinkConfig,
    rng: ChaCha8Rng,
    /// The burst model is in its bad state.
    is_bad: bool,
    /// When the last datagram will have left the bottleneck.
    busy_until: Option<Instant>,
    /// What waits before the bottleneck: when it leaves, and its length.
    queue: VecDeque<(Instant, usize)>,
    queued_bytes: usize,
    /// When the last datagram that keeps its order arrives.
    last_arrival: Option<Instant>,
    /// On the way, the earliest first; the number keeps the order among equals.
    in_flight: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    sent: u64,
    stats: LinkStats,
}

/// What a link has done so far, in datagrams.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LinkStats {
    /// Handed to the link.
    pub sent: u64,
    /// Handed out by the link, duplicates included.
    pub delivered: u64,
    /// Lost by chance, alone or in bursts.
    pub lost: u64,
    /// Lost because the queue was full.
    pub overflowed: u64,
    /// Lost because they were longer than the MTU.
    pub too_long: u64,
    /// Sent to arrive late.
    pub reordered: u64,
    /// Sent twice.
    pub duplicated: u64,
    /// Sent with flipped bits.
    pub corrupted: u64,
}

impl Link {
    /// A link whose fortune is `seed`'s.
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            config,
            rng: ChaCha8Rng::seed_from_u64(seed),
            is_bad: false,
            busy_until: None,
            queue: VecDeque::new(),
            queued_bytes: 0,
            last_arrival: None,
            in_flight: BinaryHeap::new(),
            sent: 0,
            stats: LinkStats::default(),
        }
    }

    /// Changes what happens to datagrams sent from now on.
    pub fn set_config(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// What the link does.
    pub fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// What the link has done.
    pub fn stats(&self) -> LinkStats {
        self.stats
    }

    /// Sends a datagram.
    pub fn send(&mut self, now: Instant, mut datagram: Vec<u8>) {
        self.stats.sent += 1;
        if datagram.len() > self.config.mtu {
            self.stats.too_long += 1;
            return;
        }
        // Every decision is drawn whether it counts or not, so that one setting does not change
        // what another one hits.
        let lost = self.chance(self.config.loss) | self.is_in_burst();
        let reordered = self.chance(self.config.reordering);
        let duplicated = self.chance(self.config.duplication);
        let corrupted = self.chance(self.config.corruption);
        if lost {
            self.stats.lost += 1;
            return;
        }
        let Some(departure) = self.pass_bottleneck(now, datagram.len()) else {
            self.stats.overflowed += 1;
            return;
        };
        if corrupted && !datagram.is_empty() {
            self.stats.corrupted += 1;
            self.corrupt(&mut datagram);
        }
        if duplicated {
            self.stats.duplicated += 1;
            let arrival = self.late_arrival(departure);
            self.put_in_flight(arrival, datagram.clone());
        }
        let arrival = if reordered {
            self.stats.reordered += 1;
            self.late_arrival(departure)
        } else {
            self.arrival_in_order(departure)
        };
        self.put_in_flight(arrival, datagram);
    }

    /// The next datagram that has arrived by `now`.
    pub fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.poll_timeout().filter(|arrival| *arrival <= now)?;
        let Reverse((_, _, datagram)) = self.in_flight.pop()?;
        self.stats.delivered += 1;
        Some(datagram)
    }

    /// When the next datagram arrives.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.in_flight.peek().map(|Reverse((arrival, ..))| *arrival)
    }

    fn chance(&mut self, probability: f64) -> bool {
        f64::from(self.rng.next_u32()) < probability * (f64::from(u32::MAX) + 1.0)
    }

    fn is_in_burst(&mut self) -> bool {
        let Some(burst) = self.config.burst_loss else {
            return false;
        };
        let turns = if self.is_bad { burst.end } else { burst.begin };
        self.is_bad ^= self.chance(turns);
        self.chance(burst.loss) && self.is_bad
    }

    /// When a datagram has left the bottleneck; `None` when the queue before it is full.
    fn pass_bottleneck(&mut self, now: Instant, len: usize) -> Option<Instant> {
        let Some(bandwidth) = self.config.bandwidth else {
            return Some(now);
        };
        while let Some((leaves, left)) = self.queue.front().copied()
            && leaves <= now
        {
            self.queue.pop_front();
            self.queued_bytes -= left;
        }
        if self.queued_bytes + len > self.config.queue {
            return None;
        }
        let start = self.busy_until.map_or(now, |busy| busy.max(now));
        let leaves = start + Duration::from_secs_f64(len as f64 / bandwidth.max(1) as f64);
        self.busy_until = Some(leaves);
        self.queue.push_back((leaves, len));
        self.queued_bytes += len;
        Some(leaves)
    }

    fn arrival_in_order(&mut self, departure: Instant) -> Instant {
        let jitter = self.up_to(self.config.jitter);
        let arrival = departure + self.config.delay + jitter;
        let arrival = self.last_arrival.map_or(arrival, |last| last.max(arrival));
        self.last_arrival = Some(arrival);
        arrival
    }

    fn late_arrival(&mut self, departure: Instant) -> Instant {
        let lateness = self.up_to(self.config.jitter + self.config.reordering_delay);
        departure + self.config.delay + lateness
    }

    fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(f64::from(self.rng.next_u32()) / f64::from(u32::MAX))
    }

    fn corrupt(&mut self, datagram: &mut [u8]) {
        for _ in 0..=self.rng.next_u32() % 3 {
            let bit = self.rng.next_u64() % (datagram.len() as u64 * 8);
            datagram[(bit / 8) as usize] ^= 1 << (bit % 8);
        }
    }

    fn put_in_flight(&mut self, arrival: Instant, datagram: Vec<u8>) {
        self.sent += 1;
        self.in_flight.push(Reverse((arrival, self.sent, datagram)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BurstLoss;
    use crate::start;

    const MANY: u16 = 10_000;

    /// Sends numbered datagrams, one a millisecond, and returns what arrives in its order.
    fn pass(config: LinkConfig, seed: u64) -> (Vec<Vec<u8>>, LinkStats) {
        let mut link = Link::new(config, seed);
        for number in 0..MANY {
            let now = start() + Duration::from_millis(number.into());
            link.send(now, [&number.to_be_bytes()[..], &[0; 98]].concat());
        }
        let end = start() + Duration::from_secs(3600);
        let arrived = std::iter::from_fn(|| link.receive(end)).collect();
        (arrived, link.stats())
    }

    fn numbers(arrived: &[Vec<u8>]) -> Vec<u16> {
        arrived
            .iter()
            .map(|datagram| u16::from_be_bytes([datagram[0], datagram[1]]))
            .collect()
    }

    fn is_about(count: u64, share: f64) -> bool {
        let expected = share * f64::from(MANY);
        (count as f64) > 0.8 * expected && (count as f64) < 1.2 * expected
    }

    #[test]
    fn a_perfect_link_delivers_everything_at_once_and_in_order() {
        let (arrived, stats) = pass(LinkConfig::default(), 1);
        assert_eq!(numbers(&arrived), (0..MANY).collect::<Vec<_>>());
        assert_eq!(stats.delivered, u64::from(MANY));
        let mut link = Link::new(LinkConfig::default(), 1);
        link.send(start(), vec![1]);
        assert_eq!(link.receive(start()), Some(vec![1]));
        assert_eq!((link.receive(start()), link.poll_timeout()), (None, None));
    }

    #[test]
    fn a_datagram_is_not_there_before_its_delay_has_passed() {
        let delay = Duration::from_millis(50);
        let mut link = Link::new(
            LinkConfig {
                delay,
                ..LinkConfig::default()
            },
            1,
        );
        link.send(start(), vec![1]);
        assert_eq!(
            link.receive(start() + delay - Duration::from_nanos(1)),
            None
        );
        assert_eq!(link.receive(start() + delay), Some(vec![1]));
    }

    #[test]
    fn losses_are_as_frequent_as_asked() {
        let (arrived, stats) = pass(
            LinkConfig {
                loss: 0.1,
                ..LinkConfig::default()
            },
            2,
        );
        assert!(is_about(stats.lost, 0.1), "{stats:?}");
        assert_eq!(arrived.len() as u64 + stats.lost, u64::from(MANY));
    }

    #[test]
    fn bursts_lose_neighbours() {
        let burst_loss = Some(BurstLoss {
            begin: 0.01,
            end: 0.1,
            loss: 1.0,
        });
        let (arrived, stats) = pass(
            LinkConfig {
                burst_loss,
                ..LinkConfig::default()
            },
            3,
        );
        let numbers = numbers(&arrived);
        let gaps = numbers
            .windows(2)
            .filter(|pair| pair[1] != pair[0] + 1)
            .count() as u64;
        assert!(
            gaps > 0 && stats.lost > 5 * gaps,
            "{} losses in {gaps} gaps",
            stats.lost
        );
    }

    #[test]
    fn jitter_alone_keeps_the_order() {
        let jitter = Duration::from_millis(30);
        let (arrived, _) = pass(
            LinkConfig {
                jitter,
                ..LinkConfig::default()
            },
            4,
        );
        assert!(numbers(&arrived).is_sorted());
    }

    #[test]
    fn reordered_datagrams_are_overtaken() {
        let (arrived, stats) = pass(
            LinkConfig {
                reordering: 0.05,
                ..LinkConfig::default()
            },
            5,
        );
        assert!(is_about(stats.reordered, 0.05), "{stats:?}");
        assert!(!numbers(&arrived).is_sorted());
        assert_eq!(arrived.len(), usize::from(MANY));
    }

    #[test]
    fn duplicated_datagrams_arrive_twice() {
        let (arrived, stats) = pass(
            LinkConfig {
                duplication: 0.05,
                ..LinkConfig::default()
            },
            6,
        );
        assert!(is_about(stats.duplicated, 0.05), "{stats:?}");
        assert_eq!(arrived.len() as u64, u64::from(MANY) + stats.duplicated);
    }

    #[test]
    fn corrupted_datagrams_differ_in_a_few_bits() {
        let (arrived, stats) = pass(
            LinkConfig {
                corruption: 0.05,
                ..LinkConfig::default()
            },
            7,
        );
        let damaged = arrived.iter().enumerate().filter(|(number, datagram)| {
            let sent = [&(*number as u16).to_be_bytes()[..], &[0; 98]].concat();
            let bits: u32 = sent
                .iter()
                .zip(*datagram)
                .map(|(a, b)| (a ^ b).count_ones())
                .sum();
            assert!(bits <= 3, "{bits} bits");
            bits > 0
        });
        // Flipping the same bit twice undoes it, rarely.
        assert!(stats.corrupted.abs_diff(damaged.count() as u64) <= 3);
        assert!(is_about(stats.corrupted, 0.05), "{stats:?}");
    }

    #[test]
    fn a_bottleneck_spaces_datagrams_and_drops_what_its_queue_cannot_hold() {
        let config = LinkConfig {
            bandwidth: Some(100_000),
            queue: 300,
            ..LinkConfig::default()
        };
        let mut link = Link::new(config, 8);
        for _ in 0..4 {
            link.send(start(), vec![0; 100]);
        }
        assert_eq!(link.stats().overflowed, 1);
        for count in 1..=3 {
            let arrival = start() + Duration::from_millis(count);
            assert_eq!(link.poll_timeout(), Some(arrival));
            assert!(link.receive(arrival).is_some());
        }
        link.send(start() + Duration::from_millis(3), vec![0; 100]);
        assert_eq!(link.stats().overflowed, 1, "the queue has emptied");
    }

    #[test]
    fn what_is_longer_than_the_mtu_is_lost() {
        let mut link = Link::new(
            LinkConfig {
                mtu: 1200,
                ..LinkConfig::default()
            },
            9,
        );
        link.send(start(), vec![0; 1201]);
        link.send(start(), vec![0; 1200]);
        assert_eq!(
            link.receive(start()).map(|datagram| datagram.len()),
            Some(1200)
        );
        assert_eq!(link.stats().too_long, 1);
    }

    #[test]
    fn the_same_seed_has_the_same_fortune() {
        let config = LinkConfig {
            loss: 0.1,
            reordering: 0.1,
            duplication: 0.1,
            corruption: 0.1,
            jitter: Duration::from_millis(10),
            ..LinkConfig::default()
        };
        assert_eq!(pass(config.clone(), 10), pass(config.clone(), 10));
        assert_ne!(pass(config.clone(), 10), pass(config, 11));
    }
}
