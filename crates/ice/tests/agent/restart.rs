//! Restarts: RFC 8445 section 9.

use std::net::SocketAddr;

use tidewire_crypto::Rng;
use tidewire_ice::{ConnectionState, Credentials, Event, GatheringState};

use crate::net::{A, B, Net, host, ms, secs};

fn restart(net: &mut Net, index: usize, seed: u64) {
    let credentials = Credentials::generate(&mut Rng::from_u64(seed));
    net.events[index].clear();
    net.agents[index].restart(net.now, credentials.clone());
    assert_eq!(net.agents[index].local_credentials(), &credentials);
}

#[test]
fn the_old_pair_stays_in_use_until_the_new_generation_has_one() {
    let mut net = Net::connected(1);
    let path = |net: &Net| {
        net.agents[A]
            .selected_pair()
            .map(|pair| (pair.local, pair.remote))
    };
    let before = path(&net);
    restart(&mut net, A, 100);
    assert_eq!(path(&net), before);
    assert_eq!(net.agents[A].state(), ConnectionState::Connected);
    // The answer takes its time; consent goes on under the old credentials, on both sides.
    net.run(secs(120));
    assert_eq!(path(&net), before);
    assert_eq!(
        net.states(),
        [ConnectionState::Connected, ConnectionState::Completed]
    );
    assert!(net.agents[A].is_known_path(host(A), host(B)));
    restart(&mut net, B, 101);
    net.exchange();
    let took = net.run_until(secs(1), |net| {
        net.states() == [ConnectionState::Completed; 2]
    });
    assert!(took < ms(5));
    net.run(secs(60));
    net.assert_states(ConnectionState::Completed);
    net.assert_agreed();
    assert_eq!(net.agents[A].stats().dropped.total(), 0);
}

#[test]
fn a_restart_never_leaves_the_agents_without_a_pair() {
    let mut net = Net::connected(2);
    restart(&mut net, A, 100);
    restart(&mut net, B, 101);
    net.exchange();
    for _ in 0..100 {
        net.run(std::time::Duration::from_micros(50));
        assert!(net.agents[A].selected_pair().is_some());
        assert!(net.agents[B].selected_pair().is_some());
    }
}

#[test]
fn data_of_a_peer_that_still_uses_the_old_pair_is_expected_for_a_while() {
    let mut net = Net::connected(10);
    restart(&mut net, A, 100);
    restart(&mut net, B, 101);
    for index in [A, B] {
        net.agents[index]
            .add_host_candidate(net.now, new_host(index))
            .unwrap();
    }
    // The old addresses are told as well, but are no longer reached by checks.
    net.middlebox = Box::new(|packet| {
        let old = [host(A), host(B)];
        (!old.contains(&packet.to)).then_some(packet)
    });
    net.exchange();
    net.run(secs(2));
    assert_eq!(net.selected(A).local, new_host(A));
    assert!(net.agents[A].is_known_path(host(A), host(B)));
    net.run(secs(40));
    assert!(!net.agents[A].is_known_path(host(A), host(B)));
}

fn new_host(index: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1 + index as u8], 6000))
}

#[test]
fn a_restart_tells_host_candidates_again_and_completes_gathering_again() {
    let mut net = Net::connected(3);
    restart(&mut net, A, 100);
    net.collect_events();
    let events = &net.events[A];
    assert!(
        matches!(&events[0], Event::LocalCandidate(local) if local.socket_addr() == Some(host(A)))
    );
    assert_eq!(events[1], Event::GatheringComplete);
    assert_eq!(net.agents[A].gathering_state(), GatheringState::Complete);
    let connected = Event::StateChange(ConnectionState::Connected);
    assert_eq!(events[2], connected);
}

#[test]
fn a_restart_leads_out_of_failure() {
    let mut net = Net::connected(4);
    net.middlebox = Box::new(|_| None);
    net.run(secs(40));
    net.assert_states(ConnectionState::Failed);
    net.middlebox = Box::new(Some);
    restart(&mut net, A, 100);
    restart(&mut net, B, 101);
    net.assert_states(ConnectionState::Checking);
    net.exchange();
    net.run(ms(200));
    net.assert_states(ConnectionState::Completed);
}

#[test]
fn when_the_old_pair_dies_during_a_restart_the_agent_goes_on_checking() {
    let mut net = Net::connected(5);
    restart(&mut net, A, 100);
    net.middlebox = Box::new(|_| None);
    net.run(secs(40));
    assert_eq!(net.agents[A].state(), ConnectionState::Checking);
    assert!(net.agents[A].selected_pair().is_none());
    net.middlebox = Box::new(Some);
    restart(&mut net, B, 101);
    net.exchange();
    net.run(ms(200));
    net.assert_states(ConnectionState::Completed);
}

#[test]
fn restarts_may_follow_one_another_before_the_answer() {
    let mut net = Net::connected(6);
    for seed in 0..5 {
        restart(&mut net, A, 100 + seed);
        net.run(secs(7));
        assert_eq!(net.agents[A].state(), ConnectionState::Connected);
    }
    restart(&mut net, B, 200);
    net.exchange();
    net.run(secs(60));
    net.assert_states(ConnectionState::Completed);
}

#[test]
fn candidates_of_the_old_generation_are_refused() {
    let mut net = Net::connected(7);
    let line = "candidate:1 1 udp 1 192.0.2.77 7 typ host ufrag old+";
    let refused = net.agents[A].add_remote_candidate(net.now, line.parse().unwrap());
    assert_eq!(
        refused,
        Err(tidewire_ice::AddCandidateError::OtherGeneration)
    );
}

#[test]
fn a_restart_at_the_peer_s_wish_keeps_the_roles() {
    let mut net = Net::connected(8);
    let roles = [net.agents[A].role(), net.agents[B].role()];
    restart(&mut net, B, 100);
    restart(&mut net, A, 101);
    net.exchange();
    net.run(secs(1));
    assert_eq!(roles, [net.agents[A].role(), net.agents[B].role()]);
    net.assert_agreed();
}

#[test]
fn a_restart_after_close_does_nothing() {
    let mut net = Net::connected(9);
    net.agents[A].close();
    let credentials = Credentials::generate(&mut Rng::from_u64(1));
    net.agents[A].restart(net.now, credentials);
    assert_eq!(net.agents[A].state(), ConnectionState::Closed);
}
