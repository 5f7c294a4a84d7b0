//! The flight under way.

use super::MESSAGE_HEADER_LEN;
use crate::record::{Epoch, Header, MAX_CONTENT_LEN, Outbound, RecordOverhead};
use crate::wire::{ContentType, HandshakeType};

/// The smallest datagram that fragments are made for.
const MIN_DATAGRAM: usize = 128;
/// The largest: its records fit what a record may hold.
const MAX_DATAGRAM: usize = MAX_CONTENT_LEN;
/// A fragment shorter than this is worth no record of its own at the end of a datagram.
const MIN_FRAGMENT: usize = 32;

/// The latest flight of messages, kept to be sent again.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    items: Vec<Item>,
    cursor: Cursor,
    /// The number of the peer's message that this flight answers.
    answers: Option<u16>,
    generation: u32,
}

#[derive(Debug)]
enum Item {
    Message {
        epoch: Epoch,
        kind: HandshakeType,
        sequence: u16,
        body: Vec<u8>,
    },
    ChangeCipherSpec,
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

    /// Whether all of it is written.
    pub(crate) fn is_sent(&self) -> bool {
        self.cursor.item == self.items.len()
    }

    /// Writes all of it once more.
    pub(crate) fn restart(&mut self) {
        self.cursor = Cursor::default();
    }

    pub(crate) fn clear(&mut self) {
        self.begin(None);
    }

    /// Appends as many records as fit a datagram of `limit` bytes; at least one if there is one.
    pub(crate) fn write_datagram(
        &mut self,
        outbound: &mut Outbound,
        limit: usize,
        out: &mut Vec<u8>,
    ) {
        let end = out.len() + limit.clamp(MIN_DATAGRAM, MAX_DATAGRAM);
        let start = out.len();
        while let Some(item) = self.items.get(self.cursor.item) {
            let room = end.saturating_sub(out.len());
            let is_first = out.len() == start;
            match self.cursor.write(item, outbound, room, is_first, out) {
                Progress::Full => return,
                Progress::Partial => (),
                Progress::Done => {
                    self.cursor = Cursor {
                        item: self.cursor.item + 1,
                        offset: 0,
                    };
                }
            }
        }
    }
}

enum Progress {
    Full,
    Partial,
    Done,
}

impl Cursor {
    fn write(
        &mut self,
        item: &Item,
        outbound: &mut Outbound,
        room: usize,
        is_first: bool,
        out: &mut Vec<u8>,
    ) -> Progress {
        match item {
            Item::ChangeCipherSpec if room <= Header::LEN => Progress::Full,
            Item::ChangeCipherSpec => {
                let kind = ContentType::CHANGE_CIPHER_SPEC;
                // Epoch 0 has no keys that could run out.
                let _ = outbound.write(Epoch::Clear, kind, out, |out| out.u8(1));
                Progress::Done
            }
            Item::Message {
                epoch,
                kind,
                sequence,
                body,
            } => {
                let overhead = overhead(*epoch);
                let left = body.len() - self.offset;
                let available = room.saturating_sub(overhead);
                if room < overhead || (!is_first && available < left.min(MIN_FRAGMENT)) {
                    return Progress::Full;
                }
                let len = left.min(available);
                let (offset, total) = (self.offset as u32, body.len() as u32);
                let fragment = &body[self.offset..self.offset + len];
                let written = outbound.write(*epoch, ContentType::HANDSHAKE, out, |out| {
                    out.u8(kind.0);
                    out.u24(total);
                    out.u16(*sequence);
                    out.u24(offset);
                    out.u24(len as u32);
                    out.bytes(fragment);
                });
                debug_assert!(written.is_ok(), "a flight is written under installed keys");
                self.offset += len;
                if self.offset == body.len() {
                    Progress::Done
                } else {
                    Progress::Partial
                }
            }
        }
    }
}

fn overhead(epoch: Epoch) -> usize {
    let record = match epoch {
        Epoch::Clear => Header::LEN,
        Epoch::Protected => {
            RecordOverhead::DTLS_1_2_GCM.header + RecordOverhead::DTLS_1_2_GCM.trailer
        }
    };
    record + MESSAGE_HEADER_LEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_makes_a_record_longer_than_one_may_be_or_stops_the_flight() {
        for limit in [0, 127, 128, 16_384, 70_000, usize::MAX] {
            let (mut flight, mut outbound) = (Flight::default(), Outbound::default());
            let body = vec![7; 100_000];
            flight.push_message(Epoch::Clear, HandshakeType::CERTIFICATE, 0, body);
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
}
