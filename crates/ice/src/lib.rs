//! An ICE agent (RFC 8445) as a sans-IO state machine.
#![forbid(unsafe_code)]

mod candidate;
mod checklist;
mod config;
mod credentials;
mod event;
#[doc(hidden)]
pub mod fuzz;
mod grammar;
mod pair;
mod priority;
mod state;

pub use candidate::{Address, Candidate, CandidateKind, Foundation, TcpType, Transport};
pub use config::{Config, Limits, Role, Timing};
pub use credentials::{Credentials, CredentialsError};
pub use event::Event;
pub use grammar::ParseCandidateError;
pub use pair::{PairId, PairInfo, PairState, PairTraffic};
pub use state::{ConnectionState, GatheringState};
