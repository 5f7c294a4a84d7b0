//! Frames of a file.

use std::time::Duration;

use bytes::Bytes;

/// A frame in a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Packet {
    /// Which of the file's tracks, from 0.
    pub track: usize,
    /// When it is shown, from the file's beginning, in whole milliseconds once written.
    pub time: Duration,
    /// Whether a decoder can begin with it. Every frame of audio is one.
    pub is_key: bool,
    /// The frame.
    pub data: Bytes,
}
