//! The receiving half: which TSNs have come, and the messages that they make.

mod reassembly;
mod streams;
mod tsns;

pub(crate) use reassembly::{Reassembly, Refused};
pub(crate) use streams::InStreams;
pub use streams::Message;
pub(crate) use tsns::{Arrival, ReceivedTsns};
