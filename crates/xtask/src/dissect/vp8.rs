//! Every form of the descriptor before VP8.

use tidewire_rtp::Header;
use tidewire_rtp::extension::Form;
use tidewire_rtp::payload::vp8::{Descriptor, PictureId, TemporalLayer};

use super::rtp::sample;
use super::sample::{Sample, list};
use super::tshark::VP8;

/// The beginning of a predicted frame (RFC 6386 section 9.1).
const FRAME: [u8; 8] = [0xb1, 0x14, 0, 0xe4, 0xb1, 0x0f, 0xd9, 0x2a];

/// With and without each field that may be there.
pub(super) fn samples() -> impl Iterator<Item = Sample> {
    let ids = [
        None,
        Some(PictureId::short(0x7f)),
        Some(PictureId::long(0x7fff)),
    ];
    let layers = [
        None,
        Some(TemporalLayer {
            id: 2,
            layer_sync: true,
        }),
    ];
    let all = ids.into_iter().flat_map(move |picture_id| {
        layers.into_iter().flat_map(move |temporal| {
            [
                (None, None),
                (Some(17), None),
                (None, Some(31)),
                (Some(255), Some(1)),
            ]
            .map(|(tl0_picture_index, key_index)| Descriptor {
                non_reference: temporal.is_some(),
                begins_frame: true,
                picture_id,
                tl0_picture_index,
                temporal,
                key_index,
                ..Descriptor::default()
            })
        })
    });
    all.map(|descriptor| described(&descriptor))
}

fn described(descriptor: &Descriptor) -> Sample {
    let header = Header {
        payload_type: VP8.0,
        marker: true,
        ..Header::default()
    };
    let mut packet = Vec::new();
    let payload = header.write(&mut packet, &[], Form::OneByte).payload();
    descriptor.write(payload);
    payload.extend_from_slice(&FRAME);
    let mut sample = sample("VP8 with every kind of descriptor", VP8.1, packet);
    let flag = |is_set: bool| u8::from(is_set).to_string();
    let (temporal, key_index) = (descriptor.temporal, descriptor.key_index);
    // The two share a byte, and what is not there is zero.
    let shared = (temporal.is_some() || key_index.is_some()).then(|| {
        let layer = temporal.unwrap_or_default();
        [layer.id, u8::from(layer.layer_sync), key_index.unwrap_or(0)]
    });
    let field = |index: usize| list(shared.map(|shared| shared[index]));
    sample.expected.extend([
        ("vp8.pld.n", flag(descriptor.non_reference)),
        ("vp8.pld.tl0picidx", list(descriptor.tl0_picture_index)),
        ("vp8.pld.tid", field(0)),
        ("vp8.pld.y", field(1)),
        ("vp8.pld.keyidx", field(2)),
        ("vp8.hdr.partition_size", "165".to_owned()),
    ]);
    if shared.is_some() {
        sample
            .expected
            .push(("vp8.pld.t", flag(temporal.is_some())));
        sample
            .expected
            .push(("vp8.pld.k", flag(key_index.is_some())));
    }
    sample
}
