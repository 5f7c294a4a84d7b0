//! Bytes as packets.

use bytes::Bytes;

use crate::payload::{Depacketizer, Format, Packet};

/// Looks for the size of pictures, then puts frames together from packets, each `length, flags, payload` in `data`: what comes out is no more
/// than what went in and headers of its own.
pub(super) fn receive(format: Format, data: &[u8]) {
    let _ = (format.resolution(data), format.payload_resolution(data));
    let mut depacketizer = Depacketizer::new(format);
    let (mut sequence, mut timestamp, mut count, mut len) = (0, 0, 0, 0);
    let mut rest = data;
    while let [size, flags, after @ ..] = rest {
        let (payload, after) = after.split_at(after.len().min(usize::from(*size)));
        sequence += 1 + u64::from(*flags >> 6);
        timestamp += u32::from(*flags & 2 != 0);
        depacketizer.handle_packet(Packet {
            sequence,
            timestamp,
            marker: flags & 1 != 0,
            payload: Bytes::copy_from_slice(payload),
        });
        while let Some(frame) = depacketizer.poll_frame() {
            assert!(frame.first_sequence <= frame.last_sequence);
            assert!(!frame.data.is_empty());
            count += 1;
            len += frame.data.len();
        }
        rest = after;
    }
    assert_eq!(depacketizer.stats().frames, count);
    // Of AV1, sizes are written into the bitstream: one of eight bytes at most for an element of one. A key
    // frame of H.264 may get two parameter sets again, of 1024 bytes at most and with start codes.
    assert!(len as u64 <= data.len() as u64 * 9 + count * 2 * 1028);
}
