//! What a connection reports.

use tidewire::dtls::CloseReason;
use tidewire::{
    IceCandidateInit, IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState,
};

use crate::data_channel::DataChannel;

/// Something happened, from [`PeerConnection::next_event`](crate::PeerConnection::next_event).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Offer and answer should be exchanged (again).
    NegotiationNeeded,
    /// The signaling state changed.
    SignalingStateChange(SignalingState),
    /// The gathering state changed.
    IceGatheringStateChange(IceGatheringState),
    /// The state of ICE changed.
    IceConnectionStateChange(IceConnectionState),
    /// The state of the whole connection changed.
    ConnectionStateChange(PeerConnectionState),
    /// A local candidate to be signalled; with an empty `candidate`, the end of candidates.
    IceCandidate(IceCandidateInit),
    /// Another candidate pair is in use.
    SelectedPairChange,
    /// DTLS could not be established, or ended in a fault.
    DtlsFailed(CloseReason),
    /// The peer has closed the connection.
    DtlsClosed,
    /// The peer opened a data channel.
    DataChannel(DataChannel),
}
