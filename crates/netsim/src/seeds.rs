//! Running a simulation under many seeds.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs one seed only.
const SEED: &str = "TIDEWIRE_SEED";
/// Runs that many seeds instead of the test's own number.
const SEEDS: &str = "TIDEWIRE_SEEDS";

/// Runs `simulate` under `count` seeds, from 0. When it panics, tells how to run that seed alone.
///
/// In the environment, `TIDEWIRE_SEEDS` sets another count and `TIDEWIRE_SEED` runs one seed.
///
/// # Panics
/// When `simulate` does.
pub fn for_each_seed(count: u64, mut simulate: impl FnMut(u64)) {
    for seed in seeds(count) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| simulate(seed))) {
            report(seed);
            resume_unwind(panic);
        }
    }
}

/// The seeds that [`for_each_seed`] runs.
#[expect(
    clippy::disallowed_methods,
    reason = "a developer chooses seeds in the environment"
)]
pub fn seeds(count: u64) -> std::ops::Range<u64> {
    let number = |name| {
        env::var(name)
            .ok()
            .and_then(|value| value.parse::<u64>().ok())
    };
    match number(SEED) {
        Some(seed) => seed..seed.saturating_add(1),
        None => 0..number(SEEDS).unwrap_or(count),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "it explains a failed test to a developer"
)]
fn report(seed: u64) {
    eprintln!("the simulation failed under seed {seed}; run it alone with {SEED}={seed}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_runs_once_and_a_panic_ends_the_run() {
        if seeds(3) != (0..3) {
            // Somebody chose other seeds for this run.
            return;
        }
        let mut ran = Vec::new();
        for_each_seed(3, |seed| ran.push(seed));
        assert_eq!(ran, [0, 1, 2]);
        let mut ran = Vec::new();
        let run = catch_unwind(AssertUnwindSafe(|| {
            for_each_seed(3, |seed| {
                ran.push(seed);
                assert_ne!(seed, 1);
            });
        }));
        assert!(run.is_err());
        assert_eq!(ran, [0, 1]);
    }
}
