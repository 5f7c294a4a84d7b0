//! Handshakes that succeed.

use std::time::Duration;

use tidewire_netsim::LinkConfig;

use super::pair::{CLIENT, Pair, SERVER, config};
use crate::{CipherSuite, Info, SrtpProfile};

#[test]
fn a_client_and_a_server_connect_and_agree() {
    let mut pair = Pair::new(1, &LinkConfig::default());
    assert!(pair.connect(Duration::from_secs(1)), "{:?}", pair.events);
    let [client, server] = &pair.ends;
    assert_eq!(
        client.info().map(|info| info.cipher_suite),
        server.info().map(|info| info.cipher_suite)
    );
    let mut keys = [[0; 60]; 2];
    for (connection, key) in pair.ends.iter().zip(&mut keys) {
        connection
            .export_keying_material("EXTRACTOR-dtls_srtp", None, key)
            .unwrap();
    }
    assert_eq!(keys[CLIENT], keys[SERVER]);
    assert_ne!(keys[CLIENT], [0; 60]);
}

#[test]
fn data_flows_both_ways() {
    let mut pair = Pair::new(2, &LinkConfig::default());
    assert!(pair.connect(Duration::from_secs(1)));
    assert_eq!(
        pair.carry(CLIENT, b"to the server").as_deref(),
        Some(&b"to the server"[..])
    );
    assert_eq!(
        pair.carry(SERVER, b"to the client").as_deref(),
        Some(&b"to the client"[..])
    );
}

/// What a client and a server with these settings agree on.
fn agree(client: impl Fn(&mut crate::Config), server: impl Fn(&mut crate::Config)) -> Info {
    let mut configs = [config(1), config(2)];
    client(&mut configs[CLIENT]);
    server(&mut configs[SERVER]);
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs);
    pair.settle();
    pair.assert_agreed();
    let [client, server] = pair.ends.each_ref().map(|end| end.info().unwrap());
    assert_eq!(client.cipher_suite, server.cipher_suite);
    assert_eq!(client.group, server.group);
    assert_eq!(client.srtp_profile, server.srtp_profile);
    assert_eq!(client.alpn_protocol, server.alpn_protocol);
    client
}

#[test]
fn the_server_chooses_by_its_own_preference() {
    let profiles = [
        SrtpProfile::AES128_CM_SHA1_80,
        SrtpProfile::AEAD_AES_128_GCM,
        SrtpProfile::AEAD_AES_256_GCM,
    ];
    let info = agree(
        |client| client.srtp_profiles = profiles.to_vec(),
        |server| {
            server.srtp_profiles = profiles[1..].iter().rev().copied().collect();
            server.cipher_suites.reverse();
        },
    );
    assert_eq!(info.srtp_profile, Some(SrtpProfile::AEAD_AES_256_GCM));
    let last = CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256;
    assert_eq!(info.cipher_suite, last);
    assert_eq!(info.alpn_protocol.as_deref(), Some(&b"webrtc"[..]));
}

#[test]
fn without_a_common_profile_or_protocol_there_is_still_a_connection() {
    let info = agree(
        |client| {
            client.srtp_profiles = vec![SrtpProfile::AES128_CM_SHA1_32];
            client.alpn_protocols = vec![b"h3".to_vec()];
        },
        |server| server.srtp_profiles = vec![SrtpProfile::AEAD_AES_128_GCM],
    );
    assert_eq!(info.srtp_profile, None);
    assert_eq!(info.alpn_protocol, None);
    let info = agree(
        |client| client.alpn_protocols.clear(),
        |server| server.srtp_profiles = vec![SrtpProfile::AEAD_AES_128_GCM],
    );
    assert_eq!(info.srtp_profile, None);
    assert_eq!(info.alpn_protocol, None);
}

#[test]
fn suites_that_are_not_implemented_are_left_out() {
    let unknown = CipherSuite(0xc0ac);
    let info = agree(
        |client| client.cipher_suites.insert(0, unknown),
        |server| server.cipher_suites.insert(0, unknown),
    );
    let aes_128 = CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256;
    assert_eq!(info.cipher_suite, aes_128);
}
