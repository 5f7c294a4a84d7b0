//! OBUs (sections 5.3 and 6.2 of the AV1 bitstream specification).

use std::ops::Range;

use super::Layers;
use super::leb128;

/// What an OBU holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Kind(pub(super) u8);

impl Kind {
    pub(super) const SEQUENCE_HEADER: Self = Self(1);
    pub(super) const TEMPORAL_DELIMITER: Self = Self(2);
    pub(super) const FRAME_HEADER: Self = Self(3);
    pub(super) const TILE_GROUP: Self = Self(4);
    pub(super) const FRAME: Self = Self(6);
    pub(super) const REDUNDANT_FRAME_HEADER: Self = Self(7);
    pub(super) const TILE_LIST: Self = Self(8);
    pub(super) const PADDING: Self = Self(15);

    /// Whether it is neither sent nor handed on.
    pub(super) fn is_dropped(self) -> bool {
        matches!(
            self,
            Self::TEMPORAL_DELIMITER | Self::TILE_LIST | Self::PADDING
        )
    }

    /// Whether a coded frame begins with it.
    pub(super) fn begins_frame(self) -> bool {
        matches!(self, Self::FRAME | Self::FRAME_HEADER)
    }

    /// Whether it goes on with the coded frame that has begun.
    pub(super) fn continues_frame(self) -> bool {
        matches!(self, Self::TILE_GROUP | Self::REDUNDANT_FRAME_HEADER)
    }
}

/// The header of an OBU, without its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) layers: Option<Layers>,
    pub(super) has_size: bool,
    bytes: [u8; 2],
}

const EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;

impl Header {
    /// `None` when it does not end, or its forbidden bit is set.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let first = *data.first().filter(|first| *first & 0x80 == 0)?;
        let extension = if first & EXTENSION != 0 {
            *data.get(1)?
        } else {
            0
        };
        Some(Self {
            kind: Kind(first >> 3 & 0x0f),
            layers: (first & EXTENSION != 0).then_some(Layers {
                temporal: extension >> 5,
                spatial: extension >> 3 & 0x03,
            }),
            has_size: first & HAS_SIZE != 0,
            bytes: [first, extension],
        })
    }

    /// The header of an OBU element and what follows. `is_cut` when the element is the beginning of it.
    pub(super) fn of_element(element: &[u8], is_cut: bool) -> Option<(Self, &[u8])> {
        let header = Self::parse(element)?;
        let rest = &element[header.len()..];
        if !header.has_size {
            return Some((header, rest));
        }
        let (size, size_len) = leb128::read(rest)?;
        let body = &rest[size_len..];
        (is_cut || size == body.len()).then_some((header, body))
    }

    /// One or two bytes.
    pub(super) fn len(&self) -> usize {
        1 + usize::from(self.layers.is_some())
    }

    /// The header that says so of the size.
    pub(super) fn bytes(&self, has_size: bool) -> ([u8; 2], usize) {
        let size_bit = if has_size { HAS_SIZE } else { 0 };
        let [first, extension] = self.bytes;
        ([first & !HAS_SIZE | size_bit, extension], self.len())
    }
}

/// An OBU of a bitstream in the low-overhead format.
#[derive(Clone, Debug)]
pub(super) struct Obu {
    pub(super) header: Header,
    /// Where its payload stands.
    pub(super) payload: Range<usize>,
}

impl Obu {
    /// The OBU that begins at `position`. One without a size goes to the end.
    pub(super) fn parse(data: &[u8], position: usize) -> Option<Self> {
        let header = Header::parse(data.get(position..)?)?;
        let start = position + header.len();
        if !header.has_size {
            let payload = start..data.len();
            return Some(Self { header, payload });
        }
        let (size, size_len) = leb128::read(&data[start..])?;
        let start = start + size_len;
        let end = start.checked_add(size).filter(|end| *end <= data.len())?;
        Some(Self {
            header,
            payload: start..end,
        })
    }

    /// How long it is as an OBU element, without a size.
    pub(super) fn element_len(&self) -> usize {
        self.header.len() + self.payload.len()
    }
}
