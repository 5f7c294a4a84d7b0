//! Timers that run out.

use std::time::Instant;

use super::timers::Timer;
use super::{Association, State};
use crate::event::CloseReason;

impl Association {
    /// Acts on the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        while let Some(timer) = self.timers.expire(self.now) {
            match timer {
                Timer::Handshake => self.repeat_handshake(),
                Timer::Retransmission => self.retransmit(),
                Timer::TailLossProbe => self.probe(),
                Timer::WindowProbe => self.due.window_probe = true,
                Timer::Sack => self.due.sack = true,
                Timer::Shutdown => self.repeat_shutdown(),
                Timer::Reconfiguration => self.repeat_reconfig(),
                Timer::Heartbeat => self.beat(),
            }
        }
    }

    /// Section 5.1: INIT and COOKIE ECHO are repeated, only so often.
    fn repeat_handshake(&mut self) {
        self.errors += 1;
        if self.errors > self.config.max_init_retransmissions {
            self.close(CloseReason::TimedOut);
            return;
        }
        self.rto.back_off();
        match self.state {
            State::CookieWait => self.due.init = true,
            State::CookieEchoed => {
                self.due.cookie_echo = true;
                // What went with it went before it (section 5.1 C).
                self.retransmit_data();
            }
            _ => {}
        }
    }

    /// Section 6.3.3.
    fn retransmit(&mut self) {
        if self.state == State::CookieEchoed {
            // Its own timer repeats the COOKIE ECHO, and the data with it.
            self.restart_retransmission_timer();
            return;
        }
        if !self.back_off() {
            return;
        }
        self.stats.timeouts += 1;
        self.congestion.time_out();
        self.retransmit_data();
        self.due.forward_tsn |= self.flight.has_abandoned_front();
        self.restart_retransmission_timer();
    }

    /// Silence where there should be SACKs: one chunk goes again, and what its SACK tells is dealt
    /// with long before the retransmission timer runs out.
    fn probe(&mut self) {
        let is_probed = self.is_connected() && self.flight.first_lost().is_none();
        if is_probed && self.flight.probe_tail() {
            self.has_probed = true;
            self.stats.tail_loss_probes += 1;
        }
    }

    fn retransmit_data(&mut self) {
        let mut given_up = Vec::new();
        let before = self.flight.bytes();
        self.flight
            .lose_everything(self.now, |stream, message| given_up.push((stream, message)));
        self.stats.timeout_retransmissions += u64::from(before > 0);
        self.give_up(&given_up);
    }

    /// Section 8.3: an idle peer is asked whether it is there.
    fn beat(&mut self) {
        if self.state != State::Established {
            return;
        }
        if self.heartbeat.take().is_some() && !self.back_off() {
            return;
        }
        self.due.heartbeat = true;
        let wait = self.config.heartbeat_interval + self.rto.current();
        self.timers.start(Timer::Heartbeat, self.now + wait);
    }

    /// Counts a timeout; answers whether the association survives it (section 8.1).
    pub(super) fn back_off(&mut self) -> bool {
        self.errors += 1;
        if self.errors > self.config.max_retransmissions {
            self.close(CloseReason::TimedOut);
            return false;
        }
        self.rto.back_off();
        true
    }
}
