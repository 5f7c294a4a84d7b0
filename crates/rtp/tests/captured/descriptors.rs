//! Dependency descriptors, and what payload descriptors say of the same frames.

use tidewire_rtp::Packet;
use tidewire_rtp::dependency_descriptor::{DependencyDescriptor, StreamReader};
use tidewire_rtp::extension::ExtensionKind;
use tidewire_rtp::payload::{Details, Frame};

use crate::stream::{self, Stream};

/// The streams that were sent with the header extension.
fn described() -> impl Iterator<Item = Stream> {
    stream::video().filter(|stream| {
        let map = stream.extensions();
        map.id(ExtensionKind::DependencyDescriptor).is_some()
    })
}

/// Reads the descriptor of every packet that is no padding; each with its place.
fn descriptors(stream: &Stream) -> Vec<(u64, DependencyDescriptor, StreamReader)> {
    let id = stream.extensions().id(ExtensionKind::DependencyDescriptor);
    let mut reader = StreamReader::default();
    let mut all = Vec::new();
    for (at, bytes) in stream.packets().iter().enumerate() {
        let packet = Packet::parse(bytes).unwrap();
        let Some(value) = packet.extensions().find(id.unwrap()) else {
            assert!(packet.payload().is_empty(), "{}", stream.name);
            continue;
        };
        let descriptor = reader.read(value).unwrap();
        let mut written = Vec::new();
        let structure = reader.structure().unwrap();
        descriptor.write(structure, &mut written).unwrap();
        assert_eq!(written, value, "{}", stream.name);
        all.push((at as u64, descriptor, reader.clone()));
    }
    all
}

#[test]
fn some_streams_have_them() {
    assert!(described().count() >= 3);
}

#[test]
fn they_mark_the_first_and_the_last_packet_of_each_frame() {
    for stream in described() {
        let frames = stream.frames();
        let descriptors = descriptors(&stream);
        for (at, descriptor, _) in &descriptors {
            let is_of = |frame: &&Frame| (frame.first_sequence..=frame.last_sequence).contains(at);
            let frame = frames.iter().find(is_of).unwrap();
            let told = descriptor.mandatory;
            assert_eq!(
                told.start_of_frame,
                frame.first_sequence == *at,
                "{}",
                stream.name
            );
            assert_eq!(
                told.end_of_frame,
                frame.last_sequence == *at,
                "{}",
                stream.name
            );
        }
        let begun = descriptors
            .iter()
            .filter(|(_, one, _)| one.mandatory.start_of_frame);
        assert_eq!(begun.count(), frames.len());
    }
}

#[test]
fn they_count_frames_and_tell_the_structure_with_key_frames() {
    for stream in described() {
        let all = descriptors(&stream);
        let mut begun = all
            .iter()
            .filter(|(_, one, _)| one.mandatory.start_of_frame);
        let mut number = None;
        for frame in stream.frames() {
            let (_, descriptor, _) = begun.next().unwrap();
            let told = descriptor.mandatory.frame_number;
            assert_eq!(told, number.map_or(told, |last: u16| last.wrapping_add(1)));
            number = Some(told);
            assert_eq!(
                descriptor.structure.is_some(),
                frame.is_key,
                "{}",
                stream.name
            );
        }
    }
}

#[test]
fn they_tell_the_layers_that_the_payload_tells() {
    for stream in described() {
        let all = descriptors(&stream);
        let mut begun = all
            .iter()
            .filter(|(_, one, _)| one.mandatory.start_of_frame);
        let mut seen = (0, 0);
        for frame in stream.frames() {
            let (_, descriptor, reader) = begun.next().unwrap();
            let told = descriptor.frame(reader.structure().unwrap()).unwrap();
            let layers = (told.spatial, told.temporal);
            let of_payload = layers_of(&frame.details);
            assert_eq!(layers, of_payload.unwrap_or(layers), "{}", stream.name);
            assert_eq!(told.frame_diffs.is_empty(), frame.is_key, "{}", stream.name);
            seen = (seen.0.max(layers.0), seen.1.max(layers.1));
        }
        assert_eq!((seen.0 + 1, seen.1 + 1), stream.layers, "{}", stream.name);
    }
}

/// Spatial and temporal; Chromium's VP8 leaves it to the header extension.
fn layers_of(details: &Details) -> Option<(u8, u8)> {
    match details {
        Details::Vp9(info) => Some((info.descriptor.spatial(), info.descriptor.temporal())),
        Details::Av1(info) => info.layers.map(|layers| (layers.spatial, layers.temporal)),
        _ => None,
    }
}
