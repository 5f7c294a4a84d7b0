//! Attribute values of more than one field.

use std::fmt;

use crate::lexical::{canonical, is_token, is_visible, split_spaces};

/// A candidate of the other end that was selected, RFC 8839 section 5.2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RemoteCandidate {
    /// The component, 1 for RTP and for data.
    pub component: u16,
    /// The address or name, as it is.
    pub address: String,
    /// The port.
    pub port: u16,
}

impl RemoteCandidate {
    pub(crate) fn parse_all(value: &str) -> Option<Vec<Self>> {
        let parts = split_spaces(value, is_visible)?;
        let (candidates, rest) = parts.as_chunks::<3>();
        if rest.is_empty() {
            candidates.iter().map(Self::parse).collect()
        } else {
            None
        }
    }

    fn parse([component, address, port]: &[&str; 3]) -> Option<Self> {
        Some(Self {
            component: canonical(component).filter(|component| *component > 0)?,
            address: (*address).to_owned(),
            port: canonical(port)?,
        })
    }
}

impl fmt::Display for RemoteCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.component, self.address, self.port)
    }
}

/// What runs over an SCTP port, in the form that descriptions had before RFC 8841.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SctpMap {
    /// The SCTP port, which is the format of the `m=` line too.
    pub port: u16,
    /// What runs over it, such as `webrtc-datachannel`.
    pub application: String,
    /// How many streams, when it says.
    pub streams: Option<u32>,
}

impl SctpMap {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let parts = split_spaces(value, is_token)?;
        let (port, application, streams) = match *parts.as_slice() {
            [port, application] => (port, application, None),
            [port, application, streams] => (port, application, Some(canonical(streams)?)),
            _ => return None,
        };
        Some(Self {
            port: canonical(port)?,
            application: application.to_owned(),
            streams,
        })
    }
}

impl fmt::Display for SctpMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.port, self.application)?;
        self.streams
            .iter()
            .try_for_each(|streams| write!(f, " {streams}"))
    }
}
