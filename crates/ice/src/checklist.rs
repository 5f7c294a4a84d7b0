//! The checklist and its triggered-check queue: RFC 8445 sections 6.1.2 to 6.1.4.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use tidewire_stun::TransactionId;

use crate::candidate::Foundation;
use crate::config::Role;
use crate::pair::{Pair, PairId, PairState, Side};

/// The pairs of one generation, best first, and the order in which they are checked.
#[derive(Debug, Default)]
pub(crate) struct Checklist {
    pairs: Vec<Pair>,
    triggered: VecDeque<PairId>,
    /// A pair is nominated: only triggered checks go on (RFC 8445 section 8.1.2).
    concluded: bool,
}

/// What became of a pair that was to be formed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Formed {
    /// It is new.
    New,
    /// It was there already.
    Known,
    /// There is no room for it, nor a worse pair to give way.
    NoRoom,
}

impl Checklist {
    pub(crate) fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    pub(crate) fn get(&self, id: PairId) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: PairId) -> Option<&mut Pair> {
        self.pairs.iter_mut().find(|pair| pair.id == id)
    }

    pub(crate) fn find(&self, base: SocketAddr, remote: SocketAddr) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.joins(base, remote))
    }

    pub(crate) fn find_mut(&mut self, base: SocketAddr, remote: SocketAddr) -> Option<&mut Pair> {
        let mut pairs = self.pairs.iter_mut();
        pairs.find(|pair| pair.joins(base, remote))
    }

    /// Forms a pair, in the state that RFC 8838 section 12 gives to pairs of a running checklist. Of
    /// two pairs with one base and one remote address only the first is kept: RFC 8445 section 6.1.2.4.
    pub(crate) fn form(
        &mut self,
        id: PairId,
        (local, remote): (Side, Side),
        role: Role,
        limit: usize,
    ) -> Formed {
        if self.find(local.address, remote.address).is_some() {
            return Formed::Known;
        }
        let mut pair = Pair::new(id, local, remote, role);
        if self.pairs.len() >= limit && !self.make_room(pair.priority) {
            return Formed::NoRoom;
        }
        pair.state = self.initial_state(pair.foundation());
        let at = self
            .pairs
            .partition_point(|known| known.priority >= pair.priority);
        self.pairs.insert(at, pair);
        Formed::New
    }

    fn initial_state(&self, foundation: (Foundation, Foundation)) -> PairState {
        let mut same = self.pairs.iter().filter(|p| p.foundation() == foundation);
        let blocked = same.clone().any(Pair::is_live) && !same.any(Pair::is_valid);
        if blocked {
            PairState::Frozen
        } else {
            PairState::Waiting
        }
    }

    /// RFC 8445 section 6.1.2.5: the pairs of the lowest priority go; failed ones first, and never one
    /// that works.
    fn make_room(&mut self, priority: u64) -> bool {
        let failed = |pair: &Pair| pair.state == PairState::Failed;
        let worse =
            |pair: &Pair| !pair.is_valid() && pair.heard.is_none() && pair.priority < priority;
        let victim = self.pairs.iter().rposition(failed);
        let Some(victim) = victim.or_else(|| self.pairs.iter().rposition(worse)) else {
            return false;
        };
        let victim = self.pairs.remove(victim);
        self.triggered.retain(|id| *id != victim.id);
        true
    }

    pub(crate) fn remove_remote(&mut self, remote: SocketAddr) {
        self.pairs.retain(|pair| pair.remote.address != remote);
        let pairs = &self.pairs;
        self.triggered
            .retain(|id| pairs.iter().any(|pair| pair.id == *id));
    }

    /// What is known of a remote candidate is corrected: RFC 8445 section 7.3.1.3.
    pub(crate) fn update_remote(&mut self, remote: Side, role: Role) {
        for pair in &mut self.pairs {
            if pair.remote.address == remote.address {
                pair.remote = remote;
            }
        }
        self.set_role(role);
    }

    /// Computes the priorities anew: RFC 8445 section 7.3.1.1.
    pub(crate) fn set_role(&mut self, role: Role) {
        for pair in &mut self.pairs {
            pair.compute_priority(role);
        }
        self.pairs
            .sort_by_key(|pair| std::cmp::Reverse(pair.priority));
    }

    /// Puts a pair in the queue of triggered checks: RFC 8445 section 7.3.1.4.
    pub(crate) fn trigger(&mut self, id: PairId) {
        let Some(pair) = self.get_mut(id) else {
            return;
        };
        pair.state = PairState::Waiting;
        if !self.triggered.contains(&id) {
            self.triggered.push_back(id);
        }
    }

    /// The next pair to check because of a request of the peer's.
    pub(crate) fn pop_triggered(&mut self) -> Option<PairId> {
        while let Some(id) = self.triggered.pop_front() {
            if self.get(id).is_some_and(|p| p.state == PairState::Waiting) {
                return Some(id);
            }
        }
        None
    }

    pub(crate) fn has_triggered(&self) -> bool {
        let waiting = |id: &PairId| self.get(*id).is_some_and(|p| p.state == PairState::Waiting);
        self.triggered.iter().any(waiting)
    }

    /// The next pair by priority: RFC 8445 section 6.1.4.2. Where none waits, the best frozen pair is
    /// thawed whose foundation has no check under way.
    pub(crate) fn next_ordinary(&self) -> Option<PairId> {
        if self.concluded {
            return None;
        }
        let waiting = self.pairs.iter().find(|p| p.state == PairState::Waiting);
        let thawed = || {
            let frozen = |pair: &&Pair| pair.state == PairState::Frozen;
            self.pairs
                .iter()
                .filter(frozen)
                .find(|pair| !self.is_in_progress(pair.foundation()))
        };
        waiting.or_else(thawed).map(|pair| pair.id)
    }

    fn is_in_progress(&self, foundation: (Foundation, Foundation)) -> bool {
        self.pairs
            .iter()
            .any(|p| p.state == PairState::InProgress && p.foundation() == foundation)
    }

    /// A pair works: pairs of its foundation are likely to, RFC 8445 section 7.2.5.3.3.
    pub(crate) fn thaw(&mut self, foundation: (Foundation, Foundation)) {
        for pair in &mut self.pairs {
            if pair.state == PairState::Frozen && pair.foundation() == foundation {
                pair.state = PairState::Waiting;
            }
        }
    }

    /// The best pair that works.
    pub(crate) fn best_valid(&self) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.is_valid())
    }

    /// The best other pair that works and that the peer has used since `since`.
    pub(crate) fn best_heard_since(&self, since: Instant, but: PairId) -> Option<&Pair> {
        let heard = |pair: &Pair| pair.heard.is_some_and(|at| at > since);
        self.pairs
            .iter()
            .find(|pair| pair.id != but && pair.is_valid() && heard(pair))
    }

    /// Whether a check of a better pair than this one may still succeed.
    pub(crate) fn has_better(&self, priority: u64) -> bool {
        let better = |pair: &Pair| pair.priority > priority && pair.is_live();
        self.pairs.iter().any(better)
    }

    pub(crate) fn has_live(&self) -> bool {
        self.pairs.iter().any(Pair::is_live)
    }

    /// The pairs that count towards the retransmission timeout: RFC 8445 section 14.3.
    pub(crate) fn active(&self) -> usize {
        let active =
            |pair: &&Pair| matches!(pair.state, PairState::Waiting | PairState::InProgress);
        self.pairs.iter().filter(active).count()
    }

    /// Marks one pair nominated and stops looking for others: RFC 8445 section 8.1.2. Answers the
    /// pairs whose checks are to be given up.
    pub(crate) fn conclude(&mut self, nominated: PairId) -> Vec<PairId> {
        self.concluded = true;
        let mut given_up = Vec::new();
        for pair in &mut self.pairs {
            pair.nominated = pair.id == nominated;
            if pair.state == PairState::InProgress && pair.heard.is_none() {
                pair.state = PairState::Waiting;
                given_up.push(pair.id);
            }
        }
        given_up
    }

    pub(crate) fn nominated(&self) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.nominated)
    }

    /// A request nominated the pair: answers how many different ones did so in a row.
    pub(crate) fn count_nomination(&mut self, id: PairId, by: TransactionId) -> u32 {
        let mut count = 0;
        for pair in &mut self.pairs {
            if pair.id != id {
                pair.nominations = 0;
            } else {
                let again = pair.nominated_by.replace(by) == Some(by);
                pair.nominations = pair.nominations.saturating_add(u32::from(!again)).max(1);
                count = pair.nominations;
            }
        }
        count
    }
}

#[cfg(test)]
#[path = "checklist_tests.rs"]
mod tests;
