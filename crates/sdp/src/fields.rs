//! The fields of single lines.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;

use crate::lexical::{is_digits, is_token, is_visible};

/// A decimal number of any length (`1*DIGIT`), written again digit for digit.
///
/// RFC 8866 bounds neither the identifiers of `o=` nor the times of `t=`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Decimal(String);

impl Decimal {
    /// Reads one or more digits.
    pub fn parse(text: &str) -> Option<Self> {
        is_digits(text).then(|| Self(text.to_owned()))
    }

    /// The digits as they stand.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, unless it is too large.
    pub fn value(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Self {
        Self(value.to_string())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A decimal number above zero that may have a fraction (`non-zero-int-or-real`), RFC 8866 section 9.
/// It is written again digit for digit.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Real(String);

impl Real {
    /// Reads digits, and a fraction when there is one.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let positive = text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        (positive && is_digits(whole) && is_digits(fraction)).then(|| Self(text.to_owned()))
    }

    /// The digits as they stand.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, to the precision of the type.
    pub fn value(&self) -> f64 {
        self.0.parse().unwrap_or(f64::INFINITY)
    }
}

impl From<NonZeroU32> for Real {
    fn from(value: NonZeroU32) -> Self {
        Self(value.to_string())
    }
}

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who made the description (`o=`), RFC 8866 section 5.2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The originating user, `-` when there is no such notion.
    pub username: String,
    /// Identifies the session among all of the same originator.
    pub session_id: Decimal,
    /// Grows with every change of the description.
    pub session_version: Decimal,
    /// `IN`, the Internet.
    pub network_type: String,
    /// `IP4` or `IP6`.
    pub address_type: String,
    /// The originating host.
    pub address: String,
}

impl Origin {
    /// An origin that discloses neither user nor host, as RFC 8829 section 5.2.1 asks.
    pub fn new(session_id: u64, session_version: u64) -> Self {
        Self {
            username: "-".to_owned(),
            session_id: session_id.into(),
            session_version: session_version.into(),
            network_type: "IN".to_owned(),
            address_type: "IP4".to_owned(),
            address: "127.0.0.1".to_owned(),
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        let mut next = |accept: fn(&str) -> bool| parts.next().filter(|part| accept(part));
        let origin = Self {
            username: next(is_visible)?.to_owned(),
            session_id: Decimal::parse(next(is_digits)?)?,
            session_version: Decimal::parse(next(is_digits)?)?,
            network_type: next(is_token)?.to_owned(),
            address_type: next(is_token)?.to_owned(),
            address: next(is_visible)?.to_owned(),
        };
        parts.next().is_none().then_some(origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} {} {} {}",
            self.username,
            self.session_id,
            self.session_version,
            self.network_type,
            self.address_type,
            self.address
        )
    }
}

/// Where media flows (`c=`), RFC 8866 section 5.7.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Connection {
    /// `IN`, the Internet.
    pub network_type: String,
    /// `IP4` or `IP6`.
    pub address_type: String,
    /// An address, a name, or a multicast address with its suffixes.
    pub address: String,
}

impl Connection {
    /// The connection line of an IP address.
    pub fn new(address: IpAddr) -> Self {
        Self {
            network_type: "IN".to_owned(),
            address_type: if address.is_ipv4() { "IP4" } else { "IP6" }.to_owned(),
            address: address.to_string(),
        }
    }

    /// The IP address, unless it is a name or has a multicast suffix.
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.parse().ok()
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(' ');
        let mut next = |accept: fn(&str) -> bool| parts.next().filter(|part| accept(part));
        let connection = Self {
            network_type: next(is_token)?.to_owned(),
            address_type: next(is_token)?.to_owned(),
            address: next(is_visible)?.to_owned(),
        };
        parts.next().is_none().then_some(connection)
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.network_type, self.address_type, self.address
        )
    }
}

/// A bound on bandwidth (`b=`), RFC 8866 section 5.8.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bandwidth {
    /// `AS` or `CT` (kilobits per second), `TIAS` (bits per second), or another.
    pub kind: String,
    /// The figure, in the unit of its kind.
    pub value: Decimal,
}

impl Bandwidth {
    /// A bound of a kind.
    pub fn new(kind: impl Into<String>, value: u64) -> Self {
        Self {
            kind: kind.into(),
            value: value.into(),
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (kind, value) = value.split_once(':')?;
        let value = Decimal::parse(value)?;
        is_token(kind).then(|| Self {
            kind: kind.to_owned(),
            value,
        })
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

/// A key (`k=`), obsolete and not to be acted on: RFC 8866 section 5.12.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Key {
    /// The user is to be asked.
    Prompt,
    /// The key as it is.
    Clear(String),
    /// The key in base64.
    Base64(String),
    /// Where the key is to be had.
    Uri(String),
    /// A method that RFC 8866 does not know.
    Unknown(String),
}

impl Key {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (method, rest) = value.split_once(':').unwrap_or((value, ""));
        let key = match (method, rest) {
            ("prompt", _) if value == "prompt" => Self::Prompt,
            ("clear", text) if !text.is_empty() => Self::Clear(text.to_owned()),
            ("base64", text) if value.contains(':') => Self::Base64(text.to_owned()),
            ("uri", text) if !text.is_empty() => Self::Uri(text.to_owned()),
            _ => Self::Unknown(value.to_owned()),
        };
        (!value.is_empty()).then_some(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt => f.write_str("prompt"),
            Self::Clear(text) => write!(f, "clear:{text}"),
            Self::Base64(text) => write!(f, "base64:{text}"),
            Self::Uri(text) => write!(f, "uri:{text}"),
            Self::Unknown(text) => f.write_str(text),
        }
    }
}

/// A line of a type that RFC 8866 does not know. It is written again where it stood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownLine {
    /// How many lines of its section come before it.
    pub position: usize,
    /// The type letter.
    pub letter: char,
    /// What follows the `=`.
    pub value: String,
}
