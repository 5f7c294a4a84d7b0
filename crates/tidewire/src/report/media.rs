//! Entries about media.

use std::time::Instant;

use tidewire_media::{InboundStats, MediaKind, OutboundStats, WallClock};

use super::{StatsEntry, milliseconds};
use crate::media::{CodecCapability, Transceiver};

/// RTCCodecStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct CodecStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The payload type.
    pub payload_type: u8,
    /// The transport that it is used on.
    pub transport_id: String,
    /// Kind and name, such as `video/VP8`.
    pub mime_type: String,
    /// In ticks a second.
    pub clock_rate: u32,
    /// Channels, of audio.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub channels: Option<u16>,
    /// What `a=fmtp` says.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub sdp_fmtp_line: Option<String>,
}

/// RTCInboundRtpStreamStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct InboundRtpStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The stream.
    pub ssrc: u32,
    /// `audio` or `video`.
    pub kind: &'static str,
    /// The transport.
    pub transport_id: String,
    /// The codec of what arrived last.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub codec_id: Option<String>,
    /// What its sender reports, once it has.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub remote_id: Option<String>,
    /// The media section.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub mid: Option<String>,
    /// Packets that arrived.
    pub packets_received: u64,
    /// Packets that did not; negative when some came twice.
    pub packets_lost: i64,
    /// The variation of transit times, in seconds.
    pub jitter: f64,
    /// Packets that came too late, or twice.
    pub packets_discarded: u64,
    /// Bytes of payload.
    pub bytes_received: u64,
    /// When the last packet arrived, in milliseconds since 1970.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub last_packet_received_timestamp: Option<f64>,
    /// Frames that were put together, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frames_received: Option<u64>,
    /// Frames that were begun and lost, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frames_dropped: Option<u64>,
    /// NACK packets sent.
    pub nack_count: u64,
    /// FIR packets sent, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub fir_count: Option<u32>,
    /// PLI packets sent, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pli_count: Option<u32>,
    /// Packets that were sent again.
    pub retransmitted_packets_received: u64,
    /// Bytes of their payload.
    pub retransmitted_bytes_received: u64,
}

/// RTCOutboundRtpStreamStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct OutboundRtpStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The stream.
    pub ssrc: u32,
    /// `audio` or `video`.
    pub kind: &'static str,
    /// The transport.
    pub transport_id: String,
    /// The codec.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub codec_id: Option<String>,
    /// What its receiver reports, once it has.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub remote_id: Option<String>,
    /// The media section.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub mid: Option<String>,
    /// The name among the layers of simulcast.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub rid: Option<String>,
    /// The place among the encodings.
    pub encoding_index: usize,
    /// Whether it is sent.
    pub active: bool,
    /// Packets that were sent, those that were sent again included.
    pub packets_sent: u64,
    /// Bytes of their payload.
    pub bytes_sent: u64,
    /// Packets that were sent again.
    pub retransmitted_packets_sent: u64,
    /// Bytes of their payload.
    pub retransmitted_bytes_sent: u64,
    /// The stream of packets that are sent again.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub rtx_ssrc: Option<u32>,
    /// Frames that were sent, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frames_sent: Option<u64>,
    /// NACK packets that came.
    pub nack_count: u64,
    /// FIR packets that came, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub fir_count: Option<u32>,
    /// PLI packets that came, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pli_count: Option<u32>,
}

/// RTCRemoteInboundRtpStreamStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct RemoteInboundRtpStats {
    /// Names the entry.
    pub id: String,
    /// When the report came, in milliseconds since 1970.
    pub timestamp: f64,
    /// The stream.
    pub ssrc: u32,
    /// `audio` or `video`.
    pub kind: &'static str,
    /// The transport.
    pub transport_id: String,
    /// The codec.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub codec_id: Option<String>,
    /// The sent stream.
    pub local_id: String,
    /// Packets that did not arrive.
    pub packets_lost: i64,
    /// The variation of transit times, in seconds.
    pub jitter: f64,
    /// The share of packets lost since the report before, 0 to 1.
    pub fraction_lost: f64,
    /// The last round trip, in seconds.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub round_trip_time: Option<f64>,
    /// The sum of all round trips, in seconds.
    pub total_round_trip_time: f64,
    /// How many were measured.
    pub round_trip_time_measurements: u64,
}

/// RTCRemoteOutboundRtpStreamStats.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct RemoteOutboundRtpStats {
    /// Names the entry.
    pub id: String,
    /// When the report came, in milliseconds since 1970.
    pub timestamp: f64,
    /// The stream.
    pub ssrc: u32,
    /// `audio` or `video`.
    pub kind: &'static str,
    /// The transport.
    pub transport_id: String,
    /// The codec.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub codec_id: Option<String>,
    /// The received stream.
    pub local_id: String,
    /// When the report was written, by the sender's clock, in milliseconds since 1970.
    pub remote_timestamp: f64,
    /// Packets that were sent; it wraps at 32 bits.
    pub packets_sent: u64,
    /// Bytes of payload that were sent; it wraps at 32 bits.
    pub bytes_sent: u64,
    /// Sender reports that came.
    pub reports_sent: u64,
}

/// What entries about media have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MediaContext<'a> {
    pub(crate) now: Instant,
    pub(crate) clock: &'a WallClock,
    pub(crate) transport_id: &'a str,
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
    for (index, stream) in outbound.enumerate() {
        let codec_id = sent.and_then(|sent| note_codec(context, transceiver, sent, entries));
        describe_outbound(context, transceiver, (index, &stream), codec_id, entries);
    }
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
    let remote = stream
        .sender_report
        .map(|(info, came)| RemoteOutboundRtpStats {
            id: format!("remote-outbound-{kind}-{}", stream.ssrc),
            timestamp: context.timestamp(came),
            ssrc: stream.ssrc,
            kind,
            transport_id: context.transport_id.to_owned(),
            codec_id: codec_id.clone(),
            local_id: id.clone(),
            remote_timestamp: milliseconds(info.ntp_time.to_unix()),
            packets_sent: info.packets.into(),
            bytes_sent: info.octets.into(),
            reports_sent: stream.sender_reports,
        });
    let plis = stream.key_frame_requests - stream.full_intra_requests;
    entries.push(StatsEntry::InboundRtp(InboundRtpStats {
        timestamp: context.timestamp(context.now),
        ssrc: stream.ssrc,
        kind,
        transport_id: context.transport_id.to_owned(),
        codec_id,
        remote_id: remote.as_ref().map(|remote| remote.id.clone()),
        mid: transceiver.mid.clone(),
        packets_received: stream.packets,
        packets_lost: stream.lost,
        jitter: stream.jitter.as_secs_f64(),
        packets_discarded: stream.late + stream.duplicates,
        bytes_received: stream.bytes,
        last_packet_received_timestamp: stream.last_arrival.map(|at| context.timestamp(at)),
        frames_received: is_video.then_some(stream.frames),
        frames_dropped: is_video.then_some(stream.frames_dropped),
        nack_count: stream.nacks,
        fir_count: is_video.then_some(stream.full_intra_requests),
        pli_count: is_video.then_some(plis),
        retransmitted_packets_received: stream.retransmitted_packets,
        retransmitted_bytes_received: stream.retransmitted_bytes,
        id,
    }));
    entries.extend(remote.map(StatsEntry::RemoteOutboundRtp));
}

fn describe_outbound(
    context: MediaContext<'_>,
    transceiver: &Transceiver,
    (index, stream): (usize, &OutboundStats),
    codec_id: Option<String>,
    entries: &mut Vec<StatsEntry>,
) {
    let (kind, is_video) = kind(transceiver.kind);
    let id = format!("outbound-{kind}-{}", stream.ssrc);
    let clock_rate = transceiver
        .send_codec
        .as_ref()
        .map(|codec| codec.clock_rate);
    let remote = stream.remote.map(|(block, came)| RemoteInboundRtpStats {
        id: format!("remote-inbound-{kind}-{}", stream.ssrc),
        timestamp: context.timestamp(came),
        ssrc: stream.ssrc,
        kind,
        transport_id: context.transport_id.to_owned(),
        codec_id: codec_id.clone(),
        local_id: id.clone(),
        packets_lost: block.packets_lost.into(),
        jitter: f64::from(block.jitter) / f64::from(clock_rate.unwrap_or(1).max(1)),
        fraction_lost: f64::from(block.fraction_lost) / 256.0,
        round_trip_time: stream.rtt.map(|rtt| rtt.as_secs_f64()),
        total_round_trip_time: stream.total_rtt.as_secs_f64(),
        round_trip_time_measurements: stream.rtt_measurements,
    });
    entries.push(StatsEntry::OutboundRtp(OutboundRtpStats {
        timestamp: context.timestamp(context.now),
        ssrc: stream.ssrc,
        kind,
        transport_id: context.transport_id.to_owned(),
        codec_id,
        remote_id: remote.as_ref().map(|remote| remote.id.clone()),
        mid: transceiver.mid.clone(),
        rid: stream.rid.clone(),
        encoding_index: index,
        active: stream.is_active,
        packets_sent: stream.packets + stream.retransmitted_packets + stream.padding_packets,
        bytes_sent: stream.bytes + stream.retransmitted_bytes,
        retransmitted_packets_sent: stream.retransmitted_packets,
        retransmitted_bytes_sent: stream.retransmitted_bytes,
        rtx_ssrc: stream.rtx_ssrc,
        frames_sent: is_video.then_some(stream.frames),
        nack_count: stream.nacks,
        fir_count: is_video.then_some(stream.full_intra_requests),
        pli_count: is_video.then_some(stream.picture_losses),
        id,
    }));
    entries.extend(remote.map(StatsEntry::RemoteInboundRtp));
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

    fn send_payload_type(&self) -> Option<u8> {
        let capability: &CodecCapability = self.send_codec.as_ref()?;
        let mut codecs = self.agreed.as_ref()?.peers.codecs.iter();
        let codec = codecs.find(|codec| {
            capability.is(&codec.name) && capability.answer(&codec.parameters).is_some()
        })?;
        Some(codec.payload_type)
    }
}
