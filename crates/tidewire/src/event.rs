//! What a connection reports.

use tidewire_datachannel::ChannelId;
use tidewire_dtls::CloseReason;

use crate::description::IceCandidateInit;
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
}
