//! Header extensions.

use std::fmt;

use crate::lexical::{canonical, is_visible, split_at};
use crate::words::Direction;

/// The number of an RTP header extension (`extmap`), RFC 8285 section 5.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExtMap {
    /// The number: 1 to 255 in packets, 4096 to 4351 where the offerer leaves the choice to the
    /// answerer (RFC 8285 section 7).
    pub id: u16,
    /// Which way the extension is used, both ways when it does not say.
    pub direction: Option<Direction>,
    /// Names the extension.
    pub uri: String,
    /// What the extension says about itself, as it is.
    pub parameters: Option<String>,
}

impl ExtMap {
    /// An extension that is used whichever way media flows.
    pub fn new(id: u16, uri: impl Into<String>) -> Self {
        Self {
            id,
            direction: None,
            uri: uri.into(),
            parameters: None,
        }
    }

    /// Whether the one-byte form has room for the number, RFC 8285 section 4.2.
    pub const fn fits_one_byte(&self) -> bool {
        matches!(self.id, 1..=14)
    }

    /// Whether packets can carry the number: the answerer has yet to choose one otherwise.
    pub const fn is_usable(&self) -> bool {
        matches!(self.id, 1..=255)
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.splitn(3, ' ');
        let entry = parts.next()?;
        let uri = parts.next().filter(|uri| is_visible(uri))?;
        let (id, direction) = match split_at(entry, b'/') {
            Some((id, direction)) => (id, Some(Direction::parse(direction)?)),
            None => (entry, None),
        };
        Some(Self {
            id: canonical(id).filter(|id| matches!(id, 1..=255 | 4096..=4351))?,
            direction,
            uri: uri.to_owned(),
            parameters: match parts.next() {
                Some("") => return None,
                parameters => parameters.map(str::to_owned),
            },
        })
    }
}

impl fmt::Display for ExtMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if let Some(direction) = self.direction {
            write!(f, "/{direction}")?;
        }
        write!(f, " {}", self.uri)?;
        self.parameters
            .iter()
            .try_for_each(|parameters| write!(f, " {parameters}"))
    }
}

#[cfg(test)]
mod tests {
    use super::ExtMap;
    use crate::words::Direction;

    #[test]
    fn all_parts_of_a_mapping_are_read() {
        let map = ExtMap::parse("4096/recvonly urn:x:y a  b").unwrap();
        assert_eq!((map.id, map.direction), (4096, Some(Direction::RecvOnly)));
        assert_eq!(
            (map.uri.as_str(), map.parameters.as_deref()),
            ("urn:x:y", Some("a  b"))
        );
        assert!(!map.is_usable() && !map.fits_one_byte());
        assert!(ExtMap::new(14, "urn:x").fits_one_byte());
        assert!(ExtMap::new(15, "urn:x").is_usable() && !ExtMap::new(15, "urn:x").fits_one_byte());
    }

    #[test]
    fn numbers_that_no_packet_can_carry_are_not_mappings() {
        for text in [
            "0 urn:x",
            "256 urn:x",
            "4095 urn:x",
            "4352 urn:x",
            "01 urn:x",
            "1",
            "1 ",
        ] {
            assert_eq!(ExtMap::parse(text), None, "{text}");
        }
        for text in ["1/both urn:x", "1 urn:x ", "1/ urn:x", "1  urn:x"] {
            assert_eq!(ExtMap::parse(text), None, "{text}");
        }
    }
}
