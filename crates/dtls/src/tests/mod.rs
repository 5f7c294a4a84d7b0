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
mod verification;

/// A number that no record in the clear has had: one that comes a second time is a copy.
pub(crate) fn next_record() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1 << 20);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
