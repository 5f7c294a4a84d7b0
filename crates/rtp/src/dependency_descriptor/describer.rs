//! The descriptors of a stream that is sent.

use std::sync::Arc;

use super::descriptor::{DependencyDescriptor, Mandatory};
use super::error::StructureError;
use super::scalability::ScalabilityMode;
use super::structure::{Dti, Structure, Template};
use crate::payload::Resolution;

/// Describes the frames of an encoder by their layers.
///
/// Frames may be left out: what is said of the others holds still. A layer that comes back must wait for
/// a key frame, as must a receiver that missed it.
#[derive(Clone, Debug)]
pub struct FrameDescriber {
    mode: ScalabilityMode,
    structure: Arc<Structure>,
    /// What comes into force with the next key frame.
    next_structure: Option<Arc<Structure>>,
    history: History,
}

/// Which frames were sent last.
#[derive(Clone, Debug, Default)]
struct History {
    next_number: u16,
    /// Of each spatial and temporal layer.
    layers: [[Option<u16>; 3]; 3],
    chains: [Option<u16>; 3],
    /// Of the picture that is being sent, of each spatial layer.
    picture: [Option<u16>; 3],
    is_key: bool,
}

impl FrameDescriber {
    /// For a mode; frames count from `first_number`.
    pub fn new(mode: ScalabilityMode, first_number: u16) -> Self {
        let structure = structure(mode, 0, Vec::new());
        let structure = structure.expect("modes have structures; a test makes them all");
        let history = History {
            next_number: first_number,
            ..History::default()
        };
        Self {
            mode,
            structure: Arc::new(structure),
            next_structure: None,
            history,
        }
    }

    /// Tells the resolutions of the spatial layers, from the next key frame on.
    ///
    /// # Errors
    /// When there are not as many as layers, or one is out of range.
    pub fn set_resolutions(&mut self, resolutions: Vec<Resolution>) -> Result<(), StructureError> {
        self.next_structure = None;
        if resolutions != self.structure.resolutions() {
            // Ids of their own tell these templates from those before.
            let next = self.structure.template_id(self.structure.templates().len());
            self.next_structure = Some(Arc::new(structure(self.mode, next, resolutions)?));
        }
        Ok(())
    }

    /// What is in force: what the last key frame was sent with, or the first will be.
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// The descriptor of the next frame in decoding order, as of one packet. `is_key` tells of the picture
    /// that no earlier one is needed: it holds for its higher spatial layers as well. Layers that the mode
    /// does not have are taken for the highest.
    pub fn describe(&mut self, spatial: u8, temporal: u8, is_key: bool) -> DependencyDescriptor {
        let spatial = spatial.min(self.mode.spatial_layers() - 1);
        let temporal = temporal.min(self.mode.temporal_layers() - 1);
        let begins_key = is_key && spatial == 0;
        if begins_key && let Some(next) = self.next_structure.take() {
            self.structure = next;
        }
        let number = self.history.next_number;
        let frame = self.history.next(self.mode, spatial, temporal, is_key);
        let (index, template) = self.nearest(&frame);
        let mut descriptor = DependencyDescriptor::new(Mandatory {
            start_of_frame: true,
            end_of_frame: true,
            template_id: self.structure.template_id(index),
            frame_number: number,
        });
        descriptor.custom_dtis = (frame.dtis != template.dtis).then_some(frame.dtis);
        let differ = frame.frame_diffs != template.frame_diffs;
        descriptor.custom_frame_diffs = differ.then_some(frame.frame_diffs);
        let differ = frame.chain_diffs != template.chain_diffs;
        descriptor.custom_chain_diffs = differ.then_some(frame.chain_diffs);
        if begins_key {
            descriptor.structure = Some(self.structure.clone());
        }
        descriptor
    }

    /// The template that has most in common with the frame.
    fn nearest(&self, frame: &Template) -> (usize, &Template) {
        let likeness = |template: &Template| {
            let is_layer = (template.spatial, template.temporal) == (frame.spatial, frame.temporal);
            let same_refs = template.frame_diffs == frame.frame_diffs;
            let same_chains = template.chain_diffs == frame.chain_diffs;
            (
                is_layer,
                template.dtis == frame.dtis,
                u8::from(same_refs) + u8::from(same_chains),
            )
        };
        let templates = self.structure.templates().iter().enumerate();
        let best = templates.max_by_key(|(_, template)| likeness(template));
        best.expect("a structure has templates")
    }
}

impl History {
    /// Begins a key picture, or the next picture when the layer has come already.
    fn begin(&mut self, spatial: u8, is_key: bool) {
        let is_next = self.picture[usize::from(spatial)..]
            .iter()
            .any(Option::is_some);
        let begins_key = is_key && spatial == 0;
        if is_next || begins_key {
            self.picture = Default::default();
            self.is_key = is_key;
        }
        if begins_key {
            self.layers = Default::default();
            self.chains = Default::default();
        }
    }

    /// What the next frame has to tell.
    fn next(&mut self, mode: ScalabilityMode, spatial: u8, temporal: u8, is_key: bool) -> Template {
        self.begin(spatial, is_key);
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        let back = |to: u16| number.wrapping_sub(to);
        let mut frame_diffs = Vec::new();
        let own = if self.is_key {
            None
        } else {
            self.last_below(spatial, temporal)
        };
        let lower = self.picture[..usize::from(spatial)]
            .iter()
            .rev()
            .find_map(|last| *last);
        // A layer without a past can only come from the one below.
        let lower = lower.filter(|_| own.is_none() || mode.refers_to_lower(self.is_key));
        frame_diffs.extend(
            own.into_iter()
                .chain(lower)
                .map(|to| back(to).min(MAX_FRAME_DIFF)),
        );
        let chains = usize::from(mode.spatial_layers());
        // A frame so far back is out of reach: whoever misses it waits for a key frame.
        let chain_back = |last: &Option<u16>| {
            let diff = last.map_or(0, back);
            u8::try_from(diff).unwrap_or(u8::MAX)
        };
        let frame = Template {
            spatial,
            temporal,
            dtis: mode
                .dtis(spatial, temporal, self.is_key)
                .collect::<Vec<Dti>>(),
            frame_diffs,
            chain_diffs: self.chains[..chains].iter().map(chain_back).collect(),
        };
        self.remember(mode, spatial, temporal, number);
        frame
    }

    /// The last frame of the spatial layer that the next one refers to.
    fn last_below(&self, spatial: u8, temporal: u8) -> Option<u16> {
        let lower = usize::from(temporal.max(1));
        let age = |number: &u16| self.next_number.wrapping_sub(*number);
        let layers = &self.layers[usize::from(spatial)];
        layers[..lower].iter().flatten().copied().min_by_key(age)
    }

    fn remember(&mut self, mode: ScalabilityMode, spatial: u8, temporal: u8, number: u16) {
        self.layers[usize::from(spatial)][usize::from(temporal)] = Some(number);
        self.picture[usize::from(spatial)] = Some(number);
        for chain in 0..mode.spatial_layers() {
            if mode.is_in_chain(chain, spatial, temporal, self.is_key) {
                self.chains[usize::from(chain)] = Some(number);
            }
        }
    }
}

/// What three fields of four bits can tell.
const MAX_FRAME_DIFF: u16 = 1 << 12;

/// The templates of all frames that come when none is left out.
fn structure(
    mode: ScalabilityMode,
    template_id_offset: u8,
    resolutions: Vec<Resolution>,
) -> Result<Structure, StructureError> {
    let mut history = History::default();
    let mut templates: Vec<Template> = Vec::new();
    let pictures = mode.temporal_pattern().iter().cycle();
    for (index, temporal) in pictures.take(3 * mode.temporal_pattern().len()).enumerate() {
        for spatial in 0..mode.spatial_layers() {
            let template = history.next(mode, spatial, *temporal, index == 0);
            if !templates.contains(&template) {
                templates.push(template);
            }
        }
    }
    templates.sort_by_key(|template| (template.spatial, template.temporal));
    let protected_by = mode.targets().map(|(spatial, _)| spatial).collect();
    Structure::new(template_id_offset, templates, protected_by, resolutions)
}
