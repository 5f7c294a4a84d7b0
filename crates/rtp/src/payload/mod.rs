//! Payload formats: encoded frames cut into RTP payloads, and put together again.
//!
//! A [`Packetizer`] takes an encoded frame and writes one RTP payload after another. A
//! [`Depacketizer`] takes payloads in the order of their sequence numbers and answers with frames. What
//! it takes for a frame is what a decoder takes at once: of audio a packet, of video a picture, or one
//! spatial layer of it. A frame that lost a packet is never answered; the next one tells.
//!
//! ```
//! use bytes::Bytes;
//! use tidewire_rtp::payload::{Depacketizer, Format, OutgoingFrame, Packet, Packetizer};
//!
//! let mut packetizer = Packetizer::new(Format::Opus);
//! let frame = OutgoingFrame::new(Bytes::from_static(b"\x78an encoded frame"));
//! packetizer.start(frame.clone(), 1200)?;
//! let mut depacketizer = Depacketizer::new(Format::Opus);
//! let mut payload = Vec::new();
//! while let Some(written) = packetizer.write_next(&mut payload) {
//!     depacketizer.handle_packet(Packet {
//!         sequence: 7,
//!         timestamp: 960,
//!         marker: written.marker,
//!         payload: Bytes::copy_from_slice(&payload),
//!     });
//!     payload.clear();
//! }
//! assert_eq!(depacketizer.poll_frame().map(|received| received.data), Some(frame.data));
//! # Ok::<(), tidewire_rtp::payload::PacketizeError>(())
//! ```

mod assembly;
mod audio;
pub mod av1;
mod depacketizer;
mod format;
mod frame;
pub mod h264;
mod opus;
mod packetizer;
mod pieces;
mod resolution;
mod telephone;
#[cfg(test)]
mod video_testing;
pub mod vp8;
pub mod vp9;

#[doc(hidden)]
pub mod fuzz;

pub use depacketizer::{Depacketize, Depacketizer, Frames, Packet, Stats};
pub use format::Format;
pub use frame::{Details, Frame, OutgoingFrame};
pub use opus::OpusPacket;
pub use packetizer::{Packetize, PacketizeError, Packetizer, Written};
pub use resolution::Resolution;
pub use telephone::{
    ComfortNoise, EventChange, EventPacket, EventReceiver, EventSender, TelephoneEvent,
};
