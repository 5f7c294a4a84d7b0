//! DTLS for WebRTC as a sans-IO state machine.
#![forbid(unsafe_code)]
