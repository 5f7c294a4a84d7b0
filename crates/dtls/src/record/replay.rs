//! The anti-replay window, RFC 6347 section 4.1.2.6.

/// Remembers which of the latest 128 records have come.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplayWindow {
    /// One past the highest sequence number seen.
    next: u64,
    /// Bit `i` stands for `next - 1 - i`.
    seen: u128,
}

impl ReplayWindow {
    /// How far a record may lag behind the newest.
    pub(crate) const SIZE: u64 = 128;

    /// The sequence number that is to come after all that were seen.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Whether a record is new, before its authentication is known.
    pub(crate) fn accepts(&self, sequence: u64) -> bool {
        match self.next.checked_sub(sequence + 1) {
            None => true,
            Some(age) => age < Self::SIZE && self.seen >> age & 1 == 0,
        }
    }

    /// Marks an authenticated record as seen.
    pub(crate) fn insert(&mut self, sequence: u64) {
        if let Some(age) = self.next.checked_sub(sequence + 1) {
            if age < Self::SIZE {
                self.seen |= 1 << age;
            }
            return;
        }
        let ahead = sequence + 1 - self.next;
        self.seen = if ahead < Self::SIZE {
            self.seen << ahead
        } else {
            0
        };
        self.seen |= 1;
        self.next = sequence + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_each_record_once_in_any_order() {
        let mut window = ReplayWindow::default();
        for sequence in [5, 3, 4, 0, 127, 1, 128] {
            assert!(window.accepts(sequence), "{sequence}");
            window.insert(sequence);
            assert!(!window.accepts(sequence), "{sequence}");
        }
    }

    #[test]
    fn refuses_what_fell_out_of_the_window() {
        let mut window = ReplayWindow::default();
        window.insert(200);
        assert!(!window.accepts(200 - ReplayWindow::SIZE));
        assert!(window.accepts(201 - ReplayWindow::SIZE));
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
}
