//! The part of RTCPeerConnection that has transceivers.

use std::time::Instant;

use tidewire_media::{Delivery, MediaKind};
use tidewire_sdp::Direction;

use super::PeerConnection;
use crate::error::TransceiverError;
use crate::event::Event;
use crate::media::{
    CodecCapability, EncodingParameters, Transceiver, TransceiverId, TransceiverInit,
    TransceiverState, track_name,
};

impl PeerConnection {
    /// Transceivers at once, those that the peer's descriptions make included.
    pub const MAX_TRANSCEIVERS: usize = 256;

    /// addTransceiver: media of a kind is to flow. Negotiation is needed.
    ///
    /// # Errors
    /// When the connection is closed, there are too many, or descriptions cannot carry the names of streams
    /// or encodings.
    pub fn add_transceiver(
        &mut self,
        kind: MediaKind,
        init: TransceiverInit,
    ) -> Result<TransceiverId, TransceiverError> {
        self.check_open().map_err(|_| TransceiverError::Closed)?;
        init.check(kind)?;
        let id = self.new_transceiver(kind, init)?;
        self.update_negotiation_needed();
        Ok(id)
    }

    /// addTrack: something of a kind is to be sent, in these streams. A transceiver that has not sent
    /// before is used if there is one.
    ///
    /// # Errors
    /// When the connection is closed, there are too many transceivers, or descriptions cannot carry the
    /// names of the streams.
    pub fn add_track(
        &mut self,
        kind: MediaKind,
        streams: &[&str],
    ) -> Result<TransceiverId, TransceiverError> {
        self.check_open().map_err(|_| TransceiverError::Closed)?;
        let init = TransceiverInit {
            streams: streams.iter().map(|stream| (*stream).to_owned()).collect(),
            ..TransceiverInit::default()
        };
        init.check(kind)?;
        let never_sent = |transceiver: &&mut Transceiver| {
            transceiver.kind == kind
                && transceiver.is_live()
                && !transceiver.direction.sends()
                && transceiver.sender.is_none()
        };
        if let Some(transceiver) = self.transceivers.iter_mut().find(never_sent) {
            transceiver.direction = with_sending(transceiver.direction, true);
            transceiver.streams = init.streams;
            transceiver.has_track = true;
            transceiver.is_from_track = true;
            let id = transceiver.id;
            self.update_negotiation_needed();
            return Ok(id);
        }
        let id = self.add_transceiver(kind, init)?;
        self.transceiver_mut(id)?.is_from_track = true;
        Ok(id)
    }

    /// removeTrack: nothing more is to be sent. Negotiation is needed.
    ///
    /// # Errors
    /// When there is no such transceiver.
    pub fn remove_track(&mut self, id: TransceiverId) -> Result<(), TransceiverError> {
        let transceiver = self.transceiver_mut(id)?;
        transceiver.direction = with_sending(transceiver.direction, false);
        transceiver.has_track = false;
        self.update_sender(id);
        self.apply_parameters(self.now);
        self.update_negotiation_needed();
        Ok(())
    }

    /// replaceTrack: whether there is something to send. Without, the sender falls silent; nothing is
    /// negotiated.
    ///
    /// # Errors
    /// When there is no such transceiver.
    pub fn replace_track(
        &mut self,
        id: TransceiverId,
        has_track: bool,
    ) -> Result<(), TransceiverError> {
        self.transceiver_mut(id)?.has_track = has_track;
        self.update_sender(id);
        Ok(())
    }

    /// Sets direction. Negotiation makes it happen; at once for a transceiver that was added as negotiated.
    ///
    /// # Errors
    /// When there is no such transceiver, or it was stopped.
    pub fn set_direction(
        &mut self,
        id: TransceiverId,
        direction: Direction,
    ) -> Result<(), TransceiverError> {
        self.live_transceiver_mut(id)?.direction = direction;
        self.apply_parameters(self.now);
        self.update_negotiation_needed();
        Ok(())
    }

    /// stop: nothing more is sent or received. Negotiation tells the peer.
    ///
    /// # Errors
    /// When there is no such transceiver.
    pub fn stop_transceiver(
        &mut self,
        now: Instant,
        id: TransceiverId,
    ) -> Result<(), TransceiverError> {
        let now = self.advance(now);
        let transceiver = self.transceiver_mut(id)?;
        transceiver.is_stopping = true;
        transceiver.direction = Direction::Inactive;
        self.end_media(id);
        self.end_negotiated(now, id);
        self.drop_stopped();
        self.update_negotiation_needed();
        self.progress(now);
        Ok(())
    }

    /// setCodecPreferences: what the next descriptions offer and accept, the most liked first. None at
    /// all stands for everything that there is.
    ///
    /// # Errors
    /// When there is no such transceiver, it was stopped, or a codec is of another kind, or none of them
    /// carries media.
    pub fn set_codec_preferences(
        &mut self,
        id: TransceiverId,
        codecs: &[CodecCapability],
    ) -> Result<(), TransceiverError> {
        let transceiver = self.live_transceiver_mut(id)?;
        let fits = codecs.iter().all(|codec| codec.kind == transceiver.kind);
        let carries = codecs.is_empty() || codecs.iter().any(CodecCapability::is_primary);
        if !fits || !carries {
            return Err(TransceiverError::Codec);
        }
        transceiver.preferences = codecs.to_vec();
        self.update_negotiation_needed();
        Ok(())
    }

    /// setParameters: which encodings are sent, and what they keep to. Their number and names stay.
    ///
    /// # Errors
    /// When there is no such transceiver, or the encodings are others.
    pub fn set_parameters(
        &mut self,
        id: TransceiverId,
        encodings: &[EncodingParameters],
    ) -> Result<(), TransceiverError> {
        let transceiver = self.transceiver_mut(id)?;
        let known = transceiver.encodings.iter();
        let same = known
            .map(|encoding| &encoding.parameters.rid)
            .eq(encodings.iter().map(|encoding| &encoding.rid));
        if !same {
            return Err(TransceiverError::Encodings);
        }
        for (known, set) in transceiver.encodings.iter_mut().zip(encodings) {
            known.parameters = set.clone();
        }
        self.update_sender(id);
        Ok(())
    }

    /// Sets in which form received media are handed on.
    ///
    /// # Errors
    /// When there is no such transceiver.
    pub fn set_delivery(
        &mut self,
        now: Instant,
        id: TransceiverId,
        delivery: Delivery,
    ) -> Result<(), TransceiverError> {
        let now = self.advance(now);
        self.transceiver_mut(id)?.delivery = delivery;
        self.update_receiver(now, id);
        Ok(())
    }

    /// All transceivers, in the order in which they were added.
    pub fn transceivers(&self) -> impl Iterator<Item = TransceiverState> {
        self.transceivers.iter().map(Transceiver::state)
    }

    /// A transceiver; `None` when there is none (any more).
    pub fn transceiver(&self, id: TransceiverId) -> Option<TransceiverState> {
        let mut all = self.transceivers.iter();
        let found = all.find(|transceiver| transceiver.id == id);
        found.map(Transceiver::state)
    }

    pub(super) fn new_transceiver(
        &mut self,
        kind: MediaKind,
        init: TransceiverInit,
    ) -> Result<TransceiverId, TransceiverError> {
        if self.transceivers.len() >= Self::MAX_TRANSCEIVERS {
            return Err(TransceiverError::TooMany);
        }
        let id = TransceiverId(self.next_transceiver);
        self.next_transceiver += 1;
        let track = track_name(&mut self.rng);
        let transceiver = Transceiver::new(id, kind, init, track, || self.unused_ssrc());
        self.transceivers.push(transceiver);
        Ok(id)
    }

    /// One that no stream of ours has.
    fn unused_ssrc(&mut self) -> u32 {
        loop {
            let ssrc = self.rng.next_u32();
            let mut encodings = self.transceivers.iter().flat_map(|known| &known.encodings);
            if encodings.all(|known| known.ssrc != ssrc && known.rtx_ssrc != ssrc) {
                return ssrc;
            }
        }
    }

    /// Stopped transceivers that no section belongs to are gone.
    pub(super) fn drop_stopped(&mut self) {
        let is_gone = |known: &Transceiver| known.is_stopping && known.mid.is_none();
        for known in self.transceivers.extract_if(.., |known| is_gone(known)) {
            if known.receives {
                self.events.push(Event::TrackEnded(known.id));
            }
            self.events.push(Event::TransceiverStopped(known.id));
        }
    }

    pub(super) fn transceiver_mut(
        &mut self,
        id: TransceiverId,
    ) -> Result<&mut Transceiver, TransceiverError> {
        let mut all = self.transceivers.iter_mut();
        all.find(|transceiver| transceiver.id == id)
            .ok_or(TransceiverError::Unknown)
    }

    fn live_transceiver_mut(
        &mut self,
        id: TransceiverId,
    ) -> Result<&mut Transceiver, TransceiverError> {
        let transceiver = self.transceiver_mut(id)?;
        if transceiver.is_live() {
            Ok(transceiver)
        } else {
            Err(TransceiverError::Stopped)
        }
    }

    pub(super) fn transceiver_by_mid(&mut self, mid: &str) -> Option<&mut Transceiver> {
        let mut all = self.transceivers.iter_mut();
        all.find(|transceiver| transceiver.mid.as_deref() == Some(mid))
    }
}

fn with_sending(direction: Direction, sends: bool) -> Direction {
    direction_of(sends, direction.receives())
}

/// The direction in which one sends and receives.
pub(super) const fn direction_of(sends: bool, receives: bool) -> Direction {
    match (sends, receives) {
        (true, true) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::RecvOnly,
        (false, false) => Direction::Inactive,
    }
}

/// What both directions have in common.
pub(super) const fn common(one: Direction, other: Direction) -> Direction {
    direction_of(
        one.sends() && other.sends(),
        one.receives() && other.receives(),
    )
}
