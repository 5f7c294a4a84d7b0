//! Offer and answer: what has been created, what is pending, and what both sides agreed on.

use tidewire_crypto::Rng;
use tidewire_ice as ice;
use tidewire_sdp as sdp;

use crate::description::SdpType;
use crate::error::{NegotiationError, Unacceptable};
use crate::media::{TransceiverId, Wanted};
use crate::session::{RemoteSession, Section, SectionUse, Setup};
use crate::state::SignalingState;

/// Remote candidates kept at most until the answer that they belong to is applied.
const MAX_WAITING_CANDIDATES: usize = 64;

/// The negotiation's memory; it touches no transport.
#[derive(Debug)]
pub(super) struct Negotiation {
    pub(super) state: SignalingState,
    /// The sections that the last completed exchange agreed on.
    pub(super) sections: Vec<Section>,
    session_id: u64,
    session_version: u64,
    /// Our identity of the current DTLS association (RFC 8842 section 4).
    pub(super) tls_id: String,
    /// The last offer or answer that was created and not applied yet.
    pub(super) created: Option<LocalDescription>,
    pub(super) pending_local: Option<LocalDescription>,
    pub(super) current_local: Option<LocalDescription>,
    pub(super) pending_remote: Option<RemoteDescription>,
    pub(super) current_remote: Option<RemoteDescription>,
    waiting_candidates: Vec<String>,
    /// restartIce was called, or an ICE restart that was offered has not been answered.
    pub(super) restart_wanted: bool,
    /// A data channel was created.
    pub(super) data_wanted: bool,
    /// The event has been reported and the reason for it still stands.
    pub(super) needed: bool,
}

/// A description of ours, and what applying it takes.
#[derive(Clone, Debug)]
pub(super) struct LocalDescription {
    pub(super) kind: SdpType,
    pub(super) description: sdp::SessionDescription,
    /// The same as text, as the application got it.
    pub(super) text: String,
    pub(super) sections: Vec<Section>,
    /// Whose section each of them is.
    pub(super) owners: Vec<Option<TransceiverId>>,
    /// What it tells of their transceivers, which may change before it is applied.
    pub(super) described: Vec<(TransceiverId, Wanted)>,
    pub(super) credentials: ice::Credentials,
    pub(super) tls_id: String,
    pub(super) setup: Setup,
}

/// A description of the peer's.
#[derive(Clone, Debug)]
pub(super) struct RemoteDescription {
    pub(super) kind: SdpType,
    pub(super) text: String,
    pub(super) session: RemoteSession,
}

impl Negotiation {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self {
            state: SignalingState::Stable,
            sections: Vec::new(),
            // RFC 8829 section 5.2.1: 63 random bits.
            session_id: rng.next_u64() >> 1,
            session_version: 0,
            tls_id: new_tls_id(rng),
            created: None,
            pending_local: None,
            current_local: None,
            pending_remote: None,
            current_remote: None,
            waiting_candidates: Vec::new(),
            restart_wanted: false,
            data_wanted: false,
            needed: false,
        }
    }

    pub(super) const fn origin(&self) -> (u64, u64) {
        (self.session_id, self.session_version)
    }

    /// Keeps `created` as what may be applied next. Its version grows when it says something else
    /// than what was applied last (RFC 8829 section 5.2.2).
    pub(super) fn keep_created(
        &mut self,
        kind: SdpType,
        write: impl Fn(u64) -> sdp::SessionDescription,
        parts: LocalParts,
    ) -> &LocalDescription {
        let mut description = write(self.session_version);
        let last = self.pending_local.as_ref().or(self.current_local.as_ref());
        if last.is_some_and(|last| last.description != description) {
            description = write(self.session_version + 1);
        }
        let LocalParts {
            sections,
            owners,
            described,
            credentials,
            tls_id,
            setup,
        } = parts;
        let text = description.to_string();
        self.created.insert(LocalDescription {
            kind,
            description,
            text,
            sections,
            owners,
            described,
            credentials,
            tls_id,
            setup,
        })
    }

    /// Takes the created description of `kind` that `text` is.
    pub(super) fn take_created(
        &mut self,
        kind: SdpType,
        text: &str,
    ) -> Result<LocalDescription, NegotiationError> {
        let is_same = |created: &LocalDescription| {
            let answers = [SdpType::Answer, SdpType::Pranswer];
            let same_kind = created.kind == kind
                || (answers.contains(&created.kind) && answers.contains(&kind));
            same_kind && (text.is_empty() || created.text == text)
        };
        let created = self.created.take_if(|created| is_same(created));
        let created = created.ok_or(NegotiationError::Modified)?;
        if let Some(version) = created.description.origin.session_version.value() {
            self.session_version = version;
        }
        Ok(LocalDescription { kind, ..created })
    }

    /// Whether a later offer of the peer's keeps to the sections there are (RFC 8829 section 5.8).
    pub(super) fn check_remote_offer(&self, offer: &RemoteSession) -> Result<(), Unacceptable> {
        if offer.sections.len() < self.sections.len() {
            return Err(Unacceptable::SectionsRemoved);
        }
        let moved = self
            .sections
            .iter()
            .zip(&offer.sections)
            .zip(&offer.uses)
            .any(|((known, offered), offered_use)| {
                // What is in use stays where it is; a section that was rejected may become another.
                !known.is_rejected()
                    && !offered.matches(known)
                    && *offered_use != SectionUse::Rejected
            });
        if moved {
            Err(Unacceptable::SectionMismatch)
        } else {
            Ok(())
        }
    }

    /// The agreed sections after `answer` to `offered` (RFC 3264 section 6), if it fits.
    pub(super) fn agree(
        offered: &[Section],
        answer: &RemoteSession,
    ) -> Result<Vec<Section>, Unacceptable> {
        if offered.len() != answer.sections.len() {
            return Err(Unacceptable::SectionMismatch);
        }
        let pairs = offered.iter().zip(&answer.sections).zip(&answer.uses);
        pairs
            .map(|((offered, answered), used)| agree_section(offered, answered, *used))
            .collect()
    }

    /// Keeps a candidate until the answer is applied; `false` when there are too many.
    pub(super) fn wait_with_candidate(&mut self, candidate: &str) -> bool {
        let has_room = self.waiting_candidates.len() < MAX_WAITING_CANDIDATES;
        if has_room {
            self.waiting_candidates.push(candidate.to_owned());
        }
        has_room
    }

    pub(super) fn take_waiting_candidates(&mut self) -> Vec<String> {
        std::mem::take(&mut self.waiting_candidates)
    }

    /// Forgets a pending local description and answers what it was.
    pub(super) fn roll_back_local(&mut self) -> Option<LocalDescription> {
        self.created = None;
        self.pending_local.take()
    }

    /// Forgets a pending remote offer and everything that came with it.
    pub(super) fn roll_back_remote(&mut self) {
        self.created = None;
        self.pending_remote = None;
        self.waiting_candidates.clear();
    }

    /// Pending descriptions become current.
    pub(super) fn complete(&mut self) {
        self.created = None;
        self.current_local = self.pending_local.take().or(self.current_local.take());
        self.current_remote = self.pending_remote.take().or(self.current_remote.take());
    }

    /// Whether offer and answer have to be exchanged for what the application asked.
    pub(super) fn is_needed(&self) -> bool {
        let data_missing = self.data_wanted && !self.sections.iter().any(Section::is_data);
        self.restart_wanted || data_missing
    }
}

/// What a created description remembers besides its text.
#[derive(Debug)]
pub(super) struct LocalParts {
    pub(super) sections: Vec<Section>,
    pub(super) owners: Vec<Option<TransceiverId>>,
    pub(super) described: Vec<(TransceiverId, Wanted)>,
    pub(super) credentials: ice::Credentials,
    pub(super) tls_id: String,
    pub(super) setup: Setup,
}

impl LocalParts {
    /// What applies without a description having been exchanged.
    pub(super) fn without_text(self) -> LocalDescription {
        LocalDescription {
            kind: SdpType::Answer,
            description: sdp::SessionDescription::new(sdp::Origin::new(0, 0)),
            text: String::new(),
            sections: self.sections,
            owners: self.owners,
            described: self.described,
            credentials: self.credentials,
            tls_id: self.tls_id,
            setup: self.setup,
        }
    }
}

fn agree_section(
    offered: &Section,
    answered: &Section,
    used: SectionUse,
) -> Result<Section, Unacceptable> {
    let same_mid = answered.told_mid().is_none() || answered.mid == offered.mid;
    let fits = match used {
        SectionUse::Rejected => true,
        SectionUse::SharesTransport => offered.matches(answered),
        // There is one transport, and the peer wants another for it.
        SectionUse::Apart => false,
    };
    if !same_mid || !fits {
        return Err(Unacceptable::SectionMismatch);
    }
    let content = if used == SectionUse::Rejected {
        answered.content.clone()
    } else {
        offered.content.clone()
    };
    Ok(Section {
        mid: offered.mid.clone(),
        content,
    })
}

/// A fresh `tls-id`: 120 random bits or more in the characters of RFC 8842 section 4.
pub(super) fn new_tls_id(rng: &mut Rng) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes: [u8; 16] = rng.array();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Content;

    fn data(mid: &str) -> Section {
        Section {
            mid: Some(mid.to_owned()),
            content: Content::Data,
        }
    }

    fn rejected(mid: &str) -> Section {
        Section {
            mid: Some(mid.to_owned()),
            content: Content::Rejected {
                kind: sdp::MediaKind::Audio,
                protocol: "UDP/TLS/RTP/SAVPF".to_owned(),
                formats: vec!["0".to_owned()],
            },
        }
    }

    fn negotiation(sections: Vec<Section>) -> Negotiation {
        Negotiation {
            sections,
            data_wanted: true,
            ..Negotiation::new(&mut Rng::from_u64(1))
        }
    }

    #[test]
    fn an_answer_must_repeat_the_offers_sections() {
        let answer = |sections: Vec<Section>| RemoteSession {
            uses: vec![SectionUse::SharesTransport; sections.len()],
            sections,
            is_bundled: false,
            transport: None,
            sctp: None,
        };
        let offered = [data("0")];
        assert!(Negotiation::agree(&offered, &answer(vec![data("0")])).is_ok());
        for wrong in [
            vec![],
            vec![data("1")],
            vec![rejected("0")],
            vec![data("0"), data("1")],
        ] {
            assert_eq!(
                Negotiation::agree(&offered, &answer(wrong)),
                Err(Unacceptable::SectionMismatch)
            );
        }
    }

    #[test]
    fn a_tls_id_follows_its_grammar() {
        let id = new_tls_id(&mut Rng::from_u64(3));
        assert!(
            sdp::Attribute::parse(&format!("tls-id:{id}"))
                .is_some_and(|attribute| attribute == sdp::Attribute::TlsId(id))
        );
    }

    #[test]
    fn waiting_candidates_are_bounded() {
        let mut negotiation = negotiation(Vec::new());
        for _ in 0..MAX_WAITING_CANDIDATES {
            assert!(negotiation.wait_with_candidate("candidate:"));
        }
        assert!(!negotiation.wait_with_candidate("candidate:"));
        assert_eq!(
            negotiation.take_waiting_candidates().len(),
            MAX_WAITING_CANDIDATES
        );
    }
}
