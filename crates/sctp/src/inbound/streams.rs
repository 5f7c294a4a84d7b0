//! Messages in the order of their streams, until the application takes them.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::reassembly::Whole;
use crate::ids::{Ppid, StreamId, ssn_is_after};

/// What the bookkeeping of a message counts for, in bytes, on top of its payload.
const MESSAGE_COST: usize = 64;

/// A message that was received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// What it is, in the words of whoever sent it.
    pub ppid: Ppid,
    /// Its content.
    pub payload: Bytes,
}

impl Message {
    fn cost(&self) -> usize {
        MESSAGE_COST + self.payload.len()
    }
}

/// The receiving side of every stream that has been used.
#[derive(Debug, Default)]
pub(crate) struct InStreams {
    streams: BTreeMap<u16, InStream>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct InStream {
    next_ssn: u16,
    /// Ordered messages that wait for an earlier one, by their numbers.
    waiting: BTreeMap<u16, Message>,
    ready: VecDeque<Message>,
    /// The application knows that there is something to read.
    announced: bool,
}

impl InStreams {
    /// Bytes that messages hold until they are taken.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a message; answers whether its stream is to be announced.
    pub(crate) fn insert(&mut self, whole: Whole) -> bool {
        let stream = self.streams.entry(whole.head.stream).or_default();
        let message = Message {
            ppid: Ppid(whole.head.ppid),
            payload: whole.payload,
        };
        if whole.head.unordered {
            self.bytes += message.cost();
            stream.ready.push_back(message);
        } else if whole.head.ssn == stream.next_ssn {
            self.bytes += message.cost();
            stream.ready.push_back(message);
            stream.next_ssn = stream.next_ssn.wrapping_add(1);
            stream.release();
        } else if ssn_is_after(whole.head.ssn, stream.next_ssn) {
            self.bytes += message.cost();
            if let Some(replaced) = stream.waiting.insert(whole.head.ssn, message) {
                self.bytes -= replaced.cost();
            }
        }
        // What is left was skipped over or repeats what was delivered.
        stream.announce()
    }

    /// Skips ordered messages up to `ssn` (RFC 3758 section 3.6); answers whether the stream is to
    /// be announced.
    pub(crate) fn skip(&mut self, stream: u16, ssn: u16) -> bool {
        let stream = self.streams.entry(stream).or_default();
        while !ssn_is_after(stream.next_ssn, ssn) {
            // Those that came whole are delivered all the same.
            match stream.first_waiting() {
                Some(first) if !ssn_is_after(first, ssn) => {
                    stream.next_ssn = first;
                    stream.release();
                }
                _ => stream.next_ssn = ssn.wrapping_add(1),
            }
        }
        stream.release();
        stream.announce()
    }

    /// The next message of a stream.
    pub(crate) fn take(&mut self, stream: StreamId) -> Option<Message> {
        let stream = self.streams.get_mut(&stream.0)?;
        let message = stream.ready.pop_front();
        if stream.ready.is_empty() {
            stream.announced = false;
        }
        let message = message?;
        self.bytes -= message.cost();
        Some(message)
    }

    /// What the next message of a stream is.
    pub(crate) fn peek_ppid(&self, stream: StreamId) -> Option<Ppid> {
        self.streams
            .get(&stream.0)?
            .ready
            .front()
            .map(|message| message.ppid)
    }

    /// Starts a stream's numbering anew. What is whole can still be read.
    pub(crate) fn reset(&mut self, stream: u16) {
        if let Some(stream) = self.streams.get_mut(&stream) {
            stream.next_ssn = 0;
            let dropped = std::mem::take(&mut stream.waiting);
            self.bytes -= dropped.values().map(Message::cost).sum::<usize>();
        }
        let is_idle = |stream: &InStream| stream.next_ssn == 0 && stream.ready.is_empty();
        if self.streams.get(&stream).is_some_and(is_idle) {
            self.streams.remove(&stream);
        }
    }

    /// Every stream that has been used.
    pub(crate) fn used(&self) -> Vec<u16> {
        self.streams.keys().copied().collect()
    }
}

impl InStream {
    /// Moves what is in order now to what can be read.
    fn release(&mut self) {
        while let Some(message) = self.waiting.remove(&self.next_ssn) {
            self.ready.push_back(message);
            self.next_ssn = self.next_ssn.wrapping_add(1);
        }
    }

    fn first_waiting(&self) -> Option<u16> {
        let next = self.next_ssn;
        // Numbers wrap: those from the next one on come first.
        self.waiting
            .range(next..)
            .chain(self.waiting.range(..next))
            .next()
            .map(|(ssn, _)| *ssn)
    }

    fn announce(&mut self) -> bool {
        let is_news = !self.ready.is_empty() && !self.announced;
        self.announced |= is_news;
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::reassembly::Head;

    fn message(ssn: u16, unordered: bool) -> Whole {
        let payload = Bytes::copy_from_slice(&ssn.to_be_bytes());
        Whole {
            head: Head {
                stream: 1,
                ssn,
                ppid: 51,
                unordered,
            },
            payload,
        }
    }

    fn numbers(streams: &mut InStreams) -> Vec<u16> {
        std::iter::from_fn(|| streams.take(StreamId(1)))
            .map(|message| u16::from_be_bytes([message.payload[0], message.payload[1]]))
            .collect()
    }

    #[test]
    fn ordered_messages_wait_for_earlier_ones() {
        let mut streams = InStreams::default();
        assert!(!streams.insert(message(1, false)));
        assert!(streams.insert(message(0, false)));
        assert!(
            !streams.insert(message(2, false)),
            "announced once until read"
        );
        assert_eq!(numbers(&mut streams), [0, 1, 2]);
        assert_eq!(streams.bytes(), 0);
        assert!(streams.insert(message(3, false)), "announced again");
    }

    #[test]
    fn unordered_messages_wait_for_nothing() {
        let mut streams = InStreams::default();
        assert!(streams.insert(message(7, true)));
        assert!(!streams.insert(message(1, false)));
        assert_eq!(numbers(&mut streams), [7]);
    }

    #[test]
    fn skipped_messages_let_later_ones_through() {
        let mut streams = InStreams::default();
        streams.insert(message(2, false));
        streams.insert(message(5, false));
        assert!(streams.skip(1, 3));
        assert_eq!(numbers(&mut streams), [2], "what came whole is not lost");
        assert!(streams.skip(1, 4));
        assert_eq!(numbers(&mut streams), [5]);
        streams.insert(message(3, false));
        assert_eq!(numbers(&mut streams), [], "it was skipped");
        assert_eq!(streams.bytes(), 0);
    }

    #[test]
    fn numbering_wraps_around() {
        let mut streams = InStreams::default();
        assert!(!streams.skip(1, 20_000) && !streams.skip(1, 40_000));
        assert!(!streams.skip(1, u16::MAX - 1));
        streams.insert(message(0, false));
        streams.insert(message(u16::MAX, false));
        assert_eq!(numbers(&mut streams), [u16::MAX, 0]);
    }

    #[test]
    fn a_reset_stream_starts_over() {
        let mut streams = InStreams::default();
        streams.insert(message(0, false));
        streams.insert(message(9, false));
        streams.reset(1);
        assert_eq!(
            numbers(&mut streams),
            [0],
            "what is whole can still be read"
        );
        streams.insert(message(0, false));
        assert_eq!(numbers(&mut streams), [0]);
        assert_eq!(streams.bytes(), 0);
    }
}
