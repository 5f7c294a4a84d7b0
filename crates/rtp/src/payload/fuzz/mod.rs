//! Fuzz bodies: what must hold for any bytes.

mod packets;
mod vp9;

pub use vp9::vp9;
