//! What is told of streams.

use std::time::Duration;

use tidewire::{Delivery, EncodingParameters, FrameInfo, MediaKind, OutgoingFrame, OutgoingPacket};
use tidewire_netsim::{Link, LinkConfig};

use crate::call::{DELAY, VIDEO_LEN, call, find, report, send_frames, video_frame};
use crate::common::{ANSWERER, Net, OFFERER};

/// Only the caller sends: audio and video.
fn one_way(link: &LinkConfig) -> Net {
    let mut net = Net::new(3, link);
    for kind in [MediaKind::Audio, MediaKind::Video] {
        let caller = &mut net.peers[OFFERER].connection;
        caller.add_track(kind, &["stream"]).expect("a transceiver");
    }
    net.negotiate();
    net.run_for(Duration::from_secs(1));
    net
}

fn send_video(net: &mut Net, number: u32, len: usize) {
    let now = net.now;
    let caller = &mut net.peers[OFFERER].connection;
    let mut all = caller.transceivers();
    let video = all.find(|state| state.kind == MediaKind::Video);
    let id = video.expect("a transceiver").id;
    drop(all);
    let info = FrameInfo {
        timestamp: number * 3000,
        is_key: number.is_multiple_of(30),
        ..FrameInfo::default()
    };
    let frame = OutgoingFrame::new(video_frame(number, len).into());
    let sent = caller.send_frame(now, id, 0, frame, &info);
    sent.expect("a frame that can be sent");
}

fn link(delay: Duration) -> LinkConfig {
    LinkConfig {
        delay,
        ..LinkConfig::default()
    }
}

#[test]
fn headers_and_payloads_are_all_that_is_sent() {
    let net = call(0.0);
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    for kind in ["audio", "video"] {
        let sent = find!(caller, OutboundRtp, |stats| stats.kind == kind);
        let received = find!(callee, InboundRtp, |stats| stats.ssrc == sent.ssrc);
        assert_eq!(sent.header_bytes_sent, received.header_bytes_received);
        // A header has 12 bytes, and some extensions.
        let average = sent.header_bytes_sent / sent.packets_sent;
        assert!((13..48).contains(&average), "{average}");
        let remote = find!(caller, RemoteInboundRtp, |stats| stats.ssrc == sent.ssrc);
        assert_eq!(remote.packets_received, sent.packets_sent);
        let source = find!(caller, MediaSource, |stats| stats.kind == kind);
        assert_eq!(sent.media_source_id, Some(source.id));
        assert_eq!(received.track_identifier, Some(source.track_identifier));
    }
}

#[test]
fn packets_that_are_sent_again_count_on_both_sides() {
    let net = call(0.05);
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    let sent = find!(caller, OutboundRtp, |stats| stats.kind == "video");
    let received = find!(callee, InboundRtp, |stats| stats.ssrc == sent.ssrc);
    let again = received.retransmitted_packets_received;
    assert!(again > 0 && again <= sent.retransmitted_packets_sent);
    assert!(received.retransmitted_bytes_received <= sent.retransmitted_bytes_sent);
    assert!(received.rtx_ssrc.is_some() && received.rtx_ssrc == sent.rtx_ssrc);
    assert!(received.nack_count >= sent.nack_count && sent.nack_count > 0);
    // A packet that is repaired had to be waited for: for a round trip and more.
    let waited = received.jitter_buffer_delay.expect("a buffer");
    let at_least = again as f64 * DELAY.as_secs_f64() * 2.0;
    assert!(waited > at_least / 2.0, "{waited} {at_least}");
    let remote = find!(caller, RemoteInboundRtp, |stats| stats.ssrc == sent.ssrc);
    let told = remote.packets_received as i64 + remote.packets_lost;
    let first_time = (sent.packets_sent - sent.retransmitted_packets_sent) as i64;
    assert!((0..=3).contains(&(first_time - told)), "{remote:?}");
}

#[test]
fn frames_take_as_long_as_the_link_is_narrow() {
    const BANDWIDTH: u64 = 250_000;
    let mut net = one_way(&link(DELAY));
    net.links[OFFERER] = Link::new(
        LinkConfig {
            bandwidth: Some(BANDWIDTH),
            ..link(DELAY)
        },
        1,
    );
    for number in 0..60 {
        send_video(&mut net, number, VIDEO_LEN);
        net.run_for(Duration::from_millis(33));
    }
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    let received = find!(callee, InboundRtp, |stats| stats.kind == "video");
    assert_eq!(received.frames_received, Some(60));
    assert_eq!(received.frames_assembled_from_multiple_packets, Some(60));
    assert_eq!(received.jitter_buffer_emitted_count, Some(60));
    // After the first packet comes the rest of the frame.
    let expected = VIDEO_LEN as f64 * 2.0 / 3.0 / BANDWIDTH as f64;
    let total = received.total_assembly_time.expect("frames");
    let average = total / 60.0;
    assert!((expected..expected * 1.2).contains(&average), "{average}");
    // Nothing was lost: the frame leaves with its last packet.
    assert_eq!(received.jitter_buffer_delay, received.total_assembly_time);
    let sent = find!(caller, OutboundRtp, |stats| stats.kind == "video");
    for size in [
        (sent.frame_width, sent.frame_height),
        (received.frame_width, received.frame_height),
    ] {
        assert_eq!(size, (Some(640), Some(360)));
    }
    for rate in [sent.frames_per_second, received.frames_per_second] {
        let rate = rate.expect("frames");
        assert!((29.0..=31.0).contains(&rate), "{rate}");
    }
    net.run_for(Duration::from_secs(2));
    let callee = report(&net, ANSWERER);
    let idle = find!(callee, InboundRtp, |stats| stats.kind == "video");
    assert_eq!(idle.frames_per_second, Some(0.0));
}

#[test]
fn what_waits_in_the_pacer_is_told() {
    const LEN: usize = 200_000;
    let mut net = one_way(&link(DELAY));
    send_video(&mut net, 0, LEN);
    net.run_for(Duration::from_millis(200));
    let caller = report(&net, OFFERER);
    let sent = find!(caller, OutboundRtp, |stats| stats.kind == "video");
    let target = sent.target_bitrate.expect("the only video");
    assert_eq!(target, 5e7);
    // They leave one after another: on average, each waits for half of the time that all take; the
    // first of them do not.
    let took = LEN as f64 * 8.0 / target;
    let average = sent.total_packet_send_delay / sent.packets_sent as f64;
    let expected = took / 2.0 - 0.005;
    assert!((average - expected).abs() < 0.003, "{average} {expected}");
    let audio = find!(caller, OutboundRtp, |stats| stats.kind == "audio");
    assert_eq!(audio.total_packet_send_delay, 0.0);
    assert_eq!(audio.target_bitrate, None);
}

#[test]
fn packets_of_the_application_wait_from_when_they_were_sent() {
    const COUNT: u32 = 200;
    let mut net = one_way(&link(DELAY));
    let now = net.now;
    let caller = &mut net.peers[OFFERER].connection;
    let mut all = caller.transceivers();
    let video = all.find(|state| state.kind == MediaKind::Video);
    let id = video.expect("a transceiver").id;
    drop(all);
    for _ in 0..COUNT {
        let packet = OutgoingPacket {
            marker: true,
            payload_type: None,
            sequence_number: None,
            timestamp: 0,
            payload: vec![1; 1000].into(),
            extensions: Default::default(),
        };
        let sent = caller.send_packet(now, id, 0, packet);
        sent.expect("a packet that fits");
    }
    net.run_for(Duration::from_millis(200));
    let caller = report(&net, OFFERER);
    let sent = find!(caller, OutboundRtp, |stats| stats.kind == "video");
    assert_eq!(sent.packets_sent, u64::from(COUNT));
    let took = f64::from(COUNT) * 8000.0 / 5e7;
    let average = sent.total_packet_send_delay / f64::from(COUNT);
    let expected = took / 2.0 - 0.005;
    assert!((average - expected).abs() < 0.003, "{average} {expected}");
}

#[test]
fn an_encoding_has_the_rate_that_was_set_for_it() {
    let mut net = one_way(&link(DELAY));
    let caller = &mut net.peers[OFFERER].connection;
    let all: Vec<_> = caller.transceivers().collect();
    for (state, rate) in all.iter().zip([32_000, 90_000_000]) {
        let encoding = EncodingParameters {
            max_bitrate: Some(rate),
            ..state.encodings[0].clone()
        };
        caller
            .set_parameters(state.id, &[encoding])
            .expect("a rate");
    }
    let caller = report(&net, OFFERER);
    for (kind, rate) in [("audio", 32_000.0), ("video", 5e7)] {
        let sent = find!(caller, OutboundRtp, |stats| stats.kind == kind);
        assert_eq!(sent.target_bitrate, Some(rate));
    }
}

#[test]
fn who_only_receives_learns_the_round_trip_too() {
    let mut net = one_way(&link(DELAY));
    for number in 0..150 {
        send_frames(&mut net, OFFERER, number);
        net.run_for(Duration::from_millis(33));
    }
    let callee = report(&net, ANSWERER);
    let remote = find!(callee, RemoteOutboundRtp, |stats| stats
        .round_trip_time
        .is_some());
    let rtt = remote.round_trip_time.expect("as found");
    assert!((0.04..0.05).contains(&rtt), "{rtt}");
    let count = remote.round_trip_time_measurements;
    assert!(count >= 2 && count <= remote.reports_sent);
    let average = remote.total_round_trip_time / count as f64;
    assert!((0.04..0.05).contains(&average), "{average}");
}

#[test]
fn requests_for_key_frames_count_on_both_sides() {
    let mut net = one_way(&link(DELAY));
    for number in 0..60 {
        send_video(&mut net, number, VIDEO_LEN);
        net.run_for(Duration::from_millis(33));
        if number == 10 || number == 40 {
            let now = net.now;
            let callee = &mut net.peers[ANSWERER].connection;
            let mut all = callee.transceivers();
            let video = all.find(|state| state.kind == MediaKind::Video);
            let id = video.expect("a transceiver").id;
            drop(all);
            callee.request_key_frame(now, id, None);
        }
    }
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    let sent = find!(caller, OutboundRtp, |stats| stats.kind == "video");
    let received = find!(callee, InboundRtp, |stats| stats.kind == "video");
    assert!(received.pli_count >= Some(2));
    assert_eq!(sent.pli_count, received.pli_count);
    assert_eq!((sent.fir_count, received.fir_count), (Some(0), Some(0)));
}

#[test]
fn packets_that_are_handed_on_as_they_are_are_no_frames() {
    let mut net = one_way(&link(DELAY));
    let now = net.now;
    let callee = &mut net.peers[ANSWERER].connection;
    let all: Vec<_> = callee.transceivers().collect();
    for state in all {
        let set = callee.set_delivery(now, state.id, Delivery::Packets);
        set.expect("a transceiver");
    }
    for number in 0..10 {
        send_frames(&mut net, OFFERER, number);
        net.run_for(Duration::from_millis(33));
    }
    let callee = report(&net, ANSWERER);
    let received = find!(callee, InboundRtp, |stats| stats.kind == "video");
    assert_eq!(received.packets_received, 30);
    assert_eq!(received.frames_received, None);
    assert_eq!(received.frames_per_second, None);
    assert_eq!(received.jitter_buffer_emitted_count, None);
    // The packet that begins a key frame tells.
    let size = (received.frame_width, received.frame_height);
    assert_eq!(size, (Some(640), Some(360)));
}
