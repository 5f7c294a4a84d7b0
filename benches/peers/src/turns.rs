//! Contenders that take turns, so that what disturbs the machine disturbs all of them.

use std::hint::black_box;
use std::time::Duration;

use crate::clock::CpuTime;

/// One who does the same as the others.
pub struct Contender {
    name: String,
    /// Does it so often, and answers how long each took.
    run: Box<dyn FnMut(u32) -> Duration>,
    rounds: Vec<Duration>,
}

impl Contender {
    /// `run` answers something that depends on all that was done, so that doing it later would gain nothing.
    pub fn new(name: &str, mut run: impl FnMut() -> u64 + 'static) -> Self {
        Self::with(name, move |repetitions| {
            let start = CpuTime::now();
            for _ in 0..repetitions {
                black_box(run());
            }
            start.elapsed() / repetitions
        })
    }

    /// `run` answers how long the part of it took that counts.
    pub fn measuring(name: &str, mut run: impl FnMut() -> Duration + 'static) -> Self {
        Self::with(name, move |repetitions| {
            (0..repetitions).map(|_| run()).sum::<Duration>() / repetitions
        })
    }

    fn with(name: &str, run: impl FnMut(u32) -> Duration + 'static) -> Self {
        Self {
            name: name.to_owned(),
            run: Box::new(run),
            rounds: Vec::new(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn median(&self) -> Duration {
        let mut sorted = self.rounds.clone();
        sorted.sort();
        sorted[sorted.len() / 2]
    }
}

/// Lets them take turns, and prints the median of each, and what it is of the first one's.
pub fn compare(title: &str, contenders: &mut [Contender], rounds: usize, repetitions: u32) {
    for _ in 0..rounds {
        for contender in &mut *contenders {
            let round = (contender.run)(repetitions);
            contender.rounds.push(round);
        }
    }
    println!("{title}, CPU time, the median:");
    let own = contenders.first().map(Contender::median);
    for contender in contenders {
        let time = contender.median();
        let ratio = time.as_secs_f64() / own.unwrap_or(time).as_secs_f64();
        println!("{:<32} {time:>10.2?} {ratio:>6.2}", contender.name);
    }
}
