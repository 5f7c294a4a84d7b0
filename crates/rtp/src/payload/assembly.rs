//! The pieces of a frame in the making.

use bytes::{Bytes, BytesMut};

use super::depacketizer::{Depacketizer, Packet};
use super::frame::{Details, Frame};

/// A frame in the making.
#[derive(Debug)]
pub(super) struct Assembly {
    pieces: Vec<Bytes>,
    len: usize,
    pub(super) timestamp: u32,
    first_sequence: u64,
    last_sequence: u64,
    marker: bool,
}

impl Assembly {
    pub(super) const MAX_PIECES: usize = 1 << 14;

    /// Begins with `packet`, of which no bytes are taken yet.
    pub(super) fn new(packet: &Packet) -> Self {
        Self {
            pieces: Vec::new(),
            len: 0,
            timestamp: packet.timestamp,
            first_sequence: packet.sequence,
            last_sequence: packet.sequence,
            marker: packet.marker,
        }
    }

    /// Goes on with `packet`, of which no bytes are taken yet.
    pub(super) fn extend(&mut self, packet: &Packet) {
        self.last_sequence = packet.sequence;
        self.marker = packet.marker;
    }

    /// Appends bytes of the bitstream. False when the frame grows too long, or has too many pieces, each
    /// of which keeps a whole packet in memory.
    #[must_use]
    pub(super) fn push(&mut self, piece: Bytes) -> bool {
        self.len += piece.len();
        self.pieces.push(piece);
        self.len <= Depacketizer::MAX_FRAME_LEN && self.pieces.len() <= Self::MAX_PIECES
    }

    /// Puts bytes before those that there are. They are few, and the caller's own.
    pub(super) fn push_front(&mut self, piece: Bytes) {
        self.len += piece.len();
        self.pieces.insert(0, piece);
    }

    /// The whole frame. One of a single piece is not copied.
    pub(super) fn finish(mut self, is_key: bool, details: Details) -> Frame {
        let data = if self.pieces.len() == 1 {
            self.pieces.pop().unwrap_or_default()
        } else {
            let mut data = BytesMut::with_capacity(self.len);
            for piece in &self.pieces {
                data.extend_from_slice(piece);
            }
            data.freeze()
        };
        Frame {
            data,
            timestamp: self.timestamp,
            first_sequence: self.first_sequence,
            last_sequence: self.last_sequence,
            is_key,
            follows_loss: false,
            marker: self.marker,
            details,
        }
    }
}
