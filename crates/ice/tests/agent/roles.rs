//! Roles and nomination: RFC 8445 sections 6.1.1, 7.3.1 and 8.

use tidewire_ice::{ConnectionState, Event, Role};

use crate::net::{A, B, Net, ms, secs};

fn with_roles(seed: u64, roles: [Role; 2]) -> Net {
    let mut net = Net::pair(seed);
    for index in [A, B] {
        net.agents[index].set_role(roles[index]);
    }
    net
}

#[test]
fn a_role_conflict_is_settled_and_told_whoever_wins() {
    for role in [Role::Controlling, Role::Controlled] {
        for seed in 0..20 {
            let mut net = with_roles(seed, [role, role]);
            net.exchange();
            net.run(secs(3));
            net.assert_states(ConnectionState::Completed);
            net.assert_agreed();
            assert_ne!(net.agents[A].role(), net.agents[B].role());
            let told = |index: usize| {
                let change = Event::RoleChange(role.opposite());
                net.events[index].contains(&change)
            };
            assert!(told(A) != told(B), "one agent gives in");
        }
    }
}

#[test]
fn a_role_conflict_costs_at_most_a_few_round_trips() {
    for seed in 0..20 {
        let mut net = with_roles(seed, [Role::Controlling; 2]);
        net.exchange();
        let took = net.run_until(secs(1), |net| {
            net.states() == [ConnectionState::Completed; 2]
        });
        assert!(took < ms(5), "it took {took:?}");
    }
}

#[test]
fn the_agent_controls_a_lite_peer_whatever_it_says() {
    let mut net = with_roles(1, [Role::Controlled, Role::Controlling]);
    net.agents[A].set_remote_lite(true);
    assert_eq!(net.agents[A].role(), Role::Controlling);
    net.exchange();
    net.run(secs(1));
    assert_eq!(net.agents[A].role(), Role::Controlling);
    assert_eq!(net.agents[B].role(), Role::Controlled);
    net.assert_agreed();
}
