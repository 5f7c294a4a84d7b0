//! As much of RTP's and RTCP's headers as protection needs.

/// What identifies an RTP packet, and where its payload begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RtpHeader {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    /// The header's length with contributing sources and extension, in bytes; these stay readable.
    pub(crate) len: usize,
}

const FIXED_LEN: usize = 12;
/// The bytes of an RTCP packet that stay readable (RFC 3711 section 3.4).
pub(crate) const RTCP_HEADER_LEN: usize = 8;

impl RtpHeader {
    /// RFC 3550 section 5.1.
    pub(crate) fn parse(packet: &[u8]) -> Option<Self> {
        let fixed = packet.first_chunk::<FIXED_LEN>()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut len = FIXED_LEN + 4 * usize::from(fixed[0] & 0x0F);
        if fixed[0] & 0x10 != 0 {
            let [high, low] = *packet.get(len + 2..)?.first_chunk::<2>()?;
            len += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        }
        (len <= packet.len()).then_some(Self {
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            len,
        })
    }
}

/// The SSRC of whoever sent an RTCP packet (RFC 3550 section 6.4).
pub(crate) fn rtcp_sender(packet: &[u8]) -> Option<u32> {
    let [first, _, _, _, a, b, c, d] = *packet.first_chunk::<RTCP_HEADER_LEN>()?;
    (first >> 6 == 2).then(|| u32::from_be_bytes([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_ends_after_its_sources_and_its_extension() {
        let mut packet = vec![0x92, 0x60, 1, 2, 0, 0, 0, 0, 0, 0, 0, 9];
        packet.extend_from_slice(&[1; 8]);
        packet.extend_from_slice(&[0xBE, 0xDE, 0, 1, 5, 5, 5, 5]);
        let expected = RtpHeader {
            ssrc: 9,
            sequence: 0x0102,
            len: 28,
        };
        assert_eq!(RtpHeader::parse(&packet), Some(expected));
        for len in 0..packet.len() {
            assert_eq!(RtpHeader::parse(&packet[..len]), None, "{len}");
        }
        packet[0] = 0x52;
        assert_eq!(RtpHeader::parse(&packet), None, "of another version");
    }
}
