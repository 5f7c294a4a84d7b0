//! WebM files, written and read: as much of Matroska (RFC 9559) as one stream of video and one of audio
//! need.
//!
//! It is written by hand because no crate fits: `webm` wraps a C++ library, `matroska` and
//! `matroska-demuxer` only read, and the pure writers (`mkv-element`, `webm-iterable`) bring procedural
//! macros or a build step with an XML parser and leave clusters, cues and durations to the caller anyway,
//! which is most of what stands here.

mod av1;
mod ebml;
mod ids;
mod reader;
mod track;
mod writer;

pub use av1::av1_configuration;
pub use reader::{ReadError, Reader};
pub use track::{Codec, Track};
pub use writer::Writer;

use std::time::Duration;

use bytes::Bytes;

/// A frame in a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packet {
    /// Which of the file's tracks, from 0.
    pub track: usize,
    /// When it is shown, from the file's beginning, in whole milliseconds once written.
    pub time: Duration,
    /// Whether a decoder can begin with it. Every frame of audio is one.
    pub is_key: bool,
    /// The frame.
    pub data: Bytes,
}

#[cfg(test)]
mod tests;
