//! What our packetisers make of Chromium's frames.

use bytes::Bytes;
use tidewire_rtp::payload::{
    Depacketizer, Details, Format, Frame, OutgoingFrame, Packet, Packetizer,
};

use crate::stream::{self, receive};

/// Cuts frames into payloads of at most `max_len` bytes.
fn cut(format: Format, frames: &[Frame], max_len: usize) -> Vec<Packet> {
    let mut packetizer = Packetizer::new(format);
    let mut packets = Vec::new();
    for frame in frames {
        let outgoing = OutgoingFrame {
            data: frame.data.clone(),
            details: frame.details.clone(),
        };
        packetizer.start(outgoing, max_len).unwrap();
        let mut payload = Vec::new();
        while let Some(written) = packetizer.write_next(&mut payload) {
            assert!((1..=max_len).contains(&payload.len()));
            packets.push(Packet {
                sequence: packets.len() as u64,
                timestamp: frame.timestamp,
                marker: written.marker,
                payload: Bytes::copy_from_slice(&payload),
            });
            payload.clear();
        }
    }
    packets
}

fn assert_same(name: &str, sent: &[Frame], received: &[Frame]) {
    assert_eq!(received.len(), sent.len(), "{name}");
    for (sent, received) in sent.iter().zip(received) {
        assert_eq!(trimmed(&received.data), trimmed(&sent.data), "{name}");
        assert_eq!(
            received.details,
            numbered(&received.details, &sent.details),
            "{name}"
        );
        assert_eq!(received.timestamp, sent.timestamp, "{name}");
        assert_eq!(received.is_key, sent.is_key, "{name}");
        assert!(!received.follows_loss, "{name}");
    }
}

/// Chromium's sequence parameter sets end with a zero byte, which belongs to no unit of a byte stream
/// (ITU-T H.264 section B.1) and is not sent again.
fn trimmed(frame: &[u8]) -> Vec<u8> {
    let mut data = frame.to_vec();
    let long = |data: &[u8]| data.windows(5).position(|bytes| bytes == [0, 0, 0, 0, 1]);
    if frame.starts_with(&[0, 0, 0, 1, 0x67]) {
        while let Some(at) = long(&data) {
            data.remove(at);
        }
    }
    data
}

/// VP8 without picture ids, as Chromium has it beside dependency descriptors, gets some of ours.
fn numbered(received: &Details, sent: &Details) -> Details {
    match (received, sent) {
        (Details::Vp8(received), Details::Vp8(sent)) if sent.descriptor.picture_id.is_none() => {
            let mut sent = *sent;
            sent.descriptor.picture_id = received.descriptor.picture_id;
            Details::Vp8(sent)
        }
        (_, sent) => sent.clone(),
    }
}

#[test]
fn frames_that_are_cut_again_arrive_byte_for_byte() {
    for stream in stream::video() {
        let frames = stream.frames();
        // Packetization mode 0 has no fragments.
        let sizes: &[usize] = match stream.format {
            Format::H264SingleUnit => &[1100, 1200, 9000],
            _ => &[60, 100, 333, 800, 1100, 1200, 9000],
        };
        for max_len in sizes {
            let packets = cut(stream.format, &frames, *max_len);
            let mut depacketizer = Depacketizer::new(stream.format);
            let received = receive(&mut depacketizer, &packets);
            assert_same(stream.name, &frames, &received);
            assert!(
                received
                    .iter()
                    .all(|frame| frame.marker == sent_marker(frame))
            );
        }
    }
}

/// Where details tell of it, the marker ends the picture.
fn sent_marker(frame: &Frame) -> bool {
    match &frame.details {
        Details::Vp9(info) => info.end_of_picture,
        Details::Av1(info) => info.end_of_temporal_unit,
        _ => true,
    }
}

#[test]
fn slices_of_single_units_can_be_put_together_and_cut_as_well() {
    let stream = stream::video().find(|stream| stream.format == Format::H264SingleUnit);
    let frames = stream.unwrap().frames();
    for max_len in [100, 500, 1200] {
        let packets = cut(Format::H264, &frames, max_len);
        let received = receive(&mut Depacketizer::new(Format::H264), &packets);
        assert_same("h264_single", &frames, &received);
    }
}

#[test]
fn a_packet_of_opus_is_sent_as_it_is() {
    for stream in stream::all().filter(|stream| stream.format == Format::Opus) {
        let frames = stream.frames();
        let packets = cut(Format::Opus, &frames, 1200);
        let received = receive(&mut Depacketizer::new(Format::Opus), &packets);
        assert_same(stream.name, &frames, &received);
    }
}
