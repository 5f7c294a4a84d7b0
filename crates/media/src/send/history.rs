//! Packets that are kept to be sent again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_rtp::Header;

use crate::extensions::{Extensions, Place};

/// A packet that waits to be sent, or was sent.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) header: Header,
    pub(crate) payload: Bytes,
    pub(crate) extensions: Extensions,
    /// Where it stands in its frame; `None` where the application made it a packet.
    pub(crate) place: Option<Place>,
    /// When it was last sent again.
    pub(crate) last_sent: Option<Instant>,
}

/// The newest packets of a stream, in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct History {
    /// From `first` on; gaps are packets that were never there.
    packets: VecDeque<Option<Stored>>,
    first: u64,
    limit: usize,
}

impl History {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            packets: VecDeque::new(),
            first: 0,
            limit,
        }
    }

    /// Keeps a packet that was sent under the extended number `sequence`.
    pub(crate) fn insert(&mut self, sequence: u64, packet: Stored) {
        if self.limit == 0 {
            return;
        }
        if self.packets.is_empty() {
            self.first = sequence;
        }
        let Some(ahead) = sequence.checked_sub(self.first) else {
            return;
        };
        if ahead >= 2 * self.limit as u64 {
            self.packets.clear();
            self.first = sequence;
        }
        let ahead = (sequence - self.first) as usize;
        if ahead >= self.packets.len() {
            self.packets.resize_with(ahead + 1, || None);
        }
        self.packets[ahead] = Some(packet);
        while self.packets.len() > self.limit {
            self.packets.pop_front();
            self.first += 1;
        }
    }

    /// The packet to be sent again, unless it has just been: an answer needs a round trip.
    pub(crate) fn resend(
        &mut self,
        now: Instant,
        sequence: u64,
        rtt: Option<Duration>,
    ) -> Option<&Stored> {
        let packet = self.get_mut(sequence)?;
        let wait = rtt.unwrap_or_default().min(Self::MAX_WAIT);
        let is_early = packet.last_sent.is_some_and(|last| last + wait > now);
        if is_early {
            return None;
        }
        packet.last_sent = Some(now);
        Some(packet)
    }

    /// The number nearest to those that are kept whose lowest 16 bits are `sequence`.
    pub(crate) fn extend(&self, sequence: u16) -> u64 {
        let newest = self.first + self.packets.len() as u64;
        crate::sequence::nearest(newest, sequence)
    }

    /// The newest packet, for padding that repairs.
    pub(crate) fn newest(&self) -> Option<u64> {
        let behind = self.packets.iter().rev().position(Option::is_some)?;
        Some(self.first + (self.packets.len() - 1 - behind) as u64)
    }

    const MAX_WAIT: Duration = Duration::from_millis(500);

    fn get_mut(&mut self, sequence: u64) -> Option<&mut Stored> {
        let at = sequence.checked_sub(self.first)?;
        self.packets.get_mut(usize::try_from(at).ok()?)?.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(number: u8) -> Stored {
        Stored {
            header: Header::default(),
            payload: Bytes::copy_from_slice(&[number]),
            extensions: Extensions::new(),
            place: None,
            last_sent: None,
        }
    }

    #[test]
    fn the_newest_packets_are_kept() {
        let now = tidewire_netsim::start();
        let mut history = History::new(4);
        for number in 0..10 {
            history.insert(65_530 + u64::from(number), packet(number));
        }
        assert!(history.resend(now, 65_535, None).is_none());
        let kept = history.resend(now, 65_536, None);
        assert_eq!(kept.map(|packet| packet.payload[0]), Some(6));
        assert_eq!(history.extend(0), 65_536);
        assert_eq!(history.newest(), Some(65_539));
    }

    #[test]
    fn a_packet_is_not_sent_twice_in_a_round_trip() {
        let (now, rtt) = (tidewire_netsim::start(), Duration::from_millis(50));
        let mut history = History::new(4);
        history.insert(1, packet(1));
        assert!(history.resend(now, 1, Some(rtt)).is_some());
        assert!(history.resend(now, 1, Some(rtt)).is_none());
        assert!(history.resend(now + rtt, 1, Some(rtt)).is_some());
    }

    #[test]
    fn a_jump_forgets_what_was_before() {
        let now = tidewire_netsim::start();
        let mut history = History::new(4);
        history.insert(1, packet(1));
        history.insert(1 << 40, packet(2));
        history.insert(3, packet(3));
        assert!(history.resend(now, 1, None).is_none());
        assert!(history.resend(now, 1 << 40, None).is_some());
        assert_eq!(history.packets.len(), 1);
    }

    #[test]
    fn a_gap_holds_nothing() {
        let now = tidewire_netsim::start();
        let mut history = History::new(8);
        history.insert(1, packet(1));
        history.insert(4, packet(4));
        assert!(history.resend(now, 2, None).is_none());
        history.insert(2, packet(2));
        assert!(history.resend(now, 2, None).is_some());
    }
}
