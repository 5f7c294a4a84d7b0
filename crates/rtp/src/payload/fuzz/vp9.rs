//! VP9.

use super::packets::receive;
use crate::payload::Format;
use crate::payload::vp9::{Descriptor, set_picture_id, set_tl0_picture_index, starts_key_frame};

/// Reads any bytes as a payload, then as several.
pub fn vp9(data: &[u8]) {
    descriptor(data);
    receive(Format::Vp9, data);
}

fn descriptor(data: &[u8]) {
    let parsed = Descriptor::parse(data);
    let is_key = starts_key_frame(data);
    let mut edited = data.to_vec();
    let has_id = set_picture_id(&mut edited, 0x1234);
    let has_index = set_tl0_picture_index(&mut edited, 0x56);
    let Ok((descriptor, bitstream)) = parsed else {
        assert!(!is_key);
        return;
    };
    let mut written = Vec::new();
    descriptor.write(&mut written);
    assert_eq!(written.len() + bitstream.len(), data.len());
    assert_eq!(
        Descriptor::parse(&written),
        Ok((descriptor.clone(), &[][..]))
    );
    assert_eq!(has_id, descriptor.picture_id.is_some());
    assert_eq!(has_index, descriptor.tl0_picture_index.is_some());
    let (after, same) = Descriptor::parse(&edited).expect("an edit changes numbers only");
    assert_eq!(same, bitstream);
    let id = descriptor.picture_id.map(|id| id.with_value(0x1234));
    let index = descriptor.tl0_picture_index.map(|_| 0x56);
    let expected = Descriptor {
        picture_id: id,
        tl0_picture_index: index,
        ..descriptor
    };
    assert_eq!(after, expected);
}

#[cfg(test)]
mod tests {
    use super::vp9;

    #[test]
    fn holds_for_the_corpus() {
        tidewire_netsim::for_each_corpus_entry("rtp_payload_vp9", vp9);
    }
}
