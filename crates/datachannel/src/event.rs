//! What an endpoint tells.

use tidewire_sctp::CloseReason;

use crate::channel::{Channel, ChannelId};

/// What happened, from [`Endpoint::poll_event`](crate::Endpoint::poll_event).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The association is up.
    Connected,
    /// The association is over; all channels are closed.
    Disconnected(CloseReason),
    /// The peer opened a channel.
    Incoming(ChannelId),
    /// A channel is open.
    Opened(ChannelId),
    /// Messages wait on a channel. Told once until all of them have been received.
    Readable(ChannelId),
    /// What waits in a channel to be sent fell to its threshold.
    BufferedAmountLow(ChannelId),
    /// A channel is being closed, by either side: nothing can be sent on it any more.
    Closing(ChannelId),
    /// A channel is closed. It is forgotten with the next poll.
    Closed(ChannelId),
}

/// What has happened to a channel.
///
/// No more than one of a kind waits for each channel, however late they are polled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ChannelEvent {
    Incoming(ChannelId),
    Opened(ChannelId),
    Readable(ChannelId),
    BufferedAmountLow(ChannelId),
    Closing(ChannelId),
    Closed(ChannelId),
}

impl Channel {
    /// The first event in the order of a channel's life.
    pub(crate) fn take_event(&mut self, id: ChannelId) -> Option<ChannelEvent> {
        let pending = &mut self.pending;
        let flags = [
            (&mut pending.incoming, ChannelEvent::Incoming(id)),
            (&mut pending.opened, ChannelEvent::Opened(id)),
            (&mut pending.readable, ChannelEvent::Readable(id)),
            (
                &mut pending.buffered_amount_low,
                ChannelEvent::BufferedAmountLow(id),
            ),
            (&mut pending.closing, ChannelEvent::Closing(id)),
            (&mut pending.closed, ChannelEvent::Closed(id)),
        ];
        let (flag, event) = flags.into_iter().find(|(flag, _)| **flag)?;
        *flag = false;
        Some(event)
    }
}
