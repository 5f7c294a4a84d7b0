//! Chunks, read (RFC 9260 section 3.2).

use bytes::Bytes;

use super::{padded, u16_at, u32_at};
use crate::ids::Tsn;

/// A chunk's type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ChunkType(pub(crate) u8);

impl ChunkType {
    pub(crate) const DATA: Self = Self(0);
    pub(crate) const INIT: Self = Self(1);
    pub(crate) const INIT_ACK: Self = Self(2);
    pub(crate) const SACK: Self = Self(3);
    pub(crate) const HEARTBEAT: Self = Self(4);
    pub(crate) const HEARTBEAT_ACK: Self = Self(5);
    pub(crate) const ABORT: Self = Self(6);
    pub(crate) const SHUTDOWN: Self = Self(7);
    pub(crate) const SHUTDOWN_ACK: Self = Self(8);
    pub(crate) const ERROR: Self = Self(9);
    pub(crate) const COOKIE_ECHO: Self = Self(10);
    pub(crate) const COOKIE_ACK: Self = Self(11);
    pub(crate) const ECNE: Self = Self(12);
    pub(crate) const CWR: Self = Self(13);
    pub(crate) const SHUTDOWN_COMPLETE: Self = Self(14);
    /// RFC 6525 section 3.1.
    pub(crate) const RECONFIG: Self = Self(130);
    /// RFC 3758 section 3.2.
    pub(crate) const FORWARD_TSN: Self = Self(192);

    /// What to do with a chunk of an unknown type: the two highest bits say (section 3.2).
    pub(crate) const fn stops_processing(self) -> bool {
        self.0 & 0x80 == 0
    }

    pub(crate) const fn is_reported(self) -> bool {
        self.0 & 0x40 != 0
    }
}

/// A chunk: its header's fields and its value, a slice of the packet.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) kind: ChunkType,
    pub(crate) flags: u8,
    pub(crate) value: Bytes,
}

/// The chunks of a packet, without its common header. Ends at the first that is malformed, with
/// `Err`.
pub(crate) fn chunks(mut rest: Bytes) -> impl Iterator<Item = Result<Chunk, ()>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let chunk = take_chunk(&mut rest);
        if chunk.is_none() {
            rest.clear();
        }
        Some(chunk.ok_or(()))
    })
}

fn take_chunk(rest: &mut Bytes) -> Option<Chunk> {
    let len = usize::from(u16_at(rest, 2)?);
    if len < 4 || len > rest.len() {
        return None;
    }
    let (kind, flags) = (ChunkType(rest[0]), rest[1]);
    let value = rest.slice(4..len);
    let end = padded(len).min(rest.len());
    let _consumed = rest.split_to(end);
    Some(Chunk { kind, flags, value })
}

/// DATA (section 3.3.1).
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) tsn: Tsn,
    pub(crate) stream: u16,
    pub(crate) ssn: u16,
    pub(crate) ppid: u32,
    pub(crate) unordered: bool,
    pub(crate) begins: bool,
    pub(crate) ends: bool,
    /// The sender asks for a SACK at once (RFC 9260 section 6.2, the I bit).
    pub(crate) immediate: bool,
    pub(crate) payload: Bytes,
}

impl Data {
    pub(crate) const ENDS: u8 = 1;
    pub(crate) const BEGINS: u8 = 2;
    pub(crate) const UNORDERED: u8 = 4;
    pub(crate) const IMMEDIATE: u8 = 8;

    pub(crate) fn parse(chunk: &Chunk) -> Option<Self> {
        let value = &chunk.value;
        Some(Self {
            tsn: Tsn(u32_at(value, 0)?),
            stream: u16_at(value, 4)?,
            ssn: u16_at(value, 6)?,
            ppid: u32_at(value, 8)?,
            unordered: chunk.flags & Self::UNORDERED != 0,
            begins: chunk.flags & Self::BEGINS != 0,
            ends: chunk.flags & Self::ENDS != 0,
            immediate: chunk.flags & Self::IMMEDIATE != 0,
            payload: value.slice(12..),
        })
    }
}

/// SACK (section 3.3.4), read in place.
#[derive(Clone, Debug)]
pub(crate) struct Sack {
    pub(crate) cumulative: Tsn,
    pub(crate) window: u32,
    gap_count: usize,
    value: Bytes,
}

impl Sack {
    pub(crate) fn parse(chunk: &Chunk) -> Option<Self> {
        let value = chunk.value.clone();
        let gap_count = usize::from(u16_at(&value, 8)?);
        let duplicates = usize::from(u16_at(&value, 10)?);
        if value.len() < 12 + 4 * (gap_count + duplicates) {
            return None;
        }
        Some(Self {
            cumulative: Tsn(u32_at(&value, 0)?),
            window: u32_at(&value, 4)?,
            gap_count,
            value,
        })
    }

    /// The gap blocks: first and last offset from the cumulative TSN. Those that make no sense
    /// are left out.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..self.gap_count).filter_map(|index| {
            let first = u16_at(&self.value, 12 + 4 * index)?;
            let last = u16_at(&self.value, 14 + 4 * index)?;
            (first > 0 && first <= last).then_some((first.into(), last.into()))
        })
    }
}

/// FORWARD TSN (RFC 3758 section 3.2).
#[derive(Clone, Debug)]
pub(crate) struct ForwardTsn {
    pub(crate) cumulative: Tsn,
    value: Bytes,
}

impl ForwardTsn {
    pub(crate) fn parse(chunk: &Chunk) -> Option<Self> {
        let value = chunk.value.clone();
        Some(Self {
            cumulative: Tsn(u32_at(&value, 0)?),
            value,
        })
    }

    /// Streams, each with the last sequence number that is skipped on it.
    pub(crate) fn skipped(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let pairs = self.value[4..].chunks_exact(4);
        pairs.filter_map(|pair| Some((u16_at(pair, 0)?, u16_at(pair, 2)?)))
    }
}

/// The codes of the causes in an ABORT or ERROR (section 3.3.10).
pub(crate) fn causes(value: &[u8]) -> impl Iterator<Item = u16> + '_ {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (code, len) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        rest = rest.get(padded(len.max(4))..).unwrap_or_default();
        Some(code)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{DataHeader, put_data, put_sack};

    fn only(bytes: Vec<u8>) -> Chunk {
        chunks(bytes.into()).next().unwrap().unwrap()
    }

    fn cut(chunk: &Chunk, len: usize) -> Chunk {
        Chunk {
            value: chunk.value.slice(..len),
            ..chunk.clone()
        }
    }

    #[test]
    fn data_is_read_as_it_was_written() {
        let header = DataHeader {
            tsn: Tsn(1),
            stream: 2,
            ssn: 3,
            ppid: 4,
            flags: Data::BEGINS | Data::IMMEDIATE,
        };
        let mut out = Vec::new();
        put_data(&mut out, &header, &Bytes::from_static(b"hello"));
        let chunk = only(out);
        let data = Data::parse(&chunk).unwrap();
        assert_eq!(
            (data.tsn, data.stream, data.ssn, data.ppid),
            (Tsn(1), 2, 3, 4)
        );
        assert_eq!((data.begins, data.ends), (true, false));
        assert_eq!((data.unordered, data.immediate), (false, true));
        assert_eq!(data.payload, "hello");
        for len in 0..12 {
            assert!(Data::parse(&cut(&chunk, len)).is_none(), "{len} bytes");
        }
    }

    #[test]
    fn a_sack_is_read_as_it_was_written_or_not_at_all() {
        let (gaps, mut out) = ([(2, 3), (5, 9)], Vec::new());
        put_sack(&mut out, 100, Tsn(1), 2, gaps.into_iter(), &[Tsn(1)]);
        let chunk = only(out);
        let sack = Sack::parse(&chunk).unwrap();
        assert_eq!((sack.cumulative, sack.window), (Tsn(1), 2));
        assert_eq!(sack.gaps().collect::<Vec<_>>(), [(2, 3), (5, 9)]);
        for len in 0..chunk.value.len() {
            assert!(Sack::parse(&cut(&chunk, len)).is_none(), "{len} bytes");
        }
    }

    #[test]
    fn a_chunk_of_a_bad_length_ends_the_packet() {
        for len in [0, 1, 2, 3, 9] {
            let bytes = vec![0, 0, 0, len, 0, 0, 0, 4];
            let read: Vec<_> = chunks(bytes.into()).map(|chunk| chunk.is_ok()).collect();
            assert_eq!(read, [false], "{len}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let len = bytes.len();
            prop_assert!(chunks(bytes.clone().into()).count() <= len / 4 + 1);
            prop_assert!(causes(&bytes).count() <= len / 4 + 1);
            let chunk = Chunk { kind: ChunkType::DATA, flags: 0, value: bytes.into() };
            prop_assert_eq!(Data::parse(&chunk).is_some(), len >= 12);
            if let Some(forward) = ForwardTsn::parse(&chunk) {
                prop_assert_eq!(forward.skipped().count(), (len - 4) / 4);
            }
            if let Some(sack) = Sack::parse(&chunk) {
                prop_assert!(sack.gaps().count() <= len / 4);
            }
        }
    }
}
