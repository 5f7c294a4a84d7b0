//! The peer's certificate, and the proof that it is the one that was signalled.

use std::sync::Arc;

use tidewire_crypto::{CryptoProvider, HashAlgorithm, KeyKind, SignatureAlgorithm, SigningKey};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Fingerprint;
use crate::config::Verification;
use crate::error::{CloseReason, ConfigError, HandshakeError};
use crate::wire::{ProtocolVersion, SignatureScheme};

/// id-ecPublicKey, RFC 5480 section 2.1.1.
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
/// RFC 5480 section 2.1.1.1.
const SECP256R1: &str = "1.2.840.10045.3.1.7";
const SECP384R1: &str = "1.3.132.0.34";
/// id-Ed25519, RFC 8410 section 3.
const ED25519: &str = "1.3.101.112";
/// rsaEncryption, RFC 8017 appendix A.1.
const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";

/// Which certificates a peer may have.
#[derive(Clone, Debug)]
pub(crate) enum AcceptableCertificates {
    /// Those with fingerprints that the signalling vouches for. Never empty.
    Fingerprints(Vec<Fingerprint>),
    /// Any: [`Verification::DangerouslyNone`].
    Any,
}

impl AcceptableCertificates {
    pub(crate) fn new(
        verification: Verification,
        fingerprints: Vec<Fingerprint>,
    ) -> Result<Self, ConfigError> {
        match verification {
            Verification::Fingerprint if fingerprints.is_empty() => Err(ConfigError::NoFingerprint),
            Verification::Fingerprint => Ok(Self::Fingerprints(fingerprints)),
            Verification::DangerouslyNone(_) => Ok(Self::Any),
        }
    }

    /// Compares `der` with the fingerprints of the strongest hash that was signalled; weaker ones
    /// do not count then (RFC 8122 section 5.1).
    pub(crate) fn verify(
        &self,
        crypto: &dyn CryptoProvider,
        der: &[u8],
    ) -> Result<AcceptedCertificate, CloseReason> {
        let fingerprint = match self {
            Self::Fingerprints(expected) => {
                let algorithms = expected.iter().map(|print| print.algorithm());
                let strongest = algorithms.max_by_key(rank);
                let algorithm = strongest.unwrap_or(HashAlgorithm::Sha256);
                let fingerprint = Fingerprint::of(crypto, algorithm, der);
                if !expected.contains(&fingerprint) {
                    return Err(CloseReason::FingerprintMismatch);
                }
                fingerprint
            }
            Self::Any => Fingerprint::of(crypto, HashAlgorithm::Sha256, der),
        };
        let (key_type, public_key) = public_key(der)?;
        Ok(AcceptedCertificate {
            fingerprint,
            der: Arc::from(der),
            key_type,
            public_key,
        })
    }
}

fn rank(algorithm: &HashAlgorithm) -> usize {
    algorithm.output_len()
}

/// Proof that a certificate has a fingerprint that was signalled, or that the caller takes any. Nothing
/// else makes one.
#[derive(Debug)]
pub(crate) struct AcceptedCertificate {
    fingerprint: Fingerprint,
    der: Arc<[u8]>,
    key_type: KeyType,
    public_key: Vec<u8>,
}

impl AcceptedCertificate {
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The certificate.
    pub(crate) fn der(&self) -> &Arc<[u8]> {
        &self.der
    }

    pub(crate) fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// Verifies that the holder of the certificate's key signed `message` by a scheme that this version
    /// has for such keys.
    pub(crate) fn verify_signature(
        &self,
        crypto: &dyn CryptoProvider,
        version: ProtocolVersion,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), HandshakeError> {
        let algorithm = algorithm(version, scheme, self.key_type)
            .filter(|algorithm| crypto.signature_algorithms().contains(algorithm))
            .ok_or(HandshakeError::SignatureScheme)?;
        crypto
            .verify_signature(algorithm, &self.public_key, message, signature)
            .map_err(|_| HandshakeError::BadSignature)
    }
}

/// The types of keys that certificates of peers may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyType {
    P256,
    P384,
    Ed25519,
    Rsa,
}

/// The type of a certificate's key, and the key itself.
pub(crate) fn public_key(der: &[u8]) -> Result<(KeyType, Vec<u8>), HandshakeError> {
    let (rest, certificate) =
        X509Certificate::from_der(der).map_err(|_| HandshakeError::MalformedCertificate)?;
    if !rest.is_empty() {
        return Err(HandshakeError::MalformedCertificate);
    }
    let spki = certificate.public_key();
    let curve = spki
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.as_oid().ok())
        .map(|oid| oid.to_id_string());
    let algorithm = spki.algorithm.algorithm.to_id_string();
    let key_type = match (algorithm.as_str(), curve.as_deref()) {
        (EC_PUBLIC_KEY, Some(SECP256R1)) => KeyType::P256,
        (EC_PUBLIC_KEY, Some(SECP384R1)) => KeyType::P384,
        (ED25519, None) => KeyType::Ed25519,
        (RSA_ENCRYPTION, _) => KeyType::Rsa,
        _ => return Err(HandshakeError::UnsupportedCertificate),
    };
    Ok((key_type, spki.subject_public_key.data.to_vec()))
}

/// What a scheme stands for in a version, under keys of a type; `None` if it has no place there. In DTLS
/// 1.2 the schemes of ECDSA name a hash, and the curve is the key's (RFC 8422 section 5.10).
fn algorithm(
    version: ProtocolVersion,
    scheme: SignatureScheme,
    key: KeyType,
) -> Option<SignatureAlgorithm> {
    use SignatureScheme as Scheme;
    let is_1_2 = version == ProtocolVersion::DTLS_1_2;
    Some(match (scheme, key) {
        (Scheme::ECDSA_SECP256R1_SHA256, KeyType::P256) => SignatureAlgorithm::EcdsaP256Sha256,
        (Scheme::ECDSA_SECP256R1_SHA256, KeyType::P384) if is_1_2 => {
            SignatureAlgorithm::EcdsaP384Sha256
        }
        (Scheme::ECDSA_SECP384R1_SHA384, KeyType::P384) => SignatureAlgorithm::EcdsaP384Sha384,
        (Scheme::ECDSA_SECP384R1_SHA384, KeyType::P256) if is_1_2 => {
            SignatureAlgorithm::EcdsaP256Sha384
        }
        (Scheme::ED25519, KeyType::Ed25519) => SignatureAlgorithm::Ed25519,
        (Scheme::RSA_PSS_RSAE_SHA256, KeyType::Rsa) => SignatureAlgorithm::RsaPssSha256,
        (Scheme::RSA_PSS_RSAE_SHA384, KeyType::Rsa) => SignatureAlgorithm::RsaPssSha384,
        (Scheme::RSA_PSS_RSAE_SHA512, KeyType::Rsa) => SignatureAlgorithm::RsaPssSha512,
        (Scheme::RSA_PKCS1_SHA256, KeyType::Rsa) if is_1_2 => SignatureAlgorithm::RsaPkcs1Sha256,
        (Scheme::RSA_PKCS1_SHA384, KeyType::Rsa) if is_1_2 => SignatureAlgorithm::RsaPkcs1Sha384,
        (Scheme::RSA_PKCS1_SHA512, KeyType::Rsa) if is_1_2 => SignatureAlgorithm::RsaPkcs1Sha512,
        _ => return None,
    })
}

/// The schemes that a peer may sign with, preferred first; those of DTLS 1.2 alone only where it is
/// spoken.
pub(crate) fn accepted_schemes(
    crypto: &dyn CryptoProvider,
    speaks_1_2: bool,
) -> Vec<SignatureScheme> {
    let schemes = [
        (
            SignatureScheme::ECDSA_SECP256R1_SHA256,
            SignatureAlgorithm::EcdsaP256Sha256,
        ),
        (
            SignatureScheme::ECDSA_SECP384R1_SHA384,
            SignatureAlgorithm::EcdsaP384Sha384,
        ),
        (SignatureScheme::ED25519, SignatureAlgorithm::Ed25519),
        (
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureAlgorithm::RsaPssSha256,
        ),
        (
            SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureAlgorithm::RsaPssSha384,
        ),
        (
            SignatureScheme::RSA_PSS_RSAE_SHA512,
            SignatureAlgorithm::RsaPssSha512,
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureAlgorithm::RsaPkcs1Sha256,
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureAlgorithm::RsaPkcs1Sha384,
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureAlgorithm::RsaPkcs1Sha512,
        ),
    ];
    let is_pkcs1 = |scheme: SignatureScheme| scheme.0 & 0xff == 1;
    schemes
        .into_iter()
        .filter(|(scheme, algorithm)| {
            crypto.signature_algorithms().contains(algorithm) && (speaks_1_2 || !is_pkcs1(*scheme))
        })
        .map(|(scheme, _)| scheme)
        .collect()
}

/// The scheme that this side signs with.
pub(crate) fn own_scheme(key: &dyn SigningKey) -> SignatureScheme {
    match key.kind() {
        KeyKind::EcdsaP384 => SignatureScheme::ECDSA_SECP384R1_SHA384,
        KeyKind::Ed25519 => SignatureScheme::ED25519,
        _ => SignatureScheme::ECDSA_SECP256R1_SHA256,
    }
}
