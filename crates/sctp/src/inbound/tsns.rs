//! Which TSNs have been received: what SACKs tell.

use std::collections::VecDeque;

use crate::ids::Tsn;

/// Gaps that are kept track of; chunks that would open more are refused.
const MAX_RANGES: usize = 512;
/// Chunks further ahead than this of what is complete are refused. SACKs reach as far.
const MAX_AHEAD: i32 = 65_535;
/// Duplicates that are reported in the next SACK.
const MAX_DUPLICATES: usize = 16;

/// TSNs received: all up to the cumulative one, and ranges beyond.
#[derive(Debug)]
pub(crate) struct ReceivedTsns {
    cumulative: Tsn,
    /// First and last of each stretch beyond, in order, with gaps between.
    ranges: VecDeque<(Tsn, Tsn)>,
    duplicates: Vec<Tsn>,
}

/// What a TSN is to the receiver.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    New,
    Duplicate,
    /// Too far ahead, or one gap too many.
    Refused,
}

impl ReceivedTsns {
    /// Nothing received; the peer starts with `initial`.
    pub(crate) fn new(initial: Tsn) -> Self {
        Self {
            cumulative: initial.previous(),
            ranges: VecDeque::new(),
            duplicates: Vec::new(),
        }
    }

    pub(crate) fn cumulative(&self) -> Tsn {
        self.cumulative
    }

    pub(crate) fn has_gaps(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// What the arrival of `tsn` would be.
    pub(crate) fn classify(&mut self, tsn: Tsn) -> Arrival {
        let ahead = tsn.since(self.cumulative);
        if ahead == 1 {
            return Arrival::New;
        }
        if ahead > MAX_AHEAD {
            return Arrival::Refused;
        }
        let index = self.position(tsn);
        let is_in = |range: Option<&(Tsn, Tsn)>| {
            range.is_some_and(|(first, last)| !first.is_after(tsn) && !tsn.is_after(*last))
        };
        if ahead <= 0 || is_in(self.ranges.get(index)) {
            if self.duplicates.len() < MAX_DUPLICATES {
                self.duplicates.push(tsn);
            }
            return Arrival::Duplicate;
        }
        let extends = index > 0 && self.ranges[index - 1].1.next() == tsn
            || self
                .ranges
                .get(index)
                .is_some_and(|(first, _)| tsn.next() == *first);
        if !extends && self.ranges.len() == MAX_RANGES {
            Arrival::Refused
        } else {
            Arrival::New
        }
    }

    /// Takes down a TSN that is [`Arrival::New`].
    pub(crate) fn insert(&mut self, tsn: Tsn) {
        if tsn == self.cumulative.next() {
            self.cumulative = tsn;
            self.absorb();
            return;
        }
        let index = self.position(tsn);
        let joins_previous = index > 0 && self.ranges[index - 1].1.next() == tsn;
        let joins_next = self
            .ranges
            .get(index)
            .is_some_and(|(first, _)| tsn.next() == *first);
        match (joins_previous, joins_next) {
            (true, true) => {
                let last = self.ranges.remove(index).map_or(tsn, |(_, last)| last);
                self.ranges[index - 1].1 = last;
            }
            (true, false) => self.ranges[index - 1].1 = tsn,
            (false, true) => self.ranges[index].0 = tsn,
            (false, false) => self.ranges.insert(index, (tsn, tsn)),
        }
    }

    /// Counts everything up to `cumulative` as received (RFC 3758 section 3.6).
    pub(crate) fn skip_to(&mut self, cumulative: Tsn) {
        if !cumulative.is_after(self.cumulative) {
            return;
        }
        self.cumulative = cumulative;
        while let Some((first, last)) = self.ranges.front_mut() {
            if last.is_after(cumulative) {
                if !first.is_after(cumulative) {
                    *first = cumulative.next();
                }
                break;
            }
            self.ranges.pop_front();
        }
        self.absorb();
    }

    /// The gap blocks of a SACK (RFC 9260 section 3.3.4).
    pub(crate) fn gaps(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let offset = |tsn: Tsn| u16::try_from(tsn.since(self.cumulative)).unwrap_or(u16::MAX);
        self.ranges
            .iter()
            .map(move |(first, last)| (offset(*first), offset(*last)))
    }

    pub(crate) fn duplicates(&self) -> &[Tsn] {
        &self.duplicates
    }

    pub(crate) fn clear_duplicates(&mut self) {
        self.duplicates.clear();
    }

    /// Moves the cumulative TSN over a range that now follows it.
    fn absorb(&mut self) {
        while let Some((first, last)) = self.ranges.front().copied()
            && first == self.cumulative.next()
        {
            self.cumulative = last;
            self.ranges.pop_front();
        }
    }

    /// The first range that does not end before `tsn`.
    fn position(&self, tsn: Tsn) -> usize {
        self.ranges.partition_point(|(_, last)| tsn.is_after(*last))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gaps(received: &ReceivedTsns) -> Vec<(u16, u16)> {
        received.gaps().collect()
    }

    #[test]
    fn gaps_open_grow_and_close() {
        let mut received = ReceivedTsns::new(Tsn(u32::MAX));
        for tsn in [1, 2, 4] {
            assert_eq!(received.classify(Tsn(tsn)), Arrival::New);
            received.insert(Tsn(tsn));
        }
        assert_eq!(received.cumulative(), Tsn(u32::MAX - 1));
        assert_eq!(gaps(&received), [(3, 4), (6, 6)]);
        received.insert(Tsn(3));
        assert_eq!(gaps(&received), [(3, 6)]);
        received.insert(Tsn(u32::MAX));
        received.insert(Tsn(0));
        assert_eq!(received.cumulative(), Tsn(4));
        assert!(!received.has_gaps());
        assert_eq!(received.classify(Tsn(2)), Arrival::Duplicate);
        assert_eq!(received.duplicates(), [Tsn(2)]);
    }

    #[test]
    fn what_is_too_far_ahead_or_too_scattered_is_refused() {
        let mut received = ReceivedTsns::new(Tsn(1));
        assert_eq!(received.classify(Tsn(70_000)), Arrival::Refused);
        for number in 0..MAX_RANGES as u32 {
            received.insert(Tsn(3 + 2 * number));
        }
        let beyond = Tsn(5 + 2 * MAX_RANGES as u32);
        assert_eq!(received.classify(beyond), Arrival::Refused);
        assert_eq!(received.classify(Tsn(4)), Arrival::New, "it closes a gap");
    }

    #[test]
    fn skipping_forward_joins_what_follows() {
        let mut received = ReceivedTsns::new(Tsn(1));
        for tsn in [3, 5, 6, 9] {
            received.insert(Tsn(tsn));
        }
        received.skip_to(Tsn(4));
        assert_eq!(received.cumulative(), Tsn(6));
        assert_eq!(gaps(&received), [(3, 3)]);
        received.skip_to(Tsn(2));
        assert_eq!(received.cumulative(), Tsn(6), "never backwards");
    }

    proptest! {
        #[test]
        fn the_ranges_are_those_of_a_set(tsns in proptest::collection::vec(1_u32..200, 0..300)) {
            let mut received = ReceivedTsns::new(Tsn(1));
            let mut set = std::collections::BTreeSet::new();
            for tsn in tsns {
                let is_new = set.insert(tsn);
                prop_assert_eq!(received.classify(Tsn(tsn)) == Arrival::New, is_new);
                if is_new {
                    received.insert(Tsn(tsn));
                }
            }
            let cumulative = (1..).find(|tsn| !set.contains(tsn)).unwrap_or(1) - 1;
            prop_assert_eq!(received.cumulative(), Tsn(cumulative));
            let listed: Vec<u32> = received
                .gaps()
                .flat_map(|(first, last)| u32::from(first)..=u32::from(last))
                .map(|offset| offset + cumulative)
                .collect();
            let expected: Vec<u32> = set.into_iter().filter(|tsn| *tsn > cumulative).collect();
            prop_assert_eq!(listed, expected);
        }
    }
}
