//! H.264.

use bytes::Bytes;

use super::packets::receive;
use crate::payload::h264::{Sps, starts_key_frame};
use crate::payload::{Format, OutgoingFrame, Packetizer};

/// Reads any bytes as a payload, as several, as a parameter set, and as a byte stream to be cut.
pub fn h264(data: &[u8]) {
    starts_key_frame(data);
    let _ = Sps::parse(data);
    receive(Format::H264, data);
    let mut packetizer = Packetizer::new(Format::H264);
    let frame = OutgoingFrame::new(Bytes::copy_from_slice(data));
    if packetizer.start(frame, 40).is_ok() {
        let mut payload = Vec::new();
        let mut len = 0;
        while packetizer.write_next(&mut payload).is_some() {
            assert!((1..=40).contains(&payload.len()));
            len += payload.len();
            payload.clear();
        }
        // A start code of three bytes gives way to a length of two; fragments have two bytes for 38.
        assert!(len <= 2 * data.len() + 2);
    }
}

#[cfg(test)]
mod tests {
    use super::h264;

    #[test]
    fn holds_for_the_corpus() {
        tidewire_netsim::for_each_corpus_entry("rtp_payload_h264", h264);
    }
}
