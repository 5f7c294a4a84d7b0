//! Received streams.

mod arrivals;
mod key_frame;
mod nack;
mod reorder;
mod statistics;
mod stream;

pub(crate) use stream::{Inbound, InboundPacket};
