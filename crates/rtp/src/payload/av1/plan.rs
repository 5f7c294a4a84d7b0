//! Which OBU elements go into which packet.
//!
//! OBUs that belong together form a group: a coded frame and what stands in front of it. Elements of two
//! groups never share a packet (section 5: not across frames, nor across layers).

use super::leb128;
use super::obu::Obu;

/// The shortest payload: the aggregation header, an OBU header, and something of the OBU.
pub(super) const MIN_LEN: usize = 4;

/// How many elements the aggregation header can count.
const MAX_COUNTED: usize = 3;

/// How far OBUs are sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Cursor {
    pub(super) obu: usize,
    /// Bytes of its element.
    pub(super) offset: usize,
}

/// A packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Plan {
    /// How many elements it has.
    pub(super) count: usize,
    /// How much of the last OBU it has.
    pub(super) last_len: usize,
    /// Where the next one begins.
    pub(super) next: Cursor,
}

impl Plan {
    /// W.
    pub(super) fn counted(&self) -> u8 {
        if self.count <= MAX_COUNTED {
            self.count as u8
        } else {
            0
        }
    }

    /// The next packet of a group, which ends in front of the OBU `end`; `max_len` is `MIN_LEN` at least.
    pub(super) fn next(obus: &[Obu], end: usize, from: Cursor, max_len: usize) -> Self {
        // What the elements before take, all of which tell their length.
        let mut used = 1;
        let mut plan = Self {
            count: 0,
            last_len: 0,
            next: from,
        };
        while plan.next.obu < end && used < max_len {
            let Cursor { obu, offset } = plan.next;
            let left = obus[obu].element_len() - offset;
            let is_counted = plan.count < MAX_COUNTED;
            let prefix = |len| if is_counted { 0 } else { leb128::len(len) };
            let room = max_len - used;
            if prefix(left) + left <= room {
                plan.take(
                    left,
                    Cursor {
                        obu: obu + 1,
                        offset: 0,
                    },
                );
                used += leb128::len(left) + left;
                continue;
            }
            let part = room - prefix(room).min(room);
            if offset > 0 || part >= MIN_LEN - 1 {
                plan.take(
                    part,
                    Cursor {
                        obu,
                        offset: offset + part,
                    },
                );
            }
            break;
        }
        plan
    }

    fn take(&mut self, len: usize, next: Cursor) {
        self.count += 1;
        self.last_len = len;
        self.next = next;
    }
}

/// The OBU in front of which the group that `first` begins ends.
pub(super) fn group_end(obus: &[Obu], first: usize) -> usize {
    let mut has_frame = false;
    let mut layers = None;
    for (index, obu) in obus.iter().enumerate().skip(first) {
        let kind = obu.header.kind;
        let is_other_layer =
            layers.is_some() && obu.header.layers.is_some_and(|it| Some(it) != layers);
        if is_other_layer || (has_frame && !kind.continues_frame()) {
            return index;
        }
        has_frame |= kind.begins_frame();
        layers = layers.or(obu.header.layers);
    }
    obus.len()
}

/// The shortest `max_len` with which a group takes no more packets than with that one: so they are of
/// nearly equal size.
pub(super) fn even_len(obus: &[Obu], first: usize, end: usize, max_len: usize) -> usize {
    let fewest = packets(obus, first, end, max_len);
    let (mut too_short, mut enough) = (MIN_LEN - 1, max_len);
    while enough - too_short > 1 {
        let middle = too_short.midpoint(enough);
        if packets(obus, first, end, middle) <= fewest {
            enough = middle;
        } else {
            too_short = middle;
        }
    }
    enough
}

fn packets(obus: &[Obu], first: usize, end: usize, max_len: usize) -> usize {
    let mut cursor = Cursor {
        obu: first,
        offset: 0,
    };
    let mut count = 0;
    while cursor.obu < end {
        cursor = Plan::next(obus, end, cursor, max_len).next;
        count += 1;
    }
    count
}
