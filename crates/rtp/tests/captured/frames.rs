//! Putting frames together.

use tidewire_rtp::payload::{Depacketizer, Format, OpusPacket};

use crate::stream::{self, receive};

#[test]
fn every_frame_comes_and_nothing_is_reported_lost() {
    for stream in stream::all() {
        let mut depacketizer = Depacketizer::new(stream.format);
        let frames = receive(&mut depacketizer, &stream.payloads());
        let stats = depacketizer.stats();
        assert_eq!(stats.frames, frames.len() as u64, "{}", stream.name);
        assert_eq!(stats.frames_dropped, 0, "{}", stream.name);
        assert_eq!(stats.packets_malformed, 0, "{}", stream.name);
        assert_eq!(stats.packets_late, 0, "{}", stream.name);
        assert!(
            frames.iter().all(|frame| !frame.follows_loss),
            "{}",
            stream.name
        );
    }
}

#[test]
fn frames_have_the_timestamps_and_markers_of_their_packets() {
    for stream in stream::all() {
        let payloads = stream.payloads();
        let mut next = 0;
        for frame in stream.frames() {
            let (first, last) = (frame.first_sequence as usize, frame.last_sequence as usize);
            // Padding stands between frames only.
            let between = &payloads[next..first];
            assert!(
                between.iter().all(|packet| packet.payload.is_empty()),
                "{}",
                stream.name
            );
            let packets = &payloads[first..=last];
            assert!(
                packets
                    .iter()
                    .all(|packet| packet.timestamp == frame.timestamp)
            );
            let inner = packets.split_last().unwrap().1;
            assert!(inner.iter().all(|packet| !packet.marker), "{}", stream.name);
            assert_eq!(frame.marker, payloads[last].marker, "{}", stream.name);
            next = last + 1;
        }
        assert!(
            payloads[next..]
                .iter()
                .all(|packet| packet.payload.is_empty())
        );
    }
}

#[test]
fn every_picture_ends_with_a_marker_and_has_frames_of_all_spatial_layers_or_fewer() {
    for stream in stream::video() {
        let frames = stream.frames();
        let pictures: Vec<_> = frames.chunk_by(|a, b| a.timestamp == b.timestamp).collect();
        assert!(pictures.len() >= 10, "{}: {}", stream.name, pictures.len());
        let layers = usize::from(stream.layers.0);
        for picture in &pictures {
            let (last, lower) = picture.split_last().unwrap();
            assert!(last.marker && lower.iter().all(|frame| !frame.marker));
            assert!(picture.len() <= layers, "{}", stream.name);
        }
        let whole = pictures.iter().filter(|picture| picture.len() == layers);
        assert!(whole.count() >= 5, "{}", stream.name);
    }
}

#[test]
fn audio_packets_are_as_long_as_their_timestamps_say() {
    for stream in stream::all().filter(|stream| stream.format == Format::Opus) {
        let frames = stream.frames();
        let mut silences = 0;
        for (one, next) in frames.iter().zip(&frames[1..]) {
            let samples = u32::from(OpusPacket::parse(&one.data).unwrap().samples());
            let passed = next.timestamp.wrapping_sub(one.timestamp);
            assert_eq!(samples, 960, "{}", stream.name);
            silences += u32::from(passed > samples);
            assert!(passed.is_multiple_of(samples), "{}", stream.name);
        }
        assert_eq!(silences > 0, stream.name == "opus_dtx", "{}", stream.name);
    }
}
