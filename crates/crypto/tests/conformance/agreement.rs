//! Key agreement. The published vectors name private keys, which no provider imports: they are
//! tested beside the code.

use hex_literal::hex;
use tidewire_crypto::KeyExchangeGroup::{self, Secp256r1, Secp384r1, X25519, X25519MlKem768};
use tidewire_crypto::{KeyExchangeError, Rng};

use crate::{providers, same_of_all, same_of_seeded};

/// With the lengths of their secrets.
const GROUPS: [(KeyExchangeGroup, usize); 4] = [
    (X25519MlKem768, 64),
    (X25519, 32),
    (Secp256r1, 32),
    (Secp384r1, 48),
];

#[test]
fn two_peers_agree_whatever_their_providers() {
    for (group, secret_len) in GROUPS {
        for (ours, theirs) in providers().into_iter().flat_map(|ours| {
            providers()
                .into_iter()
                .map(move |theirs| (ours.clone(), theirs))
        }) {
            let exchange = ours
                .start_key_exchange(group, &mut Rng::from_u64(1))
                .unwrap();
            let (share, secret) = theirs
                .respond_key_exchange(group, exchange.share(), &mut Rng::from_u64(2))
                .unwrap();
            assert_eq!(exchange.complete(&share).unwrap(), secret);
            assert_eq!(secret.len(), secret_len);
        }
    }
}

fn seeded_share(
    group: KeyExchangeGroup,
    seed: u64,
) -> impl Fn(&dyn tidewire_crypto::CryptoProvider) -> (KeyExchangeGroup, Vec<u8>, u64) {
    move |crypto| {
        let mut rng = Rng::from_u64(seed);
        let exchange = crypto
            .start_key_exchange(group, &mut rng)
            .expect("a group that all have");
        // The generator stands at the same place afterwards.
        (exchange.group(), exchange.share().to_vec(), rng.next_u64())
    }
}

#[test]
fn the_same_seed_gives_the_same_share() {
    for seed in 0..20 {
        same_of_all(seeded_share(X25519, seed));
        for group in [X25519MlKem768, Secp256r1, Secp384r1] {
            same_of_seeded(seeded_share(group, seed));
        }
    }
}

/// draft-ietf-tls-ecdhe-mlkem section 4.1: each length, and encapsulation keys that are not reduced.
#[test]
fn hybrid_shares_that_are_none_are_refused() {
    for crypto in providers() {
        let mut rng = Rng::from_u64(4);
        let exchange = crypto.start_key_exchange(X25519MlKem768, &mut rng).unwrap();
        let share = exchange.share().to_vec();
        assert_eq!(share.len(), 1184 + 32);
        let respond = |share: &[u8]| {
            let answer = crypto.respond_key_exchange(X25519MlKem768, share, &mut Rng::from_u64(5));
            answer.map(|(share, _)| share)
        };
        let answer = respond(&share).unwrap();
        assert_eq!(answer.len(), 1088 + 32);
        for len in [0, 31, 32, 1120, 1183, 1184, 1215] {
            assert_eq!(respond(&share[..len]), Err(KeyExchangeError::InvalidShare));
        }
        let mut not_reduced = share.clone();
        not_reduced[..3].fill(0xff);
        assert_eq!(respond(&not_reduced), Err(KeyExchangeError::InvalidShare));
        let mut small_order = share.clone();
        small_order[1184..].fill(0);
        assert_eq!(respond(&small_order), Err(KeyExchangeError::InvalidShare));
        for len in [0, 32, 1087, 1088, 1119] {
            expect_refusal(X25519MlKem768, &answer[..len]);
        }
        let mut small_order = answer.clone();
        small_order[1088..].fill(0);
        expect_refusal(X25519MlKem768, &small_order);
        // ML-KEM rejects implicitly: another ciphertext gives another secret.
        let again = crypto
            .start_key_exchange(X25519MlKem768, &mut Rng::from_u64(6))
            .unwrap();
        let (answer, secret) = crypto
            .respond_key_exchange(X25519MlKem768, again.share(), &mut Rng::from_u64(7))
            .unwrap();
        let mut wrong = answer;
        wrong[0] ^= 1;
        assert_ne!(again.complete(&wrong).unwrap(), secret);
    }
}

fn expect_refusal(group: KeyExchangeGroup, share: &[u8]) {
    for crypto in providers() {
        let exchange = crypto
            .start_key_exchange(group, &mut Rng::from_u64(3))
            .expect("a key");
        let refusal = exchange.complete(share).map(|_| ());
        assert_eq!(
            refusal,
            Err(KeyExchangeError::InvalidShare),
            "{} {share:02x?}",
            crypto.name()
        );
    }
}

const POINT: [u8; 65] = hex!(
    "04"
    "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
    "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
);

#[test]
fn shares_of_another_length_are_refused() {
    let long = [4; 70];
    for length in (0..70).filter(|&length| length != 32) {
        expect_refusal(X25519, &long[..length]);
    }
    for length in 0..65 {
        expect_refusal(Secp256r1, &POINT[..length]);
    }
    expect_refusal(Secp256r1, &[&POINT[..], &[0]].concat());
}

#[test]
fn points_off_the_curve_are_refused() {
    for at in 1..65 {
        let mut wrong = POINT;
        wrong[at] ^= 1;
        expect_refusal(Secp256r1, &wrong);
    }
    let mut zero = [0; 65];
    expect_refusal(Secp256r1, &zero);
    zero[0] = 4;
    expect_refusal(Secp256r1, &zero);
    let mut beyond_the_field = [0xff; 65];
    beyond_the_field[0] = 4;
    expect_refusal(Secp256r1, &beyond_the_field);
}

#[test]
fn compressed_and_hybrid_points_and_the_point_at_infinity_are_refused() {
    expect_refusal(Secp256r1, &[0]);
    let mut compressed = POINT[..33].to_vec();
    compressed[0] = 3;
    expect_refusal(Secp256r1, &compressed);
    let mut hybrid = POINT;
    hybrid[0] = 7;
    expect_refusal(Secp256r1, &hybrid);
}

/// RFC 7748 section 6.1: the secret would be all zeros.
#[test]
fn x25519_shares_of_small_order_are_refused() {
    let mut one = [0; 32];
    one[0] = 1;
    expect_refusal(X25519, &[0; 32]);
    expect_refusal(X25519, &one);
    for share in [
        hex!("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex!("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ] {
        expect_refusal(X25519, &share);
    }
}
