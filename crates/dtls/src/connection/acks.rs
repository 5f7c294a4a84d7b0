//! Acknowledgements of DTLS 1.3, RFC 9147 section 7.

use std::time::{Duration, Instant};

use super::{Connection, State};
use crate::event::Role;
use crate::record::{Epoch, RecordNumber};
use crate::stats::DropReason;
use crate::wire::{ContentType, Reader};

/// How many records one acknowledgement names, the latest, in a datagram that has room. What is not
/// named goes out again.
const MAX_NUMBERS: usize = 32;
/// The length of a number: epoch and sequence number.
const NUMBER_LEN: usize = 16;
/// That of the length before them.
const LIST_LEN: usize = 2;

/// What of the peer's has come and is not acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acks {
    numbers: Vec<RecordNumber>,
    /// When the rest of the peer's flight is not waited for any longer.
    deadline: Option<Instant>,
    is_due: bool,
}

impl Acks {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.deadline = None;
            self.is_due = true;
        }
    }

    pub(super) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.is_due) && !self.numbers.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn note(&mut self, number: RecordNumber) {
        if self.numbers.contains(&number) {
            return;
        }
        if self.numbers.len() == MAX_NUMBERS {
            self.numbers.remove(0);
        }
        self.numbers.push(number);
    }
}

impl Connection {
    /// A record of handshake was of use, or was so before.
    pub(super) fn note_received(&mut self, number: RecordNumber) {
        self.acks.note(number);
    }

    /// Decides when what has come is acknowledged: at once if no flight of ours does it, not at all if
    /// one does, and otherwise when the rest is late.
    pub(super) fn schedule_ack(&mut self, was_connected: bool, has_begun_flight: bool) {
        let is_connected = matches!(self.state, State::Connected(_));
        let has_no_keys = self.role == Role::Client && self.cx.inbound.is_empty();
        if !self.cx.is_1_3() || has_no_keys {
            return;
        }
        let is_complete = !was_connected && is_connected && self.role == Role::Server;
        if is_complete {
            self.acks.deadline = None;
            self.acks.is_due = true;
        } else if !has_begun_flight && self.acks.deadline.is_none() {
            self.acks.deadline = self.now.checked_add(self.ack_delay());
        }
    }

    /// A quarter of what a flight waits for its answer (RFC 9147 section 7.1).
    fn ack_delay(&self) -> Duration {
        self.retransmission.interval() / 4
    }

    /// Names as many records as fit a datagram of `limit` bytes, the latest.
    pub(super) fn write_ack(&mut self, limit: usize, out: &mut Vec<u8>) {
        let epoch = self.cx.control_epoch();
        let overhead = self.cx.outbound.overhead(epoch);
        let room = limit.saturating_sub(overhead.header + overhead.trailer + LIST_LEN);
        let numbers = &self.acks.numbers;
        // In their order, as RFC 9147 section 7 wants them.
        let mut numbers = numbers[numbers.len().saturating_sub(room / NUMBER_LEN)..].to_vec();
        numbers.sort_unstable_by_key(|number| (number.epoch, number.sequence));
        // Keys that are used up acknowledge nothing; the peer then repeats itself.
        let written = self.cx.outbound.write(epoch, ContentType::ACK, out, |out| {
            out.vec16(|out| {
                for number in &numbers {
                    out.bytes(&number.epoch.0.to_be_bytes());
                    out.bytes(&number.sequence.to_be_bytes());
                }
            });
        });
        self.stats.acks_sent += u64::from(written.is_ok());
    }

    pub(super) fn handle_ack(&mut self, content: &[u8]) {
        let mut reader = Reader::new(content);
        let numbers = reader.vec16("ACK.record_numbers");
        let Ok(numbers) = numbers.and_then(|numbers| reader.finish("ACK").map(|()| numbers)) else {
            return self.drop(DropReason::Malformed);
        };
        let (numbers, rest) = numbers.as_chunks::<NUMBER_LEN>();
        if !rest.is_empty() {
            return self.drop(DropReason::Malformed);
        }
        self.stats.acks_received += 1;
        let mut is_news = false;
        for number in numbers {
            let [epoch, sequence] = [&number[..8], &number[8..]].map(|half| {
                half.iter()
                    .fold(0, |value: u64, byte| value << 8 | u64::from(*byte))
            });
            let epoch = Epoch(epoch);
            is_news |= self.cx.flight.acknowledge(RecordNumber { epoch, sequence });
        }
        if is_news && self.cx.flight.is_acknowledged() && self.cx.inbound.is_empty() {
            // Anybody may have said so: should the peer ask for it, all of it goes out again.
            self.retransmission.stop();
        } else if is_news && self.cx.flight.is_acknowledged() {
            self.flight_acknowledged();
        } else if is_news && self.cx.flight.is_sent() && self.retransmission.may_repeat(self.now) {
            // The peer waits for the rest (RFC 9147 section 7.2).
            self.retransmission.repeated();
            self.repeat_flight();
        }
    }

    fn flight_acknowledged(&mut self) {
        self.cx.flight.clear();
        self.retransmission.answered(self.now);
        if matches!(self.state, State::Connected(_)) {
            self.handshake_deadline = None;
            self.finish_key_update();
            self.cx.outbound.forget_old();
        }
    }
}
