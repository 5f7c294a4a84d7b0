//! What becomes of transceivers when changes, rollbacks and hostile descriptions meet.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER};
use tidewire::{
    Direction, EncodingParameters, Event, FrameInfo, MediaKind, NegotiationError, OutgoingFrame,
    PeerConnection, SessionDescription, SignalingState, TransceiverError, TransceiverId,
    TransceiverInit, Unacceptable,
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

fn video(connection: &mut PeerConnection) -> TransceiverId {
    connection.add_track(MediaKind::Video, &["s"]).unwrap()
}

/// A call with one video track, sent by the offerer.
fn connected() -> (Net, TransceiverId) {
    let mut net = net();
    let id = video(&mut net.peers[OFFERER].connection);
    net.negotiate();
    net.run_for(SETTLED);
    (net, id)
}

/// An offer that the offerer has applied.
fn offered(net: &mut Net) -> SessionDescription {
    let now = net.now;
    let connection = &mut net.peers[OFFERER].connection;
    connection
        .set_local_description(now, &SessionDescription::offer(""))
        .unwrap();
    connection.local_description().unwrap()
}

/// What the answerer answers.
fn answered(net: &mut Net, offer: &SessionDescription) -> SessionDescription {
    let now = net.now;
    let connection = &mut net.peers[ANSWERER].connection;
    connection.set_remote_description(now, offer).unwrap();
    connection
        .set_local_description(now, &SessionDescription::answer(""))
        .unwrap();
    connection.local_description().unwrap()
}

fn accept(net: &mut Net, answer: &SessionDescription) -> Result<(), NegotiationError> {
    let now = net.now;
    net.peers[OFFERER]
        .connection
        .set_remote_description(now, answer)
}

/// Sends so many VP9 frames of 300 bytes.
fn send_frames(net: &mut Net, from: usize, id: TransceiverId, count: u32) {
    for number in 0..count {
        let mut data = vec![0; 300];
        data[0] = 0x86;
        let info = FrameInfo {
            timestamp: number * 3000,
            ..FrameInfo::default()
        };
        let now = net.now;
        let connection = &mut net.peers[from].connection;
        connection
            .send_frame(now, id, 0, OutgoingFrame::new(data.into()), &info)
            .unwrap();
        net.run_for(Duration::from_millis(33));
    }
    net.run_for(Duration::from_secs(1));
}

fn received(net: &mut Net, peer: usize) -> usize {
    let connection = &mut net.peers[peer].connection;
    std::iter::from_fn(|| connection.poll_media()).count()
}

fn count(net: &Net, peer: usize, is_counted: fn(&Event) -> bool) -> usize {
    let events = net.peers[peer].events.iter();
    events.filter(|event| is_counted(event)).count()
}

#[test]
fn one_that_is_stopped_before_the_answer_neither_sends_nor_receives() {
    let mut net = net();
    let id = video(&mut net.peers[OFFERER].connection);
    let offer = offered(&mut net);
    let answer = answered(&mut net, &offer);
    let now = net.now;
    let connection = &mut net.peers[OFFERER].connection;
    connection.stop_transceiver(now, id).unwrap();
    accept(&mut net, &answer).unwrap();
    let connection = &net.peers[OFFERER].connection;
    let state = connection.transceiver(id).unwrap();
    assert_eq!((state.current_direction, state.is_stopped), (None, true));
    net.negotiate();
    let connection = &net.peers[OFFERER].connection;
    assert!(connection.transceiver(id).is_none(), "it is gone for good");
}

#[test]
fn one_that_is_stopped_between_two_offers_is_gone_and_its_mid_is_free() {
    let mut net = net();
    let connection = &mut net.peers[OFFERER].connection;
    let stopped = video(connection);
    connection.add_track(MediaKind::Audio, &["s"]).unwrap();
    offered(&mut net);
    let now = net.now;
    let connection = &mut net.peers[OFFERER].connection;
    connection.stop_transceiver(now, stopped).unwrap();
    for _ in 0..4 {
        net.negotiate();
        net.run_for(Duration::from_millis(500));
    }
    let needed = count(&net, OFFERER, |event| *event == Event::NegotiationNeeded);
    assert!(needed <= 2, "needed {needed} times");
    assert!(net.peers[OFFERER].has(&Event::TransceiverStopped(stopped)));
    let added = video(&mut net.peers[OFFERER].connection);
    net.negotiate();
    let state = net.peers[OFFERER].connection.transceiver(added).unwrap();
    assert_eq!(state.current_direction, Some(Direction::SendOnly));
}

#[test]
fn one_that_is_stopped_before_a_rollback_is_gone() {
    let mut net = net();
    let id = video(&mut net.peers[OFFERER].connection);
    offered(&mut net);
    let now = net.now;
    let connection = &mut net.peers[OFFERER].connection;
    connection.stop_transceiver(now, id).unwrap();
    connection
        .set_local_description(now, &SessionDescription::rollback())
        .unwrap();
    assert!(connection.transceiver(id).is_none());
    net.run_for(Duration::from_millis(1));
    assert!(net.peers[OFFERER].has(&Event::TransceiverStopped(id)));
}

#[test]
fn one_that_is_stopped_before_its_offer_is_applied_is_taken_back_by_the_next() {
    let mut net = net();
    let connection = &mut net.peers[OFFERER].connection;
    let id = video(connection);
    let offer = connection.create_offer().unwrap();
    let now = net.now;
    let connection = &mut net.peers[OFFERER].connection;
    connection.stop_transceiver(now, id).unwrap();
    connection.set_local_description(now, &offer).unwrap();
    let offer = connection.local_description().unwrap();
    let answer = answered(&mut net, &offer);
    accept(&mut net, &answer).unwrap();
    net.run_for(Duration::from_millis(100));
    assert!(net.peers[OFFERER].has(&Event::NegotiationNeeded));
    net.negotiate();
    let sdp = net.peers[ANSWERER].connection.remote_description().unwrap();
    assert!(sdp.sdp.contains("m=video 0 "), "{}", sdp.sdp);
    net.peers[OFFERER].events.clear();
    net.run_for(SETTLED);
    assert!(!net.peers[OFFERER].has(&Event::NegotiationNeeded));
}

#[test]
fn an_offer_that_is_taken_back_brings_the_track_back() {
    let (mut net, id) = connected();
    let now = net.now;
    net.peers[ANSWERER].events.clear();
    let connection = &mut net.peers[OFFERER].connection;
    connection.set_direction(id, Direction::Inactive).unwrap();
    let offer = offered(&mut net);
    let connection = &mut net.peers[ANSWERER].connection;
    connection.set_remote_description(now, &offer).unwrap();
    connection
        .set_remote_description(now, &SessionDescription::rollback())
        .unwrap();
    net.run_for(Duration::from_millis(1));
    let began = count(&net, ANSWERER, |event| matches!(event, Event::Track(_)));
    let ended = count(&net, ANSWERER, |event| {
        matches!(event, Event::TrackEnded(_))
    });
    assert_eq!((began, ended), (1, 1));
    let state = net.peers[ANSWERER].connection.transceivers().next();
    assert_eq!(state.unwrap().remote_streams, ["s"]);
}

#[test]
fn a_change_after_an_offer_was_created_leaves_it_valid_and_is_negotiated_next() {
    let mut net = net();
    let now = net.now;
    let connection = &mut net.peers[OFFERER].connection;
    connection.add_track(MediaKind::Audio, &["s"]).unwrap();
    let offer = connection.create_offer().unwrap();
    let added = video(connection);
    connection.set_local_description(now, &offer).unwrap();
    let offer = connection.local_description().unwrap();
    let answer = answered(&mut net, &offer);
    net.peers[OFFERER].events.clear();
    accept(&mut net, &answer).unwrap();
    net.run_for(Duration::from_millis(100));
    assert!(net.peers[OFFERER].has(&Event::NegotiationNeeded));
    net.negotiate();
    let state = net.peers[OFFERER].connection.transceiver(added).unwrap();
    assert_eq!(state.current_direction, Some(Direction::SendOnly));
}

#[test]
fn a_direction_set_after_an_offer_was_created_is_negotiated_next() {
    let (mut net, id) = connected();
    let now = net.now;
    let connection = &mut net.peers[OFFERER].connection;
    let offer = connection.create_offer().unwrap();
    connection.set_direction(id, Direction::Inactive).unwrap();
    connection.set_local_description(now, &offer).unwrap();
    let offer = connection.local_description().unwrap();
    let answer = answered(&mut net, &offer);
    net.peers[OFFERER].events.clear();
    accept(&mut net, &answer).unwrap();
    net.run_for(Duration::from_millis(1));
    assert!(net.peers[OFFERER].has(&Event::NegotiationNeeded));
}

#[test]
fn a_plain_track_flows_to_a_peer_that_would_take_layers() {
    let mut net = net();
    video(&mut net.peers[OFFERER].connection);
    let id = video(&mut net.peers[ANSWERER].connection);
    let mut offer = offered(&mut net);
    offer
        .sdp
        .push_str("a=rid:q recv\r\na=rid:f recv\r\na=simulcast:recv q;f\r\n");
    let answer = answered(&mut net, &offer);
    assert!(!answer.sdp.contains("a=simulcast"));
    accept(&mut net, &answer).unwrap();
    net.run_for(SETTLED);
    send_frames(&mut net, ANSWERER, id, 10);
    assert!(received(&mut net, OFFERER) > 0);
}

#[test]
fn layers_that_were_never_offered_do_not_silence_a_track() {
    let mut net = net();
    let id = video(&mut net.peers[OFFERER].connection);
    let offer = offered(&mut net);
    let mut answer = answered(&mut net, &offer);
    answer
        .sdp
        .push_str("a=rid:z recv\r\na=simulcast:recv z\r\n");
    accept(&mut net, &answer).unwrap();
    net.run_for(SETTLED);
    send_frames(&mut net, OFFERER, id, 10);
    assert!(received(&mut net, ANSWERER) > 0);
}

#[test]
fn an_answer_without_a_codec_that_was_offered_is_refused_and_changes_nothing() {
    let (mut net, id) = connected();
    let offer = offered(&mut net);
    let mut answer = answered(&mut net, &offer);
    for codec in ["VP8/", "VP9/", "H264/", "AV1/"] {
        answer.sdp = answer.sdp.replace(&format!(" {codec}"), " other/");
    }
    let refused = accept(&mut net, &answer);
    let reason = NegotiationError::Unacceptable(Unacceptable::NoCodec);
    assert_eq!(refused, Err(reason));
    let connection = &net.peers[OFFERER].connection;
    assert_eq!(connection.signaling_state(), SignalingState::HaveLocalOffer);
    let state = connection.transceiver(id).unwrap();
    assert_eq!(state.current_direction, Some(Direction::SendOnly));
}

#[test]
fn the_section_of_an_offer_without_mids_is_accepted() {
    let mut net = net();
    let id = video(&mut net.peers[OFFERER].connection);
    let without_mids = |description: SessionDescription| {
        let lines = description.sdp.split_inclusive('\n');
        let left = lines.filter(|line| !line.starts_with("a=mid") && !line.starts_with("a=group"));
        SessionDescription {
            sdp: left.collect(),
            ..description
        }
    };
    for _ in 0..2 {
        let offer = without_mids(offered(&mut net));
        let answer = answered(&mut net, &offer);
        assert!(!answer.sdp.contains("m=video 0"), "{}", answer.sdp);
        assert!(!answer.sdp.contains("a=mid"), "{}", answer.sdp);
        accept(&mut net, &answer).unwrap();
        net.run_for(SETTLED);
        let all: Vec<_> = net.peers[ANSWERER].connection.transceivers().collect();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].mid, None);
    }
    send_frames(&mut net, OFFERER, id, 10);
    assert!(received(&mut net, ANSWERER) > 0);
}

#[test]
fn names_that_a_description_cannot_carry_are_refused() {
    let connection = &mut net().peers[OFFERER].connection;
    let with_rids = |rids: &[Option<&str>]| TransceiverInit {
        send_encodings: rids
            .iter()
            .map(|rid| EncodingParameters {
                rid: rid.map(str::to_owned),
                ..EncodingParameters::default()
            })
            .collect(),
        ..TransceiverInit::default()
    };
    for name in ["my camera", "", "a\r\na=b", &"x".repeat(65)] {
        let refused = connection.add_track(MediaKind::Video, &[name]);
        assert_eq!(refused, Err(TransceiverError::StreamName), "{name:?}");
    }
    let eight: Vec<String> = (0..9).map(|number| format!("r{number}")).collect();
    let nine: Vec<Option<&str>> = eight.iter().map(|rid| Some(rid.as_str())).collect();
    let lists: [&[Option<&str>]; 5] = [
        &[Some("a b")],
        &[Some("a;b")],
        &[Some("a"), Some("a")],
        &[Some("a"), None],
        &nine,
    ];
    for rids in lists {
        let refused = connection.add_transceiver(MediaKind::Video, with_rids(rids));
        assert_eq!(refused, Err(TransceiverError::Encodings), "{rids:?}");
    }
    let several = with_rids(&[Some("a"), Some("b")]);
    let refused = connection.add_transceiver(MediaKind::Audio, several.clone());
    assert_eq!(refused, Err(TransceiverError::Encodings));
    connection
        .add_transceiver(MediaKind::Video, several)
        .unwrap();
}

#[test]
fn an_encoding_that_is_not_active_is_offered_as_paused() {
    let connection = &mut net().peers[OFFERER].connection;
    let encoding = |rid: &str, active| EncodingParameters {
        rid: Some(rid.to_owned()),
        active,
        ..EncodingParameters::default()
    };
    let init = TransceiverInit {
        send_encodings: vec![encoding("q", false), encoding("f", true)],
        ..TransceiverInit::default()
    };
    connection.add_transceiver(MediaKind::Video, init).unwrap();
    let sdp = connection.create_offer().unwrap().sdp;
    assert!(sdp.contains("a=simulcast:send ~q;f\r\n"), "{sdp}");
}

#[test]
fn numbers_of_an_offer_that_is_taken_back_are_forgotten() {
    let (mut net, _) = connected();
    let now = net.now;
    let before = net.peers[ANSWERER].connection.create_offer().unwrap();
    // VP8 under another number, which nobody agrees to in the end.
    let offer = offered(&mut net);
    let renumbered = SessionDescription {
        sdp: offer.sdp.replace(":96 ", ":55 ").replace(" 96 ", " 55 "),
        ..offer
    };
    let connection = &mut net.peers[ANSWERER].connection;
    connection.set_remote_description(now, &renumbered).unwrap();
    connection.create_answer().unwrap();
    connection
        .set_remote_description(now, &SessionDescription::rollback())
        .unwrap();
    let after = connection.create_offer().unwrap();
    let maps = |description: &SessionDescription| -> Vec<String> {
        let lines = description.sdp.lines();
        let maps = lines.filter(|line| line.starts_with("a=rtpmap"));
        maps.map(str::to_owned).collect()
    };
    assert_eq!(maps(&before), maps(&after));
}

#[test]
fn a_peer_that_closes_leaves_no_timer_that_is_always_due() {
    let (mut net, id) = connected();
    send_frames(&mut net, OFFERER, id, 10);
    let now = net.now;
    net.peers[ANSWERER].connection.close(now);
    net.run_for(SETTLED);
    assert!(net.peers[OFFERER].has(&Event::DtlsClosed));
    let connection = &mut net.peers[OFFERER].connection;
    connection.handle_timeout(net.now);
    assert!(connection.poll_timeout().is_none_or(|due| due > net.now));
}
