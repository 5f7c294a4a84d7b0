//! Sequence numbers that do not roll over.

/// Extends sequence numbers of 16 bits, for streams whose carrier does not: SRTP's index is extended
/// already.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SequenceExtender {
    newest: Option<u64>,
}

impl SequenceExtender {
    /// The number nearest to the newest one whose lowest 16 bits are `sequence`.
    pub fn extend(&mut self, sequence: u16) -> u64 {
        let Some(newest) = self.newest else {
            // Room for packets from before the first one, across the wrap.
            let first = 1 << 16 | u64::from(sequence);
            self.newest = Some(first);
            return first;
        };
        let extended = nearest(newest, sequence);
        self.newest = Some(newest.max(extended));
        extended
    }
}

/// The number nearest to `reference` whose lowest 16 bits are `sequence`.
pub(crate) fn nearest(reference: u64, sequence: u16) -> u64 {
    let ahead = sequence.wrapping_sub(reference as u16) as i16;
    reference
        .checked_add_signed(ahead.into())
        .unwrap_or(u64::from(sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_across_the_wrap_both_ways() {
        let mut extender = SequenceExtender::default();
        let first = extender.extend(65_534);
        assert_eq!(extender.extend(1), first + 3);
        assert_eq!(extender.extend(65_535), first + 1);
        assert_eq!(extender.extend(30_000), first + 30_002);
        assert_eq!(extender.extend(0), first + 2);
    }

    #[test]
    fn what_precedes_the_first_number_stays_before_it() {
        let mut extender = SequenceExtender::default();
        let first = extender.extend(1);
        assert_eq!(extender.extend(65_535), first - 2);
    }

    #[test]
    fn there_is_nothing_below_zero() {
        assert_eq!(nearest(2, 65_535), 65_535);
        assert_eq!(nearest(65_535, 1), 65_537);
    }
}
