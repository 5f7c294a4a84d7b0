//! The descriptors of a stream that is received.

use std::sync::Arc;

use super::descriptor::DependencyDescriptor;
use super::error::DescriptorError;
use super::structure::Structure;

/// Reads descriptors in the order of their packets, and keeps what holds from one to the next.
#[derive(Clone, Debug, Default)]
pub struct StreamReader {
    structure: Option<Arc<Structure>>,
    active_decode_targets: u32,
}

impl StreamReader {
    /// Reads the descriptor of the next packet.
    ///
    /// # Errors
    /// When it is malformed, or belongs to a structure that did not come.
    pub fn read(&mut self, data: &[u8]) -> Result<DependencyDescriptor, DescriptorError> {
        let descriptor = DependencyDescriptor::parse(data, self.structure.as_deref())?;
        if let Some(structure) = &descriptor.structure {
            self.active_decode_targets = structure.all_decode_targets();
            self.structure = Some(structure.clone());
        }
        if let Some(active) = descriptor.active_decode_targets {
            self.active_decode_targets = active;
        }
        Ok(descriptor)
    }

    /// The structure that came last.
    pub fn structure(&self) -> Option<&Arc<Structure>> {
        self.structure.as_ref()
    }

    /// A bit for each decode target that can be decoded, the lowest for the first.
    pub fn active_decode_targets(&self) -> u32 {
        self.active_decode_targets
    }

    /// Whether any of the decode targets that a chain protects can be decoded (section A.6).
    pub fn is_chain_active(&self, chain: usize) -> bool {
        let structure = self.structure.as_ref();
        let targets = structure.map_or(&[][..], |structure| structure.protected_by());
        let is_active = |target: usize| self.active_decode_targets >> target & 1 == 1;
        let mut protected = targets.iter().enumerate();
        protected.any(|(target, by)| usize::from(*by) == chain && is_active(target))
    }
}
