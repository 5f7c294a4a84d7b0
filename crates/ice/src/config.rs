//! What the caller decides about an agent.

use std::sync::Arc;
use std::time::Duration;

use tidewire_crypto::CryptoProvider;

use crate::credentials::Credentials;

/// Which agent nominates: RFC 8445 section 6.1.1.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Role {
    /// Nominates pairs; the offerer, usually.
    Controlling,
    /// Follows the peer's nominations.
    Controlled,
}

impl Role {
    /// The other role.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Controlling => Self::Controlled,
            Self::Controlled => Self::Controlling,
        }
    }
}

/// The configuration of an agent.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where HMAC-SHA1 comes from.
    pub crypto: Arc<dyn CryptoProvider>,
    /// The role to begin with.
    pub role: Role,
    /// The local credentials; generated where there are none.
    pub credentials: Option<Credentials>,
    /// How requests are paced and repeated.
    pub timing: Timing,
    /// How much the agent remembers.
    pub limits: Limits,
}

impl Config {
    /// The defaults, with cryptography from `crypto`.
    pub fn new(crypto: Arc<dyn CryptoProvider>) -> Self {
        Self {
            crypto,
            role: Role::Controlling,
            credentials: None,
            timing: Timing::default(),
            limits: Limits::default(),
        }
    }
}

/// How requests are paced and repeated.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Ta, the time between two new transactions: RFC 8445 section 14.2. 50 ms.
    pub check_interval: Duration,
    /// How many triggered checks and nominations may leave ahead of the pace; what they use up,
    /// ordinary checks wait for, so that the pace holds over time. 5.
    pub urgent_burst: u32,
    /// The least retransmission timeout: RFC 8445 section 14.3. 500 ms.
    pub initial_rto: Duration,
    /// Rc, how often a request is sent: RFC 8489 section 6.2.1. 7.
    pub max_transmissions: u32,
    /// How long to wait after the last transmission, in units of `initial_rto`: Rm of RFC 8489
    /// section 6.2.1. 16.
    pub last_wait: u32,
    /// How often a STUN server is asked; it holds gathering up, so fewer than Rc. 5.
    pub gather_transmissions: u32,
    /// How long a controlling agent waits for a better pair than one that crosses a NAT. 100 ms.
    pub reflexive_wait: Duration,
    /// How long a controlling agent waits for a better pair than a relayed one. 400 ms.
    pub relayed_wait: Duration,
    /// The mean time between consent requests: RFC 7675 section 5.1. 5 s; each is drawn from 0.8 to
    /// 1.2 times this.
    pub consent_interval: Duration,
    /// How long without a response until the state is disconnected: two requests in a row were
    /// missed by then. 12.5 s.
    pub disconnected_after: Duration,
    /// How long without a response until consent expires: RFC 7675 section 5.1. 30 s.
    pub consent_timeout: Duration,
    /// Tr, how often an idle binding at a STUN server is refreshed until a pair is nominated:
    /// RFC 8445 sections 5.1.1.4 and 11. 15 s.
    pub keepalive_interval: Duration,
    /// How long to wait for the peer's checks before failing: RFC 8863 section 4. 39.5 s; twice as
    /// long where they come and nothing works.
    pub patience: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            check_interval: Duration::from_millis(50),
            urgent_burst: 5,
            initial_rto: Duration::from_millis(500),
            max_transmissions: 7,
            last_wait: 16,
            gather_transmissions: 5,
            reflexive_wait: Duration::from_millis(100),
            relayed_wait: Duration::from_millis(400),
            consent_interval: Duration::from_secs(5),
            disconnected_after: Duration::from_millis(12_500),
            consent_timeout: Duration::from_secs(30),
            keepalive_interval: Duration::from_secs(15),
            patience: Duration::from_millis(39_500),
        }
    }
}

/// How much the agent remembers of what others choose.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Local candidates of all kinds. 32.
    pub local_candidates: usize,
    /// STUN servers. 8.
    pub stun_servers: usize,
    /// Remote candidates that the caller adds, unresolved names among them. 64.
    pub remote_candidates: usize,
    /// Remote candidates learnt from checks; a new one takes the place of the oldest. 16.
    pub peer_reflexive: usize,
    /// Pairs: RFC 8445 section 6.1.2.5. 100.
    pub pairs: usize,
    /// Requests remembered from before the peer's credentials are known. 16.
    pub early_requests: usize,
    /// Requests under way. 128.
    pub transactions: usize,
    /// Messages that wait to be polled. 64.
    pub queued: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            local_candidates: 32,
            stun_servers: 8,
            remote_candidates: 64,
            peer_reflexive: 16,
            pairs: 100,
            early_requests: 16,
            transactions: 128,
            queued: 64,
        }
    }
}
