//! What DTLS 1.3 adds: shares, retries, acknowledgements, new keys.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use tidewire_crypto::{KeyKind, Rng, rust_crypto};
use tidewire_netsim::LinkConfig;

use super::pair::{CLIENT, Pair, SERVER, config, config_1_3};
use crate::{
    AddressValidation, Certificate, CipherSuite, CloseReason, Config, HandshakeError, KeyLog,
    NamedGroup, ProtocolVersion, SealError, SrtpProfile, ValidityOptions,
};

const GROUPS: [NamedGroup; 4] = [
    NamedGroup::X25519MLKEM768,
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
];
const SUITES: [CipherSuite; 6] = [
    CipherSuite::AES_128_GCM_SHA256,
    CipherSuite::AES_256_GCM_SHA384,
    CipherSuite::CHACHA20_POLY1305_SHA256,
    CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256,
    CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384,
    CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256,
];

fn configs(change: impl Fn(usize, &mut Config)) -> [Config; 2] {
    let mut configs = [config_1_3(1), config_1_3(2)];
    for (end, config) in configs.iter_mut().enumerate() {
        change(end, config);
    }
    configs
}

/// Two ends with these settings, once nothing more happens.
fn settled(change: impl Fn(usize, &mut Config)) -> Pair {
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs(change));
    pair.settle();
    pair
}

fn reasons(pair: &Pair) -> [Option<CloseReason>; 2] {
    pair.ends.each_ref().map(crate::Connection::close_reason)
}

#[test]
fn by_default_it_is_1_3_with_a_hybrid_group_and_one_round_trip() {
    let mut pair = settled(|_, _| ());
    pair.assert_agreed();
    for end in &pair.ends {
        let info = end.info().unwrap();
        assert_eq!(info.version, ProtocolVersion::DTLS_1_3);
        assert_eq!(info.cipher_suite, CipherSuite::AES_128_GCM_SHA256);
        assert_eq!(info.group, NamedGroup::X25519MLKEM768);
        assert_eq!(end.stats().flights_retransmitted, 0);
    }
    assert_eq!(pair.ends[SERVER].stats().acks_sent, 1);
    assert_eq!(pair.ends[CLIENT].stats().acks_received, 1);
    // Nothing is left to be done.
    assert!(pair.ends.iter().all(|end| end.poll_timeout().is_none()));
}

#[test]
fn every_suite_and_every_group_agrees_in_both_versions() {
    for suite in SUITES {
        for group in GROUPS {
            let is_1_2 = suite.0 > 0x1303;
            if is_1_2 && group == NamedGroup::X25519MLKEM768 {
                continue;
            }
            let mut pair = settled(|_, config| {
                config.cipher_suites = vec![suite];
                config.groups = vec![group];
                config.srtp_profiles = vec![SrtpProfile::AEAD_AES_256_GCM];
            });
            pair.assert_agreed();
            let info = pair.ends[CLIENT].info().unwrap();
            assert_eq!((info.cipher_suite, info.group), (suite, group));
            assert_eq!(info.version == ProtocolVersion::DTLS_1_2, is_1_2);
            assert_eq!(info.srtp_profile, Some(SrtpProfile::AEAD_AES_256_GCM));
            assert_eq!(info.alpn_protocol.as_deref(), Some(&b"webrtc"[..]));
        }
    }
}

#[test]
fn every_kind_of_key_identifies_either_side_in_both_versions() {
    let crypto = rust_crypto::provider();
    let certificates = [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::Ed25519].map(|kind| {
        let validity = ValidityOptions {
            not_before: 0,
            not_after: 2_000_000_000,
        };
        let rng = &mut Rng::from_u64(5);
        Arc::new(Certificate::generate_of_kind(&*crypto, kind, rng, validity).unwrap())
    });
    for client in &certificates {
        for server in &certificates {
            for version in [ProtocolVersion::DTLS_1_2, ProtocolVersion::DTLS_1_3] {
                let mut pair = settled(|end, config| {
                    config.versions = vec![version];
                    config.certificate = [client, server][end].clone();
                });
                pair.assert_agreed();
                assert_eq!(pair.ends[CLIENT].info().unwrap().version, version);
            }
        }
    }
}

#[test]
fn each_side_may_speak_one_version_only() {
    let versions = [ProtocolVersion::DTLS_1_2, ProtocolVersion::DTLS_1_3];
    for one in [CLIENT, SERVER] {
        for version in versions {
            let mut pair = settled(|end, config| {
                if end == one {
                    config.versions = vec![version];
                }
            });
            pair.assert_agreed();
            assert_eq!(pair.ends[CLIENT].info().unwrap().version, version);
        }
        let pair = settled(|end, config| {
            config.versions = vec![versions[usize::from(end == one)]];
        });
        let refused = Some(CloseReason::Handshake(HandshakeError::Version));
        assert!(reasons(&pair).contains(&refused), "{:?}", reasons(&pair));
    }
}

#[test]
fn a_server_asks_for_a_group_that_it_knows() {
    for group in GROUPS {
        let mut pair = settled(|end, config| match end {
            SERVER => config.groups = vec![group],
            _ => config.groups.rotate_left(1),
        });
        pair.assert_agreed();
        assert_eq!(pair.ends[SERVER].info().unwrap().group, group);
    }
    let pair = settled(|end, config| config.groups = vec![GROUPS[1 + end]]);
    let refused = Some(CloseReason::Handshake(HandshakeError::Group));
    assert_eq!(reasons(&pair)[SERVER], refused);
}

#[test]
fn a_share_that_is_there_is_taken_before_one_that_costs_a_round_trip() {
    let mut pair = settled(|end, config| {
        if end == CLIENT {
            config.groups = vec![NamedGroup::SECP384R1, NamedGroup::X25519];
        }
    });
    pair.assert_agreed();
    assert_eq!(
        pair.ends[SERVER].info().unwrap().group,
        NamedGroup::SECP384R1
    );
}

#[test]
fn cookies_prove_an_address_in_both_versions_and_with_another_group() {
    for version in [ProtocolVersion::DTLS_1_2, ProtocolVersion::DTLS_1_3] {
        for group in [NamedGroup::X25519, NamedGroup::SECP384R1] {
            let mut pair = settled(|end, config| {
                config.versions = vec![version];
                if end == SERVER {
                    config.groups = vec![group];
                    config.address_validation = AddressValidation::Cookie;
                }
            });
            pair.assert_agreed();
            let (from, hello) = &pair.sent[0];
            assert_eq!(*from, CLIENT);
            let answers = pair.sent.iter().filter(|(from, _)| *from == SERVER);
            let asked = answers.map(|(_, datagram)| datagram.len()).next().unwrap();
            assert!(asked <= hello.len(), "no more goes out than came");
        }
    }
}

#[test]
fn a_wrong_cookie_ends_the_handshake() {
    let change = |end, config: &mut Config| {
        config.versions = vec![ProtocolVersion::DTLS_1_2];
        if end == SERVER {
            config.address_validation = AddressValidation::Cookie;
        }
    };
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs(change)).tampered(
        |_, from, mut datagram| {
            // The last byte of HelloVerifyRequest is one of the cookie.
            if from == SERVER && datagram[13] == 3 {
                *datagram.last_mut().unwrap() ^= 1;
            }
            vec![datagram]
        },
    );
    pair.settle();
    let error = HandshakeError::IllegalParameter("cookie");
    assert_eq!(reasons(&pair)[SERVER], Some(CloseReason::Handshake(error)));
}

#[test]
fn a_server_sends_little_to_an_address_that_nothing_has_proven() {
    for version in [ProtocolVersion::DTLS_1_2, ProtocolVersion::DTLS_1_3] {
        let change = |end, config: &mut Config| {
            config.versions = vec![version];
            config.groups = vec![NamedGroup::X25519];
            if end == SERVER {
                config.address_validation = AddressValidation::Amplification;
            }
        };
        let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs(change));
        let mut budget = 0;
        let mut seen = 0;
        let connected = pair.run_until(Duration::from_secs(60), |pair| {
            while seen < pair.sent.len() && pair.ends[SERVER].info().is_none() {
                let (from, datagram) = &pair.sent[seen];
                if *from == CLIENT {
                    budget += 3 * datagram.len();
                } else {
                    assert!(datagram.len() <= budget, "{seen}");
                    budget -= datagram.len();
                }
                seen += 1;
            }
            pair.ends.iter().all(|end| end.info().is_some())
        });
        assert!(connected);
        pair.assert_agreed();
    }
}

/// RFC 8446 section 4.1.3.
#[test]
fn a_downgrade_is_noticed() {
    // The list of versions in the client's hello is made one of DTLS 1.2 alone.
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs(|_, _| ())).tampered(
        |_, from, mut datagram| {
            let versions = [0, 43, 0, 5, 4, 0xfe, 0xfc, 0xfe, 0xfd];
            let at = datagram.windows(9).position(|window| window == versions);
            if let Some(at) = at.filter(|_| from == CLIENT) {
                datagram[at + 5..at + 7].copy_from_slice(&[0xfe, 0xfd]);
            }
            vec![datagram]
        },
    );
    pair.settle();
    let downgrade = Some(CloseReason::Handshake(HandshakeError::Downgrade));
    assert_eq!(reasons(&pair)[CLIENT], downgrade);
}

#[test]
fn keys_change_on_either_side_as_often_as_wanted() {
    let mut pair = settled(|_, _| ());
    for round in 1..=20 {
        for end in [CLIENT, SERVER] {
            // Under the old keys, to arrive under the new ones.
            let late = pair.seal(end, b"late");
            assert!(pair.ends[end].update_keys(round % 2 == 0));
            pair.run_until(Duration::from_secs(1), |_| false);
            pair.assert_agreed();
            let other = &mut pair.ends[1 - end];
            other.handle_datagram(pair.now, BytesMut::from(&late[..]));
            assert_eq!(other.poll_data().as_deref(), Some(&b"late"[..]));
        }
    }
    let [client, server] = pair.ends.each_ref().map(crate::Connection::stats);
    assert_eq!(client.key_updates_sent, 30);
    assert_eq!(server.key_updates_received, client.key_updates_sent);
    assert_eq!(client.key_updates_received, server.key_updates_sent);
    assert!(pair.ends.iter().all(|end| end.poll_timeout().is_none()));
}

#[test]
fn a_lost_key_update_is_repeated_and_data_goes_on_under_the_old_keys() {
    let mut lose = true;
    let pair = Pair::of_1_3(1, &LinkConfig::default());
    let lost = Arc::new(Mutex::new(false));
    let losing = Arc::clone(&lost);
    let mut pair = pair.tampered(move |_, _, datagram| {
        if *losing.lock().unwrap() && std::mem::take(&mut lose) {
            return Vec::new();
        }
        vec![datagram]
    });
    pair.settle();
    *lost.lock().unwrap() = true;
    assert!(pair.ends[CLIENT].update_keys(false));
    assert_eq!(
        pair.carry(CLIENT, b"before").as_deref(),
        Some(&b"before"[..])
    );
    pair.run_until(Duration::from_secs(5), |_| false);
    assert_eq!(pair.ends[CLIENT].stats().key_updates_sent, 1);
    assert_eq!(pair.ends[CLIENT].stats().flights_retransmitted, 1);
    pair.assert_agreed();
}

#[test]
fn there_are_no_new_keys_in_1_2_nor_before_and_after_a_connection() {
    let mut pair = Pair::of_1_3(1, &LinkConfig::default());
    assert!(!pair.ends[CLIENT].update_keys(true));
    pair.settle();
    let now = pair.now;
    pair.ends[CLIENT].close(now);
    assert!(!pair.ends[CLIENT].update_keys(true));
    let mut pair = Pair::new(1, &LinkConfig::default());
    pair.settle();
    assert!(!pair.ends[CLIENT].update_keys(true));
}

#[test]
fn records_are_no_longer_than_the_peer_wants_them() {
    for version in [ProtocolVersion::DTLS_1_2, ProtocolVersion::DTLS_1_3] {
        for limited in [CLIENT, SERVER] {
            let mut pair = settled(|end, config| {
                config.versions = vec![version];
                // Who answers has to be asked first.
                config.record_size_limit = Some(if end == limited { 64 } else { 16_384 });
            });
            pair.assert_agreed();
            let content = match version {
                ProtocolVersion::DTLS_1_2 => 64,
                _ => 63,
            };
            let other = &mut pair.ends[1 - limited];
            assert_eq!(other.max_data_len(), content);
            let mut record = vec![0; other.record_overhead().header + content + 1];
            assert_eq!(other.seal(0, &mut record), Err(SealError::TooLong));
            let data = vec![7; content];
            assert_eq!(pair.carry(1 - limited, &data).as_deref(), Some(&data[..]));
        }
    }
}

#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl KeyLog for Log {
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]) {
        let line = crate::key_log_line(label, client_random, secret);
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn both_sides_log_the_same_keys() {
    for (version, count) in [
        (ProtocolVersion::DTLS_1_2, 1),
        (ProtocolVersion::DTLS_1_3, 5),
    ] {
        let logs = [Arc::new(Log::default()), Arc::new(Log::default())];
        let pair = settled(|end, config| {
            config.versions = vec![version];
            config.key_log = Some(logs[end].clone());
        });
        assert!(pair.ends[SERVER].info().is_some());
        let [client, server] = logs.map(|log| log.0.lock().unwrap().clone());
        assert_eq!(client, server);
        assert_eq!(client.len(), count);
        assert!(client.iter().all(|line| line.split(' ').count() == 3));
    }
}

/// When each side may send data, in halves of a round trip.
#[test]
fn data_may_flow_after_as_few_round_trips_as_the_version_allows() {
    for (version, client, server) in [
        (ProtocolVersion::DTLS_1_3, 2, 3),
        (ProtocolVersion::DTLS_1_2, 4, 3),
    ] {
        for delay in [Duration::ZERO, Duration::from_millis(150)] {
            let link = LinkConfig {
                delay,
                ..LinkConfig::default()
            };
            let mut pair = Pair::with_configs(
                1,
                &link,
                configs(|_, config| config.versions = vec![version]),
            );
            let start = pair.now;
            let mut connected = [None; 2];
            pair.run_until(Duration::from_secs(10), |pair| {
                for (end, connected) in pair.ends.iter().zip(&mut connected) {
                    if end.info().is_some() {
                        connected.get_or_insert(pair.now - start);
                    }
                }
                connected.iter().all(Option::is_some)
            });
            assert_eq!(connected[CLIENT], Some(delay * client), "{version:?}");
            assert_eq!(connected[SERVER], Some(delay * server), "{version:?}");
        }
    }
}

#[test]
fn what_is_acknowledged_does_not_go_out_again() {
    // One datagram of the server's flight is lost.
    let mut count = 0;
    let mut configs = configs(|_, config| {
        config.mtu = 300;
        // With a ServerHello in one record, so that the client has keys to acknowledge the rest with.
        config.groups = vec![NamedGroup::X25519];
    });
    configs[CLIENT].initial_timeout = Duration::from_millis(800);
    configs[SERVER].initial_timeout = Duration::from_millis(800);
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs).tampered(
        move |_, from, datagram| {
            count += usize::from(from == SERVER);
            if from == SERVER && count == 3 {
                return Vec::new();
            }
            vec![datagram]
        },
    );
    pair.settle();
    pair.assert_agreed();
    let [client, server] = pair.ends.each_ref().map(crate::Connection::stats);
    assert_eq!(client.acks_sent, 1);
    // As many records as were in the datagram.
    assert!((1..=2).contains(&server.records_retransmitted));
}

#[test]
fn a_client_that_is_never_acknowledged_stays_connected_and_comes_to_rest() {
    let mut pair = Pair::of_1_3(1, &LinkConfig::default());
    let connected = pair.run_until(Duration::from_secs(1), |pair| {
        pair.ends[CLIENT].info().is_some()
    });
    assert!(connected);
    // The server is gone.
    let now = pair.now;
    while let Some(due) = pair.ends[CLIENT].poll_timeout() {
        pair.ends[CLIENT].handle_timeout(due);
        let mut out = Vec::new();
        while pair.ends[CLIENT].poll_transmit(due, &mut out) {}
        assert!(due < now + Duration::from_secs(60));
    }
    assert!(pair.ends[CLIENT].info().is_some());
}

#[test]
fn a_1_2_peer_gets_1_2_of_an_end_that_speaks_both() {
    for one in [CLIENT, SERVER] {
        let mut configs = [config_1_3(1), config_1_3(2)];
        configs[one] = config(one as u64 + 1);
        let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs);
        pair.settle();
        pair.assert_agreed();
        let version = pair.ends[one].info().unwrap().version;
        assert_eq!(version, ProtocolVersion::DTLS_1_2);
    }
}
