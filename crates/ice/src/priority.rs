//! Priorities of candidates and of pairs: RFC 8445 sections 5.1.2 and 6.1.2.3.

use std::net::{IpAddr, SocketAddr};

use crate::kind::CandidateKind;

/// The local preference of a candidate, RFC 8445 section 5.1.2.1: it orders the candidates of one
/// type among themselves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Preference(u16);

impl Preference {
    pub(crate) const HIGHEST: Self = Self(u16::MAX);

    /// The preference of the address that was added as number `index`. Addresses that reach far come
    /// before those that do not leave the link or the machine; within a scope the order of adding
    /// counts, so that the caller decides which family goes first (RFC 8421).
    pub(crate) fn of(address: SocketAddr, index: usize) -> Self {
        let scope = match address.ip() {
            ip if ip.is_loopback() => 0x1000,
            IpAddr::V4(ip) if ip.is_link_local() => 0x2000,
            IpAddr::V6(ip) if ip.is_unicast_link_local() => 0x2000,
            _ => u16::MAX,
        };
        Self(scope.saturating_sub(u16::try_from(index).unwrap_or(u16::MAX)))
    }
}

/// The recommended type preferences: RFC 8445 section 5.1.2.2.
const fn type_preference(kind: CandidateKind) -> u32 {
    match kind {
        CandidateKind::Host => 126,
        CandidateKind::PeerReflexive => 110,
        CandidateKind::ServerReflexive => 100,
        CandidateKind::Relayed => 0,
    }
}

/// The recommended formula: RFC 8445 section 5.1.2.1.
pub(crate) fn candidate_priority(kind: CandidateKind, local: Preference, component: u16) -> u32 {
    let component = 256 - u32::from(component.clamp(1, 256));
    (type_preference(kind) << 24) + (u32::from(local.0) << 8) + component
}

/// The priority of a pair: RFC 8445 section 6.1.2.3. Priorities beyond 2^31 - 1, which the RFC rules
/// out but a peer may send, saturate.
pub(crate) fn pair_priority(controlling: u32, controlled: u32) -> u64 {
    let (controlling, controlled) = (u64::from(controlling), u64::from(controlled));
    let (low, high) = (controlling.min(controlled), controlling.max(controlled));
    (low << 32)
        .saturating_add(2 * high)
        .saturating_add(u64::from(controlling > controlled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_gives_what_the_rfc_computes_by_hand() {
        let preference = Preference::HIGHEST;
        assert_eq!(
            candidate_priority(CandidateKind::Host, preference, 1),
            (126 << 24) + (65_535 << 8) + 255
        );
        assert_eq!(
            candidate_priority(CandidateKind::ServerReflexive, preference, 2),
            (100 << 24) + (65_535 << 8) + 254
        );
    }

    #[test]
    fn a_kind_is_preferred_whatever_the_local_preference() {
        let worst = Preference::of("127.0.0.1:1".parse().unwrap(), 9);
        let kinds = [
            CandidateKind::Host,
            CandidateKind::PeerReflexive,
            CandidateKind::ServerReflexive,
            CandidateKind::Relayed,
        ];
        for kinds in kinds.windows(2) {
            let better = candidate_priority(kinds[0], worst, 1);
            assert!(better > candidate_priority(kinds[1], Preference::HIGHEST, 1));
        }
    }

    #[test]
    fn addresses_that_reach_farther_are_preferred() {
        let of = |address: &str, index| Preference::of(address.parse().unwrap(), index).0;
        assert!(of("192.0.2.1:1", 5) > of("169.254.0.1:1", 0));
        assert!(of("[2001:db8::1]:1", 5) > of("[fe80::1]:1", 0));
        assert!(of("[fe80::1]:1", 5) > of("127.0.0.1:1", 0));
        assert!(of("192.0.2.1:1", 0) > of("192.0.2.2:1", 1));
    }

    #[test]
    fn both_agents_compute_the_same_pair_priority() {
        assert_eq!(pair_priority(2, 1), (1 << 32) + 4 + 1);
        assert_eq!(pair_priority(1, 2), (1 << 32) + 4);
        assert_eq!(pair_priority(u32::MAX, u32::MAX), u64::MAX);
        assert!(pair_priority(5, 9) > pair_priority(4, 100));
    }
}
