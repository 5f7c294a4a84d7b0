//! What descriptors are read from, and the references that they and the scalability structure name.

use thiserror::Error;

/// Up to three references, as distances in pictures.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct References {
    len: u8,
    distances: [u8; Self::MAX],
}

/// Why a payload has no descriptor.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum DescriptorError {
    /// It ends too early.
    #[error("the payload ends within {0}")]
    Truncated(&'static str),
    /// Flexible mode names three references at most.
    #[error("more than three references")]
    TooManyReferences,
    /// In flexible mode references count from the picture id.
    #[error("references without a picture id")]
    NoPictureId,
}

impl References {
    /// How many there can be.
    pub const MAX: usize = 3;

    /// Of these distances, 1 to 127 each. `None` when there are more than three, or one is out of range.
    pub fn new(distances: &[u8]) -> Option<Self> {
        let in_range = distances
            .iter()
            .all(|distance| (1..=127).contains(distance));
        let mut references = Self::default();
        references
            .distances
            .get_mut(..distances.len())
            .filter(|_| in_range)?
            .copy_from_slice(distances);
        references.len = distances.len() as u8;
        Some(references)
    }

    /// The distances.
    pub fn as_slice(&self) -> &[u8] {
        &self.distances[..usize::from(self.len)]
    }

    pub(super) fn push(&mut self, distance: u8) -> Result<(), DescriptorError> {
        let place = self.distances.get_mut(usize::from(self.len));
        *place.ok_or(DescriptorError::TooManyReferences)? = distance;
        self.len += 1;
        Ok(())
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DescriptorError> {
        let mut references = Self::default();
        loop {
            let byte = reader.u8("P_DIFF")?;
            references.push(byte >> 1)?;
            if byte & 0x01 == 0 {
                return Ok(references);
            }
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let distances = self.as_slice();
        for (index, distance) in distances.iter().enumerate() {
            let more = index + 1 < distances.len();
            out.push(distance << 1 | u8::from(more));
        }
    }
}

/// What is left to read.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, DescriptorError> {
        let (first, rest) = self
            .0
            .split_first()
            .ok_or(DescriptorError::Truncated(field))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, DescriptorError> {
        Ok(u16::from_be_bytes([self.u8(field)?, self.u8(field)?]))
    }
}
