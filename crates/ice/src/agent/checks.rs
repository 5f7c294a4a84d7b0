//! What an agent does of its own accord: checks, retransmissions, consent, patience.

use std::time::{Duration, Instant};

use tidewire_stun::TransactionId;

use super::{Agent, Outgoing, Phase, Timer};
use crate::config::Role;
use crate::pair::{PairId, PairState};
use crate::session::Path;
use crate::transaction::{Due, Purpose, Schedule, Transaction};

impl Agent {
    /// Does all that is due, tells what has changed, and computes the next deadline.
    pub(super) fn update(&mut self) {
        let steps = [
            Self::repeat_requests,
            Self::keep_consent,
            Self::leave_silent_pair,
            Self::nominate_when_ready,
            Self::start_checks,
            Self::refresh_bindings,
            Self::lose_patience,
        ];
        for step in steps {
            // A step may end it all.
            if self.phase == Phase::Running {
                step(self);
            }
        }
        self.report();
        self.deadline = self.next_deadline();
    }

    /// Tells what has changed, and asks to be called at once: a command that comes without the time
    /// starts nothing by itself.
    pub(super) fn wake(&mut self) {
        self.report();
        self.deadline = Some((Timer::Command, self.now));
    }

    fn repeat_requests(&mut self) {
        while let Some(due) = self.transactions.poll(self.now) {
            match due {
                Due::Retransmit(id) => self.repeat_request(id),
                Due::Expired(id) => {
                    if let Some(expired) = self.transactions.take(id) {
                        self.fail_check(&expired);
                    }
                }
            }
        }
    }

    fn repeat_request(&mut self, id: TransactionId) {
        let Some(transaction) = self.transactions.get_mut(id) else {
            return;
        };
        if let Purpose::Check { pair, .. } = transaction.purpose
            && self.session.checklist.get(pair).is_none()
        {
            // The pair has given way to others.
            self.transactions.take(id);
            return;
        }
        self.stats.retransmissions_sent += 1;
        if !std::mem::replace(&mut transaction.queued, true) {
            self.queue_request(id);
        }
    }

    /// Where nobody polls, requests that are over make room.
    fn queue_request(&mut self, id: TransactionId) {
        let limits = self.config.limits;
        if self.outbox.len() >= limits.queued + limits.transactions {
            let transactions = &self.transactions;
            self.outbox.retain(|outgoing| match outgoing {
                Outgoing::Request(id) => transactions.get(*id).is_some(),
                Outgoing::Answer { .. } | Outgoing::Keepalive(_) => true,
            });
        }
        self.outbox.push_back(Outgoing::Request(id));
    }

    /// RFC 7675 section 5.1, for the pair in use and for the one that a restart left in use.
    fn keep_consent(&mut self) {
        self.keep_previous_consent();
        let (now, timing) = (self.now, self.config.timing);
        let Some(selected) = &mut self.session.selected else {
            return;
        };
        let (id, path) = (selected.pair, selected.path);
        let is_expired = selected.consent.is_expired(now, &timing);
        let is_due = !is_expired && selected.consent.poll(now, &timing, &mut self.rng);
        // A nominated pair is nominated again, so that a peer which sees us come from a new address
        // (our NAT has changed its mind) follows; and a nomination that is being lost again and again
        // gets another chance.
        let chosen = selected.nominated || self.session.nominating == Some(id);
        let nominate = chosen && self.role == Role::Controlling;
        if is_due {
            self.begin_consent(Purpose::Consent { pair: id, nominate }, path);
        }
        if let Some(pair) = self.session.checklist.get_mut(id) {
            pair.traffic.consent_requests_sent += u64::from(is_due);
            if is_expired {
                pair.state = PairState::Failed;
            }
        }
        if is_expired {
            self.stop(Phase::Failed);
        }
    }

    fn keep_previous_consent(&mut self) {
        let (now, timing) = (self.now, self.config.timing);
        let Some(previous) = &mut self.previous else {
            return;
        };
        let is_over = match previous.retired {
            Some(since) => since + timing.consent_timeout <= now,
            None => previous.consent.is_expired(now, &timing),
        };
        if is_over {
            self.previous = None;
        } else if previous.is_in_use() && previous.consent.poll(now, &timing, &mut self.rng) {
            let path = previous.path;
            self.begin_consent(Purpose::PreviousConsent, path);
        }
    }

    fn begin_consent(&mut self, purpose: Purpose, path: Path) {
        let wait = self.config.timing.consent_timeout;
        self.begin(purpose, path, Schedule::new(self.now, wait, 1, wait));
    }

    /// Begins checks and questions to STUN servers as the pace allows: RFC 8445 section 6.1.4.2.
    fn start_checks(&mut self) {
        while self.pacer.urgent_at(self.now) <= self.now {
            let Some(id) = self.next_urgent() else {
                break;
            };
            self.begin_check(id, false);
        }
        while self.pacer.ordinary_at(self.now) <= self.now {
            if !self.start_ordinary() {
                break;
            }
        }
    }

    /// A triggered check, or the first of all.
    fn next_urgent(&mut self) -> Option<PairId> {
        self.session.keys.remote()?;
        if let Some(id) = self.session.checklist.pop_triggered() {
            return Some(id);
        }
        if self.session.checks_started {
            return None;
        }
        self.session.checklist.next_ordinary()
    }

    /// A question and a check take turns, the check first.
    fn start_ordinary(&mut self) -> bool {
        let can_check = self.session.keys.remote().is_some();
        let check = can_check
            .then(|| self.session.checklist.next_ordinary())
            .flatten();
        match check {
            Some(id) if !(self.ask_next && self.gatherer.has_questions()) => {
                self.ask_next = true;
                self.begin_check(id, false);
                true
            }
            _ => {
                self.ask_next = false;
                self.ask_server()
            }
        }
    }

    fn ask_server(&mut self) -> bool {
        let Some(path) = self.gatherer.next_question() else {
            return false;
        };
        let timing = self.config.timing;
        let (rto, count) = (timing.initial_rto, timing.gather_transmissions);
        let schedule = Schedule::new(self.now, rto, count, rto * 4);
        self.begin(Purpose::Gather, path, schedule);
        self.pacer.started(self.now);
        true
    }

    pub(super) fn begin_check(&mut self, id: PairId, nominate: bool) {
        let timing = self.config.timing;
        let active = u32::try_from(self.session.checklist.active()).unwrap_or(u32::MAX);
        // RFC 8445 section 14.3.
        let rto = timing.initial_rto.max(timing.check_interval * active);
        let last_wait = timing.initial_rto * timing.last_wait;
        let schedule = Schedule::new(self.now, rto, timing.max_transmissions, last_wait);
        let Some(pair) = self.session.checklist.get_mut(id) else {
            return;
        };
        if !nominate {
            pair.state = PairState::InProgress;
        }
        pair.traffic.requests_sent += 1;
        let path = (pair.local.address, pair.remote.address);
        self.transactions.cancel_checks(id, self.now);
        self.session.checks_started = true;
        let purpose = Purpose::Check { pair: id, nominate };
        self.begin(purpose, path, schedule);
        self.pacer.started(self.now);
    }

    fn begin(&mut self, purpose: Purpose, path: Path, schedule: Schedule) {
        let id = TransactionId(self.rng.array());
        let role = (self.role, self.tie_breaker);
        let transaction = Transaction::new(id, purpose, path, role, self.now, schedule);
        let limit = self.config.limits.transactions;
        if let Some(oldest) = self.transactions.begin(transaction, limit) {
            self.fail_check(&oldest);
        }
        self.stats.requests_sent += 1;
        self.queue_request(id);
    }

    /// RFC 8445 section 5.1.1.4: bindings at servers are kept until a pair is nominated.
    fn refresh_bindings(&mut self) {
        let interval = self.config.timing.keepalive_interval;
        let interval = interval.max(Duration::from_millis(1));
        while let Some(path) = self.gatherer.poll_binding(self.now, interval) {
            if self.outbox.len() < self.config.limits.queued {
                self.outbox.push_back(Outgoing::Keepalive(path));
            }
        }
    }

    /// RFC 8863 section 4: the agent fails when no pair works, and nothing new came for long. Where the
    /// peer's checks keep ours going although nothing that it answers counts, as with a wrong password,
    /// it fails after twice that time, and for good.
    fn lose_patience(&mut self) {
        if self.patience_ends().is_some_and(|at| at <= self.now) {
            let is_live = self.session.checklist.has_live();
            self.stop(if is_live {
                Phase::Failed
            } else {
                Phase::Hopeless
            });
        }
    }

    fn patience_ends(&self) -> Option<Instant> {
        let session = &self.session;
        let idle = session.selected.is_none() && self.previous_in_use().is_none();
        let hoped = !session.remotes.is_empty() || session.remotes.has_ended();
        if !idle || !hoped {
            return None;
        }
        let patience = self.config.timing.patience;
        let rounds = if session.checklist.has_live() { 2 } else { 1 };
        Some(session.patience_from? + patience * rounds)
    }

    fn next_deadline(&self) -> Option<(Timer, Instant)> {
        if self.phase != Phase::Running {
            return None;
        }
        let timing = &self.config.timing;
        let selected = self.session.selected.map(|selected| selected.consent);
        let previous = self.previous_in_use().map(|previous| previous.consent);
        let retired = self.previous.as_ref().and_then(|previous| previous.retired);
        let consents = || selected.iter().chain(&previous);
        let consent_request = consents().map(|consent| consent.next_request()).min();
        let consent_expiry = consents()
            .map(|consent| consent.deadline(self.now, timing))
            .min();
        let timers = [
            (Timer::Pace, self.pace_deadline()),
            (Timer::Retransmission, self.transactions.deadline()),
            (Timer::Nomination, self.nomination_deadline()),
            (Timer::ConsentRequest, consent_request),
            (Timer::ConsentExpiry, consent_expiry),
            (
                Timer::Retirement,
                retired.map(|since| since + timing.consent_timeout),
            ),
            (Timer::Keepalive, self.gatherer.deadline()),
            (Timer::Patience, self.patience_ends()),
        ];
        let set = timers
            .into_iter()
            .filter_map(|(timer, at)| Some((timer, at?)));
        set.min_by_key(|(_, at)| *at)
    }

    fn pace_deadline(&self) -> Option<Instant> {
        let checklist = &self.session.checklist;
        let can_check = self.session.keys.remote().is_some();
        if can_check && checklist.has_triggered() {
            return Some(self.pacer.urgent_at(self.now));
        }
        let ordinary = can_check && checklist.next_ordinary().is_some();
        (ordinary || self.gatherer.has_questions()).then(|| self.pacer.ordinary_at(self.now))
    }
}
