//! Secure RTP: what DTLS-SRTP negotiates (RFC 5764) protects media with it (RFC 3711, RFC 7714).
//!
//! DTLS exports [`KeyingMaterial`] for a [`Profile`]. Each direction has a context of its own: a
//! [`Sender`] protects RTP and RTCP packets in place, a [`Receiver`] verifies and decrypts them in
//! place. Neither allocates for a packet of a stream that it knows.
//!
//! ```
//! use bytes::BytesMut;
//! use tidewire_crypto::{Rng, rust_crypto};
//! use tidewire_srtp::{Config, KeyingMaterial, Profile, Receiver, Sender};
//!
//! let crypto = rust_crypto::provider();
//! let profile = Profile::AeadAes128Gcm;
//! // In earnest, from the DTLS exporter under `EXPORTER_LABEL`.
//! let exported = vec![7; profile.keying_material_len()];
//! let keys = KeyingMaterial::split(profile, &exported)?;
//! let mut rng = Rng::from_u64(1);
//! let mut sender = Sender::new(&*crypto, profile, &keys.client, &Config::default(), &mut rng)?;
//! let mut receiver = Receiver::new(&*crypto, profile, &keys.client, &Config::default(), &mut rng)?;
//!
//! let packet = [&[0x80, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9][..], b"media"].concat();
//! let mut protected = packet.clone();
//! sender.protect_rtp(&mut protected, 0)?;
//! let mut received = BytesMut::from(&protected[..]);
//! receiver.unprotect_rtp(&mut received)?;
//! assert_eq!(received[..], packet);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod cipher;
mod config;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod header;
mod index;
mod keys;
mod profile;
mod receiver;
mod sender;
mod state;
mod streams;
mod window;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use error::{DropReason, KeyError, ProtectError, StateError};
pub use keys::{EXPORTER_LABEL, KeyingMaterial, MasterKey};
pub use profile::Profile;
pub use receiver::{Receiver, Stats};
pub use sender::Sender;
