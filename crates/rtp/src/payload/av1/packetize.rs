//! Cutting frames, sections 4 and 5.

use bytes::Bytes;

use super::FrameInfo;
use super::elements::{N, W_SHIFT, Y, Z};
use super::leb128;
use super::obu::Obu;
use super::plan::{Cursor, MIN_LEN, Plan, even_len, group_end};
use super::sequence::Scan;
use crate::payload::frame::{Details, OutgoingFrame};
use crate::payload::packetizer::{Packetize, PacketizeError, Written};

/// Cuts frames into OBU elements.
#[derive(Debug, Default)]
pub(in crate::payload) struct Av1Packetizer {
    data: Bytes,
    /// What is sent of it.
    obus: Vec<Obu>,
    cursor: Cursor,
    /// Where the group ends that the cursor stands in.
    group_end: usize,
    /// How long the packets of the group get.
    packet_len: usize,
    max_len: usize,
    starts_sequence: bool,
    end_of_temporal_unit: bool,
}

impl Packetize for Av1Packetizer {
    fn start(&mut self, frame: OutgoingFrame, max_len: usize) -> Result<(), PacketizeError> {
        self.obus.clear();
        self.cursor = Cursor::default();
        self.group_end = 0;
        self.max_len = max_len;
        if frame.data.is_empty() {
            return Err(PacketizeError::Empty);
        }
        let result = self.read_obus(&frame.data, max_len);
        if result.is_err() {
            self.obus.clear();
            return result;
        }
        self.starts_sequence = Scan::of(&frame.data).is_key();
        self.end_of_temporal_unit = match frame.details {
            Details::Av1(FrameInfo {
                end_of_temporal_unit,
                ..
            }) => end_of_temporal_unit,
            _ => true,
        };
        self.data = frame.data;
        Ok(())
    }

    fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Written> {
        if self.cursor.obu == self.obus.len() {
            return None;
        }
        if self.cursor.obu == self.group_end {
            let first = self.cursor.obu;
            self.group_end = group_end(&self.obus, first);
            self.packet_len = even_len(&self.obus, first, self.group_end, self.max_len);
        }
        let plan = Plan::next(&self.obus, self.group_end, self.cursor, self.packet_len);
        self.write(&plan, out);
        self.cursor = plan.next;
        let is_last = self.cursor.obu == self.obus.len();
        if is_last {
            self.data = Bytes::new();
        }
        Some(Written {
            marker: is_last && self.end_of_temporal_unit,
        })
    }
}

impl Av1Packetizer {
    fn read_obus(&mut self, data: &[u8], max_len: usize) -> Result<(), PacketizeError> {
        let mut position = 0;
        while position < data.len() {
            let obu = Obu::parse(data, position).ok_or(PacketizeError::Malformed)?;
            position = obu.payload.end;
            if !obu.header.kind.is_dropped() {
                self.obus.push(obu);
            }
        }
        if self.obus.is_empty() {
            return Err(PacketizeError::Empty);
        }
        if max_len < MIN_LEN {
            return Err(PacketizeError::TooLong);
        }
        Ok(())
    }

    fn write(&self, plan: &Plan, out: &mut Vec<u8>) {
        let flag = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        let counted = plan.counted();
        let is_first = self.cursor == Cursor::default();
        out.push(
            flag(self.cursor.offset > 0, Z)
                | flag(plan.next.offset > 0, Y)
                | counted << W_SHIFT
                | flag(is_first && self.starts_sequence, N),
        );
        let mut cursor = self.cursor;
        for index in 1..=plan.count {
            let obu = &self.obus[cursor.obu];
            let is_last = index == plan.count;
            let left = obu.element_len() - cursor.offset;
            let len = if is_last { plan.last_len } else { left };
            if !is_last || counted == 0 {
                leb128::write(len, |byte| out.push(byte));
            }
            self.write_element(obu, cursor.offset, len, out);
            cursor = Cursor {
                obu: cursor.obu + 1,
                offset: 0,
            };
        }
    }

    /// Part of an OBU as an element, which begins with the header.
    fn write_element(&self, obu: &Obu, offset: usize, len: usize, out: &mut Vec<u8>) {
        let (header, header_len) = obu.header.bytes(false);
        let header = &header[..header_len];
        let end = offset + len;
        out.extend_from_slice(&header[offset.min(header_len)..end.min(header_len)]);
        let payload = &self.data[obu.payload.clone()];
        let from = offset.saturating_sub(header_len);
        out.extend_from_slice(&payload[from..end.saturating_sub(header_len)]);
    }
}
