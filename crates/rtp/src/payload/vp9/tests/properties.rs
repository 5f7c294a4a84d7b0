//! What holds for any frames and any loss.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::payload::video_testing::{cut, receive};
use crate::payload::vp9::{
    Descriptor, FrameInfo, GroupPicture, Layers, PictureId, References, Structure,
};
use crate::payload::{Depacketizer, Details, Format, OutgoingFrame, Resolution, fuzz};

fn references(min: usize) -> impl Strategy<Value = References> {
    vec(1..=127_u8, min..=3).prop_map(|distances| References::new(&distances).unwrap())
}

fn structure() -> impl Strategy<Value = Structure> {
    let size = (any::<u16>(), any::<u16>()).prop_map(|(width, height)| Resolution {
        width: width.into(),
        height: height.into(),
    });
    let picture =
        (0..8_u8, any::<bool>(), references(0)).prop_map(|(temporal, switching_up, references)| {
            GroupPicture {
                temporal,
                switching_up,
                references,
            }
        });
    let layers = prop_oneof![
        (1..=8_u8).prop_map(|count| Structure::new(count).unwrap()),
        vec(size, 1..=8).prop_map(|sizes| Structure::with_resolutions(sizes).unwrap()),
    ];
    let group = proptest::option::of(vec(picture, 0..12));
    (layers, group).prop_map(|(layers, group)| match group {
        Some(group) => layers.with_group(group).unwrap(),
        None => layers,
    })
}

prop_compose! {
    fn descriptor()(
        id in any::<u16>(),
        width in 0..3,
        layers in proptest::option::of((0..8_u8, any::<bool>(), 0..8_u8, any::<bool>())),
        tl0 in any::<u8>(),
        flags in any::<[bool; 5]>(),
        some in references(1),
        structure in proptest::option::of(structure()),
    ) -> Descriptor {
        let [inter_predicted, flexible, begins_frame, ends_frame, not_for_upper_layers] = flags;
        let picture_id = match width {
            0 if !flexible => None,
            1 => Some(PictureId::short(id as u8)),
            _ => Some(PictureId::long(id)),
        };
        Descriptor {
            picture_id,
            inter_predicted,
            layers: layers.map(|(temporal, switching_up, spatial, inter_layer)| Layers {
                temporal, switching_up, spatial, inter_layer,
            }),
            tl0_picture_index: (layers.is_some() && !flexible).then_some(tl0),
            flexible,
            references: if flexible && inter_predicted { some } else { References::default() },
            begins_frame,
            ends_frame,
            structure: structure.map(Box::new),
            not_for_upper_layers,
        }
    }
}

/// Frames with the layers that their descriptors tell, each a picture or not.
fn layered_frames() -> impl Strategy<Value = Vec<(u32, OutgoingFrame)>> {
    let frame = (descriptor(), vec(any::<u8>(), 1..4000), any::<bool>());
    vec(frame, 1..10).prop_map(|frames| {
        let mut timestamp = u32::MAX - 2;
        let mut sent = Vec::new();
        for (descriptor, data, end_of_picture) in frames {
            let info = FrameInfo {
                descriptor,
                end_of_picture,
                resolution: None,
            };
            let frame = OutgoingFrame {
                data: data.into(),
                details: Details::Vp9(info),
            };
            sent.push((timestamp, frame));
            timestamp = timestamp.wrapping_add(u32::from(end_of_picture));
        }
        sent
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn descriptors_read_back_as_written(descriptor in descriptor(), rest in vec(any::<u8>(), 0..4)) {
        let mut bytes = Vec::new();
        descriptor.write(&mut bytes);
        bytes.extend_from_slice(&rest);
        prop_assert_eq!(Descriptor::parse(&bytes), Ok((descriptor, &rest[..])));
    }

    #[test]
    fn truncated_descriptors_are_refused(descriptor in descriptor()) {
        let mut bytes = Vec::new();
        descriptor.write(&mut bytes);
        for len in 0..bytes.len() {
            prop_assert!(Descriptor::parse(&bytes[..len]).is_err());
        }
    }

    #[test]
    fn exactly_the_whole_frames_are_answered(
        frames in layered_frames(),
        max_len in 500..1400_usize,
        lost in vec(any::<bool>(), 400),
        loses in any::<bool>(),
    ) {
        let packets = cut(Format::Vp9, &frames, max_len);
        let is_lost = |at: usize| loses && lost[at % lost.len()] && lost[(at / 2) % lost.len()];
        let arrived = packets.iter().enumerate().filter(|(at, _)| !is_lost(*at));
        let mut depacketizer = Depacketizer::new(Format::Vp9);
        let received = receive(&mut depacketizer, arrived.map(|(_, (_, packet))| packet));
        let is_whole = |frame: usize| {
            !packets.iter().enumerate().any(|(at, (of, _))| *of == frame && is_lost(at))
        };
        let whole: Vec<_> = (0..frames.len()).filter(|frame| is_whole(*frame)).collect();
        prop_assert_eq!(received.len(), whole.len());
        let mut last = None;
        for (frame, index) in received.iter().zip(whole) {
            let (timestamp, sent) = &frames[index];
            prop_assert_eq!(&frame.data, &sent.data);
            prop_assert_eq!(frame.timestamp, *timestamp);
            if let Some(last) = last {
                prop_assert_eq!(frame.follows_loss, frame.first_sequence > last + 1);
            }
            last = Some(frame.last_sequence);
            let (Details::Vp9(out), Details::Vp9(told)) = (&sent.details, &frame.details) else {
                return Err(TestCaseError::fail("no details"));
            };
            prop_assert_eq!(told.end_of_picture, out.end_of_picture);
            prop_assert_eq!(told.descriptor.layers, out.descriptor.layers);
            prop_assert_eq!(&told.descriptor.structure, &out.descriptor.structure);
            prop_assert_eq!(told.descriptor.references, out.descriptor.references);
            prop_assert_eq!(frame.is_key, out.descriptor.is_key());
        }
    }

    #[test]
    fn plain_frames_arrive_whatever_the_size(
        rest in vec(any::<u8>(), 0..9000),
        max_len in 100..1400_usize,
    ) {
        // An inter frame of profile 0.
        let data: Bytes = [vec![0x86], rest].concat().into();
        let packets = cut(Format::Vp9, &[(7, OutgoingFrame::new(data.clone()))], max_len);
        prop_assert_eq!(packets.len(), data.len().div_ceil(max_len - 3));
        let mut depacketizer = Depacketizer::new(Format::Vp9);
        let received = receive(&mut depacketizer, packets.iter().map(|(_, packet)| packet));
        prop_assert_eq!(received.len(), 1);
        prop_assert_eq!(&received[0].data, &data);
    }

    #[test]
    fn arbitrary_bytes_never_panic(data in vec(any::<u8>(), 0..300)) {
        fuzz::vp9(&data);
    }
}
