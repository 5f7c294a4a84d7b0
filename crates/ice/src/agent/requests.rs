//! Requests of the peer's: RFC 8445 section 7.3.

use std::net::SocketAddr;

use tidewire_stun::Message;
use tracing::debug;

use super::{Agent, Handled, Outgoing};
use crate::candidate::Candidate;
use crate::config::Role;
use crate::event::Event;
use crate::keys::{Addressee, Keys};
use crate::kind::CandidateKind;
use crate::message::{Answer, Request, unknown_attribute};
use crate::pair::{PairId, PairState, Side};
use crate::session::{Early, Path};
use crate::stats::DropReason;

impl Agent {
    pub(super) fn handle_request(
        &mut self,
        path: Path,
        message: &Message<'_>,
    ) -> Result<Handled, DropReason> {
        if self.locals.base(path.0).is_none() {
            return Err(DropReason::UnknownLocalAddress);
        }
        let username = message.username().ok_or(DropReason::NoUsername)?;
        let (keys, generation) = self.addressed(username)?;
        message
            .verify_integrity(keys.local_key())
            .map_err(|_| DropReason::WrongIntegrity)?;
        self.stats.requests_received += 1;
        let request = Request::read(message);
        let answer = if let Some(kind) = unknown_attribute(message) {
            Answer::UnknownAttribute(kind)
        } else if self.is_role_conflict(&request) {
            Answer::RoleConflict
        } else {
            Answer::Mapped(path.1)
        };
        self.answer(&request, path, answer, generation);
        if matches!(answer, Answer::Mapped(_)) {
            self.accepted(path, request, generation, Keys::sender(username));
        }
        Ok(Handled::Request)
    }

    /// The generation that a request is addressed to.
    fn addressed(&self, username: &str) -> Result<(&Keys, u32), DropReason> {
        let session = &self.session;
        match session.keys.addressee(username) {
            Addressee::Us => return Ok((&session.keys, session.generation)),
            Addressee::UsFromStranger => return Err(DropReason::WrongRemoteUfrag),
            Addressee::Other => {}
        }
        let previous = self.previous.as_ref().ok_or(DropReason::WrongUsername)?;
        match previous.keys.addressee(username) {
            Addressee::Us => Ok((&previous.keys, previous.generation)),
            Addressee::UsFromStranger => Err(DropReason::WrongRemoteUfrag),
            Addressee::Other => Err(DropReason::WrongUsername),
        }
    }

    /// Settles a role conflict: RFC 8445 section 7.3.1.1. Answers whether it is the peer who has to
    /// give in; otherwise this agent has done so, where there was a conflict.
    fn is_role_conflict(&mut self, request: &Request) -> bool {
        let Some((role, tie_breaker)) = request.role else {
            return false;
        };
        if role != self.role {
            return false;
        }
        self.stats.role_conflicts += 1;
        let stays = match self.role {
            _ if self.remote_lite => true,
            Role::Controlling => self.tie_breaker >= tie_breaker,
            Role::Controlled => self.tie_breaker < tie_breaker,
        };
        if !stays {
            self.concede_role();
        }
        stays
    }

    pub(super) fn concede_role(&mut self) {
        self.switch_role(self.role.opposite());
        debug!(role = ?self.role, "role conflict lost");
        self.events.push(Event::RoleChange(self.role));
    }

    fn answer(&mut self, request: &Request, path: Path, answer: Answer, generation: u32) {
        if self.outbox.len() >= self.config.limits.queued {
            self.stats.dropped.count(DropReason::QueueFull);
            return;
        }
        self.stats.responses_sent += 1;
        self.outbox.push_back(Outgoing::Answer {
            id: request.id,
            path,
            answer,
            generation,
        });
    }

    fn accepted(&mut self, path: Path, request: Request, generation: u32, ufrag: &str) {
        self.hope_again();
        if generation != self.session.generation {
            self.heard_on_previous(path);
        } else if self.session.keys.remote().is_none() {
            self.remember(Early {
                path,
                ufrag: ufrag.to_owned(),
                request,
            });
        } else {
            self.follow_request(path, &request);
        }
    }

    fn heard_on_previous(&mut self, path: Path) {
        let limit = self.config.limits.pairs;
        let Some(previous) = &mut self.previous else {
            return;
        };
        if !previous.paths.contains(&path) && previous.paths.len() < limit {
            previous.paths.push(path);
        }
    }

    /// Keeps a request until the peer's credentials are known; of several on a path the last, but a
    /// nomination stays.
    fn remember(&mut self, mut early: Early) {
        let known = |known: &&mut Early| known.path == early.path && known.ufrag == early.ufrag;
        if let Some(known) = self.session.early.iter_mut().find(known) {
            early.request.use_candidate |= known.request.use_candidate;
            *known = early;
        } else if self.session.early.len() < self.config.limits.early_requests {
            self.session.early.push(early);
        } else {
            self.stats.dropped.count(DropReason::TooManyEarlyRequests);
        }
    }

    /// Learns the remote candidate, triggers a check, and follows a nomination: RFC 8445 sections
    /// 7.3.1.3 to 7.3.1.5.
    pub(super) fn follow_request(&mut self, path: Path, request: &Request) {
        let Some(id) = self.pair_of(path, request.priority) else {
            return;
        };
        let fresh = self.is_check_fresh(id);
        let Some(pair) = self.session.checklist.get_mut(id) else {
            return;
        };
        pair.traffic.requests_received += 1;
        pair.traffic.responses_sent += 1;
        let first_heard = pair.heard.replace(self.now).is_none();
        match pair.state {
            PairState::Succeeded => {}
            // The check under way was sent before the peer's opened its NAT towards us; one sent since
            // then gets its time to be answered.
            PairState::InProgress if !first_heard && fresh => {}
            _ => {
                self.transactions.cancel_checks(id, self.now);
                self.session.checklist.trigger(id);
            }
        }
        if request.use_candidate && self.role == Role::Controlled {
            self.follow_nomination(id, request.id);
        }
    }

    fn is_check_fresh(&self, id: PairId) -> bool {
        let check = self.transactions.newest_check(id);
        let fresh = self.config.timing.initial_rto;
        check.is_some_and(|check| check.first_sent + fresh > self.now)
    }

    /// The pair of the path that a request came on; formed, if there is none.
    fn pair_of(&mut self, (base, remote): Path, priority: Option<u32>) -> Option<PairId> {
        if let Some(pair) = self.session.checklist.find(base, remote) {
            return Some(pair.id);
        }
        let local = self.locals.base(base)?.side();
        let remote = match self.session.remotes.find(remote) {
            Some(known) => known,
            None => self.learn_remote(remote, priority)?,
        };
        self.form_pair(local, remote);
        let pair = self.session.checklist.find(base, remote.address);
        pair.map(|pair| pair.id)
    }

    /// A peer-reflexive candidate: RFC 8445 section 7.3.1.3.
    fn learn_remote(&mut self, remote: SocketAddr, priority: Option<u32>) -> Option<Side> {
        // Only a peer that breaks section 7.1.1 leaves the priority out.
        let default = || Candidate::peer_reflexive(remote, 1).priority;
        let priority = priority.unwrap_or_else(default);
        let limit = self.config.limits.peer_reflexive;
        let selected = self.session.selected.map(|selected| selected.path.1);
        let spare = |address| Some(address) != selected;
        let learnt = self
            .session
            .remotes
            .add_peer_reflexive(remote, priority, limit, spare)?;
        let (side, evicted) = learnt;
        debug_assert_eq!(side.kind, CandidateKind::PeerReflexive);
        if let Some(evicted) = evicted {
            self.session.checklist.remove_remote(evicted);
        }
        Some(side)
    }
}
