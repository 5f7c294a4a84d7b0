//! Signatures.

use std::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, KeypairBytes};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::EncodePrivateKey;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::traits::PublicKeyParts as _;
use sha2::digest::{Digest, FixedOutputReset, const_oid::AssociatedOid};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::key_exchange::{random_p256_key, random_p384_key};
use crate::Rng;
use crate::provider::{
    AuthenticationError, KeyKind, Secret, SignError, SignatureAlgorithm, SigningKey, UnusableKey,
};

/// RSA keys of peers: as AWS-LC has it, so that both providers take the same.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

pub(super) fn generate(kind: KeyKind, rng: &mut Rng) -> Box<dyn SigningKey> {
    match kind {
        KeyKind::EcdsaP256 => Box::new(EcdsaP256::new(&random_p256_key(rng))),
        KeyKind::EcdsaP384 => Box::new(EcdsaP384::new(&random_p384_key(rng))),
        KeyKind::Ed25519 => {
            let seed = Zeroizing::new(rng.array::<32>());
            Box::new(Ed25519::new(ed25519_dalek::SigningKey::from_bytes(&seed)))
        }
    }
}

pub(super) fn from_pkcs8(der: &[u8]) -> Result<Box<dyn SigningKey>, UnusableKey> {
    if let Ok(secret) = p256::SecretKey::from_pkcs8_der(der) {
        return Ok(Box::new(EcdsaP256::new(&secret)));
    }
    if let Ok(secret) = p384::SecretKey::from_pkcs8_der(der) {
        return Ok(Box::new(EcdsaP384::new(&secret)));
    }
    ed25519_dalek::SigningKey::from_pkcs8_der(der)
        .map(|key| Box::new(Ed25519::new(key)) as Box<dyn SigningKey>)
        .map_err(|_| UnusableKey("not a key for P-256, P-384 or Ed25519 in PKCS#8"))
}

pub(super) fn verify(
    algorithm: SignatureAlgorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), AuthenticationError> {
    let verified = match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 => {
            verify_p256(public_key, &Sha256::digest(message), signature)
        }
        SignatureAlgorithm::EcdsaP256Sha384 => {
            verify_p256(public_key, &Sha384::digest(message), signature)
        }
        SignatureAlgorithm::EcdsaP384Sha256 => {
            verify_p384(public_key, &Sha256::digest(message), signature)
        }
        SignatureAlgorithm::EcdsaP384Sha384 => {
            verify_p384(public_key, &Sha384::digest(message), signature)
        }
        SignatureAlgorithm::Ed25519 => verify_ed25519(public_key, message, signature),
        SignatureAlgorithm::RsaPssSha256 => verify_pss::<Sha256>(public_key, message, signature),
        SignatureAlgorithm::RsaPssSha384 => verify_pss::<Sha384>(public_key, message, signature),
        SignatureAlgorithm::RsaPssSha512 => verify_pss::<Sha512>(public_key, message, signature),
        SignatureAlgorithm::RsaPkcs1Sha256 => {
            verify_pkcs1::<Sha256>(public_key, message, signature)
        }
        SignatureAlgorithm::RsaPkcs1Sha384 => {
            verify_pkcs1::<Sha384>(public_key, message, signature)
        }
        SignatureAlgorithm::RsaPkcs1Sha512 => {
            verify_pkcs1::<Sha512>(public_key, message, signature)
        }
    };
    verified.ok_or(AuthenticationError)
}

fn verify_p256(public_key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
    // No other encoding is used in TLS (RFC 8422 section 5.1.1).
    if public_key.len() != 65 || public_key[0] != 4 {
        return None;
    }
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(public_key).ok()?;
    let signature = p256::ecdsa::DerSignature::from_bytes(signature).ok()?;
    key.verify_prehash(hash, &signature).ok()
}

fn verify_p384(public_key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
    if public_key.len() != 97 || public_key[0] != 4 {
        return None;
    }
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(public_key).ok()?;
    let signature = p384::ecdsa::DerSignature::from_bytes(signature).ok()?;
    key.verify_prehash(hash, &signature).ok()
}

fn verify_ed25519(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(public_key.try_into().ok()?).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_strict(message, &signature).ok()
}

fn rsa_key(public_key: &[u8]) -> Option<rsa::PublicKey> {
    let key = rsa::PublicKey::from_pkcs1_der(public_key).ok()?;
    RSA_BITS.contains(&key.n().bit_width()).then_some(key)
}

/// The salt is as long as the hash (RFC 8446 section 4.2.3).
fn verify_pss<H>(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>
where
    H: Digest + FixedOutputReset,
{
    let signature = rsa::pss::Signature::try_from(signature).ok()?;
    let key = rsa::pss::VerifyingKey::<H>::new(rsa_key(public_key)?);
    key.verify(message, &signature).ok()
}

fn verify_pkcs1<H>(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>
where
    H: Digest + AssociatedOid,
{
    let signature = rsa::pkcs1v15::Signature::try_from(signature).ok()?;
    let key = rsa::pkcs1v15::VerifyingKey::<H>::new(rsa_key(public_key)?);
    key.verify(message, &signature).ok()
}

/// A key for ECDSA on a curve of NIST's, with the hash that goes with it.
macro_rules! ecdsa {
    ($name:ident, $curve:ident, $kind:expr, $algorithm:expr) => {
        struct $name {
            key: $curve::ecdsa::SigningKey,
            public_key: Vec<u8>,
        }

        impl $name {
            fn new(secret: &$curve::SecretKey) -> Self {
                Self {
                    key: secret.into(),
                    public_key: secret.public_key().to_sec1_point(false).as_bytes().to_vec(),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl SigningKey for $name {
            fn kind(&self) -> KeyKind {
                $kind
            }

            fn algorithm(&self) -> SignatureAlgorithm {
                $algorithm
            }

            /// Deterministic (RFC 6979): the nonce comes from key and message, `rng` is not needed.
            fn sign(&self, message: &[u8], _rng: &mut Rng) -> Result<Vec<u8>, SignError> {
                let signature: $curve::ecdsa::DerSignature =
                    self.key.try_sign(message).map_err(|_| SignError)?;
                Ok(signature.as_bytes().to_vec())
            }

            fn public_key(&self) -> &[u8] {
                &self.public_key
            }

            fn to_pkcs8(&self) -> Secret {
                let secret = $curve::SecretKey::from(&self.key);
                let der = secret.to_pkcs8_der().expect("a key has a PKCS#8 form");
                Zeroizing::new(der.as_bytes().to_vec())
            }
        }
    };
}

ecdsa!(
    EcdsaP256,
    p256,
    KeyKind::EcdsaP256,
    SignatureAlgorithm::EcdsaP256Sha256
);
ecdsa!(
    EcdsaP384,
    p384,
    KeyKind::EcdsaP384,
    SignatureAlgorithm::EcdsaP384Sha384
);

struct Ed25519 {
    key: ed25519_dalek::SigningKey,
    public_key: [u8; 32],
}

impl Ed25519 {
    fn new(key: ed25519_dalek::SigningKey) -> Self {
        let public_key = key.verifying_key().to_bytes();
        Self { key, public_key }
    }
}

impl fmt::Debug for Ed25519 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519(..)")
    }
}

impl SigningKey for Ed25519 {
    fn kind(&self) -> KeyKind {
        KeyKind::Ed25519
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Ed25519
    }

    fn sign(&self, message: &[u8], _rng: &mut Rng) -> Result<Vec<u8>, SignError> {
        let signature = self.key.try_sign(message).map_err(|_| SignError)?;
        Ok(signature.to_vec())
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The first version of the format, without the public key, which every reader takes.
    fn to_pkcs8(&self) -> Secret {
        let bytes = KeypairBytes {
            secret_key: self.key.to_bytes(),
            public_key: None,
        };
        let der = bytes.to_pkcs8_der().expect("a key has a PKCS#8 form");
        Zeroizing::new(der.as_bytes().to_vec())
    }
}
