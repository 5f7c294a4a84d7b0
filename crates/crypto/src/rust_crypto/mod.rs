//! The default provider: RustCrypto and dalek, Rust throughout, and graviola for public keys where the
//! processor has the instructions that it is written in.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod accelerated;
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

/// The provider. What it does, and every byte that it makes, is the same on every machine; how fast it
/// is depends on the processor.
pub fn provider() -> Arc<dyn CryptoProvider> {
    Arc::new(RustCrypto {
        is_accelerated: is_acceleration_supported(),
    })
}

/// The same without what is written for some processors only: what [`provider`] is on all others.
pub fn portable() -> Arc<dyn CryptoProvider> {
    Arc::new(RustCrypto {
        is_accelerated: false,
    })
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn is_acceleration_supported() -> bool {
    accelerated::is_supported()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn is_acceleration_supported() -> bool {
    false
}

/// Stands in where there is nothing that could be faster.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod accelerated {
    use crate::Rng;
    use crate::provider::{
        KeyExchange, KeyExchangeError, KeyExchangeGroup, SharedSecret, SignatureAlgorithm,
    };

    pub(super) fn start(_: KeyExchangeGroup, _: &mut Rng) -> Option<Box<dyn KeyExchange>> {
        None
    }

    pub(super) fn respond_hybrid(
        _: &[u8],
        _: &mut Rng,
    ) -> Result<(Vec<u8>, SharedSecret), KeyExchangeError> {
        Err(KeyExchangeError::UnsupportedGroup)
    }

    pub(super) fn verify(_: SignatureAlgorithm, _: &[u8], _: &[u8], _: &[u8]) -> Option<bool> {
        None
    }
}

#[derive(Debug)]
struct RustCrypto {
    is_accelerated: bool,
}

impl CryptoProvider for RustCrypto {
    fn name(&self) -> &'static str {
        "rust_crypto"
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
        if self.is_accelerated
            && let Some(exchange) = accelerated::start(group, rng)
        {
            return Ok(exchange);
        }
        Ok(match group {
            KeyExchangeGroup::X25519MlKem768 => Box::new(hybrid::Hybrid::generate(rng)),
            KeyExchangeGroup::X25519 => Box::new(key_exchange::X25519::generate(rng)),
            KeyExchangeGroup::Secp256r1 => Box::new(key_exchange::P256::generate(rng)),
            KeyExchangeGroup::Secp384r1 => Box::new(key_exchange::P384::generate(rng)),
        })
    }

    fn respond_key_exchange(
        &self,
        group: KeyExchangeGroup,
        peer: &[u8],
        rng: &mut Rng,
    ) -> Result<(Vec<u8>, SharedSecret), KeyExchangeError> {
        match group {
            KeyExchangeGroup::X25519MlKem768 if self.is_accelerated => {
                accelerated::respond_hybrid(peer, rng)
            }
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
        Ok(signing::generate(kind, rng))
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
        if self.is_accelerated
            && let Some(is_verified) =
                accelerated::verify(algorithm, public_key, message, signature)
        {
            return is_verified.then_some(()).ok_or(AuthenticationError);
        }
        signing::verify(algorithm, public_key, message, signature)
    }
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    /// Compiles only as long as the features of the dependencies that wipe keys are on.
    #[test]
    fn keys_and_generators_are_wiped_when_they_are_dropped() {
        fn is_wiped<T: ZeroizeOnDrop>() {}
        is_wiped::<aes::Aes128>();
        is_wiped::<aes::Aes256>();
        is_wiped::<aes_gcm::Aes128Gcm>();
        is_wiped::<aes_gcm::Aes256Gcm>();
        is_wiped::<chacha20poly1305::ChaCha20Poly1305>();
        is_wiped::<sha1::Sha1>();
        is_wiped::<sha2::Sha256>();
        is_wiped::<sha2::Sha384>();
        is_wiped::<sha2::Sha512>();
        is_wiped::<p256::SecretKey>();
        is_wiped::<p256::ecdsa::SigningKey>();
        is_wiped::<x25519_dalek::StaticSecret>();
        is_wiped::<x25519_dalek::SharedSecret>();
        is_wiped::<rand::rngs::ChaCha20Rng>();
    }
}
