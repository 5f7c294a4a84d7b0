//! Public-key operations by graviola: assembly that was proven correct, built without a C toolchain. Only
//! for processors that have the instructions it is written in; [`is_supported`] tells.
//!
//! It gives the same bytes as the portable code, which does what is left: ECDSA signatures, because
//! graviola takes a part of their nonce from the operating system, and they would not be the same under
//! the same seed.

use std::fmt;

use graviola::hashing::{Sha256, Sha384};
use graviola::key_agreement::{mlkem768, p256 as fast_p256, x25519};
use graviola::signing::ecdsa::{self, P256, P384};
use zeroize::Zeroizing;

use super::key_exchange::random_p256_key;
use crate::Rng;
use crate::provider::{
    KeyExchange, KeyExchangeError, KeyExchangeGroup, SharedSecret, SignatureAlgorithm,
};

const ENCAPSULATION_KEY_LEN: usize = 1184;
const CIPHERTEXT_LEN: usize = 1088;
const INVALID: KeyExchangeError = KeyExchangeError::InvalidShare;

/// Whether this processor has all that is needed. It is looked up once a process.
pub(super) fn is_supported() -> bool {
    graviola::util::is_cpu_supported()
}

/// `None` for what is left to the portable code.
pub(super) fn start(group: KeyExchangeGroup, rng: &mut Rng) -> Option<Box<dyn KeyExchange>> {
    match group {
        KeyExchangeGroup::X25519MlKem768 => Some(Box::new(Hybrid::generate(rng))),
        KeyExchangeGroup::X25519 => Some(Box::new(Curve25519::generate(rng))),
        KeyExchangeGroup::Secp256r1 => {
            Some(Box::new(Nist256::generate(rng)?) as Box<dyn KeyExchange>)
        }
        KeyExchangeGroup::Secp384r1 => None,
    }
}

struct Curve25519 {
    secret: x25519::StaticPrivateKey,
    share: [u8; 32],
}

impl Curve25519 {
    fn generate(rng: &mut Rng) -> Self {
        let scalar = Zeroizing::new(rng.array::<32>());
        let secret = x25519::StaticPrivateKey::from_array(&scalar);
        let share = secret.public_key().as_bytes();
        Self { secret, share }
    }

    fn agree(&self, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        let peer = x25519::PublicKey::try_from_slice(peer).map_err(|_| INVALID)?;
        let secret = self.secret.diffie_hellman(&peer).map_err(|_| INVALID)?;
        Ok(Zeroizing::new(secret.as_bytes().to_vec()))
    }
}

impl fmt::Debug for Curve25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("X25519(..)")
    }
}

impl KeyExchange for Curve25519 {
    fn group(&self) -> KeyExchangeGroup {
        KeyExchangeGroup::X25519
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        self.agree(peer)
    }
}

struct Nist256 {
    secret: fast_p256::StaticPrivateKey,
    share: [u8; 65],
}

impl Nist256 {
    fn generate(rng: &mut Rng) -> Option<Self> {
        let scalar = random_p256_key(rng);
        let bytes = Zeroizing::new(<[u8; 32]>::from(scalar.to_bytes()));
        let secret = fast_p256::StaticPrivateKey::from_bytes(&*bytes).ok()?;
        let share = secret.public_key_uncompressed();
        Some(Self { secret, share })
    }
}

impl fmt::Debug for Nist256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256(..)")
    }
}

impl KeyExchange for Nist256 {
    fn group(&self) -> KeyExchangeGroup {
        KeyExchangeGroup::Secp256r1
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        let peer = fast_p256::PublicKey::from_x962_uncompressed(peer).map_err(|_| INVALID)?;
        let secret = self.secret.diffie_hellman(&peer).map_err(|_| INVALID)?;
        Ok(Zeroizing::new(secret.0.to_vec()))
    }
}

/// X25519MLKEM768, the side that sends the encapsulation key.
struct Hybrid {
    decapsulation_key: mlkem768::DecapKey,
    curve: Curve25519,
    share: Vec<u8>,
}

impl Hybrid {
    fn generate(rng: &mut Rng) -> Self {
        let seed = Zeroizing::new(rng.array::<64>());
        let decapsulation_key = mlkem768::DecapKey::keygen_internal(&seed);
        let curve = Curve25519::generate(rng);
        let key = decapsulation_key.encapsulation_key().as_bytes();
        let share = [&key[..], &curve.share].concat();
        Self {
            decapsulation_key,
            curve,
            share,
        }
    }
}

impl fmt::Debug for Hybrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hybrid(..)")
    }
}

impl KeyExchange for Hybrid {
    fn group(&self) -> KeyExchangeGroup {
        KeyExchangeGroup::X25519MlKem768
    }

    fn share(&self) -> &[u8] {
        &self.share
    }

    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, KeyExchangeError> {
        let (ciphertext, point) = peer.split_first_chunk::<CIPHERTEXT_LEN>().ok_or(INVALID)?;
        let agreed = self.curve.agree(point)?;
        let ciphertext = mlkem768::Ciphertext::from(*ciphertext);
        let decapsulated = self.decapsulation_key.decaps(&ciphertext);
        Ok(join(decapsulated.as_ref(), &agreed))
    }
}

/// X25519MLKEM768, the side that answers with a ciphertext.
pub(super) fn respond_hybrid(
    peer: &[u8],
    rng: &mut Rng,
) -> Result<(Vec<u8>, SharedSecret), KeyExchangeError> {
    let (key, point) = peer
        .split_first_chunk::<ENCAPSULATION_KEY_LEN>()
        .ok_or(INVALID)?;
    let key = mlkem768::EncapKey::from_bytes(key).map_err(|_| INVALID)?;
    let curve = Curve25519::generate(rng);
    let agreed = curve.agree(point)?;
    let message = mlkem768::Message(rng.array::<32>());
    let (encapsulated, ciphertext) = key.encaps_internal(message);
    let share = [ciphertext.as_ref(), &curve.share[..]].concat();
    Ok((share, join(encapsulated.as_ref(), &agreed)))
}

fn join(encapsulated: &[u8], agreed: &[u8]) -> SharedSecret {
    Zeroizing::new([encapsulated, agreed].concat())
}

/// `None` for what is left to the portable code.
pub(super) fn verify(
    algorithm: SignatureAlgorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let message = [message];
    let p256 = || ecdsa::VerifyingKey::<P256>::from_x962_uncompressed(public_key);
    let p384 = || ecdsa::VerifyingKey::<P384>::from_x962_uncompressed(public_key);
    let verified = match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 => {
            p256().and_then(|key| key.verify_asn1::<Sha256>(&message, signature))
        }
        SignatureAlgorithm::EcdsaP256Sha384 => {
            p256().and_then(|key| key.verify_asn1::<Sha384>(&message, signature))
        }
        SignatureAlgorithm::EcdsaP384Sha256 => {
            p384().and_then(|key| key.verify_asn1::<Sha256>(&message, signature))
        }
        SignatureAlgorithm::EcdsaP384Sha384 => {
            p384().and_then(|key| key.verify_asn1::<Sha384>(&message, signature))
        }
        _ => return None,
    };
    Some(verified.is_ok())
}
