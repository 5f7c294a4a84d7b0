//! Two connections and what may happen between them.

mod handshake;
mod hellos;
mod identity;
mod network;
mod pair;
mod records;
mod states;
mod tampering;
