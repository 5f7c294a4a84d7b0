//! The template dependency structure, sections A.8.1 and A.8.2.

use super::error::{DescriptorError, StructureError};
use crate::bits::{BitReader, BitWriter};
use crate::payload::Resolution;

/// What frames of a coded video sequence have in common.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Structure {
    template_id_offset: u8,
    templates: Vec<Template>,
    /// Of each decode target; empty without chains.
    protected_by: Vec<u8>,
    resolutions: Vec<Resolution>,
}

/// What some of the frames have in common.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Template {
    /// The spatial layer.
    pub spatial: u8,
    /// The temporal layer.
    pub temporal: u8,
    /// What the frame is to each decode target.
    pub dtis: Vec<Dti>,
    /// How many frames back the frames are that it needs.
    pub frame_diffs: Vec<u16>,
    /// How many frames back the one before is in each chain; 0 when none is needed.
    pub chain_diffs: Vec<u8>,
}

/// Decode target indication: what a frame is to a decode target (table A.1).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Dti {
    /// It is not part of the target.
    #[default]
    NotPresent,
    /// No other frame of the target needs it.
    Discardable,
    /// Once it is decoded, all later frames of the target can be.
    Switch,
    /// It is needed for the target, and not a point to switch.
    Required,
}

/// How many template ids there are.
pub(super) const TEMPLATE_IDS: u8 = 64;
const MAX_DECODE_TARGETS: usize = 32;

impl Structure {
    /// Of these templates, with ids that count from `template_id_offset`.
    ///
    /// `protected_by` tells the chain that protects each decode target; empty without chains.
    /// `resolutions` tells the largest of each spatial layer; it may be empty.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn new(
        template_id_offset: u8,
        templates: Vec<Template>,
        protected_by: Vec<u8>,
        resolutions: Vec<Resolution>,
    ) -> Result<Self, StructureError> {
        let structure = Self {
            template_id_offset: template_id_offset % TEMPLATE_IDS,
            templates,
            protected_by,
            resolutions,
        };
        structure.check_templates()?;
        structure.check_chains()?;
        let fits = |size: u32| (1..=1 << 16).contains(&size);
        let sizes = &structure.resolutions;
        let all_fit = sizes
            .iter()
            .all(|size| fits(size.width) && fits(size.height));
        let is_complete = sizes.is_empty() || sizes.len() == structure.spatial_layers();
        match all_fit && is_complete {
            true => Ok(structure),
            false => Err(StructureError::Resolutions),
        }
    }

    fn check_templates(&self) -> Result<(), StructureError> {
        if !(1..=usize::from(TEMPLATE_IDS)).contains(&self.templates.len()) {
            return Err(StructureError::Templates);
        }
        let mut layer = (0, 0);
        for (index, template) in self.templates.iter().enumerate() {
            let next = (template.spatial, template.temporal);
            if next_layer_idc(layer, next).is_none() || (index == 0 && next != layer) {
                return Err(StructureError::Layers);
            }
            layer = next;
            let targets = template.dtis.len();
            if !(1..=MAX_DECODE_TARGETS).contains(&targets) || targets != self.decode_targets() {
                return Err(StructureError::DecodeTargets);
            }
            if !template
                .frame_diffs
                .iter()
                .all(|diff| (1..=16).contains(diff))
            {
                return Err(StructureError::FrameDiffs);
            }
        }
        Ok(())
    }

    fn check_chains(&self) -> Result<(), StructureError> {
        let chains = self.chains();
        let is_sound = |template: &Template| {
            template.chain_diffs.len() == chains && template.chain_diffs.iter().all(|it| *it < 16)
        };
        if chains > self.decode_targets() || !self.templates.iter().all(is_sound) {
            return Err(StructureError::ChainDiffs);
        }
        let targets = if chains > 0 { self.decode_targets() } else { 0 };
        let exists = |chain: &u8| usize::from(*chain) < chains;
        if self.protected_by.len() != targets || !self.protected_by.iter().all(exists) {
            return Err(StructureError::ProtectedBy);
        }
        Ok(())
    }

    /// The id of the first template.
    pub fn template_id_offset(&self) -> u8 {
        self.template_id_offset
    }

    /// The templates; there is one at least.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The template of that id.
    pub fn template(&self, id: u8) -> Option<&Template> {
        let index = id.wrapping_sub(self.template_id_offset) % TEMPLATE_IDS;
        self.templates.get(usize::from(index))
    }

    /// The id of a template, told by its place.
    pub(super) fn template_id(&self, index: usize) -> u8 {
        self.template_id_offset.wrapping_add(index as u8) % TEMPLATE_IDS
    }

    /// How many decode targets there are, 1 to 32.
    pub fn decode_targets(&self) -> usize {
        self.templates
            .first()
            .map_or(0, |template| template.dtis.len())
    }

    /// Spatial and temporal layer of a decode target: the highest that frames of it have.
    pub fn decode_target_layers(&self, target: usize) -> (u8, u8) {
        let is_part = |template: &&Template| {
            template
                .dtis
                .get(target)
                .is_some_and(|dti| *dti != Dti::NotPresent)
        };
        let parts = self.templates.iter().filter(is_part);
        parts.fold((0, 0), |(spatial, temporal), template| {
            (
                spatial.max(template.spatial),
                temporal.max(template.temporal),
            )
        })
    }

    /// How many chains there are.
    pub fn chains(&self) -> usize {
        self.templates
            .first()
            .map_or(0, |template| template.chain_diffs.len())
    }

    /// The chain that protects each decode target; empty without chains.
    pub fn protected_by(&self) -> &[u8] {
        &self.protected_by
    }

    /// How many spatial layers the templates have.
    pub fn spatial_layers(&self) -> usize {
        let last = self.templates.last();
        last.map_or(0, |template| usize::from(template.spatial) + 1)
    }

    /// The largest resolution of each spatial layer, or nothing.
    pub fn resolutions(&self) -> &[Resolution] {
        &self.resolutions
    }

    /// The bits of all decode targets.
    pub fn all_decode_targets(&self) -> u32 {
        u32::MAX >> (MAX_DECODE_TARGETS - self.decode_targets())
    }

    /// The bits of the decode targets that have no higher layers than these: what is active when an
    /// encoder sends no others, or a server forwards none.
    pub fn decode_targets_up_to(&self, spatial: u8, temporal: u8) -> u32 {
        let is_below = |target: &usize| {
            let layers = self.decode_target_layers(*target);
            layers.0 <= spatial && layers.1 <= temporal
        };
        let targets = (0..self.decode_targets()).filter(is_below);
        targets.fold(0, |bits, target| bits | 1 << target)
    }

    pub(super) fn read(bits: &mut BitReader<'_>) -> Result<Self, DescriptorError> {
        let head = bits
            .read(6 + 5)
            .ok_or(DescriptorError::Truncated("the structure"))?;
        let targets = (head & 0x1f) as usize + 1;
        let mut templates = read_layers(bits)?;
        for template in &mut templates {
            template.dtis = read_dtis(bits, targets)?;
        }
        for template in &mut templates {
            template.frame_diffs = read_frame_diffs(bits)?;
        }
        let protected_by = read_chains(bits, targets, &mut templates)
            .ok_or(DescriptorError::Truncated("the chains of the structure"))?;
        let spatial = templates.last().map_or(0, |template| template.spatial);
        let resolutions = read_resolutions(bits, spatial).ok_or(DescriptorError::Truncated(
            "the resolutions of the structure",
        ))?;
        Ok(Self {
            template_id_offset: (head >> 5) as u8,
            templates,
            protected_by,
            resolutions,
        })
    }

    pub(super) fn write(&self, bits: &mut BitWriter<'_>) {
        let targets = self.decode_targets() as u32;
        bits.write(6, self.template_id_offset.into());
        bits.write(5, targets - 1);
        self.write_layers(bits);
        for template in &self.templates {
            write_dtis(bits, &template.dtis);
        }
        for template in &self.templates {
            for diff in &template.frame_diffs {
                bits.write(1 + 4, 0x10 | u32::from(diff - 1));
            }
            bits.flag(false);
        }
        let chains = self.chains() as u32;
        write_ns(bits, targets + 1, chains);
        for chain in &self.protected_by {
            write_ns(bits, chains, (*chain).into());
        }
        for template in &self.templates {
            for diff in &template.chain_diffs {
                bits.write(4, (*diff).into());
            }
        }
        bits.flag(!self.resolutions.is_empty());
        for size in &self.resolutions {
            bits.write(16, size.width - 1);
            bits.write(16, size.height - 1);
        }
    }

    fn write_layers(&self, bits: &mut BitWriter<'_>) {
        for pair in self.templates.windows(2) {
            let [from, to] = [&pair[0], &pair[1]].map(|it| (it.spatial, it.temporal));
            bits.write(2, next_layer_idc(from, to).unwrap_or_default());
        }
        bits.write(2, 3);
    }
}

/// Table A.2.
fn next_layer_idc(from: (u8, u8), to: (u8, u8)) -> Option<u32> {
    let (spatial, temporal) = from;
    match to {
        same if same == from => Some(0),
        next if Some(next) == temporal.checked_add(1).map(|up| (spatial, up)) => Some(1),
        next if Some(next) == spatial.checked_add(1).map(|up| (up, 0)) => Some(2),
        _ => None,
    }
}

fn read_layers(bits: &mut BitReader<'_>) -> Result<Vec<Template>, DescriptorError> {
    let (mut spatial, mut temporal) = (0, 0);
    let mut templates = Vec::new();
    loop {
        if templates.len() == usize::from(TEMPLATE_IDS) {
            return Err(DescriptorError::TooManyTemplates);
        }
        templates.push(Template {
            spatial,
            temporal,
            ..Template::default()
        });
        let next = bits
            .read(2)
            .ok_or(DescriptorError::Truncated("the layers of the structure"))?;
        match next {
            0 => {}
            1 => temporal += 1,
            2 => (spatial, temporal) = (spatial + 1, 0),
            _ => return Ok(templates),
        }
    }
}

pub(super) fn read_dtis(
    bits: &mut BitReader<'_>,
    targets: usize,
) -> Result<Vec<Dti>, DescriptorError> {
    let read = |_| bits.read(2).map(Dti::from_bits);
    let dtis: Option<Vec<_>> = (0..targets).map(read).collect();
    dtis.ok_or(DescriptorError::Truncated("the decode target indications"))
}

pub(super) fn write_dtis(bits: &mut BitWriter<'_>, dtis: &[Dti]) {
    for dti in dtis {
        bits.write(2, *dti as u32);
    }
}

fn read_frame_diffs(bits: &mut BitReader<'_>) -> Result<Vec<u16>, DescriptorError> {
    let mut diffs = Vec::new();
    let error = DescriptorError::Truncated("the frame differences of the structure");
    while bits.flag().ok_or(error)? {
        diffs.push(bits.read(4).ok_or(error)? as u16 + 1);
    }
    Ok(diffs)
}

fn read_chains(
    bits: &mut BitReader<'_>,
    targets: usize,
    templates: &mut [Template],
) -> Option<Vec<u8>> {
    let chains = read_ns(bits, targets as u32 + 1)?;
    if chains == 0 {
        return Some(Vec::new());
    }
    let mut protected_by = Vec::with_capacity(targets);
    for _ in 0..targets {
        protected_by.push(read_ns(bits, chains)? as u8);
    }
    for template in templates {
        for _ in 0..chains {
            template.chain_diffs.push(bits.read(4)? as u8);
        }
    }
    Some(protected_by)
}

fn read_resolutions(bits: &mut BitReader<'_>, max_spatial: u8) -> Option<Vec<Resolution>> {
    let mut resolutions = Vec::new();
    if bits.flag()? {
        for _ in 0..=max_spatial {
            resolutions.push(Resolution {
                width: bits.read(16)? + 1,
                height: bits.read(16)? + 1,
            });
        }
    }
    Some(resolutions)
}

/// ns(n): a number below `n` in as few bits as its value allows.
fn read_ns(bits: &mut BitReader<'_>, n: u32) -> Option<u32> {
    let width = n.ilog2() + 1;
    let short = (1 << width) - n;
    let value = bits.read(width - 1)?;
    if value < short {
        return Some(value);
    }
    Some((value << 1) - short + bits.read(1)?)
}

fn write_ns(bits: &mut BitWriter<'_>, n: u32, value: u32) {
    let width = n.ilog2() + 1;
    let short = (1 << width) - n;
    if value < short {
        bits.write(width - 1, value);
    } else {
        bits.write(width, value + short);
    }
}

impl Dti {
    fn from_bits(bits: u32) -> Self {
        match bits {
            0 => Self::NotPresent,
            1 => Self::Discardable,
            2 => Self::Switch,
            _ => Self::Required,
        }
    }
}
