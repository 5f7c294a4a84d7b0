//! Values that are no times.

use std::time::Duration;

use super::{Extension, ExtensionKind};
use crate::take::{take, take_u8, take_u16};

/// An extension whose value is text of at least one character (RFC 7941 section 4).
macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub struct $name<'a>(pub &'a str);

        impl<'a> Extension<'a> for $name<'a> {
            const KIND: ExtensionKind = ExtensionKind::$name;

            fn decode(value: &'a [u8]) -> Option<Self> {
                let text = std::str::from_utf8(value).ok()?;
                (!text.is_empty()).then_some(Self(text))
            }

            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.0.as_bytes());
            }
        }
    };
}

text! {
    /// The media section that a stream belongs to, RFC 9143 section 15.
    Mid
}

text! {
    /// Which of a section's streams it is, RFC 8852 section 3.1.
    Rid
}

text! {
    /// Which stream is repaired by this one, RFC 8852 section 3.2.
    RepairedRid
}

/// How loud the audio in a packet is, RFC 6464.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AudioLevel {
    /// Somebody speaks.
    pub voice: bool,
    /// In dB below the loudest, 0 to 127.
    pub level: u8,
}

impl Extension<'_> for AudioLevel {
    const KIND: ExtensionKind = ExtensionKind::AudioLevel;

    fn decode(value: &[u8]) -> Option<Self> {
        // The form of two bytes may pad (RFC 6464 section 3).
        let [byte] = *value.first_chunk()?;
        Some(Self {
            voice: byte & 0x80 != 0,
            level: byte & 0x7f,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.voice) << 7 | self.level.min(127));
    }
}

/// A sequence number over all streams of a transport, for feedback on each packet; of either version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TransportSequenceNumber {
    /// The number.
    pub sequence: u16,
    /// Version 2 only: what feedback is asked for.
    pub request: Option<FeedbackRequest>,
}

/// What feedback the sender of a packet asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FeedbackRequest {
    /// With the times of arrival.
    pub with_times: bool,
    /// On how many packets, this one and those before it; at most 32 767.
    pub packets: u16,
}

impl From<u16> for TransportSequenceNumber {
    fn from(sequence: u16) -> Self {
        Self {
            sequence,
            request: None,
        }
    }
}

impl Extension<'_> for TransportSequenceNumber {
    const KIND: ExtensionKind = ExtensionKind::TransportSequenceNumber;

    fn decode(mut value: &[u8]) -> Option<Self> {
        let sequence = take_u16(&mut value)?;
        let request = take_u16(&mut value).map(|word| FeedbackRequest {
            with_times: word & 0x8000 != 0,
            packets: word & 0x7fff,
        });
        // A count of none asks for nothing.
        let request = request.filter(|request| request.packets > 0);
        Some(Self { sequence, request })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.sequence.to_be_bytes());
        if let Some(request) = self.request {
            let times = u16::from(request.with_times) << 15;
            let word = times | request.packets.min(0x7fff);
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}

/// How a frame has to be turned to stand upright, 3GPP TS 26.114 section 7.4.5.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct VideoOrientation {
    /// It comes from the camera on the back.
    pub is_back_camera: bool,
    /// It has to be mirrored.
    pub is_flipped: bool,
    /// In quarters of a turn, clockwise: 0 to 3.
    pub quarter_turns: u8,
}

impl Extension<'_> for VideoOrientation {
    const KIND: ExtensionKind = ExtensionKind::VideoOrientation;

    fn decode(value: &[u8]) -> Option<Self> {
        let [byte] = *value.first_chunk()?;
        Some(Self {
            is_back_camera: byte & 8 != 0,
            is_flipped: byte & 4 != 0,
            quarter_turns: byte & 3,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let flags = u8::from(self.is_back_camera) << 3 | u8::from(self.is_flipped) << 2;
        out.push(flags | self.quarter_turns & 3);
    }
}

/// How long a receiver may hold a frame back, at 10 ms a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PlayoutDelay {
    /// No less, in steps: 0 to 4095.
    pub min: u16,
    /// No more, in steps: 0 to 4095.
    pub max: u16,
}

impl PlayoutDelay {
    const STEP: Duration = Duration::from_millis(10);

    /// No less.
    pub fn min_delay(&self) -> Duration {
        Self::STEP * self.min.into()
    }

    /// No more.
    pub fn max_delay(&self) -> Duration {
        Self::STEP * self.max.into()
    }
}

impl Extension<'_> for PlayoutDelay {
    const KIND: ExtensionKind = ExtensionKind::PlayoutDelay;

    fn decode(mut value: &[u8]) -> Option<Self> {
        let [a, b, c] = *take(&mut value)?;
        let min = u16::from(a) << 4 | u16::from(b) >> 4;
        let max = u16::from(b & 0x0f) << 8 | u16::from(c);
        (min <= max).then_some(Self { min, max })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let (min, max) = (self.min.min(0xfff), self.max.min(0xfff));
        let middle = (min << 4) as u8 | (max >> 8) as u8;
        out.extend_from_slice(&[(min >> 4) as u8, middle, max as u8]);
    }
}

/// What a video shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VideoContentType(pub u8);

impl VideoContentType {
    /// Nothing special.
    pub const UNSPECIFIED: Self = Self(0);
    /// What is on a screen.
    pub const SCREENSHARE: Self = Self(1);
}

impl Extension<'_> for VideoContentType {
    const KIND: ExtensionKind = ExtensionKind::VideoContentType;

    fn decode(mut value: &[u8]) -> Option<Self> {
        take_u8(&mut value).map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }
}

/// What a frame depends on, as it is: to be read with the structure that an earlier packet of the stream
/// carried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DependencyDescriptorBytes<'a>(pub &'a [u8]);

impl<'a> Extension<'a> for DependencyDescriptorBytes<'a> {
    const KIND: ExtensionKind = ExtensionKind::DependencyDescriptor;

    fn decode(value: &'a [u8]) -> Option<Self> {
        (value.len() >= 3).then_some(Self(value))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0);
    }
}
