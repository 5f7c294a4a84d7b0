//! How channels come to be (RFC 8832 section 6).

use std::time::Instant;

use bytes::Bytes;

use super::uses::Use;
use super::{Channels, Link, MAX_STREAMS};
use crate::channel::{Channel, ChannelId, Origin, State};
use crate::config::{Init, Role};
use crate::dcep::{DcepMessage, MAX_TEXT_LEN};
use crate::error::CreateError;
use crate::message::Ppid;
use crate::streams::{Delivery, Streams};

impl Channels {
    pub(crate) fn create(
        &mut self,
        streams: &mut dyn Streams,
        now: Instant,
        label: &str,
        init: &Init,
    ) -> Result<ChannelId, CreateError> {
        if label.len() > MAX_TEXT_LEN || init.protocol.len() > MAX_TEXT_LEN {
            return Err(CreateError::TextTooLong);
        }
        if self.link == Link::Down {
            return Err(CreateError::Disconnected);
        }
        if self.channels.len() >= self.config.max_channels {
            return Err(CreateError::TooManyChannels);
        }
        let stream = self.choose_stream(init.negotiated)?;
        let early = stream.map(|stream| self.waiting.take(stream));
        let id = self.insert(Channel {
            // What came for a channel that nobody negotiated is nothing for one that opens now.
            early: early
                .filter(|_| init.negotiated.is_some())
                .unwrap_or_default(),
            ..Channel::local(label, init)
        });
        self.assign(id, stream);
        self.open(streams, now, id);
        Ok(id)
    }

    /// Chooses streams for the channels that wait for them.
    pub(crate) fn set_role(&mut self, streams: &mut dyn Streams, now: Instant, role: Role) {
        if self.role.replace(role).is_some() {
            return;
        }
        let waiting =
            self.all(|channel| channel.state == State::Connecting && channel.stream.is_none());
        for id in waiting {
            let end = self.stream_count();
            let stream = self.uses.find_free(role, end);
            self.assign(id, stream);
            if stream.is_some() {
                self.open(streams, now, id);
            } else {
                self.finish(id);
            }
        }
    }

    /// The association is up with `stream_count` streams in each direction.
    pub(crate) fn handle_connected(
        &mut self,
        streams: &mut dyn Streams,
        now: Instant,
        stream_count: u16,
    ) {
        self.link = Link::Up(stream_count);
        for id in self.all(|channel| channel.state == State::Connecting) {
            let stream = self.get(id).and_then(|channel| channel.stream);
            if stream.is_some_and(|stream| stream >= stream_count) {
                self.finish(id);
            } else {
                self.open(streams, now, id);
            }
        }
    }

    pub(super) fn insert(&mut self, channel: Channel) -> ChannelId {
        let id = ChannelId(self.next_id);
        self.next_id += 1;
        self.incoming_text += channel.incoming_text();
        self.channels.insert(id, channel);
        id
    }

    pub(super) fn assign(&mut self, id: ChannelId, stream: Option<u16>) {
        if let (Some(channel), Some(stream)) = (self.channels.get_mut(&id), stream) {
            channel.stream = Some(stream);
            self.uses.insert(stream, Use::Channel(id));
        }
    }

    /// Opens the channel if all that it takes is there.
    fn open(&mut self, streams: &mut dyn Streams, now: Instant, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id) else {
            return;
        };
        let (Some(stream), Link::Up(_)) = (channel.stream, self.link) else {
            return;
        };
        // The first message on the stream, and the peer's parity is not at stake any more: messages may
        // follow before the ACK has come (RFC 8832 section 6).
        if channel.origin == Origin::Local {
            let mut open = Vec::new();
            let message = DcepMessage::Open(channel.open_message());
            let written = message.write(&mut open);
            debug_assert!(written.is_ok(), "texts were checked on creation");
            if !send_control(streams, now, stream, open.into()) {
                return self.finish(id);
            }
        }
        streams.set_priority(stream, channel.priority);
        streams.set_buffered_amount_low_threshold(stream, channel.low_threshold);
        self.become_open(id);
        self.pump(streams, id);
    }

    pub(super) fn become_open(&mut self, id: ChannelId) {
        self.stats.channels_opened += 1;
        self.tell(id, |channel| {
            channel.state = State::Open;
            channel.pending.opened = true;
        });
    }

    fn choose_stream(&mut self, negotiated: Option<u16>) -> Result<Option<u16>, CreateError> {
        if let Some(stream) = negotiated {
            if stream >= self.stream_count() {
                return Err(CreateError::NoSuchStream(stream));
            }
            if self.uses.get(stream).is_some() {
                return Err(CreateError::StreamInUse(stream));
            }
            return Ok(Some(stream));
        }
        let Some(role) = self.role else {
            return Ok(None);
        };
        let end = self.stream_count();
        let stream = self.uses.find_free(role, end);
        stream.map(Some).ok_or(CreateError::NoFreeStream)
    }

    pub(super) fn stream_count(&self) -> u16 {
        match self.link {
            Link::Up(count) => count,
            Link::Waiting | Link::Down => MAX_STREAMS,
        }
    }

    pub(super) fn all(&self, matches: impl Fn(&Channel) -> bool) -> Vec<ChannelId> {
        let matching = self.channels.iter().filter(|(_, channel)| matches(channel));
        matching.map(|(id, _)| *id).collect()
    }
}

/// Sends a message of DCEP, ordered and reliably (RFC 8832 section 6), and tells whether it could.
pub(super) fn send_control(
    streams: &mut dyn Streams,
    now: Instant,
    stream: u16,
    message: Bytes,
) -> bool {
    let sent = streams.send(now, stream, Ppid::DCEP, message, Delivery::CONTROL);
    sent.is_ok()
}
