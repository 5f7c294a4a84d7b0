//! Extended reports (RFC 3611): those that give a receiver its round-trip time.

use crate::ntp::NtpTime;
use crate::take::{take_slice, take_u8, take_u16, take_u32, take_u64};

pub(super) const RECEIVER_REFERENCE_TIME: u8 = 4;
pub(super) const DLRR: u8 = 5;

/// An extended report.
#[derive(Clone, Copy, Debug)]
pub struct ExtendedReport<'a> {
    /// Who reports.
    pub ssrc: u32,
    blocks: &'a [u8],
}

/// One block of an extended report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ExtendedBlock<'a> {
    /// When the report was written, section 4.4.
    ReceiverReferenceTime(NtpTime),
    /// What came back of that, section 4.5.
    Dlrr(&'a [[u8; Dlrr::LEN]]),
    /// Another block.
    Unknown {
        /// Its type.
        block_type: u8,
        /// A byte that the type gives a meaning.
        specific: u8,
        /// What follows the first four bytes.
        body: &'a [u8],
    },
}

/// When a receiver's report reached a sender, section 4.5.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Dlrr {
    /// The receiver.
    pub ssrc: u32,
    /// The middle 32 bits of the time of its last report; 0 before there was one.
    pub last_report: u32,
    /// How long ago that was, in units of 2^-16 s.
    pub delay_since_last_report: u32,
}

impl<'a> ExtendedReport<'a> {
    pub(super) fn parse(mut body: &'a [u8]) -> Option<Self> {
        let ssrc = take_u32(&mut body)?;
        let mut rest = body;
        while !rest.is_empty() {
            ExtendedBlock::split(&mut rest)?;
        }
        Some(Self { ssrc, blocks: body })
    }

    /// The blocks.
    pub fn blocks(&self) -> impl Iterator<Item = ExtendedBlock<'a>> + use<'a> {
        let mut rest = self.blocks;
        std::iter::from_fn(move || ExtendedBlock::split(&mut rest))
    }

    /// When the report was written, where it tells.
    pub fn receiver_reference_time(&self) -> Option<NtpTime> {
        self.blocks().find_map(|block| match block {
            ExtendedBlock::ReceiverReferenceTime(time) => Some(time),
            _ => None,
        })
    }

    /// What it tells to receivers.
    pub fn dlrrs(&self) -> impl Iterator<Item = Dlrr> + use<'a> {
        let all = self.blocks().filter_map(|block| match block {
            ExtendedBlock::Dlrr(all) => Some(all),
            _ => None,
        });
        all.flatten().map(Dlrr::read)
    }
}

impl<'a> ExtendedBlock<'a> {
    fn split(bytes: &mut &'a [u8]) -> Option<Self> {
        let (block_type, specific) = (take_u8(bytes)?, take_u8(bytes)?);
        let words = take_u16(bytes)?;
        let mut body = take_slice(bytes, 4 * usize::from(words))?;
        Some(match block_type {
            RECEIVER_REFERENCE_TIME => {
                Self::ReceiverReferenceTime(take_u64(&mut body).map(NtpTime)?)
            }
            DLRR => Self::Dlrr(body.as_chunks().0),
            _ => Self::Unknown {
                block_type,
                specific,
                body,
            },
        })
    }
}

impl Dlrr {
    const LEN: usize = 12;

    /// Reads one of [`ExtendedBlock::Dlrr`].
    pub fn read(bytes: &[u8; Self::LEN]) -> Self {
        let word = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte]));
        Self {
            ssrc: word(0),
            last_report: word(4),
            delay_since_last_report: word(8),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for word in [self.ssrc, self.last_report, self.delay_since_last_report] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}
