//! Audio and video of a connection.

use tidewire::{
    CodecCapability, Delivery, Direction, EncodingParameters, FrameInfo, MediaKind,
    MediaParameters, OutgoingFrame, OutgoingPacket, ParametersError, ReceivedMedia, SendMediaError,
    SignaledStream, SignalingState, StreamStats, TransceiverError, TransceiverId, TransceiverInit,
    TransceiverState,
};

use tidewire::report::StatsReport;

use crate::peer_connection::PeerConnection;

impl PeerConnection {
    /// addTransceiver.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::add_transceiver`].
    pub fn add_transceiver(
        &self,
        kind: MediaKind,
        init: TransceiverInit,
    ) -> Result<TransceiverId, TransceiverError> {
        self.connection()
            .with(|core, _| core.protocol.add_transceiver(kind, init))
    }

    /// Adds a transceiver about which both ends have agreed without descriptions.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::add_negotiated_transceiver`].
    pub fn add_negotiated_transceiver(
        &self,
        init: TransceiverInit,
        parameters: &MediaParameters,
    ) -> Result<TransceiverId, ParametersError> {
        self.connection().with(|core, now| {
            core.protocol
                .add_negotiated_transceiver(now, init, parameters)
        })
    }

    /// Applies other parameters to a transceiver that was added as negotiated.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::update_negotiated_transceiver`].
    pub fn update_negotiated_transceiver(
        &self,
        id: TransceiverId,
        parameters: &MediaParameters,
    ) -> Result<(), ParametersError> {
        self.connection().with(|core, now| {
            core.protocol
                .update_negotiated_transceiver(now, id, parameters)
        })
    }

    /// The streams that a transceiver sends.
    pub fn sent_streams(&self, id: TransceiverId) -> Vec<SignaledStream> {
        self.connection()
            .look(|core| core.protocol.sent_streams(id))
    }

    /// addTrack.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::add_track`].
    pub fn add_track(
        &self,
        kind: MediaKind,
        streams: &[&str],
    ) -> Result<TransceiverId, TransceiverError> {
        self.connection()
            .with(|core, _| core.protocol.add_track(kind, streams))
    }

    /// removeTrack.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::remove_track`].
    pub fn remove_track(&self, id: TransceiverId) -> Result<(), TransceiverError> {
        self.connection()
            .with(|core, _| core.protocol.remove_track(id))
    }

    /// replaceTrack: whether there is something to send.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::replace_track`].
    pub fn replace_track(
        &self,
        id: TransceiverId,
        has_track: bool,
    ) -> Result<(), TransceiverError> {
        self.connection()
            .with(|core, _| core.protocol.replace_track(id, has_track))
    }

    /// Sets the direction of a transceiver. Negotiation makes it happen.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::set_direction`].
    pub fn set_direction(
        &self,
        id: TransceiverId,
        direction: Direction,
    ) -> Result<(), TransceiverError> {
        self.connection()
            .with(|core, _| core.protocol.set_direction(id, direction))
    }

    /// Stops a transceiver.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::stop_transceiver`].
    pub fn stop_transceiver(&self, id: TransceiverId) -> Result<(), TransceiverError> {
        self.connection()
            .with(|core, now| core.protocol.stop_transceiver(now, id))
    }

    /// setCodecPreferences.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::set_codec_preferences`].
    pub fn set_codec_preferences(
        &self,
        id: TransceiverId,
        codecs: &[CodecCapability],
    ) -> Result<(), TransceiverError> {
        self.connection()
            .with(|core, _| core.protocol.set_codec_preferences(id, codecs))
    }

    /// setParameters.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::set_parameters`].
    pub fn set_parameters(
        &self,
        id: TransceiverId,
        encodings: &[EncodingParameters],
    ) -> Result<(), TransceiverError> {
        self.connection()
            .with(|core, _| core.protocol.set_parameters(id, encodings))
    }

    /// Sets in which form received media are handed on.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::set_delivery`].
    pub fn set_delivery(
        &self,
        id: TransceiverId,
        delivery: Delivery,
    ) -> Result<(), TransceiverError> {
        self.connection()
            .with(|core, now| core.protocol.set_delivery(now, id, delivery))
    }

    /// All transceivers, in the order in which they were added.
    pub fn transceivers(&self) -> Vec<TransceiverState> {
        self.connection()
            .look(|core| core.protocol.transceivers().collect())
    }

    /// A transceiver; `None` when there is none (any more).
    pub fn transceiver(&self, id: TransceiverId) -> Option<TransceiverState> {
        self.connection().look(|core| core.protocol.transceiver(id))
    }

    /// Sends a frame of a transceiver's encoding. It is dropped while nothing may be sent.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::send_frame`].
    pub fn send_frame(
        &self,
        id: TransceiverId,
        encoding: usize,
        frame: OutgoingFrame,
        info: &FrameInfo,
    ) -> Result<(), SendMediaError> {
        self.connection()
            .with(|core, now| core.protocol.send_frame(now, id, encoding, frame, info))
    }

    /// Sends an RTP packet of a transceiver's encoding. It is dropped while nothing may be sent.
    ///
    /// # Errors
    /// As [`tidewire::PeerConnection::send_packet`].
    pub fn send_packet(
        &self,
        id: TransceiverId,
        encoding: usize,
        packet: OutgoingPacket,
    ) -> Result<(), SendMediaError> {
        self.connection()
            .with(|core, now| core.protocol.send_packet(now, id, encoding, packet))
    }

    /// What was seen of the streams of a transceiver.
    pub fn stream_stats(&self, id: TransceiverId) -> StreamStats {
        self.connection()
            .look(|core| core.protocol.stream_stats(id))
    }

    /// getStats.
    pub fn stats_report(&self) -> StatsReport {
        self.connection()
            .with(|core, now| core.protocol.stats_report(now))
    }

    /// Asks the peer for a key frame of a stream that a transceiver receives: of all of them, unless
    /// told which.
    pub fn request_key_frame(&self, id: TransceiverId, ssrc: Option<u32>) {
        self.connection()
            .with(|core, now| core.protocol.request_key_frame(now, id, ssrc));
    }

    /// The next frame or packet that was received; `None` once the connection is closed. Handles share
    /// the media: each frame goes to one of them. What nobody takes in time is dropped.
    pub async fn receive_media(&self) -> Option<ReceivedMedia> {
        loop {
            let arrived = self.connection().media_arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let (media, is_closed) = self.connection().take(|core| {
                let is_closed = core.protocol.signaling_state() == SignalingState::Closed;
                (core.protocol.poll_media(), is_closed)
            });
            match media {
                Some(media) => return Some(media),
                None if is_closed => return None,
                None => arrived.await,
            }
        }
    }
}
