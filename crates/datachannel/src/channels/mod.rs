//! All channels of an association.

mod closing;
mod inbound;
mod opening;
#[cfg(test)]
mod tests;
mod uses;
mod waiting;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use self::uses::{Use, Uses};
use self::waiting::Waiting;
use crate::channel::{Channel, ChannelId, State};
use crate::config::{Config, Role};
use crate::error::SendError;
use crate::event::ChannelEvent;
use crate::message::{Kind, Message};
use crate::stats::Stats;
use crate::streams::Streams;

/// The number of streams: 65,535 is not one (RFC 8831 section 6.2).
pub(crate) const MAX_STREAMS: u16 = 65_535;

/// The channels, and who uses which stream.
#[derive(Debug)]
pub(crate) struct Channels {
    config: Config,
    role: Option<Role>,
    link: Link,
    next_id: u64,
    /// All that exist, in the order of their creation.
    channels: BTreeMap<ChannelId, Channel>,
    uses: Uses,
    waiting: Waiting,
    /// Those with events, each once.
    queue: VecDeque<ChannelId>,
    /// The channel whose end was told last; it is forgotten at the next poll.
    ended: Option<ChannelId>,
    /// What the peer takes; `None` is anything.
    max_message_size: Option<u64>,
    /// The sum over all channels of [`Channel::incoming_text`].
    incoming_text: usize,
    /// The sum over all channels of fragments held.
    fragments_total: usize,
    stats: Stats,
}

/// How far the association is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Link {
    Waiting,
    /// With so many streams.
    Up(u16),
    Down,
}

impl Channels {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            role: None,
            link: Link::Waiting,
            next_id: 0,
            channels: BTreeMap::new(),
            uses: Uses::default(),
            waiting: Waiting::default(),
            queue: VecDeque::new(),
            ended: None,
            max_message_size: None,
            incoming_text: 0,
            fragments_total: 0,
            stats: Stats::default(),
        }
    }

    pub(crate) fn send(
        &mut self,
        streams: &mut dyn Streams,
        now: Instant,
        id: ChannelId,
        message: Message,
    ) -> Result<(), SendError> {
        let channel = self.channels.get_mut(&id);
        let open = channel.filter(|channel| channel.state == State::Open);
        let (channel, stream) = open
            .and_then(|channel| channel.stream.map(|stream| (channel, stream)))
            .ok_or(SendError::NotOpen)?;
        let len = message.payload().len();
        if let Some(limit) = self.max_message_size.filter(|limit| len as u64 > *limit) {
            return Err(SendError::TooLong { limit });
        }
        // A longer message than the buffer goes out alone: nothing would ever make room for it.
        let buffered = streams.buffered_amount(stream);
        if buffered > 0 && buffered.saturating_add(len) > self.config.max_buffered {
            return Err(SendError::BufferFull);
        }
        let (ppid, payload) = message.into_wire();
        streams.send(now, stream, ppid, payload, channel.delivery())?;
        channel.stats.messages_sent += 1;
        channel.stats.bytes_sent += len as u64;
        Ok(())
    }

    pub(crate) fn receive(&mut self, streams: &mut dyn Streams, id: ChannelId) -> Option<Message> {
        loop {
            let channel = self.channels.get_mut(&id)?;
            let next = channel.peek(streams).map(|ppid| ppid.kind());
            if next != Some(Kind::Whole) || channel.discards {
                channel.told_readable = false;
                return None;
            }
            let (ppid, payload) = channel.take(streams)?;
            let message = ppid.message(payload)?;
            let message = self.complete(streams, id, message);
            if let Some(message) = &message {
                let channel = self.channels.get_mut(&id)?;
                channel.stats.messages_received += 1;
                channel.stats.bytes_received += message.payload().len() as u64;
            }
            // What follows may be no message of the application, or the end.
            self.pump(streams, id);
            if message.is_some() {
                return message;
            }
        }
    }

    /// How much of what the application sent waits in the association.
    pub(crate) fn buffered_amount(&self, streams: &dyn Streams, id: ChannelId) -> usize {
        let channel = self.channels.get(&id);
        let with_stream = channel.and_then(|channel| Some((channel, channel.live_stream()?)));
        with_stream.map_or(0, |(channel, stream)| {
            // DCEP's own messages come before all others, so that they are what is beyond the sum.
            let sent = usize::try_from(channel.stats.bytes_sent).unwrap_or(usize::MAX);
            streams.buffered_amount(stream).min(sent)
        })
    }

    pub(crate) fn set_buffered_amount_low_threshold(
        &mut self,
        streams: &mut dyn Streams,
        id: ChannelId,
        bytes: usize,
    ) {
        let Some(channel) = self.channels.get_mut(&id) else {
            return;
        };
        channel.low_threshold = bytes;
        if let Some(stream) = channel.stream.filter(|_| channel.state == State::Open) {
            streams.set_buffered_amount_low_threshold(stream, bytes);
        }
    }

    pub(crate) fn handle_buffered_amount_low(&mut self, stream: u16) {
        let Some(Use::Channel(id)) = self.uses.get(stream) else {
            return;
        };
        self.tell(id, |channel| {
            // Before the application has sent anything, it was an OPEN that went.
            if channel.state == State::Open && channel.stats.messages_sent > 0 {
                channel.pending.buffered_amount_low = true;
            }
        });
    }

    pub(crate) fn set_max_message_size(&mut self, limit: Option<u64>) {
        self.max_message_size = limit;
    }

    pub(crate) fn get(&self, id: ChannelId) -> Option<&Channel> {
        self.channels.get(&id)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ChannelId> {
        self.channels.keys().copied()
    }

    /// Whether the association is over.
    pub(crate) fn is_down(&self) -> bool {
        self.link == Link::Down
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats
    }

    pub(crate) fn poll_event(&mut self) -> Option<ChannelEvent> {
        if let Some(id) = self.ended.take() {
            self.forget(id);
        }
        loop {
            let id = self.queue.pop_front()?;
            let Some(channel) = self.channels.get_mut(&id) else {
                continue;
            };
            let Some(event) = channel.take_event(id) else {
                channel.queued = false;
                continue;
            };
            if event == ChannelEvent::Closed(id) {
                self.ended = Some(id);
            } else {
                // There may be more, which come after those of other channels.
                self.queue.push_back(id);
            }
            return Some(event);
        }
    }

    /// What holds between any two calls.
    pub(crate) fn check(&self) {
        let all = || self.channels.values();
        let text: usize = all().map(Channel::incoming_text).sum();
        assert_eq!(self.incoming_text, text);
        let fragments: usize = all().map(|channel| channel.fragments.bytes.len()).sum();
        assert_eq!(self.fragments_total, fragments);
        assert!(self.channels.len() <= self.config.max_channels);
        assert!(self.queue.len() <= self.channels.len());
        for (id, channel) in &self.channels {
            let used = channel.live_stream().map(|stream| self.uses.get(stream));
            assert!(used.is_none_or(|by| by == Some(Use::Channel(*id))));
        }
    }

    /// Changes a channel and queues it for its events.
    fn tell(&mut self, id: ChannelId, change: impl FnOnce(&mut Channel)) {
        let Some(channel) = self.channels.get_mut(&id) else {
            return;
        };
        change(channel);
        if !channel.queued {
            channel.queued = true;
            self.queue.push_back(id);
        }
    }

    fn forget(&mut self, id: ChannelId) {
        let Some(channel) = self.channels.remove(&id) else {
            return;
        };
        self.incoming_text -= channel.incoming_text();
        self.fragments_total -= channel.fragments.bytes.len();
        let finished = &mut self.stats.finished;
        finished.messages_sent += channel.stats.messages_sent;
        finished.bytes_sent += channel.stats.bytes_sent;
        finished.messages_received += channel.stats.messages_received;
        finished.bytes_received += channel.stats.bytes_received;
    }
}
