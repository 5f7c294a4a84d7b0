//! H.264 (RFC 6184), in packetization modes 0 and 1.
//!
//! A frame is an access unit as a byte stream: NAL units with start codes (ITU-T H.264 annex B). Start
//! codes of three and of four bytes are taken; those that are answered have four.
//!
//! Of parameter sets, those that came last are kept: before a key frame that comes without them, they are
//! put in again.

mod depacketize;
mod packetize;
mod parameter_sets;
mod sps;
#[cfg(test)]
mod tests;
mod units;

use super::resolution::Resolution;

pub use sps::Sps;

pub(super) use depacketize::H264Depacketizer;
pub(super) use packetize::H264Packetizer;

use units::{NalType, aggregated, nal_type};

/// What is known of an access unit beside its bitstream.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FrameInfo {
    /// What the last sequence parameter set told, of a key frame. Not looked at on sending.
    pub resolution: Option<Resolution>,
}

/// Whether a payload begins a frame that a decoder can begin with: an instantaneous refresh, or the
/// sequence parameter set before it.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let is_key = |unit: &[u8]| matches!(nal_type(unit), Some(NalType::IDR | NalType::SPS));
    match nal_type(payload) {
        Some(NalType::STAP_A) => aggregated(payload).any(is_key),
        Some(NalType::FU_A) => {
            let header = payload.get(1).copied().unwrap_or_default();
            header & units::FU_START != 0 && NalType::of(header) == NalType::IDR
        }
        _ => is_key(payload),
    }
}

/// The size in the first sequence parameter set of a byte stream, which stands before all slices.
pub(super) fn resolution(stream: &[u8]) -> Option<Resolution> {
    let mut rest = stream;
    loop {
        let code = rest.windows(3).position(|bytes| bytes == [0, 0, 1])?;
        rest = &rest[code + 3..];
        match nal_type(rest)? {
            NalType::SPS => return Sps::parse(rest).map(|sps| sps.resolution),
            NalType::SLICE | NalType::IDR => return None,
            _ => {}
        }
    }
}

/// The size in the sequence parameter set of a payload.
pub(super) fn payload_resolution(payload: &[u8]) -> Option<Resolution> {
    let sps = match nal_type(payload) {
        Some(NalType::STAP_A) => aggregated(payload).find_map(Sps::parse),
        _ => Sps::parse(payload),
    };
    sps.map(|sps| sps.resolution)
}
