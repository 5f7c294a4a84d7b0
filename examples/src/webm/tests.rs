use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;

use super::*;

fn tracks() -> Vec<Track> {
    let video = Track::Video {
        codec: Codec::Vp8,
        width: 640,
        height: 480,
        private: Vec::new(),
    };
    vec![video, Track::Audio { channels: 2 }]
}

/// Twelve seconds at 25 frames a second, with a key frame every four.
fn packets() -> Vec<Packet> {
    let mut packets: Vec<_> = (0..300u64)
        .map(|number| Packet {
            track: 0,
            time: Duration::from_millis(number * 40),
            is_key: number % 100 == 0,
            data: Bytes::from(vec![number as u8; 1 + number as usize * 7]),
        })
        .collect();
    packets.extend((0..600u64).map(|number| Packet {
        track: 1,
        time: Duration::from_millis(number * 20),
        is_key: true,
        data: Bytes::from(vec![0xfc, number as u8]),
    }));
    packets.sort_by_key(|packet| packet.time);
    packets
}

fn written() -> Vec<u8> {
    let mut writer = Writer::new(Cursor::new(Vec::new()), &tracks()).unwrap();
    for packet in packets() {
        writer.write(&packet).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read_all(file: &[u8]) -> Result<Vec<Packet>, ReadError> {
    let mut reader = Reader::new(file)?;
    let mut packets = Vec::new();
    while let Some(packet) = reader.read()? {
        packets.push(packet);
    }
    Ok(packets)
}

#[test]
fn what_is_written_is_read_again() {
    let file = written();
    let reader = Reader::new(&file[..]).unwrap();
    assert_eq!(reader.tracks(), tracks());
    assert_eq!(reader.duration(), Some(Duration::from_secs(12)));
    assert_eq!(read_all(&file).unwrap(), packets());
}

#[test]
fn cues_lead_to_clusters_that_begin_with_a_key_frame() {
    let file = written();
    let header = ebml::Elements(&file).next().unwrap();
    assert_eq!(header.0, ids::EBML);
    let (id, segment) = ebml::Elements(&file).nth(1).unwrap();
    assert_eq!(id, ids::SEGMENT);
    let part = |wanted| {
        ebml::Elements(segment)
            .find(|(id, _)| *id == wanted)
            .unwrap()
    };
    let points = ebml::Elements(part(ids::CUES).1).map(|(_, point)| {
        let fields: Vec<_> = ebml::Elements(point).collect();
        let place = ebml::Elements(fields[1].1).nth(1).unwrap().1;
        let number = |bytes| ebml::as_uint(bytes).unwrap();
        (number(fields[0].1), number(place))
    });
    let points: Vec<_> = points.collect();
    let times: Vec<_> = points.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [0, 4_000, 8_000]);
    for (time, place) in points {
        let (id, cluster) = ebml::Elements(&segment[place as usize..]).next().unwrap();
        assert_eq!(id, ids::CLUSTER);
        let fields: Vec<_> = ebml::Elements(cluster).take(2).collect();
        assert_eq!(ebml::as_uint(fields[0].1), Some(time));
        assert_eq!(fields[1].1[..4], [0x81, 0, 0, 0x80]);
    }
    let seeks = ebml::Elements(part(ids::SEEK_HEAD).1).map(|(_, seek)| {
        let fields: Vec<_> = ebml::Elements(seek).collect();
        let place = ebml::as_uint(fields[1].1).unwrap() as usize;
        (fields[0].1, &segment[place..place + 4])
    });
    assert_eq!(seeks.filter(|(id, found)| id == found).count(), 3);
}

#[test]
fn a_file_that_was_not_finished_is_read_as_far_as_it_goes() {
    let mut writer = Writer::new(Cursor::new(Vec::new()), &tracks()).unwrap();
    let packets = packets();
    for packet in &packets {
        writer.write(packet).unwrap();
    }
    // The last cluster is not there yet.
    let file = writer_bytes(writer);
    let read = read_all(&file).unwrap();
    assert!(read.len() > 500, "{}", read.len());
    assert_eq!(read, packets[..read.len()]);
}

fn writer_bytes(writer: Writer<Cursor<Vec<u8>>>) -> Vec<u8> {
    writer.into_unfinished().into_inner()
}

#[test]
fn sound_alone_has_cues_too() {
    let mut writer = Writer::new(Cursor::new(Vec::new()), &tracks()[1..]).unwrap();
    for packet in packets().into_iter().filter(|packet| packet.track == 1) {
        writer.write(&Packet { track: 0, ..packet }).unwrap();
    }
    let file = writer.finish().unwrap().into_inner();
    assert_eq!(read_all(&file).unwrap().len(), 600);
    let (_, segment) = ebml::Elements(&file).nth(1).unwrap();
    let mut parts = ebml::Elements(segment);
    let cues = parts.find(|(id, _)| *id == ids::CUES).unwrap().1;
    assert_eq!(ebml::Elements(cues).count(), 5);
}

#[test]
fn damaged_files_are_refused_and_never_panic() {
    let file = written();
    for length in 0..4096 {
        let _ = read_all(&file[..length]);
    }
    assert!(Reader::new(&b""[..]).is_err());
    assert!(Reader::new(&b"RIFF....AVI "[..]).is_err());
    for position in 0..2048 {
        for value in [0x00, 0x01, 0x42, 0x80, 0xFF] {
            let mut damaged = file[..8192].to_vec();
            damaged[position] = value;
            let _ = read_all(&damaged);
        }
    }
}

#[test]
fn sizes_survive_the_way_there_and_back() {
    for size in [0u64, 1, 126, 127, 128, 16_382, 16_383, 1 << 28, 1 << 40] {
        let mut bytes = Vec::new();
        ebml::element(&mut bytes, ids::VOID, &[]);
        bytes.truncate(1);
        bytes.extend_from_slice(&ebml::long_size(size));
        let mut rest = &bytes[1..];
        assert_eq!(ebml::read_size(&mut rest).unwrap(), Some(size));
    }
    let unknown = ebml::read_size(&mut &ebml::UNKNOWN_SIZE[..]).unwrap();
    assert_eq!(unknown, None);
}
