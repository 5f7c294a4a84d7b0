//! Candidates: transport addresses that an agent may be reached at (RFC 8445 section 5.1).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::kind::{CandidateKind, TcpType, Transport};
use crate::priority::{Preference, candidate_priority};

/// The one component that the agent runs: RTP and RTCP are multiplexed (RFC 8445 section 4).
pub(crate) const COMPONENT: u16 = 1;

/// A candidate, local or remote.
///
/// `Display` and `FromStr` speak the grammar of RFC 8839 section 5.1, from the word `candidate:` on.
///
/// ```
/// use tidewire_ice::{Candidate, CandidateKind};
///
/// let text = "candidate:1 1 udp 2122194687 192.0.2.2 54314 typ host generation 0";
/// let candidate: Candidate = text.parse()?;
/// assert_eq!(candidate.kind, CandidateKind::Host);
/// assert_eq!(candidate.to_string(), text);
/// # Ok::<(), tidewire_ice::ParseCandidateError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// Equal for candidates of the same type, base address and server: RFC 8445 section 5.1.1.3.
    pub foundation: Foundation,
    /// The component, 1 to 256.
    pub component: u16,
    /// The transport protocol.
    pub transport: Transport,
    /// The priority: RFC 8445 section 5.1.2.
    pub priority: u32,
    /// Where the candidate is reached.
    pub address: Address,
    /// How the address was learnt.
    pub kind: CandidateKind,
    /// The related address: the base of a reflexive candidate, the mapped address of a relayed one.
    pub related: Option<SocketAddr>,
    /// How a TCP candidate connects: RFC 6544 section 4.5.
    pub tcp_type: Option<TcpType>,
    /// What else the line said (`generation`, `ufrag`, `network-id`, …), in its order.
    pub extensions: Vec<(String, String)>,
}

impl Candidate {
    /// A host candidate over UDP with the default priority.
    pub fn host(address: SocketAddr) -> Self {
        Self::new(CandidateKind::Host, address, None)
    }

    /// A server-reflexive candidate: the address that a STUN server saw `base` come from.
    pub fn server_reflexive(address: SocketAddr, base: SocketAddr) -> Self {
        Self::new(CandidateKind::ServerReflexive, address, Some(base))
    }

    /// A relayed candidate: an address allocated on a TURN server, which saw the client come from
    /// `mapped` (RFC 8445 section 5.1.1.2).
    pub fn relayed(address: SocketAddr, mapped: SocketAddr) -> Self {
        Self::new(CandidateKind::Relayed, address, Some(mapped))
    }

    pub(crate) fn peer_reflexive(address: SocketAddr, priority: u32) -> Self {
        let mut candidate = Self::new(CandidateKind::PeerReflexive, address, None);
        candidate.priority = priority;
        candidate
    }

    fn new(kind: CandidateKind, address: SocketAddr, related: Option<SocketAddr>) -> Self {
        Self {
            foundation: Foundation::default(),
            component: COMPONENT,
            transport: Transport::Udp,
            priority: candidate_priority(kind, Preference::HIGHEST, COMPONENT),
            address: Address::Ip(address),
            kind,
            related,
            tcp_type: None,
            extensions: Vec::new(),
        }
    }

    /// The address, unless it still has to be resolved.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self.address {
            Address::Ip(address) => Some(address),
            Address::Mdns { .. } => None,
        }
    }

    /// The value of an extension attribute such as `ufrag`.
    pub fn extension(&self, name: &str) -> Option<&str> {
        let found = self.extensions.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The user name fragment that the candidate belongs to, where the line says so
    /// (RFC 8838 section 9).
    pub fn ufrag(&self) -> Option<&str> {
        self.extension("ufrag")
    }
}

/// Where a candidate is reached.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A name under `.local` that multicast DNS resolves (RFC 6762); browsers hide host addresses
    /// behind such names.
    Mdns {
        /// The name, as the candidate wrote it.
        name: String,
        /// The port.
        port: u16,
    },
}

impl Address {
    /// The port.
    pub fn port(&self) -> u16 {
        match self {
            Self::Ip(address) => address.port(),
            Self::Mdns { port, .. } => *port,
        }
    }
}

/// A foundation: 1 to 32 characters of the alphabet of RFC 8839 section 5.1, kept inline.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Foundation {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl Foundation {
    /// The longest foundation that the grammar allows.
    pub const MAX_LEN: usize = 32;

    /// A foundation, if `text` is one.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        if text.is_empty() || text.len() > Self::MAX_LEN || !text.bytes().all(allowed) {
            return None;
        }
        let mut bytes = [0; Self::MAX_LEN];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self {
            bytes,
            len: text.len() as u8,
        })
    }

    /// The foundation that a number names.
    pub(crate) fn from_number(number: u32) -> Self {
        Self::new(&number.to_string()).expect("a number has at most ten digits")
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl Default for Foundation {
    fn default() -> Self {
        Self::from_number(0)
    }
}

impl fmt::Debug for Foundation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Foundation({})", self.as_str())
    }
}

impl fmt::Display for Foundation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a local address can reach a remote one at all: RFC 8445 section 6.1.2.2 pairs equal
/// families only, and link-local IPv6 addresses with each other only.
pub(crate) fn can_pair(local: SocketAddr, remote: SocketAddr) -> bool {
    match (local.ip(), remote.ip()) {
        (IpAddr::V4(_), IpAddr::V4(_)) => true,
        (IpAddr::V6(local), IpAddr::V6(remote)) => {
            local.is_unicast_link_local() == remote.is_unicast_link_local()
        }
        _ => false,
    }
}

/// Whether anything can be sent to `address`: not to nobody, to everybody or to port 0.
pub(crate) fn is_usable(address: SocketAddr) -> bool {
    let ip = address.ip();
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}
