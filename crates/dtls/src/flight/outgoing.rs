//! The flight under way.

use std::ops::Range;

use super::MESSAGE_HEADER_LEN;
use crate::record::{Epoch, MAX_CONTENT_LEN, Outbound, RecordNumber, RecordOverhead};
use crate::wire::{ContentType, HandshakeType};

/// The smallest datagram that fragments are made for.
const MIN_DATAGRAM: usize = 128;
/// The largest: its records fit what a record may hold.
const MAX_DATAGRAM: usize = MAX_CONTENT_LEN;
/// A fragment shorter than this is worth no record of its own at the end of a datagram.
const MIN_FRAGMENT: usize = 32;
/// How many records are remembered until they are acknowledged. A flight of 16 KiB in the smallest
/// datagrams takes half of it.
const MAX_SENT: usize = 512;

/// The latest flight of messages, kept to be sent again.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    items: Vec<Item>,
    cursor: Cursor,
    /// The number of the peer's message that this flight answers.
    answers: Option<u16>,
    /// Whether neither an answer nor an acknowledgement is to come, so that it is repeated only when
    /// the peer repeats its own.
    is_last: bool,
    generation: u32,
    /// Which record held what, for acknowledgements.
    sent: Vec<Sent>,
    /// Whether it has been written before.
    is_repeated: bool,
}

#[derive(Debug)]
enum Item {
    Message {
        epoch: Epoch,
        kind: HandshakeType,
        sequence: u16,
        body: Vec<u8>,
        /// What the peer has, disjoint and sorted; the end of all of it tells an empty body apart.
        acknowledged: Vec<Range<usize>>,
    },
    ChangeCipherSpec,
}

#[derive(Debug)]
struct Sent {
    number: RecordNumber,
    item: usize,
    range: Range<usize>,
}

/// How much has been written: whole items, and bytes of the item after them.
#[derive(Debug, Default)]
struct Cursor {
    item: usize,
    offset: usize,
}

impl Flight {
    /// Forgets the flight before, for one that answers the peer's message number `answers`.
    pub(crate) fn begin(&mut self, answers: Option<u16>) {
        *self = Self {
            answers,
            generation: self.generation.wrapping_add(1),
            ..Self::default()
        };
    }

    /// Nothing is to come that would say that it has arrived.
    pub(crate) fn set_last(&mut self) {
        self.is_last = true;
    }

    pub(crate) fn push_message(
        &mut self,
        epoch: Epoch,
        kind: HandshakeType,
        sequence: u16,
        body: Vec<u8>,
    ) {
        self.items.push(Item::Message {
            epoch,
            kind,
            sequence,
            body,
            acknowledged: Vec::new(),
        });
    }

    pub(crate) fn push_change_cipher_spec(&mut self) {
        self.items.push(Item::ChangeCipherSpec);
    }

    /// Whether a message that comes again says that the peer did not get this flight.
    pub(crate) fn is_answer_to(&self, sequence: u16) -> bool {
        self.answers == Some(sequence)
    }

    /// A number that tells this flight from the ones before.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// Whether there is nothing that the peer may not have got.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether it waits for an answer or an acknowledgement.
    pub(crate) fn is_awaiting(&self) -> bool {
        !self.is_last && !self.items.is_empty()
    }

    /// Whether all of it is written.
    pub(crate) fn is_sent(&self) -> bool {
        self.cursor.item == self.items.len()
    }

    /// Writes once more what is not acknowledged.
    pub(crate) fn restart(&mut self) {
        self.cursor = Cursor::default();
        self.is_repeated = true;
        self.skip_acknowledged();
    }

    pub(crate) fn clear(&mut self) {
        self.begin(None);
    }

    /// The peer has got these records. Whether that was news.
    pub(crate) fn acknowledge(&mut self, number: RecordNumber) -> bool {
        let mut is_news = false;
        // One record holds one fragment.
        let found = self.sent.iter().position(|sent| sent.number == number);
        if let Some(index) = found {
            let sent = self.sent.swap_remove(index);
            if let Some(Item::Message { acknowledged, .. }) = self.items.get_mut(sent.item) {
                is_news = insert(acknowledged, sent.range);
            }
        }
        is_news
    }

    /// Whether the peer has got all of it. Never so of a flight with ChangeCipherSpec, which nobody
    /// acknowledges.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.items.iter().all(Item::is_acknowledged)
    }

    fn skip_acknowledged(&mut self) {
        while let Some(item) = self.items.get(self.cursor.item) {
            match item.next_missing(self.cursor.offset) {
                Some(offset) => {
                    self.cursor.offset = offset;
                    return;
                }
                None => {
                    self.cursor = Cursor {
                        item: self.cursor.item + 1,
                        offset: 0,
                    };
                }
            }
        }
    }

    /// Appends as many records as fit a datagram of `limit` bytes; at least one if there is one.
    /// Answers how many of them were written before.
    pub(crate) fn write_datagram(
        &mut self,
        outbound: &mut Outbound,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> u64 {
        let end = out.len() + limit.clamp(MIN_DATAGRAM, MAX_DATAGRAM);
        let start = out.len();
        let mut repeated = 0;
        while let Some(item) = self.items.get(self.cursor.item) {
            let room = end.saturating_sub(out.len());
            let is_first = out.len() == start;
            let Some(written) = self.cursor.write(item, outbound, room, is_first, out) else {
                break;
            };
            repeated += u64::from(self.is_repeated);
            if let Some(sent) = written {
                self.cursor.offset = sent.range.end;
                if sent.range.end == item.len() {
                    self.cursor = Cursor {
                        item: self.cursor.item + 1,
                        offset: 0,
                    };
                }
                if self.sent.len() == MAX_SENT {
                    self.sent.remove(0);
                }
                self.sent.push(sent);
            } else {
                self.cursor.item += 1;
            }
            self.skip_acknowledged();
        }
        repeated
    }
}

impl Item {
    fn len(&self) -> usize {
        match self {
            Self::Message { body, .. } => body.len(),
            Self::ChangeCipherSpec => 0,
        }
    }

    fn is_acknowledged(&self) -> bool {
        match self {
            Self::Message {
                acknowledged, body, ..
            } => acknowledged.as_slice() == std::slice::from_ref(&(0..body.len())),
            Self::ChangeCipherSpec => false,
        }
    }

    /// The first byte at or after `offset` that the peer may not have; `None` if there is none.
    fn next_missing(&self, offset: usize) -> Option<usize> {
        let Self::Message {
            acknowledged, body, ..
        } = self
        else {
            return Some(0);
        };
        let mut offset = offset;
        for range in acknowledged {
            if range.contains(&offset) || (range.is_empty() && body.is_empty()) {
                offset = range.end;
            }
        }
        let is_missing = offset < body.len() || (body.is_empty() && acknowledged.is_empty());
        is_missing.then_some(offset)
    }
}

impl Cursor {
    /// Writes one record, and answers what part of which message it holds, if of any; `None` if it
    /// does not fit.
    fn write(
        &self,
        item: &Item,
        outbound: &mut Outbound,
        room: usize,
        is_first: bool,
        out: &mut Vec<u8>,
    ) -> Option<Option<Sent>> {
        match item {
            Item::ChangeCipherSpec if room <= RecordOverhead::CLEAR.header => None,
            Item::ChangeCipherSpec => {
                let kind = ContentType::CHANGE_CIPHER_SPEC;
                // Epoch 0 has no keys that could run out.
                let _ = outbound.write(Epoch::CLEAR, kind, out, |out| out.u8(1));
                Some(None)
            }
            Item::Message {
                epoch,
                kind,
                sequence,
                body,
                acknowledged,
            } => {
                let record = outbound.overhead(*epoch);
                let overhead = record.header + record.trailer + MESSAGE_HEADER_LEN;
                let end = acknowledged
                    .iter()
                    .find(|range| range.start >= self.offset)
                    .map_or(body.len(), |range| range.start);
                let left = end - self.offset;
                let limit = match *epoch {
                    Epoch::CLEAR => MAX_CONTENT_LEN,
                    _ => outbound.limit(),
                };
                let available = room
                    .saturating_sub(overhead)
                    .min(limit - MESSAGE_HEADER_LEN);
                if room < overhead || (!is_first && available < left.min(MIN_FRAGMENT)) {
                    return None;
                }
                let range = self.offset..self.offset + left.min(available);
                let total = body.len() as u32;
                let fragment = &body[range.clone()];
                let written = outbound.write(*epoch, ContentType::HANDSHAKE, out, |out| {
                    out.u8(kind.0);
                    out.u24(total);
                    out.u16(*sequence);
                    out.u24(range.start as u32);
                    out.u24(fragment.len() as u32);
                    out.bytes(fragment);
                });
                debug_assert!(written.is_ok(), "a flight is written under installed keys");
                Some(Some(Sent {
                    // Keys that are worn out write nothing; the peer then acknowledges nothing.
                    number: written.unwrap_or(RecordNumber {
                        epoch: Epoch::CLEAR,
                        sequence: u64::MAX,
                    }),
                    item: self.item,
                    range,
                }))
            }
        }
    }
}

/// Joins `range` with the others. Whether it added anything.
fn insert(ranges: &mut Vec<Range<usize>>, range: Range<usize>) -> bool {
    let is_known = |known: &Range<usize>| known.start <= range.start && range.end <= known.end;
    if ranges.iter().any(is_known) {
        return false;
    }
    let first = ranges.partition_point(|known| known.end < range.start);
    let last = ranges.partition_point(|known| known.start <= range.end);
    let mut joined = range;
    if first < last {
        joined.start = joined.start.min(ranges[first].start);
        joined.end = joined.end.max(ranges[last - 1].end);
    }
    ranges.splice(first..last, [joined]);
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::Header;

    fn flight(bodies: &[usize]) -> Flight {
        let mut flight = Flight::default();
        for (sequence, len) in bodies.iter().enumerate() {
            let kind = HandshakeType::CERTIFICATE;
            flight.push_message(Epoch::CLEAR, kind, sequence as u16, vec![7; *len]);
        }
        flight
    }

    /// The records of the rest of the flight: number, message, and the part of it.
    fn records(flight: &mut Flight, outbound: &mut Outbound) -> Vec<(u64, u16, Range<usize>)> {
        let mut records = Vec::new();
        while !flight.is_sent() {
            let mut out = Vec::new();
            flight.write_datagram(outbound, 200, &mut out);
            let mut rest = &out[..];
            while let Some(header) = Header::decode(rest) {
                let (record, after) = rest.split_at(Header::LEN + header.length);
                let message = &record[Header::LEN..];
                let field =
                    |at: usize| usize::from(message[at + 1]) << 8 | usize::from(message[at + 2]);
                let sequence = u16::from_be_bytes([message[4], message[5]]);
                let range = field(6)..field(6) + field(9);
                records.push((header.sequence, sequence, range));
                rest = after;
            }
        }
        records
    }

    fn acknowledge(flight: &mut Flight, sequence: u64) -> bool {
        let epoch = Epoch::CLEAR;
        flight.acknowledge(RecordNumber { epoch, sequence })
    }

    #[test]
    fn no_limit_makes_a_record_longer_than_one_may_be_or_stops_the_flight() {
        for limit in [0, 127, 128, 16_384, 70_000, usize::MAX] {
            let (mut flight, mut outbound) = (flight(&[100_000]), Outbound::default());
            let mut written = 0;
            while !flight.is_sent() {
                // Room that somebody else needs.
                let mut out = vec![0; 4];
                flight.write_datagram(&mut outbound, limit, &mut out);
                let header = Header::decode(&out[4..]).expect("a record");
                assert_eq!(out.len(), 4 + Header::LEN + header.length);
                assert!(header.length <= MAX_CONTENT_LEN);
                written += header.length - MESSAGE_HEADER_LEN;
            }
            assert_eq!(written, 100_000);
        }
    }

    #[test]
    fn only_what_is_not_acknowledged_goes_out_again() {
        let (mut flight, mut outbound) = (flight(&[0, 1000, 10]), Outbound::default());
        let first = records(&mut flight, &mut outbound);
        assert!(first.len() > 5);
        for (number, ..) in first.iter().step_by(2) {
            assert!(acknowledge(&mut flight, *number));
            assert!(!acknowledge(&mut flight, *number), "no news");
        }
        flight.restart();
        let again = records(&mut flight, &mut outbound);
        let missing = first.iter().skip(1).step_by(2);
        let parts = |(_, sequence, range): &(u64, u16, Range<usize>)| (*sequence, range.clone());
        assert!(again.iter().map(parts).eq(missing.map(parts)));
        for (number, ..) in again {
            acknowledge(&mut flight, number);
        }
        assert!(flight.is_acknowledged());
    }

    #[test]
    fn numbers_that_were_never_sent_acknowledge_nothing() {
        let (mut flight, mut outbound) = (flight(&[10]), Outbound::default());
        records(&mut flight, &mut outbound);
        assert!(!acknowledge(&mut flight, 99));
        let epoch = Epoch::HANDSHAKE;
        assert!(!flight.acknowledge(RecordNumber { epoch, sequence: 0 }));
        assert!(!flight.is_acknowledged());
    }

    proptest! {
        #[test]
        fn a_flight_is_done_once_each_part_is_acknowledged_in_any_order(
            bodies in proptest::collection::vec(0_usize..700, 1..5),
            choices in proptest::collection::vec(any::<bool>(), 200),
        ) {
            let (mut flight, mut outbound) = (flight(&bodies), Outbound::default());
            let mut choices = choices.into_iter();
            let mut rounds = 0;
            while !flight.is_acknowledged() {
                for (number, ..) in records(&mut flight, &mut outbound) {
                    if choices.next().unwrap_or(true) {
                        acknowledge(&mut flight, number);
                    }
                }
                flight.restart();
                rounds += 1;
                prop_assert!(rounds < 250);
            }
            prop_assert!(flight.is_sent());
        }
    }
}
