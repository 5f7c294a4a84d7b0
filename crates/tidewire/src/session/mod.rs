//! What descriptions say about a session, read from and written to SDP: JSEP's (RFC 8829) content
//! without its state machine.

mod read;
mod rtp;
mod write;

use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_sdp::MediaKind;

pub(crate) use read::{RemoteSession, SectionUse};
pub(crate) use rtp::{Layer, RtpSection, SectionCodec, SectionExtension};
pub(crate) use tidewire_sdp::Setup;
pub(crate) use write::{LocalParameters, describe, with_candidates};

/// The SCTP port that everybody uses (RFC 8841 section 5): with DTLS around it, it selects nothing.
pub(crate) const SCTP_PORT: u16 = 5000;

/// A media section, as both sides know it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Section {
    pub(crate) mid: Option<String>,
    pub(crate) content: Content,
}

/// What the mid of a section begins with that has none: its author did not write `a=mid`, and we do not
/// either (RFC 8829 section 5.10). With its blank it is no name that a description could tell.
const UNNAMED: &str = "unnamed ";

/// The mid that a section goes by whose description has none for it.
pub(crate) fn unnamed_mid(index: usize) -> String {
    format!("{UNNAMED}{index}")
}

/// The mid, if descriptions tell it.
pub(crate) fn told_mid(mid: Option<&String>) -> Option<&String> {
    mid.filter(|mid| !mid.starts_with(UNNAMED))
}

/// What a media section is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    /// Data channels.
    Data,
    /// Audio or video.
    Media(Box<RtpSection>),
    /// Rejected: what its `m=` line says is kept, as an answer repeats it.
    Rejected {
        kind: MediaKind,
        protocol: String,
        formats: Vec<String>,
    },
}

impl Section {
    /// Its mid, if descriptions tell it.
    pub(crate) fn told_mid(&self) -> Option<&String> {
        told_mid(self.mid.as_ref())
    }

    pub(crate) fn is_data(&self) -> bool {
        self.content == Content::Data
    }

    /// What it says about audio or video.
    pub(crate) fn media(&self) -> Option<&RtpSection> {
        match &self.content {
            Content::Media(media) => Some(media),
            _ => None,
        }
    }

    pub(crate) fn is_rejected(&self) -> bool {
        matches!(self.content, Content::Rejected { .. })
    }

    /// Whether both are for the same: data, or one kind of media.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Data, Content::Data) => true,
            (Content::Media(one), Content::Media(other)) => one.kind == other.kind,
            _ => false,
        }
    }
}

/// What a description says about its author's end of a transport.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransportParameters {
    pub(crate) credentials: ice::Credentials,
    /// The author is a lite agent (RFC 8445 section 2.5).
    pub(crate) lite: bool,
    pub(crate) fingerprints: Vec<dtls::Fingerprint>,
    pub(crate) setup: Setup,
    pub(crate) tls_id: Option<String>,
    /// What follows `a=`, each of it.
    pub(crate) candidates: Vec<String>,
    pub(crate) end_of_candidates: bool,
}

/// What a description says about its author's SCTP association (RFC 8841).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SctpParameters {
    pub(crate) port: u16,
    /// The longest message that the author accepts, in bytes; 0 means any.
    pub(crate) max_message_size: u64,
}
