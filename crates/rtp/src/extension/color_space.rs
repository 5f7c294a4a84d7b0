//! What the colours of a video mean.

use super::{Extension, ExtensionKind};
use crate::take::{take_u8, take_u16};

/// The colour space of a key frame, in the code points of ITU-T H.273.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ColorSpace {
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients.
    pub matrix: u8,
    /// 0 unknown, 1 limited, 2 full, 3 derived.
    pub range: u8,
    /// Horizontal chroma siting: 0 unspecified, 1 collocated, 2 half.
    pub chroma_siting_horizontal: u8,
    /// Vertical chroma siting, likewise.
    pub chroma_siting_vertical: u8,
    /// For a high dynamic range.
    pub hdr: Option<HdrMetadata>,
}

/// The display that a video was mastered on (SMPTE ST 2086), and its light levels (CTA-861.3).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HdrMetadata {
    /// The brightest, in cd/m².
    pub luminance_max: u16,
    /// The darkest, in units of 0.0001 cd/m².
    pub luminance_min: u16,
    /// x and y of red, green and blue, and of the white point, in units of 0.00002.
    pub chromaticity: [[u16; 2]; 4],
    /// The brightest pixel, in cd/m².
    pub max_content_light_level: u16,
    /// The brightest frame on average, in cd/m².
    pub max_frame_average_light_level: u16,
}

impl Extension<'_> for ColorSpace {
    const KIND: ExtensionKind = ExtensionKind::ColorSpace;

    fn decode(mut value: &[u8]) -> Option<Self> {
        let value = &mut value;
        let (primaries, transfer) = (take_u8(value)?, take_u8(value)?);
        let (matrix, packed) = (take_u8(value)?, take_u8(value)?);
        let hdr = match value.len() {
            0 => None,
            HdrMetadata::LEN => Some(HdrMetadata::decode(value)?),
            _ => return None,
        };
        Some(Self {
            primaries,
            transfer,
            matrix,
            range: packed >> 4 & 3,
            chroma_siting_horizontal: packed >> 2 & 3,
            chroma_siting_vertical: packed & 3,
            hdr,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let siting = (self.chroma_siting_horizontal & 3) << 2 | self.chroma_siting_vertical & 3;
        let packed = (self.range & 3) << 4 | siting;
        out.extend_from_slice(&[self.primaries, self.transfer, self.matrix, packed]);
        if let Some(hdr) = &self.hdr {
            hdr.encode(out);
        }
    }
}

impl HdrMetadata {
    const LEN: usize = 24;

    fn decode(value: &mut &[u8]) -> Option<Self> {
        let mut hdr = Self {
            luminance_max: take_u16(value)?,
            luminance_min: take_u16(value)?,
            ..Self::default()
        };
        for coordinate in hdr.chromaticity.as_flattened_mut() {
            *coordinate = take_u16(value)?;
        }
        hdr.max_content_light_level = take_u16(value)?;
        hdr.max_frame_average_light_level = take_u16(value)?;
        Some(hdr)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let mut write = |word: u16| out.extend_from_slice(&word.to_be_bytes());
        write(self.luminance_max);
        write(self.luminance_min);
        self.chromaticity
            .as_flattened()
            .iter()
            .copied()
            .for_each(&mut write);
        write(self.max_content_light_level);
        write(self.max_frame_average_light_level);
    }
}
