//! Statistics as the W3C names them (webrtc-stats), with what a stack without codecs and devices can know:
//! [`PeerConnection::stats_report`](crate::PeerConnection::stats_report). The feature `serde` writes them as
//! JSON under the W3C's own names.
//!
//! What stands here under a name of the W3C's means the same, with these differences: bytes are those of
//! payloads, without headers and padding, as the W3C has it, and header bytes are not counted;
//! `frames_received` counts frames that were put together; a packet that was sent again does not undo its
//! loss in `packets_lost`, as in Chromium.

mod base64;
mod media;
mod remote;
mod streams;
mod transport;

use std::time::Duration;

pub use remote::{RemoteInboundRtpStats, RemoteOutboundRtpStats};
pub use streams::{CodecStats, InboundRtpStats, MediaSourceStats, OutboundRtpStats};
pub use transport::{
    CandidatePairStats, CertificateStats, DataChannelStats, IceCandidateStats, PeerConnectionStats,
    TransportStats,
};

pub(crate) use media::{MediaContext, describe_transceiver};
pub(crate) use transport::{
    Ids, candidate_pair_state, certificate, describe_candidate, local_id, remote_id,
};

/// RTCStatsReport: one entry for each thing, in an order that does not change. Entries name each other by
/// their `id`, which stays the same as long as the connection.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct StatsReport {
    /// The entries.
    pub entries: Vec<StatsEntry>,
}

/// An entry of a report, by RTCStatsType.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(tag = "type", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum StatsEntry {
    /// A codec in use.
    Codec(CodecStats),
    /// What is sent, before it is encoded.
    MediaSource(MediaSourceStats),
    /// A received stream.
    InboundRtp(InboundRtpStats),
    /// A sent stream.
    OutboundRtp(OutboundRtpStats),
    /// A sent stream, as its receiver reports it.
    RemoteInboundRtp(RemoteInboundRtpStats),
    /// A received stream, as its sender reports it.
    RemoteOutboundRtp(RemoteOutboundRtpStats),
    /// The whole connection.
    PeerConnection(PeerConnectionStats),
    /// A data channel.
    DataChannel(DataChannelStats),
    /// The transport: ICE and DTLS.
    Transport(TransportStats),
    /// A pair of candidates.
    CandidatePair(CandidatePairStats),
    /// A candidate of ours.
    LocalCandidate(IceCandidateStats),
    /// A candidate of the peer's.
    RemoteCandidate(IceCandidateStats),
    /// A certificate, ours or the peer's.
    Certificate(CertificateStats),
}

impl StatsReport {
    /// The entry with this id.
    pub fn get(&self, id: &str) -> Option<&StatsEntry> {
        self.entries.iter().find(|entry| entry.id() == id)
    }
}

impl StatsEntry {
    /// Names the entry in the report.
    pub fn id(&self) -> &str {
        match self {
            Self::Codec(stats) => &stats.id,
            Self::MediaSource(stats) => &stats.id,
            Self::InboundRtp(stats) => &stats.id,
            Self::OutboundRtp(stats) => &stats.id,
            Self::RemoteInboundRtp(stats) => &stats.id,
            Self::RemoteOutboundRtp(stats) => &stats.id,
            Self::PeerConnection(stats) => &stats.id,
            Self::DataChannel(stats) => &stats.id,
            Self::Transport(stats) => &stats.id,
            Self::CandidatePair(stats) => &stats.id,
            Self::LocalCandidate(stats) | Self::RemoteCandidate(stats) => &stats.id,
            Self::Certificate(stats) => &stats.id,
        }
    }
}

/// DOMHighResTimeStamp: milliseconds since 1970, or of a span.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
