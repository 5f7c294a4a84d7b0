//! Parameters of H.264.

use std::fmt;

use super::h264_profile::ProfileLevelId;
use crate::fmtp::{ParameterWriter, Parameters};
use crate::lexical::canonical;

/// Parameters of H.264, RFC 6184 section 8.1. `Display` writes them for an `fmtp`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct H264Parameters<'a> {
    /// `profile-level-id`.
    pub profile_level_id: ProfileLevelId,
    /// `packetization-mode`: 0 for single units, 1 for aggregates and fragments, 2 interleaved.
    pub packetization_mode: u8,
    /// `level-asymmetry-allowed`.
    pub level_asymmetry_allowed: bool,
    /// `sprop-parameter-sets`: parameter sets in base64 with commas between, as it is.
    pub sprop_parameter_sets: Option<&'a str>,
}

impl<'a> H264Parameters<'a> {
    /// Reads what follows the payload type; `""` gives the defaults. `None` when the profile or the
    /// packetization mode is malformed, since both have to match.
    pub fn read(parameters: &'a str) -> Option<Self> {
        let mut read = Self::new(ProfileLevelId::DEFAULT, 0);
        for parameter in Parameters::new(parameters) {
            let value = parameter.value.unwrap_or_default();
            if parameter.is("profile-level-id") {
                read.profile_level_id = ProfileLevelId::parse(value)?;
            } else if parameter.is("packetization-mode") {
                read.packetization_mode = canonical(value).filter(|mode| *mode <= 2)?;
            } else if parameter.is("level-asymmetry-allowed") {
                read.level_asymmetry_allowed = value == "1";
            } else if parameter.is("sprop-parameter-sets") {
                read.sprop_parameter_sets = Some(value);
            }
        }
        Some(read)
    }

    /// Parameters that ask for the same level both ways.
    pub const fn new(profile_level_id: ProfileLevelId, packetization_mode: u8) -> Self {
        Self {
            profile_level_id,
            packetization_mode,
            level_asymmetry_allowed: false,
            sprop_parameter_sets: None,
        }
    }

    /// Lets each end receive its own highest level, whatever the other's.
    #[must_use]
    pub const fn with_level_asymmetry(self) -> Self {
        Self {
            level_asymmetry_allowed: true,
            ..self
        }
    }

    /// Whether both describe the same configuration, RFC 6184 section 8.2.2: the profile and the
    /// packetization mode count, the level does not.
    pub fn matches(&self, other: &H264Parameters<'_>) -> bool {
        self.packetization_mode == other.packetization_mode
            && self.profile_level_id.same_profile(other.profile_level_id)
    }

    /// What answers `offer` by an end that would offer `self`, RFC 6184 section 8.2.2: its own level
    /// where both allow asymmetry, the lower of both otherwise. `None` when they do not match.
    #[must_use]
    pub fn answer(&self, offer: &H264Parameters<'_>) -> Option<Self> {
        let asymmetric = self.level_asymmetry_allowed && offer.level_asymmetry_allowed;
        let own = self.profile_level_id.level();
        let level = if asymmetric {
            own
        } else {
            own.min(offer.profile_level_id.level())
        };
        self.matches(offer).then_some(Self {
            profile_level_id: offer.profile_level_id.with_level(level),
            level_asymmetry_allowed: asymmetric,
            ..*self
        })
    }
}

impl fmt::Display for H264Parameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = ParameterWriter::new(f);
        let asymmetry = u8::from(self.level_asymmetry_allowed);
        out.write_unless(0, "level-asymmetry-allowed", asymmetry)?;
        out.write("packetization-mode", self.packetization_mode)?;
        out.write("profile-level-id", self.profile_level_id)?;
        self.sprop_parameter_sets
            .iter()
            .try_for_each(|sets| out.write("sprop-parameter-sets", sets))
    }
}

#[cfg(test)]
mod tests {
    use super::{H264Parameters, ProfileLevelId};

    fn read(text: &str) -> H264Parameters<'_> {
        H264Parameters::read(text).unwrap()
    }

    #[test]
    fn the_parameters_of_a_browser_are_read_and_written() {
        let text = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
        let expected = H264Parameters::new(ProfileLevelId::CONSTRAINED_BASELINE_3_1, 1);
        assert_eq!(read(text), expected.with_level_asymmetry());
        assert_eq!(read(text).to_string(), text);
        let sets = read("packetization-mode=1; sprop-parameter-sets=Z0IACpZTBYmI,aMljiA==");
        assert_eq!(sets.sprop_parameter_sets, Some("Z0IACpZTBYmI,aMljiA=="));
        assert_eq!(sets.profile_level_id, ProfileLevelId::DEFAULT);
    }

    #[test]
    fn a_malformed_configuration_is_not_taken_for_the_default() {
        for text in [
            "profile-level-id=42e0",
            "packetization-mode=3",
            "packetization-mode",
        ] {
            assert_eq!(H264Parameters::read(text), None, "{text}");
        }
    }

    #[test]
    fn profile_and_packetization_mode_have_to_match() {
        let own = read("packetization-mode=1;profile-level-id=42e01f");
        assert!(own.matches(&read("packetization-mode=1;profile-level-id=4d800a")));
        assert!(!own.matches(&read("packetization-mode=0;profile-level-id=42e01f")));
        assert!(!own.matches(&read("packetization-mode=1;profile-level-id=42001f")));
        assert_eq!(own.answer(&read("profile-level-id=42e01f")), None);
    }

    #[test]
    fn an_answer_has_the_lower_level_unless_both_allow_asymmetry() {
        let own = read("profile-level-id=42e01f;level-asymmetry-allowed=1");
        let lower = own.answer(&read("profile-level-id=42c00b")).unwrap();
        assert_eq!(lower.profile_level_id.to_string(), "42c00b");
        assert!(!lower.level_asymmetry_allowed);
        let higher = own.answer(&read("profile-level-id=42e034")).unwrap();
        assert_eq!(higher.profile_level_id.to_string(), "42e01f");
        let offer = read("profile-level-id=42e034;level-asymmetry-allowed=1");
        let asymmetric = offer.answer(&own).unwrap();
        assert_eq!(asymmetric.profile_level_id.to_string(), "42e034");
        assert!(asymmetric.level_asymmetry_allowed);
    }
}
