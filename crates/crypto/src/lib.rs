//! Cryptography for the Tidewire WebRTC stack: one set of provider traits, two providers.
//!
//! A [`CryptoProvider`] is a value that the caller chooses and puts into a configuration; there is
//! no process-wide default. [`rust_crypto`] is written in Rust throughout and needs nothing but
//! cargo. The feature `aws-lc-rs` adds a faster one that is built from C and assembly.
//!
//! Key schedules and HMAC states are expanded once a key: every object here is made once and used
//! for many packets, and no method that handles a packet allocates.
#![forbid(unsafe_code)]

#[cfg(feature = "aws-lc-rs")]
pub mod aws_lc_rs;
mod hkdf;
mod prf12;
mod provider;
mod random;
pub mod rust_crypto;

pub use hkdf::{HkdfError, hkdf_expand, hkdf_extract};
pub use prf12::prf12;
pub use provider::{
    Aead, AeadAlgorithm, AesCtr, AuthenticationError, CryptoProvider, Digest, HashAlgorithm,
    HashContext, HmacKey, KeyExchange, KeyExchangeError, KeyExchangeGroup, KeyKind, MAX_HASH_LEN,
    MIN_TAG_LEN, RecordNumberMask, Secret, SharedSecret, SignError, SignatureAlgorithm, SigningKey,
    Tag, UnusableKey,
};
pub use random::{KeyedState, Rng};
