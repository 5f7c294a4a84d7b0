//! WebRTC data channels (RFC 8831, RFC 8832) over an SCTP association.
#![forbid(unsafe_code)]

mod dcep;
#[doc(hidden)]
pub mod fuzz;
mod reliability;

pub use dcep::{DcepError, DcepMessage, MAX_TEXT_LEN, OpenMessage};
pub use reliability::Reliability;
