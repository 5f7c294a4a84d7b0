//! Parameters of formats that repair others.

use std::fmt;

use crate::fmtp::{ParameterWriter, Parameters};
use crate::lexical::{canonical, payload_type};

/// Parameters of retransmission (`rtx`), RFC 4588 section 8.6. `Display` writes them for an `fmtp`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RtxParameters {
    /// `apt`: the payload type that is sent again.
    pub apt: u8,
    /// `rtx-time`: for how many milliseconds the sender keeps packets, when it says.
    pub rtx_time: Option<u32>,
}

impl RtxParameters {
    /// Retransmission of one payload type.
    pub const fn new(apt: u8) -> Self {
        Self {
            apt,
            rtx_time: None,
        }
    }

    /// Reads what follows the payload type. `None` without a well-formed `apt`, or with two.
    pub fn read(parameters: &str) -> Option<Self> {
        let (mut apt, mut rtx_time) = (None, None);
        for parameter in Parameters::new(parameters) {
            let value = parameter.value.unwrap_or_default();
            if parameter.is("apt") {
                let number = payload_type(value)?;
                if apt.replace(number).is_some() {
                    return None;
                }
            } else if parameter.is("rtx-time") {
                rtx_time = canonical(value);
            }
        }
        apt.map(|apt| Self { apt, rtx_time })
    }
}

impl fmt::Display for RtxParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = ParameterWriter::new(f);
        out.write("apt", self.apt)?;
        self.rtx_time
            .iter()
            .try_for_each(|time| out.write("rtx-time", time))
    }
}

/// What redundant packets (`red`) can hold, RFC 2198 section 5. `Display` writes it for an `fmtp`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RedParameters {
    /// The payload types of the blocks, the primary one first.
    pub payload_types: Vec<u8>,
}

impl RedParameters {
    /// Reads what follows the payload type, such as `111/111`. `None` when a part is not a payload
    /// type.
    pub fn read(parameters: &str) -> Option<Self> {
        let parts = parameters.trim_ascii().split('/').map(payload_type);
        Some(Self {
            payload_types: parts.collect::<Option<_>>()?,
        })
    }
}

impl fmt::Display for RedParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut types = self.payload_types.iter().enumerate();
        types.try_for_each(|(index, payload_type)| {
            let separator = if index == 0 { "" } else { "/" };
            write!(f, "{separator}{payload_type}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{RedParameters, RtxParameters};

    #[test]
    fn retransmission_names_the_payload_type_that_it_repairs() {
        assert_eq!(RtxParameters::read("apt=96"), Some(RtxParameters::new(96)));
        let timed = RtxParameters::read("APT=96; rtx-time=3000").unwrap();
        assert_eq!(timed.to_string(), "apt=96;rtx-time=3000");
        for text in ["", "apt", "apt=128", "rtx-time=3000", "apt=96;apt=97"] {
            assert_eq!(RtxParameters::read(text), None, "{text}");
        }
    }

    #[test]
    fn redundancy_names_the_payload_types_of_its_blocks() {
        let red = RedParameters::read("111/111").unwrap();
        assert_eq!(red.payload_types, [111, 111]);
        assert_eq!(red.to_string(), "111/111");
        for text in ["", "111/", "111/128", "a/b"] {
            assert_eq!(RedParameters::read(text), None, "{text}");
        }
    }
}
