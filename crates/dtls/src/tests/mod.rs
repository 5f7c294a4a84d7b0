//! Two connections and what may happen between them.

mod handshake;
mod pair;
