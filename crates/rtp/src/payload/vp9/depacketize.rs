//! Putting frames together, RFC 9628 sections 4.1 to 4.3.
//!
//! The descriptor marks both ends of a frame. So a frame is answered exactly when all its packets came:
//! of what else was lost, nothing is withheld.

use super::FrameInfo;
use super::bitstream::Header;
use super::descriptor::Descriptor;
use super::structure::Structure;
use crate::payload::assembly::Assembly;
use crate::payload::depacketizer::{Depacketize, Frames, Packet};
use crate::payload::frame::{Details, Frame};
use crate::payload::resolution::Resolution;

/// Puts the frames of all layers together.
#[derive(Debug, Default)]
pub(in crate::payload) struct Vp9Depacketizer {
    current: Option<(Assembly, Descriptor)>,
}

impl Depacketize for Vp9Depacketizer {
    fn handle_packet(&mut self, packet: Packet, frames: &mut Frames) {
        let parsed = Descriptor::parse(&packet.payload);
        let Some((descriptor, bitstream)) = parsed.ok().filter(|(_, rest)| !rest.is_empty()) else {
            frames.count_malformed();
            self.handle_loss(frames);
            return;
        };
        let bitstream = packet.payload.slice_ref(bitstream);
        let ends = descriptor.ends_frame || packet.marker;
        let Some((mut assembly, descriptor)) = self.extend(&packet, descriptor, frames) else {
            return;
        };
        if !assembly.push(bitstream) {
            frames.count_dropped();
        } else if ends {
            frames.push(finish(assembly, descriptor, packet.marker));
        } else {
            self.current = Some((assembly, descriptor));
        }
    }

    fn handle_loss(&mut self, frames: &mut Frames) {
        if self.current.take().is_some() {
            frames.count_dropped();
        }
    }
}

impl Vp9Depacketizer {
    /// The frame that the packet belongs to, if its beginning is there.
    fn extend(
        &mut self,
        packet: &Packet,
        descriptor: Descriptor,
        frames: &mut Frames,
    ) -> Option<(Assembly, Descriptor)> {
        if descriptor.begins_frame {
            // One before it has no end, though nothing was lost.
            self.handle_loss(frames);
            return Some((Assembly::new(packet), descriptor));
        }
        match self.current.take() {
            Some((mut assembly, first)) if goes_on(&assembly, &first, packet, &descriptor) => {
                assembly.extend(packet);
                Some((assembly, first))
            }
            Some(_) => {
                frames.count_dropped();
                None
            }
            None => None,
        }
    }
}

fn goes_on(assembly: &Assembly, first: &Descriptor, packet: &Packet, next: &Descriptor) -> bool {
    assembly.timestamp == packet.timestamp
        && first.picture_id == next.picture_id
        && first.spatial() == next.spatial()
}

fn finish(assembly: Assembly, descriptor: Descriptor, end_of_picture: bool) -> Frame {
    let is_key = descriptor.is_key();
    let spatial = usize::from(descriptor.spatial());
    let structure = descriptor.structure.as_deref();
    let described = structure.and_then(|structure| of_layer(structure, spatial));
    let info = FrameInfo {
        descriptor: Descriptor {
            begins_frame: true,
            ends_frame: true,
            ..descriptor
        },
        end_of_picture,
        resolution: described,
    };
    let mut frame = assembly.finish(is_key, Details::Vp9(info));
    let coded = Header::parse(&frame.data).and_then(|header| header.resolution);
    if let (Details::Vp9(info), Some(_)) = (&mut frame.details, coded) {
        info.resolution = coded;
    }
    frame
}

fn of_layer(structure: &Structure, spatial: usize) -> Option<Resolution> {
    structure.resolutions().get(spatial).copied()
}
