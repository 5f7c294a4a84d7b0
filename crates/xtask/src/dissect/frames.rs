//! Frames to be sent: those of streams that Chromium sent.

use bytes::Bytes;
use tidewire_rtp::Packet;
use tidewire_rtp::payload::{self, Depacketizer, Format, Frame};

/// The frames of a file of packets, each with its length before it (RFC 4571 section 2).
pub(super) fn captured(format: Format, file: &'static [u8]) -> Vec<Frame> {
    let mut depacketizer = Depacketizer::new(format);
    let mut rest = file;
    while let Some((len, after)) = rest.split_first_chunk() {
        let (packet, after) = after.split_at(u16::from_be_bytes(*len).into());
        rest = after;
        let packet = Packet::parse(packet).expect("it was captured");
        depacketizer.handle_packet(payload::Packet {
            // The files are too short for a number to come twice.
            sequence: u64::from(packet.sequence_number()) + wrapped(file, packet.sequence_number()),
            timestamp: packet.timestamp(),
            marker: packet.marker(),
            payload: Bytes::copy_from_slice(packet.payload()),
        });
    }
    std::iter::from_fn(|| depacketizer.poll_frame()).collect()
}

/// Sequence numbers below that of the first packet come after the highest.
fn wrapped(file: &[u8], sequence: u16) -> u64 {
    let first = file
        .get(4..6)
        .map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    if sequence < first { 1 << 16 } else { 0 }
}
