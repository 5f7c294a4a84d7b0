//! How channels cease to be (RFC 8831 section 6.7).

use super::uses::{Half, Use, Uses};
use super::waiting::Waiting;
use super::{Channels, Link};
use crate::channel::{ChannelId, Reset, State};
use crate::streams::Streams;

impl Channels {
    /// Closes the channel: what was sent is still delivered, what arrives is thrown away.
    pub(crate) fn close(&mut self, streams: &mut dyn Streams, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id) else {
            return;
        };
        if channel.state == State::Closed {
            return;
        }
        channel.discards = true;
        let held = std::mem::take(&mut channel.fragments);
        self.fragments_total -= held.bytes.len();
        self.begin_closing(id);
        self.discard(streams, id);
        self.settle(streams, id);
    }

    pub(crate) fn handle_incoming_reset(&mut self, streams: &mut dyn Streams, stream: u16) {
        match self.uses.get(stream) {
            Some(Use::Channel(id)) => {
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.incoming_reset = true;
                }
                self.begin_closing(id);
                self.pump(streams, id);
            }
            Some(Use::Refused { .. }) => self.uses.release_refused(stream, Half::Incoming),
            // A negotiated channel, perhaps, that exists only over there: without an answer its end would
            // never come.
            None if self.waiting.holds(stream) => {
                self.waiting.take(stream);
                self.handle_incoming_reset(streams, stream);
            }
            None if self.uses.answer_once(stream) => {
                self.refuse(streams, stream);
                self.uses.release_refused(stream, Half::Incoming);
            }
            None => {}
        }
    }

    pub(crate) fn handle_outgoing_reset(&mut self, streams: &mut dyn Streams, stream: u16) {
        match self.uses.get(stream) {
            Some(Use::Channel(id)) => {
                if let Some(channel) = self.channels.get_mut(&id) {
                    channel.outgoing = Reset::Done;
                }
                self.settle(streams, id);
            }
            Some(Use::Refused { .. }) => self.uses.release_refused(stream, Half::Outgoing),
            None => {}
        }
    }

    /// The association is over, and with it are all channels (RFC 8831 section 6.2). What has arrived
    /// can still be received.
    pub(crate) fn handle_disconnected(&mut self, streams: &mut dyn Streams) {
        self.link = Link::Down;
        for id in self.all(|channel| channel.state != State::Closed) {
            self.begin_closing(id);
            self.settle(streams, id);
        }
    }

    /// The connection was closed on this side: nobody will read what has arrived.
    pub(crate) fn handle_abandoned(&mut self, streams: &mut dyn Streams) {
        self.link = Link::Down;
        for id in self.all(|channel| channel.state != State::Closed) {
            self.close(streams, id);
        }
    }

    /// Another association takes the place of the one there was, and knows no channels: what has arrived
    /// is lost.
    pub(crate) fn handle_renewed(&mut self, streams: &mut dyn Streams) {
        self.handle_abandoned(streams);
        self.uses = Uses::default();
        self.waiting = Waiting::default();
        self.link = Link::Waiting;
    }

    /// Takes the next step of closing that is due.
    pub(super) fn settle(&mut self, streams: &mut dyn Streams, id: ChannelId) {
        let link = self.link;
        let Some(channel) = self.channels.get_mut(&id) else {
            return;
        };
        if channel.state != State::Closing {
            return;
        }
        let Some(stream) = channel.stream else {
            return self.finish(id);
        };
        // The peer's last messages come before the end: it is not reset while they wait, so that the
        // peer cannot use the stream anew either.
        let drained = channel.discards || channel.peek(streams).is_none();
        if link != Link::Down && drained && channel.outgoing == Reset::None {
            channel.outgoing = Reset::Requested;
            streams.reset(stream);
        }
        let both_reset = channel.outgoing == Reset::Done && channel.incoming_reset;
        if drained && (both_reset || link == Link::Down) {
            self.finish(id);
        }
    }

    /// Ends the channel and frees its stream.
    pub(super) fn finish(&mut self, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id) else {
            return;
        };
        if let Some(stream) = channel.live_stream() {
            self.uses.remove(stream);
        }
        let held = std::mem::take(&mut channel.fragments);
        self.fragments_total -= held.bytes.len();
        self.tell(id, |channel| {
            channel.state = State::Closed;
            channel.pending.readable = false;
            channel.pending.buffered_amount_low = false;
            channel.pending.closed = true;
        });
    }

    /// Gives up a stream on which the peer may not be heard: resets it and throws away what it
    /// carries.
    pub(super) fn refuse(&mut self, streams: &mut dyn Streams, stream: u16) {
        let refused = Use::Refused {
            outgoing_done: false,
            incoming_reset: false,
        };
        self.uses.insert(stream, refused);
        while streams.receive(stream).is_some() {}
        streams.reset(stream);
    }

    fn begin_closing(&mut self, id: ChannelId) {
        let Some(channel) = self.channels.get_mut(&id) else {
            return;
        };
        let was = channel.state;
        if was == State::Closing || was == State::Closed {
            return;
        }
        channel.state = State::Closing;
        if was == State::Open {
            self.stats.channels_closed += 1;
            self.tell(id, |channel| channel.pending.closing = true);
        }
        // Nothing was said about it on the wire, and nobody needs to hear of its end.
        if was == State::Connecting {
            self.finish(id);
        }
    }

    /// Throws away what has arrived, so that it does not hold the window closed.
    pub(super) fn discard(&mut self, streams: &mut dyn Streams, id: ChannelId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            while channel.take(streams).is_some() {}
        }
    }
}
