//! The faster provider: AWS-LC, built from C and assembly.
//!
//! Keys of X25519 and of Ed25519 come from the [`Rng`] that the caller hands in, as with
//! [`rust_crypto`](crate::rust_crypto). AWS-LC takes those of P-256, P-384 and ML-KEM, and the nonce of
//! an ECDSA signature, from the operating system: the first two it could be told, in twice the time,
//! the others not. A handshake over this provider is therefore not repeated byte for byte under the
//! same seed: shares and signatures differ, and the DER encoding of the latter may be a byte or two
//! longer or shorter.

mod cipher;
mod hash;
mod hybrid;
mod key_exchange;
mod signing;

use std::sync::Arc;

use crate::Rng;
use crate::provider::{
    Aead, AeadAlgorithm, AesCtr, AuthenticationError, CryptoProvider, HashAlgorithm, HashContext,
    HmacKey, KeyExchange, KeyExchangeError, KeyExchangeGroup, KeyKind, RecordNumberMask,
    SharedSecret, SignatureAlgorithm, SigningKey, UnusableKey,
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

    fn record_number_mask(
        &self,
        algorithm: AeadAlgorithm,
        key: &[u8],
    ) -> Result<Box<dyn RecordNumberMask>, UnusableKey> {
        cipher::record_number_mask(algorithm, key)
    }

    fn hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        hash::hash(algorithm)
    }

    fn hmac(&self, algorithm: HashAlgorithm, key: &[u8]) -> Box<dyn HmacKey> {
        hash::hmac(algorithm, key)
    }

    fn key_exchange_groups(&self) -> &'static [KeyExchangeGroup] {
        &[
            KeyExchangeGroup::X25519MlKem768,
            KeyExchangeGroup::X25519,
            KeyExchangeGroup::Secp256r1,
            KeyExchangeGroup::Secp384r1,
        ]
    }

    fn start_key_exchange(
        &self,
        group: KeyExchangeGroup,
        rng: &mut Rng,
    ) -> Result<Box<dyn KeyExchange>, KeyExchangeError> {
        Ok(match group {
            KeyExchangeGroup::X25519MlKem768 => Box::new(hybrid::Hybrid::generate(rng)?),
            curve => Box::new(key_exchange::Exchange::new(curve, rng)?),
        })
    }

    fn respond_key_exchange(
        &self,
        group: KeyExchangeGroup,
        peer: &[u8],
        rng: &mut Rng,
    ) -> Result<(Vec<u8>, SharedSecret), KeyExchangeError> {
        match group {
            KeyExchangeGroup::X25519MlKem768 => hybrid::respond(peer, rng),
            _ => {
                let exchange = self.start_key_exchange(group, rng)?;
                let share = exchange.share().to_vec();
                Ok((share, exchange.complete(peer)?))
            }
        }
    }

    fn generate_signing_key(
        &self,
        kind: KeyKind,
        rng: &mut Rng,
    ) -> Result<Box<dyn SigningKey>, UnusableKey> {
        signing::generate(kind, rng)
    }

    fn signing_key_from_pkcs8(&self, der: &[u8]) -> Result<Box<dyn SigningKey>, UnusableKey> {
        signing::from_pkcs8(der)
    }

    fn signature_algorithms(&self) -> &'static [SignatureAlgorithm] {
        &SignatureAlgorithm::ALL
    }

    fn verify_signature(
        &self,
        algorithm: SignatureAlgorithm,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), AuthenticationError> {
        signing::verify(algorithm, public_key, message, signature)
    }
}
