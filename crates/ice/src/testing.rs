//! What the tests share: a clock's origin and a provider of HMAC-SHA1.

use std::sync::Arc;
use std::time::Instant;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use tidewire_crypto::*;

#[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
pub(crate) fn start() -> Instant {
    Instant::now()
}

pub(crate) fn provider() -> Arc<dyn CryptoProvider> {
    Arc::new(OnlyHmac)
}

#[derive(Debug)]
struct OnlyHmac;

#[derive(Debug)]
struct Key(Hmac<Sha1>);

impl HmacKey for Key {
    fn sign(&self, parts: &[&[u8]]) -> Digest {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        Digest::new(&mac.finalize().into_bytes())
    }

    fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), AuthenticationError> {
        let expected = self.sign(parts);
        let matches = expected.as_ref() == tag;
        matches.then_some(()).ok_or(AuthenticationError)
    }
}

impl CryptoProvider for OnlyHmac {
    fn name(&self) -> &'static str {
        "only HMAC"
    }
    fn aead(&self, _: AeadAlgorithm, _: &[u8]) -> Result<Box<dyn Aead>, UnusableKey> {
        unreachable!()
    }
    fn aes_ctr(&self, _: &[u8]) -> Result<Box<dyn AesCtr>, UnusableKey> {
        unreachable!()
    }
    fn hash(&self, _: HashAlgorithm) -> Box<dyn HashContext> {
        unreachable!()
    }
    fn hmac(&self, _: HashAlgorithm, key: &[u8]) -> Box<dyn HmacKey> {
        Box::new(Key(Hmac::new_from_slice(key).unwrap()))
    }
    fn key_exchange_groups(&self) -> &'static [KeyExchangeGroup] {
        &[]
    }
    fn start_key_exchange(
        &self,
        _: KeyExchangeGroup,
        _: &mut Rng,
    ) -> Result<Box<dyn KeyExchange>, KeyExchangeError> {
        unreachable!()
    }
    fn generate_signing_key(
        &self,
        _: KeyKind,
        _: &mut Rng,
    ) -> Result<Box<dyn SigningKey>, UnusableKey> {
        unreachable!()
    }
    fn signing_key_from_pkcs8(&self, _: &[u8]) -> Result<Box<dyn SigningKey>, UnusableKey> {
        unreachable!()
    }
    fn signature_algorithms(&self) -> &'static [SignatureAlgorithm] {
        &[]
    }
    fn verify_signature(
        &self,
        _: SignatureAlgorithm,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> Result<(), AuthenticationError> {
        unreachable!()
    }
}
