//! Which payload formats there are.

use super::audio::{Audio, OneToOne};
use super::depacketizer::{Depacketize, Depacketizer};
use super::opus::OpusDepacketizer;
use super::packetizer::{Packetize, Packetizer};
use super::resolution::Resolution;
use super::{av1, h264, vp8, vp9};

/// A payload format.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// Opus (RFC 7587): a frame is one Opus packet.
    Opus,
    /// G.711 in µ-law (RFC 3551 section 4.5.14).
    Pcmu,
    /// G.711 in A-law (RFC 3551 section 4.5.14).
    Pcma,
    /// G.722 (RFC 3551 section 4.5.2).
    G722,
    /// Comfort noise (RFC 3389).
    ComfortNoise,
    /// Named telephone events (RFC 4733 section 2).
    TelephoneEvent,
    /// VP8 (RFC 7741).
    Vp8,
    /// H.264 in packetization mode 1 (RFC 6184): a frame is an access unit as a byte stream, with a start
    /// code before each unit (ITU-T H.264 annex B).
    H264,
    /// H.264 in packetization mode 0: no unit may be longer than a packet.
    H264SingleUnit,
    /// VP9 (RFC 9628): a frame is a picture, or one spatial layer of it.
    Vp9,
    /// AV1 (the AV1 RTP specification): a frame is a temporal unit of sized OBUs without a delimiter, or
    /// what one spatial layer adds to it.
    Av1,
    /// Any other format that puts one frame into one packet, as it is.
    Opaque,
}

impl Format {
    /// Whether a payload begins a frame that a decoder can begin with.
    pub fn starts_key_frame(self, payload: &[u8]) -> bool {
        match self {
            Self::Av1 => av1::starts_key_frame(payload),
            Self::H264 | Self::H264SingleUnit => h264::starts_key_frame(payload),
            Self::Vp8 => vp8::starts_key_frame(payload),
            Self::Vp9 => vp9::starts_key_frame(payload),
            _ => true,
        }
    }

    /// How large pictures are by the beginning of a key frame in the form that
    /// [`OutgoingFrame`](super::OutgoingFrame) has. `None` of other frames, and of sound.
    pub fn resolution(self, frame: &[u8]) -> Option<Resolution> {
        match self {
            Self::Av1 => av1::resolution(frame),
            Self::H264 | Self::H264SingleUnit => h264::resolution(frame),
            Self::Vp8 => vp8::resolution(frame),
            Self::Vp9 => vp9::resolution(frame),
            _ => None,
        }
    }

    /// How large pictures are by the payload that [starts a key frame](Self::starts_key_frame), as far as it
    /// tells.
    pub fn payload_resolution(self, payload: &[u8]) -> Option<Resolution> {
        match self {
            Self::Av1 => av1::payload_resolution(payload),
            Self::H264 | Self::H264SingleUnit => h264::payload_resolution(payload),
            Self::Vp8 => vp8::payload_resolution(payload),
            Self::Vp9 => vp9::payload_resolution(payload),
            _ => None,
        }
    }

    fn packetize(self) -> Box<dyn Packetize> {
        match self {
            Self::Av1 => Box::new(av1::Av1Packetizer::default()),
            Self::H264 => Box::new(h264::H264Packetizer::new(true)),
            Self::H264SingleUnit => Box::new(h264::H264Packetizer::new(false)),
            Self::Vp8 => Box::new(vp8::Vp8Packetizer::default()),
            Self::Vp9 => Box::new(vp9::Vp9Packetizer::default()),
            _ => Box::new(OneToOne::default()),
        }
    }

    fn depacketize(self) -> Box<dyn Depacketize> {
        match self {
            Self::Av1 => Box::new(av1::Av1Depacketizer::default()),
            Self::H264 | Self::H264SingleUnit => Box::new(h264::H264Depacketizer::default()),
            Self::Opus => Box::new(OpusDepacketizer),
            Self::Vp8 => Box::new(vp8::Vp8Depacketizer::default()),
            Self::Vp9 => Box::new(vp9::Vp9Depacketizer::default()),
            _ => Box::new(Audio),
        }
    }
}

impl Packetizer {
    /// For a format.
    pub fn new(format: Format) -> Self {
        Self::custom(format.packetize())
    }
}

impl Depacketizer {
    /// For a format.
    pub fn new(format: Format) -> Self {
        Self::custom(format.depacketize())
    }
}
