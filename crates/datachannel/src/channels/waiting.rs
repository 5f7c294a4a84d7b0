//! Messages on streams that have no channel yet.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::message::Ppid;

/// Streams whose messages are kept, at most.
const MAX_STREAMS: usize = 16;
/// Bytes that are kept, at most.
const MAX_BYTES: usize = 256 << 10;
/// What the bookkeeping of a message counts for, in bytes.
const MESSAGE_COST: usize = 64;

/// A negotiated channel may exist over there a moment earlier than here: what it says is kept for it,
/// within bounds.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    streams: BTreeMap<u16, VecDeque<(Ppid, Bytes)>>,
    bytes: usize,
}

impl Waiting {
    pub(super) fn holds(&self, stream: u16) -> bool {
        self.streams.contains_key(&stream)
    }

    /// Keeps a message; false when there is no room.
    pub(super) fn keep(&mut self, stream: u16, ppid: Ppid, payload: Bytes) -> bool {
        let cost = MESSAGE_COST + payload.len();
        let is_one_too_many = !self.holds(stream) && self.streams.len() == MAX_STREAMS;
        if is_one_too_many || self.bytes + cost > MAX_BYTES {
            return false;
        }
        self.bytes += cost;
        let messages = self.streams.entry(stream).or_default();
        messages.push_back((ppid, payload));
        true
    }

    /// What is kept of a stream, in order.
    pub(super) fn take(&mut self, stream: u16) -> VecDeque<(Ppid, Bytes)> {
        let messages = self.streams.remove(&stream).unwrap_or_default();
        let costs = messages
            .iter()
            .map(|(_, payload)| MESSAGE_COST + payload.len());
        self.bytes -= costs.sum::<usize>();
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_and_bytes_are_bounded_and_what_is_taken_makes_room() {
        let mut waiting = Waiting::default();
        let message = || Bytes::from_static(&[7; 1000]);
        for stream in 0..MAX_STREAMS as u16 {
            assert!(waiting.keep(stream, Ppid::BINARY, message()));
        }
        assert!(!waiting.keep(99, Ppid::BINARY, message()));
        let more = (0..10_000).take_while(|_| waiting.keep(3, Ppid::BINARY, message()));
        assert!(more.count() < MAX_BYTES / 1000);
        assert!(waiting.take(3).len() > 100);
        assert!(waiting.keep(99, Ppid::BINARY, message()));
        for stream in 0..100 {
            waiting.take(stream);
        }
        assert_eq!(waiting.bytes, 0);
    }
}
