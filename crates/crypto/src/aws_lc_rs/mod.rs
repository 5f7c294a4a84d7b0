//! The faster provider: AWS-LC, built from C and assembly.
//!
//! Private keys come from the [`Rng`] that the caller hands in, as with
//! [`rust_crypto`](crate::rust_crypto): both providers give the same keys and shares under the same
//! seed. AWS-LC takes the nonce of an ECDSA signature from the operating system and cannot be told
//! otherwise. A handshake over this provider is therefore not repeated byte for byte: signatures
//! differ, and their DER encoding may be a byte or two longer or shorter.

mod cipher;
mod hash;
mod key_exchange;
mod signing;

use std::sync::Arc;

use crate::Rng;
use crate::provider::{
    Aead, AeadAlgorithm, AesCtr, AuthenticationError, CryptoProvider, HashAlgorithm, HashContext,
    HmacKey, KeyExchange, KeyExchangeError, KeyExchangeGroup, KeyKind, SignatureAlgorithm,
    SigningKey, UnusableKey,
};

/// The provider. It has no state; every call hands out the same.
pub fn provider() -> Arc<dyn CryptoProvider> {
    Arc::new(AwsLcRs)
}

#[derive(Debug)]
struct AwsLcRs;

impl CryptoProvider for AwsLcRs {
    fn name(&self) -> &'static str {
        "aws_lc_rs"
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, UnusableKey> {
        cipher::aead(algorithm, key)
    }

    fn aes_ctr(&self, key: &[u8]) -> Result<Box<dyn AesCtr>, UnusableKey> {
        cipher::aes_ctr(key)
    }

    fn hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        hash::hash(algorithm)
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8]) -> Box<dyn HmacKey> {
        hash::hmac(algorithm, key)
    }

    fn key_exchange_groups(&self) -> &'static [KeyExchangeGroup] {
        &[KeyExchangeGroup::X25519, KeyExchangeGroup::Secp256r1]
    }

    fn start_key_exchange(
        &self,
        group: KeyExchangeGroup,
        rng: &mut Rng,
    ) -> Result<Box<dyn KeyExchange>, KeyExchangeError> {
        Ok(key_exchange::start(group, rng))
    }

    fn generate_signing_key(
        &self,
        kind: KeyKind,
        rng: &mut Rng,
    ) -> Result<Box<dyn SigningKey>, UnusableKey> {
        match kind {
            KeyKind::EcdsaP256 => signing::generate_p256(rng),
        }
    }

    fn signing_key_from_pkcs8(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, UnusableKey> {
        signing::from_pkcs8(der)
    }

    fn signature_algorithms(&self) -> &'static [SignatureAlgorithm] {
        &[SignatureAlgorithm::EcdsaP256Sha256]
    }

    fn verify_signature(
        &self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), AuthenticationError> {
        match algorithm {
            SignatureAlgorithm::EcdsaP256Sha256 => {
                signing::verify_p256(public_key, message, signature)
            }
        }
    }
}
