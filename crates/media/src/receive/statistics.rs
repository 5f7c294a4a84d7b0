//! What a receiver report tells about a stream (RFC 3550 sections 6.4.1 and A.8).

use std::time::{Duration, Instant};

use tidewire_rtp::NtpTime;
use tidewire_rtp::ntp::to_middle;
use tidewire_rtp::rtcp::ReportBlock;

/// What has arrived of a stream. Packets that were sent again in a stream of their own do not count:
/// the loss stays visible to the sender.
#[derive(Debug)]
pub(crate) struct Statistics {
    clock_rate: u32,
    sequences: Option<(u64, u64)>,
    pub(crate) packets: u64,
    /// In 1/16 of a tick.
    jitter: u32,
    previous: Option<(Instant, u32)>,
    reported_expected: u64,
    reported_packets: u64,
    last_sender_report: Option<(NtpTime, Instant)>,
}

impl Statistics {
    pub(crate) fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            sequences: None,
            packets: 0,
            jitter: 0,
            previous: None,
            reported_expected: 0,
            reported_packets: 0,
            last_sender_report: None,
        }
    }

    /// The clock of another payload type: jitter is measured anew.
    pub(crate) fn set_clock_rate(&mut self, clock_rate: u32) {
        if self.clock_rate != clock_rate {
            self.clock_rate = clock_rate;
            self.previous = None;
            self.jitter = 0;
        }
    }

    pub(crate) fn handle_packet(&mut self, arrival: Instant, sequence: u64, timestamp: u32) {
        self.packets += 1;
        let (first, highest) = self.sequences.unwrap_or((sequence, sequence));
        self.sequences = Some((first.min(sequence), highest.max(sequence)));
        self.measure_jitter(arrival, timestamp);
    }

    pub(crate) fn handle_sender_report(&mut self, now: Instant, time: NtpTime) {
        self.last_sender_report = Some((time, now));
    }

    /// How many packets should have arrived.
    fn expected(&self) -> u64 {
        self.sequences
            .map_or(0, |(first, highest)| highest - first + 1)
    }

    /// How many did not; negative when some came twice.
    pub(crate) fn lost(&self) -> i64 {
        self.expected() as i64 - self.packets as i64
    }

    /// The variation of transit times.
    pub(crate) fn jitter(&self) -> Duration {
        Duration::from_secs_f64(f64::from(self.jitter) / 16.0 / f64::from(self.clock_rate.max(1)))
    }

    /// The next report; the share of losses is that since the one before it. A stream that nothing has
    /// come of since is not reported (RFC 3550 section 6.4).
    pub(crate) fn report(&mut self, now: Instant, ssrc: u32) -> Option<ReportBlock> {
        let (_, highest) = self.sequences?;
        let expected = self.expected() - self.reported_expected;
        let received = self.packets - self.reported_packets;
        if received == 0 {
            return None;
        }
        self.reported_expected = self.expected();
        self.reported_packets = self.packets;
        let fraction_lost = (expected.saturating_sub(received) * 256)
            .checked_div(expected)
            .map_or(0, |fraction| fraction.min(255) as u8);
        let (last, since) = self.last_sender_report.map_or((0, 0), |(time, arrival)| {
            let since = now.saturating_duration_since(arrival);
            (time.middle(), to_middle(since))
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost,
            packets_lost: self.lost().clamp(i32::MIN.into(), i32::MAX.into()) as i32,
            // Both its halves wrap.
            highest_sequence: highest as u32,
            jitter: self.jitter >> 4,
            last_sender_report: last,
            delay_since_last_sender_report: since,
        })
    }

    /// RFC 3550 section A.8. Packets of one frame leave at once and arrive one after another: only the
    /// first of them counts.
    fn measure_jitter(&mut self, arrival: Instant, timestamp: u32) {
        let Some((previous, previous_timestamp)) = self.previous else {
            self.previous = Some((arrival, timestamp));
            return;
        };
        if timestamp == previous_timestamp {
            return;
        }
        self.previous = Some((arrival, timestamp));
        let elapsed = arrival.saturating_duration_since(previous);
        let ticks = elapsed.as_secs_f64() * f64::from(self.clock_rate);
        let sent = f64::from(timestamp.wrapping_sub(previous_timestamp) as i32);
        let difference = (ticks - sent).abs();
        // A clock that jumped, or a pause.
        if difference < f64::from(self.clock_rate) * 5.0 {
            let jitter = f64::from(self.jitter);
            self.jitter = (jitter + difference - jitter / 16.0).round() as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_losses_since_the_one_before_and_in_all() {
        let now = tidewire_netsim::start();
        let mut statistics = Statistics::new(90_000);
        assert_eq!(statistics.report(now, 1), None);
        for sequence in (65_530..65_550).filter(|sequence| sequence % 4 != 0) {
            statistics.handle_packet(now, sequence, 0);
        }
        let report = statistics.report(now, 1).unwrap();
        assert_eq!(report.packets_lost, 5);
        assert_eq!(report.highest_sequence, 65_549);
        assert_eq!(report.fraction_lost, (5 * 256 / 20) as u8);
        assert_eq!(statistics.report(now, 1), None, "it is silent");
        statistics.handle_packet(now, 65_550, 0);
        let report = statistics.report(now, 1).unwrap();
        assert_eq!((report.fraction_lost, report.packets_lost), (0, 5));
    }

    #[test]
    fn duplicates_make_the_loss_negative_and_its_share_nothing() {
        let now = tidewire_netsim::start();
        let mut statistics = Statistics::new(90_000);
        for _ in 0..3 {
            statistics.handle_packet(now, 7, 0);
        }
        let report = statistics.report(now, 1).unwrap();
        assert_eq!((report.fraction_lost, report.packets_lost), (0, -2));
    }

    #[test]
    fn jitter_is_none_for_packets_at_their_pace_and_the_difference_in_the_end() {
        let start = tidewire_netsim::start();
        let mut steady = Statistics::new(8000);
        let mut shaky = Statistics::new(8000);
        for packet in 0..1000u32 {
            let time = start + Duration::from_millis(20) * packet;
            steady.handle_packet(time, packet.into(), packet * 160);
            let late = Duration::from_millis(10) * (packet % 2);
            shaky.handle_packet(time + late, packet.into(), packet * 160);
        }
        assert_eq!(steady.jitter(), Duration::ZERO);
        let jitter = shaky.jitter().as_secs_f64();
        assert!((jitter - 0.01).abs() < 0.001, "{jitter}");
    }

    #[test]
    fn a_report_tells_how_long_ago_the_senders_was() {
        let now = tidewire_netsim::start();
        let mut statistics = Statistics::new(90_000);
        statistics.handle_packet(now, 7, 0);
        statistics.handle_sender_report(now, NtpTime(0x1234_5678_9abc_def0));
        let report = statistics
            .report(now + Duration::from_millis(1500), 1)
            .unwrap();
        assert_eq!(report.last_sender_report, 0x5678_9abc);
        assert_eq!(report.delay_since_last_sender_report, 3 << 15);
    }
}
