//! RTP sources that a description names.

use std::fmt;

use crate::lexical::{canonical, is_token, split_at};
use crate::values::Msid;

/// Something said about one RTP source (`ssrc`), RFC 5576 section 4.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ssrc {
    /// The source.
    pub id: u32,
    /// What is said about it.
    pub attribute: SourceAttribute,
}

impl Ssrc {
    /// Names the canonical end-point of a source.
    pub fn cname(id: u32, cname: impl Into<String>) -> Self {
        Self {
            id,
            attribute: SourceAttribute::Cname(cname.into()),
        }
    }

    /// Says which track a source belongs to.
    pub fn msid(id: u32, msid: Msid) -> Self {
        Self {
            id,
            attribute: SourceAttribute::Msid(msid),
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (id, attribute) = split_at(value, b' ')?;
        Some(Self {
            id: canonical(id)?,
            attribute: SourceAttribute::parse(attribute)?,
        })
    }
}

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.attribute)
    }
}

/// An attribute of an RTP source, RFC 5576 section 6.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SourceAttribute {
    /// `cname`, RFC 5576 section 6.1.
    Cname(String),
    /// `msid`: older than that of the section (RFC 8830), and still written beside it.
    Msid(Msid),
    /// Another attribute, as it is.
    Other {
        /// What stands before the colon.
        name: String,
        /// What stands behind it, when there is one.
        value: Option<String>,
    },
}

impl SourceAttribute {
    fn parse(text: &str) -> Option<Self> {
        let (name, value) = match split_at(text, b':') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let typed = match (name, value) {
            ("cname", Some(value)) if !value.is_empty() => Some(Self::Cname(value.to_owned())),
            ("msid", Some(value)) => Msid::parse(value).map(Self::Msid),
            _ => None,
        };
        typed.or_else(|| {
            is_token(name).then(|| Self::Other {
                name: name.to_owned(),
                value: value.map(str::to_owned),
            })
        })
    }
}

impl fmt::Display for SourceAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cname(cname) => write!(f, "cname:{cname}"),
            Self::Msid(msid) => write!(f, "msid:{msid}"),
            Self::Other { name, value } => {
                f.write_str(name)?;
                value.iter().try_for_each(|value| write!(f, ":{value}"))
            }
        }
    }
}

/// RTP sources that belong together (`ssrc-group`), RFC 5576 section 4.2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SsrcGroup {
    /// What the group is for.
    pub semantics: SsrcSemantics,
    /// The sources, in an order that has a meaning.
    pub ids: Vec<u32>,
}

impl SsrcGroup {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        Some(Self {
            semantics: SsrcSemantics::parse(parts.next()?)?,
            ids: parts.map(canonical).collect::<Option<_>>()?,
        })
    }
}

impl fmt::Display for SsrcGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.semantics)?;
        self.ids.iter().try_for_each(|id| write!(f, " {id}"))
    }
}

/// What a group of sources is for, RFC 5576 section 4.2.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SsrcSemantics {
    /// `FID`: a source and its retransmissions, RFC 4588 section 5.3 (RFC 5576 section 4.2).
    Fid,
    /// `SIM`: the same in several qualities, before `simulcast` (RFC 8853).
    Sim,
    /// `FEC-FR`: a source and its repair packets, RFC 5956.
    FecFr,
    /// Another meaning.
    Other(String),
}

impl SsrcSemantics {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "FID" => Some(Self::Fid),
            "SIM" => Some(Self::Sim),
            "FEC-FR" => Some(Self::FecFr),
            other => is_token(other).then(|| Self::Other(other.to_owned())),
        }
    }
}

impl fmt::Display for SsrcSemantics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fid => "FID",
            Self::Sim => "SIM",
            Self::FecFr => "FEC-FR",
            Self::Other(text) => text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceAttribute, Ssrc, SsrcGroup, SsrcSemantics};

    #[test]
    fn what_is_said_about_a_source_is_read() {
        assert_eq!(Ssrc::parse("1 cname:a b:c"), Some(Ssrc::cname(1, "a b:c")));
        let track = Ssrc::parse("4294967295 msid:s t").unwrap();
        assert!(matches!(track.attribute, SourceAttribute::Msid(msid) if msid.stream == "s"));
        let other = Ssrc::parse("7 label").unwrap().attribute;
        assert!(matches!(other, SourceAttribute::Other { value: None, .. }));
        for text in [
            "1",
            "1 ",
            "01 cname:a",
            "4294967296 cname:a",
            "x cname:a",
            "1  cname:a",
        ] {
            assert_eq!(Ssrc::parse(text), None, "{text}");
        }
    }

    #[test]
    fn groups_of_sources_keep_their_order() {
        let group = SsrcGroup::parse("FID 9 4").unwrap();
        assert_eq!(
            (group.semantics, group.ids),
            (SsrcSemantics::Fid, vec![9, 4])
        );
        assert_eq!(SsrcGroup::parse("FID 9  4"), None);
        assert_eq!(SsrcGroup::parse("FID 09"), None);
        assert!(SsrcGroup::parse("DUP").unwrap().ids.is_empty());
    }
}
