//! Fuzz bodies: what must hold for any bytes.

mod av1;
mod h264;
mod packets;
mod vp8;
mod vp9;

pub use av1::av1;
pub use h264::h264;
pub use vp8::vp8;
pub use vp9::vp9;
