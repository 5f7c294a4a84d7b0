//! Two connections and what may happen between them.

mod handshake;
mod hellos;
mod identity;
mod network;
mod pair;
#[cfg(feature = "aws-lc-rs")]
mod providers;
mod records;
mod states;
mod tampering;
mod v13;
