//! Responses to our requests: RFC 8445 section 7.2.5.

use std::net::SocketAddr;
use std::time::Instant;

use tidewire_stun::{Class, Message, TransactionId};

use super::{Agent, Handled, Phase};
use crate::candidate::Candidate;
use crate::event::Event;
use crate::message::unknown_attribute;
use crate::pair::{PairId, PairState};
use crate::session::Path;
use crate::stats::DropReason;
use crate::transaction::{Purpose, Transaction};

impl Agent {
    pub(super) fn handle_response(
        &mut self,
        path: Path,
        message: &Message<'_>,
    ) -> Result<Handled, DropReason> {
        let id = message.transaction_id();
        let known = self.transactions.get(id);
        let known = known.ok_or(DropReason::UnknownTransaction)?;
        let key = match known.purpose {
            Purpose::Gather => return self.handle_server_response(path, message),
            Purpose::Check { .. } | Purpose::Consent { .. } => self.session.keys.remote_key(),
            Purpose::PreviousConsent => {
                let previous = self.previous.as_ref();
                previous.and_then(|previous| previous.keys.remote_key())
            }
        };
        let key = key.ok_or(DropReason::UnknownTransaction)?;
        message
            .verify_integrity(key)
            .map_err(|_| DropReason::WrongIntegrity)?;
        if unknown_attribute(message).is_some() {
            return Err(DropReason::BadResponse);
        }
        let transaction = self.take(id)?;
        if path != (transaction.base, transaction.remote) {
            // RFC 8445 section 7.2.5.2.1.
            self.fail_check(&transaction);
            self.update();
            return Err(DropReason::AsymmetricResponse);
        }
        self.stats.responses_received += 1;
        match message.class() {
            Class::SuccessResponse => self.succeeded(&transaction, message)?,
            _ => self.refused(&transaction, message),
        }
        Ok(Handled::Response)
    }

    fn take(&mut self, id: TransactionId) -> Result<Transaction, DropReason> {
        let taken = self.transactions.take(id);
        taken.ok_or(DropReason::UnknownTransaction)
    }

    fn succeeded(
        &mut self,
        transaction: &Transaction,
        message: &Message<'_>,
    ) -> Result<(), DropReason> {
        let mapped = message.xor_mapped_address();
        let mapped = mapped.ok_or(DropReason::BadResponse)?;
        let sample = self.now.saturating_duration_since(transaction.first_sent);
        match transaction.purpose {
            Purpose::Check { pair, nominate } => {
                self.renew_consent(pair);
                let measured = transaction.is_unrepeated();
                let kind = self.learn_mapped(mapped, transaction.base);
                if let Some(pair) = self.session.checklist.get_mut(pair) {
                    pair.mapped = Some((mapped, kind));
                    pair.traffic.responses_received += 1;
                    pair.answered = Some(self.now);
                    if measured {
                        pair.measured(sample);
                    } else {
                        pair.guessed(sample);
                    }
                }
                self.check_succeeded(pair, nominate);
            }
            Purpose::Consent { pair, nominate } => {
                if let Some(pair) = self.session.checklist.get_mut(pair) {
                    pair.traffic.responses_received += 1;
                    pair.answered = Some(self.now);
                    pair.measured(sample);
                }
                self.renew_consent(pair);
                if nominate && self.session.nominating == Some(pair) {
                    self.became_valid(pair, true);
                }
            }
            Purpose::PreviousConsent => {
                if let Some(previous) = &mut self.previous {
                    previous.consent.answered(self.now);
                    previous.rtt = Some(sample);
                }
            }
            Purpose::Gather => {}
        }
        Ok(())
    }

    fn renew_consent(&mut self, pair: PairId) {
        if let Some(selected) = &mut self.session.selected
            && selected.pair == pair
        {
            selected.consent.answered(self.now);
        }
    }

    /// RFC 8445 section 7.2.5.3: the pair is valid.
    fn check_succeeded(&mut self, id: PairId, nominate: bool) {
        let Some(pair) = self.session.checklist.get_mut(id) else {
            return;
        };
        pair.state = PairState::Succeeded;
        let foundation = pair.foundation();
        self.session.checklist.thaw(foundation);
        self.session.first_valid.get_or_insert(self.now);
        self.transactions.cancel_checks(id, self.now);
        self.became_valid(id, nominate);
    }

    /// An error response: RFC 8445 sections 7.2.5.1 and 7.2.5.2.4.
    fn refused(&mut self, transaction: &Transaction, message: &Message<'_>) {
        let code = message.error_code().map_or(0, |error| error.code);
        match (code, transaction.purpose) {
            (487, purpose) => {
                self.stats.role_conflicts += 1;
                self.lost_role_conflict(transaction);
                if let Purpose::Check { pair, nominate } = purpose {
                    self.repeat_check(pair, nominate);
                }
            }
            // RFC 7675 section 5.2: consent is revoked at once.
            (403, Purpose::Consent { pair, .. }) => {
                let selected = self.session.selected;
                if selected.is_some_and(|selected| selected.pair == pair) {
                    self.stop(Phase::Failed);
                }
            }
            (403, Purpose::PreviousConsent) => self.previous = None,
            _ => self.fail_check(transaction),
        }
    }

    fn lost_role_conflict(&mut self, transaction: &Transaction) {
        // Otherwise the roles were switched since the request was sent.
        if transaction.role == self.role && !self.remote_lite {
            self.concede_role();
            self.tie_breaker = self.rng.next_u64();
        }
    }

    fn repeat_check(&mut self, id: PairId, nominate: bool) {
        let pair = self.session.checklist.get(id);
        if nominate {
            self.session.nominating = None;
        } else if pair.is_some_and(|pair| !pair.is_valid()) {
            self.session.checklist.trigger(id);
        }
    }

    /// The check of a pair has failed for good, unless another one is under way.
    pub(super) fn fail_check(&mut self, transaction: &Transaction) {
        let Purpose::Check { pair: id, nominate } = transaction.purpose else {
            return;
        };
        let superseded = self.transactions.newest_check(id).is_some();
        let Some(pair) = self.session.checklist.get_mut(id) else {
            return;
        };
        if nominate {
            self.session.nominating = None;
            pair.state = PairState::Failed;
            self.lost_valid(id);
        } else if pair.state == PairState::InProgress && !superseded {
            pair.state = PairState::Failed;
        }
    }

    /// Takes notice that nothing can be sent from `local` to `remote`: there is no route, or ICMP said
    /// so (RFC 8445 section 7.2.5.2.2). Checks on that path fail, questions go unanswered, and the next
    /// ones begin at once. Consent is not affected: it expires, or the path comes back.
    pub fn handle_unreachable(&mut self, now: Instant, local: SocketAddr, remote: SocketAddr) {
        self.now = self.now.max(now);
        let path = (local, remote);
        while let Some(failed) = self.transactions.take_on(path) {
            self.fail_check(&failed);
            self.pacer.refund(self.now);
        }
        self.update();
    }

    /// The answer of a STUN server: RFC 8445 section 5.1.1.2. Nothing but the transaction id says that
    /// it is genuine; a forged one yields a candidate that does not work.
    fn handle_server_response(
        &mut self,
        path: Path,
        message: &Message<'_>,
    ) -> Result<Handled, DropReason> {
        let id = message.transaction_id();
        let known = self.transactions.get(id);
        if known.is_some_and(|known| path != (known.base, known.remote)) {
            return Err(DropReason::AsymmetricResponse);
        }
        if unknown_attribute(message).is_some() {
            return Err(DropReason::BadResponse);
        }
        let transaction = self.take(id)?;
        self.stats.responses_received += 1;
        if message.class() == Class::ErrorResponse {
            return Ok(Handled::ServerResponse);
        }
        let mapped = message.xor_mapped_address().or(message.mapped_address());
        let mapped = mapped.ok_or(DropReason::BadResponse)?;
        let question = (transaction.base, transaction.remote);
        if mapped != transaction.base {
            let refresh_at = self.now + self.config.timing.keepalive_interval;
            self.gatherer.keep_alive(question, refresh_at);
        }
        let candidate = Candidate::server_reflexive(mapped, transaction.base);
        let limit = self.config.limits.local_candidates;
        let server = Some(transaction.remote.ip());
        let local = self
            .locals
            .add_reflexive(candidate, transaction.base, server, limit);
        if let Some(local) = local {
            let candidate = local.candidate.clone();
            self.events.push(Event::LocalCandidate(candidate));
        }
        Ok(Handled::ServerResponse)
    }
}
