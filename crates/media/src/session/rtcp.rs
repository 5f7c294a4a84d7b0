//! Received RTCP packets.

use std::time::{Duration, Instant};

use tidewire_rtp::ntp::from_middle;
use tidewire_rtp::rtcp::{Dlrr, ExtendedReport, Packet, Packets, ReportBlock};

use super::{Item, Route, Session};
use crate::event::Event;
use crate::ids::EncodingId;
use crate::send::Class;

/// Receivers whose time is remembered for an answer.
const MAX_REFERENCES: usize = 32;

impl Session {
    /// Takes a compound or reduced-size RTCP packet that arrived at `now`, in the clear.
    pub fn handle_rtcp(&mut self, now: Instant, bytes: &[u8]) {
        self.stats.rtcp_packets += 1;
        self.schedule.handle_packet(bytes.len());
        for packet in Packets::new(bytes) {
            match packet {
                Ok(packet) => self.handle_rtcp_packet(now, packet),
                Err(_) => self.stats.rtcp_malformed += 1,
            }
        }
    }

    fn handle_rtcp_packet(&mut self, now: Instant, packet: Packet<'_>) {
        match packet {
            Packet::SenderReport(report) => {
                if let Some(Route::Media(at)) = self.routes.get(&report.ssrc).copied() {
                    self.streams[at].handle_sender_report(now, &report.info);
                }
                let blocks = report.reports.iter();
                blocks.for_each(|block| self.handle_report_block(now, block));
            }
            Packet::ReceiverReport(report) => {
                let blocks = report.reports.iter();
                blocks.for_each(|block| self.handle_report_block(now, block));
            }
            Packet::ExtendedReport(report) => self.handle_extended_report(now, &report),
            Packet::Goodbye(goodbye) => goodbye.ssrcs().for_each(|ssrc| self.end_stream(ssrc)),
            Packet::Nack(nack) => {
                self.handle_nack(now, nack.media_ssrc, nack.sequence_numbers());
            }
            Packet::PictureLoss(loss) => self.handle_picture_loss(loss.media_ssrc),
            Packet::FullIntraRequest(request) => {
                for request in request.requests() {
                    self.handle_intra_request(request.ssrc, request.sequence);
                }
            }
            Packet::Remb(remb) => self.estimator.handle_remb(now, remb.bitrate),
            Packet::TransportFeedback(feedback) => {
                let results = self.sent.handle_feedback(&feedback);
                self.estimator.handle_feedback(now, results);
            }
            Packet::SourceDescription(_) => {}
            _ => self.stats.rtcp_unknown += 1,
        }
    }

    fn handle_report_block(&mut self, now: Instant, block: ReportBlock) {
        let Some(id) = self.encodings.get(&block.ssrc).copied() else {
            return;
        };
        let (last, since) = (
            block.last_sender_report,
            block.delay_since_last_sender_report,
        );
        let rtt = self.round_trip(now, last, since);
        if let Some(stream) = self.outbound_mut(id) {
            stream.handle_report(now, block, rtt);
        }
        let fraction_lost = f32::from(block.fraction_lost) / 256.0;
        self.estimator.handle_report(now, fraction_lost, rtt);
    }

    fn handle_extended_report(&mut self, now: Instant, report: &ExtendedReport<'_>) {
        if let Some(time) = report.receiver_reference_time() {
            let is_known = self.references.contains_key(&report.ssrc);
            if is_known || self.references.len() < MAX_REFERENCES {
                self.references.insert(report.ssrc, (time.middle(), now));
            }
        }
        for Dlrr {
            ssrc,
            last_report,
            delay_since_last_report,
        } in report.dlrrs()
        {
            if ssrc == self.report_ssrc || self.encodings.contains_key(&ssrc) {
                let rtt = self.round_trip(now, last_report, delay_since_last_report);
                let route = self.routes.get(&report.ssrc).copied();
                if let (Some(rtt), Some(Route::Media(at))) = (rtt, route) {
                    self.streams[at].handle_round_trip(rtt);
                }
            }
        }
    }

    /// The round trip that a report tells of, by our own clock (RFC 3550 section 6.4.1).
    fn round_trip(&mut self, now: Instant, last: u32, since: u32) -> Option<Duration> {
        /// What is longer than that comes from clocks that were set, or from a peer that jests.
        const MAX: Duration = Duration::from_secs(30);
        if last == 0 {
            return None;
        }
        let now = self.config.wall_clock.at(now).middle();
        let units = now.wrapping_sub(last).wrapping_sub(since);
        // The peer rounds its own delay.
        let units = if units as i32 <= 0 { 1 } else { units };
        let rtt = Some(from_middle(units)).filter(|rtt| *rtt <= MAX)?;
        self.rtt = Some(rtt);
        Some(rtt)
    }

    fn end_stream(&mut self, ssrc: u32) {
        if let Some(Route::Media(at)) = self.routes.get(&ssrc).copied() {
            let id = self.streams[at].id;
            self.remove_stream(at);
            self.events.push(Event::StreamEnded(id));
        }
    }

    fn handle_nack(&mut self, now: Instant, ssrc: u32, missing: impl Iterator<Item = u16>) {
        let Some(id) = self.encodings.get(&ssrc).copied() else {
            return;
        };
        if let Some(stream) = self.outbound_mut(id) {
            stream.stats.nacks += 1;
        }
        for sequence in missing {
            let item = Item::Repair(id, sequence);
            self.pacer.push(now, Class::Retransmission, item);
        }
    }

    fn handle_picture_loss(&mut self, ssrc: u32) {
        let Some(id) = self.encodings.get(&ssrc).copied() else {
            return;
        };
        if let Some(stream) = self.outbound_mut(id) {
            stream.stats.picture_losses += 1;
            self.request_key_frame_of(id);
        }
    }

    /// A request that is repeated under its number is the same one (RFC 5104 section 4.3.1.2).
    fn handle_intra_request(&mut self, ssrc: u32, sequence: u8) {
        let Some(id) = self.encodings.get(&ssrc).copied() else {
            return;
        };
        if let Some(stream) = self.outbound_mut(id) {
            stream.stats.full_intra_requests += 1;
            if stream.last_fir.replace(sequence) != Some(sequence) {
                self.request_key_frame_of(id);
            }
        }
    }

    /// Requests that nobody has read are one.
    pub(super) fn request_key_frame_of(&mut self, id: EncodingId) {
        let event = Event::KeyFrameRequested(id);
        if !self.events.contains(&event) {
            self.events.push(event);
        }
    }
}
