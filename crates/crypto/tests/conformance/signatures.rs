//! ECDSA and its keys.

use hex_literal::hex;
use tidewire_crypto::SignatureAlgorithm::EcdsaP256Sha256;
use tidewire_crypto::{AuthenticationError, KeyKind, Rng, SigningKey};

use crate::{providers, same_of_all};

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

#[test]
fn the_same_seed_gives_the_same_key_of_every_provider() {
    for seed in 0..20 {
        same_of_all(|crypto| {
            let mut rng = Rng::from_u64(seed);
            let key = crypto
                .generate_signing_key(KeyKind::EcdsaP256, &mut rng)
                .unwrap();
            let public_key = key.public_key().to_vec();
            (key.to_pkcs8(), public_key, rng.next_u64())
        });
    }
}

fn generate(seed: u64) -> Vec<Box<dyn SigningKey>> {
    let key_of = |crypto: std::sync::Arc<dyn tidewire_crypto::CryptoProvider>| {
        crypto
            .generate_signing_key(KeyKind::EcdsaP256, &mut Rng::from_u64(seed))
            .expect("a key")
    };
    providers().into_iter().map(key_of).collect()
}

#[test]
fn each_provider_verifies_what_the_others_sign() {
    for key in generate(7) {
        let signature = key.sign(b"message", &mut Rng::from_u64(1)).unwrap();
        for crypto in providers() {
            let verify = |key: &[u8], message: &[u8]| {
                crypto.verify_signature(EcdsaP256Sha256, key, message, &signature)
            };
            assert_eq!(verify(key.public_key(), b"message"), Ok(()));
            assert_eq!(
                verify(key.public_key(), b"massage"),
                Err(AuthenticationError)
            );
            assert_eq!(verify(&PUBLIC_KEY, b"message"), Err(AuthenticationError));
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
    let p384 = hex!(
        "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b0201010430"
        "000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000007a16403620004283c1d7365ce4788f29f8ebf234edffead6f"
        "e997fbea5ffa2d58cc9dfa7b1c508b05526f55b9ebb2040f05b48fb6d0e19475c99061e4"
        "1b88ba52efdb8c1690471a61d867ed799729d9c92cd01dbd225630d84ede32a78f9e6466"
        "4cdac512ef8c"
    );
    let mut zero = PKCS8.to_vec();
    zero[36..68].fill(0);
    for crypto in providers() {
        for length in 0..PKCS8.len() {
            assert!(crypto.signing_key_from_pkcs8(&PKCS8[..length]).is_err());
        }
        assert!(crypto.signing_key_from_pkcs8(&p384).is_err());
        assert!(crypto.signing_key_from_pkcs8(&zero).is_err());
    }
}
