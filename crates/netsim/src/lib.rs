//! A network in memory under a virtual clock: deterministic by seed, as bad as wanted.
//!
//! A [`Link`] carries datagrams one way and delays, loses, reorders, duplicates, corrupts, and
//! queues them as its [`LinkConfig`] says. A [`Network`] connects many addresses by links. A
//! [`Trace`] remembers what was sent, to compare runs. [`for_each_seed`] runs a simulation under
//! many seeds and tells which one failed.
//!
//! ```
//! use std::time::Duration;
//! use tidewire_netsim::{Link, LinkConfig};
//!
//! let now = tidewire_netsim::start();
//! let delay = Duration::from_millis(20);
//! let mut link = Link::new(LinkConfig { delay, ..LinkConfig::default() }, 1);
//! link.send(now, b"hello".to_vec());
//! assert_eq!(link.receive(now), None);
//! assert_eq!(link.poll_timeout(), Some(now + delay));
//! assert_eq!(link.receive(now + delay), Some(b"hello".to_vec()));
//! ```
#![forbid(unsafe_code)]

mod config;
mod corpus;
mod link;
mod network;
mod seeds;
mod trace;

pub use config::{BurstLoss, LinkConfig};
pub use corpus::for_each_corpus_entry;
pub use link::{Link, LinkStats};
pub use network::{Delivery, Network};
pub use seeds::{for_each_seed, seeds};
pub use trace::Trace;

use std::sync::OnceLock;
use std::time::Instant;

/// The instant at which every simulation of this process begins.
pub fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can only be had from the clock; it is the origin of virtual time"
    )]
    *START.get_or_init(Instant::now)
}
