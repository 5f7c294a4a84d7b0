//! Cutting frames.

use std::fmt;

use thiserror::Error;

use super::frame::OutgoingFrame;

/// Cuts encoded frames into RTP payloads.
///
/// [`start`](Self::start) takes a frame, and [`write_next`](Self::write_next) writes its payloads until it
/// answers `None`. A frame started before that replaces what is left of the one before.
#[derive(Debug)]
pub struct Packetizer(Box<dyn Packetize>);

/// How a format cuts frames. Implement it for a format of your own.
pub trait Packetize: fmt::Debug + Send {
    /// Takes a frame to be cut into payloads of at most `max_len` bytes.
    ///
    /// # Errors
    /// When it cannot be cut like that; nothing of it is written then.
    fn start(&mut self, frame: OutgoingFrame, max_len: usize) -> Result<(), PacketizeError>;

    /// Appends the next payload to `out`. `None` when nothing is left of the frame.
    fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Written>;
}

/// What goes into the RTP header of a payload that was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Written {
    /// The marker bit: for video the last packet of a picture.
    pub marker: bool,
}

/// Why a frame cannot be sent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PacketizeError {
    /// It has no bytes.
    #[error("the frame is empty")]
    Empty,
    /// The format does not fragment, or `max_len` leaves no room for it.
    #[error("the frame does not fit into packets of this size")]
    TooLong,
    /// The bitstream is not what the format says.
    #[error("the bitstream is malformed")]
    Malformed,
}

impl Packetizer {
    /// For a format of one's own.
    pub fn custom(format: Box<dyn Packetize>) -> Self {
        Self(format)
    }

    /// Takes a frame to be cut into payloads of at most `max_len` bytes.
    ///
    /// # Errors
    /// When it is empty, malformed, or cannot be cut like that; nothing of it is written then.
    pub fn start(&mut self, frame: OutgoingFrame, max_len: usize) -> Result<(), PacketizeError> {
        self.0.start(frame, max_len)
    }

    /// Appends the next payload to `out`. `None` when nothing is left of the frame.
    pub fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Written> {
        self.0.write_next(out)
    }
}
