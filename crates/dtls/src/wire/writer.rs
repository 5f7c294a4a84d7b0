//! A writer that patches lengths back.

/// Appends big-endian fields to a buffer.
#[derive(Debug)]
pub(crate) struct Writer<'a>(&'a mut Vec<u8>);

impl<'a> Writer<'a> {
    pub(crate) fn new(buf: &'a mut Vec<u8>) -> Self {
        Self(buf)
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    pub(crate) fn u24(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes()[1..]);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A vector whose length of 8 bits is filled in afterwards.
    pub(crate) fn vec8(&mut self, content: impl FnOnce(&mut Writer<'_>)) {
        self.prefixed::<1>(content);
    }

    /// A vector whose length of 16 bits is filled in afterwards.
    pub(crate) fn vec16(&mut self, content: impl FnOnce(&mut Writer<'_>)) {
        self.prefixed::<2>(content);
    }

    /// A vector whose length of 24 bits is filled in afterwards.
    pub(crate) fn vec24(&mut self, content: impl FnOnce(&mut Writer<'_>)) {
        self.prefixed::<3>(content);
    }

    fn prefixed<const N: usize>(&mut self, content: impl FnOnce(&mut Writer<'_>)) {
        let start = self.0.len();
        self.bytes(&[0; N]);
        content(&mut Writer(self.0));
        let len = self.0.len() - start - N;
        debug_assert!(len >> (8 * N) == 0, "a vector outgrew its length field");
        self.0[start..start + N].copy_from_slice(&(len as u64).to_be_bytes()[8 - N..]);
    }
}
