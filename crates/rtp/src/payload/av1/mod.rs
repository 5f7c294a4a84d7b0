//! AV1 (the RTP payload format for AV1, version 1.0, of the Alliance for Open Media).
//!
//! A frame is a temporal unit, in the low-overhead format: OBUs that tell their size. When OBUs have an
//! extension header, what one spatial layer adds to the unit is a frame of its own. Both ways can be sent:
//! [`FrameInfo::end_of_temporal_unit`] tells. Temporal delimiters, tile lists and padding are not sent, and
//! are ignored when they come.
//!
//! # Loss
//! The format does not mark where a frame ends or begins; the dependency descriptor does, in another
//! place. What follows from that:
//! - The last packet of a temporal unit has the marker bit. Without one, a frame is answered when the next
//!   unit or spatial layer begins, and not at all if the packet between is lost.
//! - After a loss, a frame begins with a new coded video sequence, a sequence header, a frame or a frame
//!   header. One that begins with metadata is withheld, for its real beginning may have been lost; so are,
//!   once the stream had frames that are not shown, all but those with a sequence header, until a temporal
//!   unit ends.
//! - OBUs in front of a frame that were lost in packets of their own are not missed: sequence headers,
//!   metadata, and the first frames of the stream that are not shown.

mod depacketize;
mod elements;
mod leb128;
mod obu;
mod packetize;
mod plan;
mod sequence;
#[cfg(test)]
mod tests;

pub(super) use depacketize::Av1Depacketizer;
pub(super) use packetize::Av1Packetizer;

use super::resolution::Resolution;
use elements::{Aggregation, Elements};
use obu::Header;
use sequence::Scan;

/// What is known of a frame beside its bitstream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FrameInfo {
    /// The layer, when OBUs have an extension header. Not looked at on sending: the OBUs tell.
    pub layers: Option<Layers>,
    /// No frame of a higher spatial layer follows in this temporal unit: the marker bit.
    pub end_of_temporal_unit: bool,
    /// N: the first frame of a coded video sequence. Not looked at on sending: the OBUs tell.
    pub starts_sequence: bool,
    /// From the sequence header, if there is one: the largest that frames of the sequence have.
    pub resolution: Option<Resolution>,
}

/// The layer of a frame, from the extension header of its OBUs.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Layers {
    /// `temporal_id`.
    pub temporal: u8,
    /// `spatial_id`.
    pub spatial: u8,
}

impl Default for FrameInfo {
    fn default() -> Self {
        Self {
            layers: None,
            end_of_temporal_unit: true,
            starts_sequence: false,
            resolution: None,
        }
    }
}

/// Whether a payload begins a frame that a decoder can begin with: it says so, or has a sequence header
/// and a key frame.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    Aggregation::parse(payload)
        .filter(|aggregation| !aggregation.continues)
        .and_then(|aggregation| {
            let scan = scan_payload(payload, aggregation)?;
            Some(aggregation.starts_sequence || scan.is_key())
        })
        .unwrap_or_default()
}

/// `None` when the payload is malformed.
fn scan_payload(payload: &[u8], aggregation: Aggregation) -> Option<Scan> {
    let mut scan = Scan::default();
    let mut elements = Elements::new(payload);
    while let Some(range) = elements.next() {
        let is_cut = aggregation.goes_on && elements.is_at_end();
        if let Some((header, body)) = Header::of_element(&payload[range?], is_cut) {
            scan.take(header, body);
        }
    }
    Some(scan)
}

/// The size in the sequence header before a key frame.
pub(super) fn resolution(frame: &[u8]) -> Option<Resolution> {
    let scan = Scan::of(frame);
    scan.resolution().filter(|_| scan.is_key())
}

/// The size in the sequence header of a payload.
pub(super) fn payload_resolution(payload: &[u8]) -> Option<Resolution> {
    let aggregation = Aggregation::parse(payload).filter(|aggregation| !aggregation.continues)?;
    scan_payload(payload, aggregation)?.resolution()
}
