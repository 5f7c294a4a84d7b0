//! Fuzz bodies: what must hold for any bytes, and for any order of operations.

mod bytes;
mod connections;

pub use self::bytes::{certificate, messages, reassembly, records};
pub use connections::connections;
