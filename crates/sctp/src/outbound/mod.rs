//! The sending half: what waits, and what is under way.

mod flight;
mod queue;

pub(crate) use flight::Flight;
pub(crate) use queue::{Fragment, SendQueue};
