//! Messages that wait to be sent, and the order in which streams take turns.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use crate::config::{Reliability, SendOptions};
use crate::ids::{Ppid, StreamId};
use crate::wire::Data;

/// Every stream's queue. Streams take turns message by message: the fragments of a message have
/// consecutive TSNs (RFC 9260 section 6.9), so that none can come between.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    streams: BTreeMap<u16, OutStream>,
    /// Streams with something to send, the next first.
    turns: VecDeque<u16>,
    bytes: usize,
    messages: u64,
}

#[derive(Debug, Default)]
struct OutStream {
    next_ssn: u16,
    queue: VecDeque<OutMessage>,
    bytes: usize,
    low_threshold: usize,
}

#[derive(Debug)]
struct OutMessage {
    number: u64,
    ppid: u32,
    payload: Bytes,
    begun: bool,
    ssn: u16,
    unordered: bool,
    policy: Policy,
}

/// When to give a message up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Policy {
    max_retransmits: Option<u32>,
    expires: Option<Instant>,
}

impl Policy {
    fn new(now: Instant, reliability: Reliability) -> Self {
        match reliability {
            Reliability::Reliable => Self::default(),
            Reliability::MaxRetransmits(count) => Self {
                max_retransmits: Some(count),
                expires: None,
            },
            // A lifetime that no clock reaches is endless.
            Reliability::MaxLifetime(time) => Self {
                max_retransmits: None,
                expires: now.checked_add(time),
            },
        }
    }

    pub(crate) fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Whether a chunk that was sent `transmissions` times may not be sent again.
    pub(crate) fn is_exhausted(&self, transmissions: u32) -> bool {
        self.max_retransmits
            .is_some_and(|most| transmissions > most)
    }
}

/// A part of a message, ready to get its TSN.
#[derive(Clone, Debug)]
pub(crate) struct Fragment {
    /// Names the message among all of the association.
    pub(crate) message: u64,
    pub(crate) stream: u16,
    pub(crate) ssn: u16,
    pub(crate) ppid: u32,
    pub(crate) flags: u8,
    pub(crate) payload: Bytes,
    pub(crate) policy: Policy,
}

impl SendQueue {
    /// Bytes that wait on all streams.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    pub(crate) fn push(
        &mut self,
        now: Instant,
        stream: StreamId,
        ppid: Ppid,
        payload: Bytes,
        options: SendOptions,
    ) {
        let number = self.messages;
        self.messages += 1;
        self.bytes += payload.len();
        let queue = self.streams.entry(stream.0).or_default();
        if queue.queue.is_empty() {
            self.turns.push_back(stream.0);
        }
        queue.bytes += payload.len();
        queue.queue.push_back(OutMessage {
            number,
            ppid: ppid.0,
            payload,
            begun: false,
            ssn: 0,
            unordered: options.unordered,
            policy: Policy::new(now, options.reliability),
        });
    }

    /// The next fragment, of at most `room` bytes. `expire` gets the rest, without its payload, of
    /// messages that are given up after some of their fragments were sent; `low` hears of streams
    /// that fell to their threshold.
    pub(crate) fn next_fragment(
        &mut self,
        now: Instant,
        room: usize,
        mut expire: impl FnMut(Fragment),
        mut low: impl FnMut(StreamId),
    ) -> Option<Fragment> {
        loop {
            let id = *self.turns.front()?;
            let stream = self.streams.get_mut(&id)?;
            let before = stream.bytes;
            let message = stream.queue.front_mut()?;
            let fragment = if message.policy.has_expired(now) {
                stream.bytes -= message.payload.len();
                if message.begun {
                    let rest = message.cut(usize::MAX, id, &mut stream.next_ssn);
                    expire(Fragment {
                        payload: Bytes::new(),
                        ..rest
                    });
                }
                None
            } else {
                let fragment = message.cut(room, id, &mut stream.next_ssn);
                stream.bytes -= fragment.payload.len();
                Some(fragment)
            };
            self.bytes -= before - stream.bytes;
            let is_done = fragment
                .as_ref()
                .is_none_or(|cut| cut.flags & Data::ENDS != 0);
            if is_done {
                stream.queue.pop_front();
                self.turns.pop_front();
                if !stream.queue.is_empty() {
                    self.turns.push_back(id);
                }
            }
            if before > stream.low_threshold && stream.bytes <= stream.low_threshold {
                low(StreamId(id));
            }
            if fragment.is_some() {
                return fragment;
            }
        }
    }

    /// Drops what was not sent of a message that is given up, and hands out the rest without its
    /// payload, if there is one.
    pub(crate) fn drop_rest(&mut self, stream: u16, message: u64) -> Option<Fragment> {
        let queue = self.streams.get_mut(&stream)?;
        queue
            .queue
            .front()
            .filter(|front| front.number == message)?;
        let mut dropped = queue.queue.pop_front()?;
        queue.bytes -= dropped.payload.len();
        self.bytes -= dropped.payload.len();
        let rest = dropped.cut(usize::MAX, stream, &mut queue.next_ssn);
        self.turns.retain(|turn| *turn != stream);
        if !queue.queue.is_empty() {
            self.turns.push_back(stream);
        }
        Some(Fragment {
            payload: Bytes::new(),
            ..rest
        })
    }

    /// The peer cannot skip messages: all of them are reliable.
    pub(crate) fn make_reliable(&mut self) {
        for message in self
            .streams
            .values_mut()
            .flat_map(|stream| &mut stream.queue)
        {
            message.policy = Policy::default();
        }
    }

    pub(crate) fn buffered(&self, stream: StreamId) -> usize {
        self.streams.get(&stream.0).map_or(0, |stream| stream.bytes)
    }

    pub(crate) fn set_low_threshold(&mut self, stream: StreamId, threshold: usize) {
        self.streams.entry(stream.0).or_default().low_threshold = threshold;
    }

    /// Forgets a stream: its numbering starts anew.
    pub(crate) fn reset(&mut self, stream: u16) {
        if let Some(stream) = self.streams.remove(&stream) {
            self.bytes -= stream.bytes;
        }
        self.turns.retain(|turn| *turn != stream);
    }
}

impl OutMessage {
    fn cut(&mut self, room: usize, stream: u16, next_ssn: &mut u16) -> Fragment {
        let mut flags = if self.unordered { Data::UNORDERED } else { 0 };
        if !self.begun {
            self.begun = true;
            flags |= Data::BEGINS;
            if !self.unordered {
                self.ssn = *next_ssn;
                *next_ssn = next_ssn.wrapping_add(1);
            }
        }
        let payload = if self.payload.len() <= room {
            flags |= Data::ENDS;
            std::mem::take(&mut self.payload)
        } else {
            self.payload.split_to(room)
        };
        Fragment {
            message: self.number,
            stream,
            ssn: self.ssn,
            ppid: self.ppid,
            flags,
            payload,
            policy: self.policy,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn push(queue: &mut SendQueue, stream: u16, payload: &'static [u8]) {
        let payload = Bytes::from_static(payload);
        let now = tidewire_netsim::start();
        queue.push(
            now,
            StreamId(stream),
            Ppid(51),
            payload,
            SendOptions::default(),
        );
    }

    fn all(queue: &mut SendQueue, room: usize) -> Vec<(u16, u16, u8, Bytes)> {
        let now = tidewire_netsim::start();
        std::iter::from_fn(|| queue.next_fragment(now, room, |_| {}, |_| {}))
            .map(|cut| (cut.stream, cut.ssn, cut.flags, cut.payload))
            .collect()
    }

    #[test]
    fn streams_take_turns_by_messages() {
        let mut queue = SendQueue::default();
        push(&mut queue, 1, b"aaaa");
        push(&mut queue, 1, b"bb");
        push(&mut queue, 2, b"cc");
        let both = Data::BEGINS | Data::ENDS;
        let expected = [
            (1, 0, Data::BEGINS, &b"aaa"[..]),
            (1, 0, Data::ENDS, b"a"),
            (2, 0, both, b"cc"),
            (1, 1, both, b"bb"),
        ];
        let cut = all(&mut queue, 3);
        let cut: Vec<_> = cut
            .iter()
            .map(|(a, b, c, d)| (*a, *b, *c, &d[..]))
            .collect();
        assert_eq!(cut, expected);
        assert!(queue.is_empty());
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn a_stream_that_falls_to_its_threshold_is_reported_once() {
        let mut queue = SendQueue::default();
        queue.set_low_threshold(StreamId(1), 2);
        push(&mut queue, 1, b"aaaa");
        let now = tidewire_netsim::start();
        let mut reports = Vec::new();
        for _ in 0..4 {
            queue.next_fragment(now, 1, |_| {}, |stream| reports.push(stream.0));
        }
        assert_eq!(reports, [1]);
    }

    #[test]
    fn expired_messages_are_not_sent() {
        let mut queue = SendQueue::default();
        let now = tidewire_netsim::start();
        let lifetime = Duration::from_millis(10);
        let options = SendOptions {
            unordered: false,
            reliability: Reliability::MaxLifetime(lifetime),
        };
        for _ in 0..2 {
            queue.push(
                now,
                StreamId(1),
                Ppid(51),
                Bytes::from_static(b"abcd"),
                options,
            );
        }
        push(&mut queue, 1, b"kept");
        queue
            .next_fragment(now, 2, |_| {}, |_| {})
            .expect("a first fragment");
        let mut given_up = Vec::new();
        let kept = queue.next_fragment(
            now + lifetime,
            9,
            |rest| given_up.push(rest.message),
            |_| {},
        );
        let kept = kept.expect("the reliable message");
        assert_eq!(
            (&kept.payload[..], kept.ssn),
            (&b"kept"[..], 1),
            "no number is wasted"
        );
        assert_eq!(given_up, [0], "only what was begun is worth a report");
        assert_eq!(queue.bytes(), 0);
    }
}
