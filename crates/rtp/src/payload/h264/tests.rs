//! Units in are units out.

use bytes::Bytes;
use hex_literal::hex;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::payload::video_testing::{cut, receive};
use crate::payload::{
    Depacketizer, Details, Format, OutgoingFrame, Packet, PacketizeError, Packetizer,
};

/// 640 x 360, High profile, by x264.
const SPS: [u8; 25] = hex!("67 64001e acd940a02ff9610000030001000003003c8f162d96");
const PPS: [u8; 6] = hex!("68 ebe3cb22c0");
/// Slices that refresh: the first, of kind 7, with the picture parameter set 0.
const IDR_1: [u8; 3] = hex!("65 8884");
const IDR_2: [u8; 3] = hex!("65 8885");

fn stream(units: &[&[u8]]) -> Bytes {
    let coded = units.iter().flat_map(|unit| [&[0, 0, 0, 1][..], unit]);
    Bytes::from(coded.collect::<Vec<_>>().concat())
}

fn packet(sequence: u64, timestamp: u32, marker: bool, payload: &[u8]) -> Packet {
    Packet {
        sequence,
        timestamp,
        marker,
        payload: Bytes::copy_from_slice(payload),
    }
}

#[test]
fn a_sequence_parameter_set_tells_the_size() {
    let sps = Sps::parse(&SPS).unwrap();
    assert_eq!((sps.profile, sps.level, sps.id), (100, 30, 0));
    let size = Resolution {
        width: 640,
        height: 360,
    };
    assert_eq!(sps.resolution, size);
    for len in 0..SPS.len() {
        let _ = Sps::parse(&SPS[..len]);
    }
}

#[test]
fn short_units_travel_together_and_long_ones_in_pieces() {
    let idr = [&[0x65, 0x88][..], &[7; 3000]].concat();
    let frame = OutgoingFrame::new(stream(&[&SPS, &PPS, &idr]));
    let packets = cut(Format::H264, &[(0, frame.clone())], 1200);
    let first: Vec<u8> = packets
        .iter()
        .map(|(_, packet)| packet.payload[0] & 0x1f)
        .collect();
    assert_eq!(first, [24, 28, 28, 28]);
    assert!(starts_key_frame(&packets[0].1.payload));
    let size = Sps::parse(&SPS).map(|sps| sps.resolution);
    assert_eq!(Format::H264.payload_resolution(&packets[0].1.payload), size);
    assert_eq!(Format::H264.payload_resolution(&SPS), size);
    assert_eq!(Format::H264.payload_resolution(&packets[1].1.payload), None);
    assert!(starts_key_frame(&packets[1].1.payload));
    assert!(!starts_key_frame(&packets[2].1.payload));
    let mut depacketizer = Depacketizer::new(Format::H264);
    let frames = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].data, frame.data);
    assert!(frames[0].is_key && frames[0].marker);
    let Details::H264(info) = &frames[0].details else {
        panic!()
    };
    assert_eq!(info.resolution.map(|size| size.width), Some(640));
}

#[test]
fn without_packetization_mode_1_each_unit_is_a_packet_and_may_not_be_longer() {
    let frame = OutgoingFrame::new(stream(&[&SPS, &PPS, &[0x65, 0x88, 1]]));
    let packets = cut(Format::H264SingleUnit, &[(0, frame)], 1200);
    assert_eq!(packets.len(), 3);
    let mut packetizer = Packetizer::new(Format::H264SingleUnit);
    let long = OutgoingFrame::new(stream(&[&[0x65; 100]]));
    assert_eq!(packetizer.start(long, 99), Err(PacketizeError::TooLong));
}

#[test]
fn start_codes_of_three_bytes_and_zeros_behind_units_are_understood() {
    let data = hex!("000001 6742 000001 68ce 00 00000001 658801 0000");
    let frame = OutgoingFrame::new(Bytes::copy_from_slice(&data));
    let packets = cut(Format::H264, &[(0, frame)], 1200);
    assert_eq!(packets.len(), 1);
    assert_eq!(
        packets[0].1.payload[..],
        hex!("78 0002 6742 0002 68ce 0003 658801")
    );
}

#[test]
fn what_is_no_byte_stream_is_refused() {
    let mut packetizer = Packetizer::new(Format::H264);
    for data in [
        &hex!("658801")[..],
        &hex!("00000001"),
        &hex!("00000001 7c85"),
    ] {
        let frame = OutgoingFrame::new(Bytes::copy_from_slice(data));
        assert_eq!(
            packetizer.start(frame, 1200),
            Err(PacketizeError::Malformed)
        );
    }
}

#[test]
fn parameter_sets_that_came_before_are_put_before_a_key_frame_without_them() {
    let mut depacketizer = Depacketizer::new(Format::H264);
    let packets = [
        packet(0, 0, false, &SPS),
        packet(1, 0, false, &PPS),
        packet(2, 0, true, &IDR_1),
        packet(3, 1, true, &IDR_2),
        packet(4, 2, true, &[0x41, 0x9a, 3]),
    ];
    let frames = receive(&mut depacketizer, &packets);
    let data: Vec<_> = frames.iter().map(|frame| frame.data.clone()).collect();
    assert_eq!(data[1], stream(&[&SPS, &PPS, &IDR_2]));
    assert_eq!(data[2], stream(&[&[0x41, 0x9a, 3]]));
}

#[test]
fn a_key_frame_whose_parameter_sets_may_be_lost_is_withheld() {
    let mut depacketizer = Depacketizer::new(Format::H264);
    let packets = [
        packet(0, 0, false, &SPS),
        packet(1, 0, false, &PPS),
        packet(2, 0, true, &IDR_1),
        // Its sets were 3 and 4.
        packet(4, 1, false, &PPS),
        packet(5, 1, true, &IDR_2),
        packet(6, 2, true, &[0x41, 0x9a, 3]),
        // This one has come without any.
        packet(7, 3, true, &IDR_1),
        packet(9, 4, true, &IDR_2),
    ];
    let frames = receive(&mut depacketizer, &packets);
    let seen = frames.iter().map(|frame| (frame.timestamp, frame.is_key));
    let seen: Vec<_> = seen.collect();
    assert_eq!(seen, [(0, true), (2, false), (3, true), (4, true)]);
    assert!(frames[1].follows_loss);
    assert_eq!(depacketizer.stats().frames_dropped, 1);
}

#[test]
fn a_key_frame_whose_parameter_sets_never_came_is_none_to_begin_with() {
    let mut depacketizer = Depacketizer::new(Format::H264);
    let packets = [packet(0, 0, false, &PPS), packet(1, 0, true, &IDR_1)];
    let frames = receive(&mut depacketizer, &packets);
    assert_eq!(frames[0].data, stream(&[&PPS, &IDR_1]));
    assert!(!frames[0].is_key);
    assert_eq!(depacketizer.stats().key_frames, 0);
}

#[test]
fn a_frame_without_a_marker_ends_where_the_next_one_begins() {
    let mut depacketizer = Depacketizer::new(Format::H264);
    let packets = [
        packet(0, 0, false, &[0x65, 0x88, 1]),
        packet(1, 1, false, &[0x41, 0x9a, 2]),
        packet(2, 2, true, &[0x41, 0x9a, 3]),
    ];
    assert_eq!(receive(&mut depacketizer, &packets).len(), 3);
}

#[test]
fn after_a_loss_a_frame_begins_with_its_first_slice() {
    let mut depacketizer = Depacketizer::new(Format::H264);
    let packets = [
        packet(0, 0, true, &[0x65, 0x88, 1]),
        packet(2, 1, true, &[0x41, 0x1a, 2]),
        packet(3, 2, true, &[0x41, 0x9a, 3]),
    ];
    let frames = receive(&mut depacketizer, &packets);
    let times: Vec<_> = frames.iter().map(|frame| frame.timestamp).collect();
    assert_eq!(times, [0, 2]);
    assert!(frames[1].follows_loss);
}

#[test]
fn payloads_of_other_modes_are_malformed() {
    for payload in [
        &hex!("79 0000")[..],
        &hex!("7c"),
        &hex!("7c 85"),
        &hex!("78 0005 65"),
        &hex!("00"),
    ] {
        let mut depacketizer = Depacketizer::new(Format::H264);
        assert_eq!(
            receive(&mut depacketizer, &[packet(0, 0, true, payload)]),
            []
        );
        assert_eq!(depacketizer.stats().packets_malformed, 1, "{payload:x?}");
    }
}

/// A stream of six pictures of two slices each, cut into access units before each first slice or what
/// precedes it.
fn access_units() -> Vec<Bytes> {
    let stream = Bytes::from_static(include_bytes!("../../../testdata/h264.264"));
    let mut ranges = Vec::new();
    units::find_units(&stream, &mut ranges);
    let mut all: Vec<Vec<&[u8]>> = vec![Vec::new()];
    let mut had_slice = false;
    for range in ranges {
        let unit = &stream[range];
        let is_slice = matches!(unit[0] & 0x1f, 1 | 5);
        let begins = !is_slice || sps::is_first_slice(unit);
        if begins && std::mem::take(&mut had_slice) {
            all.push(Vec::new());
        }
        had_slice |= is_slice;
        if let Some(last) = all.last_mut() {
            last.push(unit);
        }
    }
    all.iter().map(|units| self::stream(units)).collect()
}

#[test]
fn the_frames_of_an_encoder_go_through_unchanged() {
    let data = access_units();
    assert_eq!(data.len(), 6);
    let sent: Vec<_> = (0..)
        .zip(data.iter().cloned().map(OutgoingFrame::new))
        .collect();
    let packets = cut(Format::H264, &sent, 300);
    let mut depacketizer = Depacketizer::new(Format::H264);
    let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
    let keys: Vec<_> = received.iter().map(|frame| frame.is_key).collect();
    assert_eq!(keys, [true, false, false, true, false, false]);
    for (received, sent) in received.iter().zip(&data) {
        assert_eq!(received.data, sent);
        let Details::H264(info) = received.details else {
            panic!("{:?}", received.details)
        };
        let size = Resolution {
            width: 98,
            height: 54,
        };
        assert_eq!(info.resolution, received.is_key.then_some(size));
        assert_eq!(received.details.resolution(), info.resolution);
        assert_eq!(Format::H264.resolution(sent), info.resolution);
    }
}

/// Units without start codes in them, the first of each frame a first slice; some with that header.
fn frames(header: u8) -> impl Strategy<Value = Vec<(u32, OutgoingFrame)>> {
    let unit = vec(1u8..=255, 1..3000);
    let frame = vec(
        (prop_oneof![Just(0x41u8), Just(header), Just(0x06)], unit),
        1..4,
    );
    vec(frame, 1..8).prop_map(|frames| {
        let coded = frames.into_iter().map(|units| {
            let units: Vec<Vec<u8>> = units
                .into_iter()
                .map(|(header, mut body)| {
                    body[0] |= 0x80;
                    body.insert(0, header);
                    body
                })
                .collect();
            let units: Vec<&[u8]> = units.iter().map(Vec::as_slice).collect();
            OutgoingFrame::new(stream(&units))
        });
        (0..).zip(coded).collect()
    })
}

proptest! {
    #[test]
    fn frames_in_are_frames_out(sent in frames(0x65), max_len in 20usize..1400) {
        let packets = cut(Format::H264, &sent, max_len);
        let mut depacketizer = Depacketizer::new(Format::H264);
        let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
        let received: Vec<_> = received.into_iter().map(|frame| (frame.timestamp, frame.data)).collect();
        let expected: Vec<_> = sent.into_iter().map(|(time, frame)| (time, frame.data)).collect();
        prop_assert_eq!(received, expected);
    }

    #[test]
    fn no_frame_that_lost_a_later_packet_is_answered(
        // No refreshing slices: they would miss parameter sets.
        sent in frames(0x61),
        lost in vec(any::<bool>(), 60),
    ) {
        let packets = cut(Format::H264, &sent, 1000);
        let begins = |at: usize| at == 0 || packets[at - 1].0 != packets[at].0;
        // The first packet of a frame cannot always be missed.
        let is_lost = |at: usize| lost.get(at).copied().unwrap_or(false) && !begins(at);
        let kept = packets.iter().enumerate().filter(|(at, _)| !is_lost(*at));
        let mut depacketizer = Depacketizer::new(Format::H264);
        let received = receive(&mut depacketizer, kept.map(|(_, (_, packet))| packet));
        let whole = sent.iter().enumerate().filter(|(frame, _)| {
            let mut all = packets.iter().enumerate();
            !all.any(|(at, (of, _))| of == frame && is_lost(at))
        });
        let whole: Vec<_> = whole.map(|(_, (_, frame))| frame.data.clone()).collect();
        let received: Vec<_> = received.into_iter().map(|frame| frame.data).collect();
        prop_assert_eq!(received, whole);
    }

    #[test]
    fn any_bytes_are_read_or_refused(payloads in vec((vec(any::<u8>(), 1..60), any::<bool>()), 1..8)) {
        let mut depacketizer = Depacketizer::new(Format::H264);
        for (sequence, (payload, marker)) in (0..).zip(&payloads) {
            starts_key_frame(payload);
            let _ = Sps::parse(payload);
            depacketizer.handle_packet(packet(sequence, sequence as u32 / 2, *marker, payload));
        }
        while depacketizer.poll_frame().is_some() {}
    }
}
