//! WebRTC data channels (RFC 8831, RFC 8832) over an SCTP association.
//!
//! An [`Endpoint`] owns the association and all channels over it. [`DcepMessage`] is the protocol by
//! which a peer is told of a channel.
//!
//! # Reading
//!
//! Messages stay in the association until they are [received](Endpoint::receive), and hold the peer
//! back when they fill its receive window ([`tidewire_sctp::Config::receive_window`]). SCTP has one
//! window for all streams (RFC 9260 section 6.2.1), so that nothing can hold one channel back and not
//! the others. There is no share for each channel either: the only means to enforce one would be to
//! lose reliable messages, or to close a channel whose reader is merely slow. So read every channel,
//! those that the peer opened too, or [close](Endpoint::close) it: a closed channel's messages are
//! thrown away as they arrive.
//!
//! ```
//! use bytes::Bytes;
//! use tidewire_crypto::Rng;
//! use tidewire_datachannel::{Config, Endpoint, Event, Init, Message, Role};
//!
//! let now = tidewire_netsim::start();
//! let endpoint = |seed, role| {
//!     let association = tidewire_sctp::Config::default();
//!     let mut endpoint = Endpoint::new(Config::default(), association, Rng::from_u64(seed), now);
//!     endpoint.set_role(now, role);
//!     endpoint.connect(now);
//!     endpoint
//! };
//! let mut ours = endpoint(1, Role::DtlsClient);
//! let mut theirs = endpoint(2, Role::DtlsServer);
//! let channel = ours.create(now, "greetings", Init::default())?;
//!
//! // Packets are carried between the two; within WebRTC, DTLS does.
//! let mut packet = Vec::new();
//! let mut received = None;
//! while received.is_none() {
//!     while ours.poll_transmit(now, &mut packet) {
//!         theirs.handle_packet(now, Bytes::from(std::mem::take(&mut packet)));
//!     }
//!     while theirs.poll_transmit(now, &mut packet) {
//!         ours.handle_packet(now, Bytes::from(std::mem::take(&mut packet)));
//!     }
//!     while let Some(event) = ours.poll_event() {
//!         if event == Event::Opened(channel) {
//!             ours.send(now, channel, Message::from("hello"))?;
//!         }
//!     }
//!     while let Some(event) = theirs.poll_event() {
//!         if let Event::Readable(channel) = event {
//!             received = theirs.receive(channel);
//!         }
//!     }
//! }
//! assert_eq!(received, Some(Message::from("hello")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod stats;
mod streams;

pub use channel::{ChannelId, ChannelStats, ChannelView, State};
pub use config::{Config, Init, Role};
pub use dcep::{DcepError, DcepMessage, MAX_TEXT_LEN, OpenMessage};
pub use endpoint::Endpoint;
pub use error::{CreateError, SendError};
pub use event::Event;
pub use message::Message;
pub use stats::{Faults, Stats};
pub use tidewire_sctp::Reliability;
