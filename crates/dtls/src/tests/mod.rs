//! Two connections and what may happen between them.

mod handshake;
mod identity;
mod network;
mod pair;
mod records;
mod tampering;
