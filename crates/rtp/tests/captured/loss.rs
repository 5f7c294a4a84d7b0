//! Any packet may be lost: what is answered then is right, or is not answered.

use tidewire_rtp::payload::{Depacketizer, Format, Frame, Packet};

use crate::stream::{self, Stream, receive};

/// The frames that come when the packets at these places are lost.
fn without(stream: &Stream, payloads: &[Packet], lost: impl Fn(usize) -> bool) -> Vec<Frame> {
    let arrived = payloads.iter().enumerate().filter(|(at, _)| !lost(*at));
    let mut depacketizer = Depacketizer::new(stream.format);
    receive(&mut depacketizer, arrived.map(|(_, packet)| packet))
}

#[test]
fn a_frame_that_lost_a_packet_is_never_answered() {
    for stream in stream::all() {
        let (payloads, whole) = (stream.payloads(), stream.frames());
        for lost in 0..payloads.len() {
            assert_right(&stream, &payloads, &whole, [lost, lost]);
        }
    }
}

#[test]
fn a_frame_that_lost_two_packets_is_not_answered_either() {
    /// Enough for two key frames of each stream.
    const PACKETS: usize = 40;
    for stream in stream::video() {
        let mut payloads = stream.payloads();
        payloads.retain(|packet| !packet.payload.is_empty());
        payloads.truncate(PACKETS);
        let whole = without(&stream, &payloads, |_| false);
        for one in 0..payloads.len() {
            for other in one + 1..payloads.len() {
                assert_right(&stream, &payloads, &whole, [one, other]);
            }
        }
    }
}

/// Only frames that are whole are answered when the packets at these places are lost. In H.264, a key frame
/// whose parameter sets never came is answered as one that no decoder can begin with.
fn assert_right(stream: &Stream, payloads: &[Packet], whole: &[Frame], lost: [usize; 2]) {
    let is_h264 = matches!(stream.format, Format::H264 | Format::H264SingleUnit);
    for frame in without(stream, payloads, |at| lost.contains(&at)) {
        let mut all = whole.iter();
        let sent = all.find(|sent| sent.last_sequence == frame.last_sequence);
        let sent = sent.unwrap();
        let is_same = sent.data == frame.data && sent.is_key == frame.is_key;
        let lacks_sets =
            is_h264 && sent.is_key && !frame.is_key && sent.data.ends_with(&frame.data);
        assert!(is_same || lacks_sets, "{}: without {lost:?}", stream.name);
    }
}

#[test]
fn packets_that_are_cut_short_are_refused_or_make_frames_of_what_there_is() {
    for stream in stream::all() {
        let payloads = stream.payloads();
        for at in 0..payloads.len().min(30) {
            for len in 0..payloads[at].payload.len() {
                let mut damaged = payloads[at.saturating_sub(1)..][..2].to_vec();
                let last = damaged.last_mut().unwrap();
                last.payload.truncate(len);
                receive(&mut Depacketizer::new(stream.format), &damaged);
            }
        }
    }
}

#[test]
fn the_first_frame_after_a_loss_says_so_and_no_other_does() {
    for stream in stream::all() {
        let payloads = stream.payloads();
        for lost in 0..payloads.len() {
            let frames = without(&stream, &payloads, |at| at == lost);
            let later = frames
                .iter()
                .find(|frame| frame.last_sequence > lost as u64);
            // The first packet of all is not missed.
            assert!(
                later.is_none_or(|frame| frame.follows_loss || lost == 0),
                "{}",
                stream.name
            );
            let told = frames.iter().filter(|frame| frame.follows_loss).count();
            assert!(told <= 1, "{}", stream.name);
        }
    }
}

#[test]
fn frames_that_lost_nothing_are_answered() {
    for stream in stream::all() {
        let (payloads, whole) = (stream.payloads(), stream.frames());
        for lost in 0..payloads.len() {
            let frames = without(&stream, &payloads, |at| at == lost);
            let is_there = |last| frames.iter().any(|frame| frame.last_sequence == last);
            let mut intact = whole
                .iter()
                .filter(|frame| !needs(&stream, frame, lost as u64));
            let name = stream.name;
            assert!(
                intact.all(|frame| is_there(frame.last_sequence)),
                "{name}: packet {lost}"
            );
        }
    }
}

/// Whether the frame is of that packet. Where AV1 has no marker, the end of a frame is seen with what comes
/// next.
fn needs(stream: &Stream, frame: &Frame, packet: u64) -> bool {
    let ends_with_next = stream.format == Format::Av1 && !frame.marker;
    let end = frame.last_sequence + u64::from(ends_with_next);
    (frame.first_sequence..=end).contains(&packet)
}
