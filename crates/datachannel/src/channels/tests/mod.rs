//! Channels over streams that only remember.

mod closing;
mod messages;
mod opening;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hex_literal::hex;

use super::*;
use crate::config::Init;
use crate::error::CreateError;
use crate::message::Ppid;
use crate::streams::Delivery;
use crate::{OpenMessage, Reliability};

/// An association that only remembers.
#[derive(Debug, Default)]
struct Wire {
    sent: Vec<(u16, Ppid, Bytes, Delivery)>,
    arrived: BTreeMap<u16, VecDeque<(Ppid, Bytes)>>,
    resets: Vec<u16>,
    buffered: BTreeMap<u16, usize>,
    full: bool,
}

impl Streams for Wire {
    fn send(
        &mut self,
        _: Instant,
        stream: u16,
        ppid: Ppid,
        payload: Bytes,
        delivery: Delivery,
    ) -> Result<(), SendError> {
        if self.full {
            return Err(SendError::BufferFull);
        }
        *self.buffered.entry(stream).or_default() += payload.len();
        self.sent.push((stream, ppid, payload, delivery));
        Ok(())
    }

    fn receive(&mut self, stream: u16) -> Option<(Ppid, Bytes)> {
        self.arrived.get_mut(&stream)?.pop_front()
    }

    fn peek(&self, stream: u16) -> Option<Ppid> {
        Some(self.arrived.get(&stream)?.front()?.0)
    }

    fn reset(&mut self, stream: u16) {
        self.resets.push(stream);
    }

    fn buffered_amount(&self, stream: u16) -> usize {
        self.buffered.get(&stream).copied().unwrap_or_default()
    }

    fn set_buffered_amount_low_threshold(&mut self, _: u16, _: usize) {}

    fn set_priority(&mut self, _: u16, _: u16) {}
}

const ACK: &[u8] = &hex!("02");
/// Ordered, reliable, label "a".
const OPEN: &[u8] = &hex!("03 00 0100 00000000 0001 0000 61");

struct Peer {
    wire: Wire,
    channels: Channels,
    now: Instant,
}

impl Peer {
    fn new(config: Config) -> Self {
        Self {
            wire: Wire::default(),
            channels: Channels::new(config),
            now: tidewire_netsim::start(),
        }
    }

    fn connected(role: Role) -> Self {
        let mut peer = Self::new(Config::default());
        peer.set_role(role);
        peer.connect();
        peer
    }

    fn set_role(&mut self, role: Role) {
        self.channels.set_role(&mut self.wire, self.now, role);
    }

    fn connect(&mut self) {
        let count = MAX_STREAMS;
        self.channels
            .handle_connected(&mut self.wire, self.now, count);
    }

    fn create(&mut self, label: &str, init: Init) -> Result<ChannelId, CreateError> {
        self.channels.create(&mut self.wire, self.now, label, &init)
    }

    fn open(&mut self, label: &str) -> ChannelId {
        self.create(label, Init::default()).unwrap()
    }

    fn arrive(&mut self, stream: u16, ppid: u32, payload: &[u8]) {
        let message = (Ppid(ppid), Bytes::copy_from_slice(payload));
        self.wire
            .arrived
            .entry(stream)
            .or_default()
            .push_back(message);
        self.channels
            .handle_readable(&mut self.wire, self.now, stream);
    }

    fn send(&mut self, id: ChannelId, message: impl Into<Message>) -> Result<(), SendError> {
        self.channels
            .send(&mut self.wire, self.now, id, message.into())
    }

    fn receive(&mut self, id: ChannelId) -> Option<Message> {
        self.channels.receive(&mut self.wire, id)
    }

    fn close(&mut self, id: ChannelId) {
        self.channels.close(&mut self.wire, id);
    }

    fn peer_resets(&mut self, stream: u16) {
        self.channels.handle_incoming_reset(&mut self.wire, stream);
    }

    fn reset_done(&mut self, stream: u16) {
        self.channels.handle_outgoing_reset(&mut self.wire, stream);
    }

    fn events(&mut self) -> Vec<ChannelEvent> {
        std::iter::from_fn(|| self.channels.poll_event()).collect()
    }

    fn stream(&self, id: ChannelId) -> Option<u16> {
        self.channels.get(id).and_then(|channel| channel.stream)
    }

    fn incoming(&mut self) -> ChannelId {
        let events = self.events();
        let Some(ChannelEvent::Incoming(id)) = events.first() else {
            panic!("no incoming channel: {events:?}");
        };
        *id
    }

    /// Both halves are reset, the peer's first.
    fn finish_closing(&mut self, stream: u16) {
        self.peer_resets(stream);
        self.reset_done(stream);
    }
}
