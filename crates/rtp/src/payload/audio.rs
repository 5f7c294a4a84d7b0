//! Formats with one frame in one packet: Opus (RFC 7587 section 4.2), and what RFC 3551 section 4.5,
//! RFC 3389 and RFC 4733 describe.

use super::assembly::Assembly;
use super::depacketizer::{Depacketize, Frames, Packet};
use super::frame::{Details, OutgoingFrame};
use super::packetizer::{Packetize, PacketizeError, Written};

/// Puts each frame into a packet.
#[derive(Debug, Default)]
pub(super) struct OneToOne {
    frame: Option<OutgoingFrame>,
}

impl Packetize for OneToOne {
    fn start(&mut self, frame: OutgoingFrame, max_len: usize) -> Result<(), PacketizeError> {
        self.frame = None;
        if frame.data.is_empty() {
            return Err(PacketizeError::Empty);
        }
        if frame.data.len() > max_len {
            return Err(PacketizeError::TooLong);
        }
        self.frame = Some(frame);
        Ok(())
    }

    fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Written> {
        let frame = self.frame.take()?;
        out.extend_from_slice(&frame.data);
        Some(Written { marker: false })
    }
}

/// Takes each packet for a frame.
#[derive(Debug, Default)]
pub(super) struct Audio;

impl Depacketize for Audio {
    fn handle_packet(&mut self, packet: Packet, frames: &mut Frames) {
        let mut frame = Assembly::new(&packet);
        // A packet is shorter than any frame may be.
        let _ = frame.push(packet.payload);
        frames.push(frame.finish(true, Details::None));
    }

    fn handle_loss(&mut self, _: &mut Frames) {}
}
