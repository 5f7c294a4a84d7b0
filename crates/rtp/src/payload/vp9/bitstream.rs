//! What is read of the bitstream: the beginning of the uncompressed header, section 6.2 of the VP9
//! bitstream specification.

use crate::bits::BitReader;
use crate::payload::resolution::Resolution;

/// What the bitstream tells of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) is_key: bool,
    /// Of key frames only.
    pub(super) resolution: Option<Resolution>,
}

const SYNC_CODE: u32 = 0x49_83_42;
const COLOR_SPACE_RGB: u32 = 7;

impl Header {
    /// `None` when that is no VP9.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(data);
        if bits.read(2)? != 0b10 {
            return None;
        }
        let profile = bits.read(1)? | bits.read(1)? << 1;
        if profile == 3 && bits.flag()? {
            return None;
        }
        // show_existing_frame, then frame_type
        if bits.flag()? || bits.flag()? {
            return Some(Self {
                is_key: false,
                resolution: None,
            });
        }
        // show_frame and error_resilient_mode
        bits.read(2)?;
        if bits.read(24)? != SYNC_CODE {
            return None;
        }
        skip_color_config(&mut bits, profile)?;
        let width = bits.read(16)? + 1;
        let height = bits.read(16)? + 1;
        Some(Self {
            is_key: true,
            resolution: Some(Resolution { width, height }),
        })
    }
}

/// `color_config`.
fn skip_color_config(bits: &mut BitReader<'_>, profile: u32) -> Option<()> {
    if profile >= 2 {
        // ten_or_twelve_bit
        bits.flag()?;
    }
    let has_subsampling = profile & 1 == 1;
    let extra = match (bits.read(3)? == COLOR_SPACE_RGB, has_subsampling) {
        // color_range, and of odd profiles subsampling_x, subsampling_y and a reserved bit
        (false, false) => 1,
        (false, true) => 4,
        // a reserved bit; other profiles have no RGB
        (true, true) => 1,
        (true, false) => return None,
    };
    bits.read(extra).map(|_| ())
}
