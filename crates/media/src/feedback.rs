//! Transport-wide feedback: when the packets of a transport arrived, for the peer; and what became of
//! ours.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tidewire_rtp::rtcp::{TransportFeedback, Writer};

use crate::estimator::{PacketResult, SentPacket};
use crate::sequence::{SequenceExtender, nearest};

/// The unit of arrival times, 250 µs.
const TICK: Duration = Duration::from_micros(250);

/// Remembers when packets arrived, until that has been told.
#[derive(Debug)]
pub(crate) struct Arrivals {
    origin: Instant,
    extender: SequenceExtender,
    /// From `first` on, in ticks since `origin`.
    arrivals: VecDeque<Option<i64>>,
    first: u64,
    /// What is to be told next.
    next: u64,
    feedback_count: u8,
    last_sent: Option<Instant>,
    media_ssrc: u32,
}

impl Arrivals {
    /// Feedback goes out so often.
    const INTERVAL: Duration = Duration::from_millis(50);
    /// Packets that arrive later than this after others are not told of again.
    const MAX_AGE: i64 = 2000;
    /// Packets that are remembered.
    const MAX_PACKETS: usize = 4096;
    /// Packets in one feedback packet: about 1000 bytes at worst.
    const MAX_REPORTED: usize = 400;

    pub(crate) fn new(origin: Instant) -> Self {
        Self {
            origin,
            extender: SequenceExtender::default(),
            arrivals: VecDeque::new(),
            first: 0,
            next: 0,
            feedback_count: 0,
            last_sent: None,
            media_ssrc: 0,
        }
    }

    pub(crate) fn handle_packet(&mut self, arrival: Instant, sequence: u16, ssrc: u32) {
        let sequence = self.extender.extend(sequence);
        self.media_ssrc = ssrc;
        let elapsed = arrival.saturating_duration_since(self.origin);
        let ticks = (elapsed.as_micros() / TICK.as_micros()) as i64;
        if self.arrivals.is_empty() {
            (self.first, self.next) = (sequence, sequence);
        }
        let Some(ahead) = sequence.checked_sub(self.first) else {
            return;
        };
        if ahead >= 2 * Self::MAX_PACKETS as u64 {
            self.arrivals.clear();
            (self.first, self.next) = (sequence, sequence);
        }
        let ahead = (sequence - self.first) as usize;
        if ahead >= self.arrivals.len() {
            self.arrivals.resize(ahead + 1, None);
        }
        if self.arrivals[ahead].is_none() {
            self.arrivals[ahead] = Some(ticks);
            // One that comes late is told of, although those after it have been.
            self.next = self.next.min(sequence);
        }
        self.forget(ticks);
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let is_told = self.next >= self.first + self.arrivals.len() as u64;
        let due = self.last_sent.map(|last| last + Self::INTERVAL);
        (!is_told).then(|| due.unwrap_or(self.origin))
    }

    /// Appends a feedback packet when it is time for one.
    pub(crate) fn write(&mut self, now: Instant, sender_ssrc: u32, out: &mut Vec<u8>) -> bool {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return false;
        }
        let arrivals = self.arrivals.make_contiguous();
        let from = (self.next - self.first) as usize;
        let untold = &arrivals[from..];
        // A report begins and ends with a packet that has arrived.
        let skipped = untold.iter().take_while(|time| time.is_none()).count();
        let untold = &untold[skipped..];
        let untold = &untold[..untold.len().min(Self::MAX_REPORTED)];
        self.next += skipped as u64;
        let told = Writer::new(out).transport_feedback(
            (sender_ssrc, self.media_ssrc),
            self.feedback_count,
            self.next as u16,
            untold,
        );
        self.next += told as u64;
        self.feedback_count = self.feedback_count.wrapping_add(u8::from(told > 0));
        if self.next >= self.first + self.arrivals.len() as u64 {
            self.last_sent = Some(now);
        }
        told > 0
    }

    /// What is old and told is not needed any more.
    fn forget(&mut self, now: i64) {
        while let Some(front) = self.arrivals.front() {
            let is_told = self.first < self.next;
            let is_old = front.is_none_or(|time| now - time > Self::MAX_AGE);
            let too_many = self.arrivals.len() > Self::MAX_PACKETS;
            if !(is_told && is_old || too_many) {
                break;
            }
            self.arrivals.pop_front();
            self.first += 1;
            self.next = self.next.max(self.first);
        }
    }
}

/// Remembers what was sent, until the peer has told about it.
#[derive(Debug, Default)]
pub(crate) struct SentPackets {
    /// In order of their numbers, without gaps.
    packets: VecDeque<SentPacket>,
    next: u64,
    results: Vec<PacketResult>,
}

impl SentPackets {
    /// Packets that are remembered: a second of 100 Mbit/s.
    const MAX_PACKETS: usize = 10_000;

    /// The number of the next packet.
    pub(crate) fn next_sequence(&self) -> u16 {
        self.next as u16
    }

    pub(crate) fn handle_sent(&mut self, sent: Instant, len: usize) -> SentPacket {
        let packet = SentPacket {
            sequence: self.next,
            len,
            sent,
        };
        self.next += 1;
        if self.packets.len() == Self::MAX_PACKETS {
            self.packets.pop_front();
        }
        self.packets.push_back(packet);
        packet
    }

    /// What became of the packets that `feedback` tells of; those it does not know are left out.
    pub(crate) fn handle_feedback(&mut self, feedback: &TransportFeedback<'_>) -> &[PacketResult] {
        self.results.clear();
        let Some(first) = self.packets.front().map(|packet| packet.sequence) else {
            return &[];
        };
        let newest = self.next - 1;
        for status in feedback.packets() {
            let sequence = nearest(newest, status.sequence);
            let at = sequence.checked_sub(first).map(|at| at as usize);
            if let Some(packet) = at.and_then(|at| self.packets.get(at)) {
                let arrival = status.arrival.map(|ticks| {
                    // The reference may be negative: only differences count.
                    let ticks = ticks.rem_euclid(1 << 40) as u64;
                    Duration::from_micros(ticks * TICK.as_micros() as u64)
                });
                self.results.push(PacketResult {
                    packet: *packet,
                    arrival,
                });
            }
        }
        &self.results
    }
}

#[cfg(test)]
mod tests {
    use tidewire_rtp::rtcp::{Packet, Packets};

    use super::*;

    /// What the feedback packets in `bytes` tell.
    fn told(bytes: &[u8]) -> Vec<(u16, bool)> {
        let packets = Packets::new(bytes).map(|packet| packet.expect("well-formed"));
        packets
            .flat_map(|packet| match packet {
                Packet::TransportFeedback(feedback) => feedback.packets().collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            })
            .map(|status| (status.sequence, status.arrival.is_some()))
            .collect()
    }

    #[test]
    fn arrivals_are_told_once_and_late_ones_again() {
        let now = tidewire_netsim::start();
        let mut arrivals = Arrivals::new(now);
        for sequence in [65_535, 1, 2] {
            arrivals.handle_packet(now, sequence, 7);
        }
        let mut out = Vec::new();
        assert!(arrivals.write(now, 1, &mut out));
        assert_eq!(
            told(&out),
            [(65_535, true), (0, false), (1, true), (2, true)]
        );
        assert!(!arrivals.write(now, 1, &mut out));
        arrivals.handle_packet(now, 0, 7);
        assert!(!arrivals.write(now, 1, &mut out), "it is not time yet");
        out.clear();
        assert!(arrivals.write(now + Arrivals::INTERVAL, 1, &mut out));
        assert_eq!(told(&out), [(0, true), (1, true), (2, true)]);
    }

    #[test]
    fn what_is_remembered_stays_bounded() {
        let now = tidewire_netsim::start();
        let mut arrivals = Arrivals::new(now);
        for sequence in (0..u16::MAX).step_by(100) {
            arrivals.handle_packet(now, sequence, 7);
            assert!(arrivals.arrivals.len() <= Arrivals::MAX_PACKETS);
        }
    }

    #[test]
    fn many_arrivals_are_told_in_several_packets() {
        let now = tidewire_netsim::start();
        let mut arrivals = Arrivals::new(now);
        for sequence in 0..1000u16 {
            arrivals.handle_packet(now, sequence, 7);
        }
        let (mut all, mut out) = (Vec::new(), Vec::new());
        while arrivals.write(now, 1, &mut out) {
            assert!(out.len() < 1100);
            all.append(&mut told(&out));
            out.clear();
        }
        assert_eq!(all.len(), 1000);
    }

    #[test]
    fn feedback_finds_what_was_sent() {
        let now = tidewire_netsim::start();
        let mut sent = SentPackets::default();
        let mut arrivals = Arrivals::new(now);
        for packet in 0..70_000u32 {
            let sequence = sent.next_sequence();
            sent.handle_sent(now, 100);
            if packet >= 69_998 {
                arrivals.handle_packet(now + Duration::from_millis(1), sequence, 7);
            }
        }
        let mut out = Vec::new();
        arrivals.write(now + Duration::from_millis(1), 1, &mut out);
        let Some(Ok(Packet::TransportFeedback(feedback))) = Packets::new(&out).next() else {
            panic!("no feedback");
        };
        let results = sent.handle_feedback(&feedback);
        let numbers: Vec<_> = results
            .iter()
            .map(|result| result.packet.sequence)
            .collect();
        assert_eq!(numbers, [69_998, 69_999]);
        assert_eq!(results[0].arrival, results[1].arrival);
    }
}
