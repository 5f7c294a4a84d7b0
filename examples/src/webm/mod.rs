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
mod packet;
mod reader;
mod track;
mod writer;

pub use av1::av1_configuration;
pub use packet::Packet;
pub use reader::{ReadError, Reader};
pub use track::{Codec, Track};
pub use writer::Writer;

#[cfg(test)]
mod tests;
