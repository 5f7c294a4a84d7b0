//! DTLS for WebRTC as a sans-IO state machine.
//!
//! [`Connection`] speaks DTLS 1.3 (RFC 9147) and 1.2 (RFC 6347) with the parameters that WebRTC needs
//! (RFC 8827 section 6.5): key agreement in X25519MLKEM768, X25519, P-256 and P-384, AES-GCM and
//! ChaCha20-Poly1305, and certificates on both sides that are self-signed and vouched for by the
//! signalling. A peer whose certificate does not match a signalled [`Fingerprint`] is never connected
//! with.
//!
//! ```
//! use std::sync::Arc;
//!
//! use bytes::BytesMut;
//! use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};
//! use tidewire_dtls::{Certificate, Config, Connection, Role, ValidityOptions};
//!
//! let now = tidewire_netsim::start();
//! let crypto = rust_crypto::provider();
//! let mut rng = Rng::from_u64(1);
//! let validity = ValidityOptions { not_before: 1_700_000_000, not_after: 1_900_000_000 };
//! let mut certificate = || {
//!     Certificate::generate(crypto.as_ref(), &mut rng, validity).map(Arc::new)
//! };
//! let (ours, theirs) = (certificate()?, certificate()?);
//! let connect = |own: &Arc<Certificate>, peer: &Certificate, role, seed| {
//!     let config = Config::new(crypto.clone(), own.clone());
//!     // The signalling has told us the fingerprint of the peer's certificate.
//!     let expected = vec![peer.fingerprint(HashAlgorithm::Sha256)];
//!     Connection::new(Arc::new(config), role, expected, Rng::from_u64(seed), now)
//! };
//! let mut client = connect(&ours, &theirs, Role::Client, 2)?;
//! let mut server = connect(&theirs, &ours, Role::Server, 3)?;
//!
//! // A network would carry the datagrams.
//! let mut datagram = Vec::new();
//! while client.info().is_none() || server.info().is_none() {
//!     while client.poll_transmit(now, &mut datagram) {
//!         server.handle_datagram(now, BytesMut::from(&datagram[..]));
//!         datagram.clear();
//!     }
//!     while server.poll_transmit(now, &mut datagram) {
//!         client.handle_datagram(now, BytesMut::from(&datagram[..]));
//!         datagram.clear();
//!     }
//! }
//!
//! let mut record = vec![0; client.record_overhead().header];
//! record.extend_from_slice(b"hello");
//! client.seal(0, &mut record)?;
//! server.handle_datagram(now, BytesMut::from(&record[..]));
//! assert_eq!(server.poll_data().as_deref(), Some(&b"hello"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod record;
mod secrets;
mod stats;
#[cfg(test)]
mod tests;
mod wire;

pub use certificate::{
    Certificate, CertificateError, Fingerprint, ParseFingerprintError, ValidityOptions,
};
pub use config::{
    AddressValidation, ClientCertificate, Config, KeyLog, Verification, key_log_line,
};
pub use connection::Connection;
pub use error::{CloseReason, ConfigError, ExportError, HandshakeError};
pub use event::{Event, Info, PeerCertificate, Role};
pub use record::{RecordOverhead, SealError};
pub use stats::{Dropped, Stats};
pub use wire::{
    AlertDescription, CipherSuite, DecodeError, NamedGroup, ProtocolVersion, SignatureScheme,
    SrtpProfile,
};
