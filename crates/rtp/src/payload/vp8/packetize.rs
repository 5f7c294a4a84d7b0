//! Cutting frames, RFC 7741 section 4.4.

use bytes::Bytes;

use super::descriptor::{Descriptor, PictureId};
use crate::payload::frame::{Details, OutgoingFrame};
use crate::payload::packetizer::{Packetize, PacketizeError, Written};
use crate::payload::pieces::Pieces;

/// Cuts frames into pieces of nearly equal size; partitions are not looked at.
#[derive(Debug)]
pub(in crate::payload) struct Vp8Packetizer {
    picture_id: PictureId,
    current: Option<(Descriptor, Bytes, Pieces)>,
}

impl Default for Vp8Packetizer {
    fn default() -> Self {
        Self {
            picture_id: PictureId::long(0),
            current: None,
        }
    }
}

impl Packetize for Vp8Packetizer {
    fn start(&mut self, frame: OutgoingFrame, max_len: usize) -> Result<(), PacketizeError> {
        self.current = None;
        if frame.data.is_empty() {
            return Err(PacketizeError::Empty);
        }
        let mut descriptor = match frame.details {
            Details::Vp8(info) => info.descriptor,
            _ => Descriptor::default(),
        };
        let picture_id = *descriptor.picture_id.get_or_insert(self.picture_id);
        descriptor.partition = 0;
        descriptor.begins_partition = false;
        // At most 6 bytes: flags, extensions, id, index, layer.
        let mut header = Vec::with_capacity(6);
        descriptor.write(&mut header);
        let room = max_len.checked_sub(header.len()).filter(|room| *room > 0);
        let room = room.ok_or(PacketizeError::TooLong)?;
        let pieces = Pieces::new(frame.data.len(), room);
        self.picture_id = picture_id.next();
        self.current = Some((descriptor, frame.data, pieces));
        Ok(())
    }

    fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Written> {
        let (descriptor, data, pieces) = self.current.as_mut()?;
        let piece = pieces.next();
        let Some(piece) = piece else {
            self.current = None;
            return None;
        };
        descriptor.begins_frame = piece.start == 0;
        descriptor.write(out);
        let marker = piece.end == data.len();
        out.extend_from_slice(&data[piece]);
        Some(Written { marker })
    }
}
