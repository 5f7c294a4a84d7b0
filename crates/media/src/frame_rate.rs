//! How many frames a second there are.

use std::time::{Duration, Instant};

/// Counts the frames of the last second, in steps of a tenth.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FrameRate {
    begun: Option<Instant>,
    /// The step that the last frame fell into.
    newest: u64,
    /// The frames of this step and of those before it, each at its number's remainder.
    steps: [u16; STEPS],
}

/// Ten that are over and one that is not.
const STEPS: usize = 11;

impl FrameRate {
    pub(crate) fn count(&mut self, now: Instant) {
        self.begun.get_or_insert(now);
        let step = self.step(now).max(self.newest);
        for passed in (self.newest + 1..=step).take(STEPS) {
            self.steps[index(passed)] = 0;
        }
        self.newest = step;
        let count = &mut self.steps[index(step)];
        *count = count.saturating_add(1);
    }

    /// The frames of the second that ended with the last full tenth before `now`; `None` before the
    /// first frame.
    pub fn per_second(&self, now: Instant) -> Option<u32> {
        self.begun?;
        let step = self.step(now);
        let window = step.saturating_sub(STEPS as u64 - 1)..step;
        let counted = window.filter(|step| {
            let age = self.newest.checked_sub(*step);
            age.is_some_and(|age| age < STEPS as u64)
        });
        Some(counted.map(|step| u32::from(self.steps[index(step)])).sum())
    }

    fn step(&self, now: Instant) -> u64 {
        const STEP: u32 = 100;
        let elapsed = self
            .begun
            .map_or(Duration::ZERO, |begun| now.saturating_duration_since(begun));
        elapsed.as_secs() * 10 + u64::from(elapsed.subsec_millis() / STEP)
    }
}

fn index(step: u64) -> usize {
    (step % STEPS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frames_of_the_last_second_are_counted() {
        let start = tidewire_netsim::start();
        let mut rate = FrameRate::default();
        assert_eq!(rate.per_second(start), None);
        let at = |frame: u32| start + Duration::from_millis(20) * frame;
        for frame in 0..500 {
            rate.count(at(frame));
            let expected = (at(frame) - start).as_millis().min(1000) as u32 / 100 * 5;
            assert_eq!(rate.per_second(at(frame)), Some(expected), "{frame}");
        }
    }

    #[test]
    fn a_pause_empties_it_and_frames_fill_it_again() {
        let start = tidewire_netsim::start();
        let mut rate = FrameRate::default();
        for frame in 0..30u32 {
            rate.count(start + Duration::from_millis(10) * frame);
        }
        let half = start + Duration::from_millis(1100);
        assert_eq!(rate.per_second(half), Some(20));
        let later = start + Duration::from_secs(60);
        assert_eq!(rate.per_second(later), Some(0));
        rate.count(later);
        assert_eq!(rate.per_second(later), Some(0));
        let step = Duration::from_millis(100);
        assert_eq!(rate.per_second(later + step), Some(1));
        assert_eq!(rate.per_second(later + step * 12), Some(0));
    }
}
