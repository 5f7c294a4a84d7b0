//! One received stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidewire_rtp::extension::AbsCaptureTime;
use tidewire_rtp::payload::{Depacketizer, Frame, Packet as Payload};
use tidewire_rtp::rtcp::{ReportBlock, SenderInfo};

use super::arrivals::{FrameArrivals, Span};
use super::key_frame::KeyFrameRequests;
use super::nack::{Arrival, NackGenerator};
use super::reorder::{Inserted, ReorderBuffer};
use super::statistics::Statistics;
use crate::clock::SenderClock;
use crate::config::{Codec, Delivery, ReceiverConfig};
use crate::event::{Bounded, Media, Received, ReceivedFrame, ReceivedPacket};
use crate::extensions::Extensions;
use crate::ids::StreamId;
use crate::stats::InboundStats;

/// A packet on its way into its stream.
pub(crate) type InboundPacket = ReceivedPacket;

/// A received stream.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(crate) id: StreamId,
    pub(crate) config: Arc<ReceiverConfig>,
    pub(crate) rid: Option<Arc<str>>,
    pub(crate) rtx_ssrc: Option<u32>,
    codec: Codec,
    statistics: Statistics,
    clock: SenderClock,
    nack: Option<NackGenerator>,
    reorder: Option<ReorderBuffer<InboundPacket>>,
    depacketizer: Option<Depacketizer>,
    frame: FrameContext,
    pub(crate) key_frames: KeyFrameRequests,
    pub(crate) stats: InboundStats,
    pub(crate) last_arrival: Instant,
}

/// What is known of the frame in the making.
#[derive(Debug, Default)]
struct FrameContext {
    timestamp: Option<u32>,
    first_extensions: Extensions,
    arrivals: FrameArrivals,
    /// There was a key frame, which those after it can be decoded from.
    has_begun: bool,
}

impl Inbound {
    /// How long packets wait for those before them that have been asked for.
    const WAIT_FOR_REPAIR: Duration = Duration::from_millis(500);
    /// How long they wait where nobody asks.
    const WAIT_FOR_ORDER: Duration = Duration::from_millis(100);

    pub(crate) fn new(
        now: Instant,
        id: StreamId,
        config: &Arc<ReceiverConfig>,
        codec: Codec,
        rid: Option<Arc<str>>,
    ) -> Self {
        let signaled = config.streams.iter().find(|stream| stream.ssrc == id.ssrc);
        let mut stream = Self {
            id,
            rid,
            rtx_ssrc: signaled.and_then(|stream| stream.rtx_ssrc),
            codec,
            statistics: Statistics::new(codec.clock_rate),
            clock: SenderClock::new(codec.clock_rate),
            nack: None,
            reorder: None,
            depacketizer: None,
            frame: FrameContext::default(),
            key_frames: KeyFrameRequests::default(),
            stats: InboundStats::default(),
            last_arrival: now,
            config: Arc::clone(config),
        };
        stream.configure();
        stream.set_codec(codec);
        stream
    }

    /// What was negotiated anew. The stream goes on.
    pub(crate) fn reconfigure(&mut self, config: &Arc<ReceiverConfig>) {
        self.config = Arc::clone(config);
        self.configure();
        let same = |codec: &&Codec| codec.payload_type == self.codec.payload_type;
        if let Some(codec) = config.codecs.iter().find(same) {
            self.set_codec(*codec);
        }
    }

    fn configure(&mut self) {
        let asks = self.codec.feedback.nack;
        let wait = if asks {
            Self::WAIT_FOR_REPAIR
        } else {
            Self::WAIT_FOR_ORDER
        };
        let wait = self.config.max_wait.unwrap_or(wait);
        if self.config.delivery == Delivery::Packets {
            self.reorder = None;
        } else {
            let buffer = self.reorder.get_or_insert_with(|| ReorderBuffer::new(wait));
            buffer.set_max_wait(wait);
        }
        if self.config.delivery != Delivery::Frames {
            self.depacketizer = None;
        }
        if !asks {
            self.nack = None;
        } else if self.nack.is_none() {
            self.nack = Some(NackGenerator::default());
        }
    }

    fn set_codec(&mut self, codec: Codec) {
        let changed = self.codec.format != codec.format;
        self.codec = codec;
        self.statistics.set_clock_rate(codec.clock_rate);
        if self.clock.rate() != codec.clock_rate {
            self.clock = SenderClock::new(codec.clock_rate);
        }
        let wants_frames = self.config.delivery == Delivery::Frames;
        if wants_frames && (changed || self.depacketizer.is_none()) {
            self.depacketizer = Some(Depacketizer::new(codec.format));
            self.frame.has_begun = false;
        }
    }

    /// The codec of what arrived last.
    pub(crate) fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Takes a packet; what is due because of it goes to `out`.
    pub(crate) fn handle_packet(
        &mut self,
        now: Instant,
        packet: InboundPacket,
        out: &mut Bounded<Received>,
    ) {
        self.last_arrival = packet.arrival;
        self.stats.packets += 1;
        self.stats.bytes += packet.payload.len() as u64;
        self.statistics
            .handle_packet(packet.arrival, packet.sequence, packet.header.timestamp);
        let arrival = match &mut self.nack {
            Some(nack) => nack.handle_packet(now, packet.sequence),
            None => Arrival::New,
        };
        if arrival == Arrival::Recovered {
            self.stats.recovered += 1;
        }
        self.deliver(now, packet, out);
    }

    /// Takes a packet that was sent again in another stream. One that was not missing is dropped.
    pub(crate) fn handle_repaired(
        &mut self,
        now: Instant,
        packet: InboundPacket,
        out: &mut Bounded<Received>,
    ) {
        self.stats.retransmitted_packets += 1;
        self.stats.retransmitted_bytes += packet.payload.len() as u64;
        let arrival = self
            .nack
            .as_mut()
            .map(|nack| nack.handle_packet(now, packet.sequence));
        match arrival {
            Some(Arrival::Recovered) => self.stats.recovered += 1,
            // The end of what was sent is repaired before a later packet shows the gap.
            Some(Arrival::New) => {}
            Some(Arrival::Unexpected) | None => {
                self.stats.duplicates += 1;
                return;
            }
        }
        self.deliver(now, packet, out);
    }

    /// The extended number of a packet that was sent again.
    pub(crate) fn extend(&self, sequence: u16) -> Option<u64> {
        let highest = self.nack.as_ref()?.highest()?;
        Some(crate::sequence::nearest(highest, sequence))
    }

    fn deliver(&mut self, now: Instant, packet: InboundPacket, out: &mut Bounded<Received>) {
        let Some(reorder) = &mut self.reorder else {
            self.note_key_frame(&packet);
            out.push(Received {
                stream: self.id,
                rid: self.rid.clone(),
                media: Media::Packet(packet),
            });
            return;
        };
        match reorder.insert(packet.arrival, packet.sequence, packet) {
            Inserted::Held => {}
            Inserted::Duplicate => self.stats.duplicates += 1,
            Inserted::Late => self.stats.late += 1,
        }
        self.release(now, out);
    }

    fn release(&mut self, now: Instant, out: &mut Bounded<Received>) {
        while let Some((_, packet)) = self.reorder.as_mut().and_then(|held| held.pop(now)) {
            if self.config.delivery == Delivery::OrderedPackets {
                self.note_key_frame(&packet);
                self.stats.note_emitted(now, packet.arrival);
                out.push(Received {
                    stream: self.id,
                    rid: self.rid.clone(),
                    media: Media::Packet(packet),
                });
            } else {
                self.depacketize(now, packet, out);
            }
        }
        let next = self.reorder.as_ref().and_then(ReorderBuffer::next);
        if let (Some(nack), Some(next)) = (&mut self.nack, next) {
            nack.forget_before(next);
        }
    }

    /// Looks whether a packet that is handed on as it is begins a key frame.
    fn note_key_frame(&mut self, packet: &InboundPacket) {
        let format = self.codec.format;
        if format.starts_key_frame(&packet.payload) {
            self.key_frames.satisfy();
            let resolution = format.payload_resolution(&packet.payload);
            self.stats.resolution = resolution.or(self.stats.resolution);
        }
    }

    fn depacketize(&mut self, now: Instant, packet: InboundPacket, out: &mut Bounded<Received>) {
        let payload_type = packet.header.payload_type;
        if payload_type != self.codec.payload_type {
            let codecs = &self.config.codecs;
            let other = codecs
                .iter()
                .find(|codec| codec.payload_type == payload_type);
            match other.copied() {
                Some(codec) => self.set_codec(codec),
                None => return,
            }
        }
        let Some(depacketizer) = &mut self.depacketizer else {
            return;
        };
        let header = packet.header;
        let is_next = self.frame.timestamp != Some(header.timestamp);
        self.frame.arrivals.handle_packet(packet.arrival, is_next);
        if is_next {
            self.frame.timestamp = Some(header.timestamp);
            self.frame.first_extensions = packet.extensions.clone();
        }
        depacketizer.handle_packet(Payload {
            sequence: packet.sequence,
            timestamp: header.timestamp,
            marker: header.marker,
            payload: packet.payload,
        });
        let dropped = depacketizer.stats().frames_dropped;
        while let Some(frame) = depacketizer.poll_frame() {
            let has_last = frame.last_sequence == packet.sequence;
            let span = self.frame.arrivals.finish(packet.arrival, has_last);
            self.stats.note_frame(now, &frame, span);
            if frame.is_key {
                self.stats.key_frames += 1;
                self.frame.has_begun = true;
                self.key_frames.satisfy();
            } else if frame.follows_loss || !self.frame.has_begun {
                self.key_frames.want();
            }
            let told: Option<AbsCaptureTime> = packet.extensions.get();
            let told = told.or_else(|| self.frame.first_extensions.get());
            let capture_time = told
                .map(|told| told.captured)
                .or_else(|| self.clock.time_of(frame.timestamp));
            out.push(Received {
                stream: self.id,
                rid: self.rid.clone(),
                media: Media::Frame(ReceivedFrame {
                    frame,
                    payload_type,
                    format: self.codec.format,
                    capture_time,
                    arrival: packet.arrival,
                    first_extensions: self.frame.first_extensions.clone(),
                    extensions: packet.extensions.clone(),
                }),
            });
        }
        if dropped > self.stats.frames_dropped {
            self.stats.frames_dropped = dropped;
            self.key_frames.want();
        }
    }

    pub(crate) fn handle_sender_report(&mut self, now: Instant, info: &SenderInfo) {
        self.statistics.handle_sender_report(now, info.ntp_time);
        self.clock.handle_report(info.ntp_time, info.rtp_timestamp);
        self.stats.sender_report = Some((*info, now));
        self.stats.sender_reports += 1;
    }

    /// Takes a round trip that the stream's sender let us measure.
    pub(crate) fn handle_round_trip(&mut self, rtt: Duration) {
        self.stats.rtt = Some(rtt);
        self.stats.total_rtt += rtt;
        self.stats.rtt_measurements += 1;
    }

    /// What the next report tells of this stream.
    pub(crate) fn report(&mut self, now: Instant) -> Option<ReportBlock> {
        self.statistics.report(now, self.id.ssrc)
    }

    /// Adds what is missing and to be asked for now. With too much missing, a key frame has to help.
    pub(crate) fn nacks(&mut self, now: Instant, rtt: Duration, out: &mut Vec<u16>) {
        if let Some(nack) = &mut self.nack {
            if nack.len() == NackGenerator::MAX_MISSING {
                self.key_frames.want();
            }
            nack.requests(now, rtt, out);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, out: &mut Bounded<Received>) {
        self.release(now, out);
    }

    pub(crate) fn poll_timeout(&self, now: Instant, rtt: Duration) -> Option<Instant> {
        let nack = self.nack.as_ref().and_then(NackGenerator::poll_timeout);
        let reorder = self.reorder.as_ref().and_then(ReorderBuffer::poll_timeout);
        let key_frame = self.key_frames.poll_timeout(now, rtt);
        let key_frame = key_frame.filter(|_| self.can_ask_for_key_frames());
        [nack, reorder, key_frame].into_iter().flatten().min()
    }

    /// Whether a way to ask for key frames was negotiated.
    pub(crate) fn can_ask_for_key_frames(&self) -> bool {
        let feedback = self.codec.feedback;
        feedback.picture_loss || feedback.full_intra_request
    }

    /// The counters, with what is measured rather than counted.
    pub(crate) fn stats(&self) -> InboundStats {
        InboundStats {
            ssrc: self.id.ssrc,
            rtx_ssrc: self.rtx_ssrc,
            rid: self.rid.clone(),
            payload_type: self.codec.payload_type,
            lost: self.statistics.lost(),
            jitter: self.statistics.jitter(),
            held: self.reorder.as_ref().map_or(0, ReorderBuffer::len),
            key_frame_requests: self.key_frames.sent,
            last_arrival: Some(self.last_arrival),
            ..self.stats.clone()
        }
    }
}

impl InboundStats {
    /// Counts what comes out of the buffer, whose first packet arrived at `arrival`.
    fn note_emitted(&mut self, now: Instant, arrival: Instant) {
        self.buffer_emitted += 1;
        self.buffer_delay += now.saturating_duration_since(arrival);
    }

    /// Counts a frame that is whole.
    fn note_frame(&mut self, now: Instant, frame: &Frame, span: Span) {
        self.note_emitted(now, span.first);
        self.frames += 1;
        self.frame_rate.count(now);
        if frame.last_sequence > frame.first_sequence {
            self.frames_assembled += 1;
            self.assembly_time += span.len();
        }
        self.resolution = frame.details.resolution().or(self.resolution);
    }
}
