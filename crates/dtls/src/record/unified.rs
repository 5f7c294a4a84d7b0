//! The header of protected records of DTLS 1.3, RFC 9147 section 4.

/// The fixed bits that tell the header from others (RFC 9147 section 4.1).
const FIXED: u8 = 0b0010_0000;
const FIXED_MASK: u8 = 0b1110_0000;
const HAS_CONNECTION_ID: u8 = 0b0001_0000;
const HAS_LONG_SEQUENCE: u8 = 0b0000_1000;
const HAS_LENGTH: u8 = 0b0000_0100;
const EPOCH_MASK: u8 = 0b0000_0011;

/// A header, with the sequence number as it is on the wire: encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct UnifiedHeader {
    /// The two lowest bits of the epoch.
    pub(crate) epoch_bits: u8,
    /// How many bytes of the sequence number there are: 1 or 2.
    pub(crate) sequence_len: usize,
    /// The header's own length.
    pub(crate) len: usize,
    /// How many bytes of ciphertext follow it.
    pub(crate) ciphertext_len: usize,
}

impl UnifiedHeader {
    /// How long the headers are that we write: with a sequence number of 16 bits, and with a length, so
    /// that more records may follow in the same datagram.
    pub(crate) const WRITTEN_LEN: usize = 5;
    pub(crate) const MAX_LEN: usize = 5;

    /// Whether a datagram goes on with a record of this kind.
    pub(crate) fn begins(datagram: &[u8]) -> bool {
        datagram
            .first()
            .is_some_and(|first| first & FIXED_MASK == FIXED)
    }

    /// The header at the front of `datagram`, if all of its record is there. Connection ids were not
    /// negotiated: a record with one is not for us (RFC 9147 section 4).
    pub(crate) fn decode(datagram: &[u8]) -> Option<Self> {
        let first = *datagram.first()?;
        if first & FIXED_MASK != FIXED || first & HAS_CONNECTION_ID != 0 {
            return None;
        }
        let sequence_len = if first & HAS_LONG_SEQUENCE == 0 { 1 } else { 2 };
        let mut len = 1 + sequence_len;
        let ciphertext_len = if first & HAS_LENGTH == 0 {
            datagram.len().checked_sub(len)?
        } else {
            let field = datagram.get(len..len + 2)?;
            len += 2;
            usize::from(u16::from_be_bytes([field[0], field[1]]))
        };
        (datagram.len() - len >= ciphertext_len).then_some(Self {
            epoch_bits: first & EPOCH_MASK,
            sequence_len,
            len,
            ciphertext_len,
        })
    }

    /// A header of ours, the sequence number not encrypted yet.
    pub(crate) fn encode(
        epoch_bits: u8,
        sequence: u64,
        ciphertext_len: usize,
    ) -> [u8; Self::WRITTEN_LEN] {
        let [high, low] = (sequence as u16).to_be_bytes();
        let [length_high, length_low] = (ciphertext_len as u16).to_be_bytes();
        let first = FIXED | HAS_LONG_SEQUENCE | HAS_LENGTH | epoch_bits & EPOCH_MASK;
        [first, high, low, length_high, length_low]
    }
}

/// The number closest to `expected` that ends in the `bits` lowest bits of `low` (RFC 9147 section
/// 4.2.2).
pub(super) fn reconstruct(expected: u64, low: u64, bits: u32) -> u64 {
    let span = 1_u64 << bits;
    let candidate = expected & !(span - 1) | low;
    if candidate + span / 2 < expected {
        candidate + span
    } else if candidate > expected + span / 2 && candidate >= span {
        candidate - span
    } else {
        candidate
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let header = UnifiedHeader::encode(3, 0x1_2345, 7);
        assert_eq!(header, [0x2f, 0x23, 0x45, 0, 7]);
        let datagram = [&header[..], &[0; 7]].concat();
        let decoded = UnifiedHeader::decode(&datagram).unwrap();
        assert_eq!((decoded.epoch_bits, decoded.sequence_len), (3, 2));
        assert_eq!((decoded.len, decoded.ciphertext_len), (5, 7));
        for len in 0..datagram.len() {
            assert_eq!(UnifiedHeader::decode(&datagram[..len]), None);
        }
    }

    #[test]
    fn a_record_without_a_length_takes_the_rest_of_the_datagram() {
        let decoded = UnifiedHeader::decode(&[0x21, 9, 1, 2, 3]).unwrap();
        assert_eq!((decoded.len, decoded.ciphertext_len), (2, 3));
        assert_eq!(decoded.sequence_len, 1);
        assert_eq!(UnifiedHeader::decode(&[0x29, 9]), None);
    }

    #[test]
    fn a_record_with_a_connection_id_is_not_for_us() {
        assert!(UnifiedHeader::begins(&[0x3f]));
        assert_eq!(UnifiedHeader::decode(&[0x3f; 40]), None);
    }

    proptest! {
        #[test]
        fn a_number_is_found_again_within_half_of_what_its_bits_span(
            expected in 0_u64..1 << 48,
            ahead in -127_i64..=127,
            bits in prop_oneof![Just(8_u32), Just(16)],
        ) {
            let number = expected.saturating_add_signed(ahead);
            let low = number & ((1 << bits) - 1);
            prop_assert_eq!(reconstruct(expected, low, bits), number);
        }
    }
}
