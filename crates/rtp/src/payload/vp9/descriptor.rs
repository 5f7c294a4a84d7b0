//! The payload descriptor, RFC 9628 section 4.2.

use super::fields::{DescriptorError, Reader, References};
use super::structure::Structure;

const I: u8 = 0x80;
const P: u8 = 0x40;
const L: u8 = 0x20;
const F: u8 = 0x10;
const B: u8 = 0x08;
const E: u8 = 0x04;
const V: u8 = 0x02;
const Z: u8 = 0x01;

/// What stands before the bitstream in a payload.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Descriptor {
    /// I, M: which picture of the stream it is.
    pub picture_id: Option<PictureId>,
    /// P: earlier pictures are needed to decode the frame.
    pub inter_predicted: bool,
    /// L: the layer of the frame.
    pub layers: Option<Layers>,
    /// TL0PICIDX: counts the pictures of temporal layer 0. Written with layers, outside flexible mode;
    /// zero unless told.
    pub tl0_picture_index: Option<u8>,
    /// F: the frame tells its references itself.
    pub flexible: bool,
    /// P_DIFF: how many pictures back the references are. Written in flexible mode, of frames that are
    /// inter-predicted and have a picture id; there must be one then.
    pub references: References,
    /// B: the payload is the first of its frame.
    pub begins_frame: bool,
    /// E: the payload is the last of its frame.
    pub ends_frame: bool,
    /// V, SS: the layers of the stream.
    pub structure: Option<Box<Structure>>,
    /// Z: frames of higher spatial layers do not need the frame.
    pub not_for_upper_layers: bool,
}

/// A picture id of 7 or 15 bits, which wraps around.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PictureId {
    value: u16,
    is_long: bool,
}

/// The layer indices of a frame. Three bits each are sent.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Layers {
    /// TID.
    pub temporal: u8,
    /// U: from this frame on, higher temporal layers can be decoded as well.
    pub switching_up: bool,
    /// SID.
    pub spatial: u8,
    /// D: the frame of the spatial layer below is needed to decode the frame.
    pub inter_layer: bool,
}

impl Descriptor {
    /// Reads a descriptor, and answers with the bitstream behind it too. Reserved bits are ignored.
    ///
    /// # Errors
    /// When the payload ends within the descriptor, or its references make no sense.
    pub fn parse(payload: &[u8]) -> Result<(Self, &[u8]), DescriptorError> {
        let mut reader = Reader::new(payload);
        let flags = reader.u8("the flags")?;
        let mut descriptor = Self {
            inter_predicted: flags & P != 0,
            flexible: flags & F != 0,
            begins_frame: flags & B != 0,
            ends_frame: flags & E != 0,
            not_for_upper_layers: flags & Z != 0,
            ..Self::default()
        };
        if flags & I != 0 {
            descriptor.picture_id = Some(PictureId::read(&mut reader)?);
        }
        if flags & L != 0 {
            descriptor.layers = Some(Layers::read(&mut reader)?);
            if !descriptor.flexible {
                descriptor.tl0_picture_index = Some(reader.u8("TL0PICIDX")?);
            }
        }
        if descriptor.flexible && descriptor.inter_predicted {
            if descriptor.picture_id.is_none() {
                return Err(DescriptorError::NoPictureId);
            }
            descriptor.references = References::read(&mut reader)?;
        }
        if flags & V != 0 {
            descriptor.structure = Some(Box::new(Structure::read(&mut reader)?));
        }
        Ok((descriptor, reader.rest()))
    }

    /// Appends the descriptor.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.write_part(out, self.begins_frame, self.ends_frame, true);
    }

    /// Appends the descriptor of one of the payloads of a frame.
    pub(super) fn write_part(&self, out: &mut Vec<u8>, begins: bool, ends: bool, structure: bool) {
        let structure = self.structure.as_ref().filter(|_| structure);
        let flag = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        out.push(
            flag(self.picture_id.is_some(), I)
                | flag(self.inter_predicted, P)
                | flag(self.layers.is_some(), L)
                | flag(self.flexible, F)
                | flag(begins, B)
                | flag(ends, E)
                | flag(structure.is_some(), V)
                | flag(self.not_for_upper_layers, Z),
        );
        if let Some(id) = self.picture_id {
            id.write(out);
        }
        if let Some(layers) = self.layers {
            out.push(layers.to_byte());
            if !self.flexible {
                out.push(self.tl0_picture_index.unwrap_or_default());
            }
        }
        if self.flexible && self.inter_predicted {
            self.references.write(out);
        }
        if let Some(structure) = structure {
            structure.write(out);
        }
    }

    /// Whether what was filled in can be written so that it reads back.
    pub(super) fn is_consistent(&self) -> bool {
        let wants_references = self.flexible && self.inter_predicted;
        !wants_references || (self.picture_id.is_some() && !self.references.as_slice().is_empty())
    }

    /// Whether a decoder can begin with the frame: it needs no earlier picture, and no lower layer.
    pub fn is_key(&self) -> bool {
        let needs_layer = |layers: Layers| layers.spatial > 0 && layers.inter_layer;
        !self.inter_predicted && !self.layers.is_some_and(needs_layer)
    }

    /// The spatial layer; 0 unless told.
    pub fn spatial(&self) -> u8 {
        self.layers.map_or(0, |layers| layers.spatial)
    }

    /// The temporal layer; 0 unless told.
    pub fn temporal(&self) -> u8 {
        self.layers.map_or(0, |layers| layers.temporal)
    }
}

impl PictureId {
    /// An id of seven bits; higher ones are cut off.
    pub fn short(value: u8) -> Self {
        Self {
            value: u16::from(value & 0x7f),
            is_long: false,
        }
    }

    /// An id of fifteen bits; a higher one is cut off.
    pub fn long(value: u16) -> Self {
        Self {
            value: value & 0x7fff,
            is_long: true,
        }
    }

    /// The number.
    pub fn value(self) -> u16 {
        self.value
    }

    /// How many bits it has: 7 or 15.
    pub fn bits(self) -> u32 {
        if self.is_long { 15 } else { 7 }
    }

    /// The id so many pictures later, as wide as this one.
    #[must_use]
    pub fn wrapping_add(self, pictures: u16) -> Self {
        self.with_value(self.value.wrapping_add(pictures))
    }

    /// Another id, as wide as this one.
    #[must_use]
    pub fn with_value(self, value: u16) -> Self {
        Self {
            value: value & ((1 << self.bits()) - 1),
            is_long: self.is_long,
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DescriptorError> {
        let first = reader.u8("the picture id")?;
        if first & 0x80 == 0 {
            return Ok(Self::short(first));
        }
        let second = reader.u8("the extended picture id")?;
        Ok(Self::long(u16::from_be_bytes([first, second])))
    }

    fn write(self, out: &mut Vec<u8>) {
        if self.is_long {
            out.extend_from_slice(&(self.value | 0x8000).to_be_bytes());
        } else {
            out.push(self.value as u8);
        }
    }
}

impl Layers {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DescriptorError> {
        let byte = reader.u8("the layer indices")?;
        Ok(Self {
            temporal: byte >> 5,
            switching_up: byte & 0x10 != 0,
            spatial: (byte >> 1) & 0x07,
            inter_layer: byte & 0x01 != 0,
        })
    }

    fn to_byte(self) -> u8 {
        self.temporal << 5
            | u8::from(self.switching_up) << 4
            | (self.spatial & 0x07) << 1
            | u8::from(self.inter_layer)
    }
}
