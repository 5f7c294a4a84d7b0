//! NAL units (ITU-T H.264 section 7.3.1), and what carries several or a part of one (RFC 6184 section
//! 5.2).

use std::ops::Range;

use crate::take::{take_slice, take_u16};

/// Set in the header of the first fragment (RFC 6184 section 5.8).
pub(super) const FU_START: u8 = 0x80;
/// Set in the header of the last one.
pub(super) const FU_END: u8 = 0x40;
/// The bits of a unit's header that tell how it may be dropped, kept by fragments and aggregates.
pub(super) const IMPORTANCE: u8 = 0xe0;

/// The type of a NAL unit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NalType(pub(super) u8);

impl NalType {
    pub(super) const SLICE: Self = Self(1);
    pub(super) const IDR: Self = Self(5);
    pub(super) const SPS: Self = Self(7);
    pub(super) const PPS: Self = Self(8);
    pub(super) const STAP_A: Self = Self(24);
    pub(super) const FU_A: Self = Self(28);

    pub(super) const fn of(header: u8) -> Self {
        Self(header & 0x1f)
    }

    /// Whether it is one unit by itself: neither an aggregate nor a fragment (RFC 6184 section 5.2).
    pub(super) const fn is_single(self) -> bool {
        matches!(self.0, 1..=23)
    }
}

/// The type of a unit. `None` for nothing.
pub(super) fn nal_type(unit: &[u8]) -> Option<NalType> {
    unit.first().copied().map(NalType::of)
}

/// The units of an aggregate, until one does not fit (RFC 6184 section 5.7.1).
pub(super) fn aggregated(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = payload.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let len = take_u16(&mut rest)?;
        take_slice(&mut rest, len.into()).filter(|unit| !unit.is_empty())
    })
}

/// Finds the units of a byte stream: adds where each stands, without its start code and the zeros after
/// it.
pub(super) fn find_units(stream: &[u8], units: &mut Vec<Range<usize>>) {
    let mut start = None;
    let mut at = 0;
    while at + 3 <= stream.len() {
        match stream[at..at + 3] {
            [0, 0, 1] => {
                push_unit(stream, start, at, units);
                at += 3;
                start = Some(at);
            }
            // No start code begins at this byte or at the two after it.
            [_, _, 2..=255] => at += 3,
            _ => at += 1,
        }
    }
    push_unit(stream, start, stream.len(), units);
}

fn push_unit(stream: &[u8], start: Option<usize>, end: usize, units: &mut Vec<Range<usize>>) {
    let Some(start) = start else { return };
    let zeros = stream[start..end]
        .iter()
        .rev()
        .take_while(|byte| **byte == 0);
    let end = end - zeros.count();
    if end > start {
        units.push(start..end);
    }
}
