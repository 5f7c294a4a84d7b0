//! RTP and RTCP packets, header extensions and payload formats. No state of a session: that is
//! what `tidewire-media` keeps on top of it.
#![forbid(unsafe_code)]

mod bits;
pub mod dependency_descriptor;
pub mod payload;
