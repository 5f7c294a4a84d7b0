//! Signatures.

use std::fmt;

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use zeroize::Zeroizing;

use super::key_exchange::random_p256_key;
use crate::Rng;
use crate::provider::{
    AuthenticationError, KeyKind, Secret, SignError, SignatureAlgorithm, SigningKey, UnusableKey,
};

pub(super) fn generate_p256(rng: &mut Rng) -> Box<dyn SigningKey> {
    Box::new(EcdsaP256::new(&random_p256_key(rng)))
}

pub(super) fn from_pkcs8(der: &[u8]) -> Result<Box<dyn SigningKey>, UnusableKey> {
    let secret = p256::SecretKey::from_pkcs8_der(der)
        .map_err(|_| UnusableKey("not a P-256 key in PKCS#8"))?;
    Ok(Box::new(EcdsaP256::new(&secret)))
}

pub(super) fn verify_p256(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), AuthenticationError> {
    // No other encoding is used in TLS (RFC 8422 section 5.1.1).
    if public_key.len() != 65 || public_key[0] != 4 {
        return Err(AuthenticationError);
    }
    let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| AuthenticationError)?;
    let signature = DerSignature::from_bytes(signature).map_err(|_| AuthenticationError)?;
    key.verify(message, &signature)
        .map_err(|_| AuthenticationError)
}

struct EcdsaP256 {
    key: p256::ecdsa::SigningKey,
    public_key: Vec<u8>,
    pkcs8: Secret,
}

impl EcdsaP256 {
    fn new(secret: &p256::SecretKey) -> Self {
        let pkcs8 = secret
            .to_pkcs8_der()
            .expect("a P-256 key has a PKCS#8 form");
        Self {
            key: secret.into(),
            public_key: secret.public_key().to_sec1_point(false).as_bytes().to_vec(),
            pkcs8: Zeroizing::new(pkcs8.as_bytes().to_vec()),
        }
    }
}

impl fmt::Debug for EcdsaP256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EcdsaP256(..)")
    }
}

impl SigningKey for EcdsaP256 {
    fn kind(&self) -> KeyKind {
        KeyKind::EcdsaP256
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::EcdsaP256Sha256
    }

    /// Deterministic (RFC 6979): the nonce comes from key and message, `rng` is not needed.
    fn sign(&self, message: &[u8], _rng: &mut Rng) -> Result<Vec<u8>, SignError> {
        let signature: DerSignature = self.key.try_sign(message).map_err(|_| SignError)?;
        Ok(signature.as_bytes().to_vec())
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn to_pkcs8(&self) -> Secret {
        self.pkcs8.clone()
    }
}
