//! Our own certificate.

use tidewire_crypto::{CryptoProvider, HashAlgorithm, KeyKind, Rng, Secret, SigningKey};

use super::der::{
    BIT_STRING, EC_PUBLIC_KEY, EXPLICIT_0, INTEGER, OBJECT_IDENTIFIER, SECP256R1, SECP384R1,
    SEQUENCE, SET, UTF8_STRING, time, tlv,
};
use super::error::CertificateError;
use super::fingerprint::{Fingerprint, accepted};
use super::peer::{KeyType, public_key};
use super::pem;

/// id-at-commonName, RFC 5280 appendix A.1.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// ecdsa-with-SHA256, RFC 5758 section 3.2.
const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// ecdsa-with-SHA384, RFC 5758 section 3.2.
const ECDSA_WITH_SHA384: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// id-Ed25519, RFC 8410 section 3.
const ED25519: [u8; 3] = [0x2b, 0x65, 0x70];
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
        Self::generate_of_kind(crypto, KeyKind::EcdsaP256, rng, validity)
    }

    /// The same with a key of another kind. Browsers take ECDSA on P-256 for granted, and any of these.
    ///
    /// # Errors
    /// When the provider cannot make such a key or sign with it.
    pub fn generate_of_kind(
        crypto: &dyn CryptoProvider,
        kind: KeyKind,
        rng: &mut Rng,
        validity: ValidityOptions,
    ) -> Result<Self, CertificateError> {
        let key = crypto.generate_signing_key(kind, rng)?;
        let tbs = to_be_signed(&*key, rng.array(), validity);
        let signature = key.sign(&tbs, rng)?;
        let algorithm = signature_algorithm(kind);
        let der = tlv(SEQUENCE, &[&tbs, &algorithm, &bit_string(&signature)]);
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
        let (key_type, public_key) = public_key(der).map_err(|_| CertificateError::Mismatch)?;
        if key_type != type_of(key.kind()) || public_key != key.public_key() {
            return Err(CertificateError::Mismatch);
        }
        Ok(Self::new(crypto, der.to_vec(), key))
    }

    /// Takes up a certificate and its key as other programs keep them: the first certificate and the
    /// first key of the two texts, which may be one. Keys are PKCS#8 (`PRIVATE KEY`) or, for elliptic
    /// curves, of RFC 5915 (`EC PRIVATE KEY`), and not encrypted.
    ///
    /// # Errors
    /// When there is no certificate or no key, and as [`from_der`](Self::from_der).
    pub fn from_pem(
        crypto: &dyn CryptoProvider,
        certificate: &str,
        key: &str,
    ) -> Result<Self, CertificateError> {
        let der = pem::certificate(certificate)?;
        Self::from_der(crypto, &der, &pem::private_key(key, &der)?)
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

fn type_of(kind: KeyKind) -> KeyType {
    match kind {
        KeyKind::EcdsaP384 => KeyType::P384,
        KeyKind::Ed25519 => KeyType::Ed25519,
        _ => KeyType::P256,
    }
}

/// TBSCertificate, RFC 5280 section 4.1.
fn to_be_signed(key: &dyn SigningKey, mut serial: [u8; 16], validity: ValidityOptions) -> Vec<u8> {
    // Positive, and with no leading zero byte.
    serial[0] = serial[0] & 0x7f | 0x40;
    let name = name();
    let public_key = bit_string(key.public_key());
    tlv(
        SEQUENCE,
        &[
            &tlv(EXPLICIT_0, &[&tlv(INTEGER, &[&[2]])]),
            &tlv(INTEGER, &[&serial]),
            &signature_algorithm(key.kind()),
            &name,
            &tlv(
                SEQUENCE,
                &[&time(validity.not_before), &time(validity.not_after)],
            ),
            &name,
            &tlv(SEQUENCE, &[&key_algorithm(key.kind()), &public_key]),
        ],
    )
}

fn key_algorithm(kind: KeyKind) -> Vec<u8> {
    let curve: &[u8] = match kind {
        KeyKind::Ed25519 => return tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[&ED25519])]),
        KeyKind::EcdsaP384 => &SECP384R1,
        _ => &SECP256R1,
    };
    tlv(
        SEQUENCE,
        &[
            &tlv(OBJECT_IDENTIFIER, &[&EC_PUBLIC_KEY]),
            &tlv(OBJECT_IDENTIFIER, &[curve]),
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

fn signature_algorithm(kind: KeyKind) -> Vec<u8> {
    let oid: &[u8] = match kind {
        KeyKind::EcdsaP384 => &ECDSA_WITH_SHA384,
        KeyKind::Ed25519 => &ED25519,
        _ => &ECDSA_WITH_SHA256,
    };
    tlv(SEQUENCE, &[&tlv(OBJECT_IDENTIFIER, &[oid])])
}

fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[0], bytes])
}
