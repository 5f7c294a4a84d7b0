//! Encoded frames, before they are cut and after they are whole again.

use bytes::Bytes;

use super::resolution::Resolution;
use super::{av1, h264, vp8, vp9};

/// An encoded frame to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutgoingFrame {
    /// The bitstream, in the form that [`Format`](super::Format) tells.
    pub data: Bytes,
    /// What the encoder knows and the bitstream does not tell.
    pub details: Details,
}

impl OutgoingFrame {
    /// A frame of which nothing is known but its bitstream.
    pub fn new(data: Bytes) -> Self {
        Self {
            data,
            details: Details::None,
        }
    }
}

/// A frame that has arrived whole.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Frame {
    /// The bitstream, in the form that [`Format`](super::Format) tells.
    pub data: Bytes,
    /// In ticks of the RTP clock.
    pub timestamp: u32,
    /// The extended sequence number of its first packet.
    pub first_sequence: u64,
    /// The extended sequence number of its last packet.
    pub last_sequence: u64,
    /// Whether a decoder can begin with it. Every frame of audio is one.
    pub is_key: bool,
    /// Packets were lost between the frame before and this one: of this layer or of another, or of
    /// nothing that matters.
    pub follows_loss: bool,
    /// The marker bit of its last packet: for video, the last frame of a picture (of a temporal unit);
    /// for audio, the first one after a silence.
    pub marker: bool,
    /// What the payload descriptors told.
    pub details: Details,
}

/// What a payload format tells about a frame beside its bitstream.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Details {
    /// Nothing.
    #[default]
    None,
    /// Of a VP8 frame.
    Vp8(vp8::FrameInfo),
    /// Of an H.264 access unit.
    H264(h264::FrameInfo),
    /// Of a VP9 frame.
    Vp9(vp9::FrameInfo),
    /// Of an AV1 frame.
    Av1(av1::FrameInfo),
}

impl Details {
    /// How large the pictures are, where a frame that was received tells it: a key frame does.
    pub fn resolution(&self) -> Option<Resolution> {
        match self {
            Self::None => None,
            Self::Vp8(info) => info.resolution,
            Self::H264(info) => info.resolution,
            Self::Vp9(info) => info.resolution,
            Self::Av1(info) => info.resolution,
        }
    }
}
