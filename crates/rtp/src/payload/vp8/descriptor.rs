//! The descriptor before each piece of a frame, RFC 7741 section 4.2.

use crate::take::{take_u8, take_u16};

const EXTENDED: u8 = 0x80;
const NON_REFERENCE: u8 = 0x20;
const START: u8 = 0x10;
const PARTITION: u8 = 0x07;
const HAS_PICTURE_ID: u8 = 0x80;
const HAS_TL0_PICTURE_INDEX: u8 = 0x40;
const HAS_TEMPORAL: u8 = 0x20;
const HAS_KEY_INDEX: u8 = 0x10;
const LONG: u8 = 0x80;
const LAYER_SYNC: u8 = 0x20;

/// What stands before a piece of a frame.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Descriptor {
    /// Nothing refers to the frame: N.
    pub non_reference: bool,
    /// The piece begins a frame: S, of the first partition.
    pub begins_frame: bool,
    /// The partition that the piece is of, 0 to 7: PID.
    pub partition: u8,
    /// The piece begins a partition after the first.
    pub begins_partition: bool,
    /// Counts frames.
    pub picture_id: Option<PictureId>,
    /// Counts frames of the lowest temporal layer: TL0PICIDX.
    pub tl0_picture_index: Option<u8>,
    /// The temporal layer.
    pub temporal: Option<TemporalLayer>,
    /// Counts key frames, 0 to 31: KEYIDX.
    pub key_index: Option<u8>,
}

/// The temporal layer of a frame.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TemporalLayer {
    /// 0 to 3, the lowest first: TID.
    pub id: u8,
    /// It refers to the lowest layer only, so that one can go up here: Y.
    pub layer_sync: bool,
}

/// A number of 7 or 15 bits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PictureId {
    value: u16,
    is_long: bool,
}

impl PictureId {
    /// An id of seven bits; higher ones are cut off.
    pub const fn short(value: u8) -> Self {
        Self {
            value: (value & 0x7f) as u16,
            is_long: false,
        }
    }

    /// An id of fifteen bits; a higher one is cut off.
    pub const fn long(value: u16) -> Self {
        Self {
            value: value & 0x7fff,
            is_long: true,
        }
    }

    /// The number.
    pub const fn value(self) -> u16 {
        self.value
    }

    /// The next one, as wide as this one.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.is_long {
            Self::long(self.value.wrapping_add(1))
        } else {
            Self::short(self.value as u8 + 1)
        }
    }
}

impl From<u16> for PictureId {
    /// An id of fifteen bits.
    fn from(value: u16) -> Self {
        Self::long(value)
    }
}

impl Descriptor {
    /// Reads the descriptor, and answers what follows it. `None` when the payload ends within it.
    pub fn parse(payload: &[u8]) -> Option<(Self, &[u8])> {
        let mut rest = payload;
        let first = take_u8(&mut rest)?;
        let partition = first & PARTITION;
        let starts = first & START != 0;
        let mut descriptor = Self {
            non_reference: first & NON_REFERENCE != 0,
            begins_frame: starts && partition == 0,
            partition,
            begins_partition: starts && partition != 0,
            ..Self::default()
        };
        if first & EXTENDED != 0 {
            let has = take_u8(&mut rest)?;
            if has & HAS_PICTURE_ID != 0 {
                descriptor.picture_id = Some(read_picture_id(&mut rest)?);
            }
            if has & HAS_TL0_PICTURE_INDEX != 0 {
                descriptor.tl0_picture_index = Some(take_u8(&mut rest)?);
            }
            if has & (HAS_TEMPORAL | HAS_KEY_INDEX) != 0 {
                let packed = take_u8(&mut rest)?;
                let temporal = TemporalLayer {
                    id: packed >> 6,
                    layer_sync: packed & LAYER_SYNC != 0,
                };
                descriptor.temporal = (has & HAS_TEMPORAL != 0).then_some(temporal);
                descriptor.key_index = (has & HAS_KEY_INDEX != 0).then_some(packed & 0x1f);
            }
        }
        Some((descriptor, rest))
    }

    /// Appends the descriptor.
    pub fn write(&self, out: &mut Vec<u8>) {
        let flag = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        let has = flag(self.picture_id.is_some(), HAS_PICTURE_ID)
            | flag(self.tl0_picture_index.is_some(), HAS_TL0_PICTURE_INDEX)
            | flag(self.temporal.is_some(), HAS_TEMPORAL)
            | flag(self.key_index.is_some(), HAS_KEY_INDEX);
        let starts = self.begins_frame || self.begins_partition;
        out.push(
            flag(has != 0, EXTENDED)
                | flag(self.non_reference, NON_REFERENCE)
                | flag(starts, START)
                | self.partition & PARTITION,
        );
        if has == 0 {
            return;
        }
        out.push(has);
        match self.picture_id {
            Some(id) if id.is_long => out.extend_from_slice(&(id.value | 0x8000).to_be_bytes()),
            Some(id) => out.push(id.value as u8),
            None => {}
        }
        out.extend(self.tl0_picture_index);
        if self.temporal.is_some() || self.key_index.is_some() {
            let temporal = self.temporal.unwrap_or_default();
            let sync = flag(temporal.layer_sync, LAYER_SYNC);
            out.push(temporal.id << 6 | sync | self.key_index.unwrap_or(0) & 0x1f);
        }
    }
}

fn read_picture_id(rest: &mut &[u8]) -> Option<PictureId> {
    if rest.first()? & LONG == 0 {
        return take_u8(rest).map(PictureId::short);
    }
    take_u16(rest).map(PictureId::long)
}

/// Puts another picture id into a payload, as wide as the one it has. False when it has none. For who
/// forwards some of the frames: a receiver takes a gap in these numbers for a loss.
pub fn set_picture_id(payload: &mut [u8], id: u16) -> bool {
    match payload {
        [first, has, high, low, ..]
            if first_has(*first, *has, HAS_PICTURE_ID) && *high & LONG != 0 =>
        {
            [*high, *low] = (id | 0x8000).to_be_bytes();
            true
        }
        [first, has, short, ..]
            if first_has(*first, *has, HAS_PICTURE_ID) && *short & LONG == 0 =>
        {
            *short = id as u8 & 0x7f;
            true
        }
        _ => false,
    }
}

/// Puts another TL0PICIDX into a payload. False when it has none.
pub fn set_tl0_picture_index(payload: &mut [u8], index: u8) -> bool {
    let [first, has, ..] = *payload else {
        return false;
    };
    if !first_has(first, has, HAS_TL0_PICTURE_INDEX) {
        return false;
    }
    let id_len = match payload.get(2) {
        Some(id) if has & HAS_PICTURE_ID != 0 => 1 + usize::from(id >> 7),
        _ => 0,
    };
    let Some(byte) = payload.get_mut(2 + id_len) else {
        return false;
    };
    *byte = index;
    true
}

const fn first_has(first: u8, has: u8, bit: u8) -> bool {
    first & EXTENDED != 0 && has & bit != 0
}
