//! Handshakes that succeed.

use std::time::Duration;

use tidewire_netsim::LinkConfig;

use super::pair::{CLIENT, Pair, SERVER};

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
