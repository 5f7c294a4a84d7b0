//! ECDSA and its keys.

use hex_literal::hex;
use tidewire_crypto::SignatureAlgorithm::{self, EcdsaP256Sha256};
use tidewire_crypto::{AuthenticationError, KeyKind, Rng, SigningKey};

use crate::{providers, same_of_all, same_of_seeded};

/// The key of RFC 6979 appendix A.2.5.
const PUBLIC_KEY: [u8; 65] = hex!(
    "04"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
);
const PKCS8: &[u8] = &hex!(
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420"
    "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721a144034200"
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
);
/// Over "sample", with SHA-256.
const SIGNATURE: &[u8] = &hex!(
    "3046"
    "022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
);

/// Over "sample", with SHA-384.
const P256_SHA384_SIGNATURE: [u8; 70] = hex!(
    "3044"
    "02200eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719"
    "02204861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954"
);

fn expect_refusal(public_key: &[u8], message: &[u8], signature: &[u8]) {
    for crypto in providers() {
        assert_eq!(
            crypto.verify_signature(EcdsaP256Sha256, public_key, message, signature),
            Err(AuthenticationError),
            "{}",
            crypto.name()
        );
    }
}

#[test]
fn the_known_signature_verifies() {
    for crypto in providers() {
        crypto
            .verify_signature(EcdsaP256Sha256, &PUBLIC_KEY, b"sample", SIGNATURE)
            .expect("the signature of RFC 6979");
    }
}

/// RFC 6979. The other provider's signatures are not deterministic.
#[test]
fn rust_crypto_gives_the_known_signature() {
    let crypto = tidewire_crypto::rust_crypto::provider();
    let key = crypto.signing_key_from_pkcs8(PKCS8).unwrap();
    let signature = key.sign(b"sample", &mut Rng::from_u64(0)).unwrap();
    assert_eq!(signature, SIGNATURE);
}

#[test]
fn imported_keys_keep_their_form() {
    for crypto in providers() {
        let key = crypto.signing_key_from_pkcs8(PKCS8).expect("a P-256 key");
        assert_eq!(key.kind(), KeyKind::EcdsaP256);
        assert_eq!(key.algorithm(), EcdsaP256Sha256);
        assert_eq!(key.public_key(), PUBLIC_KEY, "{}", crypto.name());
        assert_eq!(key.to_pkcs8().as_slice(), PKCS8, "{}", crypto.name());
    }
}

fn seeded_key(
    kind: KeyKind,
    seed: u64,
) -> impl Fn(&dyn tidewire_crypto::CryptoProvider) -> (tidewire_crypto::Secret, Vec<u8>, u64) {
    move |crypto| {
        let mut rng = Rng::from_u64(seed);
        let key = crypto
            .generate_signing_key(kind, &mut rng)
            .expect("a kind that all have");
        let public_key = key.public_key().to_vec();
        // The generator stands at the same place afterwards.
        (key.to_pkcs8(), public_key, rng.next_u64())
    }
}

#[test]
fn the_same_seed_gives_the_same_key() {
    for seed in 0..20 {
        same_of_seeded(seeded_key(KeyKind::EcdsaP256, seed));
        same_of_seeded(seeded_key(KeyKind::EcdsaP384, seed));
        same_of_all(seeded_key(KeyKind::Ed25519, seed));
    }
}

const KINDS: [KeyKind; 3] = [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519];

fn generate(kind: KeyKind) -> Vec<Box<dyn SigningKey>> {
    let key_of = |crypto: std::sync::Arc<dyn tidewire_crypto::CryptoProvider>| {
        crypto
            .generate_signing_key(kind, &mut Rng::from_u64(7))
            .expect("a key")
    };
    providers().into_iter().map(key_of).collect()
}

#[test]
fn each_provider_verifies_what_the_others_sign() {
    for key in KINDS.into_iter().flat_map(generate) {
        let signature = key.sign(b"message", &mut Rng::from_u64(1)).unwrap();
        for crypto in providers() {
            let verify = |key: &dyn SigningKey, message: &[u8]| {
                crypto.verify_signature(key.algorithm(), key.public_key(), message, &signature)
            };
            assert_eq!(verify(&*key, b"message"), Ok(()));
            assert_eq!(verify(&*key, b"massage"), Err(AuthenticationError));
            let mut rng = Rng::from_u64(8);
            let other = crypto.generate_signing_key(key.kind(), &mut rng).unwrap();
            assert_eq!(verify(&*other, b"message"), Err(AuthenticationError));
        }
    }
}

#[test]
fn each_provider_takes_up_what_the_others_have_kept() {
    for key in KINDS.into_iter().flat_map(generate) {
        for crypto in providers() {
            let again = crypto.signing_key_from_pkcs8(&key.to_pkcs8()).unwrap();
            assert_eq!(again.kind(), key.kind());
            assert_eq!(again.algorithm(), key.algorithm());
            assert_eq!(again.public_key(), key.public_key());
            assert_eq!(again.to_pkcs8(), key.to_pkcs8());
        }
    }
}

/// RFC 8032 section 7.1, test 3.
#[test]
fn ed25519_gives_the_known_signature() {
    let key = hex!("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    let signature = hex!(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    );
    same_of_all(|crypto| {
        crypto.verify_signature(SignatureAlgorithm::Ed25519, &key, &hex!("af82"), &signature)
    })
    .expect("the signature of RFC 8032");
    let seed = hex!("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
    let pkcs8 = [&hex!("302e020100300506032b657004220420")[..], &seed].concat();
    let signed = same_of_all(|crypto| {
        let key = crypto.signing_key_from_pkcs8(&pkcs8).unwrap();
        key.sign(&hex!("af82"), &mut Rng::from_u64(1)).unwrap()
    });
    assert_eq!(signed, signature);
}

/// TLS 1.2 leaves the hash open (RFC 8422 section 5.10): RFC 6979 appendix A.2.5, "sample".
#[test]
fn curves_and_hashes_may_be_combined_in_either_way() {
    same_of_all(|crypto| {
        crypto.verify_signature(
            SignatureAlgorithm::EcdsaP256Sha384,
            &PUBLIC_KEY,
            b"sample",
            &P256_SHA384_SIGNATURE,
        )
    })
    .expect("the signature of RFC 6979");
    for kind in [KeyKind::EcdsaP256, KeyKind::EcdsaP384] {
        for key in generate(kind) {
            let own = key.algorithm();
            let signature = key.sign(b"message", &mut Rng::from_u64(1)).unwrap();
            for algorithm in [
                EcdsaP256Sha256,
                SignatureAlgorithm::EcdsaP256Sha384,
                SignatureAlgorithm::EcdsaP384Sha256,
                SignatureAlgorithm::EcdsaP384Sha384,
            ] {
                let verified = same_of_all(|crypto| {
                    crypto.verify_signature(algorithm, key.public_key(), b"message", &signature)
                });
                assert_eq!(verified.is_ok(), algorithm == own);
            }
        }
    }
}

#[test]
fn no_signature_with_one_bit_changed_verifies() {
    for bit in 0..SIGNATURE.len() * 8 {
        let mut wrong = SIGNATURE.to_vec();
        wrong[bit / 8] ^= 1 << (bit % 8);
        expect_refusal(&PUBLIC_KEY, b"sample", &wrong);
    }
}

#[test]
fn truncated_and_padded_signatures_are_refused() {
    for length in 0..SIGNATURE.len() {
        expect_refusal(&PUBLIC_KEY, b"sample", &SIGNATURE[..length]);
    }
    expect_refusal(&PUBLIC_KEY, b"sample", &[SIGNATURE, &[0]].concat());
}

#[test]
fn signatures_of_zero_are_refused() {
    expect_refusal(&PUBLIC_KEY, b"sample", &hex!("3006020100020100"));
    expect_refusal(&PUBLIC_KEY, b"sample", &hex!("3006020101020100"));
    expect_refusal(&PUBLIC_KEY, b"sample", &hex!("3006020100020101"));
}

#[test]
fn malformed_public_keys_are_refused() {
    for length in 0..PUBLIC_KEY.len() {
        expect_refusal(&PUBLIC_KEY[..length], b"sample", SIGNATURE);
    }
    let mut off_the_curve = PUBLIC_KEY;
    off_the_curve[64] ^= 1;
    expect_refusal(&off_the_curve, b"sample", SIGNATURE);
    // The compressed form names the same point, and is still none of TLS.
    let compressed = [&[3], &PUBLIC_KEY[1..33]].concat();
    expect_refusal(&compressed, b"sample", SIGNATURE);
}

#[test]
fn malformed_private_keys_are_refused() {
    let mut zero = PKCS8.to_vec();
    zero[36..68].fill(0);
    for crypto in providers() {
        for length in 0..PKCS8.len() {
            assert!(crypto.signing_key_from_pkcs8(&PKCS8[..length]).is_err());
        }
        assert!(crypto.signing_key_from_pkcs8(&zero).is_err());
    }
}
