//! WebM files, written and read: as much of Matroska (RFC 9559) as one stream of video and one of audio
//! need.
//!
//! By hand, because no crate fits: see the manifest.

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
