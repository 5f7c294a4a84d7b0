//! Packets put back in order.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Holds packets back until those before them have come, or until they have waited long enough.
#[derive(Debug)]
pub(crate) struct ReorderBuffer<T> {
    /// From `next` on. The last one is there.
    slots: VecDeque<Option<(Instant, T)>>,
    next: Option<u64>,
    max_wait: Duration,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Inserted {
    Held,
    /// It is there already.
    Duplicate,
    /// Those after it have been released.
    Late,
}

impl<T> ReorderBuffer<T> {
    /// Packets between the first that is missing and the last that is there.
    pub(crate) const MAX_HELD: usize = 2048;

    pub(crate) fn new(max_wait: Duration) -> Self {
        Self {
            slots: VecDeque::new(),
            next: None,
            max_wait,
        }
    }

    pub(crate) fn set_max_wait(&mut self, max_wait: Duration) {
        self.max_wait = max_wait;
    }

    /// What comes before this number will not be released any more.
    pub(crate) fn next(&self) -> Option<u64> {
        self.next
    }

    /// How many packets are held.
    pub(crate) fn len(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    pub(crate) fn insert(&mut self, arrival: Instant, sequence: u64, item: T) -> Inserted {
        let next = *self.next.get_or_insert(sequence);
        let Some(ahead) = sequence.checked_sub(next) else {
            return Inserted::Late;
        };
        if ahead >= 2 * Self::MAX_HELD as u64 {
            // The stream has jumped: what is held belongs to its past.
            self.slots.clear();
            self.next = Some(sequence);
            self.slots.push_back(Some((arrival, item)));
            return Inserted::Held;
        }
        let ahead = ahead as usize;
        if ahead >= self.slots.len() {
            self.slots.resize_with(ahead + 1, || None);
        }
        let slot = &mut self.slots[ahead];
        if slot.is_some() {
            return Inserted::Duplicate;
        }
        *slot = Some((arrival, item));
        Inserted::Held
    }

    /// The next packet that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(u64, T)> {
        let is_full = self.slots.len() > Self::MAX_HELD;
        let gap = self.slots.iter().position(Option::is_some)?;
        if gap > 0 && !is_full && self.deadline(gap).is_none_or(|due| due > now) {
            return None;
        }
        self.slots.drain(..gap);
        let (_, item) = self.slots.pop_front()??;
        let sequence = self.next? + gap as u64;
        self.next = Some(sequence + 1);
        Some((sequence, item))
    }

    /// When a packet is released although one before it is missing.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let gap = self.slots.iter().position(Option::is_some)?;
        self.deadline(gap)
    }

    fn deadline(&self, at: usize) -> Option<Instant> {
        let (arrival, _) = self.slots.get(at)?.as_ref()?;
        Some(*arrival + self.max_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(100);

    fn drain(buffer: &mut ReorderBuffer<u64>, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| buffer.pop(now))
            .map(|(sequence, item)| {
                assert_eq!(sequence, item);
                item
            })
            .collect()
    }

    #[test]
    fn packets_leave_in_order() {
        let now = tidewire_netsim::start();
        let mut buffer = ReorderBuffer::new(WAIT);
        for sequence in [10, 12, 13, 11] {
            assert_eq!(buffer.insert(now, sequence, sequence), Inserted::Held);
        }
        assert_eq!(drain(&mut buffer, now), [10, 11, 12, 13]);
        assert_eq!(buffer.insert(now, 13, 13), Inserted::Late);
        assert_eq!(buffer.poll_timeout(), None);
    }

    #[test]
    fn a_gap_is_waited_for_until_the_deadline() {
        let now = tidewire_netsim::start();
        let mut buffer = ReorderBuffer::new(WAIT);
        buffer.insert(now, 10, 10);
        assert_eq!(drain(&mut buffer, now), [10]);
        buffer.insert(now, 12, 12);
        assert_eq!(buffer.insert(now, 12, 12), Inserted::Duplicate);
        assert_eq!(drain(&mut buffer, now), []);
        assert_eq!(buffer.poll_timeout(), Some(now + WAIT));
        assert_eq!(drain(&mut buffer, now + WAIT), [12]);
        assert_eq!(buffer.insert(now, 11, 11), Inserted::Late);
    }

    #[test]
    fn a_long_gap_is_given_up_when_too_much_waits_behind_it() {
        let now = tidewire_netsim::start();
        let mut buffer = ReorderBuffer::new(WAIT);
        buffer.insert(now, 0, 0);
        assert_eq!(drain(&mut buffer, now), [0]);
        let held = ReorderBuffer::<u64>::MAX_HELD as u64;
        for sequence in 2..=held {
            buffer.insert(now, sequence, sequence);
            assert_eq!(buffer.pop(now), None);
        }
        buffer.insert(now, held + 1, held + 1);
        assert_eq!(drain(&mut buffer, now).len() as u64, held);
    }

    #[test]
    fn a_jump_begins_anew() {
        let now = tidewire_netsim::start();
        let mut buffer = ReorderBuffer::new(WAIT);
        buffer.insert(now, 5, 5);
        buffer.insert(now, 1 << 40, 1 << 40);
        assert_eq!(drain(&mut buffer, now), [1 << 40]);
        assert_eq!(buffer.len(), 0);
    }
}
