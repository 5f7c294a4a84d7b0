//! The part of PeerConnection that learns where it can be reached.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use tidewire_ice as ice;

use super::{DATA, PeerConnection};
use crate::configuration::IceTransportPolicy;

impl PeerConnection {
    /// Tells the address of a UDP socket that the caller receives on and can send from: a host
    /// candidate. An address that candidates cannot have (unspecified, multicast) is passed over.
    pub fn add_local_address(&mut self, now: Instant, address: SocketAddr) {
        let now = self.advance(now);
        if self.ice_transport_policy == IceTransportPolicy::All {
            let added = self.transports[DATA].agent.add_host_candidate(now, address);
            self.note_candidate(added.is_ok());
            self.progress(now);
        }
    }

    /// Adds a candidate that the caller found itself, such as one relayed by TURN, whose datagrams
    /// the caller wraps and unwraps.
    pub fn add_local_candidate(&mut self, now: Instant, candidate: ice::Candidate) {
        let now = self.advance(now);
        let is_relayed = candidate.kind == ice::CandidateKind::Relayed;
        if is_relayed || self.ice_transport_policy == IceTransportPolicy::All {
            let added = self.transports[DATA].agent.add_local_candidate(candidate);
            self.note_candidate(added.is_ok());
            self.progress(now);
        }
    }

    /// Asks the STUN server at `server` for server-reflexive candidates, from every local address
    /// of its family (RFC 8445 section 5.1.1.2).
    pub fn add_stun_server(&mut self, now: Instant, server: SocketAddr) {
        let now = self.advance(now);
        if self.ice_transport_policy == IceTransportPolicy::All {
            let added = self.transports[DATA].agent.add_stun_server(now, server);
            self.note_candidate(added);
            self.progress(now);
        }
    }

    /// No more addresses or servers will be added: gathering completes when every server has
    /// answered or has been given up.
    pub fn finish_gathering(&mut self, now: Instant) {
        let now = self.advance(now);
        self.transports[DATA].agent.finish_local_candidates();
        self.progress(now);
    }

    /// What the mDNS name of an [`Event::ResolveMdns`](crate::Event::ResolveMdns) stands for.
    pub fn resolve_mdns(&mut self, now: Instant, name: &str, address: IpAddr) {
        let now = self.advance(now);
        self.transports[DATA].agent.resolve_mdns(now, name, address);
        self.progress(now);
    }

    pub(super) fn gathering_is_complete(&self) -> bool {
        self.transports[DATA].agent.gathering_state() == ice::GatheringState::Complete
    }

    /// A candidate that cannot be used, or one too many, costs nothing but itself.
    fn note_candidate(&mut self, added: bool) {
        self.stats.local_candidates_refused += u64::from(!added);
    }
}
