//! What waits until the application asks for events.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::Arc;

use tidewire::{ChannelId, Event, PeerConnection};

/// Events that are not about channels, at most.
const MAX_EVENTS: usize = 256;
/// Channels that the peer opened, at most; more are refused.
const MAX_CHANNELS: usize = 4096;
/// Among them, channels that are closed again.
const MAX_CLOSED: usize = 64;

/// Events in their order, within bounds that the peer cannot exceed.
#[derive(Debug, Default)]
pub(crate) struct Events {
    queue: VecDeque<Waiting>,
    channels: usize,
}

#[derive(Debug)]
pub(crate) enum Waiting {
    Event(Event),
    Channel(Incoming),
}

/// A channel that the peer opened. The state machine forgets it once it is closed.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) id: ChannelId,
    pub(crate) label: Arc<str>,
    pub(crate) protocol: Arc<str>,
    is_closed: bool,
}

impl Incoming {
    pub(crate) fn new(protocol: &PeerConnection, id: ChannelId) -> Self {
        let view = protocol.data_channel(id);
        let text = |text: Option<&str>| Arc::from(text.unwrap_or_default());
        Self {
            id,
            label: text(view.map(|view| view.label())),
            protocol: text(view.map(|view| view.protocol())),
            is_closed: false,
        }
    }
}

impl Events {
    /// Adds an event. Where there are too many, the oldest of its kind, which it supersedes, makes
    /// room.
    pub(crate) fn push(&mut self, event: Event) {
        if self.queue.len() - self.channels >= MAX_EVENTS {
            let kind = discriminant(&event);
            let is_superseded = |waiting: &Waiting| matches!(waiting, Waiting::Event(known) if discriminant(known) == kind);
            let is_event = |waiting: &Waiting| matches!(waiting, Waiting::Event(_));
            let victim = self.queue.iter().position(is_superseded);
            if let Some(victim) = victim.or_else(|| self.queue.iter().position(is_event)) {
                self.queue.remove(victim);
            }
        }
        self.queue.push_back(Waiting::Event(event));
    }

    /// Adds a channel; false if there are too many.
    pub(crate) fn push_channel(&mut self, channel: Incoming) -> bool {
        let has_room = self.channels < MAX_CHANNELS;
        if has_room {
            self.channels += 1;
            self.queue.push_back(Waiting::Channel(channel));
        }
        has_room
    }

    /// A channel has closed. If it is waiting still, the application learns of it all the same,
    /// unless there are many such.
    pub(crate) fn close(&mut self, id: ChannelId) {
        let mut closed = 0;
        for waiting in &mut self.queue {
            if let Waiting::Channel(channel) = waiting {
                channel.is_closed |= channel.id == id;
                closed += usize::from(channel.is_closed);
            }
        }
        let is_closed =
            |waiting: &Waiting| matches!(waiting, Waiting::Channel(channel) if channel.is_closed);
        if closed > MAX_CLOSED
            && let Some(oldest) = self.queue.iter().position(is_closed)
        {
            self.queue.remove(oldest);
            self.channels -= 1;
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let next = self.queue.pop_front()?;
        self.channels -= usize::from(matches!(next, Waiting::Channel(_)));
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tidewire::crypto::Rng;
    use tidewire::{Configuration, IceConnectionState, PeerConnectionState};

    use super::*;

    /// Channels that are labelled with their numbers.
    fn channels(count: usize) -> Vec<Incoming> {
        let (rng, now) = (Rng::from_u64(1), Instant::now());
        let connection = PeerConnection::new(Configuration::default(), rng, now);
        let mut connection = connection.expect("a connection");
        let mut create = |number: usize| {
            let label = number.to_string();
            let id = connection.create_data_channel(now, &label, Default::default());
            Incoming::new(&connection, id.expect("a channel"))
        };
        (0..count).map(&mut create).collect()
    }

    fn labels(events: &mut Events) -> Vec<String> {
        let waiting = std::iter::from_fn(|| events.pop());
        let labels = waiting.filter_map(|waiting| match waiting {
            Waiting::Channel(channel) => Some(channel.label.to_string()),
            Waiting::Event(_) => None,
        });
        labels.collect()
    }

    #[test]
    fn a_flapping_state_crowds_nothing_else_out() {
        let mut events = Events::default();
        let failed = Event::ConnectionStateChange(PeerConnectionState::Failed);
        events.push(failed.clone());
        for channel in channels(1) {
            assert!(events.push_channel(channel));
        }
        for _ in 0..10_000 {
            let state = IceConnectionState::Disconnected;
            events.push(Event::IceConnectionStateChange(state));
        }
        assert!(events.queue.len() <= MAX_EVENTS + 1);
        assert!(matches!(events.pop(), Some(Waiting::Event(event)) if event == failed));
        assert_eq!(labels(&mut events), ["0"]);
    }

    #[test]
    fn channels_beyond_the_bound_are_refused() {
        let mut events = Events::default();
        let channels = channels(MAX_CHANNELS + 1);
        let (last, fitting) = channels.split_last().expect("there are some");
        for channel in fitting {
            assert!(events.push_channel(channel.clone()));
        }
        assert!(!events.push_channel(last.clone()));
        assert!(events.pop().is_some());
        assert!(events.push_channel(last.clone()));
    }

    #[test]
    fn a_few_channels_that_closed_again_are_remembered() {
        let mut events = Events::default();
        for channel in channels(1000) {
            let id = channel.id;
            assert!(events.push_channel(channel));
            events.close(id);
        }
        let labels = labels(&mut events);
        assert_eq!(labels.len(), MAX_CLOSED);
        assert_eq!(labels.last().map(String::as_str), Some("999"));
    }
}
