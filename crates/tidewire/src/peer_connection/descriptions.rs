//! The part of RTCPeerConnection that negotiates.

use std::time::Instant;

use tidewire_ice as ice;

use super::negotiation::{
    LocalDescription, LocalParts, Negotiation, RemoteDescription, new_tls_id,
};
use super::{DATA, PeerConnection, Reported};
use crate::description::{SdpType, SessionDescription};
use crate::error::{NegotiationError, Unacceptable};
use crate::event::Event;
use crate::media::Transceiver;
use crate::router::RouterEvent;
use crate::session::{LocalParameters, RemoteSession, Section, Setup, describe, with_candidates};
use crate::signaling::{Side, next_state};
use crate::state::SignalingState;

impl PeerConnection {
    /// createOffer: a description of what we would like the session to be. It carries no
    /// candidates; [`local_description`](Self::local_description) does.
    ///
    /// # Errors
    /// When the connection is closed or an offer of the peer waits for its answer.
    pub fn create_offer(&mut self) -> Result<SessionDescription, NegotiationError> {
        self.check_describes()?;
        next_state(self.negotiation.state, Side::Local, SdpType::Offer)?;
        let (sections, owners) = self.sections_to_offer();
        let parts = LocalParts {
            described: self.wanted_of(&owners),
            sections,
            owners,
            credentials: self.credentials_to_offer(),
            tls_id: self.negotiation.tls_id.clone(),
            setup: Setup::ActPass,
        };
        Ok(self.create(SdpType::Offer, true, parts))
    }

    /// createAnswer: a description of what we accept of the peer's offer: data, and media of which we
    /// know a codec.
    ///
    /// # Errors
    /// When the connection is closed or there is no offer of the peer to answer.
    pub fn create_answer(&mut self) -> Result<SessionDescription, NegotiationError> {
        self.check_describes()?;
        next_state(self.negotiation.state, Side::Local, SdpType::Answer)
            .map_err(|_| NegotiationError::NothingToAnswer)?;
        let offer = self
            .negotiation
            .pending_remote
            .as_ref()
            .ok_or(NegotiationError::NothingToAnswer)?
            .session
            .clone();
        let sections = self.sections_to_answer(&offer);
        let owners = self.owners_of(&sections);
        let parts = LocalParts {
            credentials: self.credentials_to_answer(&offer),
            tls_id: self.tls_id_to_answer(&offer),
            setup: self.setup_to_answer(&offer),
            described: self.wanted_of(&owners),
            sections,
            owners,
        };
        Ok(self.create(SdpType::Answer, offer.is_bundled, parts))
    }

    /// setLocalDescription: applies what was last created. An empty text stands for it, and is
    /// created first if need be. Candidates are reported from here on.
    ///
    /// # Errors
    /// When the description does not fit the signaling state, or is not the one that was created.
    pub fn set_local_description(
        &mut self,
        now: Instant,
        description: &SessionDescription,
    ) -> Result<(), NegotiationError> {
        let now = self.advance(now);
        self.check_describes()?;
        let state = next_state(self.negotiation.state, Side::Local, description.kind)?;
        if description.kind == SdpType::Rollback {
            self.roll_back_local();
            self.enter(state);
            return Ok(());
        }
        if description.sdp.is_empty() {
            match description.kind {
                SdpType::Offer => self.create_offer()?,
                _ => self.create_answer()?,
            };
        }
        let local = self
            .negotiation
            .take_created(description.kind, &description.sdp)?;
        self.announce_ufrag(&local.credentials);
        self.note_described(&local);
        match description.kind {
            SdpType::Offer => {
                self.name_transceivers(&local);
                self.negotiation.pending_local = Some(local);
                self.enter(state);
            }
            _ => {
                let offer = self.negotiation.pending_remote.as_ref();
                let offer = offer
                    .ok_or(NegotiationError::NothingToAnswer)?
                    .session
                    .clone();
                let sections = local.sections.clone();
                self.negotiation.pending_local = Some(local.clone());
                self.apply(now, &local, &offer, local.setup, true);
                self.finish_exchange(description.kind, state, sections);
            }
        }
        self.progress(now);
        Ok(())
    }

    /// setRemoteDescription: applies a description of the peer's. An offer that meets our own
    /// pending one takes ours back first (implicit rollback, W3C webrtc-pc section 4.4.1.5).
    ///
    /// # Errors
    /// When the description does not fit the signaling state, cannot be parsed, or breaks a rule;
    /// nothing has changed then.
    pub fn set_remote_description(
        &mut self,
        now: Instant,
        description: &SessionDescription,
    ) -> Result<(), NegotiationError> {
        let now = self.advance(now);
        self.check_describes()?;
        let state = next_state(self.negotiation.state, Side::Remote, description.kind)?;
        match description.kind {
            SdpType::Rollback => {
                self.negotiation.roll_back_remote();
                self.roll_back_transceivers();
                self.enter(state);
            }
            SdpType::Offer => {
                let offer = RemoteSession::parse(&description.sdp)?;
                self.negotiation.check_remote_offer(&offer)?;
                if self.negotiation.state == SignalingState::HaveLocalOffer {
                    self.roll_back_local();
                    self.change_state(SignalingState::Stable);
                }
                self.negotiation.roll_back_remote();
                self.roll_back_transceivers();
                self.associate(&offer);
                self.negotiation.pending_remote = Some(remote(description, offer));
                self.enter(state);
            }
            SdpType::Answer | SdpType::Pranswer => {
                self.apply_remote_answer(now, description, state)?;
            }
        }
        self.progress(now);
        Ok(())
    }

    fn apply_remote_answer(
        &mut self,
        now: Instant,
        description: &SessionDescription,
        state: SignalingState,
    ) -> Result<(), NegotiationError> {
        let answer = RemoteSession::parse(&description.sdp)?;
        let local = self.negotiation.pending_local.clone();
        let local = local.ok_or(NegotiationError::NothingToAnswer)?;
        let sections = Negotiation::agree(&local.sections, &answer)?;
        let setup = answer
            .transport
            .as_ref()
            .map_or(Setup::Active, |transport| transport.setup);
        if !matches!(setup, Setup::Active | Setup::Passive) {
            return Err(Unacceptable::Setup.into());
        }
        if self.ignores_restart(&local, &answer) {
            return Err(Unacceptable::RestartIgnored.into());
        }
        self.check_codecs(&local.sections, &answer)?;
        self.apply(now, &local, &answer, setup, false);
        self.negotiation.pending_remote = Some(remote(description, answer));
        self.finish_exchange(description.kind, state, sections);
        Ok(())
    }

    /// RFC 8839 section 4.4.3: who is offered new credentials answers with new ones.
    fn ignores_restart(&self, local: &LocalDescription, answer: &RemoteSession) -> bool {
        let transport = &self.transports[DATA];
        let restarts = local.credentials != *transport.agent.local_credentials();
        let answered = answer.transport.as_ref().map(|remote| &remote.credentials);
        restarts && answered.is_some() && answered == transport.remote_credentials.as_ref()
    }

    /// restartIce: the next offer asks for new ICE credentials, and negotiation is needed. Without
    /// descriptions, [`parameters`](Self::parameters) has new ones for the peer at once.
    pub fn restart_ice(&mut self) {
        if self.negotiation.state == SignalingState::Closed || self.remote_ufrag_in_use().is_none()
        {
            return;
        }
        if self.direct.is_some() {
            self.renew_own_credentials();
        } else {
            self.negotiation.restart_wanted = true;
            self.update_negotiation_needed();
        }
    }

    /// How far offer and answer have come.
    pub fn signaling_state(&self) -> SignalingState {
        self.negotiation.state
    }

    /// localDescription: the pending one, or the current one, with all candidates gathered so far.
    pub fn local_description(&self) -> Option<SessionDescription> {
        let negotiation = &self.negotiation;
        let local = negotiation
            .pending_local
            .as_ref()
            .or(negotiation.current_local.as_ref());
        let local = local.filter(|_| !self.is_direct());
        local.map(|local| self.render(local))
    }

    /// pendingLocalDescription.
    pub fn pending_local_description(&self) -> Option<SessionDescription> {
        self.negotiation
            .pending_local
            .as_ref()
            .map(|local| self.render(local))
    }

    /// currentLocalDescription.
    pub fn current_local_description(&self) -> Option<SessionDescription> {
        let current = self.negotiation.current_local.as_ref();
        let current = current.filter(|_| !self.is_direct());
        current.map(|local| self.render(local))
    }

    /// remoteDescription: the pending one, or the current one, as it was set.
    pub fn remote_description(&self) -> Option<SessionDescription> {
        self.pending_remote_description()
            .or_else(|| self.current_remote_description())
    }

    /// pendingRemoteDescription.
    pub fn pending_remote_description(&self) -> Option<SessionDescription> {
        self.negotiation
            .pending_remote
            .as_ref()
            .map(RemoteDescription::to_public)
    }

    /// currentRemoteDescription.
    pub fn current_remote_description(&self) -> Option<SessionDescription> {
        let current = self.negotiation.current_remote.as_ref();
        let current = current.filter(|_| !self.is_direct());
        current.map(RemoteDescription::to_public)
    }

    /// Reports that negotiation is needed, once until it has taken place.
    pub(super) fn update_negotiation_needed(&mut self) {
        if self.is_direct() || self.negotiation.state != SignalingState::Stable {
            return;
        }
        let negotiation = &mut self.negotiation;
        let mut media = self.transceivers.iter();
        let is_orphan = |section: &Section| {
            let mut owners = media.clone();
            section.media().is_some() && owners.all(|owner| owner.mid != section.mid)
        };
        let is_needed = negotiation.is_needed()
            || negotiation.sections.iter().any(is_orphan)
            || media.any(Transceiver::needs_negotiation);
        let was_needed = std::mem::replace(&mut negotiation.needed, is_needed);
        if negotiation.needed && !was_needed {
            self.events.push(Event::NegotiationNeeded);
        }
    }

    pub(super) fn check_open(&self) -> Result<(), NegotiationError> {
        match self.negotiation.state {
            SignalingState::Closed => Err(NegotiationError::Closed),
            _ => Ok(()),
        }
    }

    fn check_describes(&self) -> Result<(), NegotiationError> {
        self.check_open()?;
        if self.is_direct() {
            return Err(NegotiationError::Undescribed);
        }
        Ok(())
    }

    fn render(&self, local: &LocalDescription) -> SessionDescription {
        let sdp = with_candidates(
            &local.description,
            &self.local_candidates,
            self.gathering_is_complete(),
        );
        SessionDescription {
            kind: local.kind,
            sdp,
        }
    }

    fn create(&mut self, kind: SdpType, bundle: bool, parts: LocalParts) -> SessionDescription {
        let (session_id, _) = self.negotiation.origin();
        let fingerprint = &self.certificate_fingerprint;
        let max_message_size = self.max_message_size;
        let (credentials, setup) = (parts.credentials.clone(), parts.setup);
        let (sections, tls_id) = (parts.sections.clone(), parts.tls_id.clone());
        let write = |session_version| {
            let parameters = LocalParameters {
                session_id,
                session_version,
                credentials: &credentials,
                fingerprint,
                setup,
                tls_id: &tls_id,
                max_message_size,
                bundle,
            };
            describe(&sections, &parameters)
        };
        let created = self.negotiation.keep_created(kind, write, parts);
        SessionDescription {
            kind,
            sdp: created.text.clone(),
        }
    }

    fn credentials_to_offer(&mut self) -> ice::Credentials {
        if !self.negotiation.restart_wanted {
            return self.transports[DATA].agent.local_credentials().clone();
        }
        // The same restart may be offered several times, for instance after a rollback.
        let offered = [&self.negotiation.created, &self.negotiation.pending_local]
            .into_iter()
            .flatten()
            .map(|local| &local.credentials)
            .find(|credentials| *credentials != self.transports[DATA].agent.local_credentials())
            .cloned();
        offered.unwrap_or_else(|| ice::Credentials::generate(&mut self.rng))
    }

    fn credentials_to_answer(&mut self, offer: &RemoteSession) -> ice::Credentials {
        let own = self.transports[DATA].agent.local_credentials();
        let offered = offer
            .transport
            .as_ref()
            .map(|transport| &transport.credentials);
        let restarts = match (&self.transports[DATA].remote_credentials, offered) {
            (Some(known), Some(offered)) => known != offered,
            _ => false,
        };
        if !restarts {
            return own.clone();
        }
        let created = self
            .negotiation
            .created
            .as_ref()
            .or(self.negotiation.pending_local.as_ref());
        match created {
            Some(created) if created.credentials != *own => created.credentials.clone(),
            _ => ice::Credentials::generate(&mut self.rng),
        }
    }

    fn tls_id_to_answer(&mut self, offer: &RemoteSession) -> String {
        let renewed = offer
            .transport
            .as_ref()
            .is_some_and(|remote| self.transports[DATA].would_renew_association(remote));
        if renewed {
            new_tls_id(&mut self.rng)
        } else {
            self.negotiation.tls_id.clone()
        }
    }

    /// RFC 8842 section 5.3: the role that there is stays; otherwise the answerer opens, which
    /// saves half a round trip.
    fn setup_to_answer(&self, offer: &RemoteSession) -> Setup {
        let offered = offer
            .transport
            .as_ref()
            .map_or(Setup::ActPass, |transport| transport.setup);
        match offered {
            Setup::Active => Setup::Passive,
            Setup::Passive => Setup::Active,
            _ => self.transports[DATA].dtls_setup().unwrap_or(Setup::Active),
        }
    }

    /// From here on checks may name this generation of credentials.
    fn announce_ufrag(&mut self, credentials: &ice::Credentials) {
        let replaced = self
            .negotiation
            .pending_local
            .as_ref()
            .map(|local| &local.credentials);
        let current = self.transports[DATA].agent.local_credentials();
        if let Some(replaced) = replaced
            && replaced != credentials
            && replaced != current
        {
            self.router_events
                .push(RouterEvent::UfragRemoved(replaced.ufrag.clone()));
        }
        if credentials != current && replaced != Some(credentials) {
            self.router_events
                .push(RouterEvent::UfragAdded(credentials.ufrag.clone()));
        }
    }

    fn roll_back_local(&mut self) {
        let Some(local) = self.negotiation.roll_back_local() else {
            return;
        };
        self.roll_back_transceivers();
        for transceiver in &mut self.transceivers {
            transceiver.described.clone_from(&transceiver.agreed_on);
        }
        if local.credentials != *self.transports[DATA].agent.local_credentials() {
            self.router_events
                .push(RouterEvent::UfragRemoved(local.credentials.ufrag));
        }
        self.reported = match &self.negotiation.current_local {
            Some(current) => Reported {
                ufrag: Some(current.credentials.ufrag.clone()),
                ..self.reported.clone()
            },
            // The peer threw away what it was told with the offer.
            None => Reported::default(),
        };
    }

    fn finish_exchange(&mut self, kind: SdpType, state: SignalingState, sections: Vec<Section>) {
        if kind == SdpType::Answer {
            self.negotiation.sections = sections;
            self.negotiation.complete();
            self.agreed_numbers.clone_from(&self.numbers);
            for transceiver in &mut self.transceivers {
                transceiver.agreed_on.clone_from(&transceiver.described);
            }
        }
        self.enter(state);
    }

    pub(super) fn enter(&mut self, state: SignalingState) {
        self.change_state(state);
        self.update_negotiation_needed();
    }

    fn change_state(&mut self, state: SignalingState) {
        if self.negotiation.state == state {
            return;
        }
        self.negotiation.state = state;
        self.events.push(Event::SignalingStateChange(state));
        if state == SignalingState::Stable {
            // Anything that is wanted still is asked for again (W3C webrtc-pc section 4.4.1.5).
            self.negotiation.needed = false;
        }
    }
}

impl RemoteDescription {
    fn to_public(&self) -> SessionDescription {
        SessionDescription {
            kind: self.kind,
            sdp: self.text.clone(),
        }
    }
}

fn remote(description: &SessionDescription, session: RemoteSession) -> RemoteDescription {
    RemoteDescription {
        kind: description.kind,
        text: description.sdp.clone(),
        session,
    }
}
