//! An ICE agent (RFC 8445) as a sans-IO state machine.
#![forbid(unsafe_code)]

mod agent;
mod candidate;
mod checklist;
mod config;
mod consent;
mod credentials;
mod event;
#[doc(hidden)]
pub mod fuzz;
mod gather;
mod grammar;
mod keys;
mod local;
mod message;
mod pacer;
mod pair;
mod priority;
mod remote;
mod session;
mod state;
mod stats;
mod transaction;

pub use agent::{Agent, Handled, SelectedPair, Timer, Transmit};
pub use candidate::{Address, Candidate, CandidateKind, Foundation, TcpType, Transport};
pub use config::{Config, Limits, Role, Timing};
pub use credentials::{Credentials, CredentialsError};
pub use event::Event;
pub use grammar::ParseCandidateError;
pub use local::AddCandidateError;
pub use pair::{PairId, PairInfo, PairState, PairTraffic};
pub use state::{ConnectionState, GatheringState};
pub use stats::{DropReason, Drops, Stats};
