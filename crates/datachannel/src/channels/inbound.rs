//! What arrives on streams.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::Channels;
use super::opening::send_control;
use super::uses::Use;
use crate::channel::{Channel, ChannelId};
use crate::dcep::{DcepMessage, OpenMessage};
use crate::message::{Kind, Message, Ppid};
use crate::stats::Fault;
use crate::streams::Streams;

impl Channels {
    /// Something has arrived on `stream`.
    pub(crate) fn handle_readable(&mut self, streams: &mut dyn Streams, now: Instant, stream: u16) {
        match self.uses.get(stream) {
            Some(Use::Channel(id)) => self.pump(streams, id),
            Some(Use::Refused { .. }) => while streams.receive(stream).is_some() {},
            None => self.handle_first(streams, now, stream),
        }
    }

    /// A stream that nobody uses: an OPEN begins it (RFC 8832 section 6), or a negotiated channel that
    /// is yet to be created here.
    fn handle_first(&mut self, streams: &mut dyn Streams, now: Instant, stream: u16) {
        while let Some((ppid, payload)) = streams.receive(stream) {
            let fault = if ppid == Ppid::DCEP {
                match self.read_first(stream, &payload) {
                    Ok(open) => return self.accept(streams, now, stream, &open),
                    Err(fault) => fault,
                }
            } else if self.keep(stream, ppid, payload) {
                continue;
            } else {
                Fault::Unexpected
            };
            self.stats.faults.count(fault);
            self.waiting.take(stream);
            return self.refuse(streams, stream);
        }
    }

    fn keep(&mut self, stream: u16, ppid: Ppid, payload: Bytes) -> bool {
        let is_user_data = matches!(ppid.kind(), Kind::Whole | Kind::Fragment);
        is_user_data && stream < self.stream_count() && self.waiting.keep(stream, ppid, payload)
    }

    fn read_first<'a>(&self, stream: u16, payload: &'a [u8]) -> Result<OpenMessage<'a>, Fault> {
        match DcepMessage::parse(payload) {
            // An OPEN is the first message of its stream.
            Ok(DcepMessage::Open(_)) if self.waiting.holds(stream) => Err(Fault::Unexpected),
            Ok(DcepMessage::Open(open)) => self.check_open(stream, &open).map(|()| open),
            Ok(DcepMessage::Ack) => Err(Fault::Unexpected),
            Err(_) => Err(Fault::Malformed),
        }
    }

    fn check_open(&self, stream: u16, open: &OpenMessage<'_>) -> Result<(), Fault> {
        let exists = stream < self.stream_count();
        if !exists || self.role.is_some_and(|role| !role.peer().owns(stream)) {
            return Err(Fault::WrongStream);
        }
        let text = open.label.len() + open.protocol.len();
        if self.channels.len() >= self.config.max_channels
            || self.incoming_text + text > self.config.max_incoming_text
        {
            return Err(Fault::TooMany);
        }
        Ok(())
    }

    fn accept(
        &mut self,
        streams: &mut dyn Streams,
        now: Instant,
        stream: u16,
        open: &OpenMessage<'_>,
    ) {
        let mut ack = Vec::new();
        let written = DcepMessage::Ack.write(&mut ack);
        debug_assert!(written.is_ok(), "an ACK has no fields");
        if !send_control(streams, now, stream, ack.into()) {
            self.stats.faults.count(Fault::TooMany);
            return self.refuse(streams, stream);
        }
        let id = self.insert(Channel::remote(open));
        self.assign(id, Some(stream));
        streams.set_priority(stream, open.priority);
        streams.set_buffered_amount_low_threshold(stream, 0);
        self.tell(id, |channel| channel.pending.incoming = true);
        self.become_open(id);
        self.pump(streams, id);
    }

    /// Handles what stands before the application's next message and tells of that.
    pub(super) fn pump(&mut self, streams: &mut dyn Streams, id: ChannelId) {
        while let Some(channel) = self.channels.get_mut(&id)
            && let Some(ppid) = channel.peek(streams)
        {
            if channel.discards {
                self.discard(streams, id);
                break;
            }
            if ppid.kind() == Kind::Whole {
                channel.known_to_peer = true;
                self.tell_readable(id);
                break;
            }
            let Some((ppid, payload)) = channel.take(streams) else {
                break;
            };
            if let Err(fault) = self.handle_special(id, ppid, &payload) {
                self.fail(streams, id, fault);
            }
        }
        self.settle(streams, id);
    }

    fn tell_readable(&mut self, id: ChannelId) {
        let told = self
            .channels
            .get(&id)
            .is_none_or(|channel| channel.told_readable);
        if !told {
            self.tell(id, |channel| {
                channel.told_readable = true;
                channel.pending.readable = true;
            });
        }
    }

    /// Handles a message that the application does not see.
    fn handle_special(&mut self, id: ChannelId, ppid: Ppid, payload: &[u8]) -> Result<(), Fault> {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Ok(());
        };
        match ppid.kind() {
            Kind::Dcep => match DcepMessage::parse(payload) {
                Ok(DcepMessage::Ack) => {
                    channel.known_to_peer = true;
                    Ok(())
                }
                Ok(DcepMessage::Open(_)) => Err(Fault::Reopened),
                Err(_) => Err(Fault::Malformed),
            },
            Kind::Fragment => {
                channel.known_to_peer = true;
                self.hold_fragment(id, ppid.is_text(), payload)
            }
            Kind::Whole | Kind::Unknown => Err(Fault::UnknownPpid),
        }
    }

    fn hold_fragment(&mut self, id: ChannelId, is_text: bool, part: &[u8]) -> Result<(), Fault> {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Ok(());
        };
        let held = &mut channel.fragments;
        let continues = held.bytes.is_empty() || held.is_text == is_text;
        let len = held.bytes.len() + part.len();
        let total = self.fragments_total + part.len();
        if !continues
            || len > self.config.max_fragmented_message
            || total > self.config.max_fragments_total
        {
            return Err(Fault::Fragments);
        }
        held.is_text = is_text;
        held.bytes.extend_from_slice(part);
        self.fragments_total = total;
        Ok(())
    }

    /// Puts the fragments held before the last one, `message`; `None` if they do not belong together
    /// and the channel was closed for it.
    pub(super) fn complete(
        &mut self,
        streams: &mut dyn Streams,
        id: ChannelId,
        message: Message,
    ) -> Option<Message> {
        let held = &self.channels.get(&id)?.fragments;
        if held.bytes.is_empty() {
            return Some(message);
        }
        let is_text = message.is_text();
        if let Err(fault) = self.hold_fragment(id, is_text, message.payload()) {
            self.fail(streams, id, fault);
            return None;
        }
        let held = &mut self.channels.get_mut(&id)?.fragments.bytes;
        let whole = std::mem::replace(held, BytesMut::new()).freeze();
        self.fragments_total -= whole.len();
        Some(match is_text {
            true => Message::Text(whole),
            false => Message::Binary(whole),
        })
    }

    /// Closes the channel for a fault of the peer's.
    fn fail(&mut self, streams: &mut dyn Streams, id: ChannelId, fault: Fault) {
        self.stats.faults.count(fault);
        self.close(streams, id);
    }
}
