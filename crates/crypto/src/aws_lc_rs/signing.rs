//! Signatures.

use std::fmt;

use ::aws_lc_rs::rand::SystemRandom;
use ::aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use zeroize::Zeroizing;

use super::key_exchange::random_p256_scalar;
use crate::Rng;
use crate::provider::{
    AuthenticationError, KeyKind, Secret, SignError, SignatureAlgorithm, SigningKey, UnusableKey,
};

pub(super) fn generate_p256(rng: &mut Rng) -> Result<Box<dyn SigningKey>, UnusableKey> {
    let (scalar, point) = random_p256_scalar(rng);
    let key = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        scalar.as_slice(),
        &point,
    )
    .map_err(|_| UnusableKey("AWS-LC refuses the key"))?;
    EcdsaP256::boxed(key)
}

pub(super) fn from_pkcs8(der: &[u8]) -> Result<Box<dyn SigningKey>, UnusableKey> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der)
        .map_err(|_| UnusableKey("not a P-256 key in PKCS#8"))?;
    EcdsaP256::boxed(key)
}

pub(super) fn verify_p256(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), AuthenticationError> {
    // AWS-LC would take other encodings too: compressed points, a whole SubjectPublicKeyInfo.
    if public_key.len() != 65 || public_key[0] != 4 {
        return Err(AuthenticationError);
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key)
        .verify(message, signature)
        .map_err(|_| AuthenticationError)
}

struct EcdsaP256 {
    key: EcdsaKeyPair,
    pkcs8: Secret,
}

impl EcdsaP256 {
    fn boxed(key: EcdsaKeyPair) -> Result<Box<dyn SigningKey>, UnusableKey> {
        let pkcs8 = key
            .to_pkcs8v1()
            .map_err(|_| UnusableKey("the key has no PKCS#8 form"))?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        Ok(Box::new(Self { key, pkcs8 }))
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

    /// AWS-LC takes the nonce from the operating system, and `rng` cannot replace it: two
    /// signatures of the same message differ.
    fn sign(&self, message: &[u8], _rng: &mut Rng) -> Result<Vec<u8>, SignError> {
        let signature = self
            .key
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Ok(signature.as_ref().to_vec())
    }

    fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    fn to_pkcs8(&self) -> Secret {
        self.pkcs8.clone()
    }
}
