//! What a session reports, and what it hands on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tidewire_rtp::payload::{Format, Frame};
use tidewire_rtp::{Header, NtpTime};

use crate::extensions::Extensions;
use crate::ids::{EncodingId, ReceiverId, StreamId};

/// Something happened that the application may care about.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A stream has begun.
    StreamStarted {
        /// The stream.
        stream: StreamId,
        /// Its name among the layers of simulcast.
        rid: Option<Arc<str>>,
    },
    /// A stream has ended: its sender said so.
    StreamEnded(StreamId),
    /// The receiver of an encoding needs a key frame.
    KeyFrameRequested(EncodingId),
    /// A stream of ours had the number of one of the peer's, and goes on under another (RFC 3550
    /// section 8.2).
    SsrcChanged(EncodingId),
}

/// What has been received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The stream that it belongs to.
    pub stream: StreamId,
    /// The stream's name among the layers of simulcast.
    pub rid: Option<Arc<str>>,
    /// The frame or packet.
    pub media: Media,
}

/// A frame or a packet, as the receiver was told to deliver.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Media {
    /// A whole frame.
    Frame(ReceivedFrame),
    /// A packet.
    Packet(ReceivedPacket),
}

/// A frame that has arrived whole.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedFrame {
    /// The frame.
    pub frame: Frame,
    /// The payload type that it had.
    pub payload_type: u8,
    /// What that stands for.
    pub format: Format,
    /// When it was captured, by the sender's wall clock, as far as the sender told.
    pub capture_time: Option<NtpTime>,
    /// When its last packet arrived.
    pub arrival: Instant,
    /// The header extensions of its first packet.
    pub first_extensions: Extensions,
    /// The header extensions of its last packet.
    pub extensions: Extensions,
}

/// A packet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReceivedPacket {
    /// The fields of its header.
    pub header: Header,
    /// Its sequence number, extended.
    pub sequence: u64,
    /// Its payload, without padding.
    pub payload: Bytes,
    /// Its header extensions.
    pub extensions: Extensions,
    /// When it arrived.
    pub arrival: Instant,
    /// It was missing, and was sent again.
    pub is_recovered: bool,
}

/// A queue that forgets the oldest where nobody reads.
#[derive(Debug)]
pub(crate) struct Bounded<T> {
    queue: VecDeque<T>,
    limit: usize,
    dropped: u64,
}

impl<T> Bounded<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            limit,
            dropped: 0,
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.queue.len() == self.limit {
            self.queue.pop_front();
            self.dropped += 1;
        }
        self.queue.push_back(item);
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        self.queue.pop_front()
    }

    pub(crate) fn contains(&self, item: &T) -> bool
    where
        T: PartialEq,
    {
        self.queue.contains(item)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.queue.retain(keep);
    }
}

impl Received {
    /// Whether it is a receiver's.
    pub(crate) fn is_of(&self, receiver: ReceiverId) -> bool {
        self.stream.receiver == receiver
    }
}
