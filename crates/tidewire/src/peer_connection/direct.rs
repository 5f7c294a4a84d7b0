//! Connecting without offer and answer: both ends are told the same by the application.

use std::time::Instant;

use tidewire_ice as ice;
use tidewire_media::SignaledStream;

use super::negotiation::{LocalDescription, LocalParts, RemoteDescription};
use super::sections::describe_codec;
use super::{DATA, PeerConnection};
use crate::description::SdpType;
use crate::error::ParametersError;
use crate::media::{Transceiver, TransceiverId, TransceiverInit};
use crate::parameters::{MediaParameters, PeerParameters, PeerRole};
use crate::router::RouterEvent;
use crate::session::{
    Content, RemoteSession, RtpSection, SCTP_PORT, SctpParameters, Section, SectionCodec,
    SectionExtension, SectionUse, Setup, TransportParameters, unnamed_mid,
};
use crate::state::SignalingState;

/// What a connection without descriptions was told.
#[derive(Clone, Debug)]
pub(super) struct Direct {
    role: PeerRole,
    peer: PeerParameters,
}

impl PeerConnection {
    /// What the peer has to be told about this end for [`connect`](Self::connect). Candidates that are
    /// found later are reported as events.
    pub fn parameters(&self) -> PeerParameters {
        let agent = &self.transports[DATA].agent;
        let next = self.next_credentials.as_ref();
        PeerParameters {
            credentials: next.unwrap_or(agent.local_credentials()).clone(),
            lite: false,
            fingerprints: vec![self.certificate_fingerprint],
            candidates: self.local_candidates.clone(),
            max_message_size: Some(self.max_message_size.into()),
        }
    }

    /// Connects without offer and answer, or takes notice that the peer's parameters have changed: the
    /// application carries [`parameters`](Self::parameters) to the other end and calls this there. One end
    /// is controlling, the other controlled.
    ///
    /// Media flows over transceivers that both ends have
    /// [agreed on](Self::add_negotiated_transceiver), before or after this; data channels are there if the
    /// peer accepts messages. ICE restarts when the peer's credentials have changed; our own may have
    /// changed by that, so tell the peer again. To begin a restart, call
    /// [`restart_ice`](Self::restart_ice) and tell the peer.
    ///
    /// # Errors
    /// When the connection is closed, it negotiates with descriptions, or there is no fingerprint.
    pub fn connect(
        &mut self,
        now: Instant,
        role: PeerRole,
        peer: &PeerParameters,
    ) -> Result<(), ParametersError> {
        let now = self.advance(now);
        self.check_direct()?;
        if peer.fingerprints.is_empty() {
            return Err(ParametersError::Fingerprint);
        }
        self.renew_credentials(peer);
        self.direct = Some(Direct {
            role,
            peer: peer.clone(),
        });
        self.apply_parameters(now);
        self.progress(now);
        Ok(())
    }

    /// Adds a transceiver about which both ends have agreed without descriptions, as they do about data
    /// channels that are `negotiated`. Each end tells its own direction.
    ///
    /// # Errors
    /// When the connection is closed or negotiates with descriptions, there are too many transceivers, or
    /// the parameters cannot be had.
    pub fn add_negotiated_transceiver(
        &mut self,
        now: Instant,
        init: TransceiverInit,
        parameters: &MediaParameters,
    ) -> Result<TransceiverId, ParametersError> {
        let now = self.advance(now);
        self.check_direct()?;
        parameters.check()?;
        init.check(parameters.kind)?;
        if self.transceiver_by_mid(&parameters.mid).is_some() {
            return Err(ParametersError::Mid);
        }
        self.describe_extensions(parameters)?;
        let id = self.new_transceiver(parameters.kind, init)?;
        self.set_negotiated(now, id, parameters);
        Ok(id)
    }

    /// Applies other parameters to a transceiver that was added as negotiated. Streams go on. Its direction is
    /// [set](Self::set_direction) at each end.
    ///
    /// # Errors
    /// When there is no such transceiver, or the parameters cannot be had; their mid and kind stay.
    pub fn update_negotiated_transceiver(
        &mut self,
        now: Instant,
        id: TransceiverId,
        parameters: &MediaParameters,
    ) -> Result<(), ParametersError> {
        let now = self.advance(now);
        self.check_direct()?;
        parameters.check()?;
        self.describe_extensions(parameters)?;
        let transceiver = self.transceiver_mut(id)?;
        if transceiver.kind != parameters.kind {
            return Err(ParametersError::Codec);
        }
        if transceiver.mid.as_ref() != Some(&parameters.mid) {
            return Err(ParametersError::Mid);
        }
        self.set_negotiated(now, id, parameters);
        Ok(())
    }

    /// The streams that a transceiver sends: what the peer needs to know where header extensions do not
    /// tell.
    pub fn sent_streams(&self, id: TransceiverId) -> Vec<SignaledStream> {
        let mut all = self.transceivers.iter();
        let found = all.find(|transceiver| transceiver.id == id);
        let encodings = found.into_iter().flat_map(|found| &found.encodings);
        encodings
            .map(|encoding| SignaledStream {
                ssrc: encoding.ssrc,
                rtx_ssrc: Some(encoding.rtx_ssrc),
            })
            .collect()
    }

    /// Whether the connection does without descriptions.
    pub(super) fn is_direct(&self) -> bool {
        let mut all = self.transceivers.iter();
        self.direct.is_some() || all.any(|known| known.negotiated.is_some())
    }

    /// A transceiver was stopped: there is nobody to ask.
    pub(super) fn end_negotiated(&mut self, now: Instant, id: TransceiverId) {
        let Ok(transceiver) = self.transceiver_mut(id) else {
            return;
        };
        if transceiver.negotiated.take().is_some() {
            transceiver.mid = None;
            self.apply_parameters(now);
            self.drop_stopped();
        }
    }

    /// New credentials that the peer is to be told.
    pub(super) fn renew_own_credentials(&mut self) {
        let credentials = ice::Credentials::generate(&mut self.rng);
        let added = RouterEvent::UfragAdded(credentials.ufrag.clone());
        self.router_events.push(added);
        if let Some(unused) = self.next_credentials.replace(credentials) {
            let removed = RouterEvent::UfragRemoved(unused.ufrag);
            self.router_events.push(removed);
        }
    }

    fn check_direct(&self) -> Result<(), ParametersError> {
        let negotiation = &self.negotiation;
        if negotiation.state == SignalingState::Closed {
            return Err(ParametersError::Closed);
        }
        let is_described = negotiation.pending_local.is_some()
            || negotiation.pending_remote.is_some()
            || negotiation.current_local.is_some() && self.direct.is_none();
        if is_described {
            return Err(ParametersError::Described);
        }
        Ok(())
    }

    /// Who hears of new credentials restarts, too (RFC 8445 section 9).
    fn renew_credentials(&mut self, peer: &PeerParameters) {
        let known = self.transports[DATA].remote_credentials.as_ref();
        let is_restart = known.is_some_and(|known| *known != peer.credentials);
        if is_restart && self.next_credentials.is_none() {
            self.renew_own_credentials();
        }
    }

    fn set_negotiated(&mut self, now: Instant, id: TransceiverId, parameters: &MediaParameters) {
        if let Ok(transceiver) = self.transceiver_mut(id) {
            transceiver.mid = Some(parameters.mid.clone());
            let codecs = parameters.codecs.iter();
            transceiver.preferences = codecs.map(|known| known.codec.clone()).collect();
            transceiver.negotiated = Some(parameters.clone());
        }
        self.apply_parameters(now);
        self.progress(now);
    }

    /// Puts into force what both ends were told, as if descriptions had been exchanged that say the same.
    pub(super) fn apply_parameters(&mut self, now: Instant) {
        let Some(direct) = &mut self.direct else {
            return;
        };
        let (role, peer) = (direct.role, direct.peer.clone());
        // Once is enough.
        direct.peer.candidates.clear();
        let mut own = Vec::new();
        let mut peers = Vec::new();
        for (mid, one, other) in self.negotiated_sections() {
            let section = |media| Section {
                mid: Some(mid.clone()),
                content: Content::Media(Box::new(media)),
            };
            own.push(section(one));
            peers.push(section(other));
        }
        if peer.max_message_size.is_some() {
            let data = Section {
                mid: Some(unnamed_mid(own.len())),
                content: Content::Data,
            };
            own.push(data.clone());
            peers.push(data);
        }
        let remote = RemoteSession {
            uses: vec![SectionUse::SharesTransport; peers.len()],
            sections: peers,
            is_bundled: true,
            transport: Some(transport_of(&peer, role)),
            sctp: peer
                .max_message_size
                .map(|max_message_size| SctpParameters {
                    port: SCTP_PORT,
                    max_message_size,
                }),
        };
        let local = self.local_of(role, &peer, own);
        self.apply(
            now,
            &local,
            &remote,
            Setup::Active,
            role == PeerRole::Controlled,
        );
        self.negotiation.sections.clone_from(&local.sections);
        self.negotiation.current_local = Some(local);
        self.negotiation.current_remote = Some(RemoteDescription {
            kind: SdpType::Answer,
            text: String::new(),
            session: remote,
        });
    }

    fn local_of(
        &mut self,
        role: PeerRole,
        peer: &PeerParameters,
        sections: Vec<Section>,
    ) -> LocalDescription {
        let transport = &self.transports[DATA];
        // New ones come into force once the peer has answered with its own.
        let is_answered = transport.remote_credentials.as_ref() != Some(&peer.credentials);
        let next = self.next_credentials.take_if(|_| is_answered);
        let credentials = next.unwrap_or_else(|| transport.agent.local_credentials().clone());
        let parts = LocalParts {
            owners: vec![None; sections.len()],
            described: Vec::new(),
            sections,
            credentials,
            tls_id: self.negotiation.tls_id.clone(),
            setup: match role {
                PeerRole::Controlling => Setup::Passive,
                PeerRole::Controlled => Setup::Active,
            },
        };
        parts.without_text()
    }

    /// Each negotiated transceiver's mid, and its section as either end would describe it.
    fn negotiated_sections(&self) -> Vec<(String, RtpSection, RtpSection)> {
        let all = self.transceivers.iter();
        let sections = all.filter_map(|transceiver| {
            let parameters = transceiver.negotiated.as_ref()?;
            let (own, peers) = self.negotiated_section(transceiver, parameters);
            Some((parameters.mid.clone(), own, peers))
        });
        sections.collect()
    }

    fn negotiated_section(
        &self,
        transceiver: &Transceiver,
        parameters: &MediaParameters,
    ) -> (RtpSection, RtpSection) {
        let codecs: Vec<SectionCodec> = parameters
            .codecs
            .iter()
            .map(|known| describe_codec(&known.codec, known.payload_type, known.rtx_payload_type))
            .collect();
        let own = RtpSection {
            codecs,
            extensions: self.describe_extensions(parameters).unwrap_or_default(),
            ..self.own_section(transceiver, transceiver.direction)
        };
        let peers = RtpSection {
            direction: own.direction.reversed(),
            sources: parameters.peer_streams.clone(),
            receive_layers: own.send_layers.clone(),
            send_layers: Vec::new(),
            msids: Vec::new(),
            cname: None,
            ..own.clone()
        };
        (own, peers)
    }

    /// Extensions go by the names that the configuration has for them.
    fn describe_extensions(
        &self,
        parameters: &MediaParameters,
    ) -> Result<Vec<SectionExtension>, ParametersError> {
        let known = self.capabilities.extensions(parameters.kind);
        let describe = |(id, kind): &(u8, _)| {
            let (_, uri) = known.iter().find(|(known, _)| known == kind)?;
            Some(SectionExtension {
                id: *id,
                uri: uri.clone(),
            })
        };
        let described = parameters.extensions.iter().map(describe);
        described
            .collect::<Option<_>>()
            .ok_or(ParametersError::Extension)
    }
}

fn transport_of(peer: &PeerParameters, role: PeerRole) -> TransportParameters {
    TransportParameters {
        credentials: peer.credentials.clone(),
        lite: peer.lite,
        fingerprints: peer.fingerprints.clone(),
        setup: match role {
            PeerRole::Controlling => Setup::Active,
            PeerRole::Controlled => Setup::Passive,
        },
        tls_id: None,
        candidates: peer.candidates.iter().map(ToString::to_string).collect(),
        end_of_candidates: false,
    }
}
