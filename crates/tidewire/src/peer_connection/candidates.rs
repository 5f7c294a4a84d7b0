//! Candidates: the peer's, and ours as they are told to it.

use std::time::Instant;

use tidewire_ice as ice;

use super::negotiation::RemoteDescription;
use super::{DATA, PeerConnection, Reported};
use crate::description::IceCandidateInit;
use crate::error::NegotiationError;
use crate::event::Event;
use crate::session::{RemoteSession, Section, SectionUse};
use crate::state::IceGatheringState;

impl PeerConnection {
    /// addIceCandidate: a candidate of the peer's, or with an empty text the end of them.
    ///
    /// # Errors
    /// When there is no remote description yet, or the candidate cannot belong to it.
    pub fn add_ice_candidate(
        &mut self,
        now: Instant,
        candidate: &IceCandidateInit,
    ) -> Result<(), NegotiationError> {
        let now = self.advance(now);
        self.check_open()?;
        let negotiation = &self.negotiation;
        let latest = negotiation
            .pending_remote
            .as_ref()
            .or(negotiation.current_remote.as_ref());
        let latest = latest.ok_or(NegotiationError::NoRemoteDescription)?;
        let index = section_of(&latest.session, candidate)?;
        let is_ours = latest.session.uses[index] == SectionUse::SharesTransport;
        let parsed = parse_candidate(&candidate.candidate)?;
        if !is_ours {
            // The section is rejected: nobody needs the candidate.
            return Ok(());
        }
        let ufrag = candidate
            .username_fragment
            .as_deref()
            .or_else(|| parsed.as_ref().and_then(ice::Candidate::ufrag))
            .or_else(|| ufrag_of(&latest.session))
            .map(str::to_owned);
        let knows =
            |description: &RemoteDescription| ufrag_of(&description.session) == ufrag.as_deref();
        let in_use = self.remote_ufrag_in_use() == ufrag.as_deref();
        if !in_use {
            if !negotiation.pending_remote.as_ref().is_some_and(knows) {
                return Err(NegotiationError::UnknownGeneration);
            }
            if !self.negotiation.wait_with_candidate(&candidate.candidate) {
                self.stats.remote_candidates_dropped += 1;
            }
            return Ok(());
        }
        self.add_remote_candidate(now, parsed);
        self.progress(now);
        Ok(())
    }

    /// `None` is the end of candidates.
    pub(super) fn add_remote_candidate(&mut self, now: Instant, candidate: Option<ice::Candidate>) {
        let agent = &mut self.transports[DATA].agent;
        match candidate {
            Some(candidate) => {
                if agent.add_remote_candidate(now, candidate).is_err() {
                    self.stats.remote_candidates_dropped += 1;
                }
            }
            None => agent.end_of_remote_candidates(now),
        }
    }

    /// After a restart the agent tells its candidates anew; the peer has been told those it knows.
    pub(super) fn keep_candidate(&mut self, candidate: ice::Candidate) {
        let is_known = self
            .local_candidates
            .iter()
            .any(|known| known.address == candidate.address && known.kind == candidate.kind);
        if !is_known {
            self.local_candidates.push(candidate);
        }
    }

    /// Reports what has been gathered since the last time, once there is a description that it
    /// belongs to (RFC 8829 section 3.5.1).
    pub(super) fn report_candidates(&mut self) {
        let negotiation = &self.negotiation;
        let local = negotiation
            .pending_local
            .as_ref()
            .or(negotiation.current_local.as_ref());
        let Some(local) = local else { return };
        let in_use = |section: &Section| !section.is_rejected();
        let Some(index) = local.sections.iter().position(in_use) else {
            // There is nothing to gather for.
            self.enter_gathering_state(IceGatheringState::Complete);
            return;
        };
        // This is asked after each datagram, and mostly there is nothing new.
        let same_generation =
            self.reported.ufrag.as_deref() == Some(local.credentials.ufrag.as_str());
        let all_told = self.reported.candidates == self.local_candidates.len();
        let complete = self.gathering_is_complete();
        let state_fits = (self.gathering == IceGatheringState::Complete) == complete;
        if same_generation && all_told && self.reported.end == complete && state_fits {
            return;
        }
        // Without descriptions there is nothing to count, and the other end may count differently.
        let is_described = self.direct.is_none();
        let mid = local.sections[index].told_mid().filter(|_| is_described);
        let index = u16::try_from(index).ok().filter(|_| is_described);
        let init = IceCandidateInit {
            candidate: String::new(),
            sdp_mid: mid.cloned(),
            sdp_m_line_index: index,
            username_fragment: Some(local.credentials.ufrag.clone()),
        };
        if self.reported.ufrag != init.username_fragment {
            // A restart: the peer needs all of them anew, under their new name.
            self.reported = Reported {
                ufrag: init.username_fragment.clone(),
                ..Reported::default()
            };
            self.enter_gathering_state(IceGatheringState::Gathering);
        }
        let new = self
            .local_candidates
            .get(self.reported.candidates..)
            .unwrap_or_default();
        self.reported.candidates = self.local_candidates.len();
        for candidate in new {
            let candidate = candidate.to_string();
            self.events.push(Event::IceCandidate(IceCandidateInit {
                candidate,
                ..init.clone()
            }));
        }
        if !self.gathering_is_complete() {
            self.reported.end = false;
            return self.enter_gathering_state(IceGatheringState::Gathering);
        }
        if !std::mem::replace(&mut self.reported.end, true) {
            self.events.push(Event::IceCandidate(init));
        }
        self.enter_gathering_state(IceGatheringState::Complete);
    }

    fn enter_gathering_state(&mut self, state: IceGatheringState) {
        if self.gathering != state {
            self.gathering = state;
            self.events.push(Event::IceGatheringStateChange(state));
        }
    }
}

fn ufrag_of(session: &RemoteSession) -> Option<&str> {
    let transport = session.transport.as_ref();
    transport.map(|transport| transport.credentials.ufrag.as_str())
}

/// The index of the section that a candidate names, by mid or by position (W3C webrtc-pc section
/// 4.4.2).
fn section_of(
    session: &RemoteSession,
    candidate: &IceCandidateInit,
) -> Result<usize, NegotiationError> {
    let sections = &session.sections;
    let found = match (&candidate.sdp_mid, candidate.sdp_m_line_index) {
        (Some(mid), _) => sections
            .iter()
            .position(|section| section.mid.as_ref() == Some(mid)),
        (None, Some(index)) => Some(usize::from(index)).filter(|index| *index < sections.len()),
        // The end of candidates of all sections; and the only transport needs no name.
        (None, None) => sections.iter().position(|section| !section.is_rejected()),
    };
    found.ok_or(NegotiationError::UnknownSection)
}

/// `None` for the end of candidates.
fn parse_candidate(text: &str) -> Result<Option<ice::Candidate>, NegotiationError> {
    let text = text.strip_prefix("a=").unwrap_or(text);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| NegotiationError::Candidate)
}
