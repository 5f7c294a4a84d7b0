//! The aggregation header and the OBU elements of a payload (sections 4.4 and 4.5).

use std::ops::Range;

use super::leb128;

pub(super) const Z: u8 = 0x80;
pub(super) const Y: u8 = 0x40;
pub(super) const W_SHIFT: u32 = 4;
pub(super) const N: u8 = 0x08;

/// The aggregation header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Aggregation {
    /// Z: the first element goes on with an OBU.
    pub(super) continues: bool,
    /// Y: the OBU of the last element goes on.
    pub(super) goes_on: bool,
    /// N.
    pub(super) starts_sequence: bool,
}

/// The elements of a payload, one after the other; `None` for one that is malformed, which is the last.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a> {
    payload: &'a [u8],
    position: usize,
    /// W.
    count: usize,
    found: usize,
}

impl Aggregation {
    /// `None` when a payload has none, or it contradicts itself.
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let aggregation = Self {
            continues: first & Z != 0,
            goes_on: first & Y != 0,
            starts_sequence: first & N != 0,
        };
        let contradicts = aggregation.starts_sequence && aggregation.continues;
        (!contradicts).then_some(aggregation)
    }
}

impl<'a> Elements<'a> {
    /// Of a payload that has an aggregation header.
    pub(super) fn new(payload: &'a [u8]) -> Self {
        let first = payload.first().copied().unwrap_or_default();
        Self {
            payload,
            position: 1,
            count: usize::from(first >> W_SHIFT & 0x03),
            found: 0,
        }
    }

    /// Whether the one answered last is the last one.
    pub(super) fn is_at_end(&self) -> bool {
        self.position >= self.payload.len()
    }

    fn read(&mut self) -> Option<Range<usize>> {
        self.found += 1;
        let rest = self.payload.get(self.position..)?;
        let (len, len_len) = if self.count > 0 && self.found == self.count {
            (rest.len(), 0)
        } else {
            leb128::read(rest)?
        };
        let start = self.position + len_len;
        let end = start.checked_add(len)?;
        (len > 0 && end <= self.payload.len()).then_some(start..end)
    }
}

impl Iterator for Elements<'_> {
    type Item = Option<Range<usize>>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_done = if self.count > 0 {
            self.found == self.count
        } else {
            self.is_at_end()
        };
        if is_done && self.found > 0 {
            return None;
        }
        let element = self.read();
        self.position = element
            .as_ref()
            .map_or(self.payload.len(), |range| range.end);
        if element.is_none() {
            self.count = self.found;
        }
        Some(element)
    }
}

/// Finds the elements of a payload; there is one at least, and none is empty. `None` when it is malformed.
pub(super) fn elements(payload: &[u8], found: &mut Vec<Range<usize>>) -> Option<Aggregation> {
    found.clear();
    let aggregation = Aggregation::parse(payload)?;
    for element in Elements::new(payload) {
        found.push(element?);
    }
    Some(aggregation)
}
