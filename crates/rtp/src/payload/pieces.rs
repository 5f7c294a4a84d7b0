//! Equal shares of a frame.

use std::ops::Range;

/// Cuts a length into as few pieces as there have to be, of nearly equal size: a short last one would
/// be lost as easily as a long one.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    position: usize,
    end: usize,
    left: usize,
}

impl Pieces {
    /// Pieces of at most `max_len` bytes, which must not be 0.
    pub(super) fn new(len: usize, max_len: usize) -> Self {
        Self::of(0..len, max_len)
    }

    pub(super) fn of(range: Range<usize>, max_len: usize) -> Self {
        Self {
            position: range.start,
            end: range.end,
            left: range.len().div_ceil(max_len.max(1)),
        }
    }
}

impl Iterator for Pieces {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let len = (self.end - self.position).div_ceil(self.left.max(1));
        if len == 0 {
            return None;
        }
        let piece = self.position..self.position + len;
        self.position = piece.end;
        self.left -= 1;
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_few_and_nearly_equal(len in 0usize..10_000, max_len in 1usize..1500) {
            let pieces: Vec<_> = Pieces::new(len, max_len).collect();
            prop_assert_eq!(pieces.len(), len.div_ceil(max_len));
            prop_assert_eq!(pieces.iter().map(Range::len).sum::<usize>(), len);
            let longest = pieces.iter().map(Range::len).max().unwrap_or(0);
            let shortest = pieces.iter().map(Range::len).min().unwrap_or(0);
            prop_assert!(longest <= max_len && longest - shortest <= 1);
        }
    }
}
