//! Both ends of a context: vectors, round trips, and what strangers send.

use bytes::BytesMut;
use hex_literal::hex;
use proptest::prelude::*;
use tidewire_crypto::{CryptoProvider, Rng, rust_crypto};
use zeroize::Zeroizing;

use crate::cipher::{Cipher, counter_block};
use crate::keys::SessionKeys;
use crate::{Config, DropReason, KeyingMaterial, Profile, ProtectError, Receiver, Sender};

mod rollover;
mod state;

const ALL_OF_THEM: [Profile; 6] = [
    Profile::AeadAes256Gcm,
    Profile::AeadAes128Gcm,
    Profile::Aes128CmSha1_80,
    Profile::Aes128CmSha1_32,
    Profile::NullSha1_80,
    Profile::NullSha1_32,
];

fn pair_over(crypto: &dyn CryptoProvider, profile: Profile, config: &Config) -> (Sender, Receiver) {
    let exported: Vec<u8> = (0..profile.keying_material_len() as u8).collect();
    let keys = KeyingMaterial::split(profile, &exported).unwrap();
    let mut rng = Rng::from_u64(1);
    (
        Sender::new(crypto, profile, &keys.client, config, &mut rng).unwrap(),
        Receiver::new(crypto, profile, &keys.client, config, &mut rng).unwrap(),
    )
}

fn pair(profile: Profile) -> (Sender, Receiver) {
    pair_over(&*rust_crypto::provider(), profile, &Config::default())
}

fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 96];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 7]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

fn rtcp(ssrc: u32, payload: &[u8]) -> Vec<u8> {
    [&[0x80, 201, 0, 1][..], &ssrc.to_be_bytes(), payload].concat()
}

fn protected(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    sender.protect_rtp(&mut packet, 0).unwrap();
    packet
}

fn receive(receiver: &mut Receiver, packet: &[u8]) -> Result<Vec<u8>, DropReason> {
    let mut packet = BytesMut::from(packet);
    receiver.unprotect_rtp(&mut packet)?;
    Ok(packet.to_vec())
}

/// The keys of RFC 7714 section 16, which are session keys: nothing is derived.
fn with_the_keys_of_the_rfc(profile: Profile) -> (Sender, Receiver) {
    let crypto = rust_crypto::provider();
    let key: Vec<u8> = (0..profile.key_len() as u8).collect();
    let cipher = || {
        let keys = SessionKeys {
            encryption: Zeroizing::new(key.clone()),
            authentication: Zeroizing::default(),
            salt: Zeroizing::new(hex!("51756964 2070726f 2071756f").to_vec()),
        };
        Cipher::with_keys(&*crypto, profile, &keys).unwrap()
    };
    let (mut sender, mut receiver) = pair(profile);
    sender.rtp = cipher();
    sender.rtcp = cipher();
    receiver.rtp = cipher();
    receiver.rtcp = cipher();
    (sender, receiver)
}

const PLAIN_RTP: [u8; 50] = hex!(
    "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976"
    "69736120 696e2070 61727465 73207472 6573"
);

/// RFC 7714 sections 16.1.1, 16.1.2, 16.2.1 and 16.2.2.
#[test]
fn rtp_under_gcm_is_that_of_the_rfc() {
    let expected = [
        (
            Profile::AeadAes128Gcm,
            hex!(
                "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5"
                "0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce"
            ),
        ),
        (
            Profile::AeadAes256Gcm,
            hex!(
                "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238"
                "9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13"
            ),
        ),
    ];
    for (profile, expected) in expected {
        let (mut sender, mut receiver) = with_the_keys_of_the_rfc(profile);
        assert_eq!(protected(&mut sender, &PLAIN_RTP), expected);
        assert_eq!(receive(&mut receiver, &expected), Ok(PLAIN_RTP.to_vec()));
    }
}

const PLAIN_RTCP: [u8; 52] = hex!(
    "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61"
    "deadbeef deadbeef deadbeef deadbeef deadbeef"
);

/// RFC 7714 section 17.1.
#[test]
fn rtcp_under_gcm_is_that_of_the_rfc() {
    let expected = hex!(
        "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1"
        "730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4"
    );
    let (mut sender, mut receiver) = with_the_keys_of_the_rfc(Profile::AeadAes128Gcm);
    sender.rtcp_next = 0x5d4;
    let mut packet = PLAIN_RTCP.to_vec();
    sender.protect_rtcp(&mut packet, 0).unwrap();
    assert_eq!(packet, expected);
    let mut packet = BytesMut::from(&packet[..]);
    receiver.unprotect_rtcp(&mut packet).unwrap();
    assert_eq!(packet[..], PLAIN_RTCP);
}

/// RFC 7714 section 17.3.
#[test]
fn rtcp_that_is_only_tagged_is_taken() {
    let tagged = hex!(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef"
        "deadbeef deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4"
    );
    let (_, mut receiver) = with_the_keys_of_the_rfc(Profile::AeadAes128Gcm);
    let mut packet = BytesMut::from(&tagged[..]);
    receiver.unprotect_rtcp(&mut packet).unwrap();
    assert_eq!(packet[..], PLAIN_RTCP);
}

/// RFC 3711 appendix B.2: the first counter block, and the key stream from there on.
#[test]
fn the_key_stream_is_that_of_the_rfc() {
    let salt = hex!("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
    let iv = counter_block(&salt, 0, 0);
    assert_eq!(iv, hex!("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"));
    let crypto = rust_crypto::provider();
    let cipher = crypto.aes_ctr(&hex!("2B7E151628AED2A6ABF7158809CF4F3C"));
    let mut stream = [0; 32];
    cipher.unwrap().apply_keystream(&iv, &mut stream);
    assert_eq!(
        stream,
        hex!("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB")
    );
}

#[test]
fn what_stands_before_the_packet_is_left_alone() {
    for profile in ALL_OF_THEM {
        let (mut sender, mut receiver) = pair(profile);
        let packet = rtp(1, 2, b"media");
        let mut buffer = [b"head", &packet[..]].concat();
        sender.protect_rtp(&mut buffer, 4).unwrap();
        assert_eq!(buffer[..4], *b"head");
        assert_eq!(buffer.len(), 4 + packet.len() + profile.rtp_overhead());
        assert_eq!(receive(&mut receiver, &buffer[4..]), Ok(packet));
    }
}

#[test]
fn a_packet_is_accepted_once() {
    for profile in ALL_OF_THEM {
        let (mut sender, mut receiver) = pair(profile);
        let packet = protected(&mut sender, &rtp(7, 1, b"media"));
        receive(&mut receiver, &packet).unwrap();
        assert_eq!(receive(&mut receiver, &packet), Err(DropReason::Replayed));
        let mut report = rtcp(1, b"report..");
        sender.protect_rtcp(&mut report, 0).unwrap();
        let mut again = BytesMut::from(&report[..]);
        receiver
            .unprotect_rtcp(&mut BytesMut::from(&report[..]))
            .unwrap();
        assert_eq!(
            receiver.unprotect_rtcp(&mut again),
            Err(DropReason::Replayed)
        );
        assert_eq!(receiver.stats().replayed, 2);
        assert_eq!(receiver.stats().accepted, 2);
    }
}

#[test]
fn a_sequence_number_protects_one_packet_only() {
    let (mut sender, _) = pair(Profile::AeadAes128Gcm);
    protected(&mut sender, &rtp(7, 1, b"media"));
    let mut other = rtp(7, 1, b"other");
    assert_eq!(
        sender.protect_rtp(&mut other, 0),
        Err(ProtectError::Repeated)
    );
    assert_eq!(other, rtp(7, 1, b"other"), "it is left as it was");
    protected(&mut sender, &rtp(7, 2, b"another stream"));
    protected(&mut sender, &rtp(5000, 1, b"much later"));
    let mut late = rtp(7, 1, b"late");
    assert_eq!(sender.protect_rtp(&mut late, 0), Err(ProtectError::TooOld));
}

#[test]
fn a_key_ends_with_its_last_index() {
    let (mut sender, _) = pair(Profile::Aes128CmSha1_80);
    sender.rtcp_next = (1 << 31) - 1;
    sender.protect_rtcp(&mut rtcp(1, b""), 0).unwrap();
    let mut one_more = rtcp(1, b"");
    let refused = sender.protect_rtcp(&mut one_more, 0);
    assert_eq!(refused, Err(ProtectError::KeyExhausted));
    assert_eq!(one_more, rtcp(1, b""));
}

#[test]
fn streams_go_on_over_many_rollovers_with_loss_and_reordering() {
    for profile in ALL_OF_THEM {
        let (mut sender, mut receiver) = pair(profile);
        let mut rng = Rng::from_u64(5);
        let mut waiting: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut sequence = 65_000_u16;
        for _ in 0..3000 {
            let packet = rtp(sequence, 1, &sequence.to_be_bytes());
            // Steps of up to 500 packets, as if the others were lost.
            sequence = sequence.wrapping_add(1 + u16::from(rng.array::<1>()[0]));
            waiting.push((protected(&mut sender, &packet), packet));
            if waiting.len() > 3 {
                let at = usize::from(rng.array::<1>()[0]) % waiting.len();
                let (protected, packet) = waiting.swap_remove(at);
                match receive(&mut receiver, &protected) {
                    Ok(received) => assert_eq!(received, packet),
                    Err(reason) => assert_eq!(reason, DropReason::TooOld),
                }
            }
        }
        let stats = receiver.stats();
        assert_eq!(
            stats.unauthentic + stats.replayed + stats.malformed,
            0,
            "{stats:?}"
        );
        assert!(stats.accepted > 2800, "{stats:?}");
    }
}

#[test]
fn forged_streams_are_not_remembered_and_authentic_ones_are_bounded() {
    let config = Config {
        max_streams: 10,
        ..Config::default()
    };
    let (mut sender, _) = pair(Profile::AeadAes128Gcm);
    let (_, mut receiver) = pair_over(&*rust_crypto::provider(), Profile::AeadAes128Gcm, &config);
    let first = protected(&mut sender, &rtp(1, 0, b"first"));
    receive(&mut receiver, &first).unwrap();
    for ssrc in 1..10_000 {
        let forged = [&rtp(1, ssrc, b"forged")[..], &[0; 16]].concat();
        assert_eq!(
            receive(&mut receiver, &forged),
            Err(DropReason::Unauthentic)
        );
    }
    assert_eq!(
        receive(&mut receiver, &first),
        Err(DropReason::Replayed),
        "still known"
    );
    for ssrc in 1..100 {
        let packet = protected(&mut sender, &rtp(1, ssrc, b"media"));
        receive(&mut receiver, &packet).unwrap();
        let mine = protected(&mut sender, &rtp(ssrc as u16 + 1, 0, b"media"));
        receive(&mut receiver, &mine).unwrap();
    }
    assert_eq!(
        receive(&mut receiver, &first),
        Err(DropReason::Replayed),
        "the busy one stays"
    );
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn every_provider_writes_the_same_bytes() {
    for profile in ALL_OF_THEM {
        let [(mut one, _), (mut other, _)] = [
            rust_crypto::provider(),
            tidewire_crypto::aws_lc_rs::provider(),
        ]
        .map(|crypto| pair_over(&*crypto, profile, &Config::default()));
        let packet = rtp(9, 9, &[7; 333]);
        assert_eq!(protected(&mut one, &packet), protected(&mut other, &packet));
        let [mut first, mut second] = [rtcp(1, &[8; 40]), rtcp(1, &[8; 40])];
        one.protect_rtcp(&mut first, 0).unwrap();
        other.protect_rtcp(&mut second, 0).unwrap();
        assert_eq!(first, second);
    }
}

#[test]
fn what_encrypts_nothing_is_never_negotiated_unasked() {
    for (profile, id) in [(Profile::NullSha1_80, 5), (Profile::NullSha1_32, 6)] {
        assert_eq!(profile.id(), id);
        assert_eq!(Profile::from_id(id), None);
        assert!(!Profile::ALL.contains(&profile));
        let (mut sender, _) = pair(profile);
        let packet = protected(&mut sender, &rtp(1, 1, b"media"));
        assert_eq!(packet[..17], rtp(1, 1, b"media"));
        let mut report = rtcp(1, b"report..");
        sender.protect_rtcp(&mut report, 0).unwrap();
        assert_eq!(report[..16], rtcp(1, b"report.."));
        // The E flag is clear (RFC 3711 section 3.4).
        assert_eq!(report[16..20], [0; 4]);
    }
}

fn profile() -> impl Strategy<Value = Profile> {
    prop::sample::select(ALL_OF_THEM.to_vec())
}

proptest! {
    #[test]
    fn what_was_protected_comes_out_and_nothing_else_does(
        profile in profile(),
        sources in 0_u8..16,
        extension in prop::option::of(0_u8..9),
        sequence: u16,
        ssrc: u32,
        payload in prop::collection::vec(any::<u8>(), 0..200),
        flip: prop::sample::Index,
    ) {
        let (mut sender, mut receiver) = pair(profile);
        let mut packet = rtp(sequence, ssrc, &vec![3; 4 * usize::from(sources)]);
        packet[0] |= sources;
        if let Some(words) = extension {
            packet[0] |= 0x10;
            packet.extend_from_slice(&[0xBE, 0xDE, 0, words]);
            packet.resize(packet.len() + 4 * usize::from(words), 1);
        }
        packet.extend_from_slice(&payload);
        let good = protected(&mut sender, &packet);
        for len in 0..good.len() {
            prop_assert!(receive(&mut receiver, &good[..len]).is_err());
        }
        let mut bad = good.clone();
        bad[flip.index(good.len())] ^= 1;
        prop_assert!(receive(&mut receiver, &bad).is_err());
        prop_assert_eq!(receive(&mut receiver, &good), Ok(packet));
        prop_assert_eq!(receiver.stats().accepted, 1);
    }

    #[test]
    fn reports_come_out_and_nothing_else_does(
        profile in profile(),
        ssrc: u32,
        payload in prop::collection::vec(any::<u8>(), 0..200),
        flip: prop::sample::Index,
    ) {
        let (mut sender, mut receiver) = pair(profile);
        let packet = rtcp(ssrc, &payload);
        let mut good = packet.clone();
        sender.protect_rtcp(&mut good, 0).unwrap();
        prop_assert_eq!(good.len(), packet.len() + profile.rtcp_overhead());
        for len in 0..good.len() {
            prop_assert!(receiver.unprotect_rtcp(&mut BytesMut::from(&good[..len])).is_err());
        }
        let mut bad = BytesMut::from(&good[..]);
        bad[flip.index(good.len())] ^= 1;
        prop_assert!(receiver.unprotect_rtcp(&mut bad).is_err());
        let mut good = BytesMut::from(&good[..]);
        prop_assert_eq!(receiver.unprotect_rtcp(&mut good), Ok(()));
        prop_assert_eq!(&good[..], &packet[..]);
    }

    #[test]
    fn arbitrary_bytes_are_dropped(
        profile in profile(),
        data in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let (mut sender, mut receiver) = pair(profile);
        prop_assert!(receive(&mut receiver, &data).is_err());
        prop_assert!(receiver.unprotect_rtcp(&mut BytesMut::from(&data[..])).is_err());
        let mut packet = data.clone();
        if sender.protect_rtp(&mut packet, 0).is_err() {
            prop_assert_eq!(packet, data);
        }
    }
}
