//! An async driver for Tidewire: sockets, timers and gathering for peer connections, on tokio.
//!
//! An [`Endpoint`] owns UDP sockets that any number of connections share. A [`PeerConnection`] has
//! the W3C's methods; a [`DataChannel`] sends and receives with backpressure.
//!
//! # A data channel echo
//!
//! ```no_run
#![doc = include_str!("../examples/echo.rs")]
//! ```
#![forbid(unsafe_code)]

mod connection;
mod data_channel;
mod endpoint;
mod event;
mod events;
#[doc(hidden)]
pub mod fuzz;
mod gather;
mod handle;
mod mdns;
mod media;
mod peer_connection;
mod socket;

pub use data_channel::{ChannelClosed, DataChannel};
pub use endpoint::{Endpoint, EndpointConfig};
pub use event::Event;
pub use peer_connection::PeerConnection;

pub use tidewire;
