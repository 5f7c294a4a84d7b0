//! One channel.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use tidewire_sctp::Reliability;

use crate::config::Init;
use crate::dcep::OpenMessage;
use crate::message::Ppid;
use crate::streams::{Delivery, Streams};

/// The name of a channel within its endpoint; never used twice, unlike streams.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChannelId(pub(crate) u64);

/// How far a channel has come in its life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// It waits for the association, or for a stream.
    Connecting,
    /// It carries messages.
    Open,
    /// One of the peers has closed it, and its streams are being reset (RFC 8831 section 6.7).
    Closing,
    /// It is no more.
    Closed,
}

impl State {
    /// RTCDataChannelState.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

/// What has gone over a channel.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ChannelStats {
    /// Messages that were accepted for sending.
    pub messages_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Messages that were handed out.
    pub messages_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
}

/// Who made a channel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// This endpoint, and it tells the peer.
    Local,
    /// The peer.
    Remote,
    /// Both, by other means.
    Negotiated,
}

/// How far the reset of the outgoing stream has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reset {
    None,
    Requested,
    Done,
}

/// A message of which fragments have arrived.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    pub(crate) is_text: bool,
    pub(crate) bytes: BytesMut,
}

/// Events that have not been polled.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    pub(crate) incoming: bool,
    pub(crate) opened: bool,
    pub(crate) readable: bool,
    pub(crate) buffered_amount_low: bool,
    pub(crate) closing: bool,
    pub(crate) closed: bool,
}

#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) label: Box<str>,
    pub(crate) protocol: Box<str>,
    pub(crate) ordered: bool,
    pub(crate) reliability: Reliability,
    pub(crate) priority: u16,
    pub(crate) origin: Origin,
    pub(crate) stream: Option<u16>,
    pub(crate) state: State,
    /// Whether the peer is known to have the channel; until then all is sent in order (RFC 8832
    /// section 6).
    pub(crate) known_to_peer: bool,
    /// What still arrives is thrown away.
    pub(crate) discards: bool,
    pub(crate) outgoing: Reset,
    pub(crate) incoming_reset: bool,
    /// [`Event::Readable`](crate::Event::Readable) was told, and nobody has read to the end since.
    pub(crate) told_readable: bool,
    pub(crate) low_threshold: usize,
    pub(crate) pending: Pending,
    /// Whether the channel waits in the queue of those with events.
    pub(crate) queued: bool,
    /// What arrived before the channel existed; it comes before what the stream holds.
    pub(crate) early: VecDeque<(Ppid, Bytes)>,
    pub(crate) fragments: Fragments,
    pub(crate) stats: ChannelStats,
}

impl Channel {
    pub(crate) fn local(label: &str, init: &Init) -> Self {
        let origin = match init.negotiated {
            Some(_) => Origin::Negotiated,
            None => Origin::Local,
        };
        let properties = OpenMessage {
            ordered: init.ordered,
            reliability: init.reliability,
            priority: init.priority,
            label,
            protocol: &init.protocol,
        };
        Self::new(origin, &properties)
    }

    pub(crate) fn remote(open: &OpenMessage<'_>) -> Self {
        Self::new(Origin::Remote, open)
    }

    fn new(origin: Origin, properties: &OpenMessage<'_>) -> Self {
        Self {
            label: properties.label.into(),
            protocol: properties.protocol.into(),
            ordered: properties.ordered,
            reliability: properties.reliability,
            priority: properties.priority,
            origin,
            stream: None,
            state: State::Connecting,
            known_to_peer: origin != Origin::Local,
            discards: false,
            outgoing: Reset::None,
            incoming_reset: false,
            told_readable: false,
            low_threshold: 0,
            pending: Pending::default(),
            queued: false,
            early: VecDeque::new(),
            fragments: Fragments::default(),
            stats: ChannelStats::default(),
        }
    }

    /// The stream, as long as the channel has it: later it may be another's.
    pub(crate) fn live_stream(&self) -> Option<u16> {
        self.stream.filter(|_| self.state != State::Closed)
    }

    /// What the next message is that has arrived.
    pub(crate) fn peek(&self, streams: &dyn Streams) -> Option<Ppid> {
        let stream = self.live_stream()?;
        let early = self.early.front().map(|(ppid, _)| *ppid);
        early.or_else(|| streams.peek(stream))
    }

    /// The next message that has arrived.
    pub(crate) fn take(&mut self, streams: &mut dyn Streams) -> Option<(Ppid, Bytes)> {
        let stream = self.live_stream()?;
        self.early.pop_front().or_else(|| streams.receive(stream))
    }

    /// What the peer is told of the channel.
    pub(crate) fn open_message(&self) -> OpenMessage<'_> {
        OpenMessage {
            ordered: self.ordered,
            reliability: self.reliability,
            priority: self.priority,
            label: &self.label,
            protocol: &self.protocol,
        }
    }

    pub(crate) fn delivery(&self) -> Delivery {
        Delivery {
            ordered: self.ordered || !self.known_to_peer,
            reliability: self.reliability,
        }
    }

    /// What the texts of the channel take of [`Config::max_incoming_text`](crate::Config).
    pub(crate) fn incoming_text(&self) -> usize {
        match self.origin {
            Origin::Remote => self.label.len() + self.protocol.len(),
            Origin::Local | Origin::Negotiated => 0,
        }
    }
}

/// What can be asked about a channel.
#[derive(Clone, Copy, Debug)]
pub struct ChannelView<'a> {
    pub(crate) channel: &'a Channel,
}

impl<'a> ChannelView<'a> {
    /// The name that its opener gave it.
    pub fn label(&self) -> &'a str {
        &self.channel.label
    }

    /// What is spoken on it; empty if unspecified.
    pub fn protocol(&self) -> &'a str {
        &self.channel.protocol
    }

    /// How far it has come.
    pub fn state(&self) -> State {
        self.channel.state
    }

    /// The stream that it has, of both directions; `None` until one is chosen.
    pub fn stream(&self) -> Option<u16> {
        self.channel.stream
    }

    /// Whether its messages arrive in the order they were sent in.
    pub fn is_ordered(&self) -> bool {
        self.channel.ordered
    }

    /// What becomes of a message that was lost.
    pub fn reliability(&self) -> Reliability {
        self.channel.reliability
    }

    /// The weight against other channels.
    pub fn priority(&self) -> u16 {
        self.channel.priority
    }

    /// Whether both peers created it by agreement, with nothing said on the wire.
    pub fn is_negotiated(&self) -> bool {
        self.channel.origin == Origin::Negotiated
    }

    /// Whether the peer opened it.
    pub fn is_incoming(&self) -> bool {
        self.channel.origin == Origin::Remote
    }

    /// When few bytes are buffered: see
    /// [`set_buffered_amount_low_threshold`](crate::Endpoint::set_buffered_amount_low_threshold).
    pub fn buffered_amount_low_threshold(&self) -> usize {
        self.channel.low_threshold
    }

    /// What has gone over it.
    pub fn stats(&self) -> ChannelStats {
        self.channel.stats
    }
}
