//! Congestion control feedback (RFC 8888).

use crate::take::{take_slice, take_u16, take_u32};

/// When packets of several streams arrived, RFC 8888 section 3.1.
#[derive(Clone, Copy, Debug)]
pub struct CongestionFeedback<'a> {
    /// Who received them.
    pub sender_ssrc: u32,
    /// When this was written: the middle 32 bits of an NTP time.
    pub timestamp: u32,
    streams: &'a [u8],
}

/// When packets of one stream arrived.
#[derive(Clone, Copy, Debug)]
pub struct StreamMetrics<'a> {
    /// The stream.
    pub ssrc: u32,
    /// The sequence number of the first packet that is reported on.
    pub first_sequence: u16,
    metrics: &'a [[u8; 2]],
}

/// How a packet arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PacketMetric {
    /// The mark that congestion left: two bits, RFC 3168.
    pub ecn: u8,
    /// How long before the report it arrived, in 1/1024 s; [`OVER_RANGE`](Self::OVER_RANGE) and
    /// [`UNAVAILABLE`](Self::UNAVAILABLE) are not times.
    pub arrival_offset: u16,
}

impl PacketMetric {
    /// Earlier than can be told.
    pub const OVER_RANGE: u16 = 0x1ffe;
    /// Not known, or after the report.
    pub const UNAVAILABLE: u16 = 0x1fff;

    fn read(bytes: [u8; 2]) -> Option<Self> {
        let word = u16::from_be_bytes(bytes);
        let is_received = word >> 15 == 1;
        is_received.then_some(Self {
            ecn: (word >> 13 & 3) as u8,
            arrival_offset: word & 0x1fff,
        })
    }

    fn word(metric: Option<Self>) -> u16 {
        metric.map_or(0, |metric| {
            let offset = metric.arrival_offset.min(Self::UNAVAILABLE);
            1 << 15 | u16::from(metric.ecn & 3) << 13 | offset
        })
    }
}

impl<'a> CongestionFeedback<'a> {
    pub(super) fn parse(mut body: &'a [u8]) -> Option<Self> {
        let sender_ssrc = take_u32(&mut body)?;
        let (streams, timestamp) = body.split_last_chunk()?;
        let mut rest = streams;
        while !rest.is_empty() {
            StreamMetrics::split(&mut rest)?;
        }
        Some(Self {
            sender_ssrc,
            timestamp: u32::from_be_bytes(*timestamp),
            streams,
        })
    }

    /// The streams that are reported on.
    pub fn streams(&self) -> impl Iterator<Item = StreamMetrics<'a>> + use<'a> {
        let mut rest = self.streams;
        std::iter::from_fn(move || StreamMetrics::split(&mut rest))
    }
}

impl<'a> StreamMetrics<'a> {
    /// The packets from the first on; `None` for one that has not arrived.
    pub fn packets(&self) -> impl Iterator<Item = (u16, Option<PacketMetric>)> + use<'a> {
        let first = self.first_sequence;
        (0..).zip(self.metrics).map(move |(offset, bytes)| {
            let sequence = first.wrapping_add(offset);
            (sequence, PacketMetric::read(*bytes))
        })
    }

    fn split(bytes: &mut &'a [u8]) -> Option<Self> {
        let ssrc = take_u32(bytes)?;
        let first_sequence = take_u16(bytes)?;
        let count = usize::from(take_u16(bytes)?);
        let metrics = take_slice(bytes, 2 * count.next_multiple_of(2))?;
        Some(Self {
            ssrc,
            first_sequence,
            metrics: metrics.as_chunks().0.get(..count)?,
        })
    }
}

/// Appends the streams of congestion control feedback.
#[derive(Debug)]
pub struct CongestionWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> CongestionWriter<'a> {
    /// The most packets of a stream in one report.
    pub const MAX_PACKETS: usize = 16_384;

    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Appends a stream, with the first [`MAX_PACKETS`](Self::MAX_PACKETS) of `packets`.
    pub fn stream(
        &mut self,
        ssrc: u32,
        first_sequence: u16,
        packets: impl IntoIterator<Item = Option<PacketMetric>>,
    ) -> &mut Self {
        self.out.extend_from_slice(&ssrc.to_be_bytes());
        self.out.extend_from_slice(&first_sequence.to_be_bytes());
        let count_at = self.out.len();
        self.out.extend_from_slice(&[0; 2]);
        let mut count = 0u16;
        for metric in packets.into_iter().take(Self::MAX_PACKETS) {
            let word = PacketMetric::word(metric);
            self.out.extend_from_slice(&word.to_be_bytes());
            count += 1;
        }
        self.out[count_at..][..2].copy_from_slice(&count.to_be_bytes());
        if count % 2 == 1 {
            self.out.extend_from_slice(&[0; 2]);
        }
        self
    }
}
