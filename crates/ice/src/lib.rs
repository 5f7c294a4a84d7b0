//! An ICE agent (RFC 8445) as a sans-IO state machine.
#![forbid(unsafe_code)]

mod candidate;
#[doc(hidden)]
pub mod fuzz;
mod grammar;
mod priority;

pub use candidate::{Address, Candidate, CandidateKind, Foundation, TcpType, Transport};
pub use grammar::ParseCandidateError;
