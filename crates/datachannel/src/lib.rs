//! WebRTC data channels (RFC 8831, RFC 8832) over an SCTP association.
#![forbid(unsafe_code)]

mod channel;
mod channels;
mod config;
mod dcep;
mod endpoint;
mod error;
mod event;
#[doc(hidden)]
pub mod fuzz;
mod message;
mod reliability;
mod stats;
mod streams;

pub use channel::{ChannelId, ChannelStats, ChannelView, State};
pub use config::{Config, Init, Role};
pub use dcep::{DcepError, DcepMessage, MAX_TEXT_LEN, OpenMessage};
pub use endpoint::Endpoint;
pub use error::{CreateError, SendError};
pub use event::Event;
pub use message::Message;
pub use reliability::Reliability;
pub use stats::{Faults, Stats};
