//! Whole frames, of real encoders too.

use bytes::Bytes;

use super::{info, obu, outgoing};
use crate::payload::av1::{Layers, starts_key_frame};
use crate::payload::video_testing::{cut, ivf_frames, receive};
use crate::payload::{Depacketizer, Format, OutgoingFrame, Packet, Resolution};

/// Which temporal units are key frames, and of what height. SVT sends frames that are not shown, too.
const FILES: [(&[u8], &[usize], u32); 2] = [
    (include_bytes!("../../../../testdata/av1.ivf"), &[0, 4], 48),
    (include_bytes!("../../../../testdata/av1_svt.ivf"), &[0], 64),
];

/// Without the delimiter that a file has in front of each temporal unit.
fn units(file: &'static [u8]) -> Vec<Bytes> {
    let strip = |unit: Bytes| {
        unit.strip_prefix(&[0x12, 0x00])
            .map(|rest| unit.slice_ref(rest))
    };
    ivf_frames(file)
        .into_iter()
        .map(|unit| strip(unit).unwrap())
        .collect()
}

#[test]
fn frames_of_encoders_arrive_as_they_were() {
    for (file, keys, height) in FILES {
        for max_len in [20, 100, 1200] {
            let units = units(file);
            let stamped =
                |(at, data): (usize, &Bytes)| (at as u32, OutgoingFrame::new(data.clone()));
            let sent: Vec<_> = units.iter().enumerate().map(stamped).collect();
            let packets = cut(Format::Av1, &sent, max_len);
            let mut depacketizer = Depacketizer::new(Format::Av1);
            let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
            assert_eq!(received.len(), units.len());
            for (index, frame) in received.iter().enumerate() {
                assert_eq!(frame.data, units[index]);
                assert_eq!(frame.is_key, keys.contains(&index), "{index}");
                let size = frame.is_key.then_some(Resolution { width: 64, height });
                assert_eq!(info(frame).resolution, size);
                assert_eq!(frame.details.resolution(), size);
                assert_eq!(Format::Av1.resolution(&frame.data), size);
                assert_eq!(info(frame).starts_sequence, frame.is_key);
                assert!(info(frame).end_of_temporal_unit && frame.marker);
            }
            for (index, sent) in &packets {
                let first = received[*index].first_sequence == sent.sequence;
                // A sequence header has about ten bytes, and may be cut.
                let told = Format::Av1.payload_resolution(&sent.payload);
                let is_key = first && keys.contains(index);
                let size = is_key.then_some(Resolution { width: 64, height });
                assert!(told == size || max_len == 20, "{told:?} {size:?}");
                assert_eq!(
                    starts_key_frame(&sent.payload),
                    first && keys.contains(index)
                );
            }
        }
    }
}

#[test]
fn a_key_frame_is_told_without_n() {
    let key = units(FILES[0].0).swap_remove(0);
    let packets = cut(Format::Av1, &[(0, OutgoingFrame::new(key))], 1200);
    let mut payload = packets[0].1.payload.to_vec();
    assert_eq!(payload[0] & 0x08, 0x08);
    assert!(starts_key_frame(&payload));
    payload[0] &= !0x08;
    assert!(starts_key_frame(&payload));
    for len in 0..payload.len() {
        // Whatever it tells, it does not panic.
        starts_key_frame(&payload[..len]);
    }
}

/// Two temporal units with two spatial layers each, the first of two packets a layer.
fn layered() -> Vec<(u32, OutgoingFrame)> {
    let frame = |spatial, first| {
        let layers = Some(Layers {
            temporal: 0,
            spatial,
        });
        obu(6, layers, &[&[first][..], &[7; 90]].concat())
    };
    vec![
        (1, outgoing(frame(0, 0x10), false)),
        (1, outgoing(frame(1, 0x30), true)),
        (2, outgoing(frame(0, 0x30), false)),
        (2, outgoing(frame(1, 0x30), true)),
    ]
}

fn survivors(lost: &[usize]) -> Vec<usize> {
    let sent = layered();
    let packets: Vec<_> = cut(Format::Av1, &sent, 60)
        .into_iter()
        .map(|(_, it)| it)
        .collect();
    assert_eq!(packets.len(), 8);
    let arrived = packets
        .iter()
        .enumerate()
        .filter(|(at, _)| !lost.contains(at));
    let mut depacketizer = Depacketizer::new(Format::Av1);
    let received = receive(&mut depacketizer, arrived.map(|(_, packet)| packet));
    let which = |first: u64| ((first - packets[0].sequence) / 2) as usize;
    let of_first = |frame: &crate::payload::Frame| which(frame.first_sequence);
    for frame in &received {
        let index = of_first(frame);
        assert_eq!(frame.data, sent[index].1.data);
        assert_eq!(frame.marker, index % 2 == 1);
        assert_eq!(info(frame).layers.unwrap().spatial, index as u8 % 2);
    }
    received.iter().map(of_first).collect()
}

#[test]
fn layers_are_frames_of_their_own() {
    assert_eq!(survivors(&[]), [0, 1, 2, 3]);
    assert_eq!(survivors(&[3]), [0, 2, 3]);
    assert_eq!(survivors(&[1]), [1, 2, 3]);
    assert_eq!(survivors(&[0]), [1, 2, 3]);
    assert_eq!(survivors(&[5]), [0, 1, 3]);
    assert_eq!(survivors(&[4, 6]), [0, 1]);
}

#[test]
fn a_layer_is_withheld_when_its_end_cannot_be_known() {
    assert_eq!(survivors(&[2]), [2, 3]);
}

#[test]
fn a_temporal_unit_of_all_layers_can_be_sent_at_once() {
    let parts = layered();
    let whole: Vec<u8> = parts[..2]
        .iter()
        .flat_map(|(_, part)| part.data.to_vec())
        .collect();
    let at_once = cut(Format::Av1, &[(1, OutgoingFrame::new(whole.into()))], 60);
    let one_by_one = cut(Format::Av1, &parts[..2], 60);
    let of = |packets: &[(usize, Packet)]| -> Vec<_> {
        packets.iter().map(|(_, packet)| packet.clone()).collect()
    };
    assert_eq!(of(&at_once), of(&one_by_one));
}

#[test]
fn a_unit_without_marker_ends_with_the_next_timestamp() {
    let frame = obu(6, None, &[0x30]);
    let sent = [
        (1, outgoing(frame.clone(), false)),
        (2, outgoing(frame, true)),
    ];
    let packets = cut(Format::Av1, &sent, 100);
    let mut depacketizer = Depacketizer::new(Format::Av1);
    depacketizer.handle_packet(packets[0].1.clone());
    assert_eq!(depacketizer.poll_frame(), None);
    depacketizer.handle_packet(packets[1].1.clone());
    let first = depacketizer.poll_frame().unwrap();
    assert!(info(&first).end_of_temporal_unit && !first.marker);
    assert!(depacketizer.poll_frame().unwrap().marker);
}

#[test]
fn metadata_after_a_loss_begins_no_frame() {
    let frame = [obu(5, None, &[1]), obu(6, None, &[0x30])].concat();
    let sent: Vec<_> = (0..4)
        .map(|at| (at, outgoing(frame.clone(), true)))
        .collect();
    let packets = cut(Format::Av1, &sent, 100);
    let arrived = [0, 2, 3].map(|at: usize| &packets[at].1);
    let mut depacketizer = Depacketizer::new(Format::Av1);
    let received = receive(&mut depacketizer, arrived);
    // Nor does it at the beginning of a stream that is joined.
    let units: Vec<_> = received
        .iter()
        .map(|frame| (frame.timestamp, frame.follows_loss))
        .collect();
    assert_eq!(units, [(3, true)]);
}

#[test]
fn frames_that_are_not_shown_are_missed() {
    let units = units(FILES[1].0);
    let again = units.iter().chain(&units).enumerate();
    let stamped = |(at, data): (usize, &Bytes)| (at as u32, OutgoingFrame::new(data.clone()));
    let sent: Vec<_> = again.map(stamped).collect();
    let packets = cut(Format::Av1, &sent, 100);
    let second = packets
        .iter()
        .position(|(of, _)| *of == units.len())
        .unwrap();
    for lost in second..packets.len() {
        for also in [lost, (lost + 2).min(packets.len() - 1)] {
            let arrived = packets
                .iter()
                .enumerate()
                .filter(|(at, _)| ![lost, also].contains(at));
            let mut depacketizer = Depacketizer::new(Format::Av1);
            let received = receive(&mut depacketizer, arrived.map(|(_, (_, packet))| packet));
            for frame in &received {
                assert_eq!(
                    frame.data, sent[frame.timestamp as usize].1.data,
                    "{lost} {also}"
                );
            }
            assert!(
                received.len() + 5 > sent.len(),
                "{lost} {also}: {}",
                received.len()
            );
        }
    }
}
