//! Fuzz bodies: what must hold for any bytes.

use crate::extension::{
    AbsCaptureTime, AbsSendTime, AudioLevel, ColorSpace, Extension, ExtensionKind, Mid,
    PlayoutDelay, Rid, TransmissionOffset, TransportSequenceNumber, VideoLayersAllocation,
    VideoOrientation, VideoTiming,
};
use crate::rtcp::{self, Packets};
use crate::{Header, Packet, PacketMut};

/// Reads any bytes as an RTP packet; what was read is written again, and read the same.
///
/// # Panics
/// When an invariant breaks; that is the point.
pub fn packet(data: &[u8]) {
    let Ok(packet) = Packet::parse(data) else {
        assert!(PacketMut::parse(&mut data.to_vec()).is_err());
        return;
    };
    let whole = packet.header_len() + packet.payload().len() + packet.padding_len();
    assert_eq!(whole, data.len());
    let elements = packet.extensions();
    let Some(form) = elements.form() else { return };
    let csrcs: Vec<u32> = packet.csrcs().collect();
    let mut written = Vec::new();
    let mut writer = packet.header().write(&mut written, &csrcs, form);
    for (id, value) in elements.clone() {
        extension(value);
        writer.raw_extension(id, value);
    }
    writer.payload().extend_from_slice(packet.payload());
    let again = Packet::parse(&written).expect("what we write can be read");
    assert_eq!(again.header(), packet.header());
    assert_eq!(again.payload(), packet.payload());
    assert!(again.extensions().eq(elements));
    edit(data);
}

/// Changes every field, which moves nothing.
fn edit(data: &[u8]) {
    let mut copy = data.to_vec();
    let mut packet = PacketMut::parse(&mut copy).expect("it was read once");
    packet.set_marker(true);
    packet.set_payload_type(255);
    packet.set_sequence_number(1);
    packet.set_timestamp(2);
    packet.set_ssrc(3);
    for id in 0..=255 {
        if let Some(value) = packet.extension_mut(id) {
            value.fill(0xff);
        }
    }
    packet.payload_mut().fill(0);
    let expected = Header {
        marker: true,
        payload_type: 127,
        sequence_number: 1,
        timestamp: 2,
        ssrc: 3,
    };
    let read = Packet::parse(&copy).expect("nothing has moved");
    assert_eq!(read.header(), expected);
    assert!(read.payload().iter().all(|byte| *byte == 0));
}

/// Reads any bytes as the value of each header extension; what was read is written and read the same.
fn extension(value: &[u8]) {
    fn again<'a, E: Extension<'a> + PartialEq>(value: &'a [u8], written: &'a mut Vec<u8>) {
        if let Some(read) = E::decode(value) {
            read.encode(written);
            assert!(E::decode(written).as_ref() == Some(&read), "{:?}", E::KIND);
        }
    }
    again::<Mid<'_>>(value, &mut Vec::new());
    again::<Rid<'_>>(value, &mut Vec::new());
    again::<AudioLevel>(value, &mut Vec::new());
    again::<AbsSendTime>(value, &mut Vec::new());
    again::<AbsCaptureTime>(value, &mut Vec::new());
    again::<TransmissionOffset>(value, &mut Vec::new());
    again::<TransportSequenceNumber>(value, &mut Vec::new());
    again::<VideoOrientation>(value, &mut Vec::new());
    again::<PlayoutDelay>(value, &mut Vec::new());
    again::<VideoTiming>(value, &mut Vec::new());
    again::<ColorSpace>(value, &mut Vec::new());
    again::<VideoLayersAllocation>(value, &mut Vec::new());
    for kind in ExtensionKind::all() {
        assert_eq!(kind.uri().and_then(ExtensionKind::from_uri), Some(kind));
    }
}

/// Reads any bytes as a compound RTCP packet, all there is in it.
///
/// # Panics
/// When an invariant breaks; that is the point.
pub fn rtcp(data: &[u8]) {
    let mut len = 0;
    for packet in Packets::new(data).flatten() {
        len += 4;
        match packet {
            rtcp::Packet::SenderReport(report) => len += report.reports.iter().count() * 24,
            rtcp::Packet::ReceiverReport(report) => len += report.reports.iter().count() * 24,
            rtcp::Packet::SourceDescription(all) => {
                let texts = all.chunks().flat_map(|chunk| chunk.items());
                len += texts.map(|(_, text)| text.len()).sum::<usize>();
            }
            rtcp::Packet::Goodbye(goodbye) => len += goodbye.ssrcs().len() * 4,
            rtcp::Packet::Application(application) => len += application.data.len(),
            rtcp::Packet::ExtendedReport(report) => {
                len += report.dlrrs().count() * 12;
                report.blocks().for_each(drop);
            }
            rtcp::Packet::Nack(nack) => {
                // An entry of four bytes asks for up to 17 packets.
                len += nack.sequence_numbers().count() / 17;
            }
            rtcp::Packet::TransportFeedback(feedback) => {
                let packets = feedback.packets().count();
                assert_eq!(packets, usize::from(feedback.packet_count));
            }
            rtcp::Packet::CongestionFeedback(feedback) => {
                let streams = feedback.streams();
                len += streams
                    .map(|stream| stream.packets().count() * 2)
                    .sum::<usize>();
            }
            rtcp::Packet::FullIntraRequest(request) => len += request.requests().len() * 8,
            rtcp::Packet::Remb(remb) => len += remb.ssrcs().len() * 4,
            rtcp::Packet::PictureLoss(_) | rtcp::Packet::Unknown(_) => {}
        }
    }
    assert!(len <= data.len());
}

#[cfg(test)]
mod tests {
    use tidewire_netsim::for_each_corpus_entry;

    #[test]
    fn both_hold_for_the_corpus() {
        for_each_corpus_entry("rtp_packet", super::packet);
        for_each_corpus_entry("rtcp", super::rtcp);
    }
}
