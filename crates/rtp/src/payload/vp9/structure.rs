//! The scalability structure, RFC 9628 section 4.2.1.

use thiserror::Error;

use super::fields::{DescriptorError, Reader, References};
use crate::payload::resolution::Resolution;

const Y: u8 = 0x10;
const G: u8 = 0x08;

/// SS: which layers the stream has, from this key picture on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Structure {
    spatial_layers: u8,
    resolutions: Vec<Resolution>,
    group: Option<Vec<GroupPicture>>,
}

/// A picture of the picture group that repeats outside flexible mode.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct GroupPicture {
    /// TID, of three bits.
    pub temporal: u8,
    /// U: from this picture on, higher temporal layers can be decoded as well.
    pub switching_up: bool,
    /// P_DIFF: how many pictures back the references are.
    pub references: References,
}

/// Why there is no such structure.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum StructureError {
    /// There are 1 to 8 spatial layers.
    #[error("1 to 8 spatial layers can be described")]
    SpatialLayers,
    /// Width and height are of 16 bits.
    #[error("a resolution is 65535 pixels across at most")]
    Resolution,
    /// A picture group has 255 pictures at most.
    #[error("a picture group has 255 pictures at most")]
    Group,
}

impl Structure {
    /// So many spatial layers, of which nothing else is known.
    ///
    /// # Errors
    /// When there are not 1 to 8.
    pub fn new(spatial_layers: u8) -> Result<Self, StructureError> {
        if !(1..=8).contains(&spatial_layers) {
            return Err(StructureError::SpatialLayers);
        }
        Ok(Self {
            spatial_layers,
            resolutions: Vec::new(),
            group: None,
        })
    }

    /// A spatial layer for each of the resolutions, the lowest first.
    ///
    /// # Errors
    /// When there are not 1 to 8, or one is too large.
    pub fn with_resolutions(resolutions: Vec<Resolution>) -> Result<Self, StructureError> {
        let count = u8::try_from(resolutions.len()).map_err(|_| StructureError::SpatialLayers)?;
        let fits = |size: &Resolution| size.width.max(size.height) <= u32::from(u16::MAX);
        if !resolutions.iter().all(fits) {
            return Err(StructureError::Resolution);
        }
        Ok(Self {
            resolutions,
            ..Self::new(count)?
        })
    }

    /// Describes the picture group.
    ///
    /// # Errors
    /// When it has too many pictures.
    pub fn with_group(self, pictures: Vec<GroupPicture>) -> Result<Self, StructureError> {
        if pictures.len() > usize::from(u8::MAX) {
            return Err(StructureError::Group);
        }
        Ok(Self {
            group: Some(pictures),
            ..self
        })
    }

    /// N_S + 1.
    pub fn spatial_layers(&self) -> u8 {
        self.spatial_layers
    }

    /// Of each spatial layer, or of none.
    pub fn resolutions(&self) -> &[Resolution] {
        &self.resolutions
    }

    /// The pictures of the picture group, if it is described.
    pub fn group(&self) -> Option<&[GroupPicture]> {
        self.group.as_deref()
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DescriptorError> {
        let head = reader.u8("the scalability structure")?;
        let spatial_layers = (head >> 5) + 1;
        let mut resolutions = Vec::new();
        if head & Y != 0 {
            for _ in 0..spatial_layers {
                resolutions.push(Resolution {
                    width: reader.u16("a width")?.into(),
                    height: reader.u16("a height")?.into(),
                });
            }
        }
        let group = (head & G != 0).then(|| read_group(reader)).transpose()?;
        Ok(Self {
            spatial_layers,
            resolutions,
            group,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let has_sizes = if self.resolutions.is_empty() { 0 } else { Y };
        let has_group = if self.group.is_some() { G } else { 0 };
        out.push((self.spatial_layers - 1) << 5 | has_sizes | has_group);
        for size in &self.resolutions {
            out.extend_from_slice(&(size.width as u16).to_be_bytes());
            out.extend_from_slice(&(size.height as u16).to_be_bytes());
        }
        if let Some(group) = &self.group {
            out.push(group.len() as u8);
            for picture in group {
                picture.write(out);
            }
        }
    }
}

impl GroupPicture {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DescriptorError> {
        let head = reader.u8("a picture of the group")?;
        let mut references = References::default();
        for _ in 0..(head >> 2) & 0x03 {
            references.push(reader.u8("P_DIFF of the group")?)?;
        }
        Ok(Self {
            temporal: head >> 5,
            switching_up: head & 0x10 != 0,
            references,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let references = self.references.as_slice();
        let head = self.temporal << 5 | u8::from(self.switching_up) << 4;
        out.push(head | (references.len() as u8) << 2);
        out.extend_from_slice(references);
    }
}

fn read_group(reader: &mut Reader<'_>) -> Result<Vec<GroupPicture>, DescriptorError> {
    let count = reader.u8("the length of the group")?;
    (0..count).map(|_| GroupPicture::read(reader)).collect()
}
