//! The CPU time that this process has used.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A moment on the clock of the process's CPU time.
pub struct CpuTime(Duration);

impl CpuTime {
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = u64::try_from(time.tv_sec).expect("CPU time counts from zero");
        let nanos = u32::try_from(time.tv_nsec).expect("below a thousand million");
        Self(Duration::new(seconds, nanos))
    }

    pub fn elapsed(&self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}
