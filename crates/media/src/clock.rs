//! Clocks: ours on the wall, and those of the streams that we receive.

use std::time::{Duration, Instant};

use tidewire_rtp::NtpTime;

/// An instant of which the wall clock's time is known, to tell that of any other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WallClock {
    /// When.
    pub instant: Instant,
    /// What the wall clock showed then.
    pub time: NtpTime,
}

impl WallClock {
    /// The wall clock's time at `instant`.
    pub fn at(&self, instant: Instant) -> NtpTime {
        match instant.checked_duration_since(self.instant) {
            Some(elapsed) => self.time.after(elapsed),
            None => {
                let before = NtpTime(0).after(self.instant - instant);
                NtpTime(self.time.0.wrapping_sub(before.0))
            }
        }
    }
}

/// How the clock of a stream relates to its sender's wall clock, from sender reports (RFC 3550 section
/// 6.4.1). Streams of one sender are played in sync by it.
#[derive(Clone, Debug)]
pub(crate) struct SenderClock {
    /// Nominal, in ticks a second.
    rate: u32,
    /// The oldest report that the present rate is told by, and the newest.
    reports: Option<(Report, Report)>,
}

#[derive(Clone, Copy, Debug)]
struct Report {
    time: NtpTime,
    timestamp: u32,
}

impl SenderClock {
    /// Reports that are closer together tell little about the rate.
    const MIN_BASELINE: Duration = Duration::from_secs(4);
    /// A clock that is further off than this, in parts of the nominal rate, has been set instead.
    const MAX_DRIFT: f64 = 0.01;
    /// Reports that are further apart wrap the timestamp, or come from after a pause.
    const MAX_BASELINE: Duration = Duration::from_secs(600);

    pub(crate) fn new(rate: u32) -> Self {
        Self {
            rate,
            reports: None,
        }
    }

    /// The nominal rate, in ticks a second.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes a sender report.
    pub(crate) fn handle_report(&mut self, time: NtpTime, timestamp: u32) {
        let new = Report { time, timestamp };
        let oldest = match self.reports {
            Some((oldest, newest)) if is_steady(oldest, new, self.rate) && time >= newest.time => {
                oldest
            }
            _ => new,
        };
        self.reports = Some((oldest, new));
    }

    /// When by the sender's wall clock the instant with this timestamp was.
    pub(crate) fn time_of(&self, timestamp: u32) -> Option<NtpTime> {
        let (oldest, newest) = self.reports?;
        let ticks = timestamp.wrapping_sub(newest.timestamp) as i32;
        let rate = self.measured_rate(oldest, newest);
        let steps = f64::from(ticks) / rate * (1u64 << 32) as f64;
        Some(NtpTime(newest.time.0.wrapping_add_signed(steps as i64)))
    }

    /// In ticks of the stream's clock for each second of the wall clock.
    fn measured_rate(&self, oldest: Report, newest: Report) -> f64 {
        let baseline = newest.time.since(oldest.time);
        if baseline < Self::MIN_BASELINE {
            return self.rate.into();
        }
        let ticks = newest.timestamp.wrapping_sub(oldest.timestamp);
        f64::from(ticks) / baseline.as_secs_f64()
    }
}

/// Whether the clock ran on from one report to another at about its rate.
fn is_steady(old: Report, new: Report, rate: u32) -> bool {
    let baseline = new.time.since(old.time);
    if baseline > SenderClock::MAX_BASELINE {
        return false;
    }
    let expected = baseline.as_secs_f64() * f64::from(rate);
    let ticks = f64::from(new.timestamp.wrapping_sub(old.timestamp) as i32);
    // Reports are rounded, and written a moment after the time in them was taken.
    let slack = expected * SenderClock::MAX_DRIFT + f64::from(rate) * 0.01;
    (ticks - expected).abs() <= slack
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: NtpTime = NtpTime(0xe000_0000_0000_0000);

    fn report(clock: &mut SenderClock, seconds: f64, timestamp: u32) {
        clock.handle_report(START.after(Duration::from_secs_f64(seconds)), timestamp);
    }

    fn offset(clock: &SenderClock, timestamp: u32) -> f64 {
        let time = clock.time_of(timestamp).expect("there was a report");
        time.since(START).as_secs_f64()
    }

    #[test]
    fn nothing_is_known_before_the_first_report() {
        assert_eq!(SenderClock::new(48_000).time_of(0), None);
    }

    #[test]
    fn one_report_tells_times_before_and_after_it_across_the_wrap() {
        let mut clock = SenderClock::new(90_000);
        report(&mut clock, 10.0, u32::MAX - 9_000 + 1);
        assert!((offset(&clock, 0) - 10.1).abs() < 1e-6);
        assert!((offset(&clock, u32::MAX - 18_000 + 1) - 9.9).abs() < 1e-6);
    }

    #[test]
    fn a_clock_that_drifts_is_followed() {
        let mut clock = SenderClock::new(48_000);
        // 0.1 % fast.
        for second in 0..60u32 {
            report(&mut clock, second.into(), second * 48_048);
        }
        assert!((offset(&clock, 60 * 48_048) - 60.0).abs() < 1e-4);
    }

    #[test]
    fn a_clock_that_jumps_is_believed_from_then_on() {
        let mut clock = SenderClock::new(48_000);
        report(&mut clock, 0.0, 0);
        report(&mut clock, 5.0, 5 * 48_000);
        report(&mut clock, 10.0, 77);
        assert!((offset(&clock, 77 + 48_000) - 11.0).abs() < 1e-6);
    }

    #[test]
    fn the_wall_clock_is_told_before_and_after_its_anchor() {
        let instant = tidewire_netsim::start() + Duration::from_secs(9);
        let wall = WallClock {
            instant,
            time: START,
        };
        let second = Duration::from_secs(1);
        assert_eq!(wall.at(instant + second), NtpTime(START.0 + (1 << 32)));
        assert_eq!(wall.at(instant - second), NtpTime(START.0 - (1 << 32)));
    }
}
