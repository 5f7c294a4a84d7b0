//! The peer's certificate, and the proof that it is the one that was signalled.

use std::sync::Arc;

use tidewire_crypto::{CryptoProvider, HashAlgorithm, SignatureAlgorithm};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Fingerprint;
use crate::error::{CloseReason, ConfigError, HandshakeError};

const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const SECP256R1: &str = "1.2.840.10045.3.1.7";

/// The fingerprints that the signalling vouches for. Never empty.
#[derive(Clone, Debug)]
pub(crate) struct ExpectedFingerprints(Vec<Fingerprint>);

impl ExpectedFingerprints {
    pub(crate) fn new(fingerprints: Vec<Fingerprint>) -> Result<Self, ConfigError> {
        if fingerprints.is_empty() {
            return Err(ConfigError::NoFingerprint);
        }
        Ok(Self(fingerprints))
    }

    /// Compares `der` with the fingerprints of the strongest hash that was signalled; weaker ones
    /// do not count then (RFC 8122 section 5.1).
    pub(crate) fn verify(
        &self,
        crypto: &dyn CryptoProvider,
        der: &[u8],
    ) -> Result<FingerprintVerified, CloseReason> {
        let strongest = self
            .0
            .iter()
            .map(|print| print.algorithm())
            .max_by_key(rank);
        let algorithm = strongest.unwrap_or(HashAlgorithm::Sha256);
        let fingerprint = Fingerprint::of(crypto, algorithm, der);
        if !self.0.contains(&fingerprint) {
            return Err(CloseReason::FingerprintMismatch);
        }
        Ok(FingerprintVerified {
            fingerprint,
            der: Arc::from(der),
            public_key: p256_public_key(der)?,
        })
    }
}

fn rank(algorithm: &HashAlgorithm) -> usize {
    algorithm.output_len()
}

/// Proof that a certificate has a fingerprint that was signalled. Nothing else makes one, and no
/// connection is established without one.
#[derive(Debug)]
pub(crate) struct FingerprintVerified {
    fingerprint: Fingerprint,
    der: Arc<[u8]>,
    public_key: Vec<u8>,
}

impl FingerprintVerified {
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The certificate.
    pub(crate) fn der(&self) -> &Arc<[u8]> {
        &self.der
    }

    /// Verifies that the holder of the certificate's key signed `message`.
    pub(crate) fn verify_signature(
        &self,
        crypto: &dyn CryptoProvider,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), HandshakeError> {
        crypto
            .verify_signature(
                SignatureAlgorithm::EcdsaP256Sha256,
                &self.public_key,
                message,
                signature,
            )
            .map_err(|_| HandshakeError::BadSignature)
    }
}

/// The public key of a certificate for ECDSA on P-256.
pub(crate) fn p256_public_key(der: &[u8]) -> Result<Vec<u8>, HandshakeError> {
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
        .and_then(|parameters| parameters.as_oid().ok());
    let is_p256 = spki.algorithm.algorithm.to_id_string() == EC_PUBLIC_KEY
        && curve.is_some_and(|oid| oid.to_id_string() == SECP256R1);
    if !is_p256 {
        return Err(HandshakeError::UnsupportedCertificate);
    }
    Ok(spki.subject_public_key.data.to_vec())
}
