//! Transport-wide congestion control feedback: when each packet of a transport arrived
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use crate::take::{take, take_u16, take_u24, take_u32};

/// Arrival times are told in units of 250 µs, the reference time in units of so many of them.
const TICKS_PER_REFERENCE: i64 = 256;

/// When the packets of a transport arrived.
#[derive(Clone, Copy, Debug)]
pub struct TransportFeedback<'a> {
    /// Who received them.
    pub sender_ssrc: u32,
    /// One of the streams.
    pub media_ssrc: u32,
    /// The transport sequence number of the first packet that is reported on.
    pub first_sequence: u16,
    /// How many are reported on.
    pub packet_count: u16,
    /// What arrival times are told from, in units of 64 ms; 24 bits, signed.
    pub reference_time: i32,
    /// Counts the feedback packets, so that a lost one shows.
    pub feedback_count: u8,
    /// The chunks, and after them the times.
    statuses: &'a [u8],
    /// Where the times begin.
    deltas_at: usize,
}

/// Whether and when a packet arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PacketStatus {
    /// Its transport sequence number.
    pub sequence: u16,
    /// When it arrived, in units of 250 µs of a clock whose origin the receiver chose. `None` when it has
    /// not.
    pub arrival: Option<i64>,
}

/// How a packet is told of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Symbol {
    NotReceived,
    /// 0 to 63.75 ms after the one before it.
    Small,
    /// Otherwise, also before it.
    Large,
}

impl Symbol {
    pub(super) const fn bits(self) -> u16 {
        match self {
            Self::NotReceived => 0,
            Self::Small => 1,
            Self::Large => 2,
        }
    }

    /// How long its time is, in bytes.
    const fn delta_len(self) -> usize {
        self.bits() as usize
    }

    const fn from_bits(bits: u16) -> Option<Self> {
        match bits {
            0 => Some(Self::NotReceived),
            1 => Some(Self::Small),
            2 => Some(Self::Large),
            _ => None,
        }
    }
}

impl<'a> TransportFeedback<'a> {
    pub(super) fn parse(mut body: &'a [u8]) -> Option<Self> {
        let body = &mut body;
        let (sender_ssrc, media_ssrc) = (take_u32(body)?, take_u32(body)?);
        let (first_sequence, packet_count) = (take_u16(body)?, take_u16(body)?);
        // The sign is the highest of 24 bits.
        let reference_time = (take_u24(body)? << 8) as i32 >> 8;
        let [feedback_count] = *take(body)?;
        Some(Self {
            sender_ssrc,
            media_ssrc,
            first_sequence,
            packet_count,
            reference_time,
            feedback_count,
            statuses: body,
            deltas_at: deltas_at(body, packet_count)?,
        })
    }

    /// The packets that are reported on, in order of their sequence numbers.
    pub fn packets(&self) -> impl Iterator<Item = PacketStatus> + use<'a> {
        let (chunks, mut deltas) = self.statuses.split_at(self.deltas_at);
        let chunks = chunks.as_chunks().0.iter();
        let mut chunks = chunks.copied().map(u16::from_be_bytes).map(Chunk::read);
        let mut chunk = Chunk::END;
        let mut time = i64::from(self.reference_time) * TICKS_PER_REFERENCE;
        let first = self.first_sequence;
        (0..self.packet_count).map_while(move |offset| {
            while chunk.len == 0 {
                chunk = chunks.next()?;
            }
            let symbol = chunk.next()?;
            let delta = match symbol {
                Symbol::NotReceived => None,
                Symbol::Small => take(&mut deltas).map(|[delta]| i64::from(*delta)),
                Symbol::Large => take_u16(&mut deltas).map(|delta| i64::from(delta as i16)),
            };
            time += delta.unwrap_or(0);
            Some(PacketStatus {
                sequence: first.wrapping_add(offset),
                arrival: delta.map(|_| time),
            })
        })
    }
}

/// Symbols that are left of a chunk.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    len: u16,
    bits: u16,
    kind: ChunkKind,
}

#[derive(Clone, Copy, Debug)]
enum ChunkKind {
    Run,
    OneBit,
    TwoBits,
}

impl Chunk {
    const END: Self = Self {
        len: 0,
        bits: 0,
        kind: ChunkKind::Run,
    };

    const fn read(word: u16) -> Self {
        match word >> 14 {
            0 | 1 => Self {
                len: word & 0x1fff,
                bits: word >> 13 & 3,
                kind: ChunkKind::Run,
            },
            2 => Self {
                len: 14,
                bits: word << 2,
                kind: ChunkKind::OneBit,
            },
            _ => Self {
                len: 7,
                bits: word << 2,
                kind: ChunkKind::TwoBits,
            },
        }
    }

    /// The next symbol; the caller has seen that there is one.
    fn next(&mut self) -> Option<Symbol> {
        self.len -= 1;
        let bits = match self.kind {
            ChunkKind::Run => self.bits,
            ChunkKind::OneBit => {
                let bit = self.bits >> 15;
                self.bits <<= 1;
                bit
            }
            ChunkKind::TwoBits => {
                let bits = self.bits >> 14;
                self.bits <<= 2;
                bits
            }
        };
        Symbol::from_bits(bits)
    }

    /// How long the times of the first `count` packets are, in bytes. `None` when a symbol is reserved.
    fn deltas_len(mut self, count: u16) -> Option<usize> {
        if let ChunkKind::Run = self.kind {
            let each = Symbol::from_bits(self.bits)?.delta_len();
            return Some(each * usize::from(self.len.min(count)));
        }
        (0..self.len.min(count)).try_fold(0, |sum, _| Some(sum + self.next()?.delta_len()))
    }
}

/// Where the times of `count` packets begin. `None` when chunks or times are missing.
fn deltas_at(statuses: &[u8], count: u16) -> Option<usize> {
    let (mut left, mut rest, mut len) = (count, statuses, 0);
    while left > 0 {
        let chunk = Chunk::read(take_u16(&mut rest)?);
        len += chunk.deltas_len(left)?;
        left -= chunk.len.min(left);
    }
    (len <= rest.len()).then_some(statuses.len() - rest.len())
}

/// How arrivals are told, in order: until one that is too far from the one before it.
#[derive(Clone, Debug)]
pub(super) struct Symbols<'a> {
    arrivals: std::slice::Iter<'a, Option<i64>>,
    time: i64,
}

impl<'a> Symbols<'a> {
    /// `None` when none of the packets has arrived.
    pub(super) fn new(arrivals: &'a [Option<i64>]) -> Option<(i32, Self)> {
        let first = arrivals.iter().flatten().next()?;
        let reference = first.div_euclid(TICKS_PER_REFERENCE);
        // It wraps at 24 bits.
        let wrapped = (reference as i32) << 8 >> 8;
        let symbols = Self {
            arrivals: arrivals.iter(),
            time: reference * TICKS_PER_REFERENCE,
        };
        Some((wrapped, symbols))
    }
}

impl Iterator for Symbols<'_> {
    type Item = (Symbol, i16);

    fn next(&mut self) -> Option<Self::Item> {
        let Some(arrival) = *self.arrivals.next()? else {
            return Some((Symbol::NotReceived, 0));
        };
        let delta = i16::try_from(arrival - self.time).ok()?;
        self.time = arrival;
        let symbol = match delta {
            0..=255 => Symbol::Small,
            _ => Symbol::Large,
        };
        Some((symbol, delta))
    }
}

/// Appends the chunks of `count` packets.
pub(super) fn write_chunks(symbols: &Symbols<'_>, count: usize, out: &mut Vec<u8>) {
    let mut rest = symbols.clone().take(count).map(|(symbol, _)| symbol);
    let mut left = count;
    while left > 0 {
        let (word, taken) = next_chunk(&rest, left);
        out.extend_from_slice(&word.to_be_bytes());
        // The last chunk may have room for more than there is.
        rest.by_ref().take(taken).for_each(drop);
        left -= taken;
    }
}

/// The chunk that tells most of what comes next, and of how many packets it tells.
fn next_chunk(symbols: &(impl Iterator<Item = Symbol> + Clone), left: usize) -> (u16, usize) {
    const MAX_RUN: usize = 0x1fff;
    let first = symbols.clone().next().unwrap_or(Symbol::NotReceived);
    let alike = symbols.clone().take_while(|symbol| *symbol == first);
    let run = alike.take(MAX_RUN).count();
    let fits_one_bit = symbols
        .clone()
        .take(14)
        .all(|symbol| symbol != Symbol::Large);
    let vector = if fits_one_bit { 14 } else { 7 };
    if run >= vector.min(left) {
        return (first.bits() << 13 | run as u16, run);
    }
    let width = if fits_one_bit { 1 } else { 2 };
    let symbols = symbols.clone().take(vector).zip(1..);
    let bits = symbols.fold(0, |bits, (symbol, place)| {
        bits | symbol.bits() << (14 - width * place)
    });
    let kind = if fits_one_bit { 2 << 14 } else { 3 << 14 };
    (kind | bits, vector.min(left))
}
