//! Sides that do not know each other.

use tidewire_netsim::LinkConfig;

use super::pair::{CLIENT, Pair, SERVER, config_1_3};
use crate::{
    ClientCertificate, CloseReason, Config, HandshakeError, ProtocolVersion, Verification,
};

const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::DTLS_1_2, ProtocolVersion::DTLS_1_3];

fn settled(version: ProtocolVersion, change: impl Fn(usize, &mut Config)) -> Pair {
    let mut configs = [config_1_3(1), config_1_3(2)];
    for (end, config) in configs.iter_mut().enumerate() {
        config.versions = vec![version];
        change(end, config);
    }
    // Fingerprints of others: nobody may look at them.
    let others = configs.clone().map(|config| {
        let algorithm = tidewire_crypto::HashAlgorithm::Sha256;
        config.certificate.fingerprint(algorithm)
    });
    let [client, server] = others;
    let mut pair = Pair::expecting(1, &LinkConfig::default(), configs, [server, client]);
    pair.settle();
    pair
}

#[test]
fn a_server_that_asks_for_no_certificate_gets_none() {
    use ClientCertificate::{NotRequested, Requested, Required};
    for version in VERSIONS {
        for (asks, shown) in [(NotRequested, false), (Requested, true), (Required, true)] {
            let mut pair = settled(version, |_, config| {
                config.verification = Verification::DangerouslyNone(asks);
            });
            pair.assert_agreed();
            let [at_client, at_server] = pair.ends.each_ref().map(|end| {
                let info = end.info().unwrap();
                assert_eq!(info.version, version);
                info.peer_certificate.is_some()
            });
            assert_eq!((at_client, at_server), (true, shown), "{asks:?}");
        }
    }
}

#[test]
fn a_client_that_knows_its_server_is_asked_for_its_certificate_or_goes() {
    for (version, kind) in VERSIONS.into_iter().zip([14, 11]) {
        let mut configs = [config_1_3(1), config_1_3(2)];
        for config in &mut configs {
            config.versions = vec![version];
        }
        let asks = ClientCertificate::NotRequested;
        configs[SERVER].verification = Verification::DangerouslyNone(asks);
        let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs);
        pair.settle();
        let expected = CloseReason::Handshake(HandshakeError::UnexpectedMessage(kind));
        assert_eq!(pair.ends[CLIENT].close_reason(), Some(expected));
    }
}

#[test]
fn one_side_may_know_the_other_all_the_same() {
    for version in VERSIONS {
        let pair = settled(version, |end, config| {
            if end == SERVER {
                config.verification = Verification::DangerouslyNone(ClientCertificate::Required);
            }
        });
        // The client goes by the fingerprint, which is not the server's.
        let reason = pair.ends[CLIENT].close_reason();
        assert_eq!(reason, Some(CloseReason::FingerprintMismatch));
    }
}
