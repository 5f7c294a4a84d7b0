//! One pace for all that a transport sends.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What goes first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Class {
    /// Little, and the ear notices; it does not wait for the pace.
    Audio,
    /// What somebody waits for.
    Retransmission,
    Video,
}

/// Holds packets back, so that they leave evenly: those of a large frame would overflow a queue on the
/// way.
#[derive(Debug)]
pub(crate) struct Pacer<T> {
    /// With each, since when it waits.
    queues: [VecDeque<(Instant, T)>; 3],
    /// When what has been sent is paid for.
    paid: Instant,
    dropped: u64,
}

impl<T> Pacer<T> {
    /// Packets that wait; a sender that is that far behind drops the newest.
    const MAX_WAITING: usize = 8192;
    /// What may leave at once after a pause: timers are not exact.
    const BURST: Duration = Duration::from_millis(5);

    pub(crate) fn new(now: Instant) -> Self {
        Self {
            queues: [const { VecDeque::new() }; 3],
            paid: now,
            dropped: 0,
        }
    }

    /// Adds a packet; `false` when too many wait.
    pub(crate) fn push(&mut self, now: Instant, class: Class, item: T) -> bool {
        let queue = &mut self.queues[class as usize];
        let has_room = queue.len() < Self::MAX_WAITING;
        if has_room {
            queue.push_back((now, item));
        } else {
            self.dropped += 1;
        }
        has_room
    }

    /// The next packet that may leave, and how long it has waited.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Duration, T)> {
        let may_leave = self.paid <= now + Self::BURST;
        let [audio, rest @ ..] = &mut self.queues;
        let next = audio.pop_front().or_else(|| {
            let mut rest = rest.iter_mut().filter(|_| may_leave);
            rest.find_map(VecDeque::pop_front)
        });
        next.map(|(since, item)| (now.saturating_duration_since(since), item))
    }

    /// Takes notice that `len` bytes left, at `bitrate` bits a second.
    pub(crate) fn handle_sent(&mut self, now: Instant, len: usize, bitrate: u64) {
        let nanoseconds = (len as u64 * 8).saturating_mul(1_000_000_000) / bitrate.max(1);
        self.paid = self.paid.max(now) + Duration::from_nanos(nanoseconds);
    }

    /// When the next packet may leave, if one waits.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let [audio, rest @ ..] = &self.queues;
        if !audio.is_empty() {
            return Some(now);
        }
        let waits = rest.iter().any(|queue| !queue.is_empty());
        waits.then(|| now.max(self.paid - Self::BURST))
    }

    /// Whether nothing waits and what was sent is paid for.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.queues.iter().all(VecDeque::is_empty) && self.paid <= now
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    /// How many found no room.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        for queue in &mut self.queues {
            queue.retain(|(_, item)| keep(item));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_goes_first_and_retransmissions_before_video() {
        let now = tidewire_netsim::start();
        let mut pacer = Pacer::new(now);
        pacer.push(now, Class::Video, 3);
        pacer.push(now, Class::Retransmission, 2);
        pacer.push(now, Class::Audio, 1);
        let order: Vec<_> = std::iter::from_fn(|| pacer.pop(now))
            .map(|(_, item)| item)
            .collect();
        assert_eq!(order, [1, 2, 3]);
    }

    #[test]
    fn video_leaves_at_the_pace_and_audio_at_once() {
        let start = tidewire_netsim::start();
        let mut pacer = Pacer::new(start);
        let mut now = start;
        for number in 0..1000 {
            pacer.push(now, Class::Video, number);
        }
        let mut sent = 0;
        while let Some(due) = pacer.poll_timeout(now) {
            now = due;
            assert!(pacer.pop(now).is_some());
            // A packet of 1000 bytes a millisecond.
            pacer.handle_sent(now, 1000, 8_000_000);
            sent += 1;
            if sent == 500 {
                pacer.push(now, Class::Audio, 0);
                assert_eq!(pacer.poll_timeout(now), Some(now));
                assert_eq!(pacer.pop(now), Some((Duration::ZERO, 0)));
            }
        }
        let took = now - start;
        let expected = Duration::from_millis(1000);
        assert!(
            took.abs_diff(expected) <= Duration::from_millis(10),
            "{took:?}"
        );
    }

    #[test]
    fn a_pause_saves_up_no_more_than_a_burst() {
        let start = tidewire_netsim::start();
        let mut pacer = Pacer::new(start);
        let now = start + Duration::from_secs(10);
        for number in 0..100 {
            pacer.push(now, Class::Video, number);
        }
        let mut sent = 0;
        while pacer.pop(now).is_some() {
            pacer.handle_sent(now, 1000, 8_000_000);
            sent += 1;
        }
        assert_eq!(sent, 6);
    }

    #[test]
    fn what_waits_stays_bounded() {
        let now = tidewire_netsim::start();
        let mut pacer = Pacer::new(now);
        for number in 0..10_000 {
            pacer.push(now, Class::Video, number);
        }
        assert_eq!(pacer.len(), Pacer::<i32>::MAX_WAITING);
        assert_eq!(pacer.dropped(), 10_000 - 8192);
    }
}
