//! AEADs and AES in counter mode.

use hex_literal::hex;
use proptest::prelude::*;
use tidewire_crypto::AeadAlgorithm::{self, Aes128Gcm, Aes256Gcm, ChaCha20Poly1305};
use tidewire_crypto::{AuthenticationError, Tag, UnusableKey};

use crate::{providers, same_of_all};

const AEADS: [AeadAlgorithm; 3] = [Aes128Gcm, Aes256Gcm, ChaCha20Poly1305];

struct Vector<'a> {
    algorithm: AeadAlgorithm,
    key: &'a [u8],
    nonce: [u8; 12],
    aad: &'a [u8],
    plaintext: &'a [u8],
    ciphertext: &'a [u8],
    tag: Tag,
}

fn check(vector: &Vector<'_>) {
    for crypto in providers() {
        let aead = crypto
            .aead(vector.algorithm, vector.key)
            .expect("a key of the right length");
        let mut text = vector.plaintext.to_vec();
        let tag = aead.seal(&vector.nonce, vector.aad, &mut text);
        assert_eq!(text, vector.ciphertext, "{}", crypto.name());
        assert_eq!(tag, vector.tag, "{}", crypto.name());
        aead.open(&vector.nonce, vector.aad, &mut text, &tag)
            .expect("what was sealed opens");
        assert_eq!(text, vector.plaintext, "{}", crypto.name());
    }
}

const GCM_NONCE: [u8; 12] = hex!("cafebabefacedbaddecaf888");
const GCM_AAD: &[u8] = &hex!("feedfacedeadbeeffeedfacedeadbeefabaddad2");
const GCM_PLAINTEXT: &[u8] = &hex!(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
);

/// Test case 4 of the proposal of GCM to NIST.
#[test]
fn aes_128_gcm_gives_the_known_ciphertext() {
    check(&Vector {
        algorithm: Aes128Gcm,
        key: &hex!("feffe9928665731c6d6a8f9467308308"),
        nonce: GCM_NONCE,
        aad: GCM_AAD,
        plaintext: GCM_PLAINTEXT,
        ciphertext: &hex!(
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
            "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
        ),
        tag: hex!("5bc94fbc3221a5db94fae95ae7121a47"),
    });
}

/// Test case 16 of the proposal of GCM to NIST.
#[test]
fn aes_256_gcm_gives_the_known_ciphertext() {
    check(&Vector {
        algorithm: Aes256Gcm,
        key: &hex!("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
        nonce: GCM_NONCE,
        aad: GCM_AAD,
        plaintext: GCM_PLAINTEXT,
        ciphertext: &hex!(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        ),
        tag: hex!("76fc6ece0f4e1768cddf8853bb2d551b"),
    });
}

/// RFC 8439 section 2.8.2.
#[test]
fn chacha20_poly1305_gives_the_known_ciphertext() {
    check(&Vector {
        algorithm: ChaCha20Poly1305,
        key: &hex!("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
        nonce: hex!("070000004041424344454647"),
        aad: &hex!("50515253c0c1c2c3c4c5c6c7"),
        plaintext: b"Ladies and Gentlemen of the class of '99: \
            If I could offer you only one tip for the future, sunscreen would be it.",
        ciphertext: &hex!(
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            "3ff4def08e4b7a9de576d26586cec64b6116"
        ),
        tag: hex!("1ae10b594f09e26a7e902ecbd0600691"),
    });
}

#[test]
fn tampered_text_tag_nonce_and_context_do_not_open() {
    let (nonce, aad) = ([7; 12], [1, 2, 3]);
    for crypto in providers() {
        for algorithm in AEADS {
            let aead = crypto
                .aead(algorithm, &vec![9; algorithm.key_len()])
                .unwrap();
            let mut sealed = [5; 33];
            let tag = aead.seal(&nonce, &aad, &mut sealed);
            let opened = |nonce: &[u8; 12], aad: &[u8], mut sealed: [u8; 33], tag: &Tag| {
                aead.open(nonce, aad, &mut sealed, tag)
            };
            for bit in 0..sealed.len() * 8 {
                let mut wrong = sealed;
                wrong[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(opened(&nonce, &aad, wrong, &tag), Err(AuthenticationError));
            }
            for bit in 0..tag.len() * 8 {
                let mut wrong = tag;
                wrong[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(
                    opened(&nonce, &aad, sealed, &wrong),
                    Err(AuthenticationError)
                );
            }
            assert_eq!(
                opened(&[8; 12], &aad, sealed, &tag),
                Err(AuthenticationError)
            );
            assert_eq!(
                opened(&nonce, &aad[..2], sealed, &tag),
                Err(AuthenticationError)
            );
            assert_eq!(opened(&nonce, &aad, sealed, &tag), Ok(()));
        }
    }
}

#[test]
fn keys_of_another_length_are_refused() {
    for crypto in providers() {
        for algorithm in AEADS {
            for length in (0..=64).filter(|&length| length != algorithm.key_len()) {
                let refused = crypto.aead(algorithm, &vec![0; length]).map(|_| ());
                assert_eq!(refused, Err(UnusableKey("wrong length")));
            }
        }
        for length in (0..=64).filter(|length| ![16, 32].contains(length)) {
            let refused = crypto.aes_ctr(&vec![0; length]).map(|_| ());
            assert_eq!(refused, Err(UnusableKey("wrong length")));
        }
    }
}

const COUNTER: [u8; 16] = hex!("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000");

/// RFC 3711 appendix B.2, the first three blocks and the three around the carry at the end.
#[test]
fn aes_128_counter_mode_gives_the_known_key_stream() {
    for crypto in providers() {
        let cipher = crypto
            .aes_ctr(&hex!("2b7e151628aed2a6abf7158809cf4f3c"))
            .unwrap();
        let mut stream = vec![0; 1_044_512];
        cipher.apply_keystream(&COUNTER, &mut stream);
        let first = hex!(
            "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
            "41e95b3bb0a2e8dd477901e4fca894c0"
        );
        let last = hex!(
            "ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae"
            "6a2cc3787889374fbeb4c81b17ba6c44"
        );
        assert_eq!(stream[..48], first, "{}", crypto.name());
        assert_eq!(stream[stream.len() - 48..], last, "{}", crypto.name());
    }
}

/// RFC 6188 section 7.1.
#[test]
fn aes_256_counter_mode_gives_the_known_key_stream() {
    for crypto in providers() {
        let key = hex!("57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98");
        let mut stream = [0; 32];
        crypto
            .aes_ctr(&key)
            .unwrap()
            .apply_keystream(&COUNTER, &mut stream);
        let expected = hex!("92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac");
        assert_eq!(stream, expected, "{}", crypto.name());
    }
}

/// The whole block is the counter, as RFC 3711 section 4.1.1 has it: 2^128 follows upon all ones.
#[test]
fn the_counter_wraps_over_the_whole_block() {
    same_of_all(|crypto| {
        let cipher = crypto.aes_ctr(&[3; 16]).unwrap();
        let (mut across, mut after) = ([0; 32], [0; 16]);
        cipher.apply_keystream(&[0xff; 16], &mut across);
        cipher.apply_keystream(&[0; 16], &mut after);
        assert_eq!(across[16..], after);
        across
    });
}

proptest! {
    #[test]
    fn providers_seal_alike(
        key in any::<[u8; 32]>(),
        nonce in any::<[u8; 12]>(),
        aad in proptest::collection::vec(any::<u8>(), 0..64),
        text in proptest::collection::vec(any::<u8>(), 0..1500),
    ) {
        for algorithm in AEADS {
            same_of_all(|crypto| {
                let aead = crypto.aead(algorithm, &key[..algorithm.key_len()]).unwrap();
                let mut sealed = text.clone();
                let tag = aead.seal(&nonce, &aad, &mut sealed);
                let mut opened = sealed.clone();
                aead.open(&nonce, &aad, &mut opened, &tag).unwrap();
                assert_eq!(opened, text);
                (sealed, tag)
            });
        }
    }

    #[test]
    fn providers_count_alike(
        key in any::<[u8; 32]>(),
        iv in any::<[u8; 16]>(),
        text in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for length in [16, 32] {
            same_of_all(|crypto| {
                let mut text = text.clone();
                crypto.aes_ctr(&key[..length]).unwrap().apply_keystream(&iv, &mut text);
                text
            });
        }
    }
}

/// RFC 9001 appendices A.2 and A.5: QUIC hides its packet numbers in the same way.
#[test]
fn record_numbers_are_masked_as_known() {
    let aes = hex!("9f50449e04a0e810283a1e9933adedd2");
    let chacha = hex!("25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4");
    let mask = |algorithm, key: &[u8], sample: [u8; 16]| {
        same_of_all(|crypto| {
            crypto
                .record_number_mask(algorithm, key)
                .unwrap()
                .mask(&sample)
        })
    };
    let sample = hex!("d1b1c98dd7689fb8ec11d242b123dc9b");
    assert_eq!(mask(Aes128Gcm, &aes, sample), hex!("437b"));
    let sample = hex!("5e5cd55c41f69080575d7999c25a5bfb");
    assert_eq!(mask(ChaCha20Poly1305, &chacha, sample), hex!("aefe"));
}

#[test]
fn every_provider_gives_the_same_mask_for_any_sample() {
    let mut rng = tidewire_crypto::Rng::from_u64(9);
    for algorithm in AEADS {
        let mut key = vec![0; algorithm.key_len()];
        rng.fill(&mut key);
        let mut samples: Vec<[u8; 16]> = (0..50).map(|_| rng.array()).collect();
        samples.extend([[0; 16], [0xff; 16]]);
        for sample in samples {
            same_of_all(|crypto| {
                crypto
                    .record_number_mask(algorithm, &key)
                    .unwrap()
                    .mask(&sample)
            });
        }
        for len in [0, 15, 33] {
            same_of_all(|crypto| {
                let refused = crypto.record_number_mask(algorithm, &vec![0; len]);
                assert!(refused.is_err(), "{len}");
            });
        }
    }
}
