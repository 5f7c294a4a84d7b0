//! Puts messages together from fragments that come in any order, overlap and repeat.

use crate::wire::{DecodeError, HandshakeType, Reader};

/// How many messages are kept ahead of the one that is due. The longest flight has six.
const MAX_AHEAD: u32 = 8;
/// The longest message that is put together; certificates are the only ones that come near it.
const MAX_MESSAGE_LEN: usize = 16 * 1024;
const WORD_BITS: usize = u64::BITS as usize;
/// The bytes that all messages in the making may take together.
pub(crate) const MAX_BUFFERED: usize = 32 * 1024;

/// A whole handshake message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Message {
    pub(crate) kind: HandshakeType,
    pub(crate) sequence: u16,
    pub(crate) body: Vec<u8>,
}

/// What came of a fragment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// It was of use, or may have been.
    Kept,
    /// It ends a message that was taken before: the peer repeats itself.
    Repeated(u16),
    /// It was of no use.
    Ignored,
    /// It breaks a bound.
    Refused,
    /// It is nothing that may come in such a record.
    Misplaced,
}

/// A fragment, RFC 6347 section 4.2.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment<'a> {
    pub(crate) kind: HandshakeType,
    length: usize,
    sequence: u16,
    offset: usize,
    bytes: &'a [u8],
}

impl<'a> Fragment<'a> {
    pub(crate) fn decode(record: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let kind = HandshakeType(record.u8("Handshake.msg_type")?);
        let length = record.u24("Handshake.length")? as usize;
        let sequence = record.u16("Handshake.message_seq")?;
        let offset = record.u24("Handshake.fragment_offset")? as usize;
        let bytes = record.vec24("Handshake.fragment_length")?;
        if offset + bytes.len() > length {
            return Err(DecodeError {
                field: "Handshake.fragment_length",
            });
        }
        Ok(Self {
            kind,
            length,
            sequence,
            offset,
            bytes,
        })
    }

    fn is_last(&self) -> bool {
        self.offset + self.bytes.len() == self.length
    }
}

/// Collects fragments and hands messages out in order.
#[derive(Debug, Default)]
pub(crate) struct Reassembler {
    /// The number of the message that is due; one more than there are, after the last.
    next: u32,
    partial: Vec<Partial>,
    is_finished: bool,
}

impl Reassembler {
    /// Takes the fragments of one record in; `admit` says which kinds may come in it, of messages that
    /// are new or of such as were taken before.
    pub(crate) fn insert_record(
        &mut self,
        record: &[u8],
        admit: impl Fn(HandshakeType, bool) -> bool,
        mut arrived: impl FnMut(Arrival, HandshakeType),
    ) -> Result<(), DecodeError> {
        let mut record = Reader::new(record);
        while !record.is_empty() {
            let fragment = Fragment::decode(&mut record)?;
            let is_new = u32::from(fragment.sequence) >= self.next;
            let arrival = if admit(fragment.kind, is_new) {
                self.insert(&fragment)
            } else {
                Arrival::Misplaced
            };
            arrived(arrival, fragment.kind);
        }
        Ok(())
    }

    fn insert(&mut self, fragment: &Fragment<'_>) -> Arrival {
        let Some(ahead) = u32::from(fragment.sequence).checked_sub(self.next) else {
            return if fragment.is_last() {
                Arrival::Repeated(fragment.sequence)
            } else {
                Arrival::Ignored
            };
        };
        let is_far = ahead >= MAX_AHEAD;
        if self.is_finished {
            return Arrival::Misplaced;
        }
        if is_far || fragment.length > MAX_MESSAGE_LEN {
            return Arrival::Refused;
        }
        let known = self
            .partial
            .iter()
            .position(|partial| partial.message.sequence == fragment.sequence);
        if let Some(index) = known {
            if self.partial[index].matches(fragment) {
                return self.partial[index].insert(fragment);
            }
            // One of the two is damaged or forged; keeping the later lets a retransmission heal it.
            self.partial.swap_remove(index);
        }
        if !self.make_room(fragment) {
            return Arrival::Refused;
        }
        let mut partial = Partial::new(fragment);
        let arrival = partial.insert(fragment);
        self.partial.push(partial);
        arrival
    }

    /// Gives up later messages where they stand in the way of this one: what is due always finds
    /// room, whatever somebody has forged ahead of it.
    fn make_room(&mut self, fragment: &Fragment<'_>) -> bool {
        self.partial
            .sort_unstable_by_key(|partial| partial.message.sequence);
        let mut buffered = self.buffered();
        while buffered + fragment.length > MAX_BUFFERED {
            let is_later = |last: &mut Partial| last.message.sequence > fragment.sequence;
            let Some(last) = self.partial.pop_if(is_later) else {
                return false;
            };
            buffered -= last.message.body.len();
        }
        true
    }

    /// Whether messages have begun to come after those that were taken.
    pub(crate) fn has_begun(&self) -> bool {
        !self.partial.is_empty()
    }

    /// The same of messages of one kind.
    pub(crate) fn has_begun_kind(&self, kind: HandshakeType) -> bool {
        let mut partial = self.partial.iter();
        partial.any(|partial| partial.message.kind == kind)
    }

    /// Forgets messages that have begun to come: they came in the clear, and what is to come does not.
    pub(crate) fn forget_begun(&mut self) {
        self.partial = Vec::new();
    }

    /// No more messages are to come: forgets what was begun, and takes nothing that is new.
    pub(crate) fn finish(&mut self) {
        self.forget_begun();
        self.is_finished = true;
    }

    /// The bytes that messages in the making take.
    pub(crate) fn buffered(&self) -> usize {
        self.partial.iter().map(|p| p.message.body.len()).sum()
    }

    /// The next message, once it is whole.
    pub(crate) fn next_message(&mut self) -> Option<Message> {
        let index = self.partial.iter().position(|partial| {
            u32::from(partial.message.sequence) == self.next && partial.is_whole()
        })?;
        self.next += 1;
        Some(self.partial.swap_remove(index).message)
    }
}

#[derive(Debug)]
struct Partial {
    message: Message,
    /// A bit for each byte that has come, 64 to a word.
    came: Vec<u64>,
    /// How many bytes have not.
    missing: usize,
    /// Whether any fragment has come: a message without a body has no byte that could tell.
    has_begun: bool,
}

impl Partial {
    fn new(fragment: &Fragment<'_>) -> Self {
        Self {
            message: Message {
                kind: fragment.kind,
                sequence: fragment.sequence,
                body: vec![0; fragment.length],
            },
            came: vec![0; fragment.length.div_ceil(WORD_BITS)],
            missing: fragment.length,
            has_begun: false,
        }
    }

    fn matches(&self, fragment: &Fragment<'_>) -> bool {
        self.message.kind == fragment.kind && self.message.body.len() == fragment.length
    }

    fn is_whole(&self) -> bool {
        self.has_begun && self.missing == 0
    }

    fn insert(&mut self, fragment: &Fragment<'_>) -> Arrival {
        if self.is_whole() {
            return Arrival::Ignored;
        }
        let (start, end) = (fragment.offset, fragment.offset + fragment.bytes.len());
        self.message.body[start..end].copy_from_slice(fragment.bytes);
        self.has_begun = true;
        let mut at = start;
        while at < end {
            let word = at / WORD_BITS;
            let until = end.min((word + 1) * WORD_BITS);
            let bits = (u64::MAX >> (WORD_BITS - (until - at))) << (at % WORD_BITS);
            self.missing -= (bits & !self.came[word]).count_ones() as usize;
            self.came[word] |= bits;
            at = until;
        }
        Arrival::Kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fragment(sequence: u16, length: usize, offset: usize, bytes: &[u8]) -> Fragment<'_> {
        Fragment {
            kind: HandshakeType::CERTIFICATE,
            length,
            sequence,
            offset,
            bytes,
        }
    }

    #[test]
    fn puts_an_empty_message_together() {
        let mut reassembler = Reassembler::default();
        assert_eq!(reassembler.insert(&fragment(0, 0, 0, &[])), Arrival::Kept);
        assert_eq!(reassembler.next_message().unwrap().body, b"");
    }

    #[test]
    fn hands_messages_out_in_order() {
        let mut reassembler = Reassembler::default();
        reassembler.insert(&fragment(1, 1, 0, b"b"));
        assert_eq!(reassembler.next_message(), None);
        reassembler.insert(&fragment(0, 1, 0, b"a"));
        assert_eq!(reassembler.next_message().unwrap().body, b"a");
        assert_eq!(reassembler.next_message().unwrap().body, b"b");
        assert_eq!(
            reassembler.insert(&fragment(1, 1, 0, b"b")),
            Arrival::Repeated(1)
        );
    }

    #[test]
    fn refuses_what_breaks_a_bound() {
        let mut reassembler = Reassembler::default();
        let refused = [
            fragment(MAX_AHEAD as u16, 1, 0, b"a"),
            fragment(0, MAX_MESSAGE_LEN + 1, 0, b"a"),
        ];
        for fragment in refused {
            assert_eq!(reassembler.insert(&fragment), Arrival::Refused);
        }
        for sequence in 0..2 {
            reassembler.insert(&fragment(sequence, MAX_MESSAGE_LEN, 0, b"a"));
        }
        assert_eq!(
            reassembler.insert(&fragment(2, 1, 0, b"a")),
            Arrival::Refused
        );
    }

    #[test]
    fn what_is_due_finds_room_among_what_is_forged_ahead() {
        let mut reassembler = Reassembler::default();
        for sequence in [1, 2] {
            reassembler.insert(&fragment(sequence, MAX_MESSAGE_LEN, 0, b"a"));
        }
        let body = vec![3; MAX_MESSAGE_LEN];
        assert_eq!(
            reassembler.insert(&fragment(0, body.len(), 0, &body)),
            Arrival::Kept
        );
        assert_eq!(reassembler.next_message().unwrap().body, body);
    }

    #[test]
    fn a_message_of_single_bytes_completes_however_many_gaps_it_has_had() {
        let mut reassembler = Reassembler::default();
        let body: Vec<u8> = (0..999).map(|at| at as u8).collect();
        for first in [0, 1] {
            assert_eq!(reassembler.next_message(), None);
            for offset in (first..body.len()).step_by(2) {
                let byte = &body[offset..=offset];
                reassembler.insert(&fragment(0, body.len(), offset, byte));
            }
        }
        assert_eq!(reassembler.next_message().unwrap().body, body);
    }

    #[test]
    fn a_later_fragment_replaces_one_that_contradicts_it() {
        let mut reassembler = Reassembler::default();
        reassembler.insert(&fragment(0, 9, 0, b"x"));
        reassembler.insert(&fragment(0, 2, 0, b"ok"));
        assert_eq!(reassembler.next_message().unwrap().body, b"ok");
    }

    proptest! {
        #[test]
        fn puts_a_message_together_from_overlapping_fragments_in_any_order(
            body in proptest::collection::vec(any::<u8>(), 1..200),
            cuts in proptest::collection::vec((any::<u8>(), 1_usize..64), 0..40),
        ) {
            let mut reassembler = Reassembler::default();
            for (offset, len) in cuts {
                let offset = usize::from(offset) % body.len();
                let end = (offset + len).min(body.len());
                reassembler.insert(&fragment(0, body.len(), offset, &body[offset..end]));
            }
            for (index, chunk) in body.chunks(7).enumerate().rev() {
                reassembler.insert(&fragment(0, body.len(), 7 * index, chunk));
            }
            prop_assert_eq!(reassembler.next_message().unwrap().body, body);
        }
    }
}
