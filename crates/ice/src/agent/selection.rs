//! Nomination and the pair in use: RFC 8445 sections 7.3.1.5, 8 and 12.

use std::time::{Duration, Instant};

use tidewire_stun::TransactionId;
use tracing::debug;

use super::{Agent, Phase};
use crate::config::Role;
use crate::consent::Consent;
use crate::event::Event;
use crate::kind::CandidateKind;
use crate::pair::{Pair, PairId};
use crate::session::Selected;
use crate::state::{ConnectionState, GatheringState};

impl Agent {
    /// A check of the pair has succeeded; `nominating` if it was the one that nominates.
    pub(super) fn became_valid(&mut self, id: PairId, nominating: bool) {
        if nominating {
            self.session.nominating = None;
        }
        let wanted = match self.role {
            Role::Controlling => nominating,
            Role::Controlled => self.is_nominated_by_peer(id),
        };
        if wanted {
            self.nominated(id);
        } else if self.session.nominating.is_none() && self.session.checklist.nominated().is_none()
        {
            self.select_best();
        }
    }

    fn is_nominated_by_peer(&self, id: PairId) -> bool {
        let pair = self.session.checklist.get(id);
        pair.is_some_and(|pair| pair.nominate_when_valid && self.outranks(pair))
    }

    /// A request nominates the pair. RFC 8445 lets a peer nominate once; those that nominate several
    /// pairs mean the best one (RFC 5245 section 8.1.1.2), or, when they insist on a worse one, that
    /// the other no longer works for them.
    pub(super) fn follow_nomination(&mut self, id: PairId, by: TransactionId) {
        self.session.checklist.count_nomination(id, by);
        let Some(pair) = self.session.checklist.get_mut(id) else {
            return;
        };
        pair.nominate_when_valid = true;
        if pair.is_valid() && !pair.nominated && self.is_nominated_by_peer(id) {
            self.nominated(id);
        }
    }

    fn outranks(&self, pair: &Pair) -> bool {
        let nominated = self.session.checklist.nominated();
        nominated.is_none_or(|known| {
            known.id == pair.id
                || pair.priority > known.priority
                || pair.nominations >= 2
                || self.silent_pair().is_some()
        })
    }

    /// RFC 8445 section 8.1.2.
    fn nominated(&mut self, id: PairId) {
        for given_up in self.session.checklist.conclude(id) {
            self.transactions.cancel_checks(given_up, self.now);
        }
        self.gatherer.release();
        self.select(id);
    }

    /// Until one is being nominated, the best valid pair is used.
    fn select_best(&mut self) {
        if let Some(best) = self.session.checklist.best_valid() {
            self.select(best.id);
        }
    }

    fn select(&mut self, id: PairId) {
        let Some(pair) = self.session.checklist.get(id) else {
            return;
        };
        let path = (pair.local.address, pair.remote.address);
        let (nominated, answered) = (pair.nominated, pair.answered.unwrap_or(self.now));
        let consent = match self.session.selected {
            Some(selected) if selected.pair == id && selected.nominated == nominated => return,
            Some(selected) if selected.pair == id => selected.consent,
            _ => Consent::granted(answered, &self.config.timing, &mut self.rng),
        };
        self.session.selected = Some(Selected {
            pair: id,
            path,
            consent,
            nominated,
        });
        if let Some(previous) = &mut self.previous {
            previous.retired.get_or_insert(self.now);
        }
        debug!(pair = id.0, nominated, "pair selected");
        self.events.push(Event::SelectedPair {
            local: path.0,
            remote: path.1,
            nominated,
        });
    }

    /// A pair that was valid has failed: if it was in use, another valid one takes its place.
    pub(super) fn lost_valid(&mut self, id: PairId) {
        if self
            .session
            .selected
            .is_some_and(|selected| selected.pair == id)
        {
            self.session.selected = None;
            self.select_best();
        }
    }

    /// The controlling agent nominates: RFC 8445 section 8.1.1. A pair of host candidates is nominated
    /// as soon as it works; others wait a little for better ones.
    pub(super) fn nominate_when_ready(&mut self) {
        let Some((id, at)) = self.next_nomination() else {
            return;
        };
        if at <= self.now && self.pacer.urgent_at(self.now) <= self.now {
            self.session.nominating = Some(id);
            self.begin_check(id, true);
        }
    }

    /// The nominated pair is silent, but the peer uses another one that works, because a NAT has
    /// changed its mind: that one is nominated. RFC 8445 section 8.1.1 would have the connection fail
    /// and be restarted; peers follow all the same.
    pub(super) fn leave_silent_pair(&mut self) {
        if self.role != Role::Controlling || self.session.nominating.is_some() {
            return;
        }
        let Some((selected, since)) = self.silent_pair() else {
            return;
        };
        // Peers may check spare pairs now and then, but no more often than the one in use.
        let pair = self.session.checklist.get(selected);
        let spare = self.config.timing.consent_interval * 3 / 5;
        let heard = pair.and_then(|pair| Some(pair.heard? + spare));
        let since = heard.map_or(since, |heard| heard.max(since));
        let better = self.session.checklist.best_heard_since(since, selected);
        if let Some(id) = better.map(|pair| pair.id)
            && self.pacer.urgent_at(self.now) <= self.now
        {
            self.session.nominating = Some(id);
            self.begin_check(id, true);
        }
    }

    /// The nominated pair, if the peer does not answer on it, and when it did so last.
    fn silent_pair(&self) -> Option<(PairId, Instant)> {
        let selected = self
            .session
            .selected
            .filter(|selected| selected.nominated)?;
        let rtt = self.session.checklist.get(selected.pair)?.rtt;
        let wait = self.config.timing.initial_rto;
        let wait = rtt.map_or(wait, |rtt| wait.max(rtt * 3));
        let since = selected.consent.silent_since(self.now, wait)?;
        Some((selected.pair, since))
    }

    pub(super) fn nomination_deadline(&self) -> Option<Instant> {
        let (_, at) = self.next_nomination()?;
        Some(at.max(self.pacer.urgent_at(self.now)))
    }

    fn next_nomination(&self) -> Option<(PairId, Instant)> {
        let session = &self.session;
        let nominates = self.role == Role::Controlling
            && session.nominating.is_none()
            && session.checklist.nominated().is_none();
        let best = session.checklist.best_valid().filter(|_| nominates)?;
        let since = session.first_valid?;
        let at = if session.checklist.has_better(best.priority) {
            since + self.acceptance_wait(best)
        } else {
            since
        };
        Some((best.id, at))
    }

    fn acceptance_wait(&self, pair: &Pair) -> Duration {
        let timing = &self.config.timing;
        let has = |kind| pair.local_kind() == kind || pair.remote.kind == kind;
        if has(CandidateKind::Relayed) {
            timing.relayed_wait
        } else if has(CandidateKind::ServerReflexive)
            || pair.local_kind() == CandidateKind::PeerReflexive
        {
            timing.reflexive_wait
        } else {
            Duration::ZERO
        }
    }

    /// Tells what has changed.
    pub(super) fn report(&mut self) {
        if self.phase != Phase::Closed && self.gatherer.poll_complete(self.is_asking()) {
            self.events.push(Event::GatheringComplete);
        }
        self.note_selected();
        let state = self.current_state();
        if state != self.state {
            debug!(from = ?self.state, to = ?state, "state changed");
            self.state = state;
            self.events.push(Event::StateChange(state));
        }
    }

    fn current_state(&self) -> ConnectionState {
        match self.phase {
            Phase::Closed => return ConnectionState::Closed,
            Phase::Failed | Phase::Hopeless => return ConnectionState::Failed,
            Phase::Running => {}
        }
        let timing = &self.config.timing;
        if let Some(selected) = &self.session.selected {
            return if selected.consent.is_stale(self.now, timing) {
                ConnectionState::Disconnected
            } else if selected.nominated && self.is_all_known() {
                ConnectionState::Completed
            } else {
                ConnectionState::Connected
            };
        }
        let previous = self.previous_in_use();
        if previous.is_some_and(|previous| !previous.consent.is_stale(self.now, timing)) {
            return ConnectionState::Connected;
        }
        let session = &self.session;
        let begun = session.keys.remote().is_some()
            && (!session.remotes.is_empty() || session.remotes.has_ended());
        if begun || self.state != ConnectionState::New {
            ConnectionState::Checking
        } else {
            ConnectionState::New
        }
    }

    /// Whether no more candidates come from either side.
    fn is_all_known(&self) -> bool {
        self.session.remotes.has_ended() && self.gathering_state() == GatheringState::Complete
    }
}
