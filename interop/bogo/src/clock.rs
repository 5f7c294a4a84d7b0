//! Time, which passes when the runner says so.

use std::time::{Duration, Instant};

/// A moment that stands for no time: repetitions that cross in one moment are answered only once.
pub(crate) const TICK: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(crate) struct Clock {
    now: Instant,
}

impl Clock {
    /// Begins at a moment that has to be some real one; from then on it stands still.
    pub(crate) fn new() -> Self {
        Self {
            now: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.now += by;
    }
}
