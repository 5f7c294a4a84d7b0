//! Who the peer is, and that nobody else is connected with.

use std::sync::Arc;

use tidewire_crypto::{HashAlgorithm, Rng};
use tidewire_netsim::LinkConfig;

use super::pair::{CLIENT, Pair, SERVER, config};
use crate::{AlertDescription, CloseReason, ConfigError, Connection, Event, HandshakeError, Role};

#[test]
fn a_wrong_fingerprint_never_connects_the_end_that_expects_it() {
    for checker in [CLIENT, SERVER] {
        let configs = [config(1), config(2)];
        let mut fingerprints = configs
            .each_ref()
            .map(|config| config.certificate.fingerprint(HashAlgorithm::Sha256));
        fingerprints[1 - checker] = config(3).certificate.fingerprint(HashAlgorithm::Sha256);
        let mut pair = Pair::expecting(1, &LinkConfig::default(), configs, fingerprints);
        pair.settle();
        let mismatch = Event::Closed(CloseReason::FingerprintMismatch);
        assert_eq!(pair.events[checker], [mismatch]);
        let told = pair.ends[1 - checker].close_reason();
        let alert = AlertDescription::BAD_CERTIFICATE;
        assert_eq!(told, Some(CloseReason::PeerAlert(alert)));
    }
}

#[test]
fn every_accepted_hash_identifies_the_peer() {
    let hashes = [
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
    ];
    for hash in hashes {
        let configs = [config(1), config(2)];
        let fingerprints = configs
            .each_ref()
            .map(|config| config.certificate.fingerprint(hash));
        let mut pair = Pair::expecting(1, &LinkConfig::default(), configs, fingerprints);
        pair.settle();
        pair.assert_agreed();
        let info = pair.ends[CLIENT].info().unwrap();
        let shown = info.peer_certificate.map(|shown| shown.fingerprint);
        assert_eq!(shown, Some(fingerprints[SERVER]));
    }
}

#[test]
fn only_the_strongest_signalled_hash_counts() {
    let [client, server] = [config(1), config(2)];
    let now = tidewire_netsim::start();
    let right = server.certificate.fingerprint(HashAlgorithm::Sha256);
    let wrong = config(3).certificate.fingerprint(HashAlgorithm::Sha512);
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), [client.clone(), server]);
    let expected = vec![right, wrong];
    let rng = Rng::from_u64(5);
    pair.ends[CLIENT] =
        Connection::new(Arc::new(client), Role::Client, expected, rng, now).unwrap();
    pair.settle();
    let reason = pair.ends[CLIENT].close_reason();
    assert_eq!(reason, Some(CloseReason::FingerprintMismatch));
}

#[test]
fn no_connection_is_made_without_a_fingerprint() {
    let now = tidewire_netsim::start();
    let made = Connection::new(
        Arc::new(config(1)),
        Role::Client,
        Vec::new(),
        Rng::from_u64(1),
        now,
    );
    assert_eq!(made.err(), Some(ConfigError::NoFingerprint));
}

#[test]
fn whoever_shows_a_certificate_without_its_key_is_never_connected_with() {
    for impostor in [CLIENT, SERVER] {
        let mut configs = [config(1), config(2)];
        let crypto = configs[impostor].crypto.clone();
        let stolen = configs[impostor]
            .certificate
            .stolen(&*crypto, &mut Rng::from_u64(9));
        configs[impostor].certificate = Arc::new(stolen);
        let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs);
        pair.settle();
        let reason = CloseReason::Handshake(HandshakeError::BadSignature);
        assert_eq!(pair.events[1 - impostor], [Event::Closed(reason)]);
        let alert = AlertDescription::DECRYPT_ERROR;
        let told = pair.ends[impostor].close_reason();
        assert_eq!(told, Some(CloseReason::PeerAlert(alert)));
    }
}
