//! Local candidates: RFC 8445 section 5.1.

use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

use crate::candidate::{COMPONENT, Candidate, Foundation, is_usable};
use crate::kind::{CandidateKind, Transport};
use crate::pair::Side;
use crate::priority::{Preference, candidate_priority};

/// Why a candidate was not added.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum AddCandidateError {
    /// Nothing can be sent to or from the address.
    #[error("the candidate's address is unspecified, multicast, or has port 0")]
    UnusableAddress,
    /// The agent runs component 1 only.
    #[error("the candidate belongs to another component")]
    OtherComponent,
    /// The agent speaks UDP only.
    #[error("the candidate's transport is not supported")]
    UnsupportedTransport,
    /// A local candidate must be a host or a relayed one with an IP address; the agent finds the
    /// others itself.
    #[error("a local candidate of this kind cannot be added")]
    UnsupportedKind,
    /// The candidate names another user name fragment than the peer's.
    #[error("the candidate belongs to another ICE generation")]
    OtherGeneration,
    /// There is no room for more.
    #[error("there are too many candidates")]
    TooMany,
    /// The agent was told that no more candidates come.
    #[error("candidates have ended")]
    Ended,
}

/// A local candidate and the base that is sent from.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) candidate: Candidate,
    pub(crate) address: SocketAddr,
    pub(crate) base: SocketAddr,
    preference: Preference,
}

impl Local {
    /// Whether pairs are formed with it. Reflexive candidates are replaced by their bases: RFC 8445
    /// section 6.1.2.4.
    pub(crate) fn is_base(&self) -> bool {
        self.address == self.base
    }

    pub(crate) fn side(&self) -> Side {
        Side {
            address: self.base,
            kind: self.candidate.kind,
            foundation: self.candidate.foundation,
            priority: self.candidate.priority,
        }
    }

    /// PRIORITY of checks from this base: that of a peer-reflexive candidate (RFC 8445 section 7.1.1).
    pub(crate) fn check_priority(&self) -> u32 {
        candidate_priority(CandidateKind::PeerReflexive, self.preference, COMPONENT)
    }
}

/// The local candidates. They outlive a restart, the reflexive ones aside.
#[derive(Debug, Default)]
pub(crate) struct LocalCandidates {
    entries: Vec<Local>,
    foundations: Vec<(Origin, u32)>,
    last_foundation: u32,
}

/// What makes foundations equal: RFC 8445 section 5.1.1.3. A foundation is a running number, which
/// tells nothing about the addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Origin {
    kind: CandidateKind,
    base: IpAddr,
    server: Option<IpAddr>,
}

impl LocalCandidates {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Local> {
        self.entries.iter()
    }

    pub(crate) fn bases(&self) -> impl Iterator<Item = &Local> {
        self.entries.iter().filter(|local| local.is_base())
    }

    pub(crate) fn base(&self, address: SocketAddr) -> Option<&Local> {
        self.bases().find(|local| local.base == address)
    }

    /// Adds a host candidate; `None` if it is known.
    pub(crate) fn add_host(
        &mut self,
        address: SocketAddr,
        limit: usize,
    ) -> Result<Option<&Local>, AddCandidateError> {
        self.add_base(Candidate::host(address), address, limit)
    }

    /// Adds a host or a relayed candidate of the caller's; `None` if it is known.
    pub(crate) fn add(
        &mut self,
        candidate: Candidate,
        limit: usize,
    ) -> Result<Option<&Local>, AddCandidateError> {
        if candidate.component != COMPONENT {
            return Err(AddCandidateError::OtherComponent);
        }
        if candidate.transport != Transport::Udp {
            return Err(AddCandidateError::UnsupportedTransport);
        }
        let is_base = matches!(candidate.kind, CandidateKind::Host | CandidateKind::Relayed);
        match candidate.socket_addr() {
            Some(address) if is_base => self.add_base(candidate, address, limit),
            _ => Err(AddCandidateError::UnsupportedKind),
        }
    }

    fn add_base(
        &mut self,
        candidate: Candidate,
        address: SocketAddr,
        limit: usize,
    ) -> Result<Option<&Local>, AddCandidateError> {
        if !is_usable(address) {
            return Err(AddCandidateError::UnusableAddress);
        }
        if self.base(address).is_some() {
            return Ok(None);
        }
        if self.entries.len() >= limit {
            return Err(AddCandidateError::TooMany);
        }
        let preference = Preference::of(address, self.bases().count());
        Ok(Some(self.push(candidate, address, preference, None)))
    }

    /// Adds an address that a STUN server or the peer saw `base` come from. `None` if it is known, if
    /// it is the base itself (RFC 8445 section 5.1.3), or if there is no room.
    pub(crate) fn add_reflexive(
        &mut self,
        mut candidate: Candidate,
        base: SocketAddr,
        server: Option<IpAddr>,
        limit: usize,
    ) -> Option<&Local> {
        let address = candidate.socket_addr()?;
        let preference = self.base(base)?.preference;
        let known = |local: &Local| local.address == address && local.base == base;
        if self.entries.iter().any(known) || self.entries.len() >= limit || !is_usable(address) {
            return None;
        }
        candidate.related = Some(base);
        Some(self.push(candidate, base, preference, server))
    }

    fn push(
        &mut self,
        mut candidate: Candidate,
        base: SocketAddr,
        preference: Preference,
        server: Option<IpAddr>,
    ) -> &Local {
        candidate.priority = candidate_priority(candidate.kind, preference, COMPONENT);
        candidate.foundation = self.foundation(candidate.kind, base.ip(), server);
        let address = candidate.socket_addr().unwrap_or(base);
        let at = self.entries.len();
        self.entries.push(Local {
            candidate,
            address,
            base,
            preference,
        });
        &self.entries[at]
    }

    fn foundation(
        &mut self,
        kind: CandidateKind,
        base: IpAddr,
        server: Option<IpAddr>,
    ) -> Foundation {
        let origin = Origin { kind, base, server };
        let known = self.foundations.iter().find(|(known, _)| *known == origin);
        let number = known.map_or(self.last_foundation + 1, |(_, number)| *number);
        if number > self.last_foundation {
            self.last_foundation = number;
            self.foundations.push((origin, number));
        }
        Foundation::from_number(number)
    }

    /// As what kind of candidate an address is known that the peer saw `base` come from.
    pub(crate) fn kind_of(&self, address: SocketAddr, base: SocketAddr) -> Option<CandidateKind> {
        let same = |local: &&Local| local.address == address && local.base == base;
        self.entries
            .iter()
            .find(same)
            .map(|local| local.candidate.kind)
    }

    /// Forgets reflexive candidates: a new generation finds them anew.
    pub(crate) fn forget_reflexive(&mut self) {
        self.entries.retain(Local::is_base);
        let base = |kind| matches!(kind, CandidateKind::Host | CandidateKind::Relayed);
        self.foundations.retain(|(origin, _)| base(origin.kind));
    }
}
