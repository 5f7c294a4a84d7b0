//! AV1.

use bytes::Bytes;

use super::packets::receive;
use crate::payload::av1::starts_key_frame;
use crate::payload::{Depacketizer, Format, OutgoingFrame, Packet, Packetizer};

/// Reads any bytes as payloads, then as a temporal unit to be sent.
pub fn av1(data: &[u8]) {
    starts_key_frame(data);
    receive(Format::Av1, data);
    if let Some((max_len, unit)) = data.split_first() {
        send(unit, 4 + usize::from(*max_len));
    }
}

fn send(unit: &[u8], max_len: usize) {
    let mut packetizer = Packetizer::new(Format::Av1);
    let frame = OutgoingFrame::new(Bytes::copy_from_slice(unit));
    if packetizer.start(frame, max_len).is_err() {
        return;
    }
    let mut depacketizer = Depacketizer::new(Format::Av1);
    let mut payload = Vec::new();
    let mut sequence = 0;
    let mut ended = false;
    while let Some(written) = packetizer.write_next(&mut payload) {
        assert!(!ended, "the marker is on the last packet");
        assert!((2..=max_len).contains(&payload.len()));
        ended = written.marker;
        depacketizer.handle_packet(Packet {
            sequence,
            timestamp: 0,
            marker: written.marker,
            payload: Bytes::copy_from_slice(&payload),
        });
        sequence += 1;
        payload.clear();
    }
    assert!(ended);
    assert_eq!(depacketizer.stats().packets_malformed, 0);
}

#[cfg(test)]
mod tests {
    use super::av1;

    #[test]
    fn holds_for_the_corpus() {
        tidewire_netsim::for_each_corpus_entry("rtp_payload_av1", av1);
    }
}
