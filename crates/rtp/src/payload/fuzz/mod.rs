//! Fuzz bodies: what must hold for any bytes.

mod av1;
mod packets;
mod vp9;

pub use av1::av1;
pub use vp9::vp9;
