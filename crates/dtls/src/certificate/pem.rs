//! Certificates and keys as other programs keep them: PEM (RFC 7468).

use tidewire_crypto::Secret;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

use super::der::{
    EC_PUBLIC_KEY, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SECP256R1, SECP384R1, SEQUENCE, tlv,
};
use super::error::CertificateError;
use super::peer::{KeyType, public_key};

/// What `pem` holds between lines of one of `labels`, and the label that was there.
fn find(pem: &str, labels: &[&str]) -> Result<(String, Secret), CertificateError> {
    for block in Pem::iter_from_buffer(pem.as_bytes()) {
        let block = block.map_err(|_| CertificateError::Pem)?;
        let contents = Zeroizing::new(block.contents);
        if labels.contains(&block.label.as_str()) {
            return Ok((block.label, contents));
        }
    }
    Err(CertificateError::Pem)
}

/// The DER of the first certificate.
pub(super) fn certificate(pem: &str) -> Result<Secret, CertificateError> {
    find(pem, &["CERTIFICATE"]).map(|(_, der)| der)
}

/// The first private key as PKCS#8. Keys of elliptic curves may also have the form of RFC 5915, which
/// leaves their curve to the certificate.
pub(super) fn private_key(pem: &str, certificate: &[u8]) -> Result<Secret, CertificateError> {
    let (label, der) = find(pem, &["PRIVATE KEY", "EC PRIVATE KEY"])?;
    if label == "PRIVATE KEY" {
        return Ok(der);
    }
    let (key_type, _) = public_key(certificate).map_err(|_| CertificateError::Mismatch)?;
    let curve: &[u8] = match key_type {
        KeyType::P256 => &SECP256R1,
        KeyType::P384 => &SECP384R1,
        _ => return Err(CertificateError::Mismatch),
    };
    let algorithm = tlv(
        SEQUENCE,
        &[
            &tlv(OBJECT_IDENTIFIER, &[&EC_PUBLIC_KEY]),
            &tlv(OBJECT_IDENTIFIER, &[curve]),
        ],
    );
    let key = Zeroizing::new(tlv(OCTET_STRING, &[&der]));
    let version = tlv(INTEGER, &[&[0]]);
    Ok(Zeroizing::new(tlv(SEQUENCE, &[&version, &algorithm, &key])))
}
