//! One sent stream: an encoding of a sender.

use std::time::{Duration, Instant};

use tidewire_crypto::Rng;
use tidewire_rtp::payload::Resolution;
use tidewire_rtp::rtcp::{ReportBlock, SenderInfo};

use super::history::{History, Stored};
use crate::clock::WallClock;
use crate::config::Encoding;
use crate::stats::OutboundStats;

/// A sent stream.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) encoding: Encoding,
    clock_rate: u32,
    next_sequence: u64,
    next_rtx_sequence: u16,
    history: History,
    /// A timestamp, and the instant that it stands for.
    anchor: Option<(u32, Instant)>,
    /// The receiver has told that it knows the stream.
    pub(crate) is_known: bool,
    pub(crate) last_fir: Option<u8>,
    pub(crate) stats: OutboundStats,
}

impl Outbound {
    pub(crate) fn new(encoding: Encoding, clock_rate: u32, history: usize, rng: &mut Rng) -> Self {
        Self {
            encoding,
            clock_rate,
            // Below the middle, so that a receiver that loses the first packets cannot take the wrap
            // for the beginning (RFC 3711 section 3.3.1).
            next_sequence: u64::from(rng.next_u32() as u16 >> 1),
            next_rtx_sequence: rng.next_u32() as u16 >> 1,
            history: History::new(history),
            anchor: None,
            is_known: false,
            last_fir: None,
            stats: OutboundStats::default(),
        }
    }

    pub(crate) fn set_clock_rate(&mut self, clock_rate: u32) {
        self.clock_rate = clock_rate;
    }

    /// The number of the next packet.
    pub(crate) fn take_sequence(&mut self) -> u16 {
        let sequence = self.next_sequence as u16;
        self.next_sequence += 1;
        sequence
    }

    /// Takes over numbers that the application chose.
    pub(crate) fn follow(&mut self, sequence: u16) {
        let extended = crate::sequence::nearest(self.next_sequence, sequence);
        self.next_sequence = self.next_sequence.max(extended + 1);
    }

    /// The number of the next packet that is sent again.
    pub(crate) fn take_rtx_sequence(&mut self) -> u16 {
        let sequence = self.next_rtx_sequence;
        self.next_rtx_sequence = sequence.wrapping_add(1);
        sequence
    }

    /// Notes what instant a timestamp stands for.
    pub(crate) fn set_anchor(&mut self, timestamp: u32, instant: Instant) {
        self.anchor = Some((timestamp, instant));
    }

    /// How long ago the instant of a timestamp was, in ticks.
    pub(crate) fn ticks_since(&self, now: Instant, timestamp: u32) -> Option<i32> {
        let (anchor, _) = self.anchor?;
        let behind = timestamp.wrapping_sub(anchor) as i32;
        Some(self.ticks_since_anchor(now)?.wrapping_sub(behind))
    }

    fn ticks_since_anchor(&self, now: Instant) -> Option<i32> {
        let (_, instant) = self.anchor?;
        let ticks = |span: Duration| (span.as_secs_f64() * f64::from(self.clock_rate)) as i64;
        let elapsed = match now.checked_duration_since(instant) {
            Some(elapsed) => ticks(elapsed),
            None => -ticks(instant - now),
        };
        Some(elapsed as i32)
    }

    /// Counts a frame that was cut.
    pub(crate) fn handle_frame(
        &mut self,
        now: Instant,
        is_key: bool,
        resolution: Option<Resolution>,
    ) {
        self.stats.frames += 1;
        self.stats.key_frames += u64::from(is_key);
        self.stats.frame_rate.count(now);
        self.stats.resolution = resolution.or(self.stats.resolution);
    }

    /// Counts a packet that leaves after it has `waited`, and keeps it.
    pub(crate) fn handle_sent(&mut self, now: Instant, packet: Stored, waited: Duration) {
        if self.anchor.is_none() {
            self.anchor = Some((packet.header.timestamp, now));
        }
        let first = &mut self.stats.first_sequence;
        first.get_or_insert(packet.header.sequence_number);
        self.stats.send_delay += waited;
        self.stats.packets += 1;
        self.stats.bytes += packet.payload.len() as u64;
        let sequence = crate::sequence::nearest(self.next_sequence, packet.header.sequence_number);
        self.history.insert(sequence, packet);
    }

    /// The packet that the receiver misses, unless it is on its way.
    pub(crate) fn resend(
        &mut self,
        now: Instant,
        sequence: u16,
        rtt: Option<Duration>,
    ) -> Option<Stored> {
        let sequence = self.history.extend(sequence);
        let packet = self.history.resend(now, sequence, rtt)?;
        self.stats.retransmitted_packets += 1;
        self.stats.retransmitted_bytes += packet.payload.len() as u64;
        Some(packet.clone())
    }

    /// Whether there is a packet that could be sent again.
    pub(crate) fn has_history(&self) -> bool {
        self.history.newest().is_some()
    }

    /// The newest packet, to fill up with.
    pub(crate) fn newest(&mut self, now: Instant) -> Option<Stored> {
        let newest = self.history.newest()?;
        self.history.resend(now, newest, None).cloned()
    }

    /// What a sender report tells at `now`. Nothing before the first packet.
    pub(crate) fn sender_info(&mut self, now: Instant, wall: &WallClock) -> Option<SenderInfo> {
        let (timestamp, _) = self.anchor.filter(|_| self.stats.packets > 0)?;
        let elapsed = self.ticks_since_anchor(now)?;
        self.stats.sender_reports += 1;
        Some(SenderInfo {
            ntp_time: wall.at(now),
            rtp_timestamp: timestamp.wrapping_add(elapsed as u32),
            packets: self.stats.packets as u32,
            octets: self.stats.bytes as u32,
        })
    }

    /// Takes what the receiver reports.
    pub(crate) fn handle_report(
        &mut self,
        now: Instant,
        block: ReportBlock,
        rtt: Option<Duration>,
    ) {
        self.is_known = true;
        self.stats.remote = Some((block, now));
        if let Some(rtt) = rtt {
            self.stats.rtt = Some(rtt);
            self.stats.total_rtt += rtt;
            self.stats.rtt_measurements += 1;
        }
    }

    /// Another number for the stream; its packets begin anew.
    pub(crate) fn renumber(&mut self, ssrc: u32, history: usize) {
        self.encoding.ssrc = ssrc;
        self.history = History::new(history);
        self.is_known = false;
        self.stats.first_sequence = None;
    }

    pub(crate) fn stats(&self) -> OutboundStats {
        OutboundStats {
            ssrc: self.encoding.ssrc,
            rtx_ssrc: self.encoding.rtx_ssrc,
            rid: self.encoding.rid.clone(),
            is_active: self.encoding.is_active,
            ..self.stats.clone()
        }
    }
}
