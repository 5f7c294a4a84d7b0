//! Typed attributes.

use std::fmt::{self, Write};

use crate::lexical::{canonical, is_token, split_spaces};
use crate::values::{Fingerprint, Group, Msid, RemoteCandidate, SctpMap};

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
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let typed = match value {
            Some(value) => Self::with_value(name, value),
            None => Self::property(name),
        };
        typed
            .filter(|typed| is_written_as(typed, text))
            .or_else(|| Self::unknown(name, value))
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

    fn with_value(name: &str, value: &str) -> Option<Self> {
        let raw = || {
            Some(value)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        Some(match name {
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
            Self::Mid(text)
            | Self::IceUfrag(text)
            | Self::IcePwd(text)
            | Self::Candidate(text)
            | Self::TlsId(text)
            | Self::SctpInit(text)
            | Self::MsidSemantic(text)
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

/// Whether a value is written as `text`, letter for letter.
fn is_written_as(value: &impl fmt::Display, text: &str) -> bool {
    struct Rest<'a>(&'a str);
    impl Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
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

/// RFC 8839 section 5.6 allows `ice-char` only; options in use such as `google-ice` are tokens.
fn is_ice_option(text: &str) -> bool {
    is_token(text) || is_ice_string(text, 1)
}

/// An enumeration of words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl $name {
            /// The word as it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            fn parse(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Which end opens the connection, RFC 4145 section 4 and RFC 5763 section 5.
    Setup {
        /// This end opens it: the DTLS client.
        Active = "active",
        /// The other end opens it.
        Passive = "passive",
        /// The answerer chooses; only in offers.
        ActPass = "actpass",
        /// Not yet.
        HoldConn = "holdconn",
    }
}

words! {
    /// Whether the connection is to be a new one, RFC 4145 section 5.
    ConnectionReuse {
        /// A new one.
        New = "new",
        /// The one that there is.
        Existing = "existing",
    }
}

words! {
    /// Which way media flows, RFC 8866 section 6.7, seen from the description's author.
    Direction {
        /// Both ways.
        SendRecv = "sendrecv",
        /// From the author only.
        SendOnly = "sendonly",
        /// To the author only.
        RecvOnly = "recvonly",
        /// Neither way.
        Inactive = "inactive",
    }
}

impl Direction {
    /// The same flow seen from the other end.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            both @ (Self::SendRecv | Self::Inactive) => both,
        }
    }

    /// Whether the author sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the author receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}
