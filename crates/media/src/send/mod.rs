//! Sent streams.

mod history;
mod outbound;
mod pacer;

pub(crate) use history::Stored;
pub(crate) use outbound::Outbound;
pub(crate) use pacer::{Class, Pacer};
