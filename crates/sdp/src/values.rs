//! Attribute values of more than one field.

use std::fmt;

use crate::lexical::{canonical, is_token, is_visible, split_at, split_spaces};

/// A group of media descriptions, RFC 5888 section 5.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// What the group is for, such as `BUNDLE` (RFC 9143 section 4).
    pub semantics: String,
    /// The members, the first of which has a meaning of its own in `BUNDLE`.
    pub mids: Vec<String>,
}

impl Group {
    /// A group of media descriptions that share a transport, RFC 9143 section 4.
    pub fn bundle(mids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mids = mids.into_iter().map(Into::into).collect();
        Self {
            semantics: "BUNDLE".to_owned(),
            mids,
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = split_spaces(value, is_token)?
            .into_iter()
            .map(str::to_owned);
        Some(Self {
            semantics: parts.next()?,
            mids: parts.collect(),
        })
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.semantics)?;
        self.mids.iter().try_for_each(|mid| write!(f, " {mid}"))
    }
}

/// The hash of a certificate, RFC 8122 section 5. The text of both parts is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fingerprint {
    /// The hash function, such as `sha-256`.
    pub hash: String,
    /// Pairs of hexadecimal digits with colons between.
    pub value: String,
}

impl Fingerprint {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (hash, value) = split_at(text, b' ')?;
        let in_place = |(index, byte): (usize, u8)| match index % 3 {
            2 => byte == b':',
            _ => byte.is_ascii_hexdigit(),
        };
        let pairs = value.len() % 3 == 2 && value.bytes().enumerate().all(in_place);
        (pairs && is_token(hash)).then(|| Self {
            hash: hash.to_owned(),
            value: value.to_owned(),
        })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.hash, self.value)
    }
}

/// Which track of which stream a section carries, RFC 8830 section 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Msid {
    /// The stream, `-` for none.
    pub stream: String,
    /// The track, when it is named.
    pub track: Option<String>,
}

impl Msid {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = split_spaces(value, is_visible)?
            .into_iter()
            .map(str::to_owned);
        let msid = Self {
            stream: parts.next()?,
            track: parts.next(),
        };
        parts.next().is_none().then_some(msid)
    }
}

impl fmt::Display for Msid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stream)?;
        self.track
            .iter()
            .try_for_each(|track| write!(f, " {track}"))
    }
}

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
