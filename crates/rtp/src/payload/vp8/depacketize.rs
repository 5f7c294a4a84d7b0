//! Putting frames together, RFC 7741 section 4.5.
//!
//! A frame begins where the descriptor says so, and ends with the marker. One whose marker was lost is
//! withheld with it.

use super::FrameInfo;
use super::descriptor::Descriptor;
use super::{is_key, resolution};
use crate::payload::assembly::Assembly;
use crate::payload::depacketizer::{Depacketize, Frames, Packet};
use crate::payload::frame::{Details, Frame};

/// Puts frames together.
#[derive(Debug, Default)]
pub(in crate::payload) struct Vp8Depacketizer {
    current: Option<(Assembly, Descriptor)>,
}

impl Depacketize for Vp8Depacketizer {
    fn handle_packet(&mut self, packet: Packet, frames: &mut Frames) {
        let parsed = Descriptor::parse(&packet.payload);
        let Some((descriptor, bitstream)) = parsed.filter(|(_, rest)| !rest.is_empty()) else {
            frames.count_malformed();
            self.handle_loss(frames);
            return;
        };
        let bitstream = packet.payload.slice_ref(bitstream);
        let Some((mut assembly, first)) = self.extend(&packet, descriptor, frames) else {
            return;
        };
        if !assembly.push(bitstream) {
            frames.count_dropped();
        } else if packet.marker {
            frames.push(finish(assembly, first));
        } else {
            self.current = Some((assembly, first));
        }
    }

    fn handle_loss(&mut self, frames: &mut Frames) {
        if self.current.take().is_some() {
            frames.count_dropped();
        }
    }
}

impl Vp8Depacketizer {
    /// The frame that the packet belongs to, if its beginning is there.
    fn extend(
        &mut self,
        packet: &Packet,
        descriptor: Descriptor,
        frames: &mut Frames,
    ) -> Option<(Assembly, Descriptor)> {
        let current = self.current.take();
        let goes_on = current.as_ref().is_some_and(|(assembly, first)| {
            assembly.timestamp == packet.timestamp && first.picture_id == descriptor.picture_id
        });
        // Some senders mark every partition as the first one.
        if let Some((mut assembly, first)) = current {
            if goes_on {
                assembly.extend(packet);
                return Some((assembly, first));
            }
            frames.count_dropped();
        }
        descriptor
            .begins_frame
            .then(|| (Assembly::new(packet), descriptor))
    }
}

fn finish(assembly: Assembly, descriptor: Descriptor) -> Frame {
    let info = FrameInfo {
        descriptor,
        resolution: None,
    };
    let mut frame = assembly.finish(false, Details::Vp8(info));
    frame.is_key = is_key(&frame.data);
    frame.details = Details::Vp8(FrameInfo {
        resolution: resolution(&frame.data),
        ..info
    });
    frame
}
