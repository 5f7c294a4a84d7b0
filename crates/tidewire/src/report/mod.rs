//! Statistics as the W3C names them (webrtc-stats), with what a stack without codecs and devices can know:
//! [`PeerConnection::stats_report`](crate::PeerConnection::stats_report). The feature `serde` writes them as
//! JSON under the W3C's own names.
//!
//! What stands here under a name of the W3C's means the same, with these differences:
//! - A frame is what the payload format hands on: of VP9 and AV1 with spatial layers, one layer.
//!   `framesReceived` counts frames that were put together, `framesPerSecond` those of the last ten full
//!   tenths of a second, and `frameWidth` and `frameHeight` are those of the last key frame, whether it was
//!   decoded or not; of what is sent, of a frame that the application said is one.
//! - The jitter buffer is the one that puts packets in order. It holds back nothing but what waits for a
//!   packet that is missing, and `jitterBufferEmittedCount` counts frames, of audio too, where the W3C counts
//!   samples; the quotient is the average delay all the same. A receiver of packets in order counts
//!   packets; one of packets as they come has no buffer and no frames, and the members are not there.
//! - A packet that was sent again does not undo its loss in `packetsLost`, as in Chromium.
//! - `totalPacketSendDelay` leaves out packets that were sent again.
//! - `targetBitrate` is there where it is told: an encoding's own limit, or all of
//!   [`target_bitrate`](crate::PeerConnection::target_bitrate) when only one stream of video is sent.
//!   `availableOutgoingBitrate` is the rate of the bandwidth estimator; a fixed rate estimates nothing.
//! - Packets and bytes of `transport` and `candidate-pair` are datagrams of DTLS, SRTP and SRTCP, in whole.
//! - `roundTripTime` of `remote-outbound-rtp` is measured by one who does not send (RFC 3611).
//!
//! What is missing:
//! - **Codecs know it:** `framesDecoded`, `keyFramesDecoded`, `framesEncoded`, `keyFramesEncoded`, `frameBitDepth`,
//!   `hugeFramesSent`, `qpSum`, `psnrSum`, `psnrMeasurements`, `totalDecodeTime`, `totalEncodeTime`,
//!   `totalProcessingDelay`, `totalEncodedBytesTarget`, `qualityLimitationReason` with its durations and
//!   changes, `totalCorruptionProbability` and what goes with it, `scalabilityMode`,
//!   `encoderImplementation`, `decoderImplementation`, `powerEfficientEncoder`, `powerEfficientDecoder`.
//! - **Who plays knows it:** `framesRendered`, `totalInterFrameDelay`, `totalSquaredInterFrameDelay`, pauses
//!   and freezes, `estimatedPlayoutTimestamp`, `jitterBufferTargetDelay`, `jitterBufferMinimumDelay`, all that
//!   counts samples, `audioLevel`, `totalAudioEnergy`, `playoutId`, and entries of `media-playout`.
//! - **Who captures knows it:** what `media-source` has beyond the track and its kind.
//! - **Whoever owns the sockets knows it:** `url` and `relayProtocol` of candidates, `packetsDiscardedOnSend`
//!   and `bytesDiscardedOnSend`.
//! - **The stack does not do it:** `fecSsrc`, `fecPacketsReceived`, `fecPacketsDiscarded` and
//!   `fecBytesReceived`; what counts ECN and congestion feedback (RFC 8888); `availableIncomingBitrate`;
//!   `issuerCertificateId`, as of a chain only the first certificate is looked at.

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
