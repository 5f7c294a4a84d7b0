//! A media description: `m=` and what follows it.

use std::fmt;

use crate::attribute::Attribute;
use crate::attributes::Attributes;
use crate::error::{Field, Reason};
use crate::fields::{Bandwidth, Connection, Key, UnknownLine};
use crate::lexical::{canonical, is_token, split_spaces};
use crate::words::Direction;

/// A media description, RFC 8866 section 5.14.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MediaDescription {
    /// What kind of media.
    pub kind: MediaKind,
    /// The transport port; 0 rejects the section or, with `bundle-only`, bundles it.
    pub port: u16,
    /// How many ports, when it says.
    pub port_count: Option<u32>,
    /// The transport protocol, such as `UDP/DTLS/SCTP`.
    pub protocol: String,
    /// The formats: payload types, or `webrtc-datachannel`.
    pub formats: Vec<String>,
    /// `i=`, a title.
    pub information: Option<String>,
    /// `c=`, the addresses.
    pub connections: Vec<Connection>,
    /// `b=`, bounds on bandwidth.
    pub bandwidths: Vec<Bandwidth>,
    /// `k=`, obsolete.
    pub key: Option<Key>,
    /// `a=`, in order.
    pub attributes: Attributes,
    /// Lines of types unknown to RFC 8866.
    pub unknown_lines: Vec<UnknownLine>,
}

impl MediaDescription {
    /// A section with only its `m=` line.
    pub fn new(kind: MediaKind, port: u16, protocol: &str, formats: &[&str]) -> Self {
        Self {
            kind,
            port,
            port_count: None,
            protocol: protocol.to_owned(),
            formats: formats.iter().map(|format| (*format).to_owned()).collect(),
            information: None,
            connections: Vec::new(),
            bandwidths: Vec::new(),
            key: None,
            attributes: Attributes::default(),
            unknown_lines: Vec::new(),
        }
    }

    /// A section for data channels over SCTP over DTLS over UDP, RFC 8841 section 4.
    pub fn data_channel(port: u16) -> Self {
        Self::new(
            MediaKind::Application,
            port,
            "UDP/DTLS/SCTP",
            &["webrtc-datachannel"],
        )
    }

    /// A section for media over RTP that DTLS gives its keys, RFC 8829 section 5.1.2.
    pub fn rtp(kind: MediaKind, port: u16, payload_types: impl IntoIterator<Item = u8>) -> Self {
        let formats = payload_types.into_iter().map(|number| number.to_string());
        Self {
            formats: formats.collect(),
            ..Self::new(kind, port, "UDP/TLS/RTP/SAVPF", &[])
        }
    }

    /// Adds a bound on bandwidth.
    #[must_use]
    pub fn with_bandwidth(mut self, bandwidth: Bandwidth) -> Self {
        self.bandwidths.push(bandwidth);
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// Adds a connection line.
    #[must_use]
    pub fn with_connection(mut self, connection: Connection) -> Self {
        self.connections.push(connection);
        self
    }

    /// Whether it is for data channels, RFC 8841 section 4 (or the older `DTLS/SCTP`).
    pub fn is_data_channel(&self) -> bool {
        let over_sctp = ["UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP"];
        self.kind == MediaKind::Application
            && over_sctp.contains(&self.protocol.as_str())
            && self
                .formats
                .iter()
                .any(|format| format == "webrtc-datachannel")
    }

    /// Whether it is rejected (RFC 3264 section 6): port 0 without `bundle-only` (RFC 9143
    /// section 6).
    pub fn is_rejected(&self) -> bool {
        self.port == 0 && !self.attributes.contains(&Attribute::BundleOnly)
    }

    /// The identification tag, RFC 5888 section 4.
    pub fn mid(&self) -> Option<&str> {
        self.attributes.mid()
    }

    /// The direction that this section states itself.
    pub fn direction(&self) -> Option<Direction> {
        self.attributes.direction()
    }

    pub(crate) fn parse(value: &str) -> Result<Self, Reason> {
        const MALFORMED: Reason = Reason::Malformed(Field::Media);
        let mut parts = value.splitn(4, ' ');
        let mut next = || parts.next().ok_or(MALFORMED);
        let (kind, port, protocol, formats) = (next()?, next()?, next()?, next()?);
        let formats = split_spaces(formats, is_token).ok_or(MALFORMED)?;
        if !is_token(kind) || !protocol.split('/').all(is_token) {
            return Err(MALFORMED);
        }
        let (port, port_count) = parse_port(port).ok_or(Reason::Malformed(Field::Port))?;
        let media = Self::new(MediaKind::from(kind), port, protocol, &formats);
        Ok(Self {
            port_count,
            ..media
        })
    }
}

fn parse_port(text: &str) -> Option<(u16, Option<u32>)> {
    let Some((port, count)) = text.split_once('/') else {
        return Some((canonical(text)?, None));
    };
    let count = canonical(count).filter(|count| *count > 0)?;
    Some((canonical(port)?, Some(count)))
}

/// Writes the value of the `m=` line.
pub(crate) struct MediaLine<'a>(pub(crate) &'a MediaDescription);

impl fmt::Display for MediaLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.kind, self.0.port)?;
        if let Some(count) = self.0.port_count {
            write!(f, "/{count}")?;
        }
        write!(f, " {}", self.0.protocol)?;
        self.0
            .formats
            .iter()
            .try_for_each(|format| write!(f, " {format}"))
    }
}

/// The first field of `m=`, RFC 8866 section 8.2.2.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MediaKind {
    /// `audio`.
    Audio,
    /// `video`.
    Video,
    /// `application`: data channels, among others.
    Application,
    /// Another kind.
    Other(String),
}

impl From<&str> for MediaKind {
    fn from(text: &str) -> Self {
        match text {
            "audio" => Self::Audio,
            "video" => Self::Video,
            "application" => Self::Application,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Application => "application",
            Self::Other(other) => other,
        })
    }
}
