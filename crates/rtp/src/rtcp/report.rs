//! Sender and receiver reports.

use crate::ntp::NtpTime;
use crate::take::{take_u32, take_u64};

/// What a sender tells about a stream and about those that it receives, RFC 3550 section 6.4.1.
#[derive(Clone, Copy, Debug)]
pub struct SenderReport<'a> {
    /// The sender's stream.
    pub ssrc: u32,
    /// What was sent.
    pub info: SenderInfo,
    /// What was received.
    pub reports: ReportBlocks<'a>,
}

/// What a receiver tells about the streams that it receives, RFC 3550 section 6.4.2.
#[derive(Clone, Copy, Debug)]
pub struct ReceiverReport<'a> {
    /// The receiver.
    pub ssrc: u32,
    /// What was received.
    pub reports: ReportBlocks<'a>,
}

/// What was sent, and how the stream's clock relates to the wall's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SenderInfo {
    /// When this was written, by the sender's wall clock.
    pub ntp_time: NtpTime,
    /// The same instant, in ticks of the stream's clock.
    pub rtp_timestamp: u32,
    /// Packets sent so far.
    pub packets: u32,
    /// Bytes of payload sent so far.
    pub octets: u32,
}

/// What a receiver saw of one stream.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: u32,
    /// The share of packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost so far: expected less received, in 24 bits. Duplicates make it negative.
    pub packets_lost: i32,
    /// The highest sequence number received, extended by how often it rolled over.
    pub highest_sequence: u32,
    /// The variation of transit times, in ticks of the stream's clock.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's time; 0 before there was one.
    pub last_sender_report: u32,
    /// How long ago that was, in units of 2^-16 s.
    pub delay_since_last_sender_report: u32,
}

/// The report blocks of a packet.
#[derive(Clone, Copy, Debug)]
pub struct ReportBlocks<'a>(&'a [[u8; ReportBlock::LEN]]);

impl<'a> SenderReport<'a> {
    pub(super) fn parse(count: u8, mut body: &'a [u8]) -> Option<Self> {
        let body = &mut body;
        let ssrc = take_u32(body)?;
        let info = SenderInfo {
            ntp_time: take_u64(body).map(NtpTime)?,
            rtp_timestamp: take_u32(body)?,
            packets: take_u32(body)?,
            octets: take_u32(body)?,
        };
        Some(Self {
            ssrc,
            info,
            reports: ReportBlocks::parse(count, body)?,
        })
    }
}

impl<'a> ReceiverReport<'a> {
    pub(super) fn parse(count: u8, mut body: &'a [u8]) -> Option<Self> {
        Some(Self {
            ssrc: take_u32(&mut body)?,
            reports: ReportBlocks::parse(count, body)?,
        })
    }
}

impl SenderInfo {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ntp_time.0.to_be_bytes());
        for word in [self.rtp_timestamp, self.packets, self.octets] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}

impl<'a> ReportBlocks<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ReportBlock> + use<'a> {
        self.0.iter().map(ReportBlock::read)
    }

    /// A profile may append more after them.
    fn parse(count: u8, body: &'a [u8]) -> Option<Self> {
        let (blocks, _) = body.as_chunks();
        blocks.get(..count.into()).map(Self)
    }
}

impl ReportBlock {
    const LEN: usize = 24;

    fn read(bytes: &[u8; Self::LEN]) -> Self {
        let word = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| bytes[at + byte]));
        Self {
            ssrc: word(0),
            fraction_lost: bytes[4],
            // The sign is the highest of 24 bits.
            packets_lost: (word(4) << 8) as i32 >> 8,
            highest_sequence: word(8),
            jitter: word(12),
            last_sender_report: word(16),
            delay_since_last_sender_report: word(20),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        const LIMIT: i32 = 1 << 23;
        let lost = self.packets_lost.clamp(-LIMIT, LIMIT - 1) as u32 & 0x00ff_ffff;
        for word in [
            self.ssrc,
            u32::from(self.fraction_lost) << 24 | lost,
            self.highest_sequence,
            self.jitter,
            self.last_sender_report,
            self.delay_since_last_sender_report,
        ] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}
