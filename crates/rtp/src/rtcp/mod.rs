//! RTCP: reports (RFC 3550 section 6, RFC 3611), feedback (RFC 4585, RFC 5104), and what congestion
//! control is fed with (transport-wide feedback, RFC 8888, REMB).
//!
//! [`Packets`] walks over a compound or reduced-size packet; [`Writer`] appends packets. Neither
//! allocates.
//!
//! ```
//! use tidewire_rtp::rtcp::{Packet, Packets, Writer};
//!
//! let mut out = Vec::new();
//! Writer::new(&mut out).receiver_report(1, &[]).nack(1, 2, [7, 8, 9]);
//! let mut packets = Packets::new(&out);
//! assert!(matches!(packets.next(), Some(Ok(Packet::ReceiverReport(report))) if report.ssrc == 1));
//! let Some(Ok(Packet::Nack(nack))) = packets.next() else { unreachable!() };
//! assert_eq!(nack.sequence_numbers().collect::<Vec<_>>(), [7, 8, 9]);
//! ```

mod congestion;
mod description;
mod extended;
mod feedback;
mod header;
mod packets;
mod report;
mod transport_wide;
mod writer;

#[cfg(test)]
mod tests;

pub use congestion::{CongestionFeedback, CongestionWriter, PacketMetric, StreamMetrics};
pub use description::{Application, Chunk, Goodbye, ItemKind, SourceDescription};
pub use extended::{Dlrr, ExtendedBlock, ExtendedReport};
pub use feedback::{FullIntraRequest, IntraRequest, Nack, PictureLoss, Remb};
pub use packets::{Packet, Packets, Unknown};
pub use report::{ReceiverReport, ReportBlock, ReportBlocks, SenderInfo, SenderReport};
pub use transport_wide::{PacketStatus, TransportFeedback};
pub use writer::Writer;
