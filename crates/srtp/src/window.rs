//! Which packets of a stream have been seen (RFC 3711 section 3.3.2), and which index a sequence
//! number stands for (section 3.3.1).

use crate::config::Config;

const WORD: u64 = u64::BITS as u64;

/// The newest index of a stream, and which of those before it were seen.
#[derive(Debug)]
pub(crate) struct Window {
    newest: u64,
    /// A bit an index, that of `index` at `index` modulo their number, which is a power of two.
    seen: Box<[u64]>,
}

/// What is known of an index before its packet has been authenticated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    New,
    Seen,
    TooOld,
}

impl Window {
    /// Begins with nothing seen.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            newest: 0,
            seen: vec![0; Self::words(config)].into(),
        }
    }

    /// How many words of 64 bits a window takes.
    pub(crate) fn words(config: &Config) -> usize {
        let width = config.replay_window.clamp(1, Config::MAX_REPLAY_WINDOW);
        width.div_ceil(WORD as usize).next_power_of_two()
    }

    /// One that was exported: its newest index, and [`Self::words`] words of what was seen.
    pub(crate) fn from_parts(newest: u64, seen: Box<[u64]>) -> Self {
        Self { newest, seen }
    }

    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    pub(crate) fn seen(&self) -> &[u64] {
        &self.seen
    }

    /// The index that is nearest to the newest among those that end in `sequence`; `None` when it
    /// would be from before the beginning.
    #[inline]
    pub(crate) fn estimate(&self, sequence: u16) -> Option<u64> {
        let ahead = sequence.wrapping_sub(self.newest as u16).cast_signed();
        self.newest.checked_add_signed(ahead.into())
    }

    #[inline]
    pub(crate) fn standing(&self, index: u64) -> Standing {
        if index > self.newest {
            Standing::New
        } else if self.newest - index >= self.width() {
            Standing::TooOld
        } else if self.seen[self.word(index)] & bit(index) != 0 {
            Standing::Seen
        } else {
            Standing::New
        }
    }

    /// Notes an index whose standing is [`Standing::New`].
    #[inline]
    pub(crate) fn insert(&mut self, index: u64) {
        if index > self.newest {
            if index - self.newest >= self.width() {
                self.seen.fill(0);
            } else {
                self.clear(self.newest + 1, index);
            }
            self.newest = index;
        }
        let word = self.word(index);
        self.seen[word] |= bit(index);
    }

    /// Clears the bits of `index..end`, which were skipped and fit into the window, a word at a time.
    #[inline]
    fn clear(&mut self, mut index: u64, end: u64) {
        while index < end {
            let next = ((index / WORD + 1) * WORD).min(end);
            let mask = u64::MAX >> (WORD - (next - index)) << (index % WORD);
            let word = self.word(index);
            self.seen[word] &= !mask;
            index = next;
        }
    }

    fn width(&self) -> u64 {
        self.seen.len() as u64 * WORD
    }

    fn word(&self, index: u64) -> usize {
        (index / WORD) as usize & (self.seen.len() - 1)
    }
}

const fn bit(index: u64) -> u64 {
    1 << (index % WORD)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn window(first: u64, width: usize) -> Window {
        let config = Config {
            replay_window: width,
            ..Config::default()
        };
        let mut window = Window::new(&config);
        window.insert(first);
        window
    }

    #[test]
    fn a_sequence_number_stands_for_the_nearest_index() {
        let window = window(0x1_0005, 64);
        assert_eq!(window.estimate(6), Some(0x1_0006));
        assert_eq!(window.estimate(0xFFFF), Some(0xFFFF), "before the rollover");
        assert_eq!(window.estimate(0x8004), Some(0x1_8004));
        assert_eq!(window.estimate(0x8005), Some(0x8005), "half way is behind");
    }

    #[test]
    fn nothing_is_from_before_the_beginning() {
        assert_eq!(window(3, 64).estimate(0xFFFF), None);
        assert_eq!(window(3, 64).estimate(0), Some(0));
    }

    #[test]
    fn a_window_ends_where_it_is_told_to() {
        for width in [64, 1024, Config::MAX_REPLAY_WINDOW] {
            let mut window = window(100_000, width);
            let oldest = 100_001 - width as u64;
            assert_eq!(window.standing(oldest), Standing::New);
            assert_eq!(window.standing(oldest - 1), Standing::TooOld);
            window.insert(oldest);
            assert_eq!(window.standing(oldest), Standing::Seen);
        }
    }

    proptest! {
        #[test]
        fn an_index_is_new_once(
            width in 1_usize..300,
            steps in proptest::collection::vec((any::<bool>(), 0_u64..400), 1..200),
        ) {
            let mut window = window(1000, width);
            let width = width.next_power_of_two().max(64) as u64;
            let mut seen = BTreeSet::from([1000]);
            for (forth, by) in steps {
                let newest = *seen.last().unwrap();
                let index = if forth { newest + by } else { newest.saturating_sub(by) };
                let expected = if newest.saturating_sub(index) >= width {
                    Standing::TooOld
                } else if seen.contains(&index) {
                    Standing::Seen
                } else {
                    Standing::New
                };
                prop_assert_eq!(window.standing(index), expected);
                if expected == Standing::New {
                    window.insert(index);
                    seen.insert(index);
                }
            }
        }
    }
}
