//! Cutting access units, RFC 6184 section 6.

use std::ops::Range;

use bytes::Bytes;

use super::units::{FU_END, FU_START, IMPORTANCE, NalType, find_units};
use crate::payload::frame::OutgoingFrame;
use crate::payload::packetizer::{Packetize, PacketizeError, Written};
use crate::payload::pieces::Pieces;

/// Puts units into packets: short ones together, long ones in pieces.
#[derive(Debug)]
pub(in crate::payload) struct H264Packetizer {
    /// Packetization mode 1: units may be put together and cut.
    is_interleavable: bool,
    data: Bytes,
    max_len: usize,
    units: Vec<Range<usize>>,
    next: usize,
    /// What is left of the unit that is being cut.
    pieces: Option<Pieces>,
}

/// The length of a unit in an aggregate.
const SIZE_LEN: usize = 2;
/// The headers of a fragment.
const FU_LEN: usize = 2;

impl H264Packetizer {
    pub(in crate::payload) fn new(is_interleavable: bool) -> Self {
        Self {
            is_interleavable,
            data: Bytes::new(),
            max_len: 0,
            units: Vec::new(),
            next: 0,
            pieces: None,
        }
    }

    /// How many of the next units fit into one packet together.
    fn fitting(&self) -> usize {
        let mut len = 1;
        let units = self.units[self.next..].iter();
        units
            .take_while(|unit| {
                len += SIZE_LEN + unit.len();
                len <= self.max_len
            })
            .count()
    }

    fn write_aggregate(&mut self, count: usize, out: &mut Vec<u8>) {
        let units = &self.units[self.next..][..count];
        let headers = units.iter().map(|unit| self.data[unit.start]);
        // As important as the most important one (RFC 6184 section 5.7.1); of a damaged one, damaged.
        let importance = headers.clone().map(|header| header & 0x60).max();
        let damaged = headers.fold(0, |all, header| all | header & 0x80);
        out.push(importance.unwrap_or(0) | damaged | NalType::STAP_A.0);
        for unit in units {
            out.extend_from_slice(&(unit.len() as u16).to_be_bytes());
            out.extend_from_slice(&self.data[unit.clone()]);
        }
        self.next += count;
    }

    /// Writes the next piece of a unit that is longer than a packet.
    fn write_fragment(&mut self, unit: &Range<usize>, out: &mut Vec<u8>) {
        let body = unit.start + 1..unit.end;
        let room = self.max_len - FU_LEN;
        let pieces = self
            .pieces
            .get_or_insert_with(|| Pieces::of(body.clone(), room));
        let Some(piece) = pieces.next() else { return };
        let header = self.data[unit.start];
        let mut fragment = NalType::of(header).0;
        if piece.start == body.start {
            fragment |= FU_START;
        }
        if piece.end == body.end {
            fragment |= FU_END;
            self.pieces = None;
            self.next += 1;
        }
        out.extend_from_slice(&[header & IMPORTANCE | NalType::FU_A.0, fragment]);
        out.extend_from_slice(&self.data[piece]);
    }
}

impl Packetize for H264Packetizer {
    fn start(&mut self, frame: OutgoingFrame, max_len: usize) -> Result<(), PacketizeError> {
        self.units.clear();
        (self.next, self.pieces) = (0, None);
        if frame.data.is_empty() {
            return Err(PacketizeError::Empty);
        }
        let max_len = max_len.min(usize::from(u16::MAX));
        let mut units = std::mem::take(&mut self.units);
        find_units(&frame.data, &mut units);
        let longest = units.iter().map(Range::len).max();
        let longest = longest.ok_or(PacketizeError::Malformed)?;
        if max_len <= FU_LEN || longest > max_len && !self.is_interleavable {
            return Err(PacketizeError::TooLong);
        }
        let is_unit = |unit: &Range<usize>| NalType::of(frame.data[unit.start]).is_single();
        if !units.iter().all(is_unit) {
            return Err(PacketizeError::Malformed);
        }
        (self.units, self.data, self.max_len) = (units, frame.data, max_len);
        Ok(())
    }

    fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Written> {
        let unit = self.units.get(self.next)?.clone();
        let fitting = match self.is_interleavable {
            true => self.fitting(),
            false => 1,
        };
        if unit.len() > self.max_len {
            self.write_fragment(&unit, out);
        } else if fitting > 1 {
            self.write_aggregate(fitting, out);
        } else {
            out.extend_from_slice(&self.data[unit]);
            self.next += 1;
        }
        let marker = self.next == self.units.len();
        if marker {
            self.data = Bytes::new();
        }
        Some(Written { marker })
    }
}
