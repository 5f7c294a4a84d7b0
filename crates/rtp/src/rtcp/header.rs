//! The header that all RTCP packets share (RFC 3550 section 6.4.1).

use crate::error::ParseError;

/// Packet types.
pub(super) mod packet_type {
    pub(in crate::rtcp) const SENDER_REPORT: u8 = 200;
    pub(in crate::rtcp) const RECEIVER_REPORT: u8 = 201;
    pub(in crate::rtcp) const SOURCE_DESCRIPTION: u8 = 202;
    pub(in crate::rtcp) const GOODBYE: u8 = 203;
    pub(in crate::rtcp) const APPLICATION: u8 = 204;
    pub(in crate::rtcp) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(in crate::rtcp) const PAYLOAD_FEEDBACK: u8 = 206;
    pub(in crate::rtcp) const EXTENDED_REPORT: u8 = 207;
}

/// Formats of feedback, with the packet type that each belongs to.
pub(super) mod format {
    use super::packet_type::{PAYLOAD_FEEDBACK, TRANSPORT_FEEDBACK};

    pub(in crate::rtcp) const NACK: (u8, u8) = (TRANSPORT_FEEDBACK, 1);
    pub(in crate::rtcp) const CONGESTION: (u8, u8) = (TRANSPORT_FEEDBACK, 11);
    pub(in crate::rtcp) const TRANSPORT_WIDE: (u8, u8) = (TRANSPORT_FEEDBACK, 15);
    pub(in crate::rtcp) const PICTURE_LOSS: (u8, u8) = (PAYLOAD_FEEDBACK, 1);
    pub(in crate::rtcp) const FULL_INTRA_REQUEST: (u8, u8) = (PAYLOAD_FEEDBACK, 4);
    pub(in crate::rtcp) const APPLICATION_LAYER: (u8, u8) = (PAYLOAD_FEEDBACK, 15);
}

/// A packet without its header and padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Framed<'a> {
    /// Five bits: how many items there are, or which format it is.
    pub(super) count: u8,
    pub(super) packet_type: u8,
    pub(super) body: &'a [u8],
}

impl<'a> Framed<'a> {
    /// Splits one packet off the front.
    pub(super) fn split(bytes: &mut &'a [u8]) -> Result<Self, ParseError> {
        let (&[first, packet_type, high, low], rest) = bytes
            .split_first_chunk()
            .ok_or(ParseError::Truncated("RTCP header"))?;
        if first >> 6 != 2 {
            return Err(ParseError::Version);
        }
        let len = 4 * usize::from(u16::from_be_bytes([high, low]));
        let (mut body, rest) = rest
            .split_at_checked(len)
            .ok_or(ParseError::Truncated("RTCP packet"))?;
        if first & 0x20 != 0 {
            let padding = body.last().copied().map_or(0, usize::from);
            let unpadded = body.len().checked_sub(padding).filter(|_| padding > 0);
            body = &body[..unpadded.ok_or(ParseError::Padding)?];
        }
        *bytes = rest;
        Ok(Self {
            count: first & 0x1f,
            packet_type,
            body,
        })
    }
}
