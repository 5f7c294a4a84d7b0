//! Agents behind NATs: server-reflexive and peer-reflexive candidates, names.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use tidewire_ice::{
    AddCandidateError, Candidate, CandidateKind, ConnectionState, Event, GatheringState,
};

use tidewire_netsim::LinkConfig;
use tidewire_stun::{Class, Message, MessageBuilder, Method};

use crate::net::{A, B, Net, Packet, SERVER, address, host, ms, secs};

/// A NAT that lets in only what answers: each inner address and each destination has a mapping of its
/// own if it is symmetric, and one for all destinations otherwise.
struct Nat {
    outside: IpAddr,
    symmetric: bool,
    /// Inner address, destination, outer port.
    mappings: Vec<(SocketAddr, SocketAddr, u16)>,
    first_port: Rc<Cell<u16>>,
}

impl Nat {
    fn new(outside: &str, symmetric: bool) -> Self {
        Self {
            outside: outside.parse().unwrap(),
            symmetric,
            mappings: Vec::new(),
            first_port: Rc::new(Cell::new(40_000)),
        }
    }

    fn outbound(&mut self, packet: &mut Packet) {
        let (inner, to) = (packet.from, packet.to);
        let symmetric = self.symmetric;
        let known = |known: &&(SocketAddr, SocketAddr, u16)| {
            known.0 == inner && known.2 >= self.first_port.get() && (!symmetric || known.1 == to)
        };
        let port = match self.mappings.iter().find(known) {
            Some((_, _, port)) => *port,
            None => self.first_port.get() + self.mappings.len() as u16,
        };
        if !self.mappings.contains(&(inner, to, port)) {
            self.mappings.push((inner, to, port));
        }
        packet.from = SocketAddr::new(self.outside, port);
    }

    fn inbound(&self, packet: &mut Packet) -> bool {
        let (from, port) = (packet.from, packet.to.port());
        let known = |known: &&(SocketAddr, SocketAddr, u16)| known.1 == from && known.2 == port;
        let Some((inner, _, _)) = self.mappings.iter().find(known) else {
            return false;
        };
        packet.to = *inner;
        true
    }
}

/// Puts each agent behind its NAT, if it has one. Private addresses lead nowhere outside.
fn install(net: &mut Net, mut nats: Vec<(usize, Nat)>) {
    net.middlebox = Box::new(move |mut packet| {
        for (index, nat) in &mut nats {
            if packet.from == host(*index) {
                nat.outbound(&mut packet);
            }
        }
        for (index, nat) in &nats {
            if packet.to == host(*index) {
                return None;
            }
            if packet.to.ip() == nat.outside {
                return nat.inbound(&mut packet).then_some(packet);
            }
        }
        Some(packet)
    });
}

fn behind_nats(seed: u64, symmetric: [Option<bool>; 2]) -> Net {
    let mut net = Net::bare(seed);
    let outside = ["203.0.113.1", "203.0.113.2"];
    let nat = |index: usize| Some((index, Nat::new(outside[index], symmetric[index]?)));
    install(&mut net, [A, B].into_iter().filter_map(nat).collect());
    net.add_hosts();
    for index in [A, B] {
        net.agents[index].add_stun_server(net.now, SERVER);
    }
    net.run(ms(200));
    net
}

#[test]
fn a_stun_server_reveals_a_candidate() {
    let net = behind_nats(1, [Some(false), None]);
    let told = net.events[A].iter().find_map(|event| match event {
        Event::LocalCandidate(candidate) if candidate.kind != CandidateKind::Host => {
            Some(candidate.clone())
        }
        _ => None,
    });
    let told = told.unwrap();
    assert_eq!(told.socket_addr(), Some(address("203.0.113.1:40000")));
    assert_eq!(told.related, Some(host(A)));
    assert_eq!(told.kind, CandidateKind::ServerReflexive);
    assert_eq!(net.events[A].last(), Some(&Event::GatheringComplete));
    // Without a NAT the server reveals nothing new: RFC 8445 section 5.1.3.
    assert_eq!(net.agents[B].local_candidates().count(), 1);
    assert_eq!(net.agents[B].gathering_state(), GatheringState::Complete);
}

#[test]
fn gathering_ends_when_a_server_does_not_answer() {
    let mut net = Net::bare(2);
    net.middlebox = Box::new(|_| None);
    net.add_hosts();
    net.agents[A].add_stun_server(net.now, SERVER);
    net.run(secs(9));
    assert_eq!(net.agents[A].gathering_state(), GatheringState::Gathering);
    net.run(secs(1));
    assert_eq!(net.agents[A].gathering_state(), GatheringState::Complete);
    assert_eq!(net.events[A].last(), Some(&Event::GatheringComplete));
}

#[test]
fn a_server_that_refuses_ends_its_question_and_an_old_one_is_understood() {
    for refuses in [true, false] {
        let mut net = Net::pair(30);
        net.agents[A].add_stun_server(net.now, SERVER);
        let mut data = Vec::new();
        net.agents[A].poll_transmit(net.now, &mut data).unwrap();
        let id = Message::parse(&data).unwrap().transaction_id();
        let class = if refuses {
            Class::ErrorResponse
        } else {
            Class::SuccessResponse
        };
        let mut answer = Vec::new();
        let mut message = MessageBuilder::new(&mut answer, class, Method::BINDING, id);
        match refuses {
            true => message.error_code(500, "no"),
            false => message.mapped_address(address("203.0.113.1:9")),
        };
        message.finish().unwrap();
        net.agents[A].handle_datagram(net.now, host(A), SERVER, &answer);
        assert_eq!(net.agents[A].gathering_state(), GatheringState::Complete);
        let found = if refuses { 1 } else { 2 };
        assert_eq!(net.agents[A].local_candidates().count(), found);
    }
}

#[test]
fn two_agents_behind_nats_connect_over_server_reflexive_candidates() {
    let mut net = behind_nats(3, [Some(false), Some(false)]);
    net.exchange();
    net.run(secs(2));
    net.assert_states(ConnectionState::Completed);
    assert_eq!(net.selected(A).local, host(A));
    assert_eq!(net.selected(A).remote, address("203.0.113.2:40000"));
    let pair = net.agents[A].pairs().find(|pair| pair.selected).unwrap();
    assert_eq!(pair.local_kind, CandidateKind::ServerReflexive);
    assert_eq!(pair.mapped, Some(address("203.0.113.1:40000")));
}

#[test]
fn an_agent_behind_a_symmetric_nat_is_found_as_peer_reflexive() {
    for symmetric in [A, B] {
        let mut nats = [None, None];
        nats[symmetric] = Some(true);
        let mut net = behind_nats(4, nats);
        net.exchange();
        net.run(secs(2));
        net.assert_states(ConnectionState::Completed);
        let other = 1 - symmetric;
        let pair = net.agents[other].pairs().find(|pair| pair.selected);
        let pair = pair.unwrap();
        assert_eq!(pair.remote_kind, CandidateKind::PeerReflexive);
        assert_ne!(pair.remote, address("203.0.113.1:40000"));
        let pair = net.agents[symmetric].pairs().find(|pair| pair.selected);
        assert_eq!(pair.unwrap().local_kind, CandidateKind::PeerReflexive);
    }
}

#[test]
fn bindings_at_the_server_are_kept_while_the_answer_is_awaited() {
    let mut net = behind_nats(5, [Some(false), Some(false)]);
    let sent = net.sent;
    net.run(secs(61));
    assert_eq!(net.sent - sent, 8, "each agent refreshes every 15 s");
    net.exchange();
    net.run(secs(2));
    net.assert_states(ConnectionState::Completed);
    assert_eq!(
        net.agents[A].next_timer().unwrap().0,
        tidewire_ice::Timer::ConsentRequest
    );
}

#[test]
fn a_nat_that_changes_its_mind_is_followed_whoever_is_behind_it() {
    for behind in [A, B] {
        for seed in 0..20 {
            let mut net = Net::bare(seed);
            let nat = Nat::new("203.0.113.1", false);
            let first_port = nat.first_port.clone();
            install(&mut net, vec![(behind, nat)]);
            net.add_hosts();
            net.exchange();
            net.run(secs(1));
            let other = 1 - behind;
            assert_eq!(net.selected(other).remote.port(), 40_000);
            // The NAT forgets what it knew, and maps to other ports.
            first_port.set(50_000);
            net.run(secs(13));
            assert!(net.selected(other).remote.port() >= 50_000);
            net.assert_states(ConnectionState::Completed);
            net.run(secs(60));
            net.assert_states(ConnectionState::Completed);
        }
    }
}

const NAME: &str = "4d9a6b66-5c4f-4b2e-9a4e-3d6a5f1f3f1a.local";

fn told_by_name(seed: u64) -> Net {
    let mut net = Net::pair(seed);
    net.tell_credentials(A);
    net.tell_credentials(B);
    let line = format!("candidate:1 1 udp 2113937151 {NAME} 5000 typ host");
    net.add_remote(B, &line);
    net
}

#[test]
fn a_name_is_handed_to_the_caller_and_what_it_resolves_to_is_checked() {
    let mut net = told_by_name(7);
    net.run(secs(1));
    let ask = Event::ResolveMdns { name: NAME.into() };
    assert!(net.events[B].contains(&ask));
    assert_eq!(net.agents[B].state(), ConnectionState::Checking);
    net.agents[B].resolve_mdns(net.now, NAME, host(A).ip());
    net.run(ms(10));
    net.assert_agreed();
}

#[test]
fn a_name_that_is_never_resolved_does_not_hinder_the_connection() {
    let mut net = told_by_name(8);
    net.tell_candidates(B);
    net.run(ms(10));
    net.assert_agreed();
    let pair = net.agents[B].pairs().find(|pair| pair.selected).unwrap();
    assert_eq!(pair.remote_kind, CandidateKind::PeerReflexive);
    // When it is resolved after all, more is known of the same candidate.
    net.agents[B].resolve_mdns(net.now, NAME, host(A).ip());
    net.run(ms(10));
    let pair = net.agents[B].pairs().find(|pair| pair.selected).unwrap();
    assert_eq!(pair.remote_kind, CandidateKind::Host);
    assert_eq!(net.agents[B].pairs().count(), 1);
}

#[test]
fn a_relayed_candidate_is_used_when_nothing_else_works() {
    let mut net = Net::bare(9);
    let relay = address("198.51.100.1:50000");
    net.add_hosts();
    net.agents[A]
        .add_local_candidate(Candidate::relayed(relay, host(A)))
        .unwrap();
    // What A sends from its host address is lost, both ways.
    net.middlebox = Box::new(|packet| {
        let lost = packet.from == host(A) || packet.to == host(A);
        (!lost).then_some(packet)
    });
    net.exchange();
    let took = net.run_until(secs(2), |net| {
        net.states() == [ConnectionState::Completed; 2]
    });
    assert!(took < ms(600));
    assert_eq!(net.selected(A).local, relay);
    let pair = net.agents[B].pairs().find(|pair| pair.selected).unwrap();
    assert_eq!(pair.remote_kind, CandidateKind::Relayed);
}

#[test]
fn every_two_nats_are_crossed_and_two_symmetric_ones_over_a_relay() {
    let nats = [None, Some(false), Some(true)];
    for (one, two) in nats.iter().flat_map(|one| nats.map(|two| (*one, two))) {
        let mut net = behind_nats(20, [one, two]);
        for index in [A, B] {
            let relay = SocketAddr::from(([198, 51, 100, 1], 50_000 + index as u16));
            let relayed = Candidate::relayed(relay, host(index));
            net.agents[index].add_local_candidate(relayed).unwrap();
        }
        net.exchange();
        net.run(secs(3));
        net.assert_states(ConnectionState::Completed);
        let pair = net.agents[A].pairs().find(|pair| pair.selected).unwrap();
        let relays = [pair.local_kind, pair.remote_kind].contains(&CandidateKind::Relayed);
        let strict = [one, two].iter().all(Option::is_some) && [one, two].contains(&Some(true));
        assert_eq!(relays, strict, "{one:?} {two:?}");
    }
}

#[test]
fn a_better_pair_than_a_relayed_one_is_waited_for() {
    let mut net = Net::bare(10);
    let relay = address("198.51.100.1:50000");
    net.add_hosts();
    net.agents[A]
        .add_local_candidate(Candidate::relayed(relay, host(A)))
        .unwrap();
    let slow = LinkConfig {
        delay: ms(150),
        ..LinkConfig::default()
    };
    net.network.link(host(A), host(B)).set_config(slow.clone());
    net.network.link(host(B), host(A)).set_config(slow);
    net.exchange();
    net.run(ms(200));
    assert_eq!(net.selected(A).local, relay);
    assert!(!net.selected(A).nominated, "but it is already used");
    net.run(secs(1));
    net.assert_agreed();
    assert_eq!(net.selected(A).local, host(A));
}

#[test]
fn only_host_and_relayed_candidates_are_added_by_the_caller() {
    let mut net = Net::bare(11);
    let agent = &mut net.agents[A];
    let reflexive = Candidate::server_reflexive(address("203.0.113.1:1"), host(A));
    let error = AddCandidateError::UnsupportedKind;
    assert_eq!(agent.add_local_candidate(reflexive), Err(error));
    let error = AddCandidateError::UnusableAddress;
    for unusable in ["0.0.0.0:1", "[::]:1", "192.0.2.1:0", "224.0.0.1:1"] {
        let added = agent.add_host_candidate(net.now, address(unusable));
        assert_eq!(added, Err(error));
    }
    for port in 1..=32 {
        let address = SocketAddr::from(([192, 0, 2, 1], port));
        agent.add_host_candidate(net.now, address).unwrap();
        agent.add_host_candidate(net.now, address).unwrap();
    }
    let added = agent.add_host_candidate(net.now, address("192.0.2.1:33"));
    assert_eq!(added, Err(AddCandidateError::TooMany));
}
