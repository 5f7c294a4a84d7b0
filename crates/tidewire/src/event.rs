//! What a connection reports.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::Arc;

use tidewire_datachannel::ChannelId;
use tidewire_dtls::CloseReason;
use tidewire_media::Media;

use crate::description::IceCandidateInit;
use crate::media::TransceiverId;
use crate::state::{IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState};

/// Something happened that the application may care about, from
/// [`PeerConnection::poll_event`](crate::PeerConnection::poll_event).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Offer and answer should be exchanged (again).
    NegotiationNeeded,
    /// [`PeerConnection::signaling_state`](crate::PeerConnection::signaling_state) changed.
    SignalingStateChange(SignalingState),
    /// The gathering state changed.
    IceGatheringStateChange(IceGatheringState),
    /// The state of ICE changed.
    IceConnectionStateChange(IceConnectionState),
    /// The state of the whole connection changed.
    ConnectionStateChange(PeerConnectionState),
    /// A local candidate to be signalled; with an empty `candidate`, the end of candidates.
    IceCandidate(IceCandidateInit),
    /// The peer told an mDNS name (RFC 8828). Look it up and call
    /// [`PeerConnection::resolve_mdns`](crate::PeerConnection::resolve_mdns), or do not: the
    /// connection then waits for the peer's own checks.
    ResolveMdns {
        /// The name, ending in `.local`.
        name: String,
    },
    /// DTLS could not be established, or ended in a fault.
    DtlsFailed(CloseReason),
    /// The peer ended the DTLS association on purpose: it has closed the connection.
    DtlsClosed,
    /// Another candidate pair is in use: see [`PeerConnection::stats`](crate::PeerConnection::stats).
    SelectedPairChange,
    /// A data channel that the peer opened; it is open.
    DataChannel(ChannelId),
    /// A data channel that we created is open.
    DataChannelOpen(ChannelId),
    /// Messages wait to be read with [`PeerConnection::receive`](crate::PeerConnection::receive).
    /// Reported once until all have been read.
    DataChannelReadable(ChannelId),
    /// The bytes waiting to be sent fell to the channel's low threshold.
    BufferedAmountLow(ChannelId),
    /// The peer began to close the channel.
    DataChannelClosing(ChannelId),
    /// The channel is closed.
    DataChannelClosed(ChannelId),
    /// The peer sends media, or is about to: `track` of the W3C. See
    /// [`PeerConnection::transceiver`](crate::PeerConnection::transceiver).
    Track(TransceiverId),
    /// The peer does not send that media any more.
    TrackEnded(TransceiverId),
    /// The transceiver was stopped, by one side or the other. It is gone.
    TransceiverStopped(TransceiverId),
    /// A stream of received media has begun.
    StreamStarted {
        /// Where it belongs.
        transceiver: TransceiverId,
        /// The stream.
        ssrc: u32,
        /// Its name among the layers of simulcast.
        rid: Option<Arc<str>>,
    },
    /// A stream of received media has ended.
    StreamEnded {
        /// Where it belongs.
        transceiver: TransceiverId,
        /// The stream.
        ssrc: u32,
    },
    /// The peer needs a key frame of an encoding that we send.
    KeyFrameRequested {
        /// The sender.
        transceiver: TransceiverId,
        /// The encoding, by its place.
        encoding: usize,
    },
}

/// Media that was received, from [`PeerConnection::poll_media`](crate::PeerConnection::poll_media).
#[derive(Clone, Debug)]
pub struct ReceivedMedia {
    /// Where it belongs.
    pub transceiver: TransceiverId,
    /// The stream.
    pub ssrc: u32,
    /// The stream's name among the layers of simulcast.
    pub rid: Option<Arc<str>>,
    /// The frame or packet.
    pub media: Media,
}

/// Events that nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Events(VecDeque<Event>);

/// Events that wait at most. The peer causes some of them, and not every application asks.
const MAX_EVENTS: usize = 256;

impl Events {
    /// Adds an event. Where there are too many, the oldest of its kind, which it supersedes, makes
    /// room.
    pub(crate) fn push(&mut self, event: Event) {
        if self.0.len() == MAX_EVENTS {
            let kind = discriminant(&event);
            let superseded = self.0.iter().position(|known| discriminant(known) == kind);
            self.0.remove(superseded.unwrap_or(0));
        }
        self.0.push_back(event);
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.0.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_nobody_asks_for_stay_bounded_and_the_last_of_each_kind_stays() {
        let mut events = Events::default();
        let failed = Event::ConnectionStateChange(PeerConnectionState::Failed);
        events.push(failed.clone());
        for _ in 0..10_000 {
            events.push(Event::SelectedPairChange);
            events.push(Event::IceConnectionStateChange(
                IceConnectionState::Connected,
            ));
        }
        events.push(Event::IceConnectionStateChange(IceConnectionState::Failed));
        let left: Vec<_> = std::iter::from_fn(|| events.pop()).collect();
        assert_eq!(left.len(), MAX_EVENTS);
        assert_eq!(left.first(), Some(&failed));
        let last = Event::IceConnectionStateChange(IceConnectionState::Failed);
        assert_eq!(left.last(), Some(&last));
    }
}
