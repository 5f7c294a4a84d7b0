//! Entries about streams, as we see them.

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

/// RTCMediaSourceStats, as far as it is not about capturing.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "camelCase")
)]
#[non_exhaustive]
pub struct MediaSourceStats {
    /// Names the entry.
    pub id: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// The track that is sent, by the name that the peer is told.
    pub track_identifier: String,
    /// `audio` or `video`.
    pub kind: &'static str,
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
    /// The track, by the name that its sender gave it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub track_identifier: Option<String>,
    /// Packets that arrived, those that were sent again included.
    pub packets_received: u64,
    /// Packets that did not; negative when some came twice.
    pub packets_lost: i64,
    /// The variation of transit times, in seconds.
    pub jitter: f64,
    /// Packets that came too late, or twice.
    pub packets_discarded: u64,
    /// Bytes of their payload.
    pub bytes_received: u64,
    /// Bytes of their headers and padding.
    pub header_bytes_received: u64,
    /// When the last packet arrived, in milliseconds since 1970.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub last_packet_received_timestamp: Option<f64>,
    /// Frames that were put together, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frames_received: Option<u64>,
    /// Frames that were begun and lost, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frames_dropped: Option<u64>,
    /// Frames of more than one packet, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frames_assembled_from_multiple_packets: Option<u64>,
    /// The time from the first to the last packet of each of them, together, in seconds.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub total_assembly_time: Option<f64>,
    /// Frames of the last second, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frames_per_second: Option<f64>,
    /// The width of the last key frame, in pixels.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frame_width: Option<u32>,
    /// Its height.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frame_height: Option<u32>,
    /// The time that frames, or packets, have spent in the buffer that puts packets in order, together, in
    /// seconds.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub jitter_buffer_delay: Option<f64>,
    /// How many came out of it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub jitter_buffer_emitted_count: Option<u64>,
    /// NACK packets sent.
    pub nack_count: u64,
    /// FIR packets sent, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub fir_count: Option<u32>,
    /// PLI packets sent, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pli_count: Option<u32>,
    /// The stream of packets that are sent again, once it is known.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub rtx_ssrc: Option<u32>,
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
    /// What is sent, while there is a track.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub media_source_id: Option<String>,
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
    /// Bytes of their headers and padding.
    pub header_bytes_sent: u64,
    /// Packets that were sent again.
    pub retransmitted_packets_sent: u64,
    /// Bytes of their payload.
    pub retransmitted_bytes_sent: u64,
    /// The stream of packets that are sent again.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub rtx_ssrc: Option<u32>,
    /// What its encoder is to produce, in bits a second, where it is told: by the parameters of the
    /// encoding, or because it is the only one of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub target_bitrate: Option<f64>,
    /// How long packets have waited for their turn, together, in seconds.
    pub total_packet_send_delay: f64,
    /// Frames of the last second, of video.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frames_per_second: Option<f64>,
    /// The width of the last key frame, in pixels.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frame_width: Option<u32>,
    /// Its height.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub frame_height: Option<u32>,
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
