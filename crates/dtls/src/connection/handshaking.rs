//! The handshake: messages in, flights out, and their timer.

use super::{Connection, State, WARNING, describe};
use crate::error::{CloseReason, HandshakeError};
use crate::event::{Event, Role};
use crate::flight::{Arrival, Message};
use crate::handshake::{Keys, Step};
use crate::record::{Epoch, RecordNumber};
use crate::stats::DropReason;
use crate::wire::{AlertDescription, HandshakeType};

/// What a record of handshake came under.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// In the clear: anybody can have written it.
    Clear(RecordNumber),
    /// Under the keys of DTLS 1.2.
    Protected,
    /// Under keys of DTLS 1.3.
    Unified(RecordNumber),
}

impl Connection {
    pub(super) fn handle_fragments(&mut self, source: Source, content: &[u8]) {
        let has_keys = !self.cx.inbound.is_empty();
        let was_connected = matches!(self.state, State::Connected(_));
        let admit = |kind, is_new| match source {
            // Once there are keys nothing new is to come in the clear, and whatever does is forged. A
            // Finished would prove nothing there.
            Source::Clear(_) => kind != HandshakeType::FINISHED && !(is_new && has_keys),
            // Finished is the one message that DTLS 1.2 protects.
            Source::Protected => kind == HandshakeType::FINISHED,
            // What comes after the handshake comes under the keys that came with its end.
            Source::Unified(number) => {
                !is_new || was_connected == (number.epoch > Epoch::HANDSHAKE)
            }
        };
        let is_copy = self.is_copy(source);
        let mut refused = 0;
        let mut misplaced = None;
        let mut is_of_use = false;
        let mut is_new = false;
        let mut repeated = None;
        let mut renegotiates = false;
        let decoded =
            self.reassembler
                .insert_record(content, admit, |arrival, kind| match arrival {
                    Arrival::Kept => {
                        is_of_use = true;
                        is_new = true;
                    }
                    Arrival::Ignored => is_of_use = true,
                    Arrival::Repeated(sequence) => {
                        is_of_use = true;
                        repeated = Some(sequence);
                    }
                    Arrival::Refused => refused += 1,
                    Arrival::Misplaced => {
                        refused += 1;
                        if kind == HandshakeType::CLIENT_HELLO
                            || kind == HandshakeType::HELLO_REQUEST
                        {
                            renegotiates = true;
                        } else {
                            misplaced = Some(kind);
                        }
                    }
                });
        self.stats.dropped.bad_fragment += refused;
        // RFC 5246 section 6.2.1: there are no records of handshake without content.
        if decoded.is_err() || content.is_empty() {
            self.drop(DropReason::Malformed);
        }
        if renegotiates && matches!(source, Source::Protected) {
            self.alert = Some((WARNING, AlertDescription::NO_RENEGOTIATION));
        }
        match repeated {
            Some(_) if is_copy => self.drop(DropReason::Replayed),
            Some(sequence) => self.peer_repeats(sequence),
            None => (),
        }
        // What the peer itself has put where it does not belong.
        if let Some(kind) = misplaced.filter(|_| !matches!(source, Source::Clear(_))) {
            return self.end(HandshakeError::UnexpectedMessage(kind.0).into());
        }
        if is_new && !was_connected {
            self.peer_goes_on(source);
        }
        let flight = self.cx.flight.generation();
        self.advance_handshake();
        let has_begun_flight = self.cx.flight.generation() != flight && !self.cx.flight.is_empty();
        // A record is acknowledged as a whole (RFC 9147 section 7).
        let is_of_use = is_of_use && refused == 0;
        self.acknowledge(source, is_of_use, was_connected, has_begun_flight);
    }

    /// In DTLS 1.3 a part of the next flight says that ours has arrived: what is missing of theirs is for
    /// them to repeat (RFC 9147 section 7.1). In the clear anybody may say so, and a client alone knows
    /// that its hello has not been answered.
    fn peer_goes_on(&mut self, source: Source) {
        let is_believed = self.role == Role::Server || matches!(source, Source::Unified(_));
        if self.cx.is_1_3() && is_believed {
            self.retransmission.stop();
        }
    }

    fn acknowledge(
        &mut self,
        source: Source,
        is_of_use: bool,
        was_connected: bool,
        has_begun_flight: bool,
    ) {
        if has_begun_flight {
            // It says that all before it has arrived.
            return self.acks.clear();
        }
        let number = match source {
            Source::Clear(number) | Source::Unified(number) => number,
            Source::Protected => return,
        };
        // A connected client answers what the server repeats of its flight by its own flight, and nothing
        // that comes in the clear then is the peer's.
        let is_over = match self.role {
            Role::Client => was_connected && number.epoch <= Epoch::HANDSHAKE,
            // Of a hello that has to be said again, what there is of it; once it is whole, the answer
            // says so.
            Role::Server => {
                number.epoch == Epoch::CLEAR
                    && (!self.cx.inbound.is_empty() || !self.cx.is_address_proven)
            }
        };
        if !is_of_use || is_over {
            return;
        }
        self.note_received(number);
        self.schedule_ack(was_connected, has_begun_flight);
    }

    /// Whether a record may have been doubled on its way. Protected ones are read once.
    fn is_copy(&mut self, source: Source) -> bool {
        let Source::Clear(number) = source else {
            return false;
        };
        self.cx.inbound.has_come_in_the_clear(number.sequence)
    }

    /// The peer repeats the flight that ours answers: ours is lost (RFC 6347 section 4.2.4).
    fn peer_repeats(&mut self, sequence: u16) {
        let is_answered = self.cx.flight.is_answer_to(sequence) && self.cx.flight.is_sent();
        if is_answered && self.retransmission.may_repeat(self.now) {
            self.retransmission.repeated();
            // What said in the clear that it has arrived was somebody else.
            if self.cx.inbound.is_empty() {
                self.cx.flight.forget_acknowledgements();
            }
            self.repeat_flight();
        }
    }

    pub(super) fn repeat_flight(&mut self) {
        self.stats.flights_retransmitted += 1;
        self.cx.flight.restart();
    }

    fn advance_handshake(&mut self) {
        while !matches!(self.state, State::Closed(_)) {
            let Some(message) = self.reassembler.next_message() else {
                return;
            };
            if matches!(self.state, State::Connected(_)) {
                self.handle_post_handshake(&message);
            } else {
                self.handle_message(&message);
            }
        }
    }

    fn handle_message(&mut self, message: &Message) {
        tracing::trace!(kind = ?message.kind, "handshake message");
        self.expect_peer(self.now);
        // The peer goes on: an alert that says otherwise is not its own.
        self.suspicion = None;
        // A handshake that fails halfway is closed for good below.
        if message.kind == HandshakeType::FINISHED && self.has_more_after_finished() {
            return self.fail(HandshakeError::UnexpectedMessage(message.kind.0).into());
        }
        let state = std::mem::replace(&mut self.state, State::Closed(CloseReason::Local));
        let newest = self.cx.inbound.newest();
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
        if self.cx.inbound.newest() != newest && !matches!(self.state, State::Connected(_)) {
            // What comes from now on is protected; what has begun is not.
            self.reassembler.forget_begun();
            self.recheck_early = true;
        }
        // A part of the peer's flight stops no timer (RFC 6347 section 4.2.4): only the whole makes
        // a flight of ours obsolete.
        if self.cx.flight.generation() != flight {
            self.retransmission.answered(self.now);
        }
    }

    /// After its last message the peer may have nothing more to say under the keys of the handshake (RFC
    /// 8446 section 5.1). In DTLS 1.2 there may be more in the clear, which anybody may have said.
    fn has_more_after_finished(&self) -> bool {
        if self.cx.is_1_3() {
            self.reassembler.has_begun()
        } else {
            self.reassembler.has_begun_kind(HandshakeType::FINISHED)
        }
    }

    fn enter<S>(&mut self, step: Step<S>, wrap: impl FnOnce(S) -> State) -> State {
        match step {
            Step::Next(state) => wrap(state),
            Step::Done(established) => {
                self.cx.transcript.clear();
                match established.keys {
                    Keys::V12(_) => self.reassembler.finish(),
                    Keys::V13(_) => self.reassembler.forget_begun(),
                }
                // A client of DTLS 1.3 repeats its last flight until it is acknowledged, or until then.
                if !self.cx.flight.is_awaiting() {
                    self.handshake_deadline = None;
                    self.cx.outbound.forget_old();
                }
                self.suspicion = None;
                self.recheck_early = true;
                self.limit_old_keys();
                self.is_end_authentic = true;
                self.events
                    .push_back(Event::Connected(describe(&established)));
                State::Connected(established)
            }
        }
    }

    /// The whole flight is written: its timer starts, unless nothing is to answer it, so that it is
    /// repeated only when the peer asks for it by repeating its own.
    pub(super) fn flight_sent(&mut self) {
        self.retransmission.sent(self.now);
        if !self.cx.flight.is_awaiting() {
            self.retransmission.stop();
        }
    }

    /// The handshake has taken too long. A client that is connected has only its last flight not
    /// acknowledged: if the server were not connected too, others would find out.
    pub(super) fn give_up_handshake(&mut self) {
        if matches!(self.state, State::Connected(_)) {
            self.handshake_deadline = None;
            self.cx.flight.clear();
            self.retransmission.answered(self.now);
        } else {
            self.end(CloseReason::TimedOut);
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
