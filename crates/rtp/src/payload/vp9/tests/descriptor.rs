//! The descriptor, byte for byte.

use hex_literal::hex;

use crate::payload::Resolution;
use crate::payload::vp9::{
    Descriptor, DescriptorError, GroupPicture, Layers, PictureId, References, Structure,
    StructureError, set_picture_id, set_tl0_picture_index, starts_key_frame,
};

fn written(descriptor: &Descriptor) -> Vec<u8> {
    let mut out = vec![0xa5];
    descriptor.write(&mut out);
    out.split_off(1)
}

fn layered() -> Descriptor {
    Descriptor {
        picture_id: Some(PictureId::long(0x1234)),
        inter_predicted: true,
        layers: Some(Layers {
            temporal: 2,
            switching_up: true,
            spatial: 1,
            inter_layer: true,
        }),
        tl0_picture_index: Some(0x77),
        begins_frame: true,
        ..Descriptor::default()
    }
}

#[test]
fn layers_outside_flexible_mode_take_five_bytes() {
    let bytes = written(&layered());
    assert_eq!(bytes, hex!("e8 9234 53 77"));
    assert_eq!(Descriptor::parse(&bytes), Ok((layered(), &[][..])));
}

#[test]
fn flexible_mode_names_its_references() {
    let descriptor = Descriptor {
        flexible: true,
        tl0_picture_index: None,
        references: References::new(&[1, 2, 127]).unwrap(),
        picture_id: Some(PictureId::short(5)),
        ends_frame: true,
        not_for_upper_layers: true,
        ..layered()
    };
    let bytes = written(&descriptor);
    assert_eq!(bytes, hex!("fd 05 53 03 05 fe"));
    assert_eq!(Descriptor::parse(&bytes), Ok((descriptor, &[][..])));
}

#[test]
fn the_structure_tells_resolutions_and_the_group() {
    let size = |width, height| Resolution { width, height };
    let picture = |temporal, switching_up, references: &[u8]| GroupPicture {
        temporal,
        switching_up,
        references: References::new(references).unwrap(),
    };
    let structure = Structure::with_resolutions(vec![size(320, 180), size(640, 360)])
        .and_then(|structure| {
            structure.with_group(vec![picture(0, false, &[2]), picture(1, true, &[1, 2])])
        })
        .unwrap();
    let descriptor = Descriptor {
        structure: Some(Box::new(structure)),
        ..Descriptor::default()
    };
    let bytes = written(&descriptor);
    assert_eq!(bytes, hex!("02 38 0140 00b4 0280 0168 02 04 02 38 01 02"));
    assert_eq!(Descriptor::parse(&bytes), Ok((descriptor, &[][..])));
}

#[test]
fn every_truncation_is_refused() {
    let full = hex!("fa 9234 53 03 04 38 0140 00b4 0280 0168 02 04 02 38 01 02");
    assert!(Descriptor::parse(&full).is_ok());
    for len in 0..full.len() {
        let error = Descriptor::parse(&full[..len]).unwrap_err();
        assert!(matches!(error, DescriptorError::Truncated(_)), "{len}");
    }
}

#[test]
fn a_fourth_reference_is_refused() {
    let parsed = Descriptor::parse(&hex!("d0 05 03 03 03 02 aa"));
    assert_eq!(parsed, Err(DescriptorError::TooManyReferences));
}

#[test]
fn references_need_a_picture_id() {
    assert_eq!(
        Descriptor::parse(&hex!("50 02 aa")),
        Err(DescriptorError::NoPictureId)
    );
}

#[test]
fn what_cannot_be_written_cannot_be_made() {
    assert_eq!(References::new(&[1, 2, 3, 4]), None);
    assert_eq!(References::new(&[0]), None);
    assert_eq!(References::new(&[128]), None);
    assert_eq!(Structure::new(0), Err(StructureError::SpatialLayers));
    assert_eq!(Structure::new(9), Err(StructureError::SpatialLayers));
    assert_eq!(
        Structure::with_resolutions(Vec::new()),
        Err(StructureError::SpatialLayers)
    );
    let size = Resolution {
        width: 65_536,
        height: 1,
    };
    assert_eq!(
        Structure::with_resolutions(vec![size]),
        Err(StructureError::Resolution)
    );
    let group = vec![GroupPicture::default(); 256];
    let structure = Structure::new(1).unwrap().with_group(group);
    assert_eq!(structure, Err(StructureError::Group));
}

#[test]
fn picture_ids_wrap_at_their_width() {
    assert_eq!(PictureId::short(127).wrapping_add(1), PictureId::short(0));
    assert_eq!(PictureId::long(0x7fff).wrapping_add(2), PictureId::long(1));
    assert_eq!(PictureId::long(0xffff).value(), 0x7fff);
}

#[test]
fn numbers_are_edited_in_place() {
    for id in [PictureId::short(3), PictureId::long(0x4321)] {
        let mut payload = written(&Descriptor {
            picture_id: Some(id),
            ..layered()
        });
        assert!(set_picture_id(&mut payload, 0x92fe));
        assert!(set_tl0_picture_index(&mut payload, 0xff));
        let (descriptor, _) = Descriptor::parse(&payload).unwrap();
        assert_eq!(descriptor.picture_id, Some(id.with_value(0x92fe)));
        let expected = Descriptor {
            picture_id: descriptor.picture_id,
            tl0_picture_index: Some(0xff),
            ..layered()
        };
        assert_eq!(descriptor, expected);
    }
}

#[test]
fn numbers_that_are_not_there_are_not_edited() {
    let without_id = Descriptor {
        picture_id: None,
        ..layered()
    };
    let mut payload = written(&without_id);
    assert!(!set_picture_id(&mut payload, 1));
    assert!(set_tl0_picture_index(&mut payload, 9));
    let flexible = Descriptor {
        flexible: true,
        references: References::new(&[1]).unwrap(),
        ..layered()
    };
    assert!(!set_tl0_picture_index(&mut written(&flexible), 1));
    let no_layers = Descriptor {
        layers: None,
        ..layered()
    };
    assert!(!set_tl0_picture_index(&mut written(&no_layers), 1));
    let full = written(&layered());
    for len in 0..full.len() {
        let mut payload = full[..len].to_vec();
        assert_eq!(set_picture_id(&mut payload, 1), len >= 3);
        assert_eq!(set_tl0_picture_index(&mut payload, 1), len >= 5);
    }
}

#[test]
fn a_key_frame_starts_where_a_decoder_can_begin() {
    let key = Descriptor {
        inter_predicted: false,
        ..layered()
    };
    let base = Layers {
        spatial: 0,
        inter_layer: false,
        ..Layers::default()
    };
    let independent = Layers {
        spatial: 1,
        inter_layer: false,
        ..Layers::default()
    };
    let layer = |layers| {
        written(&Descriptor {
            layers: Some(layers),
            ..key.clone()
        })
    };
    assert!(starts_key_frame(&layer(base)));
    assert!(starts_key_frame(&layer(independent)));
    assert!(!starts_key_frame(&written(&key)), "needs the layer below");
    assert!(
        !starts_key_frame(&written(&layered())),
        "needs earlier pictures"
    );
    let later = Descriptor {
        begins_frame: false,
        layers: None,
        ..key.clone()
    };
    assert!(
        !starts_key_frame(&written(&later)),
        "is not the first packet"
    );
    assert!(!starts_key_frame(&[]));
}
