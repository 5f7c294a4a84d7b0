//! Offer and answer through the public interface.

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER};
use tidewire::{
    Configuration, Event, IceCandidateInit, MediaCapabilities, NegotiationError, SdpType,
    SessionDescription, SignalingState, Unacceptable,
};
use tidewire_netsim::LinkConfig;

const CHROMIUM_MEDIA_OFFER: &str =
    include_str!("../testdata/chromium-156-offer-audio-video-data.sdp");
const CHROMIUM_DATA_OFFER: &str = include_str!("../testdata/chromium-156-offer-data.sdp");

fn net() -> Net {
    Net::new(1, &LinkConfig::default())
}

fn with_channel() -> (Net, tidewire::ChannelId) {
    let mut net = net();
    let now = net.now;
    let channel = net.peers[OFFERER]
        .connection
        .create_data_channel(now, "chat", Default::default())
        .expect("a channel");
    (net, channel)
}

fn connected() -> (Net, tidewire::ChannelId) {
    let (mut net, channel) = with_channel();
    net.negotiate();
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    assert!(
        net.run_until(Duration::from_secs(5), open),
        "{:?}",
        net.peers[OFFERER].events
    );
    (net, channel)
}

fn lines<'a>(sdp: &'a str, prefix: &'a str) -> Vec<&'a str> {
    sdp.lines()
        .filter(|line| line.starts_with(prefix))
        .collect()
}

#[test]
fn media_sections_are_rejected_without_codecs_and_data_is_accepted() {
    let without_media = Configuration {
        media: MediaCapabilities::none(),
        ..Configuration::default()
    };
    let both = [without_media.clone(), without_media];
    let mut net = Net::with_configurations(1, &LinkConfig::default(), both);
    let now = net.now;
    let peer = &mut net.peers[ANSWERER].connection;
    peer.set_remote_description(now, &SessionDescription::offer(CHROMIUM_MEDIA_OFFER))
        .unwrap();
    let answer = peer.create_answer().unwrap();
    peer.set_local_description(now, &answer).unwrap();
    let sdp = peer.local_description().unwrap().sdp;
    let sections = lines(&sdp, "m=");
    assert!(
        sections[0].starts_with("m=audio 0 UDP/TLS/RTP/SAVPF "),
        "{}",
        sections[0]
    );
    assert!(
        sections[1].starts_with("m=video 0 UDP/TLS/RTP/SAVPF "),
        "{}",
        sections[1]
    );
    assert_eq!(
        sections[2],
        "m=application 2000 UDP/DTLS/SCTP webrtc-datachannel"
    );
    assert_eq!(lines(&sdp, "a=group:"), ["a=group:BUNDLE 2"]);
    assert_eq!(lines(&sdp, "a=mid:"), ["a=mid:0", "a=mid:1", "a=mid:2"]);
    assert_eq!(lines(&sdp, "a=setup:"), ["a=setup:active"]);
}

#[test]
fn negotiation_is_needed_for_the_first_channel_only() {
    let (mut net, _) = with_channel();
    let now = net.now;
    let peer = &mut net.peers[OFFERER].connection;
    peer.create_data_channel(now, "second", Default::default())
        .unwrap();
    let events: Vec<_> = std::iter::from_fn(|| peer.poll_event()).collect();
    assert_eq!(events, [Event::NegotiationNeeded]);
    let (mut net, _) = connected();
    let now = net.now;
    net.peers[OFFERER].events.clear();
    net.peers[OFFERER]
        .connection
        .create_data_channel(now, "third", Default::default())
        .unwrap();
    net.run_for(Duration::from_millis(500));
    assert!(!net.peers[OFFERER].has(&Event::NegotiationNeeded));
}

#[test]
fn an_edited_local_description_is_refused() {
    let (mut net, _) = with_channel();
    let now = net.now;
    let peer = &mut net.peers[OFFERER].connection;
    let mut offer = peer.create_offer().unwrap();
    offer.sdp.push_str("a=edited\r\n");
    assert_eq!(
        peer.set_local_description(now, &offer),
        Err(NegotiationError::Modified)
    );
}

#[test]
fn an_empty_local_description_stands_for_the_fitting_one() {
    let (mut net, _) = with_channel();
    let now = net.now;
    let peer = &mut net.peers[OFFERER].connection;
    peer.set_local_description(now, &SessionDescription::offer(""))
        .unwrap();
    assert_eq!(peer.signaling_state(), SignalingState::HaveLocalOffer);
    let offer = peer.local_description().unwrap();
    let peer = &mut net.peers[ANSWERER].connection;
    peer.set_remote_description(now, &offer).unwrap();
    peer.set_local_description(now, &SessionDescription::answer(""))
        .unwrap();
    assert_eq!(peer.signaling_state(), SignalingState::Stable);
}

#[test]
fn an_answer_without_an_offer_is_refused() {
    let mut net = net();
    let now = net.now;
    let peer = &mut net.peers[OFFERER].connection;
    assert_eq!(peer.create_answer(), Err(NegotiationError::NothingToAnswer));
    let answer = SessionDescription::answer(CHROMIUM_DATA_OFFER);
    assert!(matches!(
        peer.set_remote_description(now, &answer),
        Err(NegotiationError::State(state)) if state.kind == SdpType::Answer
    ));
}

#[test]
fn a_description_that_is_refused_changes_nothing() {
    let mut net = net();
    let now = net.now;
    let peer = &mut net.peers[ANSWERER].connection;
    let without_fingerprint: String = CHROMIUM_DATA_OFFER
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("a=fingerprint"))
        .collect();
    assert_eq!(
        peer.set_remote_description(now, &SessionDescription::offer(without_fingerprint)),
        Err(Unacceptable::NoFingerprint.into())
    );
    assert_eq!(peer.signaling_state(), SignalingState::Stable);
    assert!(peer.remote_description().is_none());
}

#[test]
fn an_offer_that_meets_ours_takes_ours_back() {
    let (mut net, channel) = with_channel();
    let now = net.now;
    let polite = &mut net.peers[OFFERER].connection;
    let offer = polite.create_offer().unwrap();
    polite.set_local_description(now, &offer).unwrap();
    net.peers[ANSWERER]
        .connection
        .create_data_channel(now, "other", Default::default())
        .unwrap();
    net.negotiate_from(ANSWERER);
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    assert!(net.run_until(Duration::from_secs(5), open));
}

#[test]
fn a_rolled_back_offer_leaves_a_stable_connection() {
    let (mut net, _) = with_channel();
    let now = net.now;
    let peer = &mut net.peers[OFFERER].connection;
    let offer = peer.create_offer().unwrap();
    peer.set_local_description(now, &offer).unwrap();
    peer.set_local_description(now, &SessionDescription::rollback())
        .unwrap();
    assert_eq!(peer.signaling_state(), SignalingState::Stable);
    assert!(peer.local_description().is_none());
    net.negotiate();
    assert_eq!(
        net.peers[OFFERER].connection.signaling_state(),
        SignalingState::Stable
    );
}

#[test]
fn candidates_may_trickle_before_and_after_the_answer() {
    let (mut net, channel) = with_channel();
    let now = net.now;
    let offer = net.peers[OFFERER].connection.create_offer().unwrap();
    net.peers[OFFERER]
        .connection
        .set_local_description(now, &offer)
        .unwrap();
    net.peers[ANSWERER]
        .connection
        .set_remote_description(now, &offer)
        .unwrap();
    carry_candidates(&mut net, OFFERER);
    let answer = net.peers[ANSWERER].connection.create_answer().unwrap();
    net.peers[ANSWERER]
        .connection
        .set_local_description(now, &answer)
        .unwrap();
    net.peers[OFFERER]
        .connection
        .set_remote_description(now, &answer)
        .unwrap();
    carry_candidates(&mut net, ANSWERER);
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    assert!(net.run_until(Duration::from_secs(5), open));
}

fn carry_candidates(net: &mut Net, from: usize) {
    let now = net.now;
    let mut carried = 0;
    while let Some(event) = net.peers[from].connection.poll_event() {
        if let Event::IceCandidate(candidate) = event {
            net.peers[1 - from]
                .connection
                .add_ice_candidate(now, &candidate)
                .expect("a candidate of a known section");
            carried += 1;
        }
    }
    assert_eq!(carried, 2, "one host candidate and the end of candidates");
}

#[test]
fn a_candidate_needs_a_description_it_belongs_to() {
    let (mut net, _) = with_channel();
    let now = net.now;
    let line = "candidate:1 1 udp 2122194687 192.0.2.9 9 typ host".to_owned();
    let candidate = IceCandidateInit {
        candidate: line,
        ..Default::default()
    };
    let peer = &mut net.peers[ANSWERER].connection;
    assert_eq!(
        peer.add_ice_candidate(now, &candidate),
        Err(NegotiationError::NoRemoteDescription)
    );
    peer.set_remote_description(now, &SessionDescription::offer(CHROMIUM_DATA_OFFER))
        .unwrap();
    assert_eq!(peer.add_ice_candidate(now, &candidate), Ok(()));
    let elsewhere = IceCandidateInit {
        sdp_mid: Some("9".to_owned()),
        ..candidate.clone()
    };
    assert_eq!(
        peer.add_ice_candidate(now, &elsewhere),
        Err(NegotiationError::UnknownSection)
    );
    let stale = IceCandidateInit {
        username_fragment: Some("gone".to_owned()),
        ..candidate.clone()
    };
    assert_eq!(
        peer.add_ice_candidate(now, &stale),
        Err(NegotiationError::UnknownGeneration)
    );
    let broken = IceCandidateInit {
        candidate: "candidate:?".to_owned(),
        ..candidate
    };
    assert_eq!(
        peer.add_ice_candidate(now, &broken),
        Err(NegotiationError::Candidate)
    );
}

#[test]
fn a_provisional_answer_connects_already() {
    let (mut net, channel) = with_channel();
    let now = net.now;
    let offer = net.peers[OFFERER].connection.create_offer().unwrap();
    net.peers[OFFERER]
        .connection
        .set_local_description(now, &offer)
        .unwrap();
    let offer = net.peers[OFFERER].connection.local_description().unwrap();
    let callee = &mut net.peers[ANSWERER].connection;
    callee.set_remote_description(now, &offer).unwrap();
    let answer = callee.create_answer().unwrap();
    callee.set_local_description(now, &answer).unwrap();
    let full = callee.local_description().unwrap();
    let provisional = SessionDescription {
        kind: SdpType::Pranswer,
        sdp: full.sdp.clone(),
    };
    let caller = &mut net.peers[OFFERER].connection;
    caller.set_remote_description(now, &provisional).unwrap();
    assert_eq!(caller.signaling_state(), SignalingState::HaveRemotePranswer);
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    assert!(net.run_until(Duration::from_secs(5), open));
    let now = net.now;
    let caller = &mut net.peers[OFFERER].connection;
    caller.set_remote_description(now, &full).unwrap();
    assert_eq!(caller.signaling_state(), SignalingState::Stable);
}

#[test]
fn an_ice_restart_changes_the_credentials_and_keeps_the_channel() {
    let (mut net, channel) = connected();
    let before = net.peers[OFFERER]
        .connection
        .local_description()
        .unwrap()
        .sdp;
    net.peers[OFFERER].events.clear();
    net.peers[OFFERER].connection.restart_ice();
    net.negotiate();
    let after = net.peers[OFFERER]
        .connection
        .local_description()
        .unwrap()
        .sdp;
    assert_ne!(lines(&before, "a=ice-ufrag"), lines(&after, "a=ice-ufrag"));
    assert_eq!(
        lines(&before, "a=fingerprint"),
        lines(&after, "a=fingerprint")
    );
    assert_eq!(lines(&before, "a=tls-id"), lines(&after, "a=tls-id"));
    net.run_for(Duration::from_secs(60));
    let now = net.now;
    net.peers[OFFERER]
        .connection
        .send(now, channel, "still here")
        .unwrap();
    net.peers[ANSWERER].events.clear();
    let received = net.run_until(Duration::from_secs(1), |net| {
        net.peers[ANSWERER]
            .events
            .iter()
            .any(|event| matches!(event, Event::DataChannelReadable(_)))
    });
    assert!(received, "{:?}", net.peers[OFFERER].events);
}

#[test]
fn either_side_may_restart_ice() {
    let (mut net, channel) = connected();
    net.peers[ANSWERER].connection.restart_ice();
    net.negotiate_from(ANSWERER);
    net.run_for(Duration::from_secs(40));
    let now = net.now;
    assert!(
        net.peers[OFFERER]
            .connection
            .send(now, channel, "still here")
            .is_ok()
    );
    net.run_for(Duration::from_secs(1));
    assert_eq!(net.peers[OFFERER].connection.buffered_amount(channel), 0);
}

#[test]
fn everything_after_close_is_refused() {
    let (mut net, channel) = connected();
    let now = net.now;
    let peer = &mut net.peers[OFFERER].connection;
    peer.close(now);
    assert_eq!(peer.create_offer(), Err(NegotiationError::Closed));
    assert_eq!(
        peer.set_remote_description(now, &SessionDescription::offer(CHROMIUM_DATA_OFFER)),
        Err(NegotiationError::Closed)
    );
    assert!(peer.send(now, channel, "late").is_err());
    net.run_for(Duration::from_secs(1));
    assert!(net.peers[OFFERER].connection.is_drained());
    assert!(
        net.peers[ANSWERER].has(&Event::DtlsClosed),
        "{:?}",
        net.peers[ANSWERER].events
    );
}

#[test]
fn offers_may_follow_each_other_without_a_change() {
    let (mut net, channel) = connected();
    net.negotiate();
    net.negotiate_from(ANSWERER);
    net.negotiate();
    let now = net.now;
    assert!(
        net.peers[OFFERER]
            .connection
            .send(now, channel, "same")
            .is_ok()
    );
}
