//! INIT and INIT ACK (RFC 9260 section 3.3.2), and parameters in general.

use super::chunk::{Chunk, ChunkType};
use super::writer::{put_chunk, put_parameter};
use super::{padded, u16_at, u32_at};
use crate::ids::Tsn;

/// Parameter types.
pub(crate) mod parameter_type {
    /// RFC 9260 section 3.3.3.1.
    pub(crate) const STATE_COOKIE: u16 = 7;
    /// RFC 9260 section 3.3.3.1.1.
    pub(crate) const UNRECOGNIZED: u16 = 8;
    /// RFC 5061 section 4.2.7.
    pub(crate) const SUPPORTED_EXTENSIONS: u16 = 0x8008;
    /// RFC 3758 section 3.1.
    pub(crate) const FORWARD_TSN_SUPPORTED: u16 = 0xC000;
}

/// The fixed part of an INIT or INIT ACK, and what its parameters say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Init {
    pub(crate) tag: u32,
    pub(crate) window: u32,
    pub(crate) outbound_streams: u16,
    pub(crate) inbound_streams: u16,
    pub(crate) initial_tsn: Tsn,
    pub(crate) forward_tsn: bool,
    pub(crate) reconfig: bool,
    pub(crate) cookie: Option<Vec<u8>>,
    /// Parameters to be reported as unknown (section 3.2.1), as they stand.
    pub(crate) unrecognized: Vec<Vec<u8>>,
}

/// A type-length-value triple.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter<'a> {
    pub(crate) kind: u16,
    pub(crate) value: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// The parameters in `value`; ends at the first that is malformed.
pub(crate) fn parameters(value: &[u8]) -> impl Iterator<Item = Parameter<'_>> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (kind, len) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        let whole = rest.get(..len).filter(|_| len >= 4)?;
        rest = rest.get(padded(len)..).unwrap_or_default();
        Some(Parameter {
            kind,
            value: &whole[4..],
            whole,
        })
    })
}

/// Unknown parameters that are reported at most.
const MAX_UNRECOGNIZED: usize = 4;
/// Longer ones are not: the answer has to fit into a packet.
const MAX_UNRECOGNIZED_LEN: usize = 64;

impl Init {
    pub(crate) fn parse(chunk: &Chunk) -> Option<Self> {
        let value = &chunk.value;
        let mut init = Self {
            tag: u32_at(value, 0)?,
            window: u32_at(value, 4)?,
            outbound_streams: u16_at(value, 8)?,
            inbound_streams: u16_at(value, 10)?,
            initial_tsn: Tsn(u32_at(value, 12)?),
            forward_tsn: false,
            reconfig: false,
            cookie: None,
            unrecognized: Vec::new(),
        };
        for parameter in parameters(&value[16..]) {
            if !init.read(&parameter) {
                break;
            }
        }
        Some(init)
    }

    /// Answers whether to go on.
    fn read(&mut self, parameter: &Parameter<'_>) -> bool {
        match parameter.kind {
            parameter_type::STATE_COOKIE => self.cookie = Some(parameter.value.to_vec()),
            parameter_type::SUPPORTED_EXTENSIONS => {
                self.forward_tsn |= parameter.value.contains(&ChunkType::FORWARD_TSN.0);
                self.reconfig |= parameter.value.contains(&ChunkType::RECONFIG.0);
            }
            parameter_type::FORWARD_TSN_SUPPORTED => self.forward_tsn = true,
            // Addresses and the like mean nothing over DTLS (RFC 8261 section 6.3).
            1..=15 => {}
            unknown => {
                // The two highest bits: go on, and report.
                let is_short = parameter.whole.len() <= MAX_UNRECOGNIZED_LEN;
                if unknown & 0x4000 != 0 && is_short && self.unrecognized.len() < MAX_UNRECOGNIZED {
                    self.unrecognized.push(parameter.whole.to_vec());
                }
                return unknown & 0x8000 != 0;
            }
        }
        true
    }

    /// Appends it as a chunk of type `kind`.
    pub(crate) fn put(&self, out: &mut Vec<u8>, kind: ChunkType) {
        put_chunk(out, kind, 0, |out| {
            out.extend_from_slice(&self.tag.to_be_bytes());
            out.extend_from_slice(&self.window.to_be_bytes());
            out.extend_from_slice(&self.outbound_streams.to_be_bytes());
            out.extend_from_slice(&self.inbound_streams.to_be_bytes());
            out.extend_from_slice(&self.initial_tsn.0.to_be_bytes());
            if let Some(cookie) = &self.cookie {
                put_parameter(out, parameter_type::STATE_COOKIE, |out| {
                    out.extend_from_slice(cookie);
                });
            }
            if self.forward_tsn {
                put_parameter(out, parameter_type::FORWARD_TSN_SUPPORTED, |_| {});
            }
            put_parameter(out, parameter_type::SUPPORTED_EXTENSIONS, |out| {
                if self.forward_tsn {
                    out.push(ChunkType::FORWARD_TSN.0);
                }
                if self.reconfig {
                    out.push(ChunkType::RECONFIG.0);
                }
            });
            for parameter in &self.unrecognized {
                put_parameter(out, parameter_type::UNRECOGNIZED, |out| {
                    out.extend_from_slice(parameter);
                });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::chunks;

    fn value(init: &Init) -> Chunk {
        let mut out = Vec::new();
        init.put(&mut out, ChunkType::INIT_ACK);
        chunks(out.into()).next().unwrap().unwrap()
    }

    fn init() -> Init {
        Init {
            tag: 1,
            window: 2,
            outbound_streams: 3,
            inbound_streams: 4,
            initial_tsn: Tsn(5),
            forward_tsn: true,
            reconfig: true,
            cookie: Some(b"cookie".to_vec()),
            unrecognized: Vec::new(),
        }
    }

    fn parse(value: Vec<u8>) -> Option<Init> {
        Init::parse(&Chunk {
            kind: ChunkType::INIT,
            flags: 0,
            value: value.into(),
        })
    }

    #[test]
    fn what_is_cut_short_is_refused_or_says_less() {
        let whole = value(&init()).value;
        for len in 0..=whole.len() {
            let Some(parsed) = parse(whole[..len].to_vec()) else {
                assert!(len < 16, "{len} bytes");
                continue;
            };
            assert!(len >= 16, "{len} bytes");
            assert_eq!(parsed.cookie.is_some(), len >= 16 + 10, "{len} bytes");
            assert_eq!(parsed.reconfig, len >= 16 + 12 + 4 + 6, "{len} bytes");
        }
    }

    #[test]
    fn a_parameter_of_a_bad_length_ends_the_list() {
        let forward = [0xC0, 0, 0, 4];
        for len in [0, 1, 2, 3, 9, 255] {
            let bad = [&[0; 16][..], &[0xC1, 0, 0, len], &forward].concat();
            let parsed = parse(bad).unwrap();
            assert!(
                !parsed.forward_tsn && parsed.unrecognized.is_empty(),
                "{len}"
            );
        }
    }

    #[test]
    fn unknown_parameters_are_treated_as_their_highest_bits_say() {
        for (kind, is_reported, goes_on) in [
            (0x3F, false, false),
            (0x7F, true, false),
            (0xBF, false, true),
            (0xFF, true, true),
        ] {
            let list = [&[0; 16][..], &[kind, 0, 0, 4], &[0xC0, 0, 0, 4]].concat();
            let parsed = parse(list).unwrap();
            assert_eq!(
                parsed.unrecognized.len(),
                usize::from(is_reported),
                "{kind:#x}"
            );
            assert_eq!(parsed.forward_tsn, goes_on, "{kind:#x}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            numbers in any::<(u32, u32, u16, u16, u32, bool, bool)>(),
            cookie in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..90)),
        ) {
            let init = Init {
                tag: numbers.0,
                window: numbers.1,
                outbound_streams: numbers.2,
                inbound_streams: numbers.3,
                initial_tsn: Tsn(numbers.4),
                forward_tsn: numbers.5,
                reconfig: numbers.6,
                cookie,
                unrecognized: Vec::new(),
            };
            prop_assert_eq!(Init::parse(&value(&init)), Some(init));
        }

        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let is_long = bytes.len() >= 16;
            prop_assert_eq!(parse(bytes).is_some(), is_long);
        }
    }
}
