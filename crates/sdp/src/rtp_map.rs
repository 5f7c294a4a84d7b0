//! Which encoding a payload type stands for.

use std::fmt;

use crate::lexical::{is_token, payload_type, positive, split_at};

/// The encoding of a payload type (`rtpmap`), RFC 8866 section 6.6.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RtpMap {
    /// The payload type, 127 at most.
    pub payload_type: u8,
    /// The encoding's name, such as `opus`. Letter case does not matter.
    pub encoding: String,
    /// The rate of RTP timestamps, in hertz.
    pub clock_rate: u32,
    /// How many audio channels, when it says. One otherwise.
    pub channels: Option<u16>,
}

impl RtpMap {
    /// An encoding that says nothing about channels.
    pub fn new(payload_type: u8, encoding: impl Into<String>, clock_rate: u32) -> Self {
        Self {
            payload_type,
            encoding: encoding.into(),
            clock_rate,
            channels: None,
        }
    }

    /// Says how many audio channels there are.
    #[must_use]
    pub fn with_channels(self, channels: u16) -> Self {
        Self {
            channels: Some(channels),
            ..self
        }
    }

    /// What a payload type stands for that no `rtpmap` describes, RFC 3551 section 6: the audio
    /// encodings that are still in use.
    pub fn assigned(payload_type: u8) -> Option<Self> {
        let (encoding, clock_rate) = match payload_type {
            0 => ("PCMU", 8000),
            3 => ("GSM", 8000),
            8 => ("PCMA", 8000),
            // RFC 3551 section 4.5.2: sampled at 16 kHz, with timestamps of 8 kHz by mistake.
            9 => ("G722", 8000),
            10 => return Some(Self::new(10, "L16", 44_100).with_channels(2)),
            11 => ("L16", 44_100),
            13 => ("CN", 8000),
            _ => return None,
        };
        Some(Self::new(payload_type, encoding, clock_rate))
    }

    /// Whether the encoding has this name, RFC 4855 section 3: letter case does not matter.
    pub fn is(&self, encoding: &str) -> bool {
        self.encoding.eq_ignore_ascii_case(encoding)
    }

    /// Whether both stand for the same encoding at the same rate with as many channels, whatever
    /// their payload types.
    pub fn same_encoding(&self, other: &Self) -> bool {
        let channels = |map: &Self| map.channels.unwrap_or(1);
        self.clock_rate == other.clock_rate
            && channels(self) == channels(other)
            && self.is(&other.encoding)
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (number, encoding) = split_at(value, b' ')?;
        let mut parts = encoding.split('/');
        let map = Self {
            payload_type: payload_type(number)?,
            encoding: parts.next().filter(|name| is_token(name))?.to_owned(),
            clock_rate: positive(parts.next()?)?,
            channels: match parts.next() {
                Some(channels) => Some(positive(channels)?),
                None => None,
            },
        };
        parts.next().is_none().then_some(map)
    }
}

impl fmt::Display for RtpMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            payload_type,
            encoding,
            clock_rate,
            channels,
        } = self;
        write!(f, "{payload_type} {encoding}/{clock_rate}")?;
        channels
            .iter()
            .try_for_each(|channels| write!(f, "/{channels}"))
    }
}

#[cfg(test)]
mod tests {
    use super::RtpMap;

    #[test]
    fn one_channel_is_the_same_stated_or_not() {
        let silent = RtpMap::new(96, "L16", 16_000);
        assert!(silent.same_encoding(&RtpMap::new(97, "l16", 16_000).with_channels(1)));
        assert!(!silent.same_encoding(&RtpMap::new(97, "L16", 16_000).with_channels(2)));
        assert!(!silent.same_encoding(&RtpMap::new(97, "L16", 8000)));
        assert!(!silent.same_encoding(&RtpMap::new(97, "L24", 16_000)));
    }

    #[test]
    fn assigned_payload_types_need_no_mapping() {
        assert_eq!(RtpMap::parse("8 PCMA/8000"), RtpMap::assigned(8));
        assert_eq!(RtpMap::parse("10 L16/44100/2"), RtpMap::assigned(10));
        assert_eq!(RtpMap::assigned(96), None);
    }
}
