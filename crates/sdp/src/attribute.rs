//! Typed attributes.

use std::fmt;

use crate::extmap::ExtMap;
use crate::feedback::{RtcpFeedback, RtcpPort};
use crate::fields::Real;
use crate::fmtp::Fmtp;
use crate::lexical::{canonical, is_token, split_at, split_spaces};
use crate::rid::{Rid, Simulcast};
use crate::rtp_map::RtpMap;
use crate::source::{Ssrc, SsrcGroup};
use crate::values::{Fingerprint, Group, Msid, RemoteCandidate, SctpMap};
use crate::words::{ConnectionReuse, Direction, Setup};

/// An attribute (`a=`), RFC 8866 section 5.13.
///
/// `Display` writes what follows `a=`. An attribute that is not listed here, or whose value would
/// not be written again letter for letter, is [`Unknown`](Self::Unknown).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// `group`, RFC 5888 section 5.
    Group(Group),
    /// `mid`, RFC 5888 section 4.
    Mid(String),
    /// `ice-ufrag`, RFC 8839 section 5.4.
    IceUfrag(String),
    /// `ice-pwd`, RFC 8839 section 5.4.
    IcePwd(String),
    /// `ice-options`, RFC 8839 section 5.6.
    IceOptions(Vec<String>),
    /// `ice-lite`, RFC 8839 section 5.3.
    IceLite,
    /// `candidate`, RFC 8839 section 5.1: what follows `candidate:`, as it is.
    Candidate(String),
    /// `end-of-candidates`, RFC 8840 section 8.2.
    EndOfCandidates,
    /// `remote-candidates`, RFC 8839 section 5.2.
    RemoteCandidates(Vec<RemoteCandidate>),
    /// `ice-pacing` in milliseconds, RFC 8839 section 5.5.
    IcePacing(u64),
    /// `ice-mismatch`, RFC 8839 section 5.3.
    IceMismatch,
    /// `fingerprint`, RFC 8122 section 5.
    Fingerprint(Fingerprint),
    /// `setup`, RFC 4145 section 4.
    Setup(Setup),
    /// `tls-id`, RFC 8842 section 4.
    TlsId(String),
    /// `connection`, RFC 4145 section 5.
    Connection(ConnectionReuse),
    /// `sctp-port`, RFC 8841 section 5.
    SctpPort(u16),
    /// `max-message-size` in bytes, RFC 8841 section 6. 0 means any size.
    MaxMessageSize(u64),
    /// `sctpmap`, which `sctp-port` replaced: RFC 8841 does not have it any more.
    SctpMap(SctpMap),
    /// `sctp-init`: an INIT chunk in base64, as it is.
    SctpInit(String),
    /// `sendrecv`, `sendonly`, `recvonly` or `inactive`, RFC 8866 section 6.7.
    Direction(Direction),
    /// `rtcp-mux`, RFC 5761 section 5.1.1.
    RtcpMux,
    /// `rtcp-mux-only`, RFC 8858 section 3.
    RtcpMuxOnly,
    /// `rtcp-rsize`, RFC 5506 section 5.
    RtcpRsize,
    /// `bundle-only`, RFC 9143 section 6.
    BundleOnly,
    /// `extmap-allow-mixed`, RFC 8285 section 6.
    ExtmapAllowMixed,
    /// `msid`, RFC 8830 section 2.
    Msid(Msid),
    /// `msid-semantic`: what follows the colon, as it is.
    MsidSemantic(String),
    /// `rtpmap`, RFC 8866 section 6.6.
    RtpMap(RtpMap),
    /// `fmtp`, RFC 8866 section 6.15.
    Fmtp(Fmtp),
    /// `rtcp-fb`, RFC 4585 section 4.2.
    RtcpFeedback(RtcpFeedback),
    /// `extmap`, RFC 8285 section 5.
    ExtMap(ExtMap),
    /// `ssrc`, RFC 5576 section 4.1.
    Ssrc(Ssrc),
    /// `ssrc-group`, RFC 5576 section 4.2.
    SsrcGroup(SsrcGroup),
    /// `rid`, RFC 8851 section 4.
    Rid(Rid),
    /// `simulcast`, RFC 8853 section 5.1.
    Simulcast(Simulcast),
    /// `rtcp`, RFC 3605 section 2.1.
    RtcpPort(RtcpPort),
    /// `ptime` in milliseconds, RFC 8866 section 6.4.
    Ptime(Real),
    /// `maxptime` in milliseconds, RFC 8866 section 6.5.
    MaxPtime(Real),
    /// `framerate` in frames a second, RFC 8866 section 6.13.
    Framerate(Real),
    /// `content`: what the media shows, RFC 4796 section 4.
    Content(Vec<String>),
    /// `label`, RFC 4574 section 4.
    Label(String),
    /// `imageattr`, RFC 6236 section 3.1: what follows the colon, as it is.
    ImageAttr(String),
    /// Another attribute, as it is.
    Unknown {
        /// What stands before the colon.
        name: String,
        /// What stands behind it, when there is one.
        value: Option<String>,
    },
}

impl Attribute {
    /// Reads what follows `a=`. `None` when the name is not a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, value) = match split_at(text, b':') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let typed = match value {
            Some(value) => Self::with_value(name, value),
            None => Self::property(name),
        };
        typed.or_else(|| Self::unknown(name, value))
    }

    /// An attribute without a type of its own. `None` when the name is not a token.
    pub fn unknown(name: &str, value: Option<&str>) -> Option<Self> {
        let (name, value) = (
            is_token(name).then(|| name.to_owned())?,
            value.map(str::to_owned),
        );
        Some(Self::Unknown { name, value })
    }

    /// What stands before the colon.
    pub fn name(&self) -> &str {
        match self {
            Self::Group(_) => "group",
            Self::Mid(_) => "mid",
            Self::IceUfrag(_) => "ice-ufrag",
            Self::IcePwd(_) => "ice-pwd",
            Self::IceOptions(_) => "ice-options",
            Self::IceLite => "ice-lite",
            Self::Candidate(_) => "candidate",
            Self::EndOfCandidates => "end-of-candidates",
            Self::RemoteCandidates(_) => "remote-candidates",
            Self::IcePacing(_) => "ice-pacing",
            Self::IceMismatch => "ice-mismatch",
            Self::Fingerprint(_) => "fingerprint",
            Self::Setup(_) => "setup",
            Self::TlsId(_) => "tls-id",
            Self::Connection(_) => "connection",
            Self::SctpPort(_) => "sctp-port",
            Self::MaxMessageSize(_) => "max-message-size",
            Self::SctpMap(_) => "sctpmap",
            Self::SctpInit(_) => "sctp-init",
            Self::Direction(direction) => direction.as_str(),
            Self::RtcpMux => "rtcp-mux",
            Self::RtcpMuxOnly => "rtcp-mux-only",
            Self::RtcpRsize => "rtcp-rsize",
            Self::BundleOnly => "bundle-only",
            Self::ExtmapAllowMixed => "extmap-allow-mixed",
            Self::Msid(_) => "msid",
            Self::MsidSemantic(_) => "msid-semantic",
            Self::RtpMap(_) => "rtpmap",
            Self::Fmtp(_) => "fmtp",
            Self::RtcpFeedback(_) => "rtcp-fb",
            Self::ExtMap(_) => "extmap",
            Self::Ssrc(_) => "ssrc",
            Self::SsrcGroup(_) => "ssrc-group",
            Self::Rid(_) => "rid",
            Self::Simulcast(_) => "simulcast",
            Self::RtcpPort(_) => "rtcp",
            Self::Ptime(_) => "ptime",
            Self::MaxPtime(_) => "maxptime",
            Self::Framerate(_) => "framerate",
            Self::Content(_) => "content",
            Self::Label(_) => "label",
            Self::ImageAttr(_) => "imageattr",
            Self::Unknown { name, .. } => name,
        }
    }

    fn property(name: &str) -> Option<Self> {
        Some(match name {
            "ice-lite" => Self::IceLite,
            "ice-mismatch" => Self::IceMismatch,
            "end-of-candidates" => Self::EndOfCandidates,
            "rtcp-mux" => Self::RtcpMux,
            "rtcp-mux-only" => Self::RtcpMuxOnly,
            "rtcp-rsize" => Self::RtcpRsize,
            "bundle-only" => Self::BundleOnly,
            "extmap-allow-mixed" => Self::ExtmapAllowMixed,
            _ => Self::Direction(Direction::parse(name)?),
        })
    }

    /// What it gives is written again letter for letter: each reader takes canonical forms only.
    fn with_value(name: &str, value: &str) -> Option<Self> {
        let raw = || {
            Some(value)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        Some(match name {
            // The most frequent first.
            "rtpmap" => Self::RtpMap(RtpMap::parse(value)?),
            "fmtp" => Self::Fmtp(Fmtp::parse(value)?),
            "rtcp-fb" => Self::RtcpFeedback(RtcpFeedback::parse(value)?),
            "extmap" => Self::ExtMap(ExtMap::parse(value)?),
            "ssrc" => Self::Ssrc(Ssrc::parse(value)?),
            "ssrc-group" => Self::SsrcGroup(SsrcGroup::parse(value)?),
            "group" => Self::Group(Group::parse(value)?),
            "mid" => Self::Mid(raw().filter(|mid| is_token(mid))?),
            "ice-ufrag" => Self::IceUfrag(raw().filter(|ufrag| is_ice_string(ufrag, 4))?),
            "ice-pwd" => Self::IcePwd(raw().filter(|pwd| is_ice_string(pwd, 22))?),
            "ice-options" => Self::IceOptions(parse_options(value)?),
            "candidate" => Self::Candidate(raw()?),
            "remote-candidates" => Self::RemoteCandidates(RemoteCandidate::parse_all(value)?),
            "ice-pacing" => Self::IcePacing(canonical(value)?),
            "fingerprint" => Self::Fingerprint(Fingerprint::parse(value)?),
            "setup" => Self::Setup(Setup::parse(value)?),
            "tls-id" => Self::TlsId(raw().filter(|id| is_tls_id(id))?),
            "connection" => Self::Connection(ConnectionReuse::parse(value)?),
            "sctp-port" => Self::SctpPort(canonical(value)?),
            "max-message-size" => Self::MaxMessageSize(canonical(value)?),
            "sctpmap" => Self::SctpMap(SctpMap::parse(value)?),
            "sctp-init" => Self::SctpInit(raw()?),
            "msid" => Self::Msid(Msid::parse(value)?),
            "msid-semantic" => Self::MsidSemantic(raw()?),
            "rid" => Self::Rid(Rid::parse(value)?),
            "simulcast" => Self::Simulcast(Simulcast::parse(value)?),
            "rtcp" => Self::RtcpPort(RtcpPort::parse(value)?),
            "ptime" => Self::Ptime(Real::parse(value)?),
            "maxptime" => Self::MaxPtime(Real::parse(value)?),
            "framerate" => Self::Framerate(Real::parse(value)?),
            "content" => Self::Content(parse_content(value)?),
            "label" => Self::Label(raw().filter(|label| is_token(label))?),
            "imageattr" => Self::ImageAttr(raw()?),
            _ => return None,
        })
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Group(group) => write!(f, ":{group}"),
            Self::IceOptions(options) => write!(f, ":{}", options.join(" ")),
            Self::RemoteCandidates(candidates) => write_spaced(f, candidates),
            Self::IcePacing(milliseconds) => write!(f, ":{milliseconds}"),
            Self::Fingerprint(fingerprint) => write!(f, ":{fingerprint}"),
            Self::Setup(setup) => write!(f, ":{setup}"),
            Self::Connection(reuse) => write!(f, ":{reuse}"),
            Self::SctpPort(port) => write!(f, ":{port}"),
            Self::MaxMessageSize(size) => write!(f, ":{size}"),
            Self::SctpMap(map) => write!(f, ":{map}"),
            Self::Msid(msid) => write!(f, ":{msid}"),
            Self::RtpMap(map) => write!(f, ":{map}"),
            Self::Fmtp(fmtp) => write!(f, ":{fmtp}"),
            Self::RtcpFeedback(feedback) => write!(f, ":{feedback}"),
            Self::ExtMap(map) => write!(f, ":{map}"),
            Self::Ssrc(ssrc) => write!(f, ":{ssrc}"),
            Self::SsrcGroup(group) => write!(f, ":{group}"),
            Self::Rid(rid) => write!(f, ":{rid}"),
            Self::Simulcast(simulcast) => write!(f, ":{simulcast}"),
            Self::RtcpPort(port) => write!(f, ":{port}"),
            Self::Ptime(number) | Self::MaxPtime(number) | Self::Framerate(number) => {
                write!(f, ":{number}")
            }
            Self::Content(content) => write!(f, ":{}", content.join(",")),
            Self::Mid(text)
            | Self::IceUfrag(text)
            | Self::IcePwd(text)
            | Self::Candidate(text)
            | Self::TlsId(text)
            | Self::SctpInit(text)
            | Self::MsidSemantic(text)
            | Self::Label(text)
            | Self::ImageAttr(text)
            | Self::Unknown {
                value: Some(text), ..
            } => write!(f, ":{text}"),
            Self::Unknown { value: None, .. }
            | Self::IceLite
            | Self::IceMismatch
            | Self::EndOfCandidates
            | Self::Direction(_)
            | Self::RtcpMux
            | Self::RtcpMuxOnly
            | Self::RtcpRsize
            | Self::BundleOnly
            | Self::ExtmapAllowMixed => Ok(()),
        }
    }
}

fn write_spaced(f: &mut fmt::Formatter<'_>, values: &[impl fmt::Display]) -> fmt::Result {
    values.iter().enumerate().try_for_each(|(index, value)| {
        let separator = if index == 0 { ':' } else { ' ' };
        write!(f, "{separator}{value}")
    })
}

/// A run of `ice-char`, at most 256 of them: RFC 8839 section 5.4.
fn is_ice_string(text: &str, shortest: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    (shortest..=256).contains(&text.len()) && text.bytes().all(allowed)
}

/// 20 to 255 characters of a small set: RFC 8842 section 4.
fn is_tls_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    (20..=255).contains(&text.len()) && text.bytes().all(allowed)
}

fn parse_options(value: &str) -> Option<Vec<String>> {
    Some(
        split_spaces(value, is_ice_option)?
            .into_iter()
            .map(str::to_owned)
            .collect(),
    )
}

fn parse_content(value: &str) -> Option<Vec<String>> {
    let item = |item: &str| is_token(item).then(|| item.to_owned());
    value.split(',').map(item).collect()
}

/// RFC 8839 section 5.6 allows `ice-char` only; options in use such as `google-ice` are tokens.
fn is_ice_option(text: &str) -> bool {
    is_token(text) || is_ice_string(text, 1)
}
