//! An SCTP association (RFC 9260) for WebRTC as a sans-IO state machine.
#![forbid(unsafe_code)]
