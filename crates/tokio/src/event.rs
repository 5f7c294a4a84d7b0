//! What a connection reports.

use std::sync::Arc;

use tidewire::dtls::CloseReason;
use tidewire::{
    IceCandidateInit, IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState,
    TransceiverId,
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
    /// The peer sends media, or is about to.
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
