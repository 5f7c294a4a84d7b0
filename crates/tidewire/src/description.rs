//! Descriptions and candidates as signalling carries them, in the shape of the W3C's dictionaries.

use std::fmt;

/// RTCSdpType.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SdpType {
    /// Proposes a session.
    Offer,
    /// Answers an offer provisionally.
    Pranswer,
    /// Answers an offer.
    Answer,
    /// Takes the last offer back.
    Rollback,
}

impl SdpType {
    /// The word that W3C webrtc-pc uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Pranswer => "pranswer",
            Self::Answer => "answer",
            Self::Rollback => "rollback",
        }
    }
}

impl fmt::Display for SdpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// RTCSessionDescription: a session description and what it is meant as.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionDescription {
    /// What it is meant as.
    pub kind: SdpType,
    /// The description as text (RFC 8866).
    pub sdp: String,
}

impl SessionDescription {
    /// An offer.
    pub fn offer(sdp: impl Into<String>) -> Self {
        Self {
            kind: SdpType::Offer,
            sdp: sdp.into(),
        }
    }

    /// An answer.
    pub fn answer(sdp: impl Into<String>) -> Self {
        Self {
            kind: SdpType::Answer,
            sdp: sdp.into(),
        }
    }

    /// Takes the pending offer back (RFC 8829 section 4.1.10.2).
    pub fn rollback() -> Self {
        Self {
            kind: SdpType::Rollback,
            sdp: String::new(),
        }
    }
}

/// RTCIceCandidateInit: a candidate on its way through signalling (RFC 8838).
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IceCandidateInit {
    /// The `candidate:…` line without its `a=`; empty for the end of candidates.
    pub candidate: String,
    /// The media section it belongs to, by name.
    pub sdp_mid: Option<String>,
    /// The media section it belongs to, by position.
    pub sdp_m_line_index: Option<u16>,
    /// The generation of credentials it belongs to.
    pub username_fragment: Option<String>,
}
