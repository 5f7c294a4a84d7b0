//! What is read of the bitstream: the beginning of sequence headers and of frame headers (sections 5.5 and
//! 5.9.2 of the AV1 bitstream specification).

use super::obu::{Header, Kind, Obu};
use crate::bits::BitReader;
use crate::payload::resolution::Resolution;

/// What the OBUs of a frame tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    sequence: Option<Sequence>,
    /// Of the first coded frame.
    is_key: Option<bool>,
    coded_frames: usize,
}

/// What a sequence header tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Sequence {
    is_still_picture: bool,
    resolution: Resolution,
}

const KEY_FRAME: u32 = 0;

impl Scan {
    /// Of a bitstream in the low-overhead format.
    pub(super) fn of(data: &[u8]) -> Self {
        let mut scan = Self::default();
        let mut position = 0;
        while let Some(obu) = Obu::parse(data, position) {
            position = obu.payload.end;
            scan.take(obu.header, &data[obu.payload]);
        }
        scan
    }

    /// Takes an OBU, or the beginning of one.
    pub(super) fn take(&mut self, header: Header, body: &[u8]) {
        if header.kind == Kind::SEQUENCE_HEADER && self.sequence.is_none() {
            self.sequence = Sequence::parse(body);
        }
        self.coded_frames += usize::from(header.kind.begins_frame());
        if header.kind.begins_frame() && self.is_key.is_none() {
            self.is_key = Some(self.begins_key_frame(body).unwrap_or_default());
        }
    }

    /// Whether a decoder can begin here.
    pub(super) fn is_key(&self) -> bool {
        self.sequence.is_some() && self.is_key == Some(true)
    }

    /// Whether all coded frames but the last are such that are not shown.
    pub(super) fn has_hidden_frames(&self) -> bool {
        self.coded_frames > 1
    }

    pub(super) fn resolution(&self) -> Option<Resolution> {
        self.sequence.map(|sequence| sequence.resolution)
    }

    fn begins_key_frame(&self, body: &[u8]) -> Option<bool> {
        if self.sequence?.is_still_picture {
            return Some(true);
        }
        let mut bits = BitReader::new(body);
        let shows_existing = bits.flag()?;
        Some(!shows_existing && bits.read(2)? == KEY_FRAME)
    }
}

impl Sequence {
    fn parse(body: &[u8]) -> Option<Self> {
        let mut bits = BitReader::new(body);
        // seq_profile, still_picture
        bits.read(3 + 1)?;
        let is_still_picture = bits.flag()?;
        if is_still_picture {
            // seq_level_idx
            bits.read(5)?;
        } else {
            skip_operating_points(&mut bits)?;
        }
        let width_bits = bits.read(4)? + 1;
        let height_bits = bits.read(4)? + 1;
        let width = bits.read(width_bits)? + 1;
        let height = bits.read(height_bits)? + 1;
        Some(Self {
            is_still_picture,
            resolution: Resolution { width, height },
        })
    }
}

fn skip_operating_points(bits: &mut BitReader<'_>) -> Option<()> {
    let delay_bits = if bits.flag()? {
        skip_timing(bits)?
    } else {
        None
    };
    let has_display_delay = bits.flag()?;
    let count = bits.read(5)? + 1;
    for _ in 0..count {
        // operating_point_idc, seq_level_idx, seq_tier
        bits.read(12)?;
        if bits.read(5)? > 7 {
            bits.flag()?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            // decoder_buffer_delay, encoder_buffer_delay, low_delay_mode_flag
            bits.read(delay_bits)?;
            bits.read(delay_bits)?;
            bits.flag()?;
        }
        if has_display_delay && bits.flag()? {
            bits.read(4)?;
        }
    }
    Some(())
}

/// `timing_info` and `decoder_model_info`; answers with how long the delays of operating points are.
fn skip_timing(bits: &mut BitReader<'_>) -> Option<Option<u32>> {
    // num_units_in_display_tick, time_scale
    bits.read(32)?;
    bits.read(32)?;
    let equal_picture_interval = bits.flag()?;
    if equal_picture_interval {
        skip_uvlc(bits)?;
    }
    let has_decoder_model = bits.flag()?;
    if !has_decoder_model {
        return Some(None);
    }
    let delay_bits = bits.read(5)? + 1;
    // num_units_in_decoding_tick, buffer_removal_time_length, frame_presentation_time_length
    bits.read(32)?;
    bits.read(5 + 5)?;
    Some(Some(delay_bits))
}

fn skip_uvlc(bits: &mut BitReader<'_>) -> Option<()> {
    let mut zeros = 0;
    while !bits.flag()? {
        zeros += 1;
    }
    if zeros < 32 {
        bits.read(zeros)?;
    }
    Some(())
}
