//! RTCP packets of ours: reports at their time, feedback at once.

use std::time::Instant;

use tidewire_rtp::rtcp::{Dlrr, IntraRequest, ItemKind, ReportBlock, Writer};

use super::Session;
use crate::ids::StreamId;

/// What is asked for in one NACK packet.
const MAX_NACKS: usize = 200;

impl Session {
    /// Appends the compound RTCP packet that is to leave now to `out`. Call until it answers `false`.
    pub fn poll_rtcp(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        if self.schedule.is_due(now) && self.has_streams() {
            self.write_report(now, out);
            let bitrate = self.estimator.pacing_bitrate();
            let interval = self.config.report_interval;
            self.schedule.advance(now, interval, bitrate, &mut self.rng);
        }
        self.write_feedback(now, start, out);
        let len = out.len() - start;
        if len > 0 {
            self.schedule.handle_packet(len);
        }
        len > 0
    }

    /// Asks the sender of a stream for a key frame, now and until there is one.
    pub fn request_key_frame(&mut self, now: Instant, id: StreamId) {
        let mut streams = self.streams.iter_mut();
        if let Some(stream) = streams.find(|stream| stream.id == id) {
            stream.key_frames.want();
            self.stream_deadline = Some(self.stream_deadline.map_or(now, |due| due.min(now)));
        }
    }

    /// Appends reports on all streams, both ways.
    fn write_report(&mut self, now: Instant, out: &mut Vec<u8>) {
        let streams = self.streams.iter_mut();
        let mut blocks: Vec<ReportBlock> =
            streams.filter_map(|stream| stream.report(now)).collect();
        let (wall, cname) = (self.config.wall_clock, self.config.cname.as_str());
        let mut writer = Writer::new(out);
        let mut reporter = None;
        for sender in self.senders.iter_mut().flatten() {
            for stream in &mut sender.streams {
                let Some(info) = stream.sender_info(now, &wall) else {
                    continue;
                };
                let ssrc = stream.encoding.ssrc;
                writer.sender_report(ssrc, &info, &blocks);
                writer.source_description(ssrc, &[(ItemKind::CNAME, cname)]);
                blocks.clear();
                reporter.get_or_insert(ssrc);
            }
        }
        let reporter = reporter.unwrap_or_else(|| {
            writer.receiver_report(self.report_ssrc, &blocks);
            let name = [(ItemKind::CNAME, cname)];
            writer.source_description(self.report_ssrc, &name);
            self.report_ssrc
        });
        let answers: Vec<Dlrr> = self
            .references
            .drain()
            .map(|(ssrc, (last_report, arrival))| {
                let since = now.saturating_duration_since(arrival);
                Dlrr {
                    ssrc,
                    last_report,
                    delay_since_last_report: tidewire_rtp::ntp::to_middle(since),
                }
            })
            .collect();
        // One who sends learns the round trip from receiver reports.
        let reference = (reporter == self.report_ssrc).then(|| wall.at(now));
        if reference.is_some() || !answers.is_empty() {
            writer.extended_report(reporter, reference, &answers);
        }
    }

    /// Appends what cannot wait: what is missing, and when packets arrived.
    fn write_feedback(&mut self, now: Instant, start: usize, out: &mut Vec<u8>) {
        let reporter = self.reporter();
        if !self.goodbyes.is_empty() {
            self.begin(start, reporter, out);
            Writer::new(out).goodbye(&self.goodbyes, None);
            self.goodbyes.clear();
        }
        if self.stream_deadline.is_some_and(|due| due <= now) {
            self.write_requests(now, start, reporter, out);
        }
        let before = out.len();
        // It may be long: beside a report there is hardly room.
        if before == start {
            self.begin(start, reporter, out);
            let begun = out.len();
            if !self.arrivals.write(now, reporter, out) {
                debug_assert_eq!(out.len(), begun);
                out.truncate(start);
            }
        }
    }

    /// Appends requests for packets and for key frames, of all streams that have any, as far as there is
    /// room.
    fn write_requests(&mut self, now: Instant, start: usize, reporter: u32, out: &mut Vec<u8>) {
        let rtt = self.rtt_or_default();
        let mut missing = std::mem::take(&mut self.scratch.missing);
        for at in 0..self.streams.len() {
            let has_room = out.len() - start < self.config.max_packet_len / 2;
            let stream = &mut self.streams[at];
            missing.clear();
            if has_room {
                stream.nacks(now, rtt, &mut missing);
            }
            let ssrc = stream.id.ssrc;
            let feedback = stream.codec().feedback;
            let asks =
                has_room && stream.can_ask_for_key_frames() && stream.key_frames.take(now, rtt);
            if missing.is_empty() && !asks {
                continue;
            }
            let sequence = stream.key_frames.sent as u8;
            stream.stats.nacks += u64::from(!missing.is_empty());
            stream.stats.full_intra_requests += u32::from(asks && !feedback.picture_loss);
            self.begin(start, reporter, out);
            let mut writer = Writer::new(out);
            missing.truncate(MAX_NACKS);
            writer.nack(reporter, ssrc, missing.iter().copied());
            if asks && feedback.picture_loss {
                writer.picture_loss(reporter, ssrc);
            } else if asks {
                writer.full_intra_request(reporter, &[IntraRequest { ssrc, sequence }]);
            }
        }
        self.scratch.missing = missing;
        self.find_deadline(now);
    }

    /// A compound packet begins with a report, unless the peer does without (RFC 5506).
    fn begin(&self, start: usize, reporter: u32, out: &mut Vec<u8>) {
        if out.len() == start && !self.config.reduced_size {
            Writer::new(out)
                .receiver_report(reporter, &[])
                .source_description(reporter, &[(ItemKind::CNAME, &self.config.cname)]);
        }
    }

    /// Who feedback comes from: a stream of ours, if there is one.
    fn reporter(&self) -> u32 {
        let sent = self.outbounds().find(|stream| stream.stats.packets > 0);
        sent.map_or(self.report_ssrc, |stream| stream.encoding.ssrc)
    }
}
