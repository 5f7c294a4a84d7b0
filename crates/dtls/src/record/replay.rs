//! The anti-replay window, RFC 6347 section 4.1.2.6, as a ring of words (RFC 6479): it never shifts.

const WORDS: usize = 8;
const WORD_BITS: u64 = u64::BITS as u64;

/// Remembers which of the latest records have come.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplayWindow {
    /// One past the highest sequence number seen.
    next: u64,
    /// Bit `n % 64` of word `n / 64 % 8` stands for record `n`. The word of the newest has bits of the
    /// future in it, which are clear.
    seen: [u64; WORDS],
}

impl ReplayWindow {
    /// How far a record may lag behind the newest. A fast path has that many under way at a time.
    pub(crate) const SIZE: u64 = (WORDS as u64 - 1) * WORD_BITS;

    /// The sequence number that is to come after all that were seen.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Whether a record is new, before its authentication is known.
    pub(crate) fn accepts(&self, sequence: u64) -> bool {
        match self.next.checked_sub(sequence + 1) {
            None => true,
            Some(age) => age < Self::SIZE && !self.has(sequence),
        }
    }

    /// Whether just this record has come, as far as that is known.
    pub(crate) fn remembers(&self, sequence: u64) -> bool {
        let age = self.next.checked_sub(sequence + 1);
        age.is_some_and(|age| age < Self::SIZE) && self.has(sequence)
    }

    /// Marks an authenticated record as seen.
    pub(crate) fn insert(&mut self, sequence: u64) {
        match self.next.checked_sub(sequence + 1) {
            Some(Self::SIZE..) => return,
            Some(_) => (),
            None => {
                // Nothing was seen yet, or the words after that of the newest begin anew.
                let first = self.next.div_ceil(WORD_BITS);
                let last = sequence / WORD_BITS;
                for word in (first..=last).rev().take(WORDS) {
                    self.seen[word as usize % WORDS] = 0;
                }
                self.next = sequence + 1;
            }
        }
        self.seen[(sequence / WORD_BITS) as usize % WORDS] |= 1 << (sequence % WORD_BITS);
    }

    fn has(&self, sequence: u64) -> bool {
        let word = self.seen[(sequence / WORD_BITS) as usize % WORDS];
        word >> (sequence % WORD_BITS) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_each_record_once_in_any_order() {
        let mut window = ReplayWindow::default();
        for sequence in [5, 3, 4, 0, 127, 1, 128, 63, 64, 447, 2] {
            assert!(window.accepts(sequence), "{sequence}");
            window.insert(sequence);
            assert!(!window.accepts(sequence), "{sequence}");
            assert!(window.remembers(sequence), "{sequence}");
        }
    }

    #[test]
    fn refuses_what_fell_out_of_the_window() {
        let mut window = ReplayWindow::default();
        window.insert(2000);
        assert!(!window.accepts(2000 - ReplayWindow::SIZE));
        assert!(!window.remembers(2000 - ReplayWindow::SIZE));
        assert!(window.accepts(2001 - ReplayWindow::SIZE));
    }

    #[test]
    fn survives_the_largest_sequence_numbers() {
        let mut window = ReplayWindow::default();
        window.insert(0);
        window.insert((1 << 48) - 1);
        assert!(!window.accepts((1 << 48) - 1));
        assert!(window.accepts((1 << 48) - 2));
        assert!(!window.accepts(0));
    }

    proptest! {
        #[test]
        fn agrees_with_a_list_of_all_that_came(steps in proptest::collection::vec(0_u64..1200, 1..300)) {
            let mut window = ReplayWindow::default();
            let mut came: Vec<u64> = Vec::new();
            let mut newest = 0;
            for (step, offset) in steps.into_iter().enumerate() {
                let sequence = (step as u64 * 9 + offset).saturating_sub(600);
                let age = (newest + 1_u64).saturating_sub(sequence + 1);
                let is_late = !came.is_empty() && age >= ReplayWindow::SIZE;
                let is_known = came.contains(&sequence);
                prop_assert_eq!(window.accepts(sequence), !is_late && !is_known);
                prop_assert_eq!(window.remembers(sequence), !is_late && is_known);
                window.insert(sequence);
                if !is_late {
                    came.push(sequence);
                    newest = newest.max(sequence);
                }
            }
        }
    }
}
