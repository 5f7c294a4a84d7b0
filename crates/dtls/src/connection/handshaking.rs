//! The handshake: messages in, flights out, and their timer.

use super::{Connection, State, WARNING, describe};
use crate::error::CloseReason;
use crate::event::Event;
use crate::flight::{Arrival, Message};
use crate::handshake::Step;
use crate::record::Epoch;
use crate::stats::DropReason;
use crate::wire::{AlertDescription, HandshakeType};

impl Connection {
    pub(super) fn handle_fragments(&mut self, epoch: Epoch, content: &[u8]) {
        // Finished is the one message under protection; in the clear it would prove nothing.
        // Once there are keys nothing else is to come, and whatever does in the clear is forged.
        let has_keys = self.cx.opener.is_some();
        let admit = |kind, is_new| match epoch {
            Epoch::Protected => kind == HandshakeType::FINISHED,
            Epoch::Clear => kind != HandshakeType::FINISHED && !(is_new && has_keys),
        };
        let mut refused = 0;
        let mut repeated = None;
        let mut renegotiates = false;
        let decoded =
            self.reassembler
                .insert_record(content, admit, |arrival, kind| match arrival {
                    Arrival::Kept | Arrival::Ignored => (),
                    Arrival::Repeated(sequence) => repeated = Some(sequence),
                    Arrival::Refused => {
                        refused += 1;
                        renegotiates |= kind == HandshakeType::CLIENT_HELLO
                            || kind == HandshakeType::HELLO_REQUEST;
                    }
                });
        self.stats.dropped.bad_fragment += refused;
        // RFC 5246 section 6.2.1: there are no records of handshake without content.
        if decoded.is_err() || content.is_empty() {
            self.drop(DropReason::Malformed);
        }
        if renegotiates && epoch == Epoch::Protected {
            self.alert = Some((WARNING, AlertDescription::NO_RENEGOTIATION));
        }
        if let Some(sequence) = repeated {
            self.peer_repeats(sequence);
        }
        self.advance_handshake();
    }

    /// The peer repeats the flight that ours answers: ours is lost (RFC 6347 section 4.2.4).
    fn peer_repeats(&mut self, sequence: u16) {
        let is_answered = self.cx.flight.is_answer_to(sequence) && self.cx.flight.is_sent();
        if is_answered && self.retransmission.may_repeat(self.now) {
            self.retransmission.repeated();
            self.repeat_flight();
        }
    }

    pub(super) fn repeat_flight(&mut self) {
        self.stats.flights_retransmitted += 1;
        self.cx.flight.restart();
    }

    fn advance_handshake(&mut self) {
        while !matches!(self.state, State::Connected(_) | State::Closed(_)) {
            let Some(message) = self.reassembler.next_message() else {
                return;
            };
            self.handle_message(&message);
        }
    }

    fn handle_message(&mut self, message: &Message) {
        tracing::trace!(kind = ?message.kind, "handshake message");
        self.expect_peer(self.now);
        // The peer goes on: an alert that says otherwise is not its own.
        self.suspicion = None;
        // A handshake that fails halfway is closed for good below.
        let state = std::mem::replace(&mut self.state, State::Closed(CloseReason::Local));
        let had_keys = self.cx.opener.is_some();
        let flight = self.cx.flight.generation();
        let next = match state {
            State::Client(state) => state
                .on_message(&mut self.cx, message)
                .map(|step| self.enter(step, State::Client)),
            State::Server(state) => state
                .on_message(&mut self.cx, message)
                .map(|step| self.enter(step, State::Server)),
            settled => Ok(settled),
        };
        match next {
            Ok(state) => self.state = state,
            Err(reason) => return self.fail(reason),
        }
        if !had_keys && self.cx.opener.is_some() {
            self.reassembler.forget_begun();
            self.recheck_early = true;
        }
        // A part of the peer's flight stops no timer (RFC 6347 section 4.2.4): only the whole makes
        // a flight of ours obsolete.
        if self.cx.flight.generation() != flight {
            self.retransmission.answered(self.now);
        }
    }

    fn enter<S>(&mut self, step: Step<S>, wrap: impl FnOnce(S) -> State) -> State {
        match step {
            Step::Next(state) => wrap(state),
            Step::Done(established) => {
                self.cx.transcript = Vec::new();
                self.reassembler.finish();
                self.handshake_deadline = None;
                self.suspicion = None;
                self.recheck_early = true;
                self.events
                    .push_back(Event::Connected(describe(&established)));
                State::Connected(established)
            }
        }
    }

    /// The whole flight is written: its timer starts, unless it is the last one, which is repeated
    /// only when the peer asks for it by repeating its own.
    pub(super) fn flight_sent(&mut self) {
        self.retransmission.sent(self.now);
        if matches!(self.state, State::Connected(_)) {
            self.retransmission.stop();
        }
    }

    /// Fragments get smaller as flights get lost: the path may not take datagrams this long, and
    /// not say so (RFC 6347 section 4.1.1.1).
    pub(super) fn datagram_limit(&self) -> usize {
        match self.retransmission.repetitions() {
            0 | 1 => self.mtu,
            2 | 3 => self.mtu.min(548),
            _ => self.mtu.min(256),
        }
    }
}
