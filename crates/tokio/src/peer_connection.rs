//! RTCPeerConnection with sockets and timers of its own.

use std::sync::Arc;

use tidewire::datachannel::CreateError;
use tidewire::{
    DataChannelInit, IceCandidateInit, IceConnectionState, IceGatheringState, NegotiationError,
    ParametersError, PeerConnectionState, PeerParameters, PeerRole, SessionDescription,
    SignalingState, Stats,
};

use crate::connection::Connection;
use crate::data_channel::DataChannel;
use crate::event::Event;
use crate::events::Waiting;
use crate::handle::Handle;

/// A connection to a peer. A clone is another handle of the same.
///
/// When the last handle of the connection and of its channels is dropped, the connection is closed.
#[derive(Clone, Debug)]
pub struct PeerConnection {
    handle: Arc<Handle>,
}

impl PeerConnection {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self {
            handle: Arc::new(Handle { connection }),
        }
    }

    /// createOffer.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::create_offer`].
    pub fn create_offer(&self) -> Result<SessionDescription, NegotiationError> {
        self.connection()
            .with(|core, _| core.protocol.create_offer())
    }

    /// createAnswer.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::create_answer`].
    pub fn create_answer(&self) -> Result<SessionDescription, NegotiationError> {
        self.connection()
            .with(|core, _| core.protocol.create_answer())
    }

    /// setLocalDescription.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::set_local_description`].
    pub fn set_local_description(
        &self,
        description: SessionDescription,
    ) -> Result<(), NegotiationError> {
        self.connection()
            .with(|core, now| core.protocol.set_local_description(now, &description))
    }

    /// setRemoteDescription.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::set_remote_description`].
    pub fn set_remote_description(
        &self,
        description: SessionDescription,
    ) -> Result<(), NegotiationError> {
        self.connection()
            .with(|core, now| core.protocol.set_remote_description(now, &description))
    }

    /// addIceCandidate.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::add_ice_candidate`].
    pub fn add_ice_candidate(&self, candidate: &IceCandidateInit) -> Result<(), NegotiationError> {
        self.connection()
            .with(|core, now| core.protocol.add_ice_candidate(now, candidate))
    }

    /// What the peer has to be told about this end for [`connect`](Self::connect).
    pub fn parameters(&self) -> PeerParameters {
        self.connection().look(|core| core.protocol.parameters())
    }

    /// Connects without offer and answer.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::connect`].
    pub fn connect(&self, role: PeerRole, peer: &PeerParameters) -> Result<(), ParametersError> {
        self.connection()
            .with(|core, now| core.protocol.connect(now, role, peer))
    }

    /// restartIce: the next offer asks for new ICE credentials.
    pub fn restart_ice(&self) {
        self.connection()
            .with(|core, _| core.protocol.restart_ice());
    }

    /// Offers are answered in one step: sets `offer`, and returns the answer when all candidates
    /// are in it.
    ///
    /// # Errors
    /// When the offer cannot be answered.
    pub async fn answer(
        &self,
        offer: SessionDescription,
    ) -> Result<SessionDescription, NegotiationError> {
        self.set_remote_description(offer)?;
        let answer = self.create_answer()?;
        self.set_local_description(answer)?;
        self.gathering_complete().await;
        self.local_description().ok_or(NegotiationError::Closed)
    }

    /// createDataChannel.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::create_data_channel`].
    pub fn create_data_channel(
        &self,
        label: &str,
        init: DataChannelInit,
    ) -> Result<DataChannel, CreateError> {
        let created = self
            .connection()
            .with(|core, now| core.protocol.create_data_channel(now, label, init))?;
        Ok(DataChannel::created(Arc::clone(&self.handle), created))
    }

    /// localDescription, with all candidates gathered so far.
    pub fn local_description(&self) -> Option<SessionDescription> {
        self.connection()
            .look(|core| core.protocol.local_description())
    }

    /// remoteDescription.
    pub fn remote_description(&self) -> Option<SessionDescription> {
        self.connection()
            .look(|core| core.protocol.remote_description())
    }

    /// signalingState.
    pub fn signaling_state(&self) -> SignalingState {
        self.connection()
            .look(|core| core.protocol.signaling_state())
    }

    /// connectionState.
    pub fn connection_state(&self) -> PeerConnectionState {
        self.connection()
            .look(|core| core.protocol.connection_state())
    }

    /// iceConnectionState.
    pub fn ice_connection_state(&self) -> IceConnectionState {
        self.connection()
            .look(|core| core.protocol.ice_connection_state())
    }

    /// iceGatheringState.
    pub fn ice_gathering_state(&self) -> IceGatheringState {
        self.connection()
            .look(|core| core.protocol.ice_gathering_state())
    }

    /// The connection in numbers.
    pub fn stats(&self) -> Stats {
        self.connection().look(|core| core.protocol.stats())
    }

    /// Waits until all local candidates are known, or the connection is closed. Gathering begins
    /// with the first local description.
    pub async fn gathering_complete(&self) {
        self.wait_for(|protocol| {
            protocol.ice_gathering_state() == IceGatheringState::Complete
                || protocol.signaling_state() == SignalingState::Closed
        })
        .await;
    }

    /// The next event; `None` once the connection is closed. Handles share the events: each goes to
    /// one of them.
    pub async fn next_event(&self) -> Option<Event> {
        loop {
            let changed = self.connection().changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (event, is_closed) = self.connection().with(|core, _| {
                let is_closed = core.protocol.signaling_state() == SignalingState::Closed;
                (core.events.pop(), is_closed)
            });
            match event.and_then(|waiting| self.translate(waiting)) {
                Some(event) => return Some(event),
                None if is_closed => return None,
                None => changed.await,
            }
        }
    }

    /// close: ends the connection at once. The peer is told.
    pub fn close(&self) {
        self.connection().with(|core, now| core.protocol.close(now));
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.handle.connection
    }

    async fn wait_for(&self, mut done: impl FnMut(&tidewire::PeerConnection) -> bool) {
        loop {
            let changed = self.connection().changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.connection().look(|core| done(&core.protocol)) {
                return;
            }
            changed.await;
        }
    }

    fn translate(&self, waiting: Waiting) -> Option<Event> {
        use tidewire::Event as Protocol;
        let event = match waiting {
            Waiting::Event(event) => event,
            Waiting::Channel(channel) => {
                let channel = DataChannel::new(Arc::clone(&self.handle), channel);
                return Some(Event::DataChannel(channel));
            }
        };
        Some(match event {
            Protocol::NegotiationNeeded => Event::NegotiationNeeded,
            Protocol::SignalingStateChange(state) => Event::SignalingStateChange(state),
            Protocol::IceGatheringStateChange(state) => Event::IceGatheringStateChange(state),
            Protocol::IceConnectionStateChange(state) => Event::IceConnectionStateChange(state),
            Protocol::ConnectionStateChange(state) => Event::ConnectionStateChange(state),
            Protocol::IceCandidate(candidate) => Event::IceCandidate(candidate),
            Protocol::SelectedPairChange => Event::SelectedPairChange,
            Protocol::DtlsFailed(reason) => Event::DtlsFailed(reason),
            Protocol::DtlsClosed => Event::DtlsClosed,
            Protocol::Track(id) => Event::Track(id),
            Protocol::TrackEnded(id) => Event::TrackEnded(id),
            Protocol::TransceiverStopped(id) => Event::TransceiverStopped(id),
            Protocol::StreamStarted {
                transceiver,
                ssrc,
                rid,
            } => Event::StreamStarted {
                transceiver,
                ssrc,
                rid,
            },
            Protocol::StreamEnded { transceiver, ssrc } => Event::StreamEnded { transceiver, ssrc },
            Protocol::KeyFrameRequested {
                transceiver,
                encoding,
            } => Event::KeyFrameRequested {
                transceiver,
                encoding,
            },
            // The rest is dealt with where it arises.
            _ => return None,
        })
    }
}
