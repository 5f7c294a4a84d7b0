//! What the caller tells an agent.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::{Agent, Phase};
use crate::candidate::{Address, Candidate, can_pair};
use crate::checklist::Formed;
use crate::config::Role;
use crate::credentials::Credentials;
use crate::event::Event;
use crate::keys::Keys;
use crate::local::AddCandidateError;
use crate::pair::{PairId, Side};
use crate::remote::Added;
use crate::session::Session;
use crate::stats::DropReason;

impl Agent {
    /// Sets the role: the offerer controls, unless only the other agent is a full one (RFC 8445
    /// section 6.1.1).
    pub fn set_role(&mut self, role: Role) {
        self.switch_role(role);
        self.wake();
    }

    /// Whether the peer is a lite agent: then this one controls (RFC 8445 section 6.1.1).
    pub fn set_remote_lite(&mut self, lite: bool) {
        self.remote_lite = lite;
        if lite {
            self.switch_role(Role::Controlling);
        }
        self.wake();
    }

    pub(super) fn switch_role(&mut self, role: Role) {
        if self.role == role {
            return;
        }
        self.role = role;
        self.session.nominating = None;
        self.session.checklist.set_role(role);
    }

    /// Sets the peer's credentials. Checks begin, and requests that came before are caught up on.
    /// Other credentials than before are another peer's: its candidates are to be added anew.
    pub fn set_remote_credentials(&mut self, credentials: Credentials) {
        match self.session.keys.remote() {
            Some(known) if *known == credentials => return,
            Some(_) => {
                self.session.forget_peer();
                self.transactions.forget_peer();
            }
            None => {}
        }
        let mut early = std::mem::take(&mut self.session.early);
        early.retain(|early| early.ufrag == credentials.ufrag);
        self.session.keys.set_remote(credentials);
        self.session.patience_from = Some(self.now);
        for early in early {
            self.follow_request(early.path, &early.request);
        }
        self.wake();
    }

    /// Adds the address of a UDP socket. It is known at once, and asked about at all STUN servers.
    ///
    /// # Errors
    /// When the bound on local candidates is reached, or the address cannot be sent from.
    pub fn add_host_candidate(
        &mut self,
        now: Instant,
        address: SocketAddr,
    ) -> Result<(), AddCandidateError> {
        self.now = self.now.max(now);
        let limit = self.config.limits.local_candidates;
        let Some(local) = self.locals.add_host(address, limit)? else {
            return Ok(());
        };
        let (candidate, side) = (local.candidate.clone(), local.side());
        self.gatherer.add_base(address);
        self.added_local(candidate, side);
        self.update();
        Ok(())
    }

    /// Adds a host or relayed candidate. What it sends leaves from its own address: the caller wraps
    /// what goes over a relay. Foundation and priority are computed.
    ///
    /// # Errors
    /// When the bound on local candidates is reached, or the candidate cannot be sent from.
    pub fn add_local_candidate(&mut self, candidate: Candidate) -> Result<(), AddCandidateError> {
        let limit = self.config.limits.local_candidates;
        let Some(local) = self.locals.add(candidate, limit)? else {
            return Ok(());
        };
        let (candidate, side) = (local.candidate.clone(), local.side());
        self.gatherer.reopen();
        self.added_local(candidate, side);
        self.wake();
        Ok(())
    }

    fn added_local(&mut self, candidate: Candidate, local: Side) {
        self.events.push(Event::LocalCandidate(candidate));
        let remotes: Vec<Side> = self.session.remotes.told().collect();
        for remote in remotes {
            self.form_pair(local, remote);
        }
    }

    /// Adds a STUN server, to be asked from all host candidates (RFC 8445 section 5.1.1.2). Answers
    /// whether there is room for it.
    pub fn add_stun_server(&mut self, now: Instant, server: SocketAddr) -> bool {
        self.now = self.now.max(now);
        let limit = self.config.limits.stun_servers;
        let added = self.gatherer.add_server(server, limit);
        self.update();
        added
    }

    /// Says that no more local candidates and servers are added: gathering is complete when all
    /// servers have answered or given no answer for long. This outlasts restarts.
    pub fn finish_local_candidates(&mut self) {
        self.gatherer.finish();
        self.wake();
    }

    /// Adds a candidate that the peer told (RFC 8838 section 11). A name is handed to the caller as
    /// [`Event::ResolveMdns`]; the connection does not wait for it.
    ///
    /// # Errors
    /// When the bound on remote candidates is reached, or the candidate cannot be used.
    pub fn add_remote_candidate(
        &mut self,
        now: Instant,
        candidate: Candidate,
    ) -> Result<(), AddCandidateError> {
        self.now = self.now.max(now);
        let ours = self.session.keys.remote().map(|known| &*known.ufrag);
        if ours.is_some() && candidate.ufrag().is_some_and(|ufrag| Some(ufrag) != ours) {
            return Err(AddCandidateError::OtherGeneration);
        }
        if self.session.remotes.has_ended() {
            return Err(AddCandidateError::Ended);
        }
        self.add_remote(candidate)
    }

    fn add_remote(&mut self, candidate: Candidate) -> Result<(), AddCandidateError> {
        let name = match &candidate.address {
            Address::Mdns { name, .. } => Some(name.clone()),
            Address::Ip(_) => None,
        };
        let added = self.session.remotes.add(candidate, &self.config.limits)?;
        match (added, name) {
            (Added::New(remote), _) => self.pair_with_locals(remote),
            (Added::Updated(remote), _) => self.session.checklist.update_remote(remote, self.role),
            (Added::Unresolved { ask: true }, Some(name)) => {
                self.events.push(Event::ResolveMdns { name });
            }
            _ => return Ok(()),
        }
        self.hope_again();
        if self.session.keys.remote().is_some() {
            self.session.patience_from = Some(self.now);
        }
        self.update();
        Ok(())
    }

    /// The peer is slow, not gone: where people carry descriptions, the answer may take longer than
    /// the patience of the agent that wrote it.
    pub(super) fn hope_again(&mut self) {
        if self.phase == Phase::Hopeless {
            self.phase = Phase::Running;
            self.session.patience_from = Some(self.now);
        }
    }

    fn pair_with_locals(&mut self, remote: Side) {
        let bases: Vec<Side> = self.locals.bases().map(|local| local.side()).collect();
        for local in bases {
            self.form_pair(local, remote);
        }
    }

    /// Forms a pair, if its sides can reach each other: RFC 8445 section 6.1.2.2.
    pub(super) fn form_pair(&mut self, local: Side, remote: Side) {
        if !can_pair(local.address, remote.address) {
            return;
        }
        let limit = self.config.limits.pairs;
        let id = PairId(self.next_pair);
        self.next_pair = self.next_pair.wrapping_add(1);
        let checklist = &mut self.session.checklist;
        if checklist.form(id, (local, remote), self.role, limit) == Formed::NoRoom {
            self.stats.dropped.count(DropReason::TooManyPairs);
        }
    }

    /// Tells the address that a name stands for.
    pub fn resolve_mdns(&mut self, now: Instant, name: &str, ip: IpAddr) {
        self.now = self.now.max(now);
        for candidate in self.session.remotes.resolve(name, ip) {
            // The candidate was accepted when it came; an address that is of no use is no candidate.
            let _ = self.add_remote(candidate);
        }
    }

    /// Says that the peer tells no more candidates: RFC 8838 section 14.
    pub fn end_of_remote_candidates(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.session.remotes.end();
        self.update();
    }

    /// Starts a new generation under `credentials` (RFC 8445 section 9). The pair in use stays in use,
    /// with its own credentials and consent, until the new generation has one. Host and relayed
    /// candidates are told anew; STUN servers are asked anew.
    pub fn restart(&mut self, now: Instant, credentials: Credentials) {
        self.now = self.now.max(now);
        if self.phase == Phase::Closed {
            return;
        }
        self.phase = Phase::Running;
        let keys = Keys::new(self.config.crypto.clone(), credentials);
        let generation = self.session.generation.wrapping_add(1);
        let old = std::mem::replace(&mut self.session, Session::new(generation, keys));
        if let Some(previous) = old.retire() {
            self.previous = Some(previous);
        }
        self.transactions.restart();
        self.restart_gathering();
        self.update();
    }

    fn restart_gathering(&mut self) {
        self.events.forget_candidates();
        self.locals.forget_reflexive();
        self.gatherer.restart();
        for local in self.locals.iter() {
            let candidate = local.candidate.clone();
            self.events.push(Event::LocalCandidate(candidate));
        }
    }

    /// Ends all activity. Nothing is sent any more.
    pub fn close(&mut self) {
        self.stop(Phase::Closed);
        self.wake();
    }

    pub(super) fn stop(&mut self, phase: Phase) {
        self.phase = phase;
        self.transactions.clear();
        self.outbox.clear();
        self.previous = None;
        self.session.selected = None;
        self.session.nominating = None;
    }
}
