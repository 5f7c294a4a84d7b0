//! Putting frames together.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;

use super::frame::Frame;

/// A received RTP payload.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packet {
    /// The sequence number, extended by how often it has rolled over.
    pub sequence: u64,
    /// In ticks of the RTP clock.
    pub timestamp: u32,
    /// The marker bit.
    pub marker: bool,
    /// The payload, without padding.
    pub payload: Bytes,
}

/// Puts frames together from payloads in the order of their sequence numbers.
///
/// A number that was skipped is a packet that was lost: reorder first. Packets without a payload fill
/// their place.
#[derive(Debug)]
pub struct Depacketizer {
    format: Box<dyn Depacketize>,
    last_sequence: Option<u64>,
    frames: Frames,
}

/// How a format puts frames together. Implement it for a format of your own.
pub trait Depacketize: fmt::Debug + Send {
    /// Takes the next packet; its payload is not empty.
    fn handle_packet(&mut self, packet: Packet, frames: &mut Frames);

    /// Packets before the next one are lost: a frame in the making is, too.
    fn handle_loss(&mut self, frames: &mut Frames);
}

/// The frames that wait to be read.
#[derive(Debug, Default)]
pub struct Frames {
    ready: VecDeque<Frame>,
    follows_loss: bool,
    stats: Stats,
}

/// What a [`Depacketizer`] has seen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Frames that were put together.
    pub frames: u64,
    /// Of these, frames that a decoder can begin with.
    pub key_frames: u64,
    /// Frames begun and given up, for a packet was lost or they were too long.
    pub frames_dropped: u64,
    /// Frames that nobody read before [`Depacketizer::MAX_READY`] others.
    pub frames_unread: u64,
    /// Packets whose payload the format does not allow.
    pub packets_malformed: u64,
    /// Packets that came after one with a later number, or twice.
    pub packets_late: u64,
}

impl Depacketizer {
    /// Frames that wait to be read; the oldest makes room.
    pub const MAX_READY: usize = 256;
    /// The longest frame, in bytes; a longer one is dropped.
    pub const MAX_FRAME_LEN: usize = 8 << 20;

    /// For a format of one's own.
    pub fn custom(format: Box<dyn Depacketize>) -> Self {
        Self {
            format,
            last_sequence: None,
            frames: Frames::default(),
        }
    }

    /// Takes the next packet. One that is not behind the last is dropped and counted.
    pub fn handle_packet(&mut self, packet: Packet) {
        let expected = self.last_sequence.map(|last| last + 1);
        match expected {
            Some(expected) if packet.sequence < expected => {
                self.frames.stats.packets_late += 1;
                return;
            }
            Some(expected) if packet.sequence > expected => self.handle_loss(),
            _ => {}
        }
        self.last_sequence = Some(packet.sequence);
        if !packet.payload.is_empty() {
            self.format.handle_packet(packet, &mut self.frames);
        }
    }

    /// The next frame, the oldest first.
    pub fn poll_frame(&mut self) -> Option<Frame> {
        self.frames.ready.pop_front()
    }

    /// What was seen so far.
    pub fn stats(&self) -> Stats {
        self.frames.stats
    }

    fn handle_loss(&mut self) {
        self.frames.follows_loss = true;
        self.format.handle_loss(&mut self.frames);
    }
}

impl Frames {
    /// Hands on a frame; whether it follows a loss is filled in.
    pub fn push(&mut self, mut frame: Frame) {
        frame.follows_loss = std::mem::take(&mut self.follows_loss);
        self.stats.frames += 1;
        self.stats.key_frames += u64::from(frame.is_key);
        if self.ready.len() == Depacketizer::MAX_READY {
            self.ready.pop_front();
            self.stats.frames_unread += 1;
            if let Some(oldest) = self.ready.front_mut() {
                oldest.follows_loss = true;
            }
        }
        self.ready.push_back(frame);
    }

    /// Counts a frame that was begun and given up; the next one follows a loss.
    pub fn count_dropped(&mut self) {
        self.stats.frames_dropped += 1;
        self.follows_loss = true;
    }

    /// Counts a packet whose payload the format does not allow; the next frame follows a loss.
    pub fn count_malformed(&mut self) {
        self.stats.packets_malformed += 1;
        self.follows_loss = true;
    }
}
