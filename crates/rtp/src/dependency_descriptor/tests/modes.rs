//! The modes, by the tables of section A.10.2.

use super::template;
use crate::dependency_descriptor::{
    DependencyDescriptor, FrameDescriber, ScalabilityMode, StreamReader, Template,
};
use crate::payload::Resolution;

fn templates(mode: ScalabilityMode) -> Vec<Template> {
    FrameDescriber::new(mode, 0)
        .structure()
        .templates()
        .to_vec()
}

#[test]
fn one_layer_has_two_templates() {
    let expected = [
        template(0, 0, &[], &[0], "S"),
        template(0, 0, &[1], &[1], "S"),
    ];
    assert_eq!(templates(ScalabilityMode::L1T1), expected);
}

#[test]
fn three_temporal_layers_are_those_of_the_specification() {
    let expected = [
        template(0, 0, &[], &[0], "SSS"),
        template(0, 0, &[4], &[4], "SSS"),
        template(0, 1, &[2], &[2], "SD-"),
        template(0, 2, &[1], &[1], "D--"),
        template(0, 2, &[1], &[3], "D--"),
    ];
    assert_eq!(templates(ScalabilityMode::L1T3), expected);
}

#[test]
fn nine_layers_are_those_of_the_specification() {
    let expected = [
        template(0, 0, &[], &[0, 0, 0], "SSSSSSSSS"),
        template(0, 0, &[12], &[12, 11, 10], "RRRRRRSSS"),
        template(0, 1, &[6], &[6, 5, 4], "RR-RR-SD-"),
        template(0, 2, &[3], &[3, 2, 1], "R--R--D--"),
        template(0, 2, &[3], &[9, 8, 7], "R--R--D--"),
        template(1, 0, &[1], &[1, 1, 1], "SSSSSS---"),
        template(1, 0, &[12, 1], &[1, 1, 1], "RRRSSS---"),
        template(1, 1, &[6, 1], &[7, 6, 5], "RR-SD----"),
        template(1, 2, &[3, 1], &[4, 3, 2], "R--D-----"),
        template(1, 2, &[3, 1], &[10, 9, 8], "R--D-----"),
        template(2, 0, &[1], &[2, 1, 1], "SSS------"),
        template(2, 0, &[12, 1], &[2, 1, 1], "SSS------"),
        template(2, 1, &[6, 1], &[8, 7, 6], "SD-------"),
        template(2, 2, &[3, 1], &[5, 4, 3], "D--------"),
        template(2, 2, &[3, 1], &[11, 10, 9], "D--------"),
    ];
    assert_eq!(templates(ScalabilityMode::L3T3), expected);
    let describer = FrameDescriber::new(ScalabilityMode::L3T3, 0);
    assert_eq!(
        describer.structure().protected_by(),
        [2, 2, 2, 1, 1, 1, 0, 0, 0]
    );
}

#[test]
fn layers_of_key_modes_meet_in_key_frames_only() {
    let all = templates(ScalabilityMode::L3T3_KEY);
    let key = template(2, 0, &[1], &[2, 1, 1], "SSS------");
    let later = template(1, 0, &[12], &[1, 12, 11], "---SSS---");
    assert!(all.contains(&key));
    assert!(all.contains(&later));
}

#[test]
fn decode_targets_are_the_layers_from_the_highest_down() {
    let describer = FrameDescriber::new(ScalabilityMode::L2T2_KEY, 0);
    let layers: Vec<_> = (0..4)
        .map(|target| describer.structure().decode_target_layers(target))
        .collect();
    assert_eq!(layers, [(1, 1), (1, 0), (0, 1), (0, 0)]);
    let up_to = |spatial, temporal| {
        describer
            .structure()
            .decode_targets_up_to(spatial, temporal)
    };
    assert_eq!(
        [up_to(1, 1), up_to(1, 0), up_to(0, 1)],
        [0b1111, 0b1010, 0b1100]
    );
    assert_eq!(up_to(1, 1), describer.structure().all_decode_targets());
}

/// Sends pictures of all modes and reads them; `drops` tells which frames the encoder leaves out.
fn send(
    mode: ScalabilityMode,
    drops: impl Fn(usize, u8) -> bool,
    mut check: impl FnMut(&DependencyDescriptor, &StreamReader, u8, u8),
) {
    let mut describer = FrameDescriber::new(mode, 65_530);
    let mut reader = StreamReader::default();
    let pattern: &[u8] = match mode.temporal_layers() {
        1 => &[0],
        2 => &[0, 1],
        _ => &[0, 2, 1, 2],
    };
    for (picture, temporal) in pattern.iter().cycle().take(40).enumerate() {
        let is_key = picture % 16 == 0;
        for spatial in 0..mode.spatial_layers() {
            if !is_key && drops(picture, spatial) {
                continue;
            }
            let mut descriptor = describer.describe(spatial, *temporal, is_key);
            for (is_first, is_last) in [(true, false), (false, true)] {
                let mut bytes = Vec::new();
                let structure = describer.structure();
                descriptor
                    .write_packet(structure, is_first, is_last, &mut bytes)
                    .unwrap();
                let received = reader.read(&bytes).unwrap();
                assert_eq!(received, descriptor);
                assert_eq!(
                    received.structure.is_some(),
                    is_key && spatial == 0 && is_first
                );
                let frame = received.frame(reader.structure().unwrap()).unwrap();
                assert_eq!((frame.spatial, frame.temporal), (spatial, *temporal));
            }
            check(&descriptor, &reader, spatial, *temporal);
        }
    }
}

#[test]
fn frames_of_all_modes_need_nothing_but_their_template() {
    for mode in ScalabilityMode::ALL {
        send(
            mode,
            |_, _| false,
            |descriptor, _, _, _| {
                assert_eq!(descriptor.custom_dtis, None, "{mode:?}");
                assert_eq!(descriptor.custom_frame_diffs, None, "{mode:?}");
                assert_eq!(descriptor.custom_chain_diffs, None, "{mode:?}");
            },
        );
    }
}

#[test]
fn frames_refer_to_frames_that_were_sent() {
    for mode in ScalabilityMode::ALL {
        let mut sent: Vec<(u16, u8, u8)> = Vec::new();
        let drops = |picture, spatial| (picture * 7 + usize::from(spatial) * 3) % 5 == 0;
        send(mode, drops, |descriptor, reader, spatial, temporal| {
            let frame = descriptor.frame(reader.structure().unwrap()).unwrap();
            let number = descriptor.mandatory.frame_number;
            for diff in frame.frame_diffs {
                let to = number.wrapping_sub(*diff);
                let (_, s, t) = *sent.iter().find(|(sent, ..)| *sent == to).unwrap();
                assert!(s <= spatial && t <= temporal, "{mode:?}");
            }
            for (chain, diff) in frame
                .chain_diffs
                .iter()
                .enumerate()
                .filter(|(_, it)| **it > 0)
            {
                let to = number.wrapping_sub((*diff).into());
                let (_, s, t) = *sent.iter().find(|(sent, ..)| *sent == to).unwrap();
                assert!(usize::from(s) <= chain && t == 0, "{mode:?}");
            }
            sent.push((number, spatial, temporal));
        });
    }
}

#[test]
fn resolutions_come_with_the_next_key_frame() {
    let mut describer = FrameDescriber::new(ScalabilityMode::L2T1, 0);
    let mut reader = StreamReader::default();
    let mut send = |describer: &mut FrameDescriber, spatial, is_key| {
        let descriptor = describer.describe(spatial, 0, is_key);
        let mut bytes = Vec::new();
        descriptor.write(describer.structure(), &mut bytes).unwrap();
        let received = reader.read(&bytes).unwrap();
        received
            .frame(reader.structure().unwrap())
            .unwrap()
            .resolution
    };
    assert_eq!(send(&mut describer, 0, true), None);
    let sizes = [(320, 180), (640, 360)].map(|(width, height)| Resolution { width, height });
    describer.set_resolutions(sizes.to_vec()).unwrap();
    assert_eq!(send(&mut describer, 1, true), None);
    assert_eq!(send(&mut describer, 0, false), None);
    assert_eq!(send(&mut describer, 0, true), Some(sizes[0]));
    assert_eq!(send(&mut describer, 1, true), Some(sizes[1]));
    assert!(describer.structure().template_id_offset() > 0);
    assert!(describer.set_resolutions(vec![sizes[0]]).is_err());
}
