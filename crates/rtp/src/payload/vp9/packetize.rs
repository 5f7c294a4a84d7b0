//! Cutting frames, RFC 9628 sections 4.1 to 4.3.

use bytes::Bytes;

use super::FrameInfo;
use super::bitstream::Header;
use super::descriptor::{Descriptor, PictureId};
use super::structure::Structure;
use crate::payload::frame::{Details, OutgoingFrame};
use crate::payload::packetizer::{Packetize, PacketizeError, Written};

/// Cuts frames into pieces of nearly equal size.
#[derive(Debug)]
pub(in crate::payload) struct Vp9Packetizer {
    numbers: Numbers,
    current: Option<Current>,
    /// Only to learn how long descriptors are.
    scratch: Vec<u8>,
}

/// What counts pictures.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    picture_id: PictureId,
    tl0_picture_index: u8,
    /// The next frame is the first one of a picture.
    begins_picture: bool,
}

/// The frame that is being cut.
#[derive(Debug)]
struct Current {
    info: FrameInfo,
    data: Bytes,
    position: usize,
    max_len: usize,
    /// The length of the descriptor without and with the structure.
    header_len: usize,
    first_header_len: usize,
    packets_left: usize,
}

impl Default for Vp9Packetizer {
    fn default() -> Self {
        Self {
            numbers: Numbers {
                picture_id: PictureId::long(0),
                tl0_picture_index: 0,
                begins_picture: true,
            },
            current: None,
            scratch: Vec::new(),
        }
    }
}

impl Packetize for Vp9Packetizer {
    fn start(&mut self, frame: OutgoingFrame, max_len: usize) -> Result<(), PacketizeError> {
        self.current = None;
        if frame.data.is_empty() {
            return Err(PacketizeError::Empty);
        }
        let mut info = match frame.details {
            Details::Vp9(info) => info,
            _ => plain(&frame.data)?,
        };
        let numbers = self.numbers.fill_in(&mut info);
        if !info.descriptor.is_consistent() {
            return Err(PacketizeError::Malformed);
        }
        let current = Current::new(info, frame.data, max_len, &mut self.scratch)?;
        self.current = Some(current);
        self.numbers = numbers;
        Ok(())
    }

    fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Written> {
        let current = self.current.as_mut()?;
        let written = current.write_next(out);
        if current.packets_left == 0 {
            self.current = None;
        }
        Some(written)
    }
}

/// What the bitstream alone tells: a picture without layers.
fn plain(data: &[u8]) -> Result<FrameInfo, PacketizeError> {
    let header = Header::parse(data).ok_or(PacketizeError::Malformed)?;
    let structure = header
        .resolution
        .and_then(|resolution| Structure::with_resolutions(vec![resolution]).ok());
    Ok(FrameInfo {
        descriptor: Descriptor {
            inter_predicted: !header.is_key,
            structure: structure.map(Box::new),
            ..Descriptor::default()
        },
        ..FrameInfo::default()
    })
}

impl Numbers {
    /// Fills in what the caller left open, and answers with what counts from then on.
    fn fill_in(mut self, info: &mut FrameInfo) -> Self {
        let descriptor = &mut info.descriptor;
        self.picture_id = *descriptor.picture_id.get_or_insert(self.picture_id);
        if descriptor.layers.is_some() && !descriptor.flexible {
            let counts = self.begins_picture && descriptor.temporal() == 0;
            let next = self.tl0_picture_index.wrapping_add(u8::from(counts));
            self.tl0_picture_index = *descriptor.tl0_picture_index.get_or_insert(next);
        }
        self.begins_picture = info.end_of_picture;
        if info.end_of_picture {
            self.picture_id = self.picture_id.wrapping_add(1);
        }
        self
    }
}

impl Current {
    fn new(
        info: FrameInfo,
        data: Bytes,
        max_len: usize,
        scratch: &mut Vec<u8>,
    ) -> Result<Self, PacketizeError> {
        let mut measure = |structure| {
            scratch.clear();
            info.descriptor.write_part(scratch, false, false, structure);
            scratch.len()
        };
        let (header_len, first_header_len) = (measure(false), measure(true));
        if max_len <= first_header_len {
            return Err(PacketizeError::TooLong);
        }
        let behind_first = data.len().saturating_sub(max_len - first_header_len);
        let packets_left = 1 + behind_first.div_ceil(max_len - header_len);
        Ok(Self {
            info,
            data,
            position: 0,
            max_len,
            header_len,
            first_header_len,
            packets_left,
        })
    }

    fn write_next(&mut self, out: &mut Vec<u8>) -> Written {
        let begins = self.position == 0;
        let end = self.position + self.next_len(begins);
        let ends = end == self.data.len();
        self.info.descriptor.write_part(out, begins, ends, begins);
        out.extend_from_slice(&self.data[self.position..end]);
        self.position = end;
        self.packets_left -= 1;
        Written {
            marker: ends && self.info.end_of_picture,
        }
    }

    /// Such a share that this packet and those to come are of the same size.
    fn next_len(&self, begins: bool) -> usize {
        let left = self.data.len() - self.position;
        let later = self.packets_left - 1;
        let header = if begins {
            self.first_header_len
        } else {
            self.header_len
        };
        let size = (left + header + later * self.header_len).div_ceil(self.packets_left);
        // A long structure in a short packet: what the packets to come cannot take goes into this one.
        let least = left.saturating_sub(later * (self.max_len - self.header_len));
        size.saturating_sub(header).max(least).max(1)
    }
}
