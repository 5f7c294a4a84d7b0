//! VP8.

use super::packets::receive;
use crate::payload::Format;
use crate::payload::vp8::{Descriptor, set_picture_id, set_tl0_picture_index, starts_key_frame};

/// Reads any bytes as a payload, then as several.
pub fn vp8(data: &[u8]) {
    let mut edited = data.to_vec();
    set_picture_id(&mut edited, 0x1234);
    set_tl0_picture_index(&mut edited, 0x56);
    let is_key = starts_key_frame(data);
    match Descriptor::parse(data) {
        Some((descriptor, bitstream)) => {
            let mut written = Vec::new();
            descriptor.write(&mut written);
            assert!(written.len() + bitstream.len() <= data.len());
            assert_eq!(Descriptor::parse(&written), Some((descriptor, &[][..])));
            let edited = Descriptor::parse(&edited).map(|(_, bitstream)| bitstream);
            assert_eq!(edited, Some(bitstream));
        }
        None => assert!(!is_key),
    }
    receive(Format::Vp8, data);
}

#[cfg(test)]
mod tests {
    use super::vp8;

    #[test]
    fn holds_for_the_corpus() {
        tidewire_netsim::for_each_corpus_entry("rtp_payload_vp8", vp8);
    }
}
