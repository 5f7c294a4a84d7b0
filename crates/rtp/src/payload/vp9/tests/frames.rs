//! Whole frames, of real encoders too.

use bytes::Bytes;
use hex_literal::hex;

use crate::payload::video_testing::{cut, ivf_frames, receive, rtp_packets};
use crate::payload::vp9::{
    Descriptor, FrameInfo, Layers, PictureId, References, Structure, starts_key_frame,
};
use crate::payload::{
    Depacketizer, Details, Format, Frame, OutgoingFrame, Packet, PacketizeError, Packetizer,
    Resolution,
};

const LIBVPX: &[u8] = include_bytes!("../../../../testdata/vp9.ivf");
const LIBVPX_444: &[u8] = include_bytes!("../../../../testdata/vp9_444.ivf");
/// What FFmpeg 5.1 and GStreamer 1.22 make of the first file, in packets of 300 bytes at most.
const BY_FFMPEG: &[u8] = include_bytes!("../../../../testdata/vp9_ffmpeg.rtp");
const BY_GSTREAMER: &[u8] = include_bytes!("../../../../testdata/vp9_gstreamer.rtp");
const SIZE: Resolution = Resolution {
    width: 64,
    height: 48,
};

fn info(frame: &Frame) -> &FrameInfo {
    match &frame.details {
        Details::Vp9(info) => info,
        other => panic!("{other:?}"),
    }
}

fn packet(sequence: u64, marker: bool, payload: &[u8]) -> Packet {
    Packet {
        sequence,
        timestamp: 90_000,
        marker,
        payload: Bytes::copy_from_slice(payload),
    }
}

fn layer_frame(data: &'static [u8], spatial: u8, end_of_picture: bool) -> OutgoingFrame {
    let layers = Layers {
        spatial,
        inter_layer: spatial > 0,
        ..Layers::default()
    };
    let sizes = vec![
        SIZE,
        Resolution {
            width: 128,
            height: 96,
        },
    ];
    let structure = Structure::with_resolutions(sizes)
        .ok()
        .filter(|_| spatial == 0);
    let descriptor = Descriptor {
        layers: Some(layers),
        structure: structure.map(Box::new),
        ..Descriptor::default()
    };
    OutgoingFrame {
        data: Bytes::from_static(data),
        details: Details::Vp9(FrameInfo {
            descriptor,
            end_of_picture,
            resolution: None,
        }),
    }
}

#[test]
fn frames_of_libvpx_arrive_as_they_were() {
    for file in [LIBVPX, LIBVPX_444] {
        for max_len in [20, 100, 1200] {
            let frames = ivf_frames(file);
            let stamped =
                |(at, data): (usize, &Bytes)| (at as u32, OutgoingFrame::new(data.clone()));
            let sent: Vec<_> = frames.iter().enumerate().map(stamped).collect();
            let packets = cut(Format::Vp9, &sent, max_len);
            let mut depacketizer = Depacketizer::new(Format::Vp9);
            let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
            assert_eq!(received.len(), frames.len());
            for (index, frame) in received.iter().enumerate() {
                assert_eq!(frame.data, frames[index]);
                assert_eq!(frame.is_key, index % 4 == 0, "every fourth is a key frame");
                assert_eq!(info(frame).resolution, frame.is_key.then_some(SIZE));
                assert_eq!(frame.details.resolution(), info(frame).resolution);
                assert_eq!(Format::Vp9.resolution(&frame.data), info(frame).resolution);
                let id = info(frame).descriptor.picture_id;
                assert_eq!(id, Some(PictureId::long(index as u16)));
                assert!(frame.marker && !frame.follows_loss);
            }
            for (index, sent) in &packets {
                let first = received[*index].first_sequence == sent.sequence;
                assert_eq!(starts_key_frame(&sent.payload), first && index % 4 == 0);
                let size = Format::Vp9.payload_resolution(&sent.payload);
                assert_eq!(size, starts_key_frame(&sent.payload).then_some(SIZE));
            }
        }
    }
}

#[test]
fn packets_of_ffmpeg_become_frames() {
    let packets = rtp_packets(BY_FFMPEG);
    let received = receive(&mut Depacketizer::new(Format::Vp9), &packets);
    let data: Vec<_> = received.iter().map(|frame| frame.data.clone()).collect();
    assert_eq!(data, ivf_frames(LIBVPX));
    // Its descriptors tell the ends of frames and nothing else.
    assert!(
        received
            .iter()
            .all(|frame| info(frame).descriptor.picture_id.is_none())
    );
}

#[test]
fn packets_of_gstreamer_become_frames() {
    let packets = rtp_packets(BY_GSTREAMER);
    let received = receive(&mut Depacketizer::new(Format::Vp9), &packets);
    let data: Vec<_> = received.iter().map(|frame| frame.data.clone()).collect();
    assert_eq!(data, ivf_frames(LIBVPX));
    for (index, frame) in received.iter().enumerate() {
        assert_eq!(frame.is_key, index % 4 == 0);
        let descriptor = &info(frame).descriptor;
        let first = info(&received[0]).descriptor.picture_id.unwrap();
        assert_eq!(
            descriptor.picture_id,
            Some(first.wrapping_add(index as u16))
        );
        let structure = descriptor.structure.as_deref().filter(|_| frame.is_key);
        assert_eq!(structure.is_some(), frame.is_key);
        assert!(structure.is_none_or(|it| it.resolutions() == [SIZE] && it.group().is_some()));
    }
    for (packet, sent) in packets.iter().zip(1..) {
        let starts = received
            .iter()
            .find(|frame| frame.first_sequence == packet.sequence);
        let is_key = starts.is_some_and(|frame| frame.is_key);
        assert_eq!(starts_key_frame(&packet.payload), is_key, "packet {sent}");
    }
}

#[test]
fn packets_of_a_frame_are_of_nearly_equal_size() {
    let frame = OutgoingFrame::new(ivf_frames(LIBVPX)[0].clone());
    let packets = cut(Format::Vp9, &[(0, frame)], 200);
    let lens = packets.iter().map(|(_, packet)| packet.payload.len());
    assert!(lens.clone().max().unwrap() - lens.min().unwrap() <= 1);
}

#[test]
fn a_frame_of_one_packet_is_not_copied() {
    let mut depacketizer = Depacketizer::new(Format::Vp9);
    let sent = packet(0, true, &hex!("0c 86 00"));
    depacketizer.handle_packet(sent.clone());
    let frame = depacketizer.poll_frame().unwrap();
    assert_eq!(frame.data.as_ptr(), sent.payload[1..].as_ptr());
}

#[test]
fn layers_of_a_picture_are_frames_with_one_marker() {
    let frames = [
        (0, layer_frame(b"low", 0, false)),
        (0, layer_frame(b"high", 1, true)),
        (1, layer_frame(b"next", 0, false)),
    ];
    let packets = cut(Format::Vp9, &frames, 1200);
    let markers: Vec<_> = packets.iter().map(|(_, packet)| packet.marker).collect();
    assert_eq!(markers, [false, true, false]);
    let mut depacketizer = Depacketizer::new(Format::Vp9);
    let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
    let told: Vec<_> = received
        .iter()
        .map(|frame| {
            let FrameInfo {
                descriptor,
                end_of_picture,
                resolution,
            } = info(frame);
            let width = resolution.map(|size| size.width);
            let id = descriptor.picture_id.unwrap().value();
            (
                id,
                descriptor.tl0_picture_index,
                *end_of_picture,
                width,
                frame.is_key,
            )
        })
        .collect();
    assert_eq!(told[0], (0, Some(1), false, Some(64), true));
    assert_eq!(told[1], (0, Some(1), true, None, false));
    assert_eq!(told[2], (1, Some(2), false, Some(64), true));
}

#[test]
fn numbers_that_the_caller_tells_are_sent() {
    let mut frame = layer_frame(b"data", 0, true);
    if let Details::Vp9(info) = &mut frame.details {
        info.descriptor.picture_id = Some(PictureId::short(127));
        info.descriptor.flexible = true;
        info.descriptor.inter_predicted = true;
        info.descriptor.references = References::new(&[3]).unwrap();
    }
    let mut next = layer_frame(b"data", 0, true);
    if let Details::Vp9(info) = &mut next.details {
        info.descriptor.tl0_picture_index = Some(255);
    }
    let frames = [(0, frame), (1, next), (2, layer_frame(b"data", 0, true))];
    let packets = cut(Format::Vp9, &frames, 1200);
    let mut depacketizer = Depacketizer::new(Format::Vp9);
    let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
    let numbers: Vec<_> = received
        .iter()
        .map(|frame| &info(frame).descriptor)
        .map(|told| {
            (
                told.picture_id.unwrap(),
                told.tl0_picture_index,
                told.references,
            )
        })
        .collect();
    let none = References::default();
    assert_eq!(
        numbers[0],
        (PictureId::short(127), None, References::new(&[3]).unwrap())
    );
    assert_eq!(numbers[1], (PictureId::short(0), Some(255), none));
    assert_eq!(numbers[2], (PictureId::short(1), Some(0), none));
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let mut packetizer = Packetizer::new(Format::Vp9);
    let mut refused = |frame, max_len| packetizer.start(frame, max_len).unwrap_err();
    let of = |data: &'static [u8]| OutgoingFrame::new(Bytes::from_static(data));
    assert_eq!(refused(of(b""), 100), PacketizeError::Empty);
    assert_eq!(refused(of(&[0x00]), 100), PacketizeError::Malformed);
    assert_eq!(refused(of(&[0x86, 0x00]), 3), PacketizeError::TooLong);
    let mut frame = layer_frame(b"data", 0, true);
    if let Details::Vp9(info) = &mut frame.details {
        info.descriptor.flexible = true;
        info.descriptor.inter_predicted = true;
    }
    assert_eq!(refused(frame, 100), PacketizeError::Malformed);
}

#[test]
fn a_frame_without_its_beginning_is_not_answered() {
    let mut depacketizer = Depacketizer::new(Format::Vp9);
    depacketizer.handle_packet(packet(1, true, &hex!("84 01 aa")));
    assert_eq!(depacketizer.poll_frame(), None);
}

#[test]
fn pieces_of_two_frames_do_not_become_one() {
    let mut depacketizer = Depacketizer::new(Format::Vp9);
    depacketizer.handle_packet(packet(1, false, &hex!("88 01 aa")));
    depacketizer.handle_packet(packet(2, true, &hex!("84 02 bb")));
    assert_eq!(depacketizer.poll_frame(), None);
    depacketizer.handle_packet(packet(3, false, &hex!("88 03 aa")));
    depacketizer.handle_packet(packet(4, true, &hex!("8c 04 bb")));
    let frame = depacketizer.poll_frame().unwrap();
    assert_eq!(
        (&frame.data[..], frame.follows_loss),
        (&hex!("bb")[..], true)
    );
    assert_eq!(depacketizer.stats().frames_dropped, 2);
}

#[test]
fn a_malformed_packet_spoils_its_frame() {
    for malformed in [&hex!("80")[..], &hex!("84 01"), &hex!("94")] {
        let mut depacketizer = Depacketizer::new(Format::Vp9);
        depacketizer.handle_packet(packet(1, false, &hex!("88 01 aa")));
        depacketizer.handle_packet(packet(2, false, malformed));
        depacketizer.handle_packet(packet(3, true, &hex!("84 01 bb")));
        assert_eq!(depacketizer.poll_frame(), None);
        let stats = depacketizer.stats();
        assert_eq!((stats.packets_malformed, stats.frames_dropped), (1, 1));
    }
}

#[test]
fn a_frame_that_is_too_long_is_dropped() {
    let mut depacketizer = Depacketizer::new(Format::Vp9);
    let mut long = vec![0_u8; 60_000];
    long[0] = 0x08;
    for sequence in 0..200 {
        depacketizer.handle_packet(packet(sequence, false, &long));
        long[0] = 0;
    }
    assert_eq!(depacketizer.stats().frames_dropped, 1);
    depacketizer.handle_packet(packet(200, true, &hex!("04 aa")));
    assert_eq!(depacketizer.poll_frame(), None);
}
