//! Parameter sets that have come.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::sps::{Sps, pps_ids};
use super::units::{NalType, nal_type};
use crate::payload::resolution::Resolution;

/// The newest parameter sets, by their ids.
#[derive(Debug, Default)]
pub(super) struct ParameterSets {
    /// At most 32.
    sequence: BTreeMap<u8, (Bytes, Resolution)>,
    /// At most 256, each with the sequence parameter set that it refers to.
    picture: BTreeMap<u8, (Bytes, u8)>,
    newest: Option<Resolution>,
}

/// A longer set is not kept.
const MAX_LEN: usize = 1024;

impl ParameterSets {
    /// Keeps a unit that is one.
    pub(super) fn note(&mut self, unit: &[u8]) {
        if unit.len() > MAX_LEN {
            return;
        }
        match nal_type(unit) {
            Some(NalType::SPS) => {
                if let Some(sps) = Sps::parse(unit) {
                    self.newest = Some(sps.resolution);
                    let unit = Bytes::copy_from_slice(unit);
                    self.sequence.insert(sps.id, (unit, sps.resolution));
                }
            }
            Some(NalType::PPS) => {
                if let Some((id, sps)) = pps_ids(unit) {
                    let unit = Bytes::copy_from_slice(unit);
                    self.picture.insert(id, (unit, sps));
                }
            }
            _ => {}
        }
    }

    /// The size of pictures, by the newest set.
    pub(super) fn resolution(&self) -> Option<Resolution> {
        self.newest
    }

    /// The sequence and the picture parameter set that a slice with this picture parameter set needs.
    pub(super) fn needed(&self, pps: u8) -> Option<[&Bytes; 2]> {
        let (picture, sps) = self.picture.get(&pps)?;
        let (sequence, _) = self.sequence.get(sps)?;
        Some([sequence, picture])
    }
}
