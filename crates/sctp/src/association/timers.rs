//! Named deadlines.

use std::time::Instant;

/// What an association waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Timer {
    /// T1-init and T1-cookie (RFC 9260 section 5.1).
    Handshake,
    /// T3-rtx (section 6.3).
    Retransmission,
    /// A probe after silence, before the retransmission timer (RFC 8985 section 7).
    TailLossProbe,
    /// The wait before a closed window is probed (section 6.1 A).
    WindowProbe,
    /// The delay of a SACK (section 6.2).
    Sack,
    /// T2-shutdown (section 9.2).
    Shutdown,
    /// RFC 6525 section 5.1.1.
    Reconfiguration,
    /// Section 8.3.
    Heartbeat,
}

const ALL: [Timer; 8] = [
    Timer::Handshake,
    Timer::Retransmission,
    Timer::TailLossProbe,
    Timer::WindowProbe,
    Timer::Sack,
    Timer::Shutdown,
    Timer::Reconfiguration,
    Timer::Heartbeat,
];

#[derive(Debug, Default)]
pub(super) struct Timers {
    deadlines: [Option<Instant>; ALL.len()],
}

impl Timers {
    pub(super) fn start(&mut self, timer: Timer, deadline: Instant) {
        self.deadlines[timer as usize] = Some(deadline);
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    pub(super) fn is_running(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize].is_some()
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Stops a timer that is due and answers which.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Timer> {
        let due = |timer: &Timer| self.deadlines[*timer as usize].is_some_and(|at| at <= now);
        let timer = ALL.into_iter().find(due)?;
        self.stop(timer);
        Some(timer)
    }
}
