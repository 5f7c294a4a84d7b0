//! What all viewers share: the frames as they come, and the last key frame with what followed it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use examples::webm::Track;
use tokio::sync::broadcast::{Receiver, Sender, channel};

/// A viewer who is further behind than this skips to what is current.
const MAX_BEHIND: usize = 256;
/// A group of pictures that is larger is not kept for those who join: they wait for the next one.
const MAX_GROUP_BYTES: usize = 16 << 20;
const MAX_GROUP_FRAMES: usize = 1_000;

/// A frame on the air.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) number: u64,
    pub(crate) track: usize,
    /// Since the broadcast began, repetitions included.
    pub(crate) position: Duration,
    /// When it is due, by which sound and picture are told to belong together.
    pub(crate) due: Instant,
    pub(crate) is_key: bool,
    pub(crate) data: Bytes,
}

/// Hands each frame to every viewer. None of them can hold it up.
#[derive(Debug)]
pub(crate) struct Hub {
    tracks: Vec<Track>,
    sender: Sender<Frame>,
    group: Mutex<Group>,
}

/// The last key frame, and the pictures after it.
#[derive(Debug, Default)]
struct Group {
    frames: VecDeque<Frame>,
    bytes: usize,
    next_number: u64,
    position: Duration,
}

impl Hub {
    pub(crate) fn new(tracks: Vec<Track>) -> Self {
        Self {
            tracks,
            sender: channel(MAX_BEHIND).0,
            group: Mutex::default(),
        }
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// How long the broadcast has lasted.
    pub(crate) fn position(&self) -> Duration {
        self.group().position
    }

    /// All frames from now on.
    pub(crate) fn subscribe(&self) -> Receiver<Frame> {
        self.sender.subscribe()
    }

    /// Sends a frame to whoever watches; its number is given here.
    pub(crate) fn publish(&self, mut frame: Frame) {
        let mut group = self.group();
        frame.number = group.next_number;
        group.next_number += 1;
        group.position = frame.position;
        if self.tracks[frame.track].is_video() {
            group.push(frame.clone());
        }
        // Under the lock: what is in the group has been sent. Nobody may be watching.
        let _ = self.sender.send(frame);
    }

    /// The pictures that a decoder needs to show the one after the frame with this number; none when
    /// they are not kept, or a key frame is to come to that viewer still.
    pub(crate) fn before(&self, number: u64) -> Vec<Frame> {
        let group = self.group();
        let frames = group.frames.iter();
        frames
            .take_while(|frame| frame.number < number)
            .cloned()
            .collect()
    }

    fn group(&self) -> MutexGuard<'_, Group> {
        self.group.lock().expect("no holder panics")
    }
}

impl Group {
    fn push(&mut self, frame: Frame) {
        let is_full = self.frames.len() >= MAX_GROUP_FRAMES || self.bytes >= MAX_GROUP_BYTES;
        if frame.is_key || is_full {
            self.frames.clear();
            self.bytes = 0;
        }
        // Without its key frame a group is of no use.
        if frame.is_key || !self.frames.is_empty() {
            self.bytes += frame.data.len();
            self.frames.push_back(frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use examples::webm::Codec;

    use super::*;

    fn hub() -> Hub {
        let video = Track::Video {
            codec: Codec::Vp8,
            width: 64,
            height: 48,
            private: Vec::new(),
        };
        Hub::new(vec![video, Track::Audio { channels: 2 }])
    }

    fn publish(hub: &Hub, track: usize, is_key: bool) {
        hub.publish(Frame {
            number: 0,
            track,
            position: Duration::ZERO,
            due: Instant::now(),
            is_key,
            data: Bytes::from_static(b"frame"),
        });
    }

    fn numbers(frames: &[Frame]) -> Vec<u64> {
        frames.iter().map(|frame| frame.number).collect()
    }

    #[test]
    fn the_last_key_frame_and_the_pictures_after_it_are_kept() {
        let hub = hub();
        publish(&hub, 0, false);
        assert!(hub.before(1).is_empty());
        publish(&hub, 0, true);
        publish(&hub, 1, true);
        publish(&hub, 0, false);
        publish(&hub, 0, false);
        assert_eq!(numbers(&hub.before(4)), [1, 3]);
        assert_eq!(numbers(&hub.before(5)), [1, 3, 4]);
        publish(&hub, 0, true);
        assert!(hub.before(5).is_empty());
        assert_eq!(numbers(&hub.before(6)), [5]);
    }

    #[test]
    fn a_group_that_grows_too_large_is_not_kept() {
        let hub = hub();
        publish(&hub, 0, true);
        for _ in 0..MAX_GROUP_FRAMES {
            publish(&hub, 0, false);
        }
        assert!(hub.before(u64::MAX).is_empty());
    }
}
