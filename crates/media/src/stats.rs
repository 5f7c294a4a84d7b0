//! What streams have seen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidewire_rtp::payload::Resolution;
use tidewire_rtp::rtcp::{ReportBlock, SenderInfo};

use crate::frame_rate::FrameRate;

/// A received stream.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct InboundStats {
    /// The stream.
    pub ssrc: u32,
    /// The stream of packets that are sent again, once it is known.
    pub rtx_ssrc: Option<u32>,
    /// Its name among the layers of simulcast.
    pub rid: Option<Arc<str>>,
    /// The payload type of what arrived last.
    pub payload_type: u8,
    /// Packets that arrived, without those sent again in a stream of their own.
    pub packets: u64,
    /// Bytes of their payload.
    pub bytes: u64,
    /// Bytes of headers and padding, those of packets that were sent again included.
    pub header_bytes: u64,
    /// Packets that did not arrive; negative when some came twice.
    pub lost: i64,
    /// The variation of transit times.
    pub jitter: Duration,
    /// Packets that were sent again in a stream of their own.
    pub retransmitted_packets: u64,
    /// Bytes of their payload.
    pub retransmitted_bytes: u64,
    /// Packets that were missing and came, one way or the other.
    pub recovered: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came after those behind them had been handed on.
    pub late: u64,
    /// Packets that wait for others now.
    pub held: usize,
    /// Frames that were put together.
    pub frames: u64,
    /// Of these, frames that a decoder can begin with.
    pub key_frames: u64,
    /// Frames that were begun and lost.
    pub frames_dropped: u64,
    /// Frames that came in more than one packet.
    pub frames_assembled: u64,
    /// The time from the first to the last packet of each of them, together.
    pub assembly_time: Duration,
    /// Frames, or packets where those are asked for, that came out of the buffer that puts packets in
    /// order.
    pub buffer_emitted: u64,
    /// The time from when the first packet of each of them arrived, together.
    pub buffer_delay: Duration,
    /// The frames of the last second.
    pub frame_rate: FrameRate,
    /// How large the pictures were in the last key frame that told.
    pub resolution: Option<Resolution>,
    /// Requests for packets: NACK packets.
    pub nacks: u64,
    /// Requests for key frames: PLI or FIR packets.
    pub key_frame_requests: u32,
    /// Of these, those that were FIR.
    pub full_intra_requests: u32,
    /// When the last packet arrived.
    pub last_arrival: Option<Instant>,
    /// The last sender report, and when it came.
    pub sender_report: Option<(SenderInfo, Instant)>,
    /// Sender reports that came.
    pub sender_reports: u64,
    /// The last round trip that its sender let us measure (RFC 3611 section 4.5): of one who only
    /// receives.
    pub rtt: Option<Duration>,
    /// The sum of all of them.
    pub total_rtt: Duration,
    /// How many were measured.
    pub rtt_measurements: u64,
}

/// A sent stream.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct OutboundStats {
    /// The stream.
    pub ssrc: u32,
    /// The stream of packets that are sent again.
    pub rtx_ssrc: Option<u32>,
    /// Its name among the layers of simulcast.
    pub rid: Option<String>,
    /// Whether it is sent.
    pub is_active: bool,
    /// Packets that were sent, each once.
    pub packets: u64,
    /// Bytes of their payload.
    pub bytes: u64,
    /// Bytes of headers, those of packets that were sent again included, and of packets that filled up.
    pub header_bytes: u64,
    /// The sequence number of the first packet.
    pub first_sequence: Option<u16>,
    /// How long packets have waited for their turn, all of them together; those that were sent again left
    /// out.
    pub send_delay: Duration,
    /// Packets that were sent again.
    pub retransmitted_packets: u64,
    /// Bytes of their payload.
    pub retransmitted_bytes: u64,
    /// Packets that filled up.
    pub padding_packets: u64,
    /// Frames that were sent.
    pub frames: u64,
    /// Of these, those that the application said a decoder can begin with.
    pub key_frames: u64,
    /// The frames of the last second.
    pub frame_rate: FrameRate,
    /// How large the pictures were in the last key frame that told.
    pub resolution: Option<Resolution>,
    /// NACK packets that came.
    pub nacks: u64,
    /// PLI packets that came.
    pub picture_losses: u32,
    /// FIR packets that came.
    pub full_intra_requests: u32,
    /// Sender reports that were sent.
    pub sender_reports: u64,
    /// What the receiver reported last, and when that came.
    pub remote: Option<(ReportBlock, Instant)>,
    /// The last round trip that was measured.
    pub rtt: Option<Duration>,
    /// The sum of all of them.
    pub total_rtt: Duration,
    /// How many were measured.
    pub rtt_measurements: u64,
}

/// What is not a stream's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Packets that were no RTP.
    pub rtp_malformed: u64,
    /// Packets of no stream that is expected.
    pub rtp_unknown: u64,
    /// Packets of streams beyond the limit.
    pub streams_refused: u64,
    /// Compound RTCP packets that came.
    pub rtcp_packets: u64,
    /// RTCP packets that contradict themselves.
    pub rtcp_malformed: u64,
    /// RTCP packets of types that are not known.
    pub rtcp_unknown: u64,
    /// Frames and packets that nobody read in time.
    pub unread: u64,
    /// Packets that found no room in the pacer.
    pub pacer_overflow: u64,
    /// Packets that waited longer than [`Session::MAX_WAIT`](crate::Session::MAX_WAIT), and were dropped.
    pub pacer_expired: u64,
    /// Packets that wait in the pacer.
    pub pacer_waiting: usize,
    /// The round trip, as far as it was measured.
    pub rtt: Option<Duration>,
}
