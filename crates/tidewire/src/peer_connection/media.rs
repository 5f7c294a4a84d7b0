//! Media in the connection: what was negotiated comes into force, frames go in and out, and packets
//! are protected.

use std::time::Instant;

use tidewire_media as media;
use tidewire_media::{EncodingId, FrameInfo, OutgoingPacket};
use tidewire_rtp::is_rtcp;
use tidewire_rtp::payload::OutgoingFrame;

use super::agreed::{known_codecs, receiver_config, sender_config, shared_codecs};
use super::transceivers::common;
use super::{DATA, PeerConnection};
use crate::datagram::Datagram;
use crate::error::{SendMediaError, Unacceptable};
use crate::event::{Event, ReceivedMedia};
use crate::media::{Agreed, TransceiverId};
use crate::session::{RemoteSession, Section, SectionUse};
use crate::srtp::Srtp;
use crate::stats::StreamStats;

impl PeerConnection {
    /// Sends a frame of a transceiver's encoding. It is dropped while nothing may be sent.
    ///
    /// # Errors
    /// When there is no such encoding, or the frame cannot be sent.
    pub fn send_frame(
        &mut self,
        now: Instant,
        id: TransceiverId,
        encoding: usize,
        frame: OutgoingFrame,
        info: &FrameInfo,
    ) -> Result<(), SendMediaError> {
        let now = self.advance(now);
        let Some(encoding) = self.encoding(id, encoding)? else {
            return Ok(());
        };
        Ok(self.media.send_frame(now, encoding, frame, info)?)
    }

    /// Sends an RTP packet of a transceiver's encoding. It is dropped while nothing may be sent.
    ///
    /// # Errors
    /// When there is no such encoding, or the packet cannot be sent.
    pub fn send_packet(
        &mut self,
        now: Instant,
        id: TransceiverId,
        encoding: usize,
        packet: OutgoingPacket,
    ) -> Result<(), SendMediaError> {
        let now = self.advance(now);
        let Some(encoding) = self.encoding(id, encoding)? else {
            return Ok(());
        };
        Ok(self.media.send_packet(now, encoding, packet)?)
    }

    /// The next frame or packet that was received.
    pub fn poll_media(&mut self) -> Option<ReceivedMedia> {
        loop {
            let received = self.media.poll_received()?;
            let receiver = Some(received.stream.receiver);
            let mut all = self.transceivers.iter();
            let owner = all.find(|transceiver| transceiver.receiver == receiver);
            if let Some(owner) = owner {
                return Some(ReceivedMedia {
                    transceiver: owner.id,
                    ssrc: received.stream.ssrc,
                    rid: received.rid,
                    media: received.media,
                });
            }
        }
    }

    /// Whether frames or packets wait for [`poll_media`](Self::poll_media).
    pub fn has_media(&self) -> bool {
        self.media.has_received()
    }

    /// Asks the peer for a key frame of a stream that a transceiver receives: of all of them, unless
    /// told which.
    pub fn request_key_frame(&mut self, now: Instant, id: TransceiverId, ssrc: Option<u32>) {
        let now = self.advance(now);
        let receiver = self
            .transceiver_mut(id)
            .ok()
            .and_then(|known| known.receiver);
        let Some(receiver) = receiver else { return };
        let streams: Vec<u32> = self
            .media
            .receiver_stats(receiver)
            .map(|stream| stream.ssrc)
            .filter(|known| ssrc.is_none_or(|ssrc| ssrc == *known))
            .collect();
        for ssrc in streams {
            let stream = media::StreamId { receiver, ssrc };
            self.media.request_key_frame(now, stream);
        }
    }

    /// What was seen of the streams of a transceiver.
    pub fn stream_stats(&self, id: TransceiverId) -> StreamStats {
        let mut all = self.transceivers.iter();
        let Some(transceiver) = all.find(|transceiver| transceiver.id == id) else {
            return StreamStats::default();
        };
        let inbound = transceiver
            .receiver
            .map(|receiver| self.media.receiver_stats(receiver));
        let outbound = transceiver
            .sender
            .map(|sender| self.media.sender_stats(sender));
        StreamStats {
            inbound: inbound.into_iter().flatten().collect(),
            outbound: outbound.into_iter().flatten().collect(),
        }
    }

    /// What all encoders together should produce, in bits a second.
    pub fn target_bitrate(&self) -> u64 {
        self.media.target_bitrate()
    }

    fn encoding(
        &mut self,
        id: TransceiverId,
        index: usize,
    ) -> Result<Option<EncodingId>, SendMediaError> {
        let transceiver = self
            .transceiver_mut(id)
            .map_err(|_| SendMediaError::UnknownTransceiver)?;
        if index >= transceiver.encodings.len() {
            return Err(SendMediaError::UnknownTransceiver);
        }
        let encoding = transceiver
            .sender
            .map(|sender| EncodingId { sender, index });
        Ok(encoding.filter(|_| self.srtp.is_some()))
    }

    /// Puts what was agreed about media into force. `own` are our sections.
    pub(super) fn apply_media(&mut self, now: Instant, own: &[Section], remote: &RemoteSession) {
        for (own, (peers, used)) in own.iter().zip(remote.used_sections()) {
            let Some(mid) = own.mid.as_deref() else {
                continue;
            };
            let Some(id) = self.transceiver_by_mid(mid).map(|known| known.id) else {
                continue;
            };
            match (own.media(), peers.media()) {
                (Some(own), Some(peers)) if used == SectionUse::SharesTransport => {
                    let agreed = Agreed {
                        own: own.clone(),
                        peers: peers.clone(),
                    };
                    self.apply_section(now, id, agreed);
                }
                _ => self.finish_transceiver(id),
            }
        }
        // One RTCP session carries the reports of all sections (RFC 9143 section 9.3.1).
        let agreed = self
            .transceivers
            .iter()
            .filter_map(|known| known.agreed.as_ref());
        let is_reduced = agreed
            .clone()
            .all(|agreed| agreed.own.reduced_size && agreed.peers.reduced_size);
        self.media.set_reduced_size(is_reduced);
        self.drop_stopped();
    }

    /// Whether each section that an answer accepts has a codec that both sides know.
    pub(super) fn check_codecs(
        &self,
        own: &[Section],
        answer: &RemoteSession,
    ) -> Result<(), Unacceptable> {
        for (own, (peers, used)) in own.iter().zip(answer.used_sections()) {
            let mid = own.mid.as_deref().unwrap_or_default();
            let (Some(own), Some(peers)) = (own.media(), peers.media()) else {
                continue;
            };
            let mut all = self.transceivers.iter();
            let owner = all.find(|known| known.mid.as_deref() == Some(mid));
            let Some(owner) = owner.filter(|_| used == SectionUse::SharesTransport) else {
                continue;
            };
            let known = known_codecs(owner, &self.capabilities);
            let mut shared = shared_codecs(peers, own, &known);
            if !shared.any(|(capability, _)| capability.is_primary()) {
                return Err(Unacceptable::NoCodec);
            }
        }
        Ok(())
    }

    fn apply_section(&mut self, now: Instant, id: TransceiverId, agreed: Agreed) {
        self.note_remote_streams(id, &agreed.peers);
        let direction = common(agreed.own.direction, agreed.peers.direction.reversed());
        let Ok(transceiver) = self.transceiver_mut(id) else {
            return;
        };
        transceiver.is_from_offer = false;
        if !transceiver.is_live() {
            // It was stopped meanwhile: the next exchange tells the peer.
            return;
        }
        transceiver.current_direction = Some(direction);
        transceiver.agreed = Some(agreed);
        self.update_receiver(now, id);
        self.update_sender(id);
    }

    /// A section that was rejected ends its transceiver.
    fn finish_transceiver(&mut self, id: TransceiverId) {
        self.end_media(id);
        if let Ok(transceiver) = self.transceiver_mut(id) {
            transceiver.is_stopping = true;
            transceiver.mid = None;
        }
    }

    /// Neither sends nor receives any more.
    pub(super) fn end_media(&mut self, id: TransceiverId) {
        let Ok(transceiver) = self.transceiver_mut(id) else {
            return;
        };
        transceiver.current_direction = None;
        transceiver.agreed = None;
        let (sender, receiver) = (transceiver.sender.take(), transceiver.receiver.take());
        if let Some(sender) = sender {
            self.media.remove_sender(sender);
        }
        if let Some(receiver) = receiver {
            self.media.remove_receiver(receiver);
        }
    }

    pub(super) fn update_receiver(&mut self, now: Instant, id: TransceiverId) {
        let capabilities = &self.capabilities;
        let mut all = self.transceivers.iter_mut();
        let Some(transceiver) = all.find(|transceiver| transceiver.id == id) else {
            return;
        };
        let receives = transceiver
            .current_direction
            .is_some_and(|now| now.receives());
        match receives
            .then(|| receiver_config(transceiver, capabilities))
            .flatten()
        {
            Some(config) => match transceiver.receiver {
                Some(receiver) => self.media.update_receiver(now, receiver, config),
                None => transceiver.receiver = Some(self.media.add_receiver(config)),
            },
            None => {
                if let Some(receiver) = transceiver.receiver.take() {
                    self.media.remove_receiver(receiver);
                }
            }
        }
    }

    pub(super) fn update_sender(&mut self, id: TransceiverId) {
        let capabilities = &self.capabilities;
        let mut all = self.transceivers.iter_mut();
        let Some(transceiver) = all.find(|transceiver| transceiver.id == id) else {
            return;
        };
        let Some((capability, config)) = sender_config(transceiver, capabilities) else {
            if let Some(sender) = transceiver.sender.take() {
                self.media.remove_sender(sender);
            }
            return;
        };
        transceiver.send_codec = Some(capability);
        match transceiver.sender {
            Some(sender) => self.media.update_sender(sender, config),
            None if transceiver.current_direction.is_some_and(|now| now.sends()) => {
                transceiver.sender = Some(self.media.add_sender(config));
            }
            None => {}
        }
    }

    /// Takes an SRTP or SRTCP packet.
    pub(super) fn handle_srtp(&mut self, now: Instant, datagram: Datagram) {
        let Some(srtp) = &mut self.srtp else {
            // It overtook the end of the handshake, or its description.
            self.keep_early(datagram);
            return;
        };
        let path = (datagram.local, datagram.remote);
        if !self.transports[DATA].handle_received(now, path, datagram.data.len()) {
            self.stats.dropped.unknown_path += 1;
            return;
        }
        let mut packet = datagram.data;
        let opened = if is_rtcp(&packet) {
            let opened = srtp.receiver.unprotect_rtcp(&mut packet);
            opened.map(|()| self.media.handle_rtcp(now, &packet))
        } else {
            let opened = srtp.receiver.unprotect_rtp(&mut packet);
            opened.map(|index| self.media.handle_rtp(now, index, packet.freeze()))
        };
        if opened.is_err() {
            self.stats.dropped.srtp += 1;
        }
    }

    /// Appends the next protected packet of media to `buf`.
    pub(super) fn write_media(&mut self, now: Instant, buf: &mut Vec<u8>) -> bool {
        let Some(srtp) = &mut self.srtp else {
            return false;
        };
        let start = buf.len();
        loop {
            let protected = if self.media.poll_rtcp(now, buf) {
                srtp.sender.protect_rtcp(buf, start)
            } else if self.media.poll_rtp(now, buf) {
                srtp.sender.protect_rtp(buf, start)
            } else {
                return false;
            };
            if protected.is_ok() {
                return true;
            }
            // Only when the application chose a number that was used, or after 2^48 packets.
            self.stats.dropped.unprotected += 1;
            buf.truncate(start);
        }
    }

    /// The keys are there.
    pub(super) fn start_srtp(&mut self, now: Instant) {
        let transport = &self.transports[DATA];
        let (Some(dtls), Some(role)) = (transport.dtls(), transport.dtls_role()) else {
            return;
        };
        self.srtp = Srtp::from_dtls(&*self.crypto, dtls, role, &mut self.rng);
        self.replay_early(now);
    }

    /// What the streams report.
    pub(super) fn collect_media_events(&mut self) {
        while let Some(event) = self.media.poll_event() {
            let of_receiver = |receiver| {
                let mut all = self.transceivers.iter();
                all.find(|known| known.receiver == Some(receiver))
                    .map(|known| known.id)
            };
            let of_sender = |sender| {
                let mut all = self.transceivers.iter();
                all.find(|known| known.sender == Some(sender))
                    .map(|known| known.id)
            };
            let event = match event {
                media::Event::StreamStarted { stream, rid } => {
                    of_receiver(stream.receiver).map(|transceiver| Event::StreamStarted {
                        transceiver,
                        ssrc: stream.ssrc,
                        rid,
                    })
                }
                media::Event::StreamEnded(stream) => {
                    of_receiver(stream.receiver).map(|transceiver| Event::StreamEnded {
                        transceiver,
                        ssrc: stream.ssrc,
                    })
                }
                media::Event::KeyFrameRequested(encoding) => {
                    of_sender(encoding.sender).map(|transceiver| Event::KeyFrameRequested {
                        transceiver,
                        encoding: encoding.index,
                    })
                }
                _ => None,
            };
            if let Some(event) = event {
                self.events.push(event);
            }
        }
    }
}
