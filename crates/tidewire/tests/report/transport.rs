//! What is told of the transport.

use std::net::SocketAddr;
use std::time::Duration;

use tidewire::Datagram;
use tidewire_netsim::LinkConfig;

use crate::call::{DELAY, call, find, report};
use crate::common::{ANSWERER, Net, OFFERER, with_channel};

#[test]
fn what_leaves_over_a_pair_comes_over_that_of_the_peer() {
    let net = call(0.0);
    let reports = [OFFERER, ANSWERER].map(|at| report(&net, at));
    let pairs = reports
        .each_ref()
        .map(|report| find!(report, CandidatePair, |pair| pair.nominated));
    for at in [OFFERER, ANSWERER] {
        let (pair, other) = (&pairs[at], &pairs[1 - at]);
        assert!(pair.packets_sent > 300);
        assert_eq!(pair.packets_sent, other.packets_received);
        assert_eq!(pair.bytes_sent, other.bytes_received);
        let sent = pair.last_packet_sent_timestamp.expect("packets");
        let came = other.last_packet_received_timestamp.expect("packets");
        let delay = DELAY.as_secs_f64() * 1e3;
        assert!((came - sent - delay).abs() < 0.1, "{}", came - sent);
        assert_eq!(pair.available_outgoing_bitrate, Some(5e7));
        let rtt = pair.current_round_trip_time.expect("checks");
        assert!((0.04..0.05).contains(&rtt), "{rtt}");
        let average = pair.total_round_trip_time / pair.responses_received as f64;
        assert!((0.04..0.05).contains(&average), "{average}");
        let transport = find!(reports[at], Transport, |_| true);
        assert_eq!(transport.packets_sent, pair.packets_sent);
        assert_eq!(transport.bytes_received, pair.bytes_received);
        assert_eq!(transport.selected_candidate_pair_changes, 1);
    }
}

#[test]
fn checks_are_no_packets_of_the_transport() {
    let net = call(0.0);
    let report = report(&net, OFFERER);
    let stats = net.peers[OFFERER].connection.stats();
    let transport = find!(report, Transport, |_| true);
    let ice = stats.ice;
    let checks = ice.requests_sent + ice.retransmissions_sent + ice.responses_sent;
    assert_eq!(transport.packets_sent + checks, stats.datagrams_sent);
    let checks = ice.requests_received + ice.responses_received;
    let dropped = stats.dropped.unknown_path + ice.dropped.total();
    let received = transport.packets_received + checks + dropped;
    assert_eq!(received, stats.datagrams_received);
}

#[test]
fn payloads_headers_and_what_protects_them_are_what_is_sent() {
    let mut net = call(0.0);
    let before = report(&net, OFFERER);
    let now = net.now;
    crate::call::send_frames(&mut net, OFFERER, 90);
    net.run_for(DELAY / 2);
    assert!(net.now - now <= DELAY);
    let after = report(&net, OFFERER);
    let totals = [before, after].map(|report| {
        let [audio, video] =
            ["audio", "video"].map(|kind| find!(report, OutboundRtp, |stats| stats.kind == kind));
        let transport = find!(report, Transport, |_| true);
        let sum = [audio, video].map(|stats| {
            (
                stats.packets_sent,
                stats.bytes_sent + stats.header_bytes_sent,
            )
        });
        let packets = sum[0].0 + sum[1].0;
        (packets, sum[0].1 + sum[1].1, transport)
    });
    let [(packets, bytes, transport), (later, more, then)] = totals;
    let (packets, bytes) = (later - packets, more - bytes);
    assert_eq!(packets, 4);
    // The tag of AES-GCM; besides, there may be a report.
    let sent = then.bytes_sent - transport.bytes_sent;
    let reports = then.packets_sent - transport.packets_sent - packets;
    let rest = sent - (bytes + packets * 16);
    assert!(reports <= 2 && rest <= reports * 300, "{reports} {rest}");
}

#[test]
fn certificates_are_those_that_the_other_side_has() {
    let net = call(0.0);
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    let own = find!(caller, Certificate, |stats| stats.id.ends_with("local"));
    let seen = find!(callee, Certificate, |stats| stats.id.ends_with("remote"));
    assert_eq!(own.base64_certificate, seen.base64_certificate);
    assert_eq!(own.fingerprint, seen.fingerprint);
    // A sequence of more than 255 bytes, in DER.
    assert!(own.base64_certificate.starts_with("MII"), "{own:?}");
    let other = find!(callee, Certificate, |stats| stats.id.ends_with("local"));
    assert_ne!(own.base64_certificate, other.base64_certificate);
}

#[test]
fn roles_and_names_fit_together() {
    let net = call(0.0);
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    let ours = find!(caller, Transport, |_| true);
    let theirs = find!(callee, Transport, |_| true);
    assert_eq!((ours.dtls_role, theirs.dtls_role), ("server", "client"));
    assert_eq!(ours.dtls_cipher, theirs.dtls_cipher);
    assert_eq!(
        (ours.ice_role, theirs.ice_role),
        ("controlling", "controlled")
    );
    let local = find!(caller, LocalCandidate, |_| true);
    assert_eq!(
        local.username_fragment,
        Some(ours.ice_local_username_fragment)
    );
    let remote = find!(caller, RemoteCandidate, |_| true);
    assert_eq!(
        remote.username_fragment,
        Some(theirs.ice_local_username_fragment)
    );
}

/// Carries what both sides say, the offerer's from and to another address than its own.
fn exchange_through_a_nat(net: &mut Net, outside: SocketAddr) {
    let inside = net.peers[OFFERER].address;
    let mut buf = Vec::new();
    for from in [OFFERER, ANSWERER] {
        let now = net.now;
        let sender = &mut net.peers[from].connection;
        sender.handle_timeout(now);
        let mut sent = Vec::new();
        while let Some(transmit) = sender.poll_transmit(now, 1, &mut buf) {
            let (local, remote) = (transmit.remote, transmit.local);
            match from {
                OFFERER => sent.push(Datagram::copied(local, outside, &buf)),
                _ if local == outside => sent.push(Datagram::copied(inside, remote, &buf)),
                _ => {}
            }
            buf.clear();
        }
        for datagram in sent {
            let receiver = &mut net.peers[1 - from].connection;
            receiver.handle_datagram(now, datagram);
        }
    }
}

#[test]
fn a_pair_names_the_candidate_that_the_peer_sees() {
    let (mut net, _) = with_channel(&LinkConfig::default());
    net.negotiate();
    let outside = SocketAddr::from(([198, 51, 100, 1], 7777));
    for _ in 0..200 {
        exchange_through_a_nat(&mut net, outside);
        net.now += Duration::from_millis(10);
    }
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    let pair = find!(caller, CandidatePair, |pair| pair.nominated);
    let local = find!(caller, LocalCandidate, |known| {
        known.id == pair.local_candidate_id
    });
    assert_eq!((local.candidate_type, local.port), ("prflx", 7777));
    assert!(caller.get(&pair.remote_candidate_id).is_some());
    let pair = find!(callee, CandidatePair, |pair| pair.nominated);
    let remote = find!(callee, RemoteCandidate, |known| {
        known.id == pair.remote_candidate_id
    });
    assert_eq!((remote.candidate_type, remote.port), ("prflx", 7777));
}
