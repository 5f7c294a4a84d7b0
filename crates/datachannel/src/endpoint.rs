//! Data channels and the association that carries them, as one state machine.

use std::time::Instant;

use bytes::Bytes;
use tidewire_crypto::Rng;
use tidewire_sctp as sctp;

use crate::channel::{ChannelId, ChannelView};
use crate::channels::Channels;
use crate::config::{Config, Init, Role};
use crate::error::{CreateError, SendError};
use crate::event::{ChannelEvent, Event};
use crate::message::{Message, Ppid};
use crate::stats::Stats;
use crate::streams::{Delivery, Streams};

/// The data channels of a connection (RFC 8831), over an SCTP association of their own.
///
/// - Input: [`handle_packet`](Self::handle_packet), and [`handle_timeout`](Self::handle_timeout)
///   once [`poll_timeout`](Self::poll_timeout) is due.
/// - Output, to be drained after any input or command: [`poll_transmit`](Self::poll_transmit) until
///   it answers `false`, and [`poll_event`](Self::poll_event).
///
/// Channels may be created before the association is [connected](Self::connect); they open with it.
#[derive(Debug)]
pub struct Endpoint {
    carrier: Carrier,
    channels: Channels,
    /// Whether the application knows how the association fares.
    connection_event: Option<Event>,
    config: sctp::Config,
    rng: Rng,
}

/// The association as channels see it.
#[derive(Debug)]
struct Carrier {
    association: sctp::Association,
    now: Instant,
}

impl Endpoint {
    /// An endpoint without channels, not connected yet. [`sctp::Config::send_buffer`] is not used:
    /// each channel has its own bound, [`Config::max_buffered`], so that a full channel does not
    /// block the others.
    pub fn new(config: Config, association: sctp::Config, mut rng: Rng, now: Instant) -> Self {
        let association = sctp::Config {
            send_buffer: usize::MAX,
            ..association
        };
        Self {
            carrier: Carrier {
                association: sctp::Association::new(association.clone(), rng.fork(), now),
                now,
            },
            channels: Channels::new(config),
            connection_event: None,
            config: association,
            rng,
        }
    }

    /// Starts the association: whatever carries its packets is ready. Both sides may start.
    pub fn connect(&mut self, now: Instant) {
        self.advance(now);
        self.carrier.association.connect(now);
    }

    /// Sets our DTLS role, by which streams are chosen (RFC 8832 section 6). Until then channels that
    /// are not negotiated wait.
    pub fn set_role(&mut self, now: Instant, role: Role) {
        self.advance(now);
        self.channels.set_role(&mut self.carrier, now, role);
    }

    /// Sets the longest message that the peer accepts, in bytes; 0 means any (RFC 8841 section 6).
    pub fn set_max_message_size(&mut self, limit: u64) {
        self.channels
            .set_max_message_size((limit > 0).then_some(limit));
    }

    /// Sets the peer's SCTP port (RFC 8841 section 5).
    pub fn set_remote_port(&mut self, port: u16) {
        self.config.remote_port = port;
        self.carrier.association.set_remote_port(port);
    }

    /// Creates a channel.
    ///
    /// # Errors
    /// When a text is too long, a stream is taken or none is left, there are too many channels, or
    /// the association is over.
    pub fn create(
        &mut self,
        now: Instant,
        label: &str,
        init: Init,
    ) -> Result<ChannelId, CreateError> {
        self.advance(now);
        self.channels.create(&mut self.carrier, now, label, &init)
    }

    /// Queues a message on an open channel.
    ///
    /// # Errors
    /// When the channel is not open, the peer does not take messages this long, or the channel's
    /// buffer is full.
    pub fn send(
        &mut self,
        now: Instant,
        channel: ChannelId,
        message: Message,
    ) -> Result<(), SendError> {
        self.advance(now);
        self.channels.send(&mut self.carrier, now, channel, message)
    }

    /// The next message of a channel.
    ///
    /// What is not received holds the peer back, on all channels: SCTP has one receive window for the
    /// whole association (RFC 9260 section 6.2.1) and none for a stream. A channel that nobody reads
    /// fills it in the end and stops the others. [Close](Self::close) what you do not mean to read,
    /// channels that the peer opened included: what arrives on a closed channel is thrown away.
    pub fn receive(&mut self, channel: ChannelId) -> Option<Message> {
        self.channels.receive(&mut self.carrier, channel)
    }

    /// Closes a channel: what was sent is still delivered, what arrives is thrown away (RFC 8831
    /// section 6.7).
    pub fn close(&mut self, now: Instant, channel: ChannelId) {
        self.advance(now);
        self.channels.close(&mut self.carrier, channel);
    }

    /// How many bytes of messages wait in a channel to be sent.
    pub fn buffered_amount(&self, channel: ChannelId) -> usize {
        self.channels.buffered_amount(&self.carrier, channel)
    }

    /// Sets the number of waiting bytes at which [`Event::BufferedAmountLow`] tells that a channel
    /// has room again.
    pub fn set_buffered_amount_low_threshold(&mut self, channel: ChannelId, bytes: usize) {
        self.channels
            .set_buffered_amount_low_threshold(&mut self.carrier, channel, bytes);
    }

    /// What is known of a channel; `None` once its end has been told.
    pub fn channel(&self, channel: ChannelId) -> Option<ChannelView<'_>> {
        self.channels
            .get(channel)
            .map(|channel| ChannelView { channel })
    }

    /// All channels, in the order of their creation.
    pub fn channels(&self) -> impl Iterator<Item = ChannelId> {
        self.channels.ids()
    }

    /// Ends the association once all that was sent is delivered (RFC 9260 section 9.2), and all
    /// channels with it. Nothing more can be sent.
    pub fn shutdown(&mut self, now: Instant) {
        self.advance(now);
        self.carrier.association.shutdown(now);
        self.pump();
        if self.carrier.association.is_drained() {
            self.end_unbegun(sctp::CloseReason::Shutdown);
        }
    }

    /// Ends the association at once, and all channels with it; an ABORT tells the peer. What has
    /// arrived and was not received is lost.
    pub fn abort(&mut self, now: Instant) {
        self.end(now);
        self.channels.handle_abandoned(&mut self.carrier);
    }

    fn end(&mut self, now: Instant) {
        self.advance(now);
        self.carrier.association.abort(now);
        self.pump();
        self.end_unbegun(sctp::CloseReason::Aborted);
    }

    /// What carries the association is gone, and all channels with it; there is nobody to tell. What
    /// has arrived can still be received; a channel is closed when nothing is left of it.
    pub fn disconnect(&mut self, now: Instant) {
        self.end(now);
        let mut unsent = Vec::new();
        while self.carrier.association.poll_transmit(now, &mut unsent) {
            unsent.clear();
        }
    }

    /// Starts over with a new association, to be connected; all channels are closed.
    pub fn reset(&mut self, now: Instant) {
        self.disconnect(now);
        self.carrier.association =
            sctp::Association::new(self.config.clone(), self.rng.fork(), now);
        self.channels.handle_renewed(&mut self.carrier);
    }

    /// Takes in a packet of SCTP.
    pub fn handle_packet(&mut self, now: Instant, packet: Bytes) {
        self.advance(now);
        self.carrier.association.handle_packet(now, packet);
        self.pump();
    }

    /// Acts on the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        self.carrier.association.handle_timeout(now);
        self.pump();
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; `None` when idle.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.carrier.association.poll_timeout()
    }

    /// Appends the next packet to `out`; `false` when there is none for now.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        self.advance(now);
        self.carrier.association.poll_transmit(now, out)
    }

    /// What happened, in the order of each channel's life.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.pump();
        if let Some(event) = self.connection_event.take() {
            return Some(event);
        }
        self.channels.poll_event().map(|event| match event {
            ChannelEvent::Incoming(id) => Event::Incoming(id),
            ChannelEvent::Opened(id) => Event::Opened(id),
            ChannelEvent::Readable(id) => Event::Readable(id),
            ChannelEvent::BufferedAmountLow(id) => Event::BufferedAmountLow(id),
            ChannelEvent::Closing(id) => Event::Closing(id),
            ChannelEvent::Closed(id) => Event::Closed(id),
        })
    }

    /// Counters of the channels.
    pub fn stats(&self) -> Stats {
        self.channels.stats()
    }

    /// Counters of the association.
    pub fn association_stats(&self) -> sctp::Stats {
        self.carrier.association.stats()
    }

    /// Ends the channels of an association that never began: it does not tell of its end.
    fn end_unbegun(&mut self, reason: sctp::CloseReason) {
        if !self.channels.is_down() {
            self.channels.handle_disconnected(&mut self.carrier);
            self.connection_event = Some(Event::Disconnected(reason));
        }
    }

    /// Hands the association's events to the channels.
    fn pump(&mut self) {
        let now = self.carrier.now;
        while let Some(event) = self.carrier.association.poll_event() {
            let (channels, carrier) = (&mut self.channels, &mut self.carrier);
            match event {
                sctp::Event::Connected => {
                    let streams = carrier.association.max_streams();
                    channels.handle_connected(carrier, now, streams);
                    self.connection_event = Some(Event::Connected);
                }
                sctp::Event::Closed(reason) => {
                    channels.handle_disconnected(carrier);
                    self.connection_event = Some(Event::Disconnected(reason));
                }
                // RFC 9260 section 5.2.4.1: what there was is lost, and the peer knows none of it.
                sctp::Event::Restarted => channels.handle_renewed(carrier),
                sctp::Event::Readable(stream) => channels.handle_readable(carrier, now, stream.0),
                sctp::Event::BufferedAmountLow(stream) => {
                    channels.handle_buffered_amount_low(stream.0);
                }
                sctp::Event::IncomingStreamReset(stream) => {
                    channels.handle_incoming_reset(carrier, stream.0);
                }
                sctp::Event::OutgoingStreamReset(stream) => {
                    channels.handle_outgoing_reset(carrier, stream.0);
                }
                _ => {}
            }
        }
    }

    fn advance(&mut self, now: Instant) {
        self.carrier.now = self.carrier.now.max(now);
    }
}

impl Streams for Carrier {
    fn send(
        &mut self,
        now: Instant,
        stream: u16,
        ppid: Ppid,
        payload: Bytes,
        delivery: Delivery,
    ) -> Result<(), SendError> {
        let options = sctp::SendOptions {
            unordered: !delivery.ordered,
            reliability: delivery.reliability,
        };
        let (stream, ppid) = (sctp::StreamId(stream), sctp::Ppid(ppid.0));
        self.association
            .send(now, stream, ppid, payload, options)
            .map_err(|error| match error {
                sctp::SendError::Full => SendError::BufferFull,
                // It is shutting down: the end of the channel follows.
                _ => SendError::NotOpen,
            })
    }

    fn receive(&mut self, stream: u16) -> Option<(Ppid, Bytes)> {
        let message = self.association.receive(sctp::StreamId(stream))?;
        Some((Ppid(message.ppid.0), message.payload))
    }

    fn peek(&self, stream: u16) -> Option<Ppid> {
        self.association
            .peek_ppid(sctp::StreamId(stream))
            .map(|ppid| Ppid(ppid.0))
    }

    fn reset(&mut self, stream: u16) {
        self.association
            .reset_stream(self.now, sctp::StreamId(stream));
    }

    fn buffered_amount(&self, stream: u16) -> usize {
        self.association.buffered_amount(sctp::StreamId(stream))
    }

    fn set_buffered_amount_low_threshold(&mut self, stream: u16, bytes: usize) {
        let stream = sctp::StreamId(stream);
        self.association
            .set_buffered_amount_low_threshold(stream, bytes);
    }

    /// Streams take equal turns, message by message: the priority is told to the peer, and weighs
    /// nothing here.
    fn set_priority(&mut self, _stream: u16, _priority: u16) {}
}
