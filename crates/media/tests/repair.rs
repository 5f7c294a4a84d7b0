//! Frames in are frames out: over networks that lose, reorder and duplicate.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{Call, only};
use tidewire_crypto::Rng;
use tidewire_media::{FrameInfo, MediaKind};
use tidewire_netsim::{LinkConfig, for_each_seed};
use tidewire_rtp::payload::{Format, OutgoingFrame};

const SSRC: u32 = 0x1000;
const FRAMES: u32 = 60;
/// Under so many seeds each: 300 simulations for the formats that there are.
const SEEDS: u64 = 50;

fn bad_link() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(25),
        jitter: Duration::from_millis(5),
        loss: 0.1,
        reordering: 0.05,
        duplication: 0.05,
        ..LinkConfig::default()
    }
}

/// A frame that no decoder would take, but that its format can cut and put together.
fn frame(format: Format, rng: &mut Rng) -> OutgoingFrame {
    let longest = match format {
        Format::Opaque | Format::Opus => 900,
        _ => 6000,
    };
    let mut body = vec![0; 2 + rng.next_u32() as usize % longest];
    rng.fill(&mut body);
    let data = match format {
        Format::H264 => {
            // A slice, the first of its picture, without a start code in it.
            body.iter_mut().for_each(|byte| *byte |= 0x80);
            [&[0, 0, 0, 1, 0x41][..], &body].concat()
        }
        Format::Av1 => {
            // A frame of its own size, shown and predicted.
            body[0] = 0x30 | body[0] & 0x0f;
            // Sizes of two bytes: shorter ones are written shorter.
            body.resize(body.len().max(128), 7);
            let size = [body.len() as u8 | 0x80, (body.len() >> 7) as u8];
            [&[0x32][..], &size, &body].concat()
        }
        Format::Vp9 => [&[0x86][..], &body].concat(),
        // One packet of 20 ms (RFC 6716 section 3.1).
        Format::Opus => [&[0xf8][..], &body].concat(),
        _ => body,
    };
    OutgoingFrame::new(Bytes::from(data))
}

/// Sends frames over a bad network, and compares what arrives with what was sent.
fn repairs(format: Format, kind: MediaKind, seed: u64) {
    let mut call = Call::new(&bad_link(), seed);
    let (sender, receiver) = call.connect(format, kind, SSRC);
    let mut rng = Rng::from_u64(seed);
    let mut sent = Vec::new();
    for number in 0..FRAMES {
        let frame = frame(format, &mut rng);
        // It wraps on the way.
        let timestamp = number.wrapping_mul(3000).wrapping_sub(100_000);
        sent.push((timestamp, frame.data.clone()));
        let info = FrameInfo {
            timestamp,
            ..FrameInfo::default()
        };
        let session = &mut call.alice.session;
        let result = session.send_frame(call.now, only(sender), frame, &info);
        result.expect("a frame that can be sent");
        call.run_for(Duration::from_millis(33));
    }
    call.run_for(Duration::from_secs(2));
    let received: Vec<_> = call
        .bob
        .frames
        .iter()
        .map(|(_, frame)| (frame.frame.timestamp, frame.frame.data.clone()))
        .collect();
    let mut rest = received.iter();
    let missing = sent
        .iter()
        .filter(|frame| rest.as_slice().first() != Some(*frame) || rest.next().is_none())
        .count();
    assert_eq!(
        rest.len(),
        0,
        "{format:?}: frames are damaged, or out of order"
    );
    // Of the last ones nobody knows that they are missing.
    assert!(missing <= 3, "{format:?}: {missing} frames are missing");
    let stats = call.bob.session.receiver_stats(receiver).next();
    let stats = stats.expect("a stream");
    assert!(stats.recovered > 0 && stats.nacks > 0, "{stats:?}");
    assert_eq!(stats.frames, received.len() as u64);
    let stats = call.alice.session.sender_stats(sender).next();
    let stats = stats.expect("a stream");
    assert!(
        stats.retransmitted_packets > 0 && stats.nacks > 0,
        "{stats:?}"
    );
}

#[test]
fn opaque_frames_are_repaired_byte_for_byte() {
    for_each_seed(SEEDS, |seed| {
        repairs(Format::Opaque, MediaKind::Video, seed);
    });
}

#[test]
fn opus_is_repaired_byte_for_byte_where_that_is_negotiated() {
    for_each_seed(SEEDS, |seed| repairs(Format::Opus, MediaKind::Audio, seed));
}

#[test]
fn vp8_is_repaired_byte_for_byte() {
    for_each_seed(SEEDS, |seed| repairs(Format::Vp8, MediaKind::Video, seed));
}

#[test]
fn vp9_is_repaired_byte_for_byte() {
    for_each_seed(SEEDS, |seed| repairs(Format::Vp9, MediaKind::Video, seed));
}

#[test]
fn h264_is_repaired_byte_for_byte() {
    for_each_seed(SEEDS, |seed| repairs(Format::H264, MediaKind::Video, seed));
}

#[test]
fn av1_is_repaired_byte_for_byte() {
    for_each_seed(SEEDS, |seed| repairs(Format::Av1, MediaKind::Video, seed));
}
