//! Transceivers through the public interface: frames in are frames out, whatever is renegotiated.

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER};
use tidewire::crypto::Rng;
use tidewire::{
    Direction, Event, FrameInfo, Media, MediaKind, OutgoingFrame, ReceivedMedia, TransceiverId,
    TransceiverInit,
};
use tidewire_netsim::LinkConfig;

fn net() -> Net {
    let link = LinkConfig {
        delay: Duration::from_millis(10),
        ..LinkConfig::default()
    };
    Net::new(1, &link)
}

/// A VP9 frame that no decoder would take, but whose first byte tells that it is none to begin with.
fn vp9_frame(rng: &mut Rng) -> OutgoingFrame {
    let mut data = vec![0; 100 + rng.next_u32() as usize % 5000];
    rng.fill(&mut data);
    data[0] = 0x86;
    OutgoingFrame::new(data.into())
}

fn opus_frame(rng: &mut Rng) -> OutgoingFrame {
    let mut data = vec![0; 50];
    rng.fill(&mut data);
    // One frame of 20 ms (RFC 6716 section 3.1).
    data[0] = 0xf8;
    OutgoingFrame::new(data.into())
}

fn transceiver_of(net: &Net, peer: usize, kind: MediaKind) -> TransceiverId {
    let mut all = net.peers[peer].connection.transceivers();
    let found = all.find(|transceiver| transceiver.kind == kind);
    found.expect("a transceiver of the kind").id
}

/// Sends so many frames of both kinds from one peer, and answers what arrived at the other.
fn send_frames(net: &mut Net, from: usize, count: u32) -> (Vec<Vec<u8>>, Vec<ReceivedMedia>) {
    let mut rng = Rng::from_u64(count.into());
    let (mut sent, mut received) = (Vec::new(), Vec::new());
    let video = transceiver_of(net, from, MediaKind::Video);
    let audio = transceiver_of(net, from, MediaKind::Audio);
    for number in 0..count {
        let pairs = [
            (video, vp9_frame(&mut rng), 3000),
            (audio, opus_frame(&mut rng), 1600),
        ];
        for (transceiver, frame, ticks) in pairs {
            sent.push(frame.data.to_vec());
            let info = FrameInfo {
                timestamp: number * ticks,
                ..FrameInfo::default()
            };
            let now = net.now;
            let connection = &mut net.peers[from].connection;
            connection
                .send_frame(now, transceiver, 0, frame, &info)
                .expect("a frame that can be sent");
        }
        net.run_for(Duration::from_millis(33));
        let connection = &mut net.peers[1 - from].connection;
        received.extend(std::iter::from_fn(|| connection.poll_media()));
    }
    net.run_for(Duration::from_millis(700));
    let connection = &mut net.peers[1 - from].connection;
    received.extend(std::iter::from_fn(|| connection.poll_media()));
    (sent, received)
}

fn data(received: &[ReceivedMedia]) -> Vec<Vec<u8>> {
    let frames = received.iter().map(|received| match &received.media {
        Media::Frame(frame) => frame.frame.data.to_vec(),
        other => panic!("not a frame: {other:?}"),
    });
    frames.collect()
}

fn assert_same(mut sent: Vec<Vec<u8>>, received: &[ReceivedMedia]) {
    let mut received = data(received);
    sent.sort();
    received.sort();
    assert_eq!(sent.len(), received.len());
    assert!(sent == received, "frames differ");
}

fn connected() -> Net {
    let mut net = net();
    let caller = &mut net.peers[OFFERER].connection;
    caller
        .add_track(MediaKind::Audio, &["stream"])
        .expect("a transceiver");
    caller
        .add_track(MediaKind::Video, &["stream"])
        .expect("a transceiver");
    let callee = &mut net.peers[ANSWERER].connection;
    callee
        .add_track(MediaKind::Audio, &["other"])
        .expect("a transceiver");
    callee
        .add_track(MediaKind::Video, &["other"])
        .expect("a transceiver");
    net.negotiate();
    net.run_for(Duration::from_secs(1));
    net
}

#[test]
fn frames_flow_both_ways_after_one_exchange() {
    let mut net = connected();
    for peer in [OFFERER, ANSWERER] {
        let transceivers: Vec<_> = net.peers[peer].connection.transceivers().collect();
        assert_eq!(transceivers.len(), 2);
        for transceiver in transceivers {
            assert_eq!(transceiver.current_direction, Some(Direction::SendRecv));
            assert!(net.peers[peer].has(&Event::Track(transceiver.id)));
            let stream = ["other", "stream"][peer];
            assert_eq!(transceiver.remote_streams, [stream]);
        }
    }
    let (sent, received) = send_frames(&mut net, OFFERER, 30);
    assert_same(sent, &received);
    let (sent, received) = send_frames(&mut net, ANSWERER, 30);
    assert_same(sent, &received);
    let dropped = net.peers[ANSWERER].connection.stats().dropped;
    assert_eq!((dropped.srtp, dropped.unexpected_protocol), (0, 0));
}

#[test]
fn a_direction_change_stops_one_way_and_a_later_one_starts_it_again() {
    let mut net = connected();
    let video = transceiver_of(&net, OFFERER, MediaKind::Video);
    let change = |net: &mut Net, direction| {
        let caller = &mut net.peers[OFFERER].connection;
        caller
            .set_direction(video, direction)
            .expect("a transceiver");
        net.run_for(Duration::ZERO);
        assert!(net.peers[OFFERER].has(&Event::NegotiationNeeded));
        net.peers[OFFERER].events.clear();
        net.negotiate();
    };
    change(&mut net, Direction::RecvOnly);
    let (_, received) = send_frames(&mut net, OFFERER, 10);
    assert_eq!(received.len(), 10, "audio only");
    let video_there = transceiver_of(&net, ANSWERER, MediaKind::Video);
    let state = net.peers[ANSWERER].connection.transceiver(video_there);
    let current = state.and_then(|state| state.current_direction);
    assert_eq!(current, Some(Direction::SendOnly));
    change(&mut net, Direction::SendRecv);
    let (sent, received) = send_frames(&mut net, OFFERER, 10);
    assert_same(sent, &received);
}

#[test]
fn a_stopped_transceiver_goes_and_its_section_is_used_again() {
    let mut net = connected();
    let video = transceiver_of(&net, OFFERER, MediaKind::Video);
    let now = net.now;
    let caller = &mut net.peers[OFFERER].connection;
    caller.stop_transceiver(now, video).expect("a transceiver");
    net.negotiate();
    for peer in &net.peers {
        assert_eq!(peer.connection.transceivers().count(), 1);
    }
    let caller = &mut net.peers[OFFERER].connection;
    let init = TransceiverInit::default();
    caller
        .add_transceiver(MediaKind::Video, init)
        .expect("a transceiver");
    net.negotiate();
    let description = net.peers[OFFERER].connection.local_description();
    let description = description.expect("a description").sdp;
    assert_eq!(description.matches("m=").count(), 2, "{description}");
    let (_, received) = send_frames(&mut net, OFFERER, 10);
    assert_eq!(received.len(), 20);
}

#[test]
fn a_track_that_is_taken_away_falls_silent_without_negotiation() {
    let mut net = connected();
    let video = transceiver_of(&net, OFFERER, MediaKind::Video);
    let caller = &mut net.peers[OFFERER].connection;
    caller.replace_track(video, false).expect("a transceiver");
    let (_, received) = send_frames(&mut net, OFFERER, 10);
    assert_eq!(received.len(), 10);
    let caller = &mut net.peers[OFFERER].connection;
    caller.replace_track(video, true).expect("a transceiver");
    let (_, received) = send_frames(&mut net, OFFERER, 10);
    assert_eq!(received.len(), 20);
}

#[test]
fn no_timer_stays_due_after_the_peer_has_gone() {
    let mut net = connected();
    let now = net.now;
    net.peers[ANSWERER].connection.close(now);
    net.run_for(Duration::from_secs(1));
    let mut rng = Rng::from_u64(1);
    let video = transceiver_of(&net, OFFERER, MediaKind::Video);
    for _ in 0..10 {
        let (now, frame) = (net.now, vp9_frame(&mut rng));
        let caller = &mut net.peers[OFFERER].connection;
        caller
            .send_frame(now, video, 0, frame, &FrameInfo::default())
            .expect("a frame that is dropped");
    }
    net.run_for(Duration::from_secs(1));
    let now = net.now;
    let caller = &mut net.peers[OFFERER].connection;
    caller.handle_timeout(now);
    assert_eq!(caller.poll_transmit(now, 1, &mut Vec::new()), None);
    assert!(caller.poll_timeout().is_none_or(|due| due > now));
}

#[test]
fn what_the_peer_does_not_offer_is_not_answered() {
    let offer = include_str!("../testdata/chromium-156-offer-audio-video-data.sdp")
        .replace("a=rtcp-rsize\r\n", "")
        .replace("a=extmap-allow-mixed\r\n", "");
    let mut net = net();
    let now = net.now;
    let callee = &mut net.peers[ANSWERER].connection;
    let offer = tidewire::SessionDescription::offer(offer);
    callee
        .set_remote_description(now, &offer)
        .expect("a good offer");
    let answer = callee.create_answer().expect("an answer");
    assert!(!answer.sdp.contains("rtcp-rsize"));
    assert!(!answer.sdp.contains("extmap-allow-mixed"));
    assert_eq!(answer.sdp.matches("a=recvonly").count(), 2);
    assert_eq!(answer.sdp.matches("a=rtcp-mux").count(), 2);
}

#[test]
fn a_rolled_back_offer_leaves_no_trace() {
    let mut net = net();
    let now = net.now;
    let caller = &mut net.peers[OFFERER].connection;
    caller
        .add_track(MediaKind::Video, &[])
        .expect("a transceiver");
    let offer = caller.create_offer().expect("an offer");
    caller
        .set_local_description(now, &offer)
        .expect("our offer");
    let callee = &mut net.peers[ANSWERER].connection;
    callee
        .set_remote_description(now, &offer)
        .expect("a good offer");
    assert_eq!(callee.transceivers().count(), 1);
    let rollback = tidewire::SessionDescription {
        kind: tidewire::SdpType::Rollback,
        sdp: String::new(),
    };
    callee
        .set_remote_description(now, &rollback)
        .expect("a rollback");
    assert_eq!(callee.transceivers().count(), 0);
    let caller = &mut net.peers[OFFERER].connection;
    caller
        .set_local_description(now, &rollback)
        .expect("a rollback");
    let mids: Vec<_> = caller.transceivers().map(|state| state.mid).collect();
    assert_eq!(mids, [None]);
    net.negotiate();
    net.run_for(Duration::from_secs(1));
    assert_eq!(net.peers[ANSWERER].connection.transceivers().count(), 1);
}
