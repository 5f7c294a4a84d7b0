//! The flight under way.

use std::ops::Range;

use super::MESSAGE_HEADER_LEN;
use crate::record::{Epoch, MAX_CONTENT_LEN, Outbound, RecordNumber, RecordOverhead};
use crate::wire::{ContentType, HandshakeType, Writer};

/// The smallest datagram that fragments are made for.
const MIN_DATAGRAM: usize = 128;
/// The largest: its records fit what a record may hold.
const MAX_DATAGRAM: usize = MAX_CONTENT_LEN;
/// A fragment shorter than this is worth no header of its own at the end of a datagram.
const MIN_FRAGMENT: usize = 2;
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
    part: Part,
}

/// A part of a message.
#[derive(Debug)]
struct Part {
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

    /// Has the last message say something else.
    #[cfg(test)]
    pub(crate) fn replace_last(&mut self, other: &[u8]) {
        if let Some(Item::Message { body, .. }) = self.items.last_mut() {
            *body = other.to_vec();
        }
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
        let items = &mut self.items;
        self.sent.retain(|sent| {
            if sent.number != number {
                return true;
            }
            if let Some(Item::Message { acknowledged, .. }) = items.get_mut(sent.part.item) {
                is_news |= insert(acknowledged, sent.part.range.clone());
            }
            false
        });
        is_news
    }

    /// Takes back all that has been acknowledged.
    pub(crate) fn forget_acknowledgements(&mut self) {
        for item in &mut self.items {
            if let Item::Message { acknowledged, .. } = item {
                acknowledged.clear();
            }
        }
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
            let is_written = match item {
                Item::ChangeCipherSpec => self.write_change_cipher_spec(outbound, room, out),
                Item::Message { epoch, .. } => {
                    self.write_fragments(*epoch, outbound, room, is_first, out)
                }
            };
            if !is_written {
                break;
            }
            repeated += u64::from(self.is_repeated);
        }
        repeated
    }

    /// Writes one record, if it fits.
    fn write_change_cipher_spec(
        &mut self,
        outbound: &mut Outbound,
        room: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        if room <= RecordOverhead::CLEAR.header {
            return false;
        }
        let kind = ContentType::CHANGE_CIPHER_SPEC;
        // Epoch 0 has no keys that could run out.
        let _ = outbound.write(Epoch::CLEAR, kind, out, |out| out.u8(1));
        self.cursor.item += 1;
        self.skip_acknowledged();
        true
    }

    /// Writes one record, if there is room for any part of a message in it. In the clear it holds one
    /// fragment, which is what every peer has seen; protected, as many as fit, since each record costs
    /// its protection.
    fn write_fragments(
        &mut self,
        epoch: Epoch,
        outbound: &mut Outbound,
        room: usize,
        is_first: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let overhead = outbound.overhead(epoch);
        let (limit, most) = match epoch {
            Epoch::CLEAR => (MAX_CONTENT_LEN, 1),
            _ => (outbound.limit(), usize::MAX),
        };
        let content = room.checked_sub(overhead.header + overhead.trailer);
        let mut content = content.unwrap_or(0).min(limit);
        let mut parts = Vec::new();
        while parts.len() < most {
            let is_forced = is_first && parts.is_empty();
            let Some(part) = self.next_part(epoch, content, is_forced) else {
                break;
            };
            content -= MESSAGE_HEADER_LEN + part.range.len();
            self.cursor.offset = part.range.end;
            if self.items[part.item].len() == part.range.end {
                self.cursor = Cursor {
                    item: part.item + 1,
                    offset: 0,
                };
            }
            self.skip_acknowledged();
            parts.push(part);
        }
        if parts.is_empty() {
            return false;
        }
        let items = &self.items;
        let written = outbound.write(epoch, ContentType::HANDSHAKE, out, |out| {
            for part in &parts {
                items[part.item].encode(part.range.clone(), out);
            }
        });
        debug_assert!(written.is_ok(), "a flight is written under installed keys");
        // Keys that are worn out write nothing; the peer then acknowledges nothing.
        if let Ok(number) = written {
            let surplus = (self.sent.len() + parts.len()).saturating_sub(MAX_SENT);
            self.sent.drain(..surplus.min(self.sent.len()));
            let sent = parts.into_iter().map(|part| Sent { number, part });
            self.sent.extend(sent);
        }
        true
    }

    /// What of the message that is next fits so much content; of the first in a datagram, whatever fits.
    fn next_part(&self, epoch: Epoch, content: usize, is_forced: bool) -> Option<Part> {
        let item = self.items.get(self.cursor.item)?;
        let Item::Message {
            epoch: of,
            body,
            acknowledged,
            ..
        } = item
        else {
            return None;
        };
        let available = content.checked_sub(MESSAGE_HEADER_LEN)?;
        let start = self.cursor.offset;
        let mut known = acknowledged.iter().map(|range| range.start);
        let end = known.find(|known| *known >= start).unwrap_or(body.len());
        let left = end - start;
        let is_worth_it = is_forced || available >= left.min(MIN_FRAGMENT);
        (*of == epoch && is_worth_it).then(|| Part {
            item: self.cursor.item,
            range: start..start + left.min(available),
        })
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

    /// Writes a fragment.
    fn encode(&self, range: Range<usize>, out: &mut Writer<'_>) {
        let Self::Message {
            kind,
            sequence,
            body,
            ..
        } = self
        else {
            return;
        };
        out.u8(kind.0);
        out.u24(body.len() as u32);
        out.u16(*sequence);
        out.u24(range.start as u32);
        out.u24(range.len() as u32);
        out.bytes(&body[range]);
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
