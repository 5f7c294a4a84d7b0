//! Writing RTCP packets.

use super::congestion::CongestionWriter;
use super::description::ItemKind;
use super::extended::{DLRR, Dlrr, RECEIVER_REFERENCE_TIME};
use super::feedback::{IntraRequest, Remb};
use super::header::{format, packet_type};
use super::report::{ReportBlock, SenderInfo};
use super::transport_wide::{Symbols, write_chunks};
use crate::ntp::NtpTime;

/// As many items as a packet's header can count.
const MAX_COUNT: usize = 31;

/// Appends RTCP packets to a buffer, one after another.
///
/// What goes out at once begins with a report, unless reduced size was negotiated (RFC 3550 section 6.1,
/// RFC 5506).
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Appends a sender report; report blocks that it has no room for follow in receiver reports.
    pub fn sender_report(
        &mut self,
        ssrc: u32,
        info: &SenderInfo,
        reports: &[ReportBlock],
    ) -> &mut Self {
        let (first, rest) = reports.split_at(reports.len().min(MAX_COUNT));
        self.packet(packet_type::SENDER_REPORT, first.len() as u8, |out| {
            put(out, ssrc);
            info.write(out);
            first.iter().for_each(|report| report.write(out));
        });
        if !rest.is_empty() {
            self.receiver_report(ssrc, rest);
        }
        self
    }

    /// Appends a receiver report, or as many as the report blocks need.
    pub fn receiver_report(&mut self, ssrc: u32, reports: &[ReportBlock]) -> &mut Self {
        let (first, rest) = reports.split_at(reports.len().min(MAX_COUNT));
        self.packet(packet_type::RECEIVER_REPORT, first.len() as u8, |out| {
            put(out, ssrc);
            first.iter().for_each(|report| report.write(out));
        });
        if rest.is_empty() {
            return self;
        }
        self.receiver_report(ssrc, rest)
    }

    /// Appends a description of one source. Texts are cut at 255 bytes.
    pub fn source_description(&mut self, ssrc: u32, items: &[(ItemKind, &str)]) -> &mut Self {
        self.packet(packet_type::SOURCE_DESCRIPTION, 1, |out| {
            put(out, ssrc);
            let start = out.len();
            for (kind, text) in items {
                let text = &text.as_bytes()[..text.len().min(255)];
                out.extend_from_slice(&[kind.0, text.len() as u8]);
                out.extend_from_slice(text);
            }
            // At least one zero ends the list.
            let len = (out.len() - start + 1).next_multiple_of(4);
            out.resize(start + len, 0);
        })
    }

    /// Appends a goodbye of up to 31 sources. The reason is cut at 255 bytes.
    pub fn goodbye(&mut self, ssrcs: &[u32], reason: Option<&str>) -> &mut Self {
        let ssrcs = &ssrcs[..ssrcs.len().min(MAX_COUNT)];
        self.packet(packet_type::GOODBYE, ssrcs.len() as u8, |out| {
            ssrcs.iter().for_each(|ssrc| put(out, *ssrc));
            if let Some(reason) = reason {
                let reason = &reason.as_bytes()[..reason.len().min(255)];
                out.push(reason.len() as u8);
                out.extend_from_slice(reason);
            }
        })
    }

    /// Appends a packet of an application; `data` is filled up with zeros to a multiple of 4 bytes.
    pub fn application(&mut self, subtype: u8, ssrc: u32, name: [u8; 4], data: &[u8]) -> &mut Self {
        self.packet(packet_type::APPLICATION, subtype, |out| {
            put(out, ssrc);
            out.extend_from_slice(&name);
            out.extend_from_slice(data);
        })
    }

    /// Appends an extended report with its own time, with answers to those of others, or with both.
    pub fn extended_report(
        &mut self,
        ssrc: u32,
        reference: Option<NtpTime>,
        answers: &[Dlrr],
    ) -> &mut Self {
        self.packet(packet_type::EXTENDED_REPORT, 0, |out| {
            put(out, ssrc);
            if let Some(time) = reference {
                out.extend_from_slice(&[RECEIVER_REFERENCE_TIME, 0, 0, 2]);
                out.extend_from_slice(&time.0.to_be_bytes());
            }
            if !answers.is_empty() {
                let words = (3 * answers.len()) as u16;
                out.extend_from_slice(&[DLRR, 0]);
                out.extend_from_slice(&words.to_be_bytes());
                answers.iter().for_each(|answer| answer.write(out));
            }
        })
    }

    /// Appends a request for packets; nothing when there are none. Numbers that ascend are packed
    /// best.
    pub fn nack(
        &mut self,
        sender_ssrc: u32,
        media_ssrc: u32,
        missing: impl IntoIterator<Item = u16>,
    ) -> &mut Self {
        let mut missing = missing.into_iter().peekable();
        if missing.peek().is_none() {
            return self;
        }
        self.feedback(format::NACK, sender_ssrc, media_ssrc, |out| {
            while let Some(first) = missing.next() {
                let mut mask = 0u16;
                let follows = |next: &u16| (1..=16).contains(&next.wrapping_sub(first));
                while let Some(next) = missing.next_if(follows) {
                    mask |= 1 << (next.wrapping_sub(first) - 1);
                }
                put(out, u32::from(first) << 16 | u32::from(mask));
            }
        })
    }

    /// Appends the news that a picture was lost.
    pub fn picture_loss(&mut self, sender_ssrc: u32, media_ssrc: u32) -> &mut Self {
        self.feedback(format::PICTURE_LOSS, sender_ssrc, media_ssrc, |_| {})
    }

    /// Appends requests for key frames.
    pub fn full_intra_request(&mut self, sender_ssrc: u32, requests: &[IntraRequest]) -> &mut Self {
        self.feedback(format::FULL_INTRA_REQUEST, sender_ssrc, 0, |out| {
            for request in requests {
                put(out, request.ssrc);
                out.extend_from_slice(&[request.sequence, 0, 0, 0]);
            }
        })
    }

    /// Appends an estimate of what the path carries, in bits a second, for up to 255 streams. It is
    /// rounded down to 18 bits.
    pub fn remb(&mut self, sender_ssrc: u32, bitrate: u64, ssrcs: &[u32]) -> &mut Self {
        let ssrcs = &ssrcs[..ssrcs.len().min(255)];
        let exponent = (64 - bitrate.leading_zeros()).saturating_sub(18);
        let mantissa = (bitrate >> exponent) as u32;
        self.feedback(format::APPLICATION_LAYER, sender_ssrc, 0, |out| {
            out.extend_from_slice(&Remb::NAME);
            put(out, (ssrcs.len() as u32) << 24 | exponent << 18 | mantissa);
            ssrcs.iter().for_each(|ssrc| put(out, *ssrc));
        })
    }

    /// Appends when packets of a transport arrived, beginning with `first_sequence`: each in units of 250
    /// µs of a clock of one's own, `None` for those that have not. Answers how many it tells of, which may
    /// be fewer: a time is too far from the one before it. Nothing is appended when none has arrived.
    pub fn transport_feedback(
        &mut self,
        (sender_ssrc, media_ssrc): (u32, u32),
        feedback_count: u8,
        first_sequence: u16,
        arrivals: &[Option<i64>],
    ) -> usize {
        let arrivals = &arrivals[..arrivals.len().min(usize::from(u16::MAX))];
        let Some((reference, symbols)) = Symbols::new(arrivals) else {
            return 0;
        };
        let count = symbols.clone().count();
        let start = self.out.len();
        self.feedback(format::TRANSPORT_WIDE, sender_ssrc, media_ssrc, |out| {
            put(out, u32::from(first_sequence) << 16 | count as u32);
            put(out, (reference as u32) << 8 | u32::from(feedback_count));
            write_chunks(&symbols, count, out);
            for (symbol, delta) in symbols.take(count) {
                let bytes = delta.to_be_bytes();
                out.extend_from_slice(&bytes[2 - usize::from(symbol.bits())..]);
            }
            pad(out, start);
        });
        count
    }

    /// Appends congestion control feedback as of `timestamp`, the middle 32 bits of an NTP time.
    pub fn congestion_feedback(
        &mut self,
        sender_ssrc: u32,
        timestamp: u32,
        streams: impl FnOnce(&mut CongestionWriter<'_>),
    ) -> &mut Self {
        let (packet_type, format) = format::CONGESTION;
        self.packet(packet_type, format, |out| {
            put(out, sender_ssrc);
            streams(&mut CongestionWriter::new(out));
            put(out, timestamp);
        })
    }

    /// Appends a packet of any type, 192 to 223; `body` is filled up with zeros to a multiple of 4 bytes.
    pub fn raw(&mut self, packet_type: u8, count: u8, body: &[u8]) -> &mut Self {
        self.packet(packet_type, count, |out| out.extend_from_slice(body))
    }

    fn feedback(
        &mut self,
        (packet_type, format): (u8, u8),
        sender_ssrc: u32,
        media_ssrc: u32,
        body: impl FnOnce(&mut Vec<u8>),
    ) -> &mut Self {
        self.packet(packet_type, format, |out| {
            put(out, sender_ssrc);
            put(out, media_ssrc);
            body(out);
        })
    }

    fn packet(&mut self, packet_type: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let start = self.out.len();
        self.out
            .extend_from_slice(&[0x80 | count & 0x1f, packet_type, 0, 0]);
        body(self.out);
        let len = (self.out.len() - start).next_multiple_of(4);
        self.out.resize(start + len, 0);
        let words = (len / 4 - 1) as u16;
        self.out[start + 2..][..2].copy_from_slice(&words.to_be_bytes());
        self
    }
}

/// Fills the packet that is `out[start..]` up with padding that is told as such: its content has no length
/// of its own.
fn pad(out: &mut Vec<u8>, start: usize) {
    let len = out.len() - start;
    let padding = len.next_multiple_of(4) - len;
    if padding > 0 {
        out.resize(start + len + padding, 0);
        out[start + len + padding - 1] = padding as u8;
        out[start] |= 0x20;
    }
}

fn put(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_be_bytes());
}
