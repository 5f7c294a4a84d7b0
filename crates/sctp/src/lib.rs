//! SCTP for WebRTC as a sans-IO state machine: the [`Association`] of RFC 9260 without
//! multi-homing, carried by DTLS (RFC 8261), with partial reliability (RFC 3758) and stream resets
//! (RFC 6525).
#![forbid(unsafe_code)]

mod association;
mod config;
mod congestion;
mod cookie;
mod error;
mod event;
#[doc(hidden)]
pub mod fuzz;
mod ids;
mod inbound;
mod outbound;
mod rto;
mod stats;
#[cfg(test)]
mod tests;
mod wire;

pub use association::Association;
pub use config::{Config, Reliability, SendOptions};
pub use error::SendError;
pub use event::{CloseReason, ErrorCause, Event};
pub use ids::{Ppid, StreamId};
pub use inbound::Message;
pub use stats::{Dropped, Stats};
