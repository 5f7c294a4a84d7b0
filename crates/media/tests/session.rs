//! What two sessions tell each other besides media.

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::{Call, Peer, codec, extensions, only, receiver, sender};
use tidewire_crypto::Rng;
use tidewire_media::{
    BandwidthEstimator, Config, Encoding, EncodingId, Event, FixedRate, FrameInfo, MediaKind,
    PacketResult, ReceiverConfig, SenderConfig, SenderId, SentPacket, Session, WallClock,
};
use tidewire_netsim::LinkConfig;
use tidewire_rtp::payload::{Format, OutgoingFrame};

const DELAY: Duration = Duration::from_millis(30);

fn link() -> LinkConfig {
    LinkConfig {
        delay: DELAY,
        ..LinkConfig::default()
    }
}

fn opaque(len: usize) -> OutgoingFrame {
    OutgoingFrame::new(Bytes::from(vec![7; len]))
}

/// A VP8 frame: a key frame, or none.
fn vp8(len: usize, is_key: bool) -> OutgoingFrame {
    OutgoingFrame::new(Bytes::from(vec![u8::from(!is_key); len]))
}

fn send(call: &mut Call, id: EncodingId, frame: OutgoingFrame, timestamp: u32) {
    let info = FrameInfo {
        timestamp,
        ..FrameInfo::default()
    };
    let result = call.alice.session.send_frame(call.now, id, frame, &info);
    result.expect("a frame that can be sent");
}

#[test]
fn capture_times_of_streams_whose_clocks_drift_stay_together() {
    let mut call = Call::new(&link(), 1);
    let mut add = |mid: &str, kind, ssrc| {
        let codec = tidewire_media::Codec {
            payload_type: ssrc as u8,
            rtx_payload_type: None,
            ..codec(Format::Opaque, kind)
        };
        let id = call
            .alice
            .session
            .add_sender(sender(mid, kind, codec, ssrc));
        call.bob.session.add_receiver(receiver(mid, kind, codec));
        id
    };
    let audio = add("0", MediaKind::Audio, 100);
    let video = add("1", MediaKind::Video, 101);
    let begin = call.now;
    // Sound runs 200 ppm fast, pictures as much slow.
    let ticks = |elapsed: Duration, rate: f64| (elapsed.as_secs_f64() * rate) as u32;
    let (sound, picture) = (48_000.0 * 1.0002, 90_000.0 * 0.9998);
    let mut captured = Vec::new();
    for _ in 0..60 * 30 {
        let elapsed = call.now - begin;
        send(&mut call, only(audio), opaque(50), ticks(elapsed, sound));
        send(
            &mut call,
            only(video),
            opaque(500),
            ticks(elapsed, picture).wrapping_sub(1 << 20),
        );
        captured.push(common::WALL.after(elapsed));
        call.run_for(Duration::from_micros(33_333));
    }
    call.run_for(Duration::from_secs(1));
    for ssrc in [100, 101] {
        let frames: Vec<_> = call
            .bob
            .frames
            .iter()
            .filter(|(of, _)| *of == ssrc)
            .collect();
        assert_eq!(frames.len(), captured.len());
        // After the first reports.
        for ((_, frame), expected) in frames.iter().zip(&captured).skip(90) {
            let told = frame.capture_time.expect("a report came");
            let error = told.to_unix().abs_diff(expected.to_unix());
            assert!(error < Duration::from_millis(5), "{ssrc}: {error:?}");
        }
    }
}

#[test]
fn both_ends_learn_the_round_trip() {
    let mut call = Call::new(&link(), 1);
    let (sender, _) = call.connect(Format::Opaque, MediaKind::Video, 100);
    for number in 0..200 {
        send(&mut call, only(sender), opaque(100), number * 3000);
        call.run_for(Duration::from_millis(33));
    }
    // Alice by receiver reports, Bob, who sends nothing, by extended ones.
    for (name, peer) in [("Alice", &call.alice), ("Bob", &call.bob)] {
        let rtt = peer.session.stats().rtt.expect("a round trip");
        assert!(rtt.abs_diff(DELAY * 2) < DELAY / 5, "{name}: {rtt:?}");
    }
}

#[test]
fn a_goodbye_ends_the_stream() {
    let mut call = Call::new(&link(), 1);
    let (sender, _) = call.connect(Format::Opaque, MediaKind::Video, 100);
    send(&mut call, only(sender), opaque(100), 0);
    call.run_for(Duration::from_secs(1));
    call.alice.session.remove_sender(sender);
    call.run_for(Duration::from_secs(1));
    let ended = |event: &Event| matches!(event, Event::StreamEnded(stream) if stream.ssrc == 100);
    assert!(call.bob.events.iter().any(ended), "{:?}", call.bob.events);
}

#[test]
fn a_key_frame_is_asked_for_until_it_comes() {
    let mut call = Call::new(&link(), 1);
    let (sender, _) = call.connect(Format::Vp8, MediaKind::Video, 100);
    for number in 0..60 {
        send(&mut call, only(sender), vp8(100, false), number * 3000);
        call.run_for(Duration::from_millis(33));
    }
    let asked = |call: &Call| {
        let wanted = Event::KeyFrameRequested(only(sender));
        call.alice
            .events
            .iter()
            .filter(|event| **event == wanted)
            .count()
    };
    // In two seconds, every 300 ms.
    assert!((4..=8).contains(&asked(&call)), "{}", asked(&call));
    send(&mut call, only(sender), vp8(100, true), 60 * 3000);
    call.run_for(Duration::from_millis(500));
    let before = asked(&call);
    for number in 61..90 {
        send(&mut call, only(sender), vp8(100, false), number * 3000);
        call.run_for(Duration::from_millis(33));
    }
    assert_eq!(asked(&call), before);
}

#[test]
fn a_long_frame_leaves_at_the_pace_and_delays_no_audio() {
    let rate = FixedRate {
        bitrate: 4_000_000,
        padding: 0,
    };
    let mut call = Call::with_rate(&link(), 1, rate);
    let (video, _) = call.connect(Format::Vp8, MediaKind::Video, 100);
    let audio_codec = tidewire_media::Codec {
        payload_type: 111,
        rtx_payload_type: None,
        ..codec(Format::Opaque, MediaKind::Audio)
    };
    let audio = sender("1", MediaKind::Audio, audio_codec, 200);
    let audio = call.alice.session.add_sender(audio);
    call.bob
        .session
        .add_receiver(receiver("1", MediaKind::Audio, audio_codec));
    let begin = call.now;
    // 200 kB at 4 Mbit/s take 0.4 s.
    send(&mut call, only(video), vp8(200_000, true), 0);
    for number in 0..30 {
        let sent = call.now;
        let heard = call.bob.frames.len();
        send(&mut call, only(audio), opaque(80), number * 960);
        call.run_for(Duration::from_millis(35));
        let arrived = call.bob.frames[heard..]
            .iter()
            .find(|(ssrc, _)| *ssrc == 200);
        let (_, frame) = arrived.expect("audio arrives in time");
        assert!(frame.arrival - sent < DELAY + Duration::from_millis(2));
    }
    let (_, picture) = call
        .bob
        .frames
        .iter()
        .find(|(ssrc, _)| *ssrc == 100)
        .expect("the picture");
    let took = picture.arrival - begin - DELAY;
    assert!(
        took.abs_diff(Duration::from_millis(400)) < Duration::from_millis(60),
        "{took:?}"
    );
}

#[test]
fn padding_fills_up_to_its_rate() {
    let rate = FixedRate {
        bitrate: 10_000_000,
        padding: 1_000_000,
    };
    let mut call = Call::with_rate(&link(), 1, rate);
    let (sender, _) = call.connect(Format::Opaque, MediaKind::Video, 100);
    send(&mut call, only(sender), opaque(900), 0);
    call.run_for(Duration::from_secs(4));
    let stats = call
        .alice
        .session
        .sender_stats(sender)
        .next()
        .expect("a stream");
    let bits = stats.padding_packets * 950 * 8;
    assert!((3_000_000..5_000_000).contains(&bits), "{stats:?}");
}

/// Three layers by their names; signalling has named no streams.
fn simulcast(call: &mut Call) -> SenderId {
    let codec = codec(Format::Vp8, MediaKind::Video);
    let encoding = |(rid, ssrc): (&str, u32)| Encoding {
        ssrc,
        rtx_ssrc: Some(ssrc + 1),
        rid: Some(rid.to_owned()),
        is_active: true,
    };
    let config = SenderConfig {
        encodings: [("q", 10), ("h", 20), ("f", 30)].map(encoding).to_vec(),
        ..sender("0", MediaKind::Video, codec, 0)
    };
    call.bob
        .session
        .add_receiver(receiver("0", MediaKind::Video, codec));
    call.alice.session.add_sender(config)
}

#[test]
fn layers_are_told_apart_and_repaired_by_their_names() {
    let bad = LinkConfig {
        loss: 0.1,
        ..link()
    };
    let mut call = Call::new(&bad, 3);
    let sender = simulcast(&mut call);
    for number in 0..90 {
        for index in 0..3 {
            let id = EncodingId { sender, index };
            send(
                &mut call,
                id,
                vp8(200 + 1000 * index, number == 0),
                number * 3000,
            );
        }
        call.run_for(Duration::from_millis(33));
    }
    call.run_for(Duration::from_secs(1));
    for (rid, ssrc) in [("q", 10), ("h", 20), ("f", 30)] {
        let started = call.bob.events.iter().any(|event| {
            matches!(event, Event::StreamStarted { stream, rid: name }
                if stream.ssrc == ssrc && name.as_deref() == Some(rid))
        });
        assert!(started, "{rid}: {:?}", call.bob.events);
        let frames = call.bob.frames.iter().filter(|(of, _)| *of == ssrc).count();
        assert!(frames >= 85, "{rid}: {frames}");
    }
}

#[test]
fn a_number_that_both_use_is_changed_by_the_one_who_notices() {
    let mut call = Call::new(&link(), 1);
    let (sender, _) = call.connect(Format::Opaque, MediaKind::Video, 100);
    let codec = codec(Format::Opaque, MediaKind::Video);
    let other = common::sender("1", MediaKind::Video, codec, 100);
    let other = call.bob.session.add_sender(other);
    let all = ReceiverConfig {
        extensions: extensions(),
        ..receiver("1", MediaKind::Video, codec)
    };
    call.alice.session.add_receiver(all);
    for number in 0..30 {
        send(&mut call, only(sender), opaque(100), number * 3000);
        call.run_for(Duration::from_millis(33));
    }
    assert!(call.bob.events.contains(&Event::SsrcChanged(only(other))));
    let numbers = call.bob.session.sender_stats(other).map(|stats| stats.ssrc);
    assert!(numbers.into_iter().all(|ssrc| ssrc != 100));
    assert!(call.bob.frames.len() >= 29);
}

/// Writes down what it is told.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    sent: u64,
    arrived: u64,
    reports: u64,
}

impl BandwidthEstimator for Recorder {
    fn handle_sent(&mut self, _: Instant, packet: SentPacket) {
        let mut record = self.0.lock().expect("nobody panics");
        assert_eq!(packet.sequence, record.sent);
        record.sent += 1;
    }

    fn handle_feedback(&mut self, _: Instant, results: &[PacketResult]) {
        let arrived = results.iter().filter(|result| result.arrival.is_some());
        self.0.lock().expect("nobody panics").arrived += arrived.count() as u64;
    }

    fn handle_report(&mut self, _: Instant, fraction_lost: f32, _: Option<Duration>) {
        assert_eq!(fraction_lost, 0.0);
        self.0.lock().expect("nobody panics").reports += 1;
    }

    fn handle_remb(&mut self, _: Instant, _: u64) {}

    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn target_bitrate(&self) -> u64 {
        1_000_000
    }

    fn pacing_bitrate(&self) -> u64 {
        10_000_000
    }

    fn padding_bitrate(&self) -> u64 {
        0
    }
}

#[test]
fn the_estimator_learns_of_every_packet_and_its_arrival() {
    let mut call = Call::new(&link(), 1);
    let recorder = Recorder::default();
    let wall_clock = WallClock {
        instant: call.now,
        time: common::WALL,
    };
    let config = Config::new(wall_clock, "alice".to_owned());
    let estimator = Box::new(recorder.clone());
    call.alice = Peer::new(call.now, 0, FixedRate::default());
    call.alice.session = Session::new(config, estimator, Rng::from_u64(9), call.now);
    let (sender, _) = call.connect(Format::Vp8, MediaKind::Video, 100);
    for number in 0..100 {
        send(
            &mut call,
            only(sender),
            vp8(5000, number == 0),
            number * 3000,
        );
        call.run_for(Duration::from_millis(33));
    }
    call.run_for(Duration::from_secs(1));
    let record = recorder.0.lock().expect("nobody panics");
    assert_eq!(record.sent, 500);
    assert_eq!(record.arrived, 500);
    assert!(record.reports > 0);
}

#[test]
fn what_has_waited_too_long_is_dropped_and_a_key_frame_asked_for() {
    let mut call = Call::new(&link(), 1);
    let (sender, _) = call.connect(Format::Vp8, MediaKind::Video, 100);
    // Nobody asks for packets while the path is away.
    send(&mut call, only(sender), vp8(5000, true), 0);
    call.now += Session::MAX_WAIT + Duration::from_millis(1);
    send(&mut call, only(sender), vp8(5000, false), 3000);
    call.run_for(Duration::from_secs(1));
    assert_eq!(call.alice.session.stats().pacer_expired, 5);
    let wanted = Event::KeyFrameRequested(only(sender));
    assert!(call.alice.events.contains(&wanted));
}
