//! Parameters of VP9.

use std::fmt;

use crate::fmtp::{ParameterWriter, Parameters};
use crate::lexical::canonical;

/// Parameters of VP9, RFC 9628 section 6. `Display` writes them for an `fmtp`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Vp9Parameters {
    /// `profile-id`, 0 when nothing is said.
    pub profile_id: u8,
}

impl Vp9Parameters {
    /// Reads what follows the payload type; `""` gives the defaults. `None` when the profile is
    /// malformed, since it has to match.
    pub fn read(parameters: &str) -> Option<Self> {
        let mut read = Self::default();
        for parameter in Parameters::new(parameters).filter(|it| it.is("profile-id")) {
            read.profile_id = canonical(parameter.value?)?;
        }
        Some(read)
    }

    /// Whether both describe the same configuration: the profiles are equal.
    pub const fn matches(self, other: Self) -> bool {
        self.profile_id == other.profile_id
    }
}

impl fmt::Display for Vp9Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ParameterWriter::new(f).write("profile-id", self.profile_id)
    }
}

#[cfg(test)]
mod tests {
    use super::Vp9Parameters;

    #[test]
    fn profile_0_is_the_same_stated_or_not() {
        let read = |text| Vp9Parameters::read(text).unwrap();
        assert!(read("").matches(read("profile-id=0")));
        assert!(read("max-fr=30;max-fs=3600").matches(read("")));
        assert!(!read("profile-id=2").matches(read("")));
        assert_eq!(read("profile-id=2").to_string(), "profile-id=2");
        assert_eq!(Vp9Parameters::read("profile-id=x"), None);
        assert_eq!(Vp9Parameters::read("profile-id"), None);
    }
}
