//! An ICE agent (RFC 8445) as a sans-IO state machine.
#![forbid(unsafe_code)]
