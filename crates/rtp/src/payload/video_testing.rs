//! What tests of video formats share.

use bytes::Bytes;

use super::{Depacketizer, Format, Frame, OutgoingFrame, Packet, Packetizer};

/// A packet, and which of the frames it is of.
pub(super) type Sent = (usize, Packet);

/// The frames of an IVF file.
pub(super) fn ivf_frames(file: &'static [u8]) -> Vec<Bytes> {
    let mut rest = &file[32..];
    let mut frames = Vec::new();
    while let Some((header, after)) = rest.split_at_checked(12) {
        let len = u32::from_le_bytes(header[..4].try_into().unwrap()) as usize;
        let (frame, after) = after.split_at(len);
        frames.push(Bytes::from_static(frame));
        rest = after;
    }
    frames
}

/// The packets of a file, each with its length before it as RFC 4571 has it.
pub(super) fn rtp_packets(file: &'static [u8]) -> Vec<Packet> {
    let mut rest = file;
    let mut packets = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk() {
        let (packet, after) = after.split_at(u16::from_be_bytes(*len).into());
        assert_eq!(packet[0], 0x80, "no padding, sources or extensions");
        packets.push(Packet {
            sequence: u16::from_be_bytes([packet[2], packet[3]]).into(),
            timestamp: u32::from_be_bytes(packet[4..8].try_into().unwrap()),
            marker: packet[1] & 0x80 != 0,
            payload: Bytes::from_static(&packet[12..]),
        });
        rest = after;
    }
    packets
}

/// Cuts frames, each with its timestamp.
pub(super) fn cut(format: Format, frames: &[(u32, OutgoingFrame)], max_len: usize) -> Vec<Sent> {
    let mut packetizer = Packetizer::new(format);
    let mut packets = Vec::new();
    for (index, (timestamp, frame)) in frames.iter().enumerate() {
        packetizer.start(frame.clone(), max_len).unwrap();
        let mut payload = vec![0xa5; 3];
        while let Some(written) = packetizer.write_next(&mut payload) {
            assert!((1..=max_len).contains(&(payload.len() - 3)));
            let packet = Packet {
                sequence: 65_530 + packets.len() as u64,
                timestamp: *timestamp,
                marker: written.marker,
                payload: Bytes::copy_from_slice(&payload[3..]),
            };
            packets.push((index, packet));
            payload.truncate(3);
        }
    }
    packets
}

/// What comes out when these packets of those arrive.
pub(super) fn receive<'a>(
    depacketizer: &mut Depacketizer,
    packets: impl IntoIterator<Item = &'a Packet>,
) -> Vec<Frame> {
    for packet in packets {
        depacketizer.handle_packet(packet.clone());
    }
    std::iter::from_fn(|| depacketizer.poll_frame()).collect()
}
