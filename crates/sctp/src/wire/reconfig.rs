//! The parameters of RE-CONFIG (RFC 6525 section 4).

use super::init::parameters;
use super::writer::put_parameter;
use super::{u16_at, u32_at};
use crate::ids::Tsn;

const OUTGOING_RESET: u16 = 13;
const INCOMING_RESET: u16 = 14;
const TSN_RESET: u16 = 15;
const RESPONSE: u16 = 16;
const ADD_OUTGOING: u16 = 17;
const ADD_INCOMING: u16 = 18;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ReconfigParameter {
    /// The sender resets its side of `streams`, or of all when there are none.
    OutgoingReset {
        request: u32,
        response: u32,
        last_tsn: Tsn,
        streams: Vec<u16>,
    },
    /// The sender asks the receiver to reset its side.
    IncomingReset {
        request: u32,
        streams: Vec<u16>,
    },
    TsnReset {
        request: u32,
    },
    AddOutgoing {
        request: u32,
    },
    AddIncoming {
        request: u32,
    },
    Response {
        request: u32,
        result: ReconfigResult,
    },
}

/// RFC 6525 section 4.4.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ReconfigResult(pub(crate) u32);

impl ReconfigResult {
    pub(crate) const NOTHING_TO_DO: Self = Self(0);
    pub(crate) const PERFORMED: Self = Self(1);
    pub(crate) const DENIED: Self = Self(2);
    pub(crate) const WRONG_STREAM: Self = Self(3);
    pub(crate) const BAD_SEQUENCE_NUMBER: Self = Self(5);
    pub(crate) const IN_PROGRESS: Self = Self(6);
}

/// What a RE-CONFIG says; unknown parameters are left out.
pub(crate) fn reconfig_parameters(value: &[u8]) -> impl Iterator<Item = ReconfigParameter> + '_ {
    parameters(value).filter_map(|parameter| parse(parameter.kind, parameter.value))
}

fn parse(kind: u16, value: &[u8]) -> Option<ReconfigParameter> {
    let request = u32_at(value, 0)?;
    let streams = |from: usize| -> Option<Vec<u16>> {
        let numbers = value.get(from..)?.chunks_exact(2);
        Some(
            numbers
                .map(|number| u16::from_be_bytes([number[0], number[1]]))
                .collect(),
        )
    };
    Some(match kind {
        OUTGOING_RESET => ReconfigParameter::OutgoingReset {
            request,
            response: u32_at(value, 4)?,
            last_tsn: Tsn(u32_at(value, 8)?),
            streams: streams(12)?,
        },
        INCOMING_RESET => ReconfigParameter::IncomingReset {
            request,
            streams: streams(4)?,
        },
        TSN_RESET => ReconfigParameter::TsnReset { request },
        ADD_OUTGOING => u16_at(value, 4).map(|_| ReconfigParameter::AddOutgoing { request })?,
        ADD_INCOMING => u16_at(value, 4).map(|_| ReconfigParameter::AddIncoming { request })?,
        RESPONSE => ReconfigParameter::Response {
            request,
            result: ReconfigResult(u32_at(value, 4)?),
        },
        _ => return None,
    })
}

impl ReconfigParameter {
    /// Appends it. Only what we send can be written: resets and responses.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::OutgoingReset {
                request,
                response,
                last_tsn,
                streams,
            } => {
                put_parameter(out, OUTGOING_RESET, |out| {
                    out.extend_from_slice(&request.to_be_bytes());
                    out.extend_from_slice(&response.to_be_bytes());
                    out.extend_from_slice(&last_tsn.0.to_be_bytes());
                    put_streams(streams, out);
                });
            }
            Self::IncomingReset { request, streams } => {
                put_parameter(out, INCOMING_RESET, |out| {
                    out.extend_from_slice(&request.to_be_bytes());
                    put_streams(streams, out);
                });
            }
            Self::Response { request, result } => {
                put_parameter(out, RESPONSE, |out| {
                    out.extend_from_slice(&request.to_be_bytes());
                    out.extend_from_slice(&result.0.to_be_bytes());
                });
            }
            Self::TsnReset { request } => put_request(out, TSN_RESET, *request, &[]),
            Self::AddOutgoing { request } => put_request(out, ADD_OUTGOING, *request, &[0; 4]),
            Self::AddIncoming { request } => put_request(out, ADD_INCOMING, *request, &[0; 4]),
        }
    }
}

fn put_request(out: &mut Vec<u8>, kind: u16, request: u32, rest: &[u8]) {
    put_parameter(out, kind, |out| {
        out.extend_from_slice(&request.to_be_bytes());
        out.extend_from_slice(rest);
    });
}

fn put_streams(streams: &[u16], out: &mut Vec<u8>) {
    for stream in streams {
        out.extend_from_slice(&stream.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all() -> Vec<ReconfigParameter> {
        let (request, streams) = (7, vec![1, 2, 65_535]);
        vec![
            ReconfigParameter::OutgoingReset {
                request,
                response: 8,
                last_tsn: Tsn(9),
                streams: streams.clone(),
            },
            ReconfigParameter::IncomingReset { request, streams },
            ReconfigParameter::TsnReset { request },
            ReconfigParameter::AddOutgoing { request },
            ReconfigParameter::AddIncoming { request },
            ReconfigParameter::Response {
                request,
                result: ReconfigResult::DENIED,
            },
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        all().iter().for_each(|parameter| parameter.put(&mut out));
        assert_eq!(reconfig_parameters(&out).collect::<Vec<_>>(), all());
    }

    #[test]
    fn parameters_cut_short_are_left_out() {
        for parameter in all() {
            let mut out = Vec::new();
            parameter.put(&mut out);
            let len = usize::from(u16_at(&out, 2).unwrap());
            for cut in 0..len {
                assert_eq!(reconfig_parameters(&out[..cut]).count(), 0, "{parameter:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(reconfig_parameters(&bytes).count() <= bytes.len() / 4);
        }
    }
}
