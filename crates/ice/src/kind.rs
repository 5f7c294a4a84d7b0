//! What kinds of candidates there are.

use std::fmt;

/// How a candidate's address was learnt: RFC 8445 section 5.1.1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum CandidateKind {
    /// An address of a local interface.
    Host,
    /// An address that a connectivity check revealed: RFC 8445 sections 7.2.5.3.1 and 7.3.1.3.
    PeerReflexive,
    /// An address that a STUN server revealed.
    ServerReflexive,
    /// An address on a TURN server.
    Relayed,
}

impl CandidateKind {
    /// The word of the candidate grammar: RFC 8839 section 5.1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::PeerReflexive => "prflx",
            Self::ServerReflexive => "srflx",
            Self::Relayed => "relay",
        }
    }
}

impl fmt::Display for CandidateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The transport protocol of a candidate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP with the framing of RFC 4571 (RFC 6544); read and written, not yet connected.
    Tcp,
}

impl Transport {
    /// The word of the candidate grammar: RFC 8839 section 5.1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a TCP candidate connects: RFC 6544 section 4.5.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TcpType {
    /// Opens connections.
    Active,
    /// Accepts connections.
    Passive,
    /// Opens at the same time as the peer does.
    SimultaneousOpen,
}

impl fmt::Display for TcpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::SimultaneousOpen => "so",
        })
    }
}
