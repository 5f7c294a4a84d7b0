//! RTCP: which feedback a payload type has, and where reports go.

use std::fmt;

use crate::fields::Connection;
use crate::lexical::{canonical, payload_type, split_at};

/// A kind of feedback for a payload type (`rtcp-fb`), RFC 4585 section 4.2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RtcpFeedback {
    /// The payload type, `None` for `*`: all of the section.
    pub payload_type: Option<u8>,
    /// What it may be sent.
    pub feedback: Feedback,
}

impl RtcpFeedback {
    /// Feedback for one payload type.
    pub fn new(payload_type: u8, feedback: Feedback) -> Self {
        Self {
            payload_type: Some(payload_type),
            feedback,
        }
    }

    /// Feedback for all payload types of the section (`*`).
    pub fn for_all(feedback: Feedback) -> Self {
        Self {
            payload_type: None,
            feedback,
        }
    }

    /// Whether it holds for a payload type.
    pub fn applies_to(&self, payload_type: u8) -> bool {
        self.payload_type.is_none_or(|own| own == payload_type)
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (format, feedback) = split_at(value, b' ')?;
        let payload_type = match format {
            "*" => None,
            number => Some(payload_type(number)?),
        };
        Some(Self {
            payload_type,
            feedback: Feedback::parse(feedback)?,
        })
    }
}

impl fmt::Display for RtcpFeedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload_type {
            Some(number) => write!(f, "{number} {}", self.feedback),
            None => write!(f, "* {}", self.feedback),
        }
    }
}

/// Feedback that a receiver may send, RFC 4585 section 4.2.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Feedback {
    /// `nack`: packets that are missing, RFC 4585 section 6.2.1.
    Nack,
    /// `nack pli`: a picture is lost, RFC 4585 section 6.3.1.
    NackPli,
    /// `nack sli`: a slice is lost, RFC 4585 section 6.3.2.
    NackSli,
    /// `nack rpsi`: which picture to refer to, RFC 4585 section 6.3.3.
    NackRpsi,
    /// `ack rpsi`: which picture has arrived, RFC 4585 section 6.3.3.
    AckRpsi,
    /// `ack ccfb`: when packets arrived, RFC 8888 section 6.
    AckCcfb,
    /// `ccm fir`: a full picture is wanted, RFC 5104 section 7.1.
    CcmFir,
    /// `ccm tmmbr` without parameters: the highest bit rate, RFC 5104 section 7.1.
    CcmTmmbr,
    /// `trr-int`: milliseconds between regular reports, RFC 4585 section 4.2.
    TrrInt(u32),
    /// `goog-remb`: the receiver's estimate of the bit rate.
    GoogRemb,
    /// `transport-cc`: when packets arrived, numbered for the transport.
    TransportCc,
    /// Another kind, as it is.
    Other(String),
}

impl Feedback {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "nack" => Self::Nack,
            "nack pli" => Self::NackPli,
            "nack sli" => Self::NackSli,
            "nack rpsi" => Self::NackRpsi,
            "ack rpsi" => Self::AckRpsi,
            "ack ccfb" => Self::AckCcfb,
            "ccm fir" => Self::CcmFir,
            "ccm tmmbr" => Self::CcmTmmbr,
            "goog-remb" => Self::GoogRemb,
            "transport-cc" => Self::TransportCc,
            _ => return Self::parse_other(text),
        })
    }

    fn parse_other(text: &str) -> Option<Self> {
        let interval = text.strip_prefix("trr-int ").and_then(canonical);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let name = text.split(' ').next().unwrap_or_default();
        let named = !name.is_empty() && name.bytes().all(allowed);
        match interval {
            Some(milliseconds) => Some(Self::TrrInt(milliseconds)),
            None => named.then(|| Self::Other(text.to_owned())),
        }
    }
}

impl fmt::Display for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nack => "nack",
            Self::NackPli => "nack pli",
            Self::NackSli => "nack sli",
            Self::NackRpsi => "nack rpsi",
            Self::AckRpsi => "ack rpsi",
            Self::AckCcfb => "ack ccfb",
            Self::CcmFir => "ccm fir",
            Self::CcmTmmbr => "ccm tmmbr",
            Self::GoogRemb => "goog-remb",
            Self::TransportCc => "transport-cc",
            Self::Other(text) => text,
            Self::TrrInt(milliseconds) => return write!(f, "trr-int {milliseconds}"),
        })
    }
}

/// Where RTCP goes when it does not go to the port above that of RTP (`rtcp`), RFC 3605 section 2.1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RtcpPort {
    /// The port.
    pub port: u16,
    /// The address, when it is not that of `c=`.
    pub connection: Option<Box<Connection>>,
}

impl RtcpPort {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (port, connection) = match split_at(value, b' ') {
            Some((port, connection)) => (port, Some(Box::new(Connection::parse(connection)?))),
            None => (value, None),
        };
        let port = canonical(port)?;
        Some(Self { port, connection })
    }
}

impl fmt::Display for RtcpPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.port)?;
        self.connection
            .iter()
            .try_for_each(|connection| write!(f, " {connection}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Feedback, RtcpFeedback};

    #[test]
    fn kinds_with_parameters_of_their_own_stay_text() {
        for text in [
            "ccm tmmbr smaxpr=120",
            "nack app x",
            "ack",
            "trr-int 010",
            "nack  pli",
        ] {
            assert_eq!(Feedback::parse(text), Some(Feedback::Other(text.into())));
        }
        assert_eq!(Feedback::parse("trr-int 0"), Some(Feedback::TrrInt(0)));
        assert_eq!(Feedback::parse(" nack"), None);
    }

    #[test]
    fn a_star_is_for_every_payload_type() {
        let all = RtcpFeedback::parse("* ack ccfb").unwrap();
        assert_eq!(all, RtcpFeedback::for_all(Feedback::AckCcfb));
        assert!(all.applies_to(0) && all.applies_to(127));
        assert!(!RtcpFeedback::new(96, Feedback::Nack).applies_to(97));
    }
}
