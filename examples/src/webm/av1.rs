//! What a track of AV1 has to tell beforehand.

const SEQUENCE_HEADER: u8 = 1;

/// The codec configuration record (AV1 in ISO-BMFF section 2.3, which Matroska takes over) of a temporal
/// unit that begins a sequence. `None` when it begins none, or one that browsers do not make: other than
/// of the main profile, in 8 bits.
pub fn av1_configuration(unit: &[u8]) -> Option<Vec<u8>> {
    let mut rest = unit;
    loop {
        let [header, after_header @ ..] = rest else {
            return None;
        };
        let has_extension = header & 0x04 != 0;
        let after_header = after_header.get(usize::from(has_extension)..)?;
        let (size, payload) = leb128(after_header)?;
        let (payload, next) = payload.split_at_checked(size)?;
        if header >> 3 & 0x0F == SEQUENCE_HEADER {
            let unit_len = rest.len() - next.len();
            return Some([&record(payload)?, &rest[..unit_len]].concat());
        }
        rest = next;
    }
}

/// Level and tier of the first operating point are in the first 30 bits of a sequence header (AV1
/// bitstream specification section 5.5.1).
fn record(header: &[u8]) -> Option<[u8; 4]> {
    const REDUCED: u32 = 1 << 27;
    const TIMING_INFO: u32 = 1 << 26;
    let word = u32::from_be_bytes(*header.first_chunk()?);
    let profile = word >> 29;
    let (level, tier) = match word & REDUCED {
        0 => (word >> 3 & 0x1F, word >> 2 & 1),
        _ => (word >> 22 & 0x1F, 0),
    };
    let is_plain = word & REDUCED != 0 || word & TIMING_INFO == 0;
    // A tier is told of high levels only.
    let tier = if level > 7 { tier } else { 0 };
    let chroma_is_halved = 0x0C;
    (profile == 0 && is_plain).then_some([
        0x81,
        level as u8,
        (tier as u8) << 7 | chroma_is_halved,
        0,
    ])
}

fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A delimiter, and the beginning of a sequence header of level 3.0.
    const UNIT: [u8; 9] = [0x12, 0x00, 0x0A, 0x05, 0x00, 0x00, 0x00, 0x22, 0x7F];

    #[test]
    fn the_sequence_header_tells_the_level() {
        let record = av1_configuration(&UNIT).unwrap();
        assert_eq!(record[..4], [0x81, 4, 0x0C, 0]);
        assert_eq!(record[4..], UNIT[2..]);
    }

    #[test]
    fn units_without_a_sequence_header_tell_nothing() {
        for length in 0..UNIT.len() {
            assert_eq!(av1_configuration(&UNIT[..length]), None);
        }
        assert_eq!(av1_configuration(&[0x32, 0x01, 0x00]), None);
    }
}
