//! What holds for a media description when the session's attributes are considered.

use crate::attribute::Attribute;
use crate::attributes::Attributes;
use crate::extmap::ExtMap;
use crate::media::MediaDescription;
use crate::values::Fingerprint;
use crate::words::{Direction, Setup};

/// The attributes that hold for a media description: its own first, the session's otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Effective<'a> {
    session: &'a Attributes,
    media: &'a Attributes,
}

impl<'a> Effective<'a> {
    pub(crate) fn new(session: &'a Attributes, media: &'a MediaDescription) -> Self {
        Self {
            session,
            media: &media.attributes,
        }
    }

    /// The username fragment, RFC 8839 section 5.4.
    pub fn ice_ufrag(&self) -> Option<&'a str> {
        self.first(Attributes::ice_ufrag)
    }

    /// The password, RFC 8839 section 5.4.
    pub fn ice_pwd(&self) -> Option<&'a str> {
        self.first(Attributes::ice_pwd)
    }

    /// Whether an ICE option is stated on either level, RFC 8839 section 5.6.
    pub fn has_ice_option(&self, option: &str) -> bool {
        let states = |attributes: &Attributes| {
            let options = attributes.iter().filter_map(|attribute| match attribute {
                Attribute::IceOptions(options) => Some(options),
                _ => None,
            });
            options.flatten().any(|stated| stated == option)
        };
        states(self.media) || states(self.session)
    }

    /// Whether the author is a lite agent. Only the session can say so: RFC 8839 section 5.3.
    pub fn is_ice_lite(&self) -> bool {
        self.session.contains(&Attribute::IceLite)
    }

    /// Whether no more candidates follow, stated on either level: RFC 8840 section 8.2.
    pub fn is_end_of_candidates(&self) -> bool {
        self.has(&Attribute::EndOfCandidates)
    }

    /// Whether both header extension forms may be mixed, RFC 8285 section 6.
    pub fn allows_mixed_extmap(&self) -> bool {
        self.has(&Attribute::ExtmapAllowMixed)
    }

    /// The header extensions, of the session only when the section has none: RFC 8285 section 5
    /// lets them stand on one of both levels.
    pub fn extmaps(&self) -> impl Iterator<Item = &'a ExtMap> + use<'a> {
        let stated = |attributes: &Attributes| attributes.extmaps().next().is_some();
        let level = if stated(self.media) {
            self.media
        } else {
            self.session
        };
        level.extmaps()
    }

    /// How often the author checks, in milliseconds. Only the session can say so: RFC 8839 section
    /// 5.5, which gives 50 when nothing is stated.
    pub fn ice_pacing(&self) -> u64 {
        self.session.ice_pacing().unwrap_or(50)
    }

    /// The fingerprints, of the session only when the section has none: RFC 8122 section 5.
    pub fn fingerprints(&self) -> impl Iterator<Item = &'a Fingerprint> + use<'a> {
        let stated = |attributes: &Attributes| attributes.fingerprints().next().is_some();
        let level = if stated(self.media) {
            self.media
        } else {
            self.session
        };
        level.fingerprints()
    }

    /// Which end opens the connection, RFC 8842 section 5.
    pub fn setup(&self) -> Option<Setup> {
        self.first(Attributes::setup)
    }

    /// The identity of the DTLS association, RFC 8842 section 4.
    pub fn tls_id(&self) -> Option<&'a str> {
        self.first(Attributes::tls_id)
    }

    /// The direction, both ways when nothing is stated: RFC 8866 section 6.7.
    pub fn direction(&self) -> Direction {
        self.first(Attributes::direction)
            .unwrap_or(Direction::SendRecv)
    }

    fn has(&self, attribute: &Attribute) -> bool {
        self.media.contains(attribute) || self.session.contains(attribute)
    }

    fn first<T>(&self, select: impl Fn(&'a Attributes) -> Option<T>) -> Option<T> {
        select(self.media).or_else(|| select(self.session))
    }
}
