//! The prediction structures that encoders have in common, and what frames are in them.
//!
//! Decode targets are all pairs of a spatial and a temporal layer, the highest first. There is a chain for
//! each spatial layer.

use super::structure::Dti;

/// A scalability mode, `LxTy` or `LxTy_KEY`: so many spatial and temporal layers.
///
/// Of temporal layers, each frame refers to the last one of a lower layer; with three layers they come in
/// the order 0, 2, 1, 2.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ScalabilityMode {
    spatial: u8,
    temporal: u8,
    only_key: bool,
}

impl ScalabilityMode {
    /// One layer.
    pub const L1T1: Self = Self::full(1, 1);
    /// Two temporal layers.
    pub const L1T2: Self = Self::full(1, 2);
    /// Three temporal layers.
    pub const L1T3: Self = Self::full(1, 3);
    /// Two spatial layers.
    pub const L2T1: Self = Self::full(2, 1);
    /// Two spatial layers, apart but for key frames.
    pub const L2T1_KEY: Self = Self::key(2, 1);
    /// Two spatial and two temporal layers.
    pub const L2T2: Self = Self::full(2, 2);
    /// Two spatial and two temporal layers; the spatial ones are apart but for key frames.
    pub const L2T2_KEY: Self = Self::key(2, 2);
    /// Two spatial and three temporal layers.
    pub const L2T3: Self = Self::full(2, 3);
    /// Two spatial and three temporal layers; the spatial ones are apart but for key frames.
    pub const L2T3_KEY: Self = Self::key(2, 3);
    /// Three spatial layers.
    pub const L3T1: Self = Self::full(3, 1);
    /// Three spatial layers, apart but for key frames.
    pub const L3T1_KEY: Self = Self::key(3, 1);
    /// Three spatial and two temporal layers.
    pub const L3T2: Self = Self::full(3, 2);
    /// Three spatial and two temporal layers; the spatial ones are apart but for key frames.
    pub const L3T2_KEY: Self = Self::key(3, 2);
    /// Three spatial and three temporal layers.
    pub const L3T3: Self = Self::full(3, 3);
    /// Three spatial and three temporal layers; the spatial ones are apart but for key frames.
    pub const L3T3_KEY: Self = Self::key(3, 3);

    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::L1T1,
        Self::L1T2,
        Self::L1T3,
        Self::L2T1,
        Self::L2T1_KEY,
        Self::L2T2,
        Self::L2T2_KEY,
        Self::L2T3,
        Self::L2T3_KEY,
        Self::L3T1,
        Self::L3T1_KEY,
        Self::L3T2,
        Self::L3T2_KEY,
        Self::L3T3,
        Self::L3T3_KEY,
    ];

    const fn full(spatial: u8, temporal: u8) -> Self {
        Self {
            spatial,
            temporal,
            only_key: false,
        }
    }

    const fn key(spatial: u8, temporal: u8) -> Self {
        Self {
            spatial,
            temporal,
            only_key: true,
        }
    }

    /// How many spatial layers it has.
    pub fn spatial_layers(self) -> u8 {
        self.spatial
    }

    /// How many temporal layers it has.
    pub fn temporal_layers(self) -> u8 {
        self.temporal
    }

    /// Whether a frame refers to the spatial layer below.
    pub(super) fn refers_to_lower(self, is_key: bool) -> bool {
        is_key || !self.only_key
    }

    /// Spatial and temporal layer of each decode target.
    pub(super) fn targets(self) -> impl Iterator<Item = (u8, u8)> {
        let temporal = move |spatial| (0..self.temporal).rev().map(move |it| (spatial, it));
        (0..self.spatial).rev().flat_map(temporal)
    }

    /// What a frame is to each decode target.
    pub(super) fn dtis(self, spatial: u8, temporal: u8, is_key: bool) -> impl Iterator<Item = Dti> {
        self.targets().map(move |target| {
            if target.0 < spatial || target.1 < temporal {
                Dti::NotPresent
            } else if target.0 > spatial {
                match (is_key, self.only_key) {
                    (true, _) => Dti::Switch,
                    (false, true) => Dti::NotPresent,
                    (false, false) => Dti::Required,
                }
            } else if temporal > 0 && temporal == target.1 {
                Dti::Discardable
            } else {
                Dti::Switch
            }
        })
    }

    /// Whether a frame is part of the chain of a spatial layer.
    pub(super) fn is_in_chain(self, chain: u8, spatial: u8, temporal: u8, is_key: bool) -> bool {
        let goes_up = self.refers_to_lower(is_key);
        temporal == 0 && (spatial == chain || (spatial < chain && goes_up))
    }

    /// The temporal layers of pictures, again and again.
    pub(super) fn temporal_pattern(self) -> &'static [u8] {
        match self.temporal {
            1 => &[0],
            2 => &[0, 1],
            _ => &[0, 2, 1, 2],
        }
    }
}
