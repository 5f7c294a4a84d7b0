//! A borrowing reader whose every failure names the field.

use thiserror::Error;

/// A message that does not follow its grammar.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("malformed {field}")]
#[non_exhaustive]
pub struct DecodeError {
    /// The field at which decoding stopped.
    pub field: &'static str,
}

/// Reads big-endian fields off the front of a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails unless everything has been read.
    pub(crate) fn finish(self, field: &'static str) -> Result<(), DecodeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DecodeError { field })
        }
    }

    pub(crate) fn bytes(
        &mut self,
        len: usize,
        field: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(DecodeError { field })?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        let (head, tail) = self.0.split_first_chunk().ok_or(DecodeError { field })?;
        self.0 = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array(field).map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let [a, b, c] = self.array(field)?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    pub(crate) fn u48(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        let [a, b, c, d, e, f] = self.array(field)?;
        Ok(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }

    /// A vector with a length of 8 bits.
    pub(crate) fn vec8(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = self.u8(field)?;
        self.bytes(usize::from(len), field)
    }

    /// A vector with a length of 16 bits.
    pub(crate) fn vec16(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = self.u16(field)?;
        self.bytes(usize::from(len), field)
    }

    /// A vector with a length of 24 bits.
    pub(crate) fn vec24(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = self.u24(field)?;
        self.bytes(len as usize, field)
    }
}

/// Splits a vector of 16-bit codepoints, which must be whole.
pub(crate) fn codepoints(
    bytes: &[u8],
    field: &'static str,
) -> Result<impl Iterator<Item = u16> + Clone, DecodeError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|pair| u16::from_be_bytes(*pair)))
    } else {
        Err(DecodeError { field })
    }
}
