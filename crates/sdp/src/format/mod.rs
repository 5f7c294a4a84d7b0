//! Parameters of the encodings that WebRTC uses, and which of them have to match.

mod audio;
mod av1;
mod h264;
mod h264_profile;
mod opus;
mod repair;
mod vp9;

pub use audio::TelephoneEvents;
pub use av1::Av1Parameters;
pub use h264::H264Parameters;
pub use h264_profile::{H264Level, H264Profile, ProfileLevelId};
pub use opus::OpusParameters;
pub use repair::{RedParameters, RtxParameters};
pub use vp9::Vp9Parameters;
