//! VP9 (RFC 9628), with its spatial and temporal layers.
//!
//! A frame is what one spatial layer adds to a picture. With [`Details::None`](super::Details::None)
//! every frame is a picture of its own, without layers. An encoder with layers tells of each frame by a
//! [`FrameInfo`]; what it leaves open is filled in.
//!
//! ```
//! use tidewire_rtp::payload::vp9::{Descriptor, Layers, PictureId};
//!
//! let mut descriptor = Descriptor::default();
//! descriptor.picture_id = Some(PictureId::long(4711));
//! descriptor.layers = Some(Layers { spatial: 1, inter_layer: true, ..Layers::default() });
//! descriptor.tl0_picture_index = Some(17);
//! let mut payload = Vec::new();
//! descriptor.write(&mut payload);
//! let (parsed, bitstream) = Descriptor::parse(&payload)?;
//! assert_eq!(parsed, descriptor);
//! assert!(bitstream.is_empty());
//! # Ok::<(), tidewire_rtp::payload::vp9::DescriptorError>(())
//! ```

mod bitstream;
mod depacketize;
mod descriptor;
mod edit;
mod fields;
mod packetize;
mod structure;
#[cfg(test)]
mod tests;

use super::resolution::Resolution;

pub use descriptor::{Descriptor, Layers, PictureId};
pub use edit::{set_picture_id, set_tl0_picture_index};
pub use fields::{DescriptorError, References};
pub use structure::{GroupPicture, Structure, StructureError};

pub(super) use depacketize::Vp9Depacketizer;
pub(super) use packetize::Vp9Packetizer;

/// What is known of a frame beside its bitstream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FrameInfo {
    /// What the descriptors of its packets tell. Whether it begins and ends a frame is not looked at on
    /// sending, and true of a frame that was received.
    pub descriptor: Descriptor,
    /// No frame of a higher spatial layer follows in this picture: the marker bit.
    pub end_of_picture: bool,
    /// From the bitstream of a key frame, else from the scalability structure. Not looked at on sending.
    pub resolution: Option<Resolution>,
}

impl Default for FrameInfo {
    fn default() -> Self {
        Self {
            descriptor: Descriptor::default(),
            end_of_picture: true,
            resolution: None,
        }
    }
}

/// Whether a payload begins a frame that a decoder can begin with.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    Descriptor::parse(payload)
        .is_ok_and(|(descriptor, _)| descriptor.begins_frame && descriptor.is_key())
}

/// The size in the header of a key frame.
pub(super) fn resolution(frame: &[u8]) -> Option<Resolution> {
    bitstream::Header::parse(frame)?.resolution
}

/// The size of the highest layer, or in the header of the key frame that a payload begins.
pub(super) fn payload_resolution(payload: &[u8]) -> Option<Resolution> {
    let (descriptor, bitstream) = Descriptor::parse(payload).ok()?;
    let structure = descriptor.structure.as_deref();
    let largest = structure.and_then(|structure| structure.resolutions().last().copied());
    largest.or_else(|| resolution(bitstream).filter(|_| descriptor.begins_frame))
}
