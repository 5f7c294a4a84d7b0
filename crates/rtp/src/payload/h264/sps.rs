//! Parameter sets and slice headers, as far as a frame's size and its references to sets go (ITU-T H.264
//! section 7.3).

use crate::payload::resolution::Resolution;

/// A sequence parameter set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sps {
    /// profile_idc.
    pub profile: u8,
    /// The constraint flags.
    pub constraints: u8,
    /// level_idc: ten times the level.
    pub level: u8,
    /// seq_parameter_set_id, 0 to 31.
    pub id: u8,
    /// The size of pictures, cropped.
    pub resolution: Resolution,
}

/// Profiles with a format of chroma (section 7.3.2.1.1).
const WITH_CHROMA: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

impl Sps {
    /// Reads a unit, its header included. `None` when it is no such set, or is malformed.
    pub fn parse(unit: &[u8]) -> Option<Self> {
        let [header, profile, constraints, level, ..] = *unit else {
            return None;
        };
        if header & 0x1f != 7 {
            return None;
        }
        let mut bits = Bits::new(&unit[4..]);
        let id = u8::try_from(bits.unsigned()?).ok().filter(|id| *id < 32)?;
        let chroma = if WITH_CHROMA.contains(&profile) {
            read_chroma(&mut bits)?
        } else {
            1
        };
        bits.unsigned()?;
        skip_picture_order(&mut bits)?;
        bits.unsigned()?;
        bits.bit()?;
        let width = bits.unsigned()?.checked_add(1)?.checked_mul(16)?;
        let rows = bits.unsigned()?.checked_add(1)?;
        let frames_only = bits.bit()?;
        let height = rows.checked_mul(if frames_only { 16 } else { 32 })?;
        if !frames_only {
            bits.bit()?;
        }
        bits.bit()?;
        let mut crop = [0; 4];
        if bits.bit()? {
            for side in &mut crop {
                *side = bits.unsigned()?;
            }
        }
        let (unit_x, unit_y) = crop_units(chroma, frames_only);
        let cropped = |size: u32, one: u32, other: u32, unit: u32| {
            size.checked_sub(one.checked_add(other)?.checked_mul(unit)?)
        };
        let [left, right, top, bottom] = crop;
        let resolution = Resolution {
            width: cropped(width, left, right, unit_x)?,
            height: cropped(height, top, bottom, unit_y)?,
        };
        Some(Self {
            profile,
            constraints,
            level,
            id,
            resolution,
        })
    }
}

/// The ids of a picture parameter set and of the sequence parameter set that it refers to.
pub(super) fn pps_ids(unit: &[u8]) -> Option<(u8, u8)> {
    let mut bits = Bits::new(unit.get(1..)?);
    let id = u8::try_from(bits.unsigned()?).ok()?;
    let sps = u8::try_from(bits.unsigned()?).ok().filter(|id| *id < 32)?;
    Some((id, sps))
}

/// The picture parameter set that a slice refers to, by what follows the slice's header byte.
pub(super) fn pps_of_slice(body: &[u8]) -> Option<u8> {
    let mut bits = Bits::new(body);
    let (_first_macroblock, _kind) = (bits.unsigned()?, bits.unsigned()?);
    u8::try_from(bits.unsigned()?).ok()
}

/// Whether a slice is the first of its picture.
pub(super) fn is_first_slice(unit: &[u8]) -> bool {
    // first_mb_in_slice is 0: a single bit that is set.
    unit.get(1).is_some_and(|first| first & 0x80 != 0)
}

fn read_chroma(bits: &mut Bits<'_>) -> Option<u32> {
    let chroma = bits.unsigned().filter(|chroma| *chroma <= 3)?;
    if chroma == 3 {
        bits.bit()?;
    }
    bits.unsigned()?;
    bits.unsigned()?;
    bits.bit()?;
    if bits.bit()? {
        let lists = if chroma == 3 { 12 } else { 8 };
        for list in 0..lists {
            if bits.bit()? {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(chroma)
}

/// Section 7.3.2.1.1.1.
fn skip_scaling_list(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Option<()> {
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.bit()?;
            bits.signed()?;
            bits.signed()?;
            for _ in 0..bits.unsigned().filter(|count| *count <= 255)? {
                bits.signed()?;
            }
        }
        2 => {}
        _ => return None,
    }
    Some(())
}

/// In samples (section 7.4.2.1.1, table 6-1).
fn crop_units(chroma: u32, frames_only: bool) -> (u32, u32) {
    let (x, y) = match chroma {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    (x, if frames_only { y } else { 2 * y })
}

/// Bits of a unit, without the bytes that keep start codes out of it (section 7.4.1).
struct Bits<'a> {
    bytes: &'a [u8],
    zeros: u8,
    current: u8,
    left: u8,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            zeros: 0,
            current: 0,
            left: 0,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        if self.zeros >= 2 && *first == 3 {
            self.zeros = 0;
            return self.byte();
        }
        self.zeros = if *first == 0 {
            self.zeros.saturating_add(1)
        } else {
            0
        };
        Some(*first)
    }

    fn bit(&mut self) -> Option<bool> {
        if self.left == 0 {
            self.current = self.byte()?;
            self.left = 8;
        }
        self.left -= 1;
        Some(self.current >> self.left & 1 == 1)
    }

    /// ue(v), section 9.1.
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let mut value = 1u64;
        for _ in 0..zeros {
            value = value << 1 | u64::from(self.bit()?);
        }
        u32::try_from(value - 1).ok()
    }

    /// se(v), section 9.1.1.
    fn signed(&mut self) -> Option<i64> {
        let code = i64::from(self.unsigned()?);
        Some(if code % 2 == 0 {
            -(code / 2)
        } else {
            code / 2 + 1
        })
    }
}
