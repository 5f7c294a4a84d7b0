//! An ICE agent (RFC 8445) as a sans-IO state machine.
//!
//! An [`Agent`] finds a pair of addresses over which two peers reach each other, and keeps the peer's
//! consent to be sent to. It is a full agent for one component: host, server-reflexive,
//! peer-reflexive and relayed candidates over UDP, IPv4 and IPv6, both roles, trickle (RFC 8838),
//! consent (RFC 7675), patience (RFC 8863), restarts, lite peers. The caller owns the sockets and the
//! clock; candidates over TCP are read and written, but not connected.
//!
//! ```
//! use std::net::SocketAddr;
//! use std::time::Duration;
//! use tidewire_crypto::{Rng, rust_crypto};
//! use tidewire_ice::{Agent, Config, Event, Role};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let start = tidewire_netsim::start();
//! let mut agents = [(Role::Controlling, 1), (Role::Controlled, 2)].map(|(role, seed)| {
//!     let mut config = Config::new(rust_crypto::provider());
//!     config.role = role;
//!     Agent::new(config, Rng::from_u64(seed), start)
//! });
//! let addresses: [SocketAddr; 2] = ["192.0.2.1:5000".parse()?, "192.0.2.2:5000".parse()?];
//!
//! // Signalling: each agent learns the other's credentials and candidates.
//! for (here, there) in [(0, 1), (1, 0)] {
//!     let credentials = agents[there].local_credentials().clone();
//!     agents[here].set_remote_credentials(credentials);
//!     agents[here].add_host_candidate(start, addresses[here])?;
//!     while let Some(event) = agents[here].poll_event() {
//!         if let Event::LocalCandidate(candidate) = event {
//!             agents[there].add_remote_candidate(start, candidate.to_string().parse()?)?;
//!         }
//!     }
//! }
//!
//! // The network: what one agent sends, the other receives.
//! let mut now = start;
//! let mut datagram = Vec::new();
//! while agents.iter().any(|agent| agent.selected_pair().is_none()) {
//!     for (here, there) in [(0, 1), (1, 0)] {
//!         while let Some(sent) = agents[here].poll_transmit(now, &mut datagram) {
//!             agents[there].handle_datagram(now, sent.remote, sent.local, &datagram);
//!             datagram.clear();
//!         }
//!     }
//!     now += Duration::from_millis(1);
//! }
//! assert!(agents[0].is_known_path(addresses[0], addresses[1]));
//! # Ok(())
//! # }
//! ```
//!
//! # Sockets that several agents share
//!
//! Requests name the receiver's user name fragment first in USERNAME (RFC 8445 section 7.2.2);
//! responses carry the transaction id of [`Transmit::request`]; all else belongs to the agent whose
//! [`is_known_path`](Agent::is_known_path) knows the way it came. [`Handled::Response`] says
//! that the path is proven, and [`Handled::Request`] only that somebody with the password, or with a
//! recording, wrote that source address: it must take no path from another agent.
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
mod kind;
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
pub use candidate::{Address, Candidate, Foundation};
pub use config::{Config, Limits, Role, Timing};
pub use credentials::{Credentials, CredentialsError};
pub use event::Event;
pub use grammar::ParseCandidateError;
pub use kind::{CandidateKind, TcpType, Transport};
pub use local::AddCandidateError;
pub use pair::{PairId, PairInfo, PairState, PairTraffic};
pub use state::{ConnectionState, GatheringState};
pub use stats::{DropReason, Drops, Stats};
