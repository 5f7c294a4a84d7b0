//! What holds for any descriptor.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::dependency_descriptor::{
    DependencyDescriptor, Dti, Mandatory, Structure, Template, fuzz,
};
use crate::payload::Resolution;

fn dti() -> impl Strategy<Value = Dti> {
    prop_oneof![
        Just(Dti::NotPresent),
        Just(Dti::Discardable),
        Just(Dti::Switch),
        Just(Dti::Required),
    ]
}

prop_compose! {
    fn sized_structure(count: usize, targets: usize, chains: usize)(
        offset in 0..64_u8,
        steps in vec(0..3_u8, count),
        dtis in vec(vec(dti(), targets), count),
        frame_diffs in vec(vec(1..=16_u16, 0..4), count),
        chain_diffs in vec(vec(0..16_u8, chains), count),
        protected_by in vec(0..chains.max(1) as u8, if chains > 0 { targets } else { 0 }),
        has_sizes in any::<bool>(),
        sizes in vec((1..=65_536_u32, 1..=65_536_u32), count),
    ) -> Structure {
        let mut layer = (0, 0);
        let mut templates = Vec::new();
        for index in 0..count {
            layer = match if index == 0 { 0 } else { steps[index] } {
                0 => layer,
                1 => (layer.0, layer.1 + 1),
                _ => (layer.0 + 1, 0),
            };
            templates.push(Template {
                spatial: layer.0,
                temporal: layer.1,
                dtis: dtis[index].clone(),
                frame_diffs: frame_diffs[index].clone(),
                chain_diffs: chain_diffs[index].clone(),
            });
        }
        let sizes = sizes.iter().take(if has_sizes { usize::from(layer.0) + 1 } else { 0 });
        let sizes = sizes.map(|(width, height)| Resolution { width: *width, height: *height });
        Structure::new(offset, templates, protected_by, sizes.collect()).unwrap()
    }
}

fn structure() -> impl Strategy<Value = Structure> {
    (1..=64_usize, 1..=32_usize)
        .prop_flat_map(|(count, targets)| (Just(count), Just(targets), 0..=targets))
        .prop_flat_map(|(count, targets, chains)| sized_structure(count, targets, chains))
}

prop_compose! {
    fn described()(structure in structure())(
        template in 0..structure.templates().len() as u8,
        numbers in any::<(bool, bool, u16)>(),
        is_attached in any::<bool>(),
        active in option::of(any::<u32>()),
        dtis in option::of(vec(dti(), structure.decode_targets())),
        frame_diffs in option::of(vec(1..=4096_u16, 0..6)),
        chain_diffs in option::of(vec(any::<u8>(), structure.chains())),
        structure in Just(structure),
    ) -> (Structure, DependencyDescriptor) {
        let (start_of_frame, end_of_frame, frame_number) = numbers;
        let descriptor = DependencyDescriptor {
            mandatory: Mandatory {
                start_of_frame,
                end_of_frame,
                template_id: (structure.template_id_offset() + template) % 64,
                frame_number,
            },
            structure: is_attached.then(|| Arc::new(structure.clone())),
            active_decode_targets: active.map(|bits| bits & structure.all_decode_targets()),
            custom_dtis: dtis,
            custom_frame_diffs: frame_diffs,
            custom_chain_diffs: chain_diffs,
        };
        (structure, descriptor)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn descriptors_read_back_as_written((structure, descriptor) in described()) {
        let mut bytes = vec![0xff];
        descriptor.write(&structure, &mut bytes).unwrap();
        let bytes = bytes.split_off(1);
        let known = (descriptor.structure.is_none()).then_some(&structure);
        let parsed = DependencyDescriptor::parse(&bytes, known);
        prop_assert_eq!(parsed.as_ref(), Ok(&descriptor));
        let mut again = Vec::new();
        parsed.unwrap().write(&structure, &mut again).unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn truncated_descriptors_are_refused((structure, descriptor) in described()) {
        let mut bytes = Vec::new();
        descriptor.write(&structure, &mut bytes).unwrap();
        for len in 0..bytes.len() {
            let parsed = DependencyDescriptor::parse(&bytes[..len], Some(&structure));
            // The head alone is a descriptor without what follows.
            prop_assert_eq!(parsed.is_ok(), len == Mandatory::LEN, "{}", len);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(data in vec(any::<u8>(), 0..300)) {
        fuzz::descriptor(&data);
    }
}
