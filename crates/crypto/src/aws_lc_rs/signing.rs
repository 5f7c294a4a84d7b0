//! Signatures.

use std::fmt;

use ::aws_lc_rs::rand::SystemRandom;
use ::aws_lc_rs::signature::{
    self as lc, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use zeroize::Zeroizing;

use crate::Rng;
use crate::provider::{
    AuthenticationError, KeyKind, Secret, SignError, SignatureAlgorithm, SigningKey, UnusableKey,
};

const REFUSED: UnusableKey = UnusableKey("AWS-LC refuses the key");

/// AWS-LC makes keys of NIST's curves from its own randomness, in half the time that a scalar of ours
/// takes it to check and to find the point of.
pub(super) fn generate(kind: KeyKind, rng: &mut Rng) -> Result<Box<dyn SigningKey>, UnusableKey> {
    match kind {
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => {
            let key = EcdsaKeyPair::generate(ecdsa_signing(kind)).map_err(|_| REFUSED)?;
            Ok(Box::new(Ecdsa { kind, key }))
        }
        KeyKind::Ed25519 => {
            let seed = Zeroizing::new(rng.array::<32>());
            let key = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| REFUSED)?;
            Ok(Box::new(Ed25519(key)))
        }
    }
}

fn ecdsa_signing(kind: KeyKind) -> &'static EcdsaSigningAlgorithm {
    match kind {
        KeyKind::EcdsaP384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        _ => &ECDSA_P256_SHA256_ASN1_SIGNING,
    }
}

pub(super) fn from_pkcs8(der: &[u8]) -> Result<Box<dyn SigningKey>, UnusableKey> {
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(ecdsa_signing(kind), der) {
            return Ok(Box::new(Ecdsa { kind, key }));
        }
    }
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
        .map(|key| Box::new(Ed25519(key)) as Box<dyn SigningKey>)
        .map_err(|_| UnusableKey("not a key for P-256, P-384 or Ed25519 in PKCS#8"))
}

pub(super) fn verify(
    algorithm: SignatureAlgorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), AuthenticationError> {
    // AWS-LC would take other encodings too: compressed points, a whole SubjectPublicKeyInfo.
    let is_point = |len| public_key.len() == len && public_key[0] == 4;
    let (is_well_formed, algorithm): (bool, &dyn VerificationAlgorithm) = match algorithm {
        SignatureAlgorithm::EcdsaP256Sha256 => (is_point(65), &lc::ECDSA_P256_SHA256_ASN1),
        SignatureAlgorithm::EcdsaP256Sha384 => (is_point(65), &lc::ECDSA_P256_SHA384_ASN1),
        SignatureAlgorithm::EcdsaP384Sha256 => (is_point(97), &lc::ECDSA_P384_SHA256_ASN1),
        SignatureAlgorithm::EcdsaP384Sha384 => (is_point(97), &lc::ECDSA_P384_SHA384_ASN1),
        SignatureAlgorithm::Ed25519 => (public_key.len() == 32, &lc::ED25519),
        SignatureAlgorithm::RsaPssSha256 => (true, &lc::RSA_PSS_2048_8192_SHA256),
        SignatureAlgorithm::RsaPssSha384 => (true, &lc::RSA_PSS_2048_8192_SHA384),
        SignatureAlgorithm::RsaPssSha512 => (true, &lc::RSA_PSS_2048_8192_SHA512),
        SignatureAlgorithm::RsaPkcs1Sha256 => (true, &lc::RSA_PKCS1_2048_8192_SHA256),
        SignatureAlgorithm::RsaPkcs1Sha384 => (true, &lc::RSA_PKCS1_2048_8192_SHA384),
        SignatureAlgorithm::RsaPkcs1Sha512 => (true, &lc::RSA_PKCS1_2048_8192_SHA512),
    };
    if !is_well_formed {
        return Err(AuthenticationError);
    }
    UnparsedPublicKey::new(algorithm, public_key)
        .verify(message, signature)
        .map_err(|_| AuthenticationError)
}

struct Ecdsa {
    kind: KeyKind,
    key: EcdsaKeyPair,
}

impl fmt::Debug for Ecdsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ecdsa({:?})", self.kind)
    }
}

impl SigningKey for Ecdsa {
    fn kind(&self) -> KeyKind {
        self.kind
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.kind {
            KeyKind::EcdsaP384 => SignatureAlgorithm::EcdsaP384Sha384,
            _ => SignatureAlgorithm::EcdsaP256Sha256,
        }
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
        let der = self.key.to_pkcs8v1().expect("a key has a PKCS#8 form");
        Zeroizing::new(der.as_ref().to_vec())
    }
}

struct Ed25519(Ed25519KeyPair);

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
        let signature = self.0.try_sign(message).map_err(|_| SignError)?;
        Ok(signature.as_ref().to_vec())
    }

    fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn to_pkcs8(&self) -> Secret {
        let der = self.0.to_pkcs8v1().expect("a key has a PKCS#8 form");
        Zeroizing::new(der.as_ref().to_vec())
    }
}
