//! Parameters of AV1.

use std::fmt;

use crate::fmtp::{ParameterWriter, Parameters};
use crate::lexical::canonical;

/// Parameters of AV1: "RTP Payload Format For AV1" (AOMedia, v1.0) section 7.2. `Display` writes
/// them for an `fmtp`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Av1Parameters {
    /// `profile`: `seq_profile`.
    pub profile: u8,
    /// `level-idx`: the highest `seq_level_idx` that can be received.
    pub level_idx: u8,
    /// `tier`: the highest `seq_tier` that can be received.
    pub tier: u8,
}

impl Default for Av1Parameters {
    /// Main profile, level 3.1, main tier: what holds when nothing is said.
    fn default() -> Self {
        Self {
            profile: 0,
            level_idx: 5,
            tier: 0,
        }
    }
}

impl Av1Parameters {
    /// Reads what follows the payload type; `""` gives the defaults. `None` when the profile is
    /// malformed, since it has to match; another malformed parameter counts as not stated.
    pub fn read(parameters: &str) -> Option<Self> {
        let mut read = Self::default();
        for parameter in Parameters::new(parameters) {
            let value = parameter.value.unwrap_or_default();
            if parameter.is("profile") {
                read.profile = canonical(value).filter(|profile| *profile <= 2)?;
            } else if parameter.is("level-idx") {
                let level = canonical(value).filter(|level| *level <= 31);
                read.level_idx = level.unwrap_or(read.level_idx);
            } else if parameter.is("tier") {
                let tier = canonical(value).filter(|tier| *tier <= 1);
                read.tier = tier.unwrap_or(read.tier);
            }
        }
        Some(read)
    }

    /// Whether both describe the same configuration: the profiles are equal. Level and tier say what
    /// each end can receive.
    pub const fn matches(self, other: Self) -> bool {
        self.profile == other.profile
    }
}

impl fmt::Display for Av1Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = ParameterWriter::new(f);
        out.write("level-idx", self.level_idx)?;
        out.write("profile", self.profile)?;
        out.write("tier", self.tier)
    }
}

#[cfg(test)]
mod tests {
    use super::Av1Parameters;

    #[test]
    fn level_and_tier_take_no_part_in_the_match() {
        let read = |text| Av1Parameters::read(text).unwrap();
        assert_eq!(read("level-idx=5;profile=0;tier=0"), read(""));
        assert_eq!(read("").to_string(), "level-idx=5;profile=0;tier=0");
        assert!(read("level-idx=8;tier=1").matches(read("profile=0")));
        assert!(!read("profile=1").matches(read("")));
        assert_eq!(read("level-idx=x;tier=2"), read(""));
        assert_eq!(Av1Parameters::read("profile=3"), None);
    }
}
