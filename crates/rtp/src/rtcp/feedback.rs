//! Feedback on single packets and pictures, and REMB.

use crate::take::{take, take_u32};

/// Packets that are missing, RFC 4585 section 6.2.1.
#[derive(Clone, Copy, Debug)]
pub struct Nack<'a> {
    /// Who misses them.
    pub sender_ssrc: u32,
    /// Of which stream.
    pub media_ssrc: u32,
    entries: &'a [[u8; 4]],
}

impl<'a> Nack<'a> {
    pub(super) fn parse(mut body: &'a [u8]) -> Option<Self> {
        Some(Self {
            sender_ssrc: take_u32(&mut body)?,
            media_ssrc: take_u32(&mut body)?,
            entries: body.as_chunks().0,
        })
    }

    /// The sequence numbers of what is missing.
    pub fn sequence_numbers(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.entries.iter().flat_map(|&[a, b, c, d]| {
            let first = u16::from_be_bytes([a, b]);
            let mask = u32::from(u16::from_be_bytes([c, d])) << 1 | 1;
            let missing = (0..=16).filter(move |bit| mask >> bit & 1 == 1);
            missing.map(move |bit| first.wrapping_add(bit))
        })
    }
}

/// A picture was lost, RFC 4585 section 6.3.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PictureLoss {
    /// Who lost it.
    pub sender_ssrc: u32,
    /// Of which stream.
    pub media_ssrc: u32,
}

impl PictureLoss {
    pub(super) fn parse(mut body: &[u8]) -> Option<Self> {
        Some(Self {
            sender_ssrc: take_u32(&mut body)?,
            media_ssrc: take_u32(&mut body)?,
        })
    }
}

/// Key frames are asked for, RFC 5104 section 4.3.1.
#[derive(Clone, Copy, Debug)]
pub struct FullIntraRequest<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    entries: &'a [[u8; 8]],
}

/// A key frame is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IntraRequest {
    /// Of which stream.
    pub ssrc: u32,
    /// Another number is another request; the same is the same again.
    pub sequence: u8,
}

impl<'a> FullIntraRequest<'a> {
    pub(super) fn parse(mut body: &'a [u8]) -> Option<Self> {
        let sender_ssrc = take_u32(&mut body)?;
        // The field for a single stream is not used.
        take_u32(&mut body)?;
        Some(Self {
            sender_ssrc,
            entries: body.as_chunks().0,
        })
    }

    /// The requests.
    pub fn requests(&self) -> impl ExactSizeIterator<Item = IntraRequest> + use<'a> {
        self.entries
            .iter()
            .map(|&[a, b, c, d, sequence, ..]| IntraRequest {
                ssrc: u32::from_be_bytes([a, b, c, d]),
                sequence,
            })
    }
}

/// The receiver's estimate of what the path carries.
#[derive(Clone, Copy, Debug)]
pub struct Remb<'a> {
    /// Who estimates.
    pub sender_ssrc: u32,
    /// In bits a second.
    pub bitrate: u64,
    ssrcs: &'a [[u8; 4]],
}

impl<'a> Remb<'a> {
    pub(super) const NAME: [u8; 4] = *b"REMB";

    /// Other applications use the same format.
    pub(super) fn is_one(body: &[u8]) -> bool {
        body.get(8..12) == Some(&Self::NAME)
    }

    pub(super) fn parse(mut body: &'a [u8]) -> Option<Self> {
        let sender_ssrc = take_u32(&mut body)?;
        let _unused_and_name: &[u8; 8] = take(&mut body)?;
        let [count, a, b, c] = *take(&mut body)?;
        let mantissa = u64::from(u32::from_be_bytes([0, a & 3, b, c]));
        let bitrate = mantissa.checked_shl((a >> 2).into());
        // Bits shifted out would make a high rate a low one.
        let bitrate = bitrate.filter(|rate| rate >> (a >> 2) == mantissa);
        Some(Self {
            sender_ssrc,
            bitrate: bitrate.unwrap_or(u64::MAX),
            ssrcs: body.as_chunks().0.get(..count.into())?,
        })
    }

    /// Which streams share it.
    pub fn ssrcs(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.ssrcs.iter().copied().map(u32::from_be_bytes)
    }
}
