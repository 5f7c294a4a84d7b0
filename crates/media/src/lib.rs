//! Media streams on top of RTP, for one transport: a [`Session`] receives, orders, repairs and puts
//! together what arrives, and cuts, paces, reports and sends again what is sent.
//!
//! It neither encodes nor decodes, and protects nothing: packets go in and come out in the clear.
#![forbid(unsafe_code)]

mod clock;
mod config;
mod error;
mod estimator;
mod event;
mod extensions;
mod feedback;
mod frame_rate;
#[doc(hidden)]
pub mod fuzz;
mod ids;
mod receive;
mod send;
mod sequence;
mod session;
mod stats;

pub use clock::WallClock;
pub use config::{
    Codec, Config, Delivery, Encoding, Feedback, MediaKind, ReceiverConfig, SenderConfig,
    SignaledStream,
};
pub use error::SendError;
pub use estimator::{BandwidthEstimator, FixedRate, PacketResult, SentPacket};
pub use event::{Event, Media, Received, ReceivedFrame, ReceivedPacket};
pub use extensions::Extensions;
pub use frame_rate::FrameRate;
pub use ids::{EncodingId, ReceiverId, SenderId, StreamId};
pub use sequence::SequenceExtender;
pub use session::{FrameInfo, OutgoingPacket, Session};
pub use stats::{InboundStats, OutboundStats, SessionStats};
