//! Descriptors byte for byte, and frames through them.

use bytes::Bytes;
use hex_literal::hex;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::payload::video_testing::{cut, ivf_frames, receive};
use crate::payload::{Depacketizer, Details, Format, OutgoingFrame};

fn descriptors() -> impl Strategy<Value = Descriptor> {
    let id = prop_oneof![
        any::<u8>().prop_map(PictureId::short),
        any::<u16>().prop_map(PictureId::long)
    ];
    let temporal =
        (0u8..4, any::<bool>()).prop_map(|(id, layer_sync)| TemporalLayer { id, layer_sync });
    (
        any::<(bool, bool, bool)>(),
        0u8..8,
        proptest::option::of(id),
        any::<Option<u8>>(),
        proptest::option::of(temporal),
        proptest::option::of(0u8..32),
    )
        .prop_map(
            |((non_reference, starts, _), partition, picture_id, tl0, temporal, key_index)| {
                Descriptor {
                    non_reference,
                    begins_frame: starts && partition == 0,
                    partition,
                    begins_partition: starts && partition != 0,
                    picture_id,
                    tl0_picture_index: tl0,
                    temporal,
                    key_index,
                }
            },
        )
}

#[test]
fn a_descriptor_stands_as_it_is_specified() {
    let descriptor = Descriptor {
        begins_frame: true,
        picture_id: Some(PictureId::long(0x1234)),
        tl0_picture_index: Some(0x56),
        temporal: Some(TemporalLayer {
            id: 2,
            layer_sync: true,
        }),
        key_index: Some(7),
        ..Descriptor::default()
    };
    let mut out = Vec::new();
    descriptor.write(&mut out);
    assert_eq!(out, hex!("90 f0 9234 56 a7"));
    for len in 0..out.len() {
        assert_eq!(Descriptor::parse(&out[..len]), None, "{len}");
    }
    assert!(set_picture_id(&mut out, 0x9abc));
    assert!(set_tl0_picture_index(&mut out, 0xff));
    assert_eq!(out, hex!("90 f0 9abc ff a7"));
    assert!(!set_picture_id(&mut [0x10, 0x80, 0x01, 0x02], 1));
}

#[test]
fn a_key_frame_tells_its_size() {
    let frame = hex!("10 00 00 9d012a 8002 e041 00");
    let size = Resolution {
        width: 640,
        height: 480,
    };
    assert_eq!(resolution(&frame), Some(size));
    let payload = [&hex!("10")[..], &frame].concat();
    assert!(starts_key_frame(&payload));
    assert_eq!(Format::Vp8.payload_resolution(&payload), Some(size));
    assert!(!starts_key_frame(&[&hex!("00")[..], &frame].concat()));
    assert!(!starts_key_frame(&hex!("10 11")));
}

#[test]
fn picture_ids_wrap_at_their_width() {
    assert_eq!(PictureId::short(127).next(), PictureId::short(0));
    assert_eq!(PictureId::long(0x7fff).next(), PictureId::long(0));
}

#[test]
fn the_frames_of_an_encoder_go_through_unchanged() {
    let data = ivf_frames(include_bytes!("../../../testdata/vp8.ivf"));
    let sent = frames(data.iter().map(|frame| frame.to_vec()).collect());
    let packets = cut(Format::Vp8, &sent, 300);
    let mut depacketizer = Depacketizer::new(Format::Vp8);
    let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
    let keys: Vec<_> = received.iter().map(|frame| frame.is_key).collect();
    assert_eq!(keys, [true, false, false, true, false, false]);
    let begins = packets
        .iter()
        .filter(|(_, packet)| starts_key_frame(&packet.payload));
    assert_eq!(begins.count(), 2);
    for (received, sent) in received.iter().zip(&data) {
        assert_eq!(received.data, sent);
        let Details::Vp8(info) = received.details else {
            panic!("{:?}", received.details)
        };
        let size = Resolution {
            width: 64,
            height: 48,
        };
        assert_eq!(info.resolution, received.is_key.then_some(size));
        assert_eq!(received.details.resolution(), info.resolution);
        assert_eq!(Format::Vp8.resolution(sent), info.resolution);
    }
}

fn frames(data: Vec<Vec<u8>>) -> Vec<(u32, OutgoingFrame)> {
    let frames = data
        .into_iter()
        .map(|data| OutgoingFrame::new(Bytes::from(data)));
    (0..)
        .map(|number: u32| number.wrapping_mul(3000))
        .zip(frames)
        .collect()
}

proptest! {
    #[test]
    fn descriptors_are_read_as_they_were_written(descriptor in descriptors()) {
        let mut out = Vec::new();
        descriptor.write(&mut out);
        prop_assert_eq!(Descriptor::parse(&out), Some((descriptor, &[][..])));
    }

    #[test]
    fn frames_in_are_frames_out(
        data in vec(vec(any::<u8>(), 1..4000), 1..10),
        max_len in 20usize..1400,
    ) {
        let sent = frames(data);
        let packets = cut(Format::Vp8, &sent, max_len);
        let mut depacketizer = Depacketizer::new(Format::Vp8);
        let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
        prop_assert_eq!(received.len(), sent.len());
        for (number, (received, (timestamp, sent))) in received.iter().zip(&sent).enumerate() {
            prop_assert_eq!(&received.data, &sent.data);
            prop_assert_eq!(received.timestamp, *timestamp);
            prop_assert_eq!(received.is_key, sent.data[0] & 1 == 0);
            let Details::Vp8(info) = &received.details else { panic!() };
            prop_assert_eq!(info.descriptor.picture_id, Some(PictureId::long(number as u16)));
        }
    }

    #[test]
    fn exactly_the_whole_frames_survive_a_loss(
        data in vec(vec(any::<u8>(), 1..4000), 1..10),
        lost in vec(any::<bool>(), 60),
    ) {
        let sent = frames(data);
        let packets = cut(Format::Vp8, &sent, 1000);
        let is_lost = |at: usize| lost.get(at).copied().unwrap_or(false);
        let kept: Vec<_> = packets.iter().enumerate().filter(|(at, _)| !is_lost(*at)).collect();
        let mut depacketizer = Depacketizer::new(Format::Vp8);
        let received = receive(&mut depacketizer, kept.iter().map(|(_, (_, packet))| packet));
        let whole = sent.iter().enumerate().filter(|(frame, _)| {
            let mut all = packets.iter().enumerate();
            !all.any(|(at, (of, _))| of == frame && is_lost(at))
        });
        let whole: Vec<_> = whole.map(|(_, (_, frame))| frame.data.clone()).collect();
        let received: Vec<_> = received.into_iter().map(|frame| frame.data).collect();
        prop_assert_eq!(received, whole);
    }

    #[test]
    fn any_bytes_are_read_or_refused(payload in vec(any::<u8>(), 0..40)) {
        let mut edited = payload.clone();
        set_picture_id(&mut edited, 7);
        set_tl0_picture_index(&mut edited, 7);
        starts_key_frame(&payload);
        if let Some((descriptor, rest)) = Descriptor::parse(&payload) {
            let mut out = Vec::new();
            descriptor.write(&mut out);
            let again = Descriptor::parse(&out).map(|(descriptor, _)| descriptor);
            prop_assert_eq!(again, Some(descriptor));
            prop_assert!(rest.len() < payload.len());
        }
    }
}
