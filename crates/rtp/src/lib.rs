//! RTP and RTCP packets, header extensions and payload formats. No state of a session: that is
//! what `tidewire-media` keeps on top of it.
//!
//! [`Packet`] is a view of an RTP packet's bytes, [`Header`] writes one, [`PacketMut`] changes one where
//! it stands. [`extension`] has the header extensions, [`rtcp`] the packets of RTCP, and [`payload`] the
//! payload formats.
#![forbid(unsafe_code)]

mod bits;
pub mod dependency_descriptor;
mod edit;
mod error;
pub mod extension;
#[doc(hidden)]
pub mod fuzz;
mod header;
pub mod ntp;
mod packet;
pub mod payload;
pub mod rtcp;
mod take;
mod writer;

pub use edit::PacketMut;
pub use error::ParseError;
pub use header::Header;
pub use ntp::NtpTime;
pub use packet::{HEADER_LEN, Packet, is_rtcp};
pub use writer::{HeaderWriter, pad};
