//! Our own certificate.

use thiserror::Error;
use tidewire_crypto::{
    CryptoProvider, HashAlgorithm, KeyKind, Rng, Secret, SignError, SigningKey, UnusableKey,
};

use super::der::{
    BIT_STRING, EXPLICIT_0, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, UTF8_STRING, time, tlv,
};
use super::fingerprint::{Fingerprint, accepted};
use super::peer::p256_public_key;

/// id-at-commonName, RFC 5280 appendix A.1.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// ecdsa-with-SHA256, RFC 5758 section 3.2.
const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// id-ecPublicKey, RFC 5480 section 2.1.1.
const EC_PUBLIC_KEY: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// secp256r1, RFC 5480 section 2.1.1.1.
const SECP256R1: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// The same for everybody: a name would tell connections of one user apart from others.
const NAME: &[u8] = b"WebRTC";

/// A certificate with its private key, which identifies this side.
#[derive(Debug)]
pub struct Certificate {
    der: Vec<u8>,
    key: Box<dyn SigningKey>,
    fingerprints: [Fingerprint; 3],
}

/// When a certificate is valid, in seconds since 1970-01-01 UTC. WebRTC peers go by the
/// fingerprint and do not look at this.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ValidityOptions {
    /// The first moment of validity.
    pub not_before: i64,
    /// The last moment of validity.
    pub not_after: i64,
}

/// Why a certificate cannot be made or imported.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CertificateError {
    /// The provider cannot make or use the key.
    #[error(transparent)]
    Key(#[from] UnusableKey),
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The DER is no certificate, or not for this key.
    #[error("the certificate is malformed or belongs to another key")]
    Mismatch,
}

impl Certificate {
    /// Makes an ECDSA P-256 key and a certificate that it signs itself.
    ///
    /// # Errors
    /// When the provider cannot make such a key or sign with it.
    pub fn generate(
        crypto: &dyn CryptoProvider,
        rng: &mut Rng,
        validity: ValidityOptions,
    ) -> Result<Self, CertificateError> {
        let key = crypto.generate_signing_key(KeyKind::EcdsaP256, rng)?;
        let tbs = to_be_signed(key.public_key(), rng.array(), validity);
        let signature = key.sign(&tbs, rng)?;
        let der = tlv(
            SEQUENCE,
            &[&tbs, &signature_algorithm(), &bit_string(&signature)],
        );
        Ok(Self::new(crypto, der, key))
    }

    /// Takes up a certificate that was kept: its DER, and its key as PKCS#8 DER.
    ///
    /// # Errors
    /// When the provider cannot use the key, or the certificate is malformed or for another key.
    pub fn from_der(
        crypto: &dyn CryptoProvider,
        der: &[u8],
        pkcs8: &[u8],
    ) -> Result<Self, CertificateError> {
        let key = crypto.signing_key_from_pkcs8(pkcs8)?;
        let public_key = p256_public_key(der).map_err(|_| CertificateError::Mismatch)?;
        if public_key != key.public_key() {
            return Err(CertificateError::Mismatch);
        }
        Ok(Self::new(crypto, der.to_vec(), key))
    }

    fn new(crypto: &dyn CryptoProvider, der: Vec<u8>, key: Box<dyn SigningKey>) -> Self {
        let fingerprints = [
            HashAlgorithm::Sha256,
            HashAlgorithm::Sha384,
            HashAlgorithm::Sha512,
        ]
        .map(|algorithm| Fingerprint::of(crypto, algorithm, &der));
        Self {
            der,
            key,
            fingerprints,
        }
    }

    /// An impostor: somebody's certificate, and a key of one's own.
    #[cfg(test)]
    pub(crate) fn stolen(&self, crypto: &dyn CryptoProvider, rng: &mut Rng) -> Self {
        let key = crypto.generate_signing_key(KeyKind::EcdsaP256, rng);
        Self::new(crypto, self.der.clone(), key.expect("a key"))
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The private key as PKCS#8 DER, to be kept.
    pub fn to_pkcs8(&self) -> Secret {
        self.key.to_pkcs8()
    }

    /// The fingerprint for `a=fingerprint`. Hashes other than SHA-256, SHA-384 and SHA-512 have no
    /// place there and count as SHA-256.
    pub fn fingerprint(&self, algorithm: HashAlgorithm) -> Fingerprint {
        match accepted(algorithm) {
            HashAlgorithm::Sha384 => self.fingerprints[1],
            HashAlgorithm::Sha512 => self.fingerprints[2],
            _ => self.fingerprints[0],
        }
    }

    pub(crate) fn key(&self) -> &dyn SigningKey {
        &*self.key
    }
}

/// TBSCertificate, RFC 5280 section 4.1.
fn to_be_signed(public_key: &[u8], mut serial: [u8; 16], validity: ValidityOptions) -> Vec<u8> {
    // Positive, and with no leading zero byte.
    serial[0] = serial[0] & 0x7f | 0x40;
    let name = name();
    let spki_algorithm = tlv(
        SEQUENCE,
        &[
            &tlv(OBJECT_IDENTIFIER, &[&EC_PUBLIC_KEY]),
            &tlv(OBJECT_IDENTIFIER, &[&SECP256R1]),
        ],
    );
    tlv(
        SEQUENCE,
        &[
            &tlv(EXPLICIT_0, &[&tlv(INTEGER, &[&[2]])]),
            &tlv(INTEGER, &[&serial]),
            &signature_algorithm(),
            &name,
            &tlv(
                SEQUENCE,
                &[&time(validity.not_before), &time(validity.not_after)],
            ),
            &name,
            &tlv(SEQUENCE, &[&spki_algorithm, &bit_string(public_key)]),
        ],
    )
}

fn name() -> Vec<u8> {
    let attribute = tlv(
        SEQUENCE,
        &[
            &tlv(OBJECT_IDENTIFIER, &[&COMMON_NAME]),
            &tlv(UTF8_STRING, &[NAME]),
        ],
    );
    tlv(SEQUENCE, &[&tlv(SET, &[&attribute])])
}

fn signature_algorithm() -> Vec<u8> {
    tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[&ECDSA_WITH_SHA256])])
}

fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], bytes])
}
