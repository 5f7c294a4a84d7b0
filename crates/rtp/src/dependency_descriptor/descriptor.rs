//! The descriptor, section A.8.2.

use std::sync::Arc;

use super::error::DescriptorError;
use super::structure::{Dti, Structure, Template, read_dtis, write_dtis};
use crate::bits::{BitReader, BitWriter};
use crate::payload::Resolution;

/// What a packet tells of its frame.
///
/// Only a custom list or a structure takes memory of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DependencyDescriptor {
    /// What every packet tells.
    pub mandatory: Mandatory,
    /// The templates, with the first packet of a coded video sequence.
    pub structure: Option<Arc<Structure>>,
    /// A bit for each decode target that can be decoded, the lowest for the first. Valid until the next
    /// one; a structure without it makes all of them active.
    pub active_decode_targets: Option<u32>,
    /// Instead of those of the template.
    pub custom_dtis: Option<Vec<Dti>>,
    /// Instead of those of the template, 1 to 4096 each.
    pub custom_frame_diffs: Option<Vec<u16>>,
    /// Instead of those of the template.
    pub custom_chain_diffs: Option<Vec<u8>>,
}

/// The part of a descriptor that can be read without a structure.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Mandatory {
    /// The packet is the first of its frame.
    pub start_of_frame: bool,
    /// The packet is the last of its frame.
    pub end_of_frame: bool,
    /// Which template it is of, 0 to 63.
    pub template_id: u8,
    /// Counts frames in decoding order, and wraps around.
    pub frame_number: u16,
}

/// What a descriptor tells of its frame, by itself or by its template.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FrameDependencies<'a> {
    /// The spatial layer.
    pub spatial: u8,
    /// The temporal layer.
    pub temporal: u8,
    /// What the frame is to each decode target.
    pub dtis: &'a [Dti],
    /// How many frames back the frames are that it needs.
    pub frame_diffs: &'a [u16],
    /// How many frames back the one before is in each chain; 0 when none is needed.
    pub chain_diffs: &'a [u8],
    /// The largest that frames of the layer have.
    pub resolution: Option<Resolution>,
}

const MAX_FRAME_DIFF: u16 = 1 << 12;

impl Mandatory {
    /// How many bytes they take.
    pub const LEN: usize = 3;

    /// Reads what stands first in any descriptor. `None` when it is too short.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let [flags, high, low] = *data.first_chunk::<{ Self::LEN }>()?;
        Some(Self {
            start_of_frame: flags & 0x80 != 0,
            end_of_frame: flags & 0x40 != 0,
            template_id: flags & 0x3f,
            frame_number: u16::from_be_bytes([high, low]),
        })
    }

    fn write(self, out: &mut Vec<u8>) {
        let flags = u8::from(self.start_of_frame) << 7 | u8::from(self.end_of_frame) << 6;
        out.push(flags | self.template_id & 0x3f);
        out.extend_from_slice(&self.frame_number.to_be_bytes());
    }
}

impl DependencyDescriptor {
    /// Of a template, with nothing else to tell.
    pub fn new(mandatory: Mandatory) -> Self {
        Self {
            mandatory,
            structure: None,
            active_decode_targets: None,
            custom_dtis: None,
            custom_frame_diffs: None,
            custom_chain_diffs: None,
        }
    }

    /// Reads a descriptor by the structure that came before, unless it brings one of its own.
    ///
    /// # Errors
    /// When it is malformed, or the structure is not known or another one.
    pub fn parse(data: &[u8], known: Option<&Structure>) -> Result<Self, DescriptorError> {
        let mandatory = Mandatory::parse(data).ok_or(DescriptorError::Truncated("its head"))?;
        let mut descriptor = Self::new(mandatory);
        if data.len() > Mandatory::LEN {
            descriptor.read_extended(&mut BitReader::new(&data[Mandatory::LEN..]), known)?;
        }
        let structure = descriptor.structure.as_deref().or(known);
        let structure = structure.ok_or(DescriptorError::NoStructure)?;
        descriptor.frame(structure)?;
        Ok(descriptor)
    }

    fn read_extended(
        &mut self,
        bits: &mut BitReader<'_>,
        known: Option<&Structure>,
    ) -> Result<(), DescriptorError> {
        let error = DescriptorError::Truncated("the flags");
        let mut flag = || bits.flag().ok_or(error);
        let [has_structure, has_active] = [flag()?, flag()?];
        let [has_dtis, has_frame_diffs, has_chain_diffs] = [flag()?, flag()?, flag()?];
        if has_structure {
            self.structure = Some(Arc::new(Structure::read(bits)?));
        }
        let structure = self.structure.as_deref().or(known);
        let structure = structure.ok_or(DescriptorError::NoStructure)?;
        let targets = structure.decode_targets();
        if has_active {
            let active = bits.read(targets as u32);
            let error = DescriptorError::Truncated("the active decode targets");
            self.active_decode_targets = Some(active.ok_or(error)?);
        }
        let chains = structure.chains();
        if structure.template(self.mandatory.template_id).is_none() {
            return Err(DescriptorError::UnknownTemplate);
        }
        if has_dtis {
            self.custom_dtis = Some(read_dtis(bits, targets)?);
        }
        if has_frame_diffs {
            let error = DescriptorError::Truncated("the frame differences");
            self.custom_frame_diffs = Some(read_frame_diffs(bits).ok_or(error)?);
        }
        if has_chain_diffs {
            let diffs = (0..chains)
                .map(|_| bits.read(8).map(|diff| diff as u8))
                .collect();
            let error = DescriptorError::Truncated("the chain differences");
            self.custom_chain_diffs = Some(Option::ok_or(diffs, error)?);
        }
        Ok(())
    }

    /// Appends the descriptor. `structure` is the one that is in force; one of its own goes before.
    ///
    /// # Errors
    /// When what it tells does not fit the structure; nothing is appended then.
    pub fn write(&self, structure: &Structure, out: &mut Vec<u8>) -> Result<(), DescriptorError> {
        let structure = self.structure.as_deref().unwrap_or(structure);
        self.check(structure)?;
        self.mandatory.write(out);
        let flags = [
            self.structure.is_some(),
            self.active_decode_targets.is_some(),
            self.custom_dtis.is_some(),
            self.custom_frame_diffs.is_some(),
            self.custom_chain_diffs.is_some(),
        ];
        if !flags.contains(&true) {
            return Ok(());
        }
        let mut bits = BitWriter::new(out);
        for flag in flags {
            bits.flag(flag);
        }
        if let Some(structure) = &self.structure {
            structure.write(&mut bits);
        }
        if let Some(active) = self.active_decode_targets {
            bits.write(structure.decode_targets() as u32, active);
        }
        if let Some(dtis) = &self.custom_dtis {
            write_dtis(&mut bits, dtis);
        }
        if let Some(diffs) = &self.custom_frame_diffs {
            write_frame_diffs(&mut bits, diffs);
        }
        for diff in self.custom_chain_diffs.iter().flatten() {
            bits.write(8, (*diff).into());
        }
        Ok(())
    }

    /// Appends the descriptor of one of the packets of the frame: the structure goes with the first.
    ///
    /// # Errors
    /// When what it tells does not fit the structure; nothing is appended then.
    pub fn write_packet(
        &mut self,
        structure: &Structure,
        is_first: bool,
        is_last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), DescriptorError> {
        self.mandatory.start_of_frame = is_first;
        self.mandatory.end_of_frame = is_last;
        if !is_first {
            self.structure = None;
        }
        self.write(structure, out)
    }

    fn check(&self, structure: &Structure) -> Result<(), DescriptorError> {
        let frame = self.frame(structure)?;
        if frame.dtis.len() != structure.decode_targets() {
            return Err(DescriptorError::Custom("decode target indications"));
        }
        if !frame
            .frame_diffs
            .iter()
            .all(|diff| (1..=MAX_FRAME_DIFF).contains(diff))
        {
            return Err(DescriptorError::Custom("frame differences"));
        }
        if frame.chain_diffs.len() != structure.chains() {
            return Err(DescriptorError::Custom("chain differences"));
        }
        let active = self.active_decode_targets.unwrap_or_default();
        if active & !structure.all_decode_targets() != 0 {
            return Err(DescriptorError::Custom("active decode targets"));
        }
        Ok(())
    }

    /// What is told of the frame. `structure` is the one that is in force: its own, or else the last
    /// that came.
    ///
    /// # Errors
    /// When the structure has no such template.
    pub fn frame<'a>(
        &'a self,
        structure: &'a Structure,
    ) -> Result<FrameDependencies<'a>, DescriptorError> {
        let template = structure.template(self.mandatory.template_id);
        let template: &Template = template.ok_or(DescriptorError::UnknownTemplate)?;
        let sizes = structure.resolutions();
        Ok(FrameDependencies {
            spatial: template.spatial,
            temporal: template.temporal,
            dtis: self.custom_dtis.as_ref().unwrap_or(&template.dtis),
            frame_diffs: self
                .custom_frame_diffs
                .as_ref()
                .unwrap_or(&template.frame_diffs),
            chain_diffs: self
                .custom_chain_diffs
                .as_ref()
                .unwrap_or(&template.chain_diffs),
            resolution: sizes.get(usize::from(template.spatial)).copied(),
        })
    }
}

/// Each with its size in four bits before it; zero ends them.
fn read_frame_diffs(bits: &mut BitReader<'_>) -> Option<Vec<u16>> {
    let mut diffs = Vec::new();
    loop {
        match bits.read(2)? {
            0 => return Some(diffs),
            size => diffs.push(bits.read(4 * size)? as u16 + 1),
        }
    }
}

fn write_frame_diffs(bits: &mut BitWriter<'_>, diffs: &[u16]) {
    for diff in diffs {
        let value = u32::from(diff - 1);
        let size = value.max(1).ilog2() / 4 + 1;
        bits.write(2, size);
        bits.write(4 * size, value);
    }
    bits.write(2, 0);
}
