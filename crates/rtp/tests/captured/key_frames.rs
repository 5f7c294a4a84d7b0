//! What key frames look like from the inside.

use tidewire_rtp::payload::{Details, Format, Frame, Resolution};

use crate::stream::{self, Stream};

#[test]
fn the_first_frame_is_a_key_frame_and_more_of_them_follow() {
    for stream in stream::video() {
        let frames = stream.frames();
        assert!(frames[0].is_key, "{}", stream.name);
        let keys = frames.iter().filter(|frame| frame.is_key).count();
        assert!(keys >= 2, "{}: {keys} key frames", stream.name);
        assert!(
            keys <= frames.len() / 3,
            "{}: {keys} key frames",
            stream.name
        );
    }
}

#[test]
fn the_bitstream_says_the_same_of_every_frame() {
    for stream in stream::video() {
        for frame in stream.frames() {
            let is_key = match stream.format {
                Format::Vp8 => vp8_is_key(&frame.data),
                Format::Vp9 => vp9_is_key(&stream, &frame),
                Format::Av1 => av1_is_key(&frame.data),
                _ => h264_is_key(&frame.data),
            };
            assert_eq!(frame.is_key, is_key, "{}", stream.name);
        }
    }
}

#[test]
fn the_first_payload_of_a_key_frame_is_told_from_others() {
    for stream in stream::video() {
        let payloads = stream.payloads();
        let of_packet = |sequence: u64| &payloads[sequence as usize].payload;
        for frame in stream.frames() {
            let starts = stream
                .format
                .starts_key_frame(of_packet(frame.first_sequence));
            assert_eq!(starts, frame.is_key, "{}", stream.name);
            for later in frame.first_sequence + 1..=frame.last_sequence {
                let starts = stream.format.starts_key_frame(of_packet(later));
                assert!(!starts || is_slice_of_its_own(&stream), "{}", stream.name);
            }
        }
    }
}

#[test]
fn key_frames_tell_the_size_of_the_picture() {
    for stream in stream::video() {
        let frames = stream.frames();
        for frame in frames.iter().filter(|frame| frame.is_key) {
            assert_eq!(resolution(frame), stream.size, "{}", stream.name);
        }
    }
}

fn resolution(frame: &Frame) -> Option<Resolution> {
    match &frame.details {
        Details::Vp8(info) => info.resolution,
        Details::Vp9(info) => info.resolution,
        Details::H264(info) => info.resolution,
        Details::Av1(info) => info.resolution,
        _ => None,
    }
}

/// In packetization mode 0, a refreshing picture is many slices, and each looks like its beginning.
fn is_slice_of_its_own(stream: &Stream) -> bool {
    matches!(stream.format, Format::H264 | Format::H264SingleUnit)
}

/// RFC 6386 section 9.1.
fn vp8_is_key(frame: &[u8]) -> bool {
    let is_key = frame[0] & 1 == 0;
    assert!(!is_key || frame[3..6] == [0x9d, 0x01, 0x2a]);
    is_key
}

/// The frame marker, `show_existing_frame`, `frame_type`; the sync code. A higher spatial layer of a key
/// picture is coded as an inter frame.
fn vp9_is_key(stream: &Stream, frame: &Frame) -> bool {
    let [first, a, b, c, ..] = *frame.data else {
        panic!("{}: a frame of {} bytes", stream.name, frame.data.len());
    };
    assert_eq!(first >> 6, 0b10, "{}", stream.name);
    let is_key = first & 0x0c == 0;
    assert!(!is_key || [a, b, c] == [0x49, 0x83, 0x42]);
    is_key
}

/// Sequence and picture parameter sets, and then refreshing slices.
fn h264_is_key(frame: &[u8]) -> bool {
    let kinds = h264_units(frame);
    let is_key = kinds.contains(&5);
    if is_key {
        assert_eq!(kinds[..2], [7, 8]);
        assert!(kinds[2..].iter().all(|kind| *kind == 5), "{kinds:?}");
    } else {
        assert!(kinds.iter().all(|kind| *kind == 1), "{kinds:?}");
    }
    is_key
}

/// The types of the units behind start codes of four bytes.
fn h264_units(frame: &[u8]) -> Vec<u8> {
    assert_eq!(frame[..4], [0, 0, 0, 1]);
    let starts = frame.windows(5).filter(|bytes| bytes[..4] == [0, 0, 0, 1]);
    starts.map(|bytes| bytes[4] & 0x1f).collect()
}

/// OBUs with sizes to the very end; a sequence header comes first in key frames, and in no others.
fn av1_is_key(frame: &[u8]) -> bool {
    let mut kinds = Vec::new();
    let mut rest = frame;
    while let Some((&first, after)) = rest.split_first() {
        assert_eq!(
            first & 0x83,
            0x02,
            "no forbidden or reserved bit, and a size"
        );
        kinds.push(first >> 3 & 0x0f);
        let has_extension = first & 0x04 != 0;
        let (size, after) = leb128(&after[usize::from(has_extension)..]);
        rest = &after[size..];
    }
    let is_key = kinds[0] == 1;
    let frames = &kinds[usize::from(is_key)..];
    assert!(
        frames.iter().all(|kind| matches!(kind, 3 | 4 | 6)),
        "{kinds:?}"
    );
    is_key
}

fn leb128(bytes: &[u8]) -> (usize, &[u8]) {
    let len = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let (number, rest) = bytes.split_at(len);
    let value = number
        .iter()
        .rev()
        .fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    (value, rest)
}
