//! Many seeds: agents connect and stay connected whatever the network does to their datagrams.

use std::time::Duration;

use tidewire_crypto::Rng;
use tidewire_ice::{ConnectionState, Credentials, Event, Role};
use tidewire_netsim::{LinkConfig, for_each_seed};

use crate::net::{A, B, Net, address, ms, secs};

/// A bad network, different for each seed.
fn bad_link(rng: &mut Rng) -> LinkConfig {
    let mut up_to = |most: f64| most * f64::from(rng.next_u32()) / f64::from(u32::MAX);
    LinkConfig {
        delay: Duration::from_secs_f64(up_to(0.2)),
        jitter: Duration::from_secs_f64(up_to(0.05)),
        loss: up_to(0.15),
        reordering: up_to(0.3),
        reordering_delay: Duration::from_secs_f64(up_to(0.3)),
        duplication: up_to(0.3),
        corruption: up_to(0.05),
        ..LinkConfig::default()
    }
}

/// Adds one to three addresses; the first of both agents are of one family.
fn add_addresses(net: &mut Net, rng: &mut Rng) {
    for index in [A, B] {
        let count = 1 + rng.next_u32() as usize % 3;
        for text in &["192.0.2.1:1000", "[2001:db8::1]:1000", "10.0.0.1:1000"][..count] {
            let mut host = address(text);
            host.set_port(host.port() + index as u16);
            net.add_host(index, host);
        }
        net.agents[index].finish_local_candidates();
    }
}

/// Tells everything in an order that the seed decides, with time passing in between.
fn exchange_slowly(net: &mut Net, rng: &mut Rng) {
    let mut steps = vec![0, 1, 2, 3];
    while !steps.is_empty() {
        let step = steps.remove(rng.next_u32() as usize % steps.len());
        let from = step % 2;
        if step < 2 {
            net.tell_credentials(from);
        } else {
            net.tell_candidates(from);
            net.agents[1 - from].end_of_remote_candidates(net.now);
        }
        net.run(ms(u64::from(rng.next_u32() % 300)));
    }
}

#[test]
fn agents_agree_on_a_pair_over_a_bad_network() {
    for_each_seed(300, |seed| {
        let mut rng = Rng::from_u64(seed ^ 0xbad);
        let mut net = Net::with_link(seed, bad_link(&mut rng));
        let roles = [Role::Controlling, Role::Controlled];
        for (index, role) in [A, B].into_iter().zip(roles) {
            // One time in four both begin in the same role.
            let role = if seed % 4 == 0 { roles[0] } else { role };
            net.agents[index].set_role(role);
        }
        add_addresses(&mut net, &mut rng);
        exchange_slowly(&mut net, &mut rng);
        net.run(secs(25));
        net.assert_agreed();
        assert_ne!(net.agents[A].role(), net.agents[B].role());
        for state in net.states() {
            assert!(state.is_connected() || state == ConnectionState::Disconnected);
        }
    });
}

#[test]
fn restarts_over_a_bad_network_end_in_one_pair() {
    for_each_seed(100, |seed| {
        let mut rng = Rng::from_u64(seed ^ 0x2e57a27);
        let mut net = Net::with_link(seed, bad_link(&mut rng));
        add_addresses(&mut net, &mut rng);
        exchange_slowly(&mut net, &mut rng);
        net.run(secs(10));
        for _ in 0..3 {
            for index in [A, B] {
                net.events[index].clear();
                let credentials = Credentials::generate(&mut rng);
                net.agents[index].restart(net.now, credentials);
            }
            exchange_slowly(&mut net, &mut rng);
        }
        net.run(secs(25));
        net.assert_agreed();
    });
}

#[test]
fn consent_survives_losses_for_ten_minutes() {
    for_each_seed(50, |seed| {
        let link = LinkConfig {
            delay: ms(30),
            loss: 0.02,
            ..LinkConfig::default()
        };
        let mut net = Net::with_link(seed, link);
        net.add_hosts();
        net.exchange();
        net.run(secs(600));
        let failed = Event::StateChange(ConnectionState::Failed);
        assert!(!net.events[A].contains(&failed) && !net.events[B].contains(&failed));
        net.assert_agreed();
    });
}

#[test]
fn what_is_lost_at_first_costs_no_more_than_the_first_repetition() {
    for lost in 0..4 {
        let mut net = Net::pair(lost);
        let mut count = 0;
        net.middlebox = Box::new(move |packet| {
            count += 1;
            (count != lost + 1).then_some(packet)
        });
        net.exchange();
        let took = net.run_until(secs(2), |net| {
            net.states().iter().all(|state| state.is_connected())
        });
        assert!(took <= ms(501), "datagram {lost}: {took:?}");
    }
}
