//! The grammar of candidates: RFC 8839 section 5.1, with the TCP types of RFC 6544 section 4.5.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::{FromStr, SplitAsciiWhitespace};

use thiserror::Error;

use crate::candidate::{Address, Candidate, Foundation};
use crate::kind::{CandidateKind, TcpType, Transport};

/// The longest candidate line that is read, in bytes.
const MAX_LINE_LEN: usize = 1024;

/// The longest name: RFC 6762 appendix C.
const MAX_NAME_LEN: usize = 255;

/// What is wrong with a candidate line. Section 5.1 of RFC 8839 wants such lines ignored.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ParseCandidateError {
    /// The line is longer than any sensible candidate.
    #[error("the candidate is too long")]
    TooLong,
    /// The line ends before the named field.
    #[error("the candidate lacks its {0}")]
    Missing(&'static str),
    /// The named field is malformed or out of range.
    #[error("the candidate's {0} is invalid")]
    Invalid(&'static str),
    /// The transport is neither UDP nor TCP.
    #[error("the candidate's transport is not supported")]
    UnsupportedTransport,
    /// The type is none of RFC 8839.
    #[error("the candidate's type is not supported")]
    UnsupportedType,
    /// The address is a name outside `.local`; RFC 8839 section 5.1 has such candidates ignored.
    #[error("the candidate's address is a name that is not resolved")]
    UnsupportedName,
}

type Result<T> = std::result::Result<T, ParseCandidateError>;

impl FromStr for Candidate {
    type Err = ParseCandidateError;

    /// Reads `candidate:…`, with or without `a=` before it.
    fn from_str(line: &str) -> Result<Self> {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.len() > MAX_LINE_LEN {
            return Err(ParseCandidateError::TooLong);
        }
        let line = line.strip_prefix("a=").unwrap_or(line);
        let line = line.strip_prefix("candidate:").unwrap_or(line);
        read_candidate(&mut Words(line.split_ascii_whitespace()))
    }
}

fn read_candidate(words: &mut Words<'_>) -> Result<Candidate> {
    let foundation = words.parsed("foundation", Foundation::new)?;
    let component = words.parsed("component", |word| {
        digits(word, 3).filter(|component| (1..=256).contains(component))
    })?;
    let transport = read_transport(words.next("transport")?)?;
    let priority = words.parsed("priority", |word| digits(word, 10))?;
    let host = words.next("address")?;
    let port = words.parsed("port", |word| digits(word, 5))?;
    let address = read_address(host, port)?;
    if !words.next("type")?.eq_ignore_ascii_case("typ") {
        return Err(ParseCandidateError::Missing("type"));
    }
    let mut candidate = Candidate {
        foundation,
        component,
        transport,
        priority,
        address,
        kind: read_kind(words.next("type")?)?,
        related: None,
        tcp_type: None,
        extensions: Vec::new(),
    };
    read_extensions(words, &mut candidate)?;
    Ok(candidate)
}

struct Words<'a>(SplitAsciiWhitespace<'a>);

impl<'a> Words<'a> {
    fn next(&mut self, field: &'static str) -> Result<&'a str> {
        self.0.next().ok_or(ParseCandidateError::Missing(field))
    }

    fn parsed<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T> {
        read(self.next(field)?).ok_or(ParseCandidateError::Invalid(field))
    }
}

/// A number of at most `max_len` digits; unlike `parse`, no sign.
fn digits<T: FromStr>(word: &str, max_len: usize) -> Option<T> {
    let plain = word.len() <= max_len && word.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| word.parse().ok()).flatten()
}

fn read_transport(word: &str) -> Result<Transport> {
    if word.eq_ignore_ascii_case("udp") {
        Ok(Transport::Udp)
    } else if word.eq_ignore_ascii_case("tcp") {
        Ok(Transport::Tcp)
    } else {
        Err(ParseCandidateError::UnsupportedTransport)
    }
}

fn read_address(host: &str, port: u16) -> Result<Address> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(Address::Ip(SocketAddr::new(ip, port)));
    }
    let stem = host.len().checked_sub(".local".len());
    let stem = stem.and_then(|at| host.split_at_checked(at));
    let Some((stem, suffix)) = stem else {
        return Err(ParseCandidateError::UnsupportedName);
    };
    if !suffix.eq_ignore_ascii_case(".local") {
        return Err(ParseCandidateError::UnsupportedName);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if stem.is_empty() || host.len() > MAX_NAME_LEN || !stem.bytes().all(allowed) {
        return Err(ParseCandidateError::Invalid("address"));
    }
    let name = host.to_owned();
    Ok(Address::Mdns { name, port })
}

fn read_kind(word: &str) -> Result<CandidateKind> {
    let kinds = [
        CandidateKind::Host,
        CandidateKind::PeerReflexive,
        CandidateKind::ServerReflexive,
        CandidateKind::Relayed,
    ];
    let kind = kinds.into_iter().find(|kind| kind.as_str() == word);
    kind.ok_or(ParseCandidateError::UnsupportedType)
}

/// The related address, the TCP type and whatever else there is. A related address that is a name or
/// has no port tells nothing and is passed over.
fn read_extensions(words: &mut Words<'_>, candidate: &mut Candidate) -> Result<()> {
    let mut related_ip = None;
    while let Some(name) = words.0.next() {
        let value = words.0.next().unwrap_or_default();
        match name {
            "raddr" if candidate.extensions.is_empty() => related_ip = value.parse().ok(),
            "rport" if candidate.extensions.is_empty() => {
                let port = digits(value, 5).ok_or(ParseCandidateError::Invalid("rport"))?;
                candidate.related = related_ip.map(|ip| SocketAddr::new(ip, port));
            }
            "tcptype" if candidate.transport == Transport::Tcp => {
                candidate.tcp_type = Some(read_tcp_type(value)?);
            }
            _ => candidate
                .extensions
                .push((name.to_owned(), value.to_owned())),
        }
    }
    Ok(())
}

fn read_tcp_type(word: &str) -> Result<TcpType> {
    match word {
        "active" => Ok(TcpType::Active),
        "passive" => Ok(TcpType::Passive),
        "so" => Ok(TcpType::SimultaneousOpen),
        _ => Err(ParseCandidateError::Invalid("tcptype")),
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (foundation, component) = (self.foundation, self.component);
        let (transport, priority) = (self.transport, self.priority);
        write!(
            f,
            "candidate:{foundation} {component} {transport} {priority} "
        )?;
        match &self.address {
            Address::Ip(address) => write!(f, "{} {}", address.ip(), address.port())?,
            Address::Mdns { name, port } => write!(f, "{name} {port}")?,
        }
        write!(f, " typ {}", self.kind)?;
        if let Some(related) = self.related_to_write() {
            write!(f, " raddr {} rport {}", related.ip(), related.port())?;
        }
        if let Some(tcp_type) = self.tcp_type {
            write!(f, " tcptype {tcp_type}")?;
        }
        for (name, value) in &self.extensions {
            write!(f, " {name}")?;
            if !value.is_empty() {
                write!(f, " {value}")?;
            }
        }
        Ok(())
    }
}

impl Candidate {
    /// RFC 8839 section 5.1: the related address is there for all types but host; where it is hidden,
    /// it is 0.0.0.0 and port 9.
    fn related_to_write(&self) -> Option<SocketAddr> {
        let hidden = || SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 9);
        match self.kind {
            CandidateKind::Host => self.related,
            _ => Some(self.related.unwrap_or_else(hidden)),
        }
    }
}

#[cfg(test)]
#[path = "grammar_tests.rs"]
mod tests;
