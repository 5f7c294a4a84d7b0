//! Look-ups of media attributes.

use crate::attribute::Attribute;
use crate::attributes::Attributes;
use crate::extmap::ExtMap;
use crate::feedback::{Feedback, RtcpFeedback, RtcpPort};
use crate::fields::Real;
use crate::fmtp::Fmtp;
use crate::media::MediaDescription;
use crate::rid::{Rid, Simulcast};
use crate::rtp_map::RtpMap;
use crate::source::{SourceAttribute, Ssrc, SsrcGroup};

impl Attributes {
    /// `rtpmap`.
    pub fn rtpmaps(&self) -> impl Iterator<Item = &RtpMap> {
        self.iter().filter_map(|attribute| match attribute {
            Attribute::RtpMap(map) => Some(map),
            _ => None,
        })
    }

    /// `rtpmap` of a payload type. It goes through all attributes, as the other look-ups of one
    /// payload type do: [`MediaDescription::payload_formats`] is for many.
    pub fn rtpmap(&self, payload_type: u8) -> Option<&RtpMap> {
        self.rtpmaps().find(|map| map.payload_type == payload_type)
    }

    /// `fmtp`.
    pub fn fmtps(&self) -> impl Iterator<Item = &Fmtp> {
        self.iter().filter_map(|attribute| match attribute {
            Attribute::Fmtp(fmtp) => Some(fmtp),
            _ => None,
        })
    }

    /// `fmtp` of a payload type.
    pub fn fmtp(&self, payload_type: u8) -> Option<&Fmtp> {
        self.fmtps().find(|fmtp| fmtp.payload_type == payload_type)
    }

    /// `rtcp-fb`.
    pub fn rtcp_feedback(&self) -> impl Iterator<Item = &RtcpFeedback> {
        self.iter().filter_map(|attribute| match attribute {
            Attribute::RtcpFeedback(feedback) => Some(feedback),
            _ => None,
        })
    }

    /// `rtcp-fb` of a payload type, those for all (`*`) included.
    pub fn rtcp_fbs(&self, payload_type: u8) -> impl Iterator<Item = &Feedback> {
        self.rtcp_feedback()
            .filter(move |stated| stated.applies_to(payload_type))
            .map(|stated| &stated.feedback)
    }

    /// `extmap`.
    pub fn extmaps(&self) -> impl Iterator<Item = &ExtMap> {
        self.iter().filter_map(|attribute| match attribute {
            Attribute::ExtMap(map) => Some(map),
            _ => None,
        })
    }

    /// `rid`.
    pub fn rids(&self) -> impl Iterator<Item = &Rid> {
        self.iter().filter_map(|attribute| match attribute {
            Attribute::Rid(rid) => Some(rid),
            _ => None,
        })
    }

    /// `simulcast`.
    pub fn simulcast(&self) -> Option<&Simulcast> {
        self.first(|attribute| match attribute {
            Attribute::Simulcast(simulcast) => Some(simulcast),
            _ => None,
        })
    }

    /// `ssrc`.
    pub fn ssrcs(&self) -> impl Iterator<Item = &Ssrc> {
        self.iter().filter_map(|attribute| match attribute {
            Attribute::Ssrc(ssrc) => Some(ssrc),
            _ => None,
        })
    }

    /// `cname` of a source.
    pub fn cname(&self, ssrc: u32) -> Option<&str> {
        let mut stated = self.ssrcs().filter(|stated| stated.id == ssrc);
        stated.find_map(|stated| match &stated.attribute {
            SourceAttribute::Cname(cname) => Some(cname.as_str()),
            _ => None,
        })
    }

    /// `ssrc-group`.
    pub fn ssrc_groups(&self) -> impl Iterator<Item = &SsrcGroup> {
        self.iter().filter_map(|attribute| match attribute {
            Attribute::SsrcGroup(group) => Some(group),
            _ => None,
        })
    }

    /// `rtcp`.
    pub fn rtcp_port(&self) -> Option<&RtcpPort> {
        self.first(|attribute| match attribute {
            Attribute::RtcpPort(port) => Some(port),
            _ => None,
        })
    }

    /// `ptime` in milliseconds.
    pub fn ptime(&self) -> Option<&Real> {
        self.first(|attribute| match attribute {
            Attribute::Ptime(time) => Some(time),
            _ => None,
        })
    }

    /// `maxptime` in milliseconds.
    pub fn maxptime(&self) -> Option<&Real> {
        self.first(|attribute| match attribute {
            Attribute::MaxPtime(time) => Some(time),
            _ => None,
        })
    }

    /// `framerate` in frames a second.
    pub fn framerate(&self) -> Option<&Real> {
        self.first(|attribute| match attribute {
            Attribute::Framerate(rate) => Some(rate),
            _ => None,
        })
    }

    /// `label`.
    pub fn label(&self) -> Option<&str> {
        self.first(|attribute| match attribute {
            Attribute::Label(label) => Some(label.as_str()),
            _ => None,
        })
    }

    /// `content`.
    pub fn content(&self) -> Option<&[String]> {
        self.first(|attribute| match attribute {
            Attribute::Content(content) => Some(content.as_slice()),
            _ => None,
        })
    }
}

/// What a media description says about one of its payload types.
#[derive(Clone, Copy, Debug)]
pub struct PayloadFormat<'a> {
    /// The payload type.
    pub payload_type: u8,
    /// The encoding; [`RtpMap::assigned`] knows some that need no `rtpmap`.
    pub rtpmap: Option<&'a RtpMap>,
    /// The parameters.
    pub fmtp: Option<&'a Fmtp>,
    attributes: &'a Attributes,
}

impl<'a> PayloadFormat<'a> {
    /// The parameters as text, empty when there are none.
    pub fn parameters(&self) -> &'a str {
        self.fmtp.map_or("", |fmtp| fmtp.parameters.as_str())
    }

    /// The feedback that it may be sent, RFC 4585 section 4.2.
    pub fn feedback(&self) -> impl Iterator<Item = &'a Feedback> {
        self.attributes.rtcp_fbs(self.payload_type)
    }
}

impl MediaDescription {
    /// The payload types of the `m=` line in order, each once. Other formats are passed over.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> {
        let mut seen = 0_u128;
        let parsed = self.formats.iter();
        parsed
            .filter_map(|format| crate::lexical::payload_type(format))
            .filter(move |payload_type| {
                let bit = 1 << payload_type;
                let is_new = seen & bit == 0;
                seen |= bit;
                is_new
            })
    }

    /// What is said about each payload type, in the order of the `m=` line. The attributes are gone
    /// through once; of two for the same payload type the first counts.
    pub fn payload_formats(&self) -> Vec<PayloadFormat<'_>> {
        let (mut rtpmaps, mut fmtps) = ([None; 128], [None; 128]);
        for attribute in &self.attributes {
            match attribute {
                Attribute::RtpMap(map) => set_first(&mut rtpmaps, map.payload_type, map),
                Attribute::Fmtp(fmtp) => set_first(&mut fmtps, fmtp.payload_type, fmtp),
                _ => {}
            }
        }
        let format = |payload_type| PayloadFormat {
            payload_type,
            rtpmap: rtpmaps[usize::from(payload_type)],
            fmtp: fmtps[usize::from(payload_type)],
            attributes: &self.attributes,
        };
        self.payload_types().map(format).collect()
    }

    /// A bound on bandwidth by its kind, such as `AS` or `TIAS` (RFC 3890 section 6.2).
    pub fn bandwidth(&self, kind: &str) -> Option<u64> {
        let mut bandwidths = self.bandwidths.iter();
        bandwidths
            .find(|bandwidth| bandwidth.kind == kind)
            .and_then(|bandwidth| bandwidth.value.value())
    }
}

/// A caller can make an attribute with a payload type that does not exist.
fn set_first<T>(slots: &mut [Option<T>; 128], payload_type: u8, value: T) {
    if let Some(slot) = slots.get_mut(usize::from(payload_type)) {
        slot.get_or_insert(value);
    }
}
