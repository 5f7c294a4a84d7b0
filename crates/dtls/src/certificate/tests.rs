//! Certificates, ours and those of others. OpenSSL made the files in `testdata`.

use tidewire_crypto::{HashAlgorithm, KeyKind, Rng, rust_crypto};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Certificate, CertificateError, KeyType, ValidityOptions, public_key};
use crate::error::HandshakeError;

const P256: &[u8] = include_bytes!("../../testdata/p256.der");
const P256_KEY: &[u8] = include_bytes!("../../testdata/p256.pkcs8.der");
const P384: &[u8] = include_bytes!("../../testdata/p384.der");
const P521: &[u8] = include_bytes!("../../testdata/p521.der");
const P384_PEM: &str = include_str!("../../testdata/p384.sec1.pem");
const ED25519_PEM: &str = include_str!("../../testdata/ed25519.pem");
const RSA: &[u8] = include_bytes!("../../testdata/rsa2048.der");

const KINDS: [KeyKind; 3] = [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519];

fn generated(seed: u64) -> Certificate {
    generated_of_kind(KeyKind::EcdsaP256, seed)
}

fn generated_of_kind(kind: KeyKind, seed: u64) -> Certificate {
    let validity = ValidityOptions {
        not_before: 1_700_000_000,
        not_after: 4_102_444_800,
    };
    let crypto = rust_crypto::provider();
    let rng = &mut Rng::from_u64(seed);
    Certificate::generate_of_kind(crypto.as_ref(), kind, rng, validity).unwrap()
}

#[test]
fn a_generated_certificate_is_well_formed_and_signed_by_its_own_key() {
    for seed in 0..20 {
        let certificate = generated_of_kind(KINDS[seed as usize % 3], seed);
        let (rest, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
        assert!(rest.is_empty());
        assert_eq!(parsed.subject(), parsed.issuer());
        assert_eq!(parsed.validity().not_before.timestamp(), 1_700_000_000);
        assert_eq!(parsed.validity().not_after.timestamp(), 4_102_444_800);
        let verified = rust_crypto::provider().verify_signature(
            certificate.key().algorithm(),
            &public_key(certificate.der()).unwrap().1,
            parsed.tbs_certificate.as_ref(),
            &parsed.signature_value.data,
        );
        assert_eq!(verified, Ok(()));
    }
}

#[test]
fn no_two_certificates_have_anything_that_links_them() {
    let [first, second] = [generated(1), generated(2)];
    assert_ne!(first.der(), second.der());
    let serial = |certificate: &Certificate| {
        let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
        parsed.raw_serial().to_vec()
    };
    assert_ne!(serial(&first), serial(&second));
}

#[test]
fn a_kept_certificate_is_taken_up_again() {
    let crypto = rust_crypto::provider();
    let certificate = generated(3);
    let key = certificate.to_pkcs8();
    let again = Certificate::from_der(crypto.as_ref(), certificate.der(), &key).unwrap();
    let sha_512 = HashAlgorithm::Sha512;
    assert_eq!(again.fingerprint(sha_512), certificate.fingerprint(sha_512));
}

#[test]
fn a_certificate_by_another_tool_is_taken_up_and_has_the_fingerprint_it_gives() {
    let crypto = rust_crypto::provider();
    let certificate = Certificate::from_der(crypto.as_ref(), P256, P256_KEY).unwrap();
    let sha_384 = certificate.fingerprint(HashAlgorithm::Sha384);
    assert_eq!(
        sha_384.to_string(),
        "sha-384 06:9B:0A:30:E5:D4:7B:FE:84:78:65:68:AB:3B:57:22:4A:4A:BE:6D:AB:D7:F1:F4:E4:72:06:B0:96:4A:99:CF:1F:44:14:5F:7A:54:F8:0C:FD:58:B0:78:58:B2:39:DE"
    );
}

#[test]
fn a_certificate_is_not_taken_up_with_the_key_of_another() {
    let crypto = rust_crypto::provider();
    let taken = Certificate::from_der(crypto.as_ref(), generated(4).der(), P256_KEY);
    assert_eq!(taken.err(), Some(CertificateError::Mismatch));
    let taken = Certificate::from_der(crypto.as_ref(), P256, b"no key");
    assert!(matches!(taken, Err(CertificateError::Key(_))));
}

#[test]
fn certificates_and_keys_are_taken_up_from_pem() {
    let crypto = rust_crypto::provider();
    for (pem, key_type) in [(P384_PEM, KeyType::P384), (ED25519_PEM, KeyType::Ed25519)] {
        let certificate = Certificate::from_pem(crypto.as_ref(), pem, pem).unwrap();
        assert_eq!(public_key(certificate.der()).unwrap().0, key_type);
    }
    let take = |certificate, key| Certificate::from_pem(crypto.as_ref(), certificate, key);
    let mismatch = take(P384_PEM, ED25519_PEM);
    assert_eq!(mismatch.err(), Some(CertificateError::Mismatch));
    let end = P384_PEM.find("-----END CERTIFICATE").unwrap();
    for len in 0..=end {
        assert!(take(&P384_PEM[..len], P384_PEM).is_err(), "{len}");
    }
    let end = P384_PEM.find("-----END EC").unwrap();
    for len in 0..=end {
        assert!(take(P384_PEM, &P384_PEM[..len]).is_err(), "{len}");
    }
    assert_eq!(take("", "").err(), Some(CertificateError::Pem));
}

#[test]
fn the_types_of_keys_are_told_apart() {
    let read = |der| public_key(der).map(|(key_type, _)| key_type);
    assert_eq!(read(P256), Ok(KeyType::P256));
    assert_eq!(read(P384), Ok(KeyType::P384));
    assert_eq!(read(RSA), Ok(KeyType::Rsa));
    assert_eq!(read(P521), Err(HandshakeError::UnsupportedCertificate));
}

#[test]
fn a_certificate_cut_short_or_continued_is_malformed() {
    for der in [P256, P384, RSA] {
        for len in 0..der.len() {
            let read = public_key(&der[..len]);
            assert_eq!(read, Err(HandshakeError::MalformedCertificate), "{len}");
        }
        let read = public_key(&[der, &[0]].concat());
        assert_eq!(read, Err(HandshakeError::MalformedCertificate));
    }
}
