//! The end of an association (RFC 9260 section 9).

use std::time::Instant;

use super::report::put_cause;
use super::{Association, State, Timer};
use crate::event::CloseReason;
use crate::ids::Tsn;
use crate::wire::{Chunk, ChunkType, put_chunk};

/// The cause code of an ABORT that the user asked for (section 3.3.10.12).
const USER_INITIATED_ABORT: u16 = 12;

impl Association {
    /// Ends the association once everything that is queued has been delivered.
    pub fn shutdown(&mut self, now: Instant) {
        self.advance(now);
        match self.state {
            State::Established => self.state = State::ShutdownPending,
            State::CookieWait | State::CookieEchoed => self.close(CloseReason::Shutdown),
            _ => {}
        }
        self.advance_shutdown();
    }

    /// Ends the association at once; an ABORT tells the peer. What is queued is lost.
    pub fn abort(&mut self, now: Instant) {
        self.advance(now);
        if self.state == State::Ended {
            return;
        }
        let (tag, is_known) = (
            self.peer.tag,
            !matches!(self.state, State::Closed | State::CookieWait),
        );
        self.close(CloseReason::Aborted);
        if is_known {
            self.replies.clear();
            self.reply(tag, |out| {
                put_cause(out, ChunkType::ABORT, USER_INITIATED_ABORT, &[]);
            });
        }
    }

    /// Goes on with a shutdown when nothing is left to be sent or acknowledged.
    pub(super) fn advance_shutdown(&mut self) {
        if !self.queue.is_empty() || !self.flight.is_empty() {
            return;
        }
        match self.state {
            State::ShutdownPending => {
                self.state = State::ShutdownSent;
                self.due.shutdown = true;
            }
            State::ShutdownReceived => {
                self.state = State::ShutdownAckSent;
                self.due.shutdown_ack = true;
            }
            _ => {}
        }
    }

    pub(super) fn handle_shutdown(&mut self, chunk: &Chunk) {
        if chunk.value.len() != 4 {
            self.stats.dropped.malformed += 1;
            return;
        }
        let bytes = [
            chunk.value[0],
            chunk.value[1],
            chunk.value[2],
            chunk.value[3],
        ];
        let cumulative = Tsn(u32::from_be_bytes(bytes));
        // It acknowledges, too (section 9.2).
        if self
            .flight
            .acknowledge_through(self.now, cumulative)
            .advanced
        {
            self.restart_retransmission_timer();
        }
        match self.state {
            State::Established | State::ShutdownPending => self.state = State::ShutdownReceived,
            State::ShutdownSent => {
                self.state = State::ShutdownAckSent;
                self.due.shutdown = false;
                self.due.shutdown_ack = true;
            }
            State::ShutdownAckSent => self.due.shutdown_ack = true,
            _ => self.stats.dropped.unexpected += 1,
        }
    }

    pub(super) fn handle_shutdown_ack(&mut self) {
        if !matches!(self.state, State::ShutdownSent | State::ShutdownAckSent) {
            self.stats.dropped.unexpected += 1;
            return;
        }
        let tag = self.peer.tag;
        self.close(CloseReason::Shutdown);
        self.reply(tag, |out| {
            put_chunk(out, ChunkType::SHUTDOWN_COMPLETE, 0, |_| {});
        });
    }

    pub(super) fn handle_shutdown_complete(&mut self) {
        if self.state == State::ShutdownAckSent {
            self.close(CloseReason::Shutdown);
        } else {
            self.stats.dropped.unexpected += 1;
        }
    }

    /// T2-shutdown ran out.
    pub(super) fn repeat_shutdown(&mut self) {
        if !self.back_off() {
            return;
        }
        match self.state {
            State::ShutdownSent => self.due.shutdown = true,
            State::ShutdownAckSent => self.due.shutdown_ack = true,
            _ => {}
        }
    }

    pub(super) fn put_shutdown_if_due(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.due.shutdown) {
            let cumulative = self.received.cumulative();
            put_chunk(out, ChunkType::SHUTDOWN, 0, |out| {
                out.extend_from_slice(&cumulative.0.to_be_bytes());
            });
            self.timers
                .start(Timer::Shutdown, self.now + self.rto.current());
        }
        if std::mem::take(&mut self.due.shutdown_ack) {
            put_chunk(out, ChunkType::SHUTDOWN_ACK, 0, |_| {});
            self.timers
                .start(Timer::Shutdown, self.now + self.rto.current());
        }
    }
}
