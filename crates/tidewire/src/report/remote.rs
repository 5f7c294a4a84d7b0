//! Entries about streams, as the peer sees them.

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
    /// Packets that arrived, by what was sent and lost; those sent again left out.
    pub packets_received: u64,
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
    /// The last round trip that the sender let us measure, in seconds.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub round_trip_time: Option<f64>,
    /// The sum of all of them, in seconds.
    pub total_round_trip_time: f64,
    /// How many were measured.
    pub round_trip_time_measurements: u64,
}
