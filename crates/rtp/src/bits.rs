//! Reading and writing bit by bit, the highest first.

/// Reads bits.
#[derive(Clone, Debug)]
pub(crate) struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0 }
    }

    /// The next bits, 32 at most. `None` when there are not that many.
    pub(crate) fn read(&mut self, count: u32) -> Option<u32> {
        if count as usize > self.left() {
            return None;
        }
        let mut value = 0;
        for _ in 0..count {
            let bit = self.data[self.position / 8] >> (7 - self.position % 8) & 1;
            value = value << 1 | u32::from(bit);
            self.position += 1;
        }
        Some(value)
    }

    /// The next bit.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        self.read(1).map(|bit| bit == 1)
    }

    fn left(&self) -> usize {
        self.data.len() * 8 - self.position
    }
}

#[cfg(test)]
mod tests {
    use super::BitReader;

    #[test]
    fn bits_come_highest_first() {
        let mut bits = BitReader::new(&[0b1010_0000, 0xff]);
        assert_eq!(bits.read(3), Some(0b101));
        assert_eq!(bits.read(6), Some(1));
        assert_eq!(bits.flag(), Some(true));
        assert_eq!(bits.read(7), None);
        assert_eq!(bits.read(6), Some(63));
        assert_eq!(bits.read(0), Some(0));
        assert_eq!(bits.flag(), None);
    }
}
