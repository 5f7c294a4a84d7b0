//! Candidate pairs: RFC 8445 section 6.1.2.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_stun::TransactionId;

use crate::candidate::Foundation;
use crate::config::Role;
use crate::kind::CandidateKind;
use crate::priority::pair_priority;

/// Names a pair for as long as the agent lives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PairId(pub(crate) u32);

/// The state of a pair: RFC 8445 section 6.1.2.6.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PairState {
    /// Waits for another pair of the same foundation.
    Frozen,
    /// Waits for its turn.
    Waiting,
    /// A check is under way.
    InProgress,
    /// A check succeeded: the pair is valid.
    Succeeded,
    /// The checks failed.
    Failed,
}

/// One side of a pair.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Side {
    /// The base of a local candidate, the address of a remote one.
    pub(crate) address: SocketAddr,
    pub(crate) kind: CandidateKind,
    pub(crate) foundation: Foundation,
    pub(crate) priority: u32,
}

/// A pair of a local base and a remote address. The valid pair that a check yields (RFC 8445 section
/// 7.2.5.3.2) shares base and remote address with the pair checked, so that one entry stands for
/// both; the address that the peer saw is in `mapped`.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) id: PairId,
    pub(crate) local: Side,
    pub(crate) remote: Side,
    pub(crate) priority: u64,
    pub(crate) state: PairState,
    /// When the last authenticated request came on this path.
    pub(crate) heard: Option<Instant>,
    pub(crate) nominated: bool,
    /// The peer nominated the pair before its check succeeded: RFC 8445 section 7.3.1.5.
    pub(crate) nominate_when_valid: bool,
    /// How many requests nominated this pair since another one was nominated.
    pub(crate) nominations: u32,
    /// The request that nominated the pair last; its retransmissions do not count.
    pub(crate) nominated_by: Option<TransactionId>,
    /// When a check was answered last.
    pub(crate) answered: Option<Instant>,
    /// What the peer saw as our address, and as what kind of candidate we know that one.
    pub(crate) mapped: Option<(SocketAddr, CandidateKind)>,
    pub(crate) rtt: Option<Duration>,
    pub(crate) traffic: PairTraffic,
}

impl Pair {
    pub(crate) fn new(id: PairId, local: Side, remote: Side, role: Role) -> Self {
        let mut pair = Self {
            id,
            local,
            remote,
            priority: 0,
            state: PairState::Frozen,
            heard: None,
            nominated: false,
            nominate_when_valid: false,
            nominations: 0,
            nominated_by: None,
            answered: None,
            mapped: None,
            rtt: None,
            traffic: PairTraffic::default(),
        };
        pair.compute_priority(role);
        pair
    }

    pub(crate) fn compute_priority(&mut self, role: Role) {
        let (local, remote) = (self.local.priority, self.remote.priority);
        self.priority = match role {
            Role::Controlling => pair_priority(local, remote),
            Role::Controlled => pair_priority(remote, local),
        };
    }

    pub(crate) fn foundation(&self) -> (Foundation, Foundation) {
        (self.local.foundation, self.remote.foundation)
    }

    pub(crate) fn joins(&self, base: SocketAddr, remote: SocketAddr) -> bool {
        self.local.address == base && self.remote.address == remote
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.state == PairState::Succeeded
    }

    /// Whether a check of the pair may still succeed.
    pub(crate) fn is_live(&self) -> bool {
        matches!(
            self.state,
            PairState::Frozen | PairState::Waiting | PairState::InProgress
        )
    }

    /// The kind of the local candidate: the one that the peer saw, once a check succeeded.
    pub(crate) fn local_kind(&self) -> CandidateKind {
        self.mapped.map_or(self.local.kind, |(_, kind)| kind)
    }

    /// A weighted mean (RFC 6298 section 2), as good as a handful of samples allow.
    pub(crate) fn measured(&mut self, sample: Duration) {
        self.rtt = Some(match self.rtt {
            Some(rtt) => (rtt * 7 + sample) / 8,
            None => sample,
        });
        self.traffic.last_rtt = Some(sample);
        self.traffic.total_rtt += sample;
    }

    /// Nobody knows which of several requests was answered: it took `longest` at most. The sum is that
    /// of all responses, so that their number divides it.
    pub(crate) fn guessed(&mut self, longest: Duration) {
        let likely = self.rtt.unwrap_or(longest);
        self.traffic.total_rtt += likely.min(longest);
    }

    pub(crate) fn info(&self, selected: bool) -> PairInfo {
        PairInfo {
            id: self.id,
            local: self.local.address,
            local_kind: self.local_kind(),
            mapped: self.mapped.map(|(address, _)| address),
            remote: self.remote.address,
            remote_kind: self.remote.kind,
            priority: self.priority,
            state: self.state,
            nominated: self.nominated,
            selected,
            rtt: self.rtt,
            traffic: self.traffic,
        }
    }
}

/// What went over a pair: the counters of RTCIceCandidatePairStats.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PairTraffic {
    /// Connectivity checks sent, retransmissions left out.
    pub requests_sent: u64,
    /// Requests received.
    pub requests_received: u64,
    /// Responses sent.
    pub responses_sent: u64,
    /// Responses received.
    pub responses_received: u64,
    /// Consent requests sent: RFC 7675.
    pub consent_requests_sent: u64,
    /// Datagrams of data sent.
    pub packets_sent: u64,
    /// Datagrams of data received.
    pub packets_received: u64,
    /// Bytes sent in them.
    pub bytes_sent: u64,
    /// Bytes received in them.
    pub bytes_received: u64,
    /// When data was sent last.
    pub last_sent: Option<Instant>,
    /// When data was received last.
    pub last_received: Option<Instant>,
    /// The last round trip measured.
    pub last_rtt: Option<Duration>,
    /// The sum of all round trips, one for each response. What a request that was repeated took is
    /// guessed.
    pub total_rtt: Duration,
}

/// A pair, for statistics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PairInfo {
    /// The pair's name.
    pub id: PairId,
    /// The base that the agent sends from.
    pub local: SocketAddr,
    /// The kind of the local candidate.
    pub local_kind: CandidateKind,
    /// The address that the peer saw, once a check succeeded.
    pub mapped: Option<SocketAddr>,
    /// The remote address.
    pub remote: SocketAddr,
    /// The kind of the remote candidate.
    pub remote_kind: CandidateKind,
    /// The priority: RFC 8445 section 6.1.2.3.
    pub priority: u64,
    /// The state.
    pub state: PairState,
    /// Whether the pair is nominated.
    pub nominated: bool,
    /// Whether data goes this way.
    pub selected: bool,
    /// The smoothed round-trip time.
    pub rtt: Option<Duration>,
    /// What went over the pair.
    pub traffic: PairTraffic,
}
