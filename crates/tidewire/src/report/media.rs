//! From what streams have counted to entries.

use std::time::Instant;

use tidewire_media::{Delivery, InboundStats, MediaKind, OutboundStats, WallClock};

use super::remote::{RemoteInboundRtpStats, RemoteOutboundRtpStats};
use super::streams::{CodecStats, InboundRtpStats, MediaSourceStats, OutboundRtpStats};
use super::{StatsEntry, milliseconds};
use crate::media::{CodecCapability, Transceiver};

/// What entries about media have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MediaContext<'a> {
    pub(crate) now: Instant,
    pub(crate) clock: &'a WallClock,
    pub(crate) transport_id: &'a str,
    /// What all encoders together should produce, in bits a second.
    pub(crate) target_bitrate: u64,
    /// One stream of video has all of it.
    pub(crate) is_only_video: bool,
}

impl MediaContext<'_> {
    fn timestamp(&self, at: Instant) -> f64 {
        milliseconds(self.clock.at(at).to_unix())
    }
}

/// Adds the entries of a transceiver: its codecs, and its streams both ways.
pub(crate) fn describe_transceiver(
    context: MediaContext<'_>,
    transceiver: &Transceiver,
    inbound: impl Iterator<Item = InboundStats>,
    outbound: impl Iterator<Item = OutboundStats>,
    entries: &mut Vec<StatsEntry>,
) {
    for stream in inbound {
        let codec_id = note_codec(context, transceiver, stream.payload_type, entries);
        describe_inbound(context, transceiver, &stream, codec_id, entries);
    }
    let sent = transceiver.send_payload_type();
    let source = describe_source(context, transceiver, entries);
    for (index, stream) in outbound.enumerate() {
        let codec_id = sent.and_then(|sent| note_codec(context, transceiver, sent, entries));
        let source = source.clone().filter(|_| stream.is_active);
        describe_outbound(
            context,
            transceiver,
            (index, &stream),
            codec_id,
            source,
            entries,
        );
    }
}

/// Adds what a transceiver sends, if it has anything to send, and answers its id.
fn describe_source(
    context: MediaContext<'_>,
    transceiver: &Transceiver,
    entries: &mut Vec<StatsEntry>,
) -> Option<String> {
    if !transceiver.has_track || transceiver.sender.is_none() {
        return None;
    }
    let (kind, _) = kind(transceiver.kind);
    let id = format!("media-source-{}", transceiver.id.0);
    entries.push(StatsEntry::MediaSource(MediaSourceStats {
        id: id.clone(),
        timestamp: context.timestamp(context.now),
        track_identifier: transceiver.track.clone(),
        kind,
    }));
    Some(id)
}

fn describe_inbound(
    context: MediaContext<'_>,
    transceiver: &Transceiver,
    stream: &InboundStats,
    codec_id: Option<String>,
    entries: &mut Vec<StatsEntry>,
) {
    let (kind, is_video) = kind(transceiver.kind);
    let id = format!("inbound-{kind}-{}", stream.ssrc);
    let remote = remote_outbound(context, kind, stream, &id, &codec_id);
    let plis = stream.key_frame_requests - stream.full_intra_requests;
    // Packets that are handed on as they are do not become frames, nor enter a buffer.
    let has_frames = is_video && transceiver.delivery == Delivery::Frames;
    let has_buffer = transceiver.delivery != Delivery::Packets;
    let rate = stream.frame_rate.per_second(context.now);
    entries.push(StatsEntry::InboundRtp(InboundRtpStats {
        timestamp: context.timestamp(context.now),
        ssrc: stream.ssrc,
        kind,
        transport_id: context.transport_id.to_owned(),
        codec_id,
        remote_id: remote.as_ref().map(|remote| remote.id.clone()),
        mid: transceiver.mid.clone(),
        track_identifier: transceiver.remote_track().map(str::to_owned),
        packets_received: stream.packets + stream.retransmitted_packets,
        packets_lost: stream.lost,
        jitter: stream.jitter.as_secs_f64(),
        packets_discarded: stream.late + stream.duplicates,
        bytes_received: stream.bytes + stream.retransmitted_bytes,
        header_bytes_received: stream.header_bytes,
        last_packet_received_timestamp: stream.last_arrival.map(|at| context.timestamp(at)),
        frames_received: has_frames.then_some(stream.frames),
        frames_dropped: has_frames.then_some(stream.frames_dropped),
        frames_assembled_from_multiple_packets: has_frames.then_some(stream.frames_assembled),
        total_assembly_time: has_frames.then_some(stream.assembly_time.as_secs_f64()),
        frames_per_second: rate.filter(|_| has_frames).map(f64::from),
        frame_width: stream.resolution.map(|size| size.width),
        frame_height: stream.resolution.map(|size| size.height),
        jitter_buffer_delay: has_buffer.then_some(stream.buffer_delay.as_secs_f64()),
        jitter_buffer_emitted_count: has_buffer.then_some(stream.buffer_emitted),
        nack_count: stream.nacks,
        fir_count: is_video.then_some(stream.full_intra_requests),
        pli_count: is_video.then_some(plis),
        rtx_ssrc: stream.rtx_ssrc,
        retransmitted_packets_received: stream.retransmitted_packets,
        retransmitted_bytes_received: stream.retransmitted_bytes,
        id,
    }));
    entries.extend(remote.map(StatsEntry::RemoteOutboundRtp));
}

fn remote_outbound(
    context: MediaContext<'_>,
    kind: &'static str,
    stream: &InboundStats,
    local_id: &str,
    codec_id: &Option<String>,
) -> Option<RemoteOutboundRtpStats> {
    let (info, came) = stream.sender_report?;
    Some(RemoteOutboundRtpStats {
        id: format!("remote-outbound-{kind}-{}", stream.ssrc),
        timestamp: context.timestamp(came),
        ssrc: stream.ssrc,
        kind,
        transport_id: context.transport_id.to_owned(),
        codec_id: codec_id.clone(),
        local_id: local_id.to_owned(),
        remote_timestamp: milliseconds(info.ntp_time.to_unix()),
        packets_sent: info.packets.into(),
        bytes_sent: info.octets.into(),
        reports_sent: stream.sender_reports,
        round_trip_time: stream.rtt.map(|rtt| rtt.as_secs_f64()),
        total_round_trip_time: stream.total_rtt.as_secs_f64(),
        round_trip_time_measurements: stream.rtt_measurements,
    })
}

fn describe_outbound(
    context: MediaContext<'_>,
    transceiver: &Transceiver,
    (index, stream): (usize, &OutboundStats),
    codec_id: Option<String>,
    media_source_id: Option<String>,
    entries: &mut Vec<StatsEntry>,
) {
    let (kind, is_video) = kind(transceiver.kind);
    let id = format!("outbound-{kind}-{}", stream.ssrc);
    let remote = remote_inbound(context, transceiver, stream, &id, &codec_id);
    let rate = stream.frame_rate.per_second(context.now);
    entries.push(StatsEntry::OutboundRtp(OutboundRtpStats {
        timestamp: context.timestamp(context.now),
        ssrc: stream.ssrc,
        kind,
        transport_id: context.transport_id.to_owned(),
        codec_id,
        media_source_id,
        remote_id: remote.as_ref().map(|remote| remote.id.clone()),
        mid: transceiver.mid.clone(),
        rid: stream.rid.clone(),
        encoding_index: index,
        active: stream.is_active,
        packets_sent: stream.packets + stream.retransmitted_packets + stream.padding_packets,
        bytes_sent: stream.bytes + stream.retransmitted_bytes,
        header_bytes_sent: stream.header_bytes,
        retransmitted_packets_sent: stream.retransmitted_packets,
        retransmitted_bytes_sent: stream.retransmitted_bytes,
        rtx_ssrc: stream.rtx_ssrc,
        target_bitrate: target_bitrate(context, transceiver, (index, stream)),
        total_packet_send_delay: stream.send_delay.as_secs_f64(),
        frames_per_second: rate.filter(|_| is_video).map(f64::from),
        frame_width: stream.resolution.map(|size| size.width),
        frame_height: stream.resolution.map(|size| size.height),
        frames_sent: is_video.then_some(stream.frames),
        nack_count: stream.nacks,
        fir_count: is_video.then_some(stream.full_intra_requests),
        pli_count: is_video.then_some(stream.picture_losses),
        id,
    }));
    entries.extend(remote.map(StatsEntry::RemoteInboundRtp));
}

/// What an encoder may produce: what was set for it, or all there is when no other of video shares it.
fn target_bitrate(
    context: MediaContext<'_>,
    transceiver: &Transceiver,
    (index, stream): (usize, &OutboundStats),
) -> Option<f64> {
    let is_alone = context.is_only_video && transceiver.kind == MediaKind::Video;
    let encoding = transceiver.encodings.get(index)?;
    let own = encoding.parameters.max_bitrate;
    let own = own.or(is_alone.then_some(u64::MAX))?;
    stream
        .is_active
        .then_some(own.min(context.target_bitrate) as f64)
}

fn remote_inbound(
    context: MediaContext<'_>,
    transceiver: &Transceiver,
    stream: &OutboundStats,
    local_id: &str,
    codec_id: &Option<String>,
) -> Option<RemoteInboundRtpStats> {
    let (block, came) = stream.remote?;
    let (kind, _) = kind(transceiver.kind);
    let codec = transceiver.send_codec.as_ref();
    let clock_rate = codec.map_or(1, |codec| codec.clock_rate.max(1));
    // The receiver counts how often numbers have wrapped from the first one on.
    let first = stream.first_sequence.unwrap_or_default();
    let behind = block.highest_sequence.checked_sub(first.into());
    let expected = behind.map_or(0, |behind| i64::from(behind) + 1);
    let received = expected - i64::from(block.packets_lost);
    Some(RemoteInboundRtpStats {
        id: format!("remote-inbound-{kind}-{}", stream.ssrc),
        timestamp: context.timestamp(came),
        ssrc: stream.ssrc,
        kind,
        transport_id: context.transport_id.to_owned(),
        codec_id: codec_id.clone(),
        local_id: local_id.to_owned(),
        packets_received: u64::try_from(received).unwrap_or_default(),
        packets_lost: block.packets_lost.into(),
        jitter: f64::from(block.jitter) / f64::from(clock_rate),
        fraction_lost: f64::from(block.fraction_lost) / 256.0,
        round_trip_time: stream.rtt.map(|rtt| rtt.as_secs_f64()),
        total_round_trip_time: stream.total_rtt.as_secs_f64(),
        round_trip_time_measurements: stream.rtt_measurements,
    })
}

/// Adds the codec that a payload type stands for, once, and answers its id.
fn note_codec(
    context: MediaContext<'_>,
    transceiver: &Transceiver,
    payload_type: u8,
    entries: &mut Vec<StatsEntry>,
) -> Option<String> {
    let codec = transceiver.agreed_codec(payload_type)?;
    let (kind, _) = kind(transceiver.kind);
    let id = format!("codec-{kind}-{payload_type}");
    let is_known = entries.iter().any(|entry| entry.id() == id);
    if !is_known {
        let stats = CodecStats {
            timestamp: context.timestamp(context.now),
            payload_type,
            transport_id: context.transport_id.to_owned(),
            mime_type: format!("{kind}/{}", codec.name),
            clock_rate: codec.clock_rate,
            channels: codec.channels,
            sdp_fmtp_line: Some(codec.parameters.clone()).filter(|line| !line.is_empty()),
            id: id.clone(),
        };
        entries.push(StatsEntry::Codec(stats));
    }
    Some(id)
}

fn kind(kind: MediaKind) -> (&'static str, bool) {
    match kind {
        MediaKind::Audio => ("audio", false),
        MediaKind::Video => ("video", true),
    }
}

/// What a codec of ours and the sections agreed on are called.
impl Transceiver {
    fn agreed_codec(&self, payload_type: u8) -> Option<&crate::session::SectionCodec> {
        let agreed = self.agreed.as_ref()?;
        let mut codecs = agreed.own.codecs.iter().chain(&agreed.peers.codecs);
        codecs.find(|codec| codec.payload_type == payload_type)
    }

    /// What the peer calls the track that it sends (RFC 8830).
    fn remote_track(&self) -> Option<&str> {
        let peers = &self.agreed.as_ref()?.peers;
        peers.msids.first()?.track.as_deref()
    }

    fn send_payload_type(&self) -> Option<u8> {
        let capability: &CodecCapability = self.send_codec.as_ref()?;
        let mut codecs = self.agreed.as_ref()?.peers.codecs.iter();
        let codec = codecs.find(|codec| {
            capability.is(&codec.name) && capability.answer(&codec.parameters).is_some()
        })?;
        Some(codec.payload_type)
    }
}
