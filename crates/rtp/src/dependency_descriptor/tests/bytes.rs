//! Descriptors, byte for byte.

use std::sync::Arc;

use hex_literal::hex;

use super::template;
use crate::dependency_descriptor::{
    DependencyDescriptor, DescriptorError, Dti, Mandatory, StreamReader, Structure, StructureError,
};
use crate::payload::Resolution;

fn small() -> Structure {
    let templates = vec![template(0, 0, &[], &[], "S")];
    Structure::new(0, templates, Vec::new(), Vec::new()).unwrap()
}

fn mandatory(template_id: u8, frame_number: u16) -> Mandatory {
    Mandatory {
        start_of_frame: true,
        end_of_frame: true,
        template_id,
        frame_number,
    }
}

fn written(descriptor: &DependencyDescriptor, structure: &Structure) -> Vec<u8> {
    let mut out = vec![0xa5];
    descriptor.write(structure, &mut out).unwrap();
    let parsed = DependencyDescriptor::parse(&out[1..], Some(structure));
    assert_eq!(parsed.as_ref(), Ok(descriptor));
    out.split_off(1)
}

/// Bits as the syntax tables list them, filled up with zeros.
fn from_bits(bits: &str) -> Vec<u8> {
    let bits: Vec<u8> = bits
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|bit| bit - b'0')
        .collect();
    let byte = |bits: &[u8]| (0..8).fold(0, |byte, at| byte << 1 | bits.get(at).unwrap_or(&0));
    bits.chunks(8).map(byte).collect()
}

#[test]
fn a_frame_of_a_template_takes_three_bytes() {
    let descriptor = DependencyDescriptor::new(Mandatory {
        start_of_frame: false,
        ..mandatory(0, 0x1234)
    });
    assert_eq!(written(&descriptor, &small()), hex!("40 1234"));
}

#[test]
fn the_smallest_structure_takes_three_bytes() {
    let descriptor = DependencyDescriptor {
        structure: Some(Arc::new(small())),
        ..DependencyDescriptor::new(mandatory(0, 1))
    };
    assert_eq!(written(&descriptor, &small()), hex!("c0 0001 80 00 e0"));
}

#[test]
fn a_structure_has_templates_chains_and_resolutions() {
    let templates = vec![
        template(0, 0, &[], &[0, 0], "SSSS"),
        template(0, 0, &[16, 1], &[15, 0], "R-DS"),
        template(0, 1, &[1], &[1, 2], "-D-D"),
        template(1, 0, &[2], &[3, 4], "S-R-"),
    ];
    let size = |width, height| Resolution { width, height };
    let sizes = vec![size(1, 2), size(1 << 16, 1)];
    let structure = Structure::new(62, templates, vec![0, 1, 1, 0], sizes).unwrap();
    let descriptor = DependencyDescriptor {
        structure: Some(Arc::new(structure.clone())),
        active_decode_targets: Some(0b0101),
        ..DependencyDescriptor::new(mandatory(1, 0xffff))
    };
    let expected = from_bits(
        "1 1 000001 1111111111111111 1 1 0 0 0 111110 00011 00 01 10 11
         10101010 11000110 00010001 10001100 0 1 1111 1 0000 0 1 0000 0 1 0001 0
         10 0 1 1 0 0000 0000 1111 0000 0001 0010 0011 0100
         1 0000000000000000 0000000000000001 1111111111111111 0000000000000000 0101",
    );
    assert_eq!(written(&descriptor, &structure), expected);
}

#[test]
fn custom_lists_go_before_those_of_the_template() {
    let templates = vec![template(0, 0, &[1], &[1], "SS")];
    let structure = Structure::new(3, templates, vec![0, 0], Vec::new()).unwrap();
    let descriptor = DependencyDescriptor {
        custom_dtis: Some(vec![Dti::Required, Dti::NotPresent]),
        custom_frame_diffs: Some(vec![1, 16, 17, 256, 257, 4096]),
        custom_chain_diffs: Some(vec![255]),
        ..DependencyDescriptor::new(mandatory(3, 0))
    };
    let expected = from_bits(
        "1 1 000011 0000000000000000 0 0 1 1 1 11 00
         01 0000 01 1111 10 00010000 10 11111111 11 000100000000 11 111111111111 00
         11111111",
    );
    assert_eq!(written(&descriptor, &structure), expected);
    let frame = descriptor.frame(&structure).unwrap();
    assert_eq!(frame.frame_diffs, [1, 16, 17, 256, 257, 4096]);
    assert_eq!(frame.chain_diffs, [255]);
    assert_eq!(frame.dtis, [Dti::Required, Dti::NotPresent]);
}

#[test]
fn what_does_not_fit_the_structure_is_not_written() {
    let plain = DependencyDescriptor::new(mandatory(0, 0));
    let refused = |descriptor: DependencyDescriptor| {
        let mut out = Vec::new();
        let error = descriptor.write(&small(), &mut out).unwrap_err();
        assert!(out.is_empty());
        error
    };
    let unknown = DependencyDescriptor::new(mandatory(1, 0));
    assert_eq!(refused(unknown), DescriptorError::UnknownTemplate);
    let custom = DependencyDescriptor {
        custom_dtis: Some(Vec::new()),
        ..plain.clone()
    };
    assert!(matches!(refused(custom), DescriptorError::Custom(_)));
    for diff in [0, 4097] {
        let diffs = Some(vec![diff]);
        let custom = DependencyDescriptor {
            custom_frame_diffs: diffs,
            ..plain.clone()
        };
        assert!(matches!(refused(custom), DescriptorError::Custom(_)));
    }
    let custom = DependencyDescriptor {
        custom_chain_diffs: Some(vec![1]),
        ..plain.clone()
    };
    assert!(matches!(refused(custom), DescriptorError::Custom(_)));
    let active = DependencyDescriptor {
        active_decode_targets: Some(2),
        ..plain
    };
    assert!(matches!(refused(active), DescriptorError::Custom(_)));
}

#[test]
fn a_structure_that_could_not_be_written_is_refused() {
    let one = || template(0, 0, &[1], &[1], "SS");
    let made = |templates, protected_by: &[u8], sizes| {
        Structure::new(0, templates, protected_by.to_vec(), sizes).unwrap_err()
    };
    let both = |second| vec![one(), second];
    let p = &[0, 0];
    assert_eq!(made(vec![], p, vec![]), StructureError::Templates);
    assert_eq!(made(vec![one(); 65], p, vec![]), StructureError::Templates);
    let first = template(0, 1, &[], &[1], "SS");
    assert_eq!(made(vec![first], p, vec![]), StructureError::Layers);
    for (spatial, temporal) in [(0, 2), (1, 1), (2, 0)] {
        let second = template(spatial, temporal, &[], &[1], "SS");
        assert_eq!(made(both(second), p, vec![]), StructureError::Layers);
    }
    let second = template(0, 0, &[], &[1], "S");
    assert_eq!(made(both(second), p, vec![]), StructureError::DecodeTargets);
    let none = template(0, 0, &[], &[], "");
    assert_eq!(made(vec![none], &[], vec![]), StructureError::DecodeTargets);
    for diff in [0, 17] {
        let second = template(0, 0, &[diff], &[1], "SS");
        assert_eq!(made(both(second), p, vec![]), StructureError::FrameDiffs);
    }
    let chains: [&[u8]; 3] = [&[], &[16], &[1, 1]];
    for chains in chains {
        let second = template(0, 0, &[], chains, "SS");
        assert_eq!(made(both(second), p, vec![]), StructureError::ChainDiffs);
    }
    for protected_by in [&[][..], &[0], &[0, 1]] {
        assert_eq!(
            made(vec![one()], protected_by, vec![]),
            StructureError::ProtectedBy
        );
    }
    let size = Resolution {
        width: 1,
        height: 1,
    };
    for sizes in [vec![size; 2], vec![Resolution { width: 0, ..size }]] {
        assert_eq!(made(vec![one()], p, sizes), StructureError::Resolutions);
    }
}

#[test]
fn template_ids_wrap_around() {
    let templates = vec![
        template(0, 0, &[], &[], "S"),
        template(0, 1, &[1], &[], "D"),
    ];
    let structure = Structure::new(63, templates, Vec::new(), Vec::new()).unwrap();
    let temporal = |id| structure.template(id).map(|template| template.temporal);
    assert_eq!([63, 0, 1, 62].map(temporal), [Some(0), Some(1), None, None]);
}

#[test]
fn without_a_structure_only_the_mandatory_part_is_read() {
    let bytes = hex!("c0 0001");
    assert_eq!(
        DependencyDescriptor::parse(&bytes, None),
        Err(DescriptorError::NoStructure)
    );
    assert_eq!(Mandatory::parse(&bytes), Some(mandatory(0, 1)));
    let other = hex!("c1 0001");
    let parsed = DependencyDescriptor::parse(&other, Some(&small()));
    assert_eq!(parsed, Err(DescriptorError::UnknownTemplate));
}

#[test]
fn padding_is_ignored() {
    let parsed = DependencyDescriptor::parse(&hex!("c0 0001 00 00"), Some(&small()));
    assert_eq!(parsed, Ok(DependencyDescriptor::new(mandatory(0, 1))));
}

#[test]
fn too_many_templates_are_refused() {
    let mut bytes = hex!("c0 0001 80").to_vec();
    bytes.extend([0; 60]);
    let parsed = DependencyDescriptor::parse(&bytes, None);
    assert_eq!(parsed, Err(DescriptorError::TooManyTemplates));
}

#[test]
fn a_stream_keeps_its_structure_and_active_targets() {
    let templates = vec![template(0, 0, &[], &[0, 0], "SS")];
    let structure = Structure::new(0, templates, vec![0, 1], Vec::new()).unwrap();
    let mut reader = StreamReader::default();
    let mut read = |descriptor: DependencyDescriptor| {
        let bytes = written(&descriptor, &structure);
        reader.read(&bytes).unwrap();
        let chains = [0, 1, 2].map(|chain| reader.is_chain_active(chain));
        (reader.active_decode_targets(), chains)
    };
    let plain = DependencyDescriptor::new(mandatory(0, 0));
    let key = DependencyDescriptor {
        structure: Some(Arc::new(structure.clone())),
        ..plain.clone()
    };
    let less = DependencyDescriptor {
        active_decode_targets: Some(2),
        ..plain.clone()
    };
    assert_eq!(read(key.clone()), (3, [true, true, false]));
    assert_eq!(read(less), (2, [false, true, false]));
    assert_eq!(read(plain), (2, [false, true, false]));
    assert_eq!(read(key), (3, [true, true, false]));
}
