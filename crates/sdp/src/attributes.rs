//! The attributes of a section, in order.

use crate::attribute::Attribute;
use crate::values::{Fingerprint, Group, Msid, RemoteCandidate, SctpMap};
use crate::words::{ConnectionReuse, Direction, Setup};

/// The attributes of a session or of a media description, in order.
///
/// A look-up of an attribute that should stand once returns the first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Attributes(Vec<Attribute>);

impl Attributes {
    /// Adds one at the end.
    pub fn push(&mut self, attribute: Attribute) {
        self.0.push(attribute);
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Attribute> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an equal one is among them.
    pub fn contains(&self, attribute: &Attribute) -> bool {
        self.0.contains(attribute)
    }

    /// Keeps those that `keep` accepts.
    pub fn retain(&mut self, keep: impl FnMut(&Attribute) -> bool) {
        self.0.retain(keep);
    }

    /// Those with a name, typed or not.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Attribute> {
        self.0
            .iter()
            .filter(move |attribute| attribute.name() == name)
    }

    /// `group`.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.0.iter().filter_map(|attribute| match attribute {
            Attribute::Group(group) => Some(group),
            _ => None,
        })
    }

    /// `candidate`: what follows `candidate:`.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|attribute| match attribute {
            Attribute::Candidate(candidate) => Some(candidate.as_str()),
            _ => None,
        })
    }

    /// `fingerprint`.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.0.iter().filter_map(|attribute| match attribute {
            Attribute::Fingerprint(fingerprint) => Some(fingerprint),
            _ => None,
        })
    }

    /// `msid`.
    pub fn msids(&self) -> impl Iterator<Item = &Msid> {
        self.0.iter().filter_map(|attribute| match attribute {
            Attribute::Msid(msid) => Some(msid),
            _ => None,
        })
    }

    /// `mid`.
    pub fn mid(&self) -> Option<&str> {
        self.first(|attribute| match attribute {
            Attribute::Mid(mid) => Some(mid.as_str()),
            _ => None,
        })
    }

    /// `ice-ufrag`.
    pub fn ice_ufrag(&self) -> Option<&str> {
        self.first(|attribute| match attribute {
            Attribute::IceUfrag(ufrag) => Some(ufrag.as_str()),
            _ => None,
        })
    }

    /// `ice-pwd`.
    pub fn ice_pwd(&self) -> Option<&str> {
        self.first(|attribute| match attribute {
            Attribute::IcePwd(pwd) => Some(pwd.as_str()),
            _ => None,
        })
    }

    /// `ice-options`.
    pub fn ice_options(&self) -> Option<&[String]> {
        self.first(|attribute| match attribute {
            Attribute::IceOptions(options) => Some(options.as_slice()),
            _ => None,
        })
    }

    /// `ice-pacing` in milliseconds.
    pub fn ice_pacing(&self) -> Option<u64> {
        self.first(|attribute| match attribute {
            Attribute::IcePacing(milliseconds) => Some(*milliseconds),
            _ => None,
        })
    }

    /// `remote-candidates`.
    pub fn remote_candidates(&self) -> impl Iterator<Item = &RemoteCandidate> {
        let lists = self.0.iter().filter_map(|attribute| match attribute {
            Attribute::RemoteCandidates(candidates) => Some(candidates),
            _ => None,
        });
        lists.flatten()
    }

    /// `setup`.
    pub fn setup(&self) -> Option<Setup> {
        self.first(|attribute| match attribute {
            Attribute::Setup(setup) => Some(*setup),
            _ => None,
        })
    }

    /// `tls-id`.
    pub fn tls_id(&self) -> Option<&str> {
        self.first(|attribute| match attribute {
            Attribute::TlsId(id) => Some(id.as_str()),
            _ => None,
        })
    }

    /// `connection`.
    pub fn connection_reuse(&self) -> Option<ConnectionReuse> {
        self.first(|attribute| match attribute {
            Attribute::Connection(reuse) => Some(*reuse),
            _ => None,
        })
    }

    /// `sctp-port`.
    pub fn sctp_port(&self) -> Option<u16> {
        self.first(|attribute| match attribute {
            Attribute::SctpPort(port) => Some(*port),
            _ => None,
        })
    }

    /// `max-message-size`.
    pub fn max_message_size(&self) -> Option<u64> {
        self.first(|attribute| match attribute {
            Attribute::MaxMessageSize(size) => Some(*size),
            _ => None,
        })
    }

    /// `sctpmap`.
    pub fn sctp_maps(&self) -> impl Iterator<Item = &SctpMap> {
        self.0.iter().filter_map(|attribute| match attribute {
            Attribute::SctpMap(map) => Some(map),
            _ => None,
        })
    }

    /// `sctp-init`.
    pub fn sctp_init(&self) -> Option<&str> {
        self.first(|attribute| match attribute {
            Attribute::SctpInit(init) => Some(init.as_str()),
            _ => None,
        })
    }

    /// `sendrecv`, `sendonly`, `recvonly` or `inactive`.
    pub fn direction(&self) -> Option<Direction> {
        self.first(|attribute| match attribute {
            Attribute::Direction(direction) => Some(*direction),
            _ => None,
        })
    }

    pub(crate) fn first<'a, T>(
        &'a self,
        select: impl FnMut(&'a Attribute) -> Option<T>,
    ) -> Option<T> {
        self.0.iter().find_map(select)
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = &'a Attribute;
    type IntoIter = std::slice::Iter<'a, Attribute>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Attribute> for Attributes {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

impl Extend<Attribute> for Attributes {
    fn extend<I: IntoIterator<Item = Attribute>>(&mut self, attributes: I) {
        self.0.extend(attributes);
    }
}
