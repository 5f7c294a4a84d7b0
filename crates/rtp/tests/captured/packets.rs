//! Headers and header extensions.

use tidewire_rtp::extension::{
    AbsCaptureTime, AbsSendTime, AudioLevel, ColorSpace, DependencyDescriptorBytes, Extension,
    ExtensionKind, Mid, PlayoutDelay, Rid, TransmissionOffset, TransportSequenceNumber,
    VideoContentType, VideoLayersAllocation, VideoOrientation, VideoTiming,
};
use tidewire_rtp::{Packet, pad};

use crate::stream::{self, Stream};

/// The value as it is written when it was read.
fn written_again<'a, E: Extension<'a>>(value: &'a [u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    E::decode(value)?.encode(&mut out);
    Some(out)
}

fn read_and_written(kind: ExtensionKind, value: &[u8]) -> Option<Vec<u8>> {
    match kind {
        ExtensionKind::Mid => written_again::<Mid<'_>>(value),
        ExtensionKind::Rid => written_again::<Rid<'_>>(value),
        ExtensionKind::AudioLevel => written_again::<AudioLevel>(value),
        ExtensionKind::AbsSendTime => written_again::<AbsSendTime>(value),
        ExtensionKind::AbsCaptureTime => written_again::<AbsCaptureTime>(value),
        ExtensionKind::TransmissionOffset => written_again::<TransmissionOffset>(value),
        ExtensionKind::TransportSequenceNumber => written_again::<TransportSequenceNumber>(value),
        ExtensionKind::VideoOrientation => written_again::<VideoOrientation>(value),
        ExtensionKind::PlayoutDelay => written_again::<PlayoutDelay>(value),
        ExtensionKind::VideoContentType => written_again::<VideoContentType>(value),
        ExtensionKind::VideoTiming => written_again::<VideoTiming>(value),
        ExtensionKind::ColorSpace => written_again::<ColorSpace>(value),
        ExtensionKind::VideoLayersAllocation => written_again::<VideoLayersAllocation>(value),
        ExtensionKind::DependencyDescriptor => {
            written_again::<DependencyDescriptorBytes<'_>>(value)
        }
        other => panic!("{other:?} was not expected"),
    }
}

/// The values of one header extension, of the packets that have it.
fn values<'a, E: Extension<'a>>(stream: &Stream) -> Vec<E> {
    let id = stream.extensions().id(E::KIND).unwrap();
    let packets = stream.packets();
    let values = packets.iter().filter_map(|bytes| {
        let packet = Packet::parse(bytes).unwrap();
        packet
            .extensions()
            .find(id)
            .map(|value| E::decode(value).unwrap())
    });
    values.collect()
}

#[test]
fn every_packet_reads_and_is_of_one_stream_without_gaps() {
    for stream in stream::all() {
        let packets = stream.packets();
        let packets = packets.iter().map(|bytes| Packet::parse(bytes).unwrap());
        let packets: Vec<_> = packets.collect();
        assert!(packets.len() >= 40, "{}", stream.name);
        for (one, next) in packets.iter().zip(&packets[1..]) {
            let expected = one.sequence_number().wrapping_add(1);
            assert_eq!(next.sequence_number(), expected, "{}", stream.name);
            assert_eq!(next.ssrc(), one.ssrc());
            assert_eq!(next.payload_type(), stream.payload_type());
        }
    }
}

#[test]
fn a_packet_that_is_written_again_is_the_same() {
    for stream in stream::all() {
        for bytes in stream.packets() {
            let packet = Packet::parse(bytes).unwrap();
            let mut out = Vec::new();
            let form = packet.extensions().form().unwrap();
            let mut writer = packet.header().write(&mut out, &[], form);
            for (id, value) in packet.extensions() {
                writer.raw_extension(id, value);
            }
            writer.payload().extend_from_slice(packet.payload());
            pad(&mut out, 0, packet.padding_len() as u8);
            assert_eq!(out, bytes, "{}", stream.name);
        }
    }
}

#[test]
fn every_header_extension_reads_as_what_it_is_and_is_written_the_same() {
    for stream in stream::all() {
        let map = stream.extensions();
        for bytes in stream.packets() {
            for (id, value) in Packet::parse(bytes).unwrap().extensions() {
                let kind = map.kind(id).unwrap();
                let written = read_and_written(kind, value);
                assert_eq!(written.as_deref(), Some(value), "{}: {kind:?}", stream.name);
            }
        }
    }
}

#[test]
fn each_packet_has_a_number_of_the_transport_and_a_later_time() {
    for stream in stream::all() {
        let numbers = values::<TransportSequenceNumber>(&stream);
        assert_eq!(numbers.len(), stream.packets().len(), "{}", stream.name);
        for (one, next) in numbers.iter().zip(&numbers[1..]) {
            assert_eq!(next.sequence, one.sequence.wrapping_add(1));
        }
        let times = values::<AbsSendTime>(&stream);
        assert_eq!(times.len(), numbers.len());
        for (one, next) in times.iter().zip(&times[1..]) {
            let later = next.0.wrapping_sub(one.0) & 0x00ff_ffff;
            assert!(later < 2 * AbsSendTime::STEPS_PER_SECOND, "{}", stream.name);
        }
    }
}

#[test]
fn the_first_packets_tell_their_media_section() {
    for stream in stream::all() {
        let id = stream.extensions().id(ExtensionKind::Mid).unwrap();
        let first = Packet::parse(stream.packets()[0]).unwrap();
        assert_eq!(
            first.extensions().find(id),
            Some(&b"0"[..]),
            "{}",
            stream.name
        );
    }
}
