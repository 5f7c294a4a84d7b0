//! What an Opus packet tells before it is decoded (RFC 6716 section 3).

use super::assembly::Assembly;
use super::depacketizer::{Depacketize, Frames, Packet};
use super::frame::Details;
use crate::take::{take_slice, take_u8};

/// The frames that an Opus packet holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OpusPacket {
    /// Both channels are coded.
    pub is_stereo: bool,
    /// How many frames there are, 1 to 48.
    pub frames: u8,
    /// How long each of them is, in samples at 48 kHz: 120 to 2880.
    pub frame_samples: u16,
    /// No frame has a byte: the encoder sends nothing until there is something to hear.
    pub is_silence: bool,
}

impl OpusPacket {
    /// The longest frame, in bytes (section 3.2.1).
    const MAX_FRAME_LEN: usize = 1275;
    /// The longest packet, in samples at 48 kHz: 120 ms.
    const MAX_SAMPLES: u16 = 5760;

    /// Reads a packet. `None` when it breaks one of the rules of section 3.4.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let mut rest = packet;
        let toc = take_u8(&mut rest)?;
        let frame_samples = frame_samples(toc >> 3);
        let (frames, longest) = match toc & 3 {
            0 => (1, rest.len()),
            1 => (2, rest.len().is_multiple_of(2).then_some(rest.len() / 2)?),
            2 => {
                let first = take_len(&mut rest)?;
                let second = rest.len().checked_sub(first)?;
                (2, first.max(second))
            }
            _ => read_many(&mut rest)?,
        };
        let samples = frame_samples.checked_mul(frames.into())?;
        let fits = longest <= Self::MAX_FRAME_LEN && samples <= Self::MAX_SAMPLES;
        fits.then_some(Self {
            is_stereo: toc & 4 != 0,
            frames,
            frame_samples,
            is_silence: longest == 0,
        })
    }

    /// How long the packet is, in samples at 48 kHz, which are the ticks of its RTP clock (RFC 7587
    /// section 4.1).
    pub fn samples(&self) -> u16 {
        self.frame_samples * u16::from(self.frames)
    }
}

/// Section 3.1, table 2.
fn frame_samples(configuration: u8) -> u16 {
    match configuration {
        0..=11 => [480, 960, 1920, 2880][usize::from(configuration & 3)],
        12..=15 => [480, 960][usize::from(configuration & 1)],
        _ => [120, 240, 480, 960][usize::from(configuration & 3)],
    }
}

/// Section 3.2.1.
fn take_len(rest: &mut &[u8]) -> Option<usize> {
    let first = usize::from(take_u8(rest)?);
    match first {
        0..=251 => Some(first),
        _ => Some(4 * usize::from(take_u8(rest)?) + first),
    }
}

/// Section 3.2.5: how many frames, and how long the longest is.
fn read_many(rest: &mut &[u8]) -> Option<(u8, usize)> {
    let header = take_u8(rest)?;
    let frames = header & 0x3f;
    if header & 0x40 != 0 {
        let mut padding = 0;
        loop {
            let more = usize::from(take_u8(rest)?);
            padding += more.min(254);
            if more < 255 {
                break;
            }
        }
        let len = rest.len().checked_sub(padding)?;
        *rest = take_slice(rest, len)?;
    }
    let count = usize::from(frames);
    let is_variable = header & 0x80 != 0;
    if !is_variable {
        let each = rest.len().checked_div(count)?;
        return (each * count == rest.len()).then_some((frames, each));
    }
    let mut longest = 0;
    let mut before = 0;
    for _ in 1..count {
        let len = take_len(rest)?;
        longest = longest.max(len);
        before += len;
    }
    let last = rest.len().checked_sub(before)?;
    (count > 0).then_some((frames, longest.max(last)))
}

/// Takes each packet for a frame; one that breaks the rules is counted and dropped.
#[derive(Debug, Default)]
pub(super) struct OpusDepacketizer;

impl Depacketize for OpusDepacketizer {
    fn handle_packet(&mut self, packet: Packet, frames: &mut Frames) {
        if OpusPacket::parse(&packet.payload).is_none() {
            frames.count_malformed();
            return;
        }
        let mut frame = Assembly::new(&packet);
        // A packet is shorter than any frame may be.
        let _ = frame.push(packet.payload);
        frames.push(frame.finish(true, Details::None));
    }

    fn handle_loss(&mut self, _: &mut Frames) {}
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn read(packet: &[u8]) -> Option<(u8, u16, bool)> {
        let read = OpusPacket::parse(packet)?;
        Some((read.frames, read.samples(), read.is_stereo))
    }

    #[test]
    fn the_first_byte_tells_how_long_frames_are() {
        assert_eq!(read(&[0x08, 1]), Some((1, 960, false)));
        assert_eq!(read(&[0x1c, 1]), Some((1, 2880, true)));
        assert_eq!(read(&[0x60, 1]), Some((1, 480, false)));
        assert_eq!(read(&[0x80, 1]), Some((1, 120, false)));
        assert_eq!(read(&[0xfc, 1]), Some((1, 960, true)));
    }

    #[test]
    fn two_frames_are_of_one_length_or_the_first_tells_its_own() {
        assert_eq!(read(&[0xf9, 1, 2]), Some((2, 1920, false)));
        assert_eq!(read(&[0xf9, 1, 2, 3]), None);
        assert_eq!(read(&[0xfa, 1, 2, 3]), Some((2, 1920, false)));
        assert_eq!(read(&[0xfa, 3, 2, 3]), None);
    }

    #[test]
    fn many_frames_have_lengths_and_padding_and_an_end() {
        assert_eq!(read(&[0xfb, 3, 1, 2, 3]), Some((3, 2880, false)));
        assert_eq!(read(&[0xfb, 3, 1, 2]), None);
        assert_eq!(read(&[0xfb, 0x82, 1, 9, 9, 9]), Some((2, 1920, false)));
        assert_eq!(read(&[0xfb, 0x41, 2, 9, 0, 0]), Some((1, 960, false)));
        assert_eq!(read(&[0xfb, 0x41, 9, 9]), None);
        // None at all, and more than 120 ms.
        assert_eq!(read(&[0xfb, 0]), None);
        assert_eq!(read(&[0xfb, 7, 1, 2, 3, 4, 5, 6, 7]), None);
    }

    #[test]
    fn a_packet_without_bytes_of_sound_is_silence() {
        assert!(OpusPacket::parse(&[0xf8]).is_some_and(|packet| packet.is_silence));
        assert!(OpusPacket::parse(&[0xf8, 1]).is_some_and(|packet| !packet.is_silence));
        assert_eq!(OpusPacket::parse(&[]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..80)) {
            if let Some(packet) = OpusPacket::parse(&bytes) {
                prop_assert!((120..=5760).contains(&packet.samples()));
                prop_assert!((1..=48).contains(&packet.frames));
            }
        }
    }
}
