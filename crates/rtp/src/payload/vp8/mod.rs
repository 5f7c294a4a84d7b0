//! VP8 (RFC 7741).
//!
//! ```
//! use tidewire_rtp::payload::vp8::{Descriptor, TemporalLayer};
//!
//! let descriptor = Descriptor {
//!     begins_frame: true,
//!     picture_id: Some(4711.into()),
//!     tl0_picture_index: Some(17),
//!     temporal: Some(TemporalLayer { id: 1, layer_sync: true }),
//!     ..Descriptor::default()
//! };
//! let mut payload = Vec::new();
//! descriptor.write(&mut payload);
//! assert_eq!(Descriptor::parse(&payload), Some((descriptor, &[][..])));
//! ```

mod depacketize;
mod descriptor;
mod packetize;
#[cfg(test)]
mod tests;

use super::resolution::Resolution;

pub use descriptor::{Descriptor, PictureId, TemporalLayer, set_picture_id, set_tl0_picture_index};

pub(super) use depacketize::Vp8Depacketizer;
pub(super) use packetize::Vp8Packetizer;

/// What is known of a frame beside its bitstream.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FrameInfo {
    /// What the descriptors of its packets tell. Whether it begins a frame is not looked at on sending,
    /// and true of a frame that was received. Without a picture id, one is counted.
    pub descriptor: Descriptor,
    /// Of a key frame that was received.
    pub resolution: Option<Resolution>,
}

/// Whether a payload begins a frame that a decoder can begin with.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    Descriptor::parse(payload)
        .is_some_and(|(descriptor, bitstream)| descriptor.begins_frame && is_key(bitstream))
}

/// Whether a frame is a key frame (RFC 7741 section 4.3: the P bit is 0).
fn is_key(frame: &[u8]) -> bool {
    frame.first().is_some_and(|first| first & 1 == 0)
}

/// The size in the header of a key frame (RFC 6386 section 9.1).
pub(super) fn resolution(frame: &[u8]) -> Option<Resolution> {
    const START_CODE: [u8; 3] = [0x9d, 0x01, 0x2a];
    let [
        _,
        _,
        _,
        a,
        b,
        c,
        width_low,
        width_high,
        height_low,
        height_high,
        ..,
    ] = *frame
    else {
        return None;
    };
    // The upper two bits tell how to scale it.
    let size = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    ([a, b, c] == START_CODE && is_key(frame)).then(|| Resolution {
        width: size(width_low, width_high),
        height: size(height_low, height_high),
    })
}

/// The size in the header of the key frame that a payload begins.
pub(super) fn payload_resolution(payload: &[u8]) -> Option<Resolution> {
    let (descriptor, bitstream) = Descriptor::parse(payload)?;
    resolution(bitstream).filter(|_| descriptor.begins_frame)
}
