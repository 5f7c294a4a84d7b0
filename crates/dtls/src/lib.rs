//! DTLS for WebRTC as a sans-IO state machine.
//!
//! [`Connection`] speaks DTLS 1.2 (RFC 6347) with the one set of parameters that WebRTC needs (RFC
//! 8827 section 6.5): ECDHE with ECDSA certificates and AES-GCM, the extended master secret, and
//! certificates on both sides that are self-signed and vouched for by the signalling. A peer whose
//! certificate does not match a signalled [`Fingerprint`] is never connected with.
#![forbid(unsafe_code)]

mod certificate;
mod config;
mod connection;
mod error;
mod event;
mod flight;
#[doc(hidden)]
pub mod fuzz;
mod handshake;
mod prf;
mod record;
mod secrets;
mod stats;
#[cfg(test)]
mod tests;
mod wire;

pub use certificate::{
    Certificate, CertificateError, Fingerprint, ParseFingerprintError, ValidityOptions,
};
pub use config::Config;
pub use connection::Connection;
pub use error::{CloseReason, ConfigError, ExportError, HandshakeError};
pub use event::{Event, Info, Role};
pub use record::{RecordOverhead, SealError};
pub use stats::{Dropped, Stats};
pub use wire::{
    AlertDescription, CipherSuite, DecodeError, NamedGroup, ProtocolVersion, SignatureScheme,
    SrtpProfile,
};
