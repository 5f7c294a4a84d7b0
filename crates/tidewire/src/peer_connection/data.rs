//! The part of RTCPeerConnection that has data channels.

use std::time::Instant;

use tidewire_datachannel::{ChannelId, ChannelView, CreateError, Init, Message, SendError};

use super::PeerConnection;

impl PeerConnection {
    /// createDataChannel: a channel that opens when the connection is up. The first one makes
    /// negotiation necessary.
    ///
    /// # Errors
    /// When the connection is closed, a label or protocol is too long, or no stream is left.
    pub fn create_data_channel(
        &mut self,
        now: Instant,
        label: &str,
        init: Init,
    ) -> Result<ChannelId, CreateError> {
        let now = self.advance(now);
        let id = self.channels.create(now, label, init)?;
        self.negotiation.data_wanted = true;
        self.update_negotiation_needed();
        self.progress(now);
        Ok(id)
    }

    /// Queues a message on an open channel.
    ///
    /// # Errors
    /// When the channel is not open, the message is longer than the peer accepts, or the channel's
    /// buffer is full: wait for [`Event::BufferedAmountLow`](crate::Event::BufferedAmountLow).
    pub fn send(
        &mut self,
        now: Instant,
        channel: ChannelId,
        message: impl Into<Message>,
    ) -> Result<(), SendError> {
        let now = self.advance(now);
        self.channels.send(now, channel, message.into())
    }

    /// The next message of a channel. Messages that nobody takes hold back the peer, on all channels:
    /// they share one window. Close a channel that is not to be read.
    pub fn receive(&mut self, channel: ChannelId) -> Option<Message> {
        self.channels.receive(channel)
    }

    /// Closes a channel in both directions once everything queued has been sent (RFC 8831 section
    /// 6.7).
    pub fn close_data_channel(&mut self, now: Instant, channel: ChannelId) {
        let now = self.advance(now);
        self.channels.close(now, channel);
        self.progress(now);
    }

    /// Bytes of payload queued on a channel and not yet handed to the network: bufferedAmount.
    pub fn buffered_amount(&self, channel: ChannelId) -> usize {
        self.channels.buffered_amount(channel)
    }

    /// Sets bufferedAmountLowThreshold, in bytes.
    pub fn set_buffered_amount_low_threshold(&mut self, channel: ChannelId, threshold: usize) {
        self.channels
            .set_buffered_amount_low_threshold(channel, threshold);
    }

    /// What a channel was created with, its state and its counters; `None` after it is closed and
    /// forgotten.
    pub fn data_channel(&self, channel: ChannelId) -> Option<ChannelView<'_>> {
        self.channels.channel(channel)
    }
}
