//! A sans-IO WebRTC stack: PeerConnection and Router.
#![forbid(unsafe_code)]
