//! Negotiation once more: restarts, rollbacks, glare, bundles, data that goes and comes back.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER};
use tidewire::{
    Event, IceCandidateInit, IceGatheringState, NegotiationError, SdpType, SessionDescription,
    Unacceptable,
};
use tidewire_netsim::LinkConfig;

const MEDIA: &str = include_str!("../testdata/chromium-156-offer-audio-video-data.sdp");

fn net() -> Net {
    Net::new(1, &LinkConfig::default())
}

fn connected() -> (Net, tidewire::ChannelId) {
    let mut net = net();
    let now = net.now;
    let channel = net.peers[OFFERER]
        .connection
        .create_data_channel(now, "chat", Default::default())
        .unwrap();
    net.negotiate();
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    assert!(net.run_until(Duration::from_secs(5), open));
    (net, channel)
}

fn candidates(events: &[Event], ufrag: &str) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, Event::IceCandidate(c) if !c.candidate.is_empty() && c.username_fragment.as_deref() == Some(ufrag)))
        .count()
}

fn ufrag(sdp: &str) -> String {
    sdp.lines()
        .find_map(|l| l.strip_prefix("a=ice-ufrag:"))
        .unwrap()
        .to_owned()
}

#[test]
fn gathering_completes_for_an_offer_of_media_only() {
    let mut net = net();
    let now = net.now;
    let offer = MEDIA
        .split("m=application")
        .next()
        .unwrap()
        .replace("BUNDLE 0 1 2", "BUNDLE 0 1");
    let peer = &mut net.peers[ANSWERER].connection;
    peer.set_remote_description(now, &SessionDescription::offer(offer))
        .unwrap();
    let answer = peer.create_answer().unwrap();
    peer.set_local_description(now, &answer).unwrap();
    assert_eq!(peer.ice_gathering_state(), IceGatheringState::Complete);
}

#[test]
fn a_restart_trickles_candidates_of_the_new_generation() {
    let (mut net, _) = connected();
    for peer in &mut net.peers {
        peer.events.clear();
    }
    net.peers[OFFERER].connection.restart_ice();
    net.negotiate();
    net.run_for(Duration::from_secs(2));
    let sdp = net.peers[OFFERER]
        .connection
        .local_description()
        .unwrap()
        .sdp;
    assert_eq!(candidates(&net.peers[OFFERER].events, &ufrag(&sdp)), 1);
}

#[test]
fn after_glare_the_answer_trickles_its_candidates() {
    let mut net = net();
    let now = net.now;
    for peer in &mut net.peers {
        peer.connection
            .create_data_channel(now, "x", Default::default())
            .unwrap();
    }
    let theirs = net.peers[OFFERER].connection.create_offer().unwrap();
    net.peers[OFFERER]
        .connection
        .set_local_description(now, &theirs)
        .unwrap();
    let peer = &mut net.peers[ANSWERER].connection;
    let offer = peer.create_offer().unwrap();
    peer.set_local_description(now, &offer).unwrap();
    while peer.poll_event().is_some() {}
    peer.set_remote_description(now, &theirs).unwrap();
    let answer = peer.create_answer().unwrap();
    peer.set_local_description(now, &answer).unwrap();
    let events: Vec<_> = std::iter::from_fn(|| peer.poll_event()).collect();
    assert_eq!(candidates(&events, &ufrag(&answer.sdp)), 1, "{events:?}");
}

#[test]
fn a_rollback_asks_for_negotiation_again() {
    let mut net = net();
    let now = net.now;
    let peer = &mut net.peers[OFFERER].connection;
    peer.create_data_channel(now, "x", Default::default())
        .unwrap();
    let offer = peer.create_offer().unwrap();
    peer.set_local_description(now, &offer).unwrap();
    while peer.poll_event().is_some() {}
    let rollback = SessionDescription {
        kind: SdpType::Rollback,
        sdp: String::new(),
    };
    peer.set_local_description(now, &rollback).unwrap();
    let events: Vec<_> = std::iter::from_fn(|| peer.poll_event()).collect();
    assert!(events.contains(&Event::NegotiationNeeded), "{events:?}");
}

/// max-bundle: only the tagged section, audio, has transport attributes and candidates.
#[test]
fn candidates_of_the_tagged_section_serve_the_bundled_data_section() {
    let head = MEDIA.split("m=audio").next().unwrap();
    let data = MEDIA.split("m=application").nth(1).unwrap();
    let take = |prefix: &str| {
        data.lines()
            .filter(|l| l.starts_with(prefix))
            .map(|l| format!("{l}\r\n"))
            .collect::<String>()
    };
    let offer = format!(
        "{}m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\na=sendrecv\r\n\
         a=candidate:1 1 udp 2113937151 198.51.100.7 5000 typ host\r\n{}{}{}{}\
         m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=bundle-only\r\na=mid:2\r\na=sctp-port:5000\r\n",
        head.replace("BUNDLE 0 1 2", "BUNDLE 0 2"),
        take("a=ice-ufrag"),
        take("a=ice-pwd"),
        take("a=fingerprint"),
        take("a=setup"),
    );
    let mut net = net();
    let mut now = net.now;
    let peer = &mut net.peers[ANSWERER].connection;
    peer.set_remote_description(now, &SessionDescription::offer(offer))
        .unwrap();
    let answer = peer.create_answer().unwrap();
    peer.set_local_description(now, &answer).unwrap();
    let mut buf = Vec::new();
    for _ in 0..100 {
        if let Some(sent) = peer.poll_transmit(now, 1, &mut buf) {
            assert_eq!(sent.remote, "198.51.100.7:5000".parse().unwrap());
            return;
        }
        now += Duration::from_millis(10);
        peer.handle_timeout(now);
    }
    panic!("no check to the tagged section's candidate");
}

/// RFC 8839 section 4.4.1.1.1: an answer to a restart brings new credentials; one that does not.
#[test]
fn an_answer_that_ignores_our_restart_does_not_kill_the_connection() {
    let (mut net, channel) = connected();
    let now = net.now;
    let old_answer = net.peers[ANSWERER].connection.local_description().unwrap();
    let peer = &mut net.peers[OFFERER].connection;
    peer.restart_ice();
    let offer = peer.create_offer().unwrap();
    peer.set_local_description(now, &offer).unwrap();
    let refused = peer.set_remote_description(now, &old_answer);
    assert_eq!(
        refused,
        Err(NegotiationError::Unacceptable(Unacceptable::RestartIgnored))
    );
    net.run_for(Duration::from_secs(60));
    let now = net.now;
    let sent = net.peers[OFFERER].connection.send(now, channel, "x");
    assert!(sent.is_ok(), "{:?}", net.peers[OFFERER].events);
}

#[test]
fn data_that_was_rejected_can_be_offered_again() {
    let (mut net, _) = connected();
    let now = net.now;
    let offer = net.peers[OFFERER].connection.create_offer().unwrap();
    let current = net.peers[OFFERER]
        .connection
        .current_local_description()
        .unwrap()
        .sdp;
    let rejected = current
        .replace("m=application 1000", "m=application 0")
        .replace("m=application 9", "m=application 0")
        .replace("a=group:BUNDLE 0\r\n", "");
    let peer = &mut net.peers[ANSWERER].connection;
    peer.set_remote_description(now, &SessionDescription::offer(rejected))
        .unwrap();
    let answer = peer.create_answer().unwrap();
    peer.set_local_description(now, &answer).unwrap();
    let _ = offer;
    // And again in use, unchanged.
    peer.set_remote_description(now, &SessionDescription::offer(current))
        .unwrap();
    let answer = peer.create_answer().unwrap();
    peer.set_local_description(now, &answer).unwrap();
    assert!(
        peer.create_data_channel(now, "again", Default::default())
            .is_ok()
    );
}

#[test]
fn events_that_nobody_asks_for_do_not_pile_up() {
    let mut net = net();
    let now = net.now;
    let peer = &mut net.peers[0].connection;
    peer.create_data_channel(now, "x", Default::default())
        .unwrap();
    for _ in 0..2000 {
        let offer = peer.create_offer().unwrap();
        peer.set_local_description(now, &offer).unwrap();
        let rollback = SessionDescription {
            kind: SdpType::Rollback,
            sdp: String::new(),
        };
        peer.set_local_description(now, &rollback).unwrap();
    }
    let count = std::iter::from_fn(|| peer.poll_event()).count();
    assert!(count <= 256, "{count} events");
}

#[test]
fn candidates_for_all_of_a_bundle_may_end_by_an_empty_candidate() {
    let mut net = net();
    let now = net.now;
    let peer = &mut net.peers[ANSWERER].connection;
    peer.set_remote_description(now, &SessionDescription::offer(MEDIA))
        .unwrap();
    for mid in [None, Some("0"), Some("2")] {
        let init = IceCandidateInit {
            candidate: String::new(),
            sdp_mid: mid.map(str::to_owned),
            sdp_m_line_index: None,
            username_fragment: None,
        };
        peer.add_ice_candidate(now, &init).unwrap();
    }
}

#[test]
fn a_new_tls_id_alone_renews_the_association() {
    for from in [OFFERER, ANSWERER] {
        let (mut net, _) = connected();
        let now = net.now;
        let caller = &mut net.peers[from].connection;
        let offer = caller.create_offer().unwrap();
        caller.set_local_description(now, &offer).unwrap();
        let with_new_id = |line: &str| match line.strip_prefix("a=tls-id:") {
            Some(_) => "a=tls-id:00112233445566778899aabbccddeeff\r\n".to_owned(),
            None => format!("{line}\r\n"),
        };
        let sdp: String = caller
            .local_description()
            .unwrap()
            .sdp
            .lines()
            .map(with_new_id)
            .collect();
        let callee = &mut net.peers[1 - from].connection;
        callee
            .set_remote_description(now, &SessionDescription::offer(sdp))
            .unwrap();
        let answer = callee.create_answer().unwrap();
        callee.set_local_description(now, &answer).unwrap();
        let answer = callee.local_description().unwrap();
        net.peers[from]
            .connection
            .set_remote_description(now, &answer)
            .unwrap();
        for peer in &mut net.peers {
            peer.events.clear();
        }
        let channel = net.peers[OFFERER]
            .connection
            .create_data_channel(now, "again", Default::default())
            .unwrap();
        let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
        assert!(net.run_until(Duration::from_secs(10), open), "from {from}");
        for peer in &net.peers {
            let closed = |event: &Event| matches!(event, Event::DataChannelClosed(_));
            assert!(
                peer.events.iter().any(closed),
                "from {from}: the old channel goes"
            );
        }
    }
}
