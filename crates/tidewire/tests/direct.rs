//! Connecting without offer and answer: both ends are told the same.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod common;

use std::time::Duration;

use common::{ANSWERER as BOB, Net, OFFERER as ALICE};
use tidewire::rtp::extension::ExtensionKind;
use tidewire::rtp::payload::Format;
use tidewire::{
    CodecCapability, CodecParameters, Delivery, Direction, EncodingParameters, Event, FrameInfo,
    Media, MediaCapabilities, MediaKind, MediaParameters, NegotiationError, OutgoingFrame,
    ParametersError, PeerConnectionState, PeerRole, SessionDescription, TransceiverId,
    TransceiverInit,
};
use tidewire_netsim::LinkConfig;

const SETTLED: Duration = Duration::from_secs(2);

fn net() -> Net {
    let link = LinkConfig {
        delay: Duration::from_millis(10),
        ..LinkConfig::default()
    };
    Net::new(1, &link)
}

/// Each end is told of the other.
fn connect(net: &mut Net) {
    let now = net.now;
    let [alice, bob] = &mut net.peers;
    let (alice, bob) = (&mut alice.connection, &mut bob.connection);
    bob.connect(now, PeerRole::Controlled, &alice.parameters())
        .unwrap();
    alice
        .connect(now, PeerRole::Controlling, &bob.parameters())
        .unwrap();
}

fn video(mid: &str) -> MediaParameters {
    MediaParameters::new(mid, MediaKind::Video, &MediaCapabilities::default())
        .with_codec(|codec| codec.name == "VP9")
}

fn with_direction(direction: Direction) -> TransceiverInit {
    TransceiverInit {
        direction,
        ..TransceiverInit::default()
    }
}

/// Alice sends and Bob receives.
fn add_video(net: &mut Net, parameters: &MediaParameters) -> [TransceiverId; 2] {
    let now = net.now;
    let directions = [Direction::SendOnly, Direction::RecvOnly];
    let mut add = |peer: usize| {
        let connection = &mut net.peers[peer].connection;
        let init = with_direction(directions[peer]);
        connection.add_negotiated_transceiver(now, init, parameters)
    };
    [add(ALICE).unwrap(), add(BOB).unwrap()]
}

fn send_frames(net: &mut Net, id: TransceiverId, encoding: usize, count: u32) -> Vec<Vec<u8>> {
    send_frames_of(net, 2000, id, encoding, count)
}

/// Sends so many frames of `len` bytes.
fn send_frames_of(
    net: &mut Net,
    len: usize,
    id: TransceiverId,
    encoding: usize,
    count: u32,
) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    for number in 0..count {
        let mut data = vec![number as u8; len];
        data[0] = 0x86;
        sent.push(data.clone());
        let info = FrameInfo {
            timestamp: number * 3000,
            ..FrameInfo::default()
        };
        let now = net.now;
        let alice = &mut net.peers[ALICE].connection;
        alice
            .send_frame(now, id, encoding, OutgoingFrame::new(data.into()), &info)
            .unwrap();
        net.run_for(Duration::from_millis(33));
    }
    net.run_for(Duration::from_secs(1));
    sent
}

fn received(net: &mut Net) -> Vec<Vec<u8>> {
    let bob = &mut net.peers[BOB].connection;
    let all = std::iter::from_fn(|| bob.poll_media());
    let frames = all.filter_map(|received| match received.media {
        Media::Frame(frame) => Some(frame.frame.data.to_vec()),
        _ => None,
    });
    frames.collect()
}

#[test]
fn data_and_media_flow_between_two_that_never_saw_a_description() {
    let mut net = net();
    let [sender, _] = add_video(&mut net, &video("v"));
    connect(&mut net);
    let now = net.now;
    let alice = &mut net.peers[ALICE].connection;
    let channel = alice
        .create_data_channel(now, "chat", Default::default())
        .unwrap();
    net.run_for(SETTLED);
    assert!(net.peers[ALICE].has(&Event::DataChannelOpen(channel)));
    assert!(!net.peers[ALICE].has(&Event::NegotiationNeeded));
    assert!(
        net.peers[BOB]
            .events
            .iter()
            .any(|event| matches!(event, Event::Track(_)))
    );
    for peer in &net.peers {
        let state = peer.connection.connection_state();
        assert_eq!(state, PeerConnectionState::Connected);
        assert_eq!(peer.connection.local_description(), None);
        assert_eq!(peer.connection.remote_description(), None);
    }
    let sent = send_frames(&mut net, sender, 0, 30);
    assert_eq!(received(&mut net), sent);
}

#[test]
fn a_transceiver_that_is_added_later_flows_at_once_and_one_that_is_stopped_no_more() {
    let mut net = net();
    connect(&mut net);
    net.run_for(SETTLED);
    let [sender, receiver] = add_video(&mut net, &video("v"));
    let sent = send_frames(&mut net, sender, 0, 10);
    assert_eq!(received(&mut net), sent);
    let now = net.now;
    for (peer, id) in [(ALICE, sender), (BOB, receiver)] {
        let connection = &mut net.peers[peer].connection;
        connection.stop_transceiver(now, id).unwrap();
        assert_eq!(connection.transceiver(id), None);
    }
    net.run_for(SETTLED);
    assert!(net.peers[BOB].has(&Event::TrackEnded(receiver)));
    assert!(net.peers[BOB].has(&Event::TransceiverStopped(receiver)));
    // The name is free again.
    let [sender, _] = add_video(&mut net, &video("v"));
    let sent = send_frames(&mut net, sender, 0, 10);
    assert_eq!(received(&mut net), sent);
}

#[test]
fn a_direction_that_is_set_holds_at_once() {
    let mut net = net();
    let [sender, _] = add_video(&mut net, &video("v"));
    connect(&mut net);
    net.run_for(SETTLED);
    let set = |net: &mut Net, direction| {
        let alice = &mut net.peers[ALICE].connection;
        alice.set_direction(sender, direction).unwrap();
    };
    set(&mut net, Direction::Inactive);
    send_frames(&mut net, sender, 0, 10);
    assert_eq!(received(&mut net), Vec::<Vec<u8>>::new());
    set(&mut net, Direction::SendOnly);
    let sent = send_frames(&mut net, sender, 0, 10);
    assert_eq!(received(&mut net), sent);
}

#[test]
fn layers_are_told_apart_by_their_names() {
    let mut net = net();
    let now = net.now;
    let encoding = |rid: &str| EncodingParameters {
        rid: Some(rid.to_owned()),
        ..EncodingParameters::default()
    };
    let init = TransceiverInit {
        send_encodings: vec![encoding("q"), encoding("f")],
        ..with_direction(Direction::SendOnly)
    };
    let alice = &mut net.peers[ALICE].connection;
    let sender = alice
        .add_negotiated_transceiver(now, init, &video("v"))
        .unwrap();
    let bob = &mut net.peers[BOB].connection;
    bob.add_negotiated_transceiver(now, with_direction(Direction::RecvOnly), &video("v"))
        .unwrap();
    connect(&mut net);
    net.run_for(SETTLED);
    for encoding in 0..2 {
        let sent = send_frames(&mut net, sender, encoding, 5);
        assert_eq!(received(&mut net), sent);
    }
    for name in ["q", "f"] {
        let has_begun = net.peers[BOB].events.iter().any(
            |event| matches!(event, Event::StreamStarted { rid: Some(rid), .. } if &**rid == name),
        );
        assert!(has_begun, "{name}");
    }
}

#[test]
fn a_stream_without_header_extensions_is_known_by_its_number() {
    let mut net = net();
    let now = net.now;
    // Both go under the same payload type.
    let bare = |mid: &str| MediaParameters {
        extensions: Vec::new(),
        ..video(mid)
    };
    let alice = &mut net.peers[ALICE].connection;
    let send = with_direction(Direction::SendOnly);
    let senders = ["a", "b"].map(|mid| {
        alice
            .add_negotiated_transceiver(now, send.clone(), &bare(mid))
            .unwrap()
    });
    let streams = senders.map(|id| alice.sent_streams(id));
    let bob = &mut net.peers[BOB].connection;
    let receivers = ["a", "b"].map(|mid| {
        let at = usize::from(mid == "b");
        let parameters = MediaParameters {
            peer_streams: streams[at].clone(),
            ..bare(mid)
        };
        bob.add_negotiated_transceiver(now, with_direction(Direction::RecvOnly), &parameters)
            .unwrap()
    });
    connect(&mut net);
    net.run_for(SETTLED);
    for (sender, receiver) in senders.into_iter().zip(receivers) {
        send_frames(&mut net, sender, 0, 3);
        let bob = &mut net.peers[BOB].connection;
        let all: Vec<_> = std::iter::from_fn(|| bob.poll_media()).collect();
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|media| media.transceiver == receiver));
    }
}

#[test]
fn a_codec_of_the_applications_own_flows_in_packets() {
    let mut net = net();
    let now = net.now;
    let codec = CodecCapability::video("x-tiles", Format::Opaque);
    let parameters = MediaParameters {
        codecs: vec![CodecParameters {
            codec,
            payload_type: 40,
            rtx_payload_type: Some(41),
        }],
        ..video("v")
    };
    let [sender, receiver] = add_video(&mut net, &parameters);
    let bob = &mut net.peers[BOB].connection;
    bob.set_delivery(now, receiver, Delivery::OrderedPackets)
        .unwrap();
    connect(&mut net);
    net.run_for(SETTLED);
    send_frames_of(&mut net, 500, sender, 0, 3);
    let bob = &mut net.peers[BOB].connection;
    let all: Vec<_> = std::iter::from_fn(|| bob.poll_media()).collect();
    assert_eq!(all.len(), 3);
    for media in all {
        let Media::Packet(packet) = media.media else {
            panic!("{media:?}");
        };
        assert_eq!(packet.header.payload_type, 40);
    }
}

#[test]
fn ice_restarts_when_both_have_told_new_credentials() {
    let mut net = net();
    let [sender, _] = add_video(&mut net, &video("v"));
    connect(&mut net);
    net.run_for(SETTLED);
    let before = [ALICE, BOB].map(|peer| net.peers[peer].connection.parameters().credentials);
    net.peers[ALICE].connection.restart_ice();
    connect(&mut net);
    net.run_for(SETTLED);
    let after = [ALICE, BOB].map(|peer| net.peers[peer].connection.parameters().credentials);
    assert!(before[0] != after[0] && before[1] != after[1]);
    for peer in &net.peers {
        let state = peer.connection.connection_state();
        assert_eq!(state, PeerConnectionState::Connected);
    }
    let sent = send_frames(&mut net, sender, 0, 10);
    assert_eq!(received(&mut net), sent);
}

#[test]
fn a_candidate_that_is_found_later_is_told_without_a_section() {
    let mut net = net();
    connect(&mut net);
    net.run_for(SETTLED);
    let told: Vec<_> = net.peers[ALICE]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::IceCandidate(candidate) => Some(candidate.clone()),
            _ => None,
        })
        .collect();
    assert!(!told.is_empty());
    let now = net.now;
    for candidate in told {
        assert_eq!(
            (&candidate.sdp_mid, candidate.sdp_m_line_index),
            (&None, None)
        );
        let bob = &mut net.peers[BOB].connection;
        bob.add_ice_candidate(now, &candidate).unwrap();
    }
}

#[test]
fn without_data_channels_only_media_flows() {
    let mut net = net();
    let [sender, _] = add_video(&mut net, &video("v"));
    let now = net.now;
    let mut parameters = [BOB, ALICE].map(|peer| net.peers[peer].connection.parameters());
    for (peer, role) in [PeerRole::Controlling, PeerRole::Controlled]
        .into_iter()
        .enumerate()
    {
        parameters[peer].max_message_size = None;
        let connection = &mut net.peers[peer].connection;
        connection.connect(now, role, &parameters[peer]).unwrap();
    }
    let sent = {
        net.run_for(SETTLED);
        send_frames(&mut net, sender, 0, 5)
    };
    assert_eq!(received(&mut net), sent);
    let stats = net.peers[ALICE].connection.stats();
    assert_eq!(stats.sctp.packets_sent, 0);
}

#[test]
fn descriptions_and_parameters_do_not_mix() {
    let mut net = net();
    let now = net.now;
    connect(&mut net);
    let alice = &mut net.peers[ALICE].connection;
    assert_eq!(alice.create_offer(), Err(NegotiationError::Undescribed));
    assert_eq!(
        alice.set_remote_description(now, &SessionDescription::offer("v=0")),
        Err(NegotiationError::Undescribed)
    );
    let mut net = self::net();
    let bob = net.peers[BOB].connection.parameters();
    let alice = &mut net.peers[ALICE].connection;
    alice
        .set_local_description(now, &SessionDescription::offer(""))
        .unwrap();
    assert_eq!(
        alice.connect(now, PeerRole::Controlling, &bob),
        Err(ParametersError::Described)
    );
}

#[test]
fn what_cannot_be_had_is_refused() {
    let mut net = net();
    let now = net.now;
    let bob = net.peers[BOB].connection.parameters();
    let alice = &mut net.peers[ALICE].connection;
    let nobody = tidewire::PeerParameters {
        fingerprints: Vec::new(),
        ..bob
    };
    assert_eq!(
        alice.connect(now, PeerRole::Controlling, &nobody),
        Err(ParametersError::Fingerprint)
    );
    let mut add = |parameters: &MediaParameters| {
        alice.add_negotiated_transceiver(now, TransceiverInit::default(), parameters)
    };
    assert!(add(&video("v")).is_ok());
    assert_eq!(add(&video("v")), Err(ParametersError::Mid));
    let unnamed = MediaParameters {
        extensions: vec![(3, ExtensionKind::User(7))],
        ..video("w")
    };
    assert_eq!(add(&unnamed), Err(ParametersError::Extension));
}
