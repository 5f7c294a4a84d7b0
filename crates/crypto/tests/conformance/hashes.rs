//! Hashes and HMAC.

use hex_literal::hex;
use proptest::prelude::*;
use tidewire_crypto::HashAlgorithm::{self, Sha1, Sha256, Sha384, Sha512};
use tidewire_crypto::{AuthenticationError, CryptoProvider, MIN_TAG_LEN};

use crate::{providers, same_of_all};

const HASHES: [HashAlgorithm; 4] = [Sha1, Sha256, Sha384, Sha512];

fn hash(crypto: &dyn CryptoProvider, algorithm: HashAlgorithm, data: &[u8]) -> Vec<u8> {
    let mut context = crypto.hash(algorithm);
    context.update(data);
    context.current().as_ref().to_vec()
}

/// The example of FIPS 180-4: "abc".
#[test]
fn hashes_give_the_known_digests() {
    let vectors: [(HashAlgorithm, &[u8]); 4] = [
        (Sha1, &hex!("a9993e364706816aba3e25717850c26c9cd0d89d")),
        (
            Sha256,
            &hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ),
        (
            Sha384,
            &hex!(
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                "8086072ba1e7cc2358baeca134c825a7"
            ),
        ),
        (
            Sha512,
            &hex!(
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ),
    ];
    for (algorithm, expected) in vectors {
        for crypto in providers() {
            assert_eq!(
                hash(&*crypto, algorithm, b"abc"),
                expected,
                "{}",
                crypto.name()
            );
        }
        assert_eq!(expected.len(), algorithm.output_len());
    }
}

#[test]
fn a_running_hash_goes_on_after_it_was_read_or_forked() {
    for crypto in providers() {
        for algorithm in HASHES {
            let mut context = crypto.hash(algorithm);
            context.update(b"a");
            let first = context.current();
            assert_eq!(first.as_ref(), hash(&*crypto, algorithm, b"a"));
            let mut fork = context.fork();
            fork.update(b"z");
            context.update(b"bc");
            assert_eq!(
                context.current().as_ref(),
                hash(&*crypto, algorithm, b"abc")
            );
            assert_eq!(fork.current().as_ref(), hash(&*crypto, algorithm, b"az"));
        }
    }
}

fn check_hmac(algorithm: HashAlgorithm, key: &[u8], data: &[u8], expected: &[u8]) {
    for crypto in providers() {
        let key = crypto.hmac(algorithm, key);
        let name = crypto.name();
        assert_eq!(key.sign(&[data]).as_ref(), expected, "{algorithm:?} {name}");
        key.verify(&[data], expected).expect("its own tag");
    }
}

/// RFC 2202 section 3, test cases 1, 2 and 6.
#[test]
fn hmac_sha_1_gives_the_known_tags() {
    let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
    check_hmac(
        Sha1,
        &[0x0b; 20],
        b"Hi There",
        &hex!("b617318655057264e28bc0b6fb378c8ef146be00"),
    );
    check_hmac(
        Sha1,
        b"Jefe",
        b"what do ya want for nothing?",
        &hex!("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    );
    check_hmac(
        Sha1,
        &[0xaa; 80],
        long,
        &hex!("aa4ae5e15272d00e95705637ce8a3b55ed402112"),
    );
}

/// RFC 4231 section 4.2.
#[test]
fn hmac_sha_2_gives_the_known_tags() {
    let (key, data) = (&[0x0b; 20], b"Hi There");
    check_hmac(
        Sha256,
        key,
        data,
        &hex!("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    );
    check_hmac(
        Sha384,
        key,
        data,
        &hex!(
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
            "faea9ea9076ede7f4af152e8b2fa9cb6"
        ),
    );
    check_hmac(
        Sha512,
        key,
        data,
        &hex!(
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
        ),
    );
}

#[test]
fn a_truncated_tag_verifies_and_one_that_is_guessed_at_once_or_overlong_does_not() {
    for crypto in providers() {
        for algorithm in HASHES {
            let key = crypto.hmac(algorithm, b"key");
            let tag = key.sign(&[b"data"]).as_ref().to_vec();
            for length in MIN_TAG_LEN..=tag.len() {
                assert_eq!(key.verify(&[b"data"], &tag[..length]), Ok(()));
                let mut wrong = tag[..length].to_vec();
                wrong[length - 1] ^= 1;
                assert_eq!(key.verify(&[b"data"], &wrong), Err(AuthenticationError));
            }
            let overlong = [&tag[..], &[0]].concat();
            assert_eq!(key.verify(&[b"data"], &overlong), Err(AuthenticationError));
            for length in 0..MIN_TAG_LEN {
                let short = &tag[..length];
                assert_eq!(key.verify(&[b"data"], short), Err(AuthenticationError));
            }
            assert_eq!(key.verify(&[b"date"], &tag), Err(AuthenticationError));
        }
    }
}

proptest! {
    #[test]
    fn providers_authenticate_alike_however_the_data_is_cut(
        key in proptest::collection::vec(any::<u8>(), 0..200),
        data in proptest::collection::vec(any::<u8>(), 0..500),
        cut in any::<proptest::sample::Index>(),
    ) {
        let (head, tail) = data.split_at(cut.index(data.len() + 1));
        for algorithm in HASHES {
            same_of_all(|crypto| {
                let key = crypto.hmac(algorithm, &key);
                let tag = key.sign(&[head, tail]).as_ref().to_vec();
                assert_eq!(key.sign(&[&data]).as_ref(), tag);
                (tag, hash(crypto, algorithm, &data))
            });
        }
    }
}
