//! Connections that cannot be made, or break: each ends in a typed reason, and none in a channel that
//! should not be.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER, Peer, connected, incoming, with_channel};
use tidewire::datachannel::SendError;
use tidewire::dtls::CloseReason;
use tidewire::{
    ChannelId, Configuration, Event, IceConnectionState, PeerConnectionState, SessionDescription,
};
use tidewire_netsim::LinkConfig;

const SECOND: Duration = Duration::from_secs(1);

/// Offer and answer, where the peers get to see what the edits make of them.
fn negotiate_with(
    net: &mut Net,
    edit_offer: impl Fn(&str) -> String,
    edit_answer: impl Fn(&str) -> String,
) {
    let now = net.now;
    let offerer = &mut net.peers[OFFERER].connection;
    let offer = offerer.create_offer().unwrap();
    offerer.set_local_description(now, &offer).unwrap();
    let offer = offerer.local_description().unwrap().sdp;
    let offer = SessionDescription::offer(edit_offer(&offer));
    let answerer = &mut net.peers[ANSWERER].connection;
    answerer.set_remote_description(now, &offer).unwrap();
    let answer = answerer.create_answer().unwrap();
    answerer.set_local_description(now, &answer).unwrap();
    let answer = answerer.local_description().unwrap().sdp;
    let answer = SessionDescription::answer(edit_answer(&answer));
    let offerer = &mut net.peers[OFFERER].connection;
    offerer.set_remote_description(now, &answer).unwrap();
}

/// Changes each line that starts with `prefix`.
fn edit_lines(sdp: &str, prefix: &str, edit: impl Fn(&str) -> String) -> String {
    let lines = sdp.lines().map(|line| match line.strip_prefix(prefix) {
        Some(rest) => format!("{prefix}{}\r\n", edit(rest)),
        None => format!("{line}\r\n"),
    });
    lines.collect()
}

fn states(peer: &Peer) -> Vec<PeerConnectionState> {
    let states = peer.events.iter().filter_map(|event| match event {
        Event::ConnectionStateChange(state) => Some(*state),
        _ => None,
    });
    states.collect()
}

fn failures(peer: &Peer) -> Vec<CloseReason> {
    let failures = peer.events.iter().filter_map(|event| match event {
        Event::DtlsFailed(reason) => Some(*reason),
        _ => None,
    });
    failures.collect()
}

fn other_fingerprint(sdp: &str) -> String {
    edit_lines(sdp, "a=fingerprint:sha-256 ", |value| {
        let (first, rest) = value.split_at(2);
        let changed = if first == "00" { "01" } else { "00" };
        format!("{changed}{rest}")
    })
}

fn other_password(sdp: &str) -> String {
    edit_lines(sdp, "a=ice-pwd:", |_| "x".repeat(24))
}

/// Both ends know that it failed, and neither has a channel.
fn assert_failed(net: &mut Net, channel: ChannelId) {
    assert_failed_but_for(None, net, channel);
}

/// A client of DTLS 1.3 is connected before the server has seen its certificate: `refused` is one whose
/// certificate is not accepted.
fn assert_failed_but_for(refused: Option<usize>, net: &mut Net, channel: ChannelId) {
    for (index, peer) in net.peers.iter().enumerate() {
        let states = states(peer);
        assert_eq!(states.last(), Some(&PeerConnectionState::Failed));
        let was_connected = states.contains(&PeerConnectionState::Connected);
        assert!(!was_connected || refused == Some(index));
        assert!(!peer.has(&Event::DataChannelOpen(channel)));
        assert!(peer.connection.stats().dtls.is_none());
    }
    assert!(incoming(net).is_none());
    let now = net.now;
    let sent = net.peers[OFFERER].connection.send(now, channel, "secret");
    assert_eq!(sent, Err(SendError::NotOpen));
}

#[test]
fn a_wrong_fingerprint_in_the_answer_never_yields_a_usable_channel() {
    let (mut net, channel) = with_channel(&LinkConfig::default());
    negotiate_with(&mut net, str::to_owned, other_fingerprint);
    net.run_for(60 * SECOND);
    let reason = failures(&net.peers[OFFERER]);
    assert_eq!(reason, [CloseReason::FingerprintMismatch]);
    assert_failed_but_for(Some(ANSWERER), &mut net, channel);
}

#[test]
fn a_wrong_fingerprint_in_the_offer_never_yields_a_usable_channel() {
    let (mut net, channel) = with_channel(&LinkConfig::default());
    negotiate_with(&mut net, other_fingerprint, str::to_owned);
    net.run_for(60 * SECOND);
    let reason = failures(&net.peers[ANSWERER]);
    assert_eq!(reason, [CloseReason::FingerprintMismatch]);
    assert_failed(&mut net, channel);
}

#[test]
fn a_wrong_ice_password_in_the_answer_never_connects() {
    let (mut net, channel) = with_channel(&LinkConfig::default());
    negotiate_with(&mut net, str::to_owned, other_password);
    net.run_for(120 * SECOND);
    assert_failed(&mut net, channel);
}

#[test]
fn a_wrong_ice_password_in_the_offer_never_connects() {
    let (mut net, channel) = with_channel(&LinkConfig::default());
    negotiate_with(&mut net, other_password, str::to_owned);
    net.run_for(120 * SECOND);
    assert_failed(&mut net, channel);
}

#[test]
fn a_handshake_that_nobody_answers_ends_in_time_and_says_so() {
    let (mut net, _) = with_channel(&LinkConfig::default());
    // What the answerer says in DTLS, as client, does not arrive; ICE goes on.
    net.tamper = Some(|from, packet| {
        if from == ANSWERER && packet.first().is_some_and(|first| (20..64).contains(first)) {
            packet.clear();
        }
    });
    net.negotiate();
    net.run_for(40 * SECOND);
    for peer in &net.peers {
        assert_eq!(failures(peer), [CloseReason::TimedOut]);
        assert_eq!(states(peer).last(), Some(&PeerConnectionState::Failed));
    }
}

#[test]
fn a_peer_that_stops_answering_is_noticed() {
    let (mut net, [channel, _]) = connected(&LinkConfig::default());
    net.tamper = Some(|from, packet| {
        if from == ANSWERER {
            packet.clear();
        }
    });
    let now = net.now;
    net.peers[OFFERER]
        .connection
        .send(now, channel, "anybody there?")
        .unwrap();
    net.run_for(15 * SECOND);
    assert_eq!(
        states(&net.peers[OFFERER]).last(),
        Some(&PeerConnectionState::Disconnected)
    );
    net.run_for(50 * SECOND);
    assert_eq!(
        states(&net.peers[OFFERER]).last(),
        Some(&PeerConnectionState::Failed)
    );
    let failed = Event::IceConnectionStateChange(IceConnectionState::Failed);
    assert!(net.peers[OFFERER].has(&failed));
}

#[test]
fn another_certificate_in_the_answer_starts_a_new_association() {
    let (mut net, [ours, _]) = connected(&LinkConfig::default());
    // The page was loaded again: another peer answers, at the same address.
    let address = net.peers[ANSWERER].address.to_string();
    net.peers[ANSWERER] = Peer::new(Configuration::default(), 99, &address, net.now);
    net.peers[OFFERER].connection.restart_ice();
    net.negotiate();
    let now = net.now;
    let offerer = &mut net.peers[OFFERER].connection;
    let next = offerer
        .create_data_channel(now, "next", Default::default())
        .unwrap();
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(next));
    assert!(
        net.run_until(10 * SECOND, open),
        "{:?}",
        net.peers[OFFERER].events
    );
    assert!(
        net.peers[OFFERER].has(&Event::DataChannelClosed(ours)),
        "a channel does not outlive its association"
    );
    let state = net.peers[OFFERER].connection.connection_state();
    assert_eq!(state, PeerConnectionState::Connected);
}

#[test]
fn names_that_nobody_resolves_are_no_obstacle() {
    let (mut net, channel) = with_channel(&LinkConfig::default());
    negotiate_with(&mut net, str::to_owned, |answer| {
        answer.replace("192.0.2.2", "f5a1c9d2.local")
    });
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    assert!(
        net.run_until(5 * SECOND, open),
        "{:?}",
        net.peers[OFFERER].events
    );
    let asked = net.peers[OFFERER]
        .events
        .iter()
        .any(|event| matches!(event, Event::ResolveMdns { name } if name == "f5a1c9d2.local"));
    assert!(asked, "{:?}", net.peers[OFFERER].events);
}
