//! A session description.

use crate::attribute::Attribute;
use crate::attributes::Attributes;
use crate::effective::Effective;
use crate::fields::{Bandwidth, Connection, Key, Origin, UnknownLine};
use crate::media::MediaDescription;
use crate::time::TimeDescription;
use crate::values::Group;

/// A session description, RFC 8866 section 5.
///
/// `Display` writes it with CRLF after each line. A NUL, CR or LF inside a value would end its line
/// early; each is written as a space.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionDescription {
    /// `o=`, who made it.
    pub origin: Origin,
    /// `s=`, its name.
    pub session_name: String,
    /// `i=`, more about it.
    pub information: Option<String>,
    /// `u=`, where to read about it.
    pub uri: Option<String>,
    /// `e=`, whom to write to. Kept as text.
    pub emails: Vec<String>,
    /// `p=`, whom to call. Kept as text.
    pub phones: Vec<String>,
    /// `c=`, the address for sections without their own.
    pub connection: Option<Connection>,
    /// `b=`, bounds on bandwidth.
    pub bandwidths: Vec<Bandwidth>,
    /// `t=`, when it is active: one at least.
    pub times: Vec<TimeDescription>,
    /// `k=`, obsolete.
    pub key: Option<Key>,
    /// `a=`, in order.
    pub attributes: Attributes,
    /// Lines of types unknown to RFC 8866.
    pub unknown_lines: Vec<UnknownLine>,
    /// `m=`, in order.
    pub media: Vec<MediaDescription>,
    /// The blank lines that followed the last line, as they stood.
    pub(crate) trailer: String,
}

impl SessionDescription {
    /// A nameless, permanent session without media.
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            session_name: "-".to_owned(),
            information: None,
            uri: None,
            emails: Vec::new(),
            phones: Vec::new(),
            connection: None,
            bandwidths: Vec::new(),
            times: vec![TimeDescription::permanent()],
            key: None,
            attributes: Attributes::default(),
            unknown_lines: Vec::new(),
            media: Vec::new(),
            trailer: String::new(),
        }
    }

    /// Adds an attribute of the session.
    #[must_use]
    pub fn with(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// Adds a media description.
    #[must_use]
    pub fn with_media(mut self, media: MediaDescription) -> Self {
        self.media.push(media);
        self
    }

    /// The media description with an identification tag, RFC 5888 section 4.
    pub fn media_by_mid(&self, mid: &str) -> Option<&MediaDescription> {
        self.media.iter().find(|media| media.mid() == Some(mid))
    }

    /// The groups of media descriptions that share a transport, RFC 9143 section 4.
    pub fn bundle_groups(&self) -> impl Iterator<Item = &Group> {
        self.attributes
            .groups()
            .filter(|group| group.semantics == "BUNDLE")
    }

    /// What holds for one of the media descriptions, the session's attributes considered.
    pub fn effective<'a>(&'a self, media: &'a MediaDescription) -> Effective<'a> {
        Effective::new(&self.attributes, media)
    }
}
