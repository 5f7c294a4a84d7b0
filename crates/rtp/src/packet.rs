//! An RTP packet as a view of its bytes (RFC 3550 section 5.1).

use std::ops::Range;

use crate::error::ParseError;
use crate::extension::{Elements, Form};
use crate::header::{Header, MARKER};

/// The fixed part of the header, in bytes.
pub const HEADER_LEN: usize = 12;

const PADDING: u8 = 0x20;
const EXTENSION: u8 = 0x10;

/// Whether a datagram with RTP or RTCP carries RTCP (RFC 5761 section 4). Which of the two families it
/// belongs to, and not to STUN or DTLS, its first byte tells (RFC 7983 section 7).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [_, 192..=223, ..])
}

/// An RTP packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packet<'a> {
    fixed: &'a [u8; HEADER_LEN],
    csrcs: &'a [[u8; 4]],
    profile: u16,
    extension: &'a [u8],
    payload: Range16,
    bytes: &'a [u8],
}

/// Where the payload stands; a datagram is never longer than 64 KiB.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Range16 {
    start: u32,
    end: u32,
}

impl<'a> Packet<'a> {
    /// Reads the header. The payload is whatever stands between header and padding.
    ///
    /// # Errors
    /// When the header or the padding does not fit into `bytes`, or the version is another.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let fixed: &[u8; HEADER_LEN] = bytes
            .first_chunk()
            .ok_or(ParseError::Truncated("fixed header"))?;
        if fixed[0] >> 6 != 2 {
            return Err(ParseError::Version);
        }
        let mut start = HEADER_LEN + 4 * usize::from(fixed[0] & 0x0f);
        let csrcs = bytes
            .get(HEADER_LEN..start)
            .ok_or(ParseError::Truncated("list of contributing sources"))?;
        let (mut profile, mut extension) = (0, &[][..]);
        if fixed[0] & EXTENSION != 0 {
            let truncated = ParseError::Truncated("header extension");
            let rest = &bytes[start..];
            let (head, rest) = rest.split_first_chunk::<4>().ok_or(truncated)?;
            let [a, b, c, d] = *head;
            profile = u16::from_be_bytes([a, b]);
            let len = 4 * usize::from(u16::from_be_bytes([c, d]));
            extension = rest.get(..len).ok_or(truncated)?;
            start += 4 + len;
        }
        let mut end = bytes.len();
        if fixed[0] & PADDING != 0 {
            let padding = bytes[end - 1];
            if padding == 0 || usize::from(padding) > end - start {
                return Err(ParseError::Padding);
            }
            end -= usize::from(padding);
        }
        let position = |at: usize| u32::try_from(at).map_err(|_| ParseError::Padding);
        Ok(Self {
            fixed,
            csrcs: csrcs.as_chunks().0,
            profile,
            extension,
            payload: Range16 {
                start: position(start)?,
                end: position(end)?,
            },
            bytes,
        })
    }

    /// The fields of the fixed part, as they would be written.
    pub fn header(&self) -> Header {
        Header {
            marker: self.marker(),
            payload_type: self.payload_type(),
            sequence_number: self.sequence_number(),
            timestamp: self.timestamp(),
            ssrc: self.ssrc(),
        }
    }

    /// The marker bit; the payload format tells what it means.
    pub fn marker(&self) -> bool {
        self.fixed[1] & MARKER != 0
    }

    /// The payload type, 0 to 127.
    pub fn payload_type(&self) -> u8 {
        self.fixed[1] & !MARKER
    }

    /// The sequence number.
    pub fn sequence_number(&self) -> u16 {
        u16::from_be_bytes([self.fixed[2], self.fixed[3]])
    }

    /// The timestamp, in ticks of the payload format's clock.
    pub fn timestamp(&self) -> u32 {
        let [_, _, _, _, a, b, c, d, ..] = *self.fixed;
        u32::from_be_bytes([a, b, c, d])
    }

    /// The synchronisation source.
    pub fn ssrc(&self) -> u32 {
        let [.., a, b, c, d] = *self.fixed;
        u32::from_be_bytes([a, b, c, d])
    }

    /// The contributing sources.
    pub fn csrcs(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.csrcs.iter().copied().map(u32::from_be_bytes)
    }

    /// The elements of the header extension (RFC 8285); none when it is of another kind.
    pub fn extensions(&self) -> Elements<'a> {
        Elements::of(Form::of(self.profile), self.extension)
    }

    /// Sixteen bits that tell the kind of the header extension, and its content. `None` without one.
    pub fn raw_extension(&self) -> Option<(u16, &'a [u8])> {
        let has_extension = self.fixed[0] & EXTENSION != 0;
        has_extension.then_some((self.profile, self.extension))
    }

    /// The payload, without padding.
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[self.payload_range()]
    }

    /// Where the payload stands in the packet.
    pub fn payload_range(&self) -> Range<usize> {
        self.payload.start as usize..self.payload.end as usize
    }

    /// The length of the header with contributing sources and extension, in bytes.
    pub fn header_len(&self) -> usize {
        self.payload.start as usize
    }

    /// The padding with its count, in bytes.
    pub fn padding_len(&self) -> usize {
        self.bytes.len() - self.payload.end as usize
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    const PACKET: [u8; 35] = hex!(
        "b2 ef 1234 01020304 a0a0a0a0 00000001 00000002"
        "bede 0001 10ff 0000"
        "112233"
        "000000 04"
    );

    #[test]
    fn reads_every_part_of_a_packet() {
        let packet = Packet::parse(&PACKET).unwrap();
        assert!(packet.marker());
        assert_eq!(packet.payload_type(), 0x6f);
        assert_eq!(packet.sequence_number(), 0x1234);
        assert_eq!(packet.timestamp(), 0x0102_0304);
        assert_eq!(packet.ssrc(), 0xa0a0_a0a0);
        assert_eq!(packet.csrcs().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(
            packet.raw_extension(),
            Some((0xbede, &[0x10, 0xff, 0, 0][..]))
        );
        assert_eq!(packet.extensions().collect::<Vec<_>>(), [(1, &[0xff][..])]);
        assert_eq!(packet.payload(), [0x11, 0x22, 0x33]);
        assert_eq!((packet.header_len(), packet.padding_len()), (28, 4));
    }

    #[test]
    fn a_packet_cut_short_is_refused_or_has_less_payload() {
        let whole = &PACKET[..31];
        let mut without_padding = whole.to_vec();
        without_padding[0] &= !PADDING;
        for len in 0..without_padding.len() {
            let cut = Packet::parse(&without_padding[..len]);
            assert_eq!(cut.is_ok(), len >= 28, "{len}");
        }
    }

    #[test]
    fn padding_ends_at_the_header() {
        let mut packet = hex!("a0 6f 0001 00000002 00000003 00000004");
        assert_eq!(Packet::parse(&packet).unwrap().payload(), []);
        packet[15] = 5;
        assert_eq!(Packet::parse(&packet), Err(ParseError::Padding));
        packet[15] = 0;
        assert_eq!(Packet::parse(&packet), Err(ParseError::Padding));
        assert_eq!(Packet::parse(&packet[..12]), Err(ParseError::Padding));
    }

    #[test]
    fn another_version_is_refused() {
        let packet = hex!("60 6f 0001 00000002 00000003");
        assert_eq!(Packet::parse(&packet), Err(ParseError::Version));
    }

    #[test]
    fn tells_rtcp_by_its_packet_types() {
        assert!(is_rtcp(&[0x80, 200]));
        assert!(is_rtcp(&[0x81, 207, 0, 0]));
        assert!(!is_rtcp(&[0x80, 0x80 | 111]));
        assert!(!is_rtcp(&[0x80]));
    }
}
