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

/// Appends bits; the last byte is filled up with zeros.
#[derive(Debug)]
pub(crate) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// How many bits of the last byte are taken, if any are left.
    taken: u32,
}

impl<'a> BitWriter<'a> {
    /// Begins with a byte of its own.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, taken: 0 }
    }

    /// The lowest `count` bits of the value, 32 at most.
    pub(crate) fn write(&mut self, count: u32, value: u32) {
        for index in (0..count).rev() {
            if self.taken == 0 {
                self.out.push(0);
            }
            let bit = (value >> index & 1) as u8;
            if let Some(last) = self.out.last_mut() {
                *last |= bit << (7 - self.taken);
            }
            self.taken = (self.taken + 1) % 8;
        }
    }

    /// One bit.
    pub(crate) fn flag(&mut self, is_set: bool) {
        self.write(1, u32::from(is_set));
    }
}

#[cfg(test)]
mod tests {
    use super::{BitReader, BitWriter};

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

    #[test]
    fn bits_are_appended_highest_first() {
        let mut out = vec![0xff];
        let mut bits = BitWriter::new(&mut out);
        bits.write(3, 0b101);
        bits.flag(true);
        bits.write(5, 0b10001);
        bits.write(0, 7);
        assert_eq!(out, [0xff, 0b1011_1000, 0b1000_0000]);
    }
}
