//! Two endpoints' channels over an association that loses nothing, one message at a time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use crate::channel::{ChannelId, State};
use crate::channels::{Channels, MAX_STREAMS};
use crate::config::{Config, Init, Role};
use crate::error::{CreateError, SendError};
use crate::event::ChannelEvent;
use crate::message::{Message, Ppid};
use crate::streams::{Delivery, Streams};

/// What is on its way on a stream.
#[derive(Debug)]
enum Item {
    Message(Ppid, Bytes),
    Reset,
}

/// One side's streams.
#[derive(Debug, Default)]
struct Wire {
    outgoing: BTreeMap<u16, VecDeque<Item>>,
    incoming: BTreeMap<u16, VecDeque<(Ppid, Bytes)>>,
    is_down: bool,
}

impl Streams for Wire {
    fn send(
        &mut self,
        _: Instant,
        stream: u16,
        ppid: Ppid,
        payload: Bytes,
        _: Delivery,
    ) -> Result<(), SendError> {
        assert!(!payload.is_empty(), "SCTP has no empty messages");
        if self.is_down {
            return Err(SendError::NotOpen);
        }
        let queue = self.outgoing.entry(stream).or_default();
        let resetting = queue.iter().any(|item| matches!(item, Item::Reset));
        assert!(
            !resetting,
            "nothing is sent on a stream that is being reset"
        );
        queue.push_back(Item::Message(ppid, payload));
        Ok(())
    }

    fn receive(&mut self, stream: u16) -> Option<(Ppid, Bytes)> {
        self.incoming.get_mut(&stream)?.pop_front()
    }

    fn peek(&self, stream: u16) -> Option<Ppid> {
        Some(self.incoming.get(&stream)?.front()?.0)
    }

    fn reset(&mut self, stream: u16) {
        self.outgoing
            .entry(stream)
            .or_default()
            .push_back(Item::Reset);
    }

    fn buffered_amount(&self, stream: u16) -> usize {
        let items = self.outgoing.get(&stream).into_iter().flatten();
        items
            .map(|item| match item {
                Item::Message(_, payload) => payload.len(),
                Item::Reset => 0,
            })
            .sum()
    }

    fn set_buffered_amount_low_threshold(&mut self, _: u16, _: usize) {}

    fn set_priority(&mut self, _: u16, _: u16) {}
}

#[derive(Debug)]
struct Side {
    channels: Channels,
    wire: Wire,
}

/// Both sides.
#[derive(Debug)]
pub(super) struct Loopback {
    sides: [Side; 2],
    now: Instant,
}

impl Loopback {
    pub(super) fn new(now: Instant, config: &Config) -> Self {
        let side = || Side {
            channels: Channels::new(config.clone()),
            wire: Wire::default(),
        };
        Self {
            sides: [side(), side()],
            now,
        }
    }

    pub(super) fn set_roles(&mut self) {
        for (side, role) in self
            .sides
            .iter_mut()
            .zip([Role::DtlsClient, Role::DtlsServer])
        {
            side.channels.set_role(&mut side.wire, self.now, role);
        }
    }

    pub(super) fn connect(&mut self) {
        for side in &mut self.sides {
            side.channels
                .handle_connected(&mut side.wire, self.now, MAX_STREAMS);
        }
    }

    pub(super) fn disconnect(&mut self) {
        for side in &mut self.sides {
            side.wire.is_down = true;
            side.wire.outgoing.clear();
            side.channels.handle_disconnected(&mut side.wire);
        }
    }

    pub(super) fn create(&mut self, at: usize, init: Init) -> Result<ChannelId, CreateError> {
        let side = &mut self.sides[at];
        side.channels
            .create(&mut side.wire, self.now, "label", &init)
    }

    /// One of the channels that exist, as `pick` says.
    pub(super) fn channel(&self, at: usize, pick: u8) -> Option<ChannelId> {
        let ids: Vec<_> = self.sides[at].channels.ids().collect();
        let index = usize::from(pick).checked_rem(ids.len())?;
        Some(ids[index])
    }

    pub(super) fn send(&mut self, at: usize, id: ChannelId, m: Message) -> Result<(), SendError> {
        let side = &mut self.sides[at];
        side.channels.send(&mut side.wire, self.now, id, m)
    }

    pub(super) fn receive(&mut self, at: usize, id: ChannelId) -> Option<Message> {
        let side = &mut self.sides[at];
        side.channels.receive(&mut side.wire, id)
    }

    pub(super) fn close(&mut self, at: usize, id: ChannelId) {
        let side = &mut self.sides[at];
        side.channels.close(&mut side.wire, id);
    }

    pub(super) fn poll_event(&mut self, at: usize) -> Option<ChannelEvent> {
        self.sides[at].channels.poll_event()
    }

    /// A message that the other side's channels never sent.
    pub(super) fn inject(&mut self, at: usize, stream: u16, ppid: u32, payload: &[u8]) {
        let side = &mut self.sides[at];
        let message = (Ppid(ppid), Bytes::copy_from_slice(payload));
        let queue = side.wire.incoming.entry(stream).or_default();
        queue.push_back(message);
        side.channels
            .handle_readable(&mut side.wire, self.now, stream);
    }

    /// A reset that the other side's channels never asked for.
    pub(super) fn inject_reset(&mut self, at: usize, stream: u16) {
        let side = &mut self.sides[at];
        side.channels.handle_incoming_reset(&mut side.wire, stream);
    }

    /// Carries what is first on one of the sender's streams; `false` if there is nothing.
    pub(super) fn deliver(&mut self, from: usize, pick: u8) -> bool {
        let waiting: Vec<_> = self.sides[from].wire.outgoing.keys().copied().collect();
        let Some(index) = usize::from(pick).checked_rem(waiting.len()) else {
            return false;
        };
        let stream = waiting[index];
        let Some(queue) = self.sides[from].wire.outgoing.get_mut(&stream) else {
            return false;
        };
        let item = queue.pop_front();
        if queue.is_empty() {
            self.sides[from].wire.outgoing.remove(&stream);
        }
        match item {
            None => {}
            Some(Item::Message(ppid, payload)) => self.inject(1 - from, stream, ppid.0, &payload),
            Some(Item::Reset) => {
                self.inject_reset(1 - from, stream);
                let side = &mut self.sides[from];
                side.channels.handle_outgoing_reset(&mut side.wire, stream);
            }
        }
        true
    }

    pub(super) fn deliver_all(&mut self) {
        while self.deliver(0, 0) || self.deliver(1, 0) {}
    }

    /// Reads all messages and all events.
    pub(super) fn drain(&mut self) {
        for at in 0..2 {
            let ids: Vec<_> = self.sides[at].channels.ids().collect();
            for id in ids {
                while self.receive(at, id).is_some() {}
            }
            while self.poll_event(at).is_some() {}
        }
    }

    pub(super) fn check(&self) {
        for side in &self.sides {
            side.channels.check();
        }
    }

    /// Whether no channel is left.
    pub(super) fn is_over(&self) -> bool {
        let mut sides = self.sides.iter();
        sides.all(|side| side.channels.ids().next().is_none())
    }

    pub(super) fn state(&self, at: usize, id: ChannelId) -> Option<State> {
        let channel = self.sides[at].channels.get(id);
        channel.map(|channel| channel.state)
    }

    pub(super) fn ids(&self, at: usize) -> Vec<ChannelId> {
        self.sides[at].channels.ids().collect()
    }
}
