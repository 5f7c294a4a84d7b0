//! Remote candidates: RFC 8445 sections 5.3 and 7.3.1.3, RFC 8838 section 11.

use std::net::{IpAddr, SocketAddr};

use crate::candidate::{Address, COMPONENT, Candidate, Foundation, is_usable};
use crate::config::Limits;
use crate::kind::{CandidateKind, Transport};
use crate::local::AddCandidateError;
use crate::pair::Side;

/// The remote candidates of one generation.
#[derive(Debug, Default)]
pub(crate) struct RemoteCandidates {
    known: Vec<Candidate>,
    /// Candidates whose names wait to be resolved.
    unresolved: Vec<Candidate>,
    ended: bool,
    /// How many peer-reflexive candidates there have been; their foundations are numbered.
    reflexive_count: u32,
}

/// What became of a candidate that the caller added.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Added {
    /// Pairs are to be formed with it.
    New(Side),
    /// It was known as a peer-reflexive candidate; now more is known of it.
    Updated(Side),
    /// It was known.
    Duplicate,
    /// Its name has to be resolved; whether nobody was asked to do so yet.
    Unresolved { ask: bool },
}

impl RemoteCandidates {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Candidate> {
        self.known.iter().chain(&self.unresolved)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty() && self.unresolved.is_empty()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// The sides of pairs with the candidates whose addresses are known.
    fn sides(&self) -> impl Iterator<Item = Side> + '_ {
        self.known.iter().filter_map(side)
    }

    /// The sides of pairs with the candidates that the peer told: RFC 8445 section 7.3.1.3 has the
    /// others paired with nothing but the base that they were seen on.
    pub(crate) fn told(&self) -> impl Iterator<Item = Side> + '_ {
        self.sides()
            .filter(|side| side.kind != CandidateKind::PeerReflexive)
    }

    pub(crate) fn find(&self, address: SocketAddr) -> Option<Side> {
        self.sides().find(|side| side.address == address)
    }

    /// Adds a candidate that the peer told of.
    pub(crate) fn add(
        &mut self,
        candidate: Candidate,
        limits: &Limits,
    ) -> Result<Added, AddCandidateError> {
        if candidate.component != COMPONENT {
            return Err(AddCandidateError::OtherComponent);
        }
        if candidate.transport != Transport::Udp {
            return Err(AddCandidateError::UnsupportedTransport);
        }
        match &candidate.address {
            Address::Ip(address) => self.add_resolved(*address, candidate, limits),
            Address::Mdns { .. } => self.add_unresolved(candidate, limits),
        }
    }

    fn add_resolved(
        &mut self,
        address: SocketAddr,
        candidate: Candidate,
        limits: &Limits,
    ) -> Result<Added, AddCandidateError> {
        if !is_usable(address) {
            return Err(AddCandidateError::UnusableAddress);
        }
        let known = |known: &Candidate| known.socket_addr() == Some(address);
        let known = self.known.iter().position(known);
        if known.is_some_and(|at| self.known[at].kind != CandidateKind::PeerReflexive) {
            return Ok(Added::Duplicate);
        }
        self.check_room(limits)?;
        if let Some(at) = known {
            self.known[at] = candidate;
            return Ok(side(&self.known[at]).map_or(Added::Duplicate, Added::Updated));
        }
        let added = side(&candidate).map_or(Added::Duplicate, Added::New);
        self.known.push(candidate);
        Ok(added)
    }

    fn add_unresolved(
        &mut self,
        candidate: Candidate,
        limits: &Limits,
    ) -> Result<Added, AddCandidateError> {
        let known = |known: &Candidate| known.address == candidate.address;
        if self.unresolved.iter().any(known) {
            return Ok(Added::Duplicate);
        }
        self.check_room(limits)?;
        let same = |known: &Candidate| name_of(known) == name_of(&candidate);
        let ask = !self.unresolved.iter().any(same);
        self.unresolved.push(candidate);
        Ok(Added::Unresolved { ask })
    }

    fn check_room(&self, limits: &Limits) -> Result<(), AddCandidateError> {
        let reflexive = |known: &&Candidate| known.kind == CandidateKind::PeerReflexive;
        let reflexive = self.known.iter().filter(reflexive).count();
        let told = self.known.len() + self.unresolved.len() - reflexive;
        if told < limits.remote_candidates {
            Ok(())
        } else {
            Err(AddCandidateError::TooMany)
        }
    }

    /// Takes out the candidates of a name, with the address that it stands for.
    pub(crate) fn resolve(&mut self, name: &str, ip: IpAddr) -> Vec<Candidate> {
        let (found, rest) =
            std::mem::take(&mut self.unresolved)
                .into_iter()
                .partition(|candidate| {
                    name_of(candidate).is_some_and(|known| known.eq_ignore_ascii_case(name))
                });
        self.unresolved = rest;
        let mut found: Vec<Candidate> = found;
        for candidate in &mut found {
            candidate.address = Address::Ip(SocketAddr::new(ip, candidate.address.port()));
        }
        found
    }

    /// Adds a candidate that a check revealed: RFC 8445 section 7.3.1.3. Where there is no room, the
    /// oldest one that `spare` allows gives way; its address is answered as well.
    pub(crate) fn add_peer_reflexive(
        &mut self,
        address: SocketAddr,
        priority: u32,
        limit: usize,
        spare: impl Fn(SocketAddr) -> bool,
    ) -> Option<(Side, Option<SocketAddr>)> {
        let reflexive = |known: &Candidate| known.kind == CandidateKind::PeerReflexive;
        let mut evicted = None;
        if self.known.iter().filter(|known| reflexive(known)).count() >= limit {
            let victim = self
                .known
                .iter()
                .position(|known| reflexive(known) && known.socket_addr().is_some_and(&spare))?;
            evicted = self.known.remove(victim).socket_addr();
        }
        self.reflexive_count = self.reflexive_count.wrapping_add(1);
        let mut candidate = Candidate::peer_reflexive(address, priority);
        candidate.foundation = Foundation::new(&format!("prflx{}", self.reflexive_count))?;
        let side = side(&candidate)?;
        self.known.push(candidate);
        Some((side, evicted))
    }
}

fn side(candidate: &Candidate) -> Option<Side> {
    Some(Side {
        address: candidate.socket_addr()?,
        kind: candidate.kind,
        foundation: candidate.foundation,
        priority: candidate.priority,
    })
}

fn name_of(candidate: &Candidate) -> Option<&str> {
    match &candidate.address {
        Address::Mdns { name, .. } => Some(name),
        Address::Ip(_) => None,
    }
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
