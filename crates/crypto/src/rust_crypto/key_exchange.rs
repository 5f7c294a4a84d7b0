//! Key agreement.

use std::fmt;

use p256::elliptic_curve::sec1::ToSec1Point;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::Rng;
use crate::provider::{KeyExchange, KeyExchangeError, KeyExchangeGroup, SharedSecret};

pub(super) fn start(group: KeyExchangeGroup, rng: &mut Rng) -> Box<dyn KeyExchange> {
    match group {
        KeyExchangeGroup::X25519 => Box::new(X25519::generate(rng)),
        KeyExchangeGroup::Secp256r1 => Box::new(P256::generate(rng)),
    }
}

struct X25519 {
    secret: StaticSecret,
    share: [u8; 32],
}

impl X25519 {
    fn generate(rng: &mut Rng) -> Self {
        let secret = StaticSecret::from(rng.array::<32>());
        let share = PublicKey::from(&secret).to_bytes();
        Self { secret, share }
    }
}

impl fmt::Debug for X25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("X25519(..)")
    }
}

impl KeyExchange for X25519 {
    fn group(&self) -> KeyExchangeGroup {
        KeyExchangeGroup::X25519
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        let peer: [u8; 32] = peer
            .try_into()
            .map_err(|_| KeyExchangeError::InvalidShare)?;
        let secret = self.secret.diffie_hellman(&PublicKey::from(peer));
        if !secret.was_contributory() {
            return Err(KeyExchangeError::InvalidShare);
        }
        Ok(Zeroizing::new(secret.as_bytes().to_vec()))
    }
}

struct P256 {
    secret: p256::SecretKey,
    share: Vec<u8>,
}

impl P256 {
    fn generate(rng: &mut Rng) -> Self {
        let secret = random_p256_key(rng);
        let share = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
        Self { secret, share }
    }
}

impl fmt::Debug for P256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256(..)")
    }
}

impl KeyExchange for P256 {
    fn group(&self) -> KeyExchangeGroup {
        KeyExchangeGroup::Secp256r1
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        // TLS allows the uncompressed form only (RFC 8422 section 5.4).
        let is_uncompressed = peer.len() == 65 && peer[0] == 4;
        let peer = p256::PublicKey::from_sec1_bytes(peer)
            .ok()
            .filter(|_| is_uncompressed)
            .ok_or(KeyExchangeError::InvalidShare)?;
        let secret = p256::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
        Ok(Zeroizing::new(secret.raw_secret_bytes().to_vec()))
    }
}

/// A uniformly random scalar between 1 and the order of the group, by rejection.
pub(super) fn random_p256_key(rng: &mut Rng) -> p256::SecretKey {
    loop {
        let candidate = Zeroizing::new(rng.array::<32>());
        if let Ok(key) = p256::SecretKey::from_slice(candidate.as_slice()) {
            return key;
        }
    }
}
