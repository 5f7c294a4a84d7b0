//! Host candidates: connecting, trickling, consent.

use std::time::Duration;

use tidewire_ice::{ConnectionState, Event, PairState, Role};

use tidewire_netsim::LinkConfig;

use crate::net::{A, B, Net, address, host, ms, secs};

#[test]
fn two_agents_connect_over_host_candidates_in_one_round_trip_and_nominate_in_two() {
    let mut net = Net::pair(1);
    net.exchange();
    let round_trip = Duration::from_micros(200);
    let took = net.run_until(secs(1), |net| {
        net.states().iter().all(|state| state.is_connected())
    });
    assert_eq!(took, round_trip);
    let took = net.run_until(secs(1), |net| {
        net.states() == [ConnectionState::Completed; 2]
    });
    assert_eq!(took, round_trip);
    net.assert_agreed();
}

#[test]
fn round_trips_of_seconds_only_slow_a_connection_down() {
    for half in [300, 400, 600, 1000, 2000, 3000] {
        let link = LinkConfig {
            delay: ms(half),
            ..LinkConfig::default()
        };
        let mut net = Net::with_link(half, link);
        net.add_hosts();
        net.exchange();
        let took = net.run_until(secs(30), |net| {
            net.states() == [ConnectionState::Completed; 2]
        });
        assert!(took <= ms(4 * half), "{took:?} at {half} ms");
        net.run(secs(120));
        net.assert_states(ConnectionState::Completed);
    }
}

#[test]
fn the_states_come_in_order() {
    let mut net = Net::pair(2);
    net.tell_credentials(A);
    net.tell_credentials(B);
    net.assert_states(ConnectionState::New);
    net.tell_candidates(A);
    net.tell_candidates(B);
    net.run(secs(1));
    net.assert_states(ConnectionState::Connected);
    for index in [A, B] {
        net.agents[index].end_of_remote_candidates(net.now);
    }
    net.run(ms(1));
    let expected = [
        ConnectionState::Checking,
        ConnectionState::Connected,
        ConnectionState::Completed,
    ];
    assert_eq!(net.states_told(A), expected);
}

#[test]
fn a_request_that_comes_before_the_answer_is_answered_and_followed_up() {
    let mut net = Net::pair(3);
    // The answerer knows the offer; its own answer is on its way.
    net.tell_credentials(A);
    net.tell_candidates(A);
    net.run(ms(100));
    assert_eq!(net.agents[B].state(), ConnectionState::Connected);
    assert!(net.agents[A].is_known_path(host(A), host(B)));
    assert_eq!(net.agents[A].stats().requests_sent, 0);
    net.tell_credentials(B);
    let took = net.run_until(secs(1), |net| net.agents[A].state().is_connected());
    assert!(took < ms(1), "the remembered request triggers a check");
    net.run(ms(10));
    net.assert_agreed();
}

#[test]
fn a_candidate_that_trickles_in_late_connects() {
    let mut net = Net::pair(4);
    net.tell_credentials(A);
    net.tell_credentials(B);
    net.run(secs(5));
    net.assert_states(ConnectionState::New);
    net.tell_candidates(B);
    net.run(ms(5));
    net.assert_agreed();
}

#[test]
fn checks_begin_at_once_and_go_on_every_50_ms() {
    let mut net = Net::bare(5);
    net.add_host(A, host(A));
    net.tell_credentials(B);
    for port in 1..=4 {
        let line = format!("candidate:{port} 1 udp {port} 192.0.2.9 {port} typ host");
        net.add_remote(A, &line);
    }
    let mut sent = Vec::new();
    for _ in 0..=160 {
        net.run(ms(1));
        sent.push(net.agents[A].stats().requests_sent);
    }
    assert_eq!((sent[0], sent[48], sent[50], sent[98]), (1, 1, 2, 2));
    assert_eq!((sent[100], sent[150]), (3, 4));
}

#[test]
fn the_best_pair_is_checked_first_and_nominated() {
    let mut net = Net::bare(6);
    for index in [A, B] {
        for text in ["10.0.0.1:1", "192.168.0.1:2", "[2001:db8::1]:3"] {
            let mut host = address(text);
            host.set_port(host.port() * 10 + index as u16);
            net.add_host(index, host);
        }
    }
    net.exchange();
    net.run(secs(2));
    net.assert_agreed();
    assert_eq!(net.selected(A).local, address("10.0.0.1:10"));
    assert_eq!(net.agents[A].pairs().count(), 5, "families do not mix");
    let live = |state| matches!(state, PairState::InProgress | PairState::Failed);
    assert!(!net.agents[A].pairs().any(|pair| live(pair.state)));
}

#[test]
fn ipv6_connects_and_link_local_addresses_keep_to_themselves() {
    let mut net = Net::bare(7);
    net.add_host(A, address("[2001:db8::1]:1"));
    net.add_host(A, address("[fe80::1]:1"));
    net.add_host(B, address("[2001:db8::2]:2"));
    net.exchange();
    net.run(ms(100));
    net.assert_agreed();
    assert_eq!(net.agents[A].pairs().count(), 1);
}

#[test]
fn consent_is_kept_for_minutes() {
    let mut net = Net::connected(8);
    net.run(secs(300));
    net.assert_states(ConnectionState::Completed);
    for agent in &net.agents {
        let pair = agent.pairs().find(|pair| pair.selected).unwrap();
        assert!((50..=75).contains(&pair.traffic.consent_requests_sent));
        assert_eq!(agent.stats().dropped.total(), 0);
    }
}

#[test]
fn silence_disconnects_then_fails_and_nothing_is_sent_after_that() {
    let mut net = Net::connected(9);
    net.middlebox = Box::new(|_| None);
    net.run(secs(20));
    net.assert_states(ConnectionState::Disconnected);
    assert!(net.agents[A].selected_pair().is_some());
    net.run(secs(11));
    net.assert_states(ConnectionState::Failed);
    assert!(net.agents[A].selected_pair().is_none());
    assert!(!net.agents[A].is_known_path(host(A), host(B)));
    let sent = net.sent;
    net.middlebox = Box::new(Some);
    net.run(secs(600));
    assert_eq!(net.sent, sent);
    assert_eq!(net.agents[A].poll_timeout(), None);
    net.assert_states(ConnectionState::Failed);
}

#[test]
fn a_connection_comes_back_before_consent_expires() {
    let mut net = Net::connected(10);
    net.middlebox = Box::new(|_| None);
    net.run(secs(20));
    net.middlebox = Box::new(Some);
    net.run(secs(8));
    net.assert_states(ConnectionState::Completed);
    let told = net.states_told(A);
    assert!(told.ends_with(&[ConnectionState::Disconnected, ConnectionState::Completed]));
}

#[test]
fn agents_that_cannot_reach_each_other_fail_after_the_patience_of_rfc_8863() {
    let mut net = Net::pair(11);
    net.middlebox = Box::new(|_| None);
    net.exchange();
    net.run(secs(39));
    net.assert_states(ConnectionState::Checking);
    net.run(secs(1));
    net.assert_states(ConnectionState::Failed);
}

#[test]
fn an_agent_that_is_checked_but_never_answered_rightly_fails_as_well() {
    let mut net = Net::pair(21);
    net.tell_credentials(A);
    net.tell_candidates(A);
    let mut wrong = net.agents[B].local_credentials().clone();
    wrong.pwd = "x".repeat(24);
    net.agents[A].set_remote_credentials(wrong);
    net.tell_candidates(B);
    net.run(secs(120));
    net.assert_states(ConnectionState::Failed);
    net.run(secs(120));
    net.assert_states(ConnectionState::Failed);
}

#[test]
fn an_agent_that_gave_up_before_the_answer_came_is_revived_by_a_check() {
    let mut net = Net::pair(20);
    // The offerer's NAT lets nothing in before the answer is there.
    net.middlebox = Box::new(|packet| (packet.to != host(A)).then_some(packet));
    net.tell_credentials(A);
    net.tell_candidates(A);
    net.run(secs(60));
    assert_eq!(net.agents[B].state(), ConnectionState::Failed);
    net.middlebox = Box::new(Some);
    net.tell_credentials(B);
    net.tell_candidates(B);
    net.run(ms(100));
    net.assert_agreed();
    net.run(secs(60));
    net.assert_states(ConnectionState::Connected);
}

#[test]
fn no_candidates_at_all_fail_after_the_same_patience() {
    let mut net = Net::pair(12);
    net.tell_credentials(B);
    net.agents[A].end_of_remote_candidates(net.now);
    net.run(secs(39));
    assert_eq!(net.agents[A].state(), ConnectionState::Checking);
    net.run(secs(1));
    assert_eq!(net.agents[A].state(), ConnectionState::Failed);
}

#[test]
fn a_closed_agent_is_silent() {
    let mut net = Net::connected(13);
    net.agents[A].close();
    net.run(secs(40));
    assert_eq!(
        net.states(),
        [ConnectionState::Closed, ConnectionState::Failed]
    );
    let closed = Event::StateChange(ConnectionState::Closed);
    assert_eq!(net.events[A].last(), Some(&closed));
    assert_eq!(net.agents[A].poll_timeout(), None);
}

#[test]
fn equal_seeds_give_equal_bytes() {
    let trace = |seed| {
        let mut net = Net::pair(seed);
        let (tell, told) = std::sync::mpsc::channel();
        net.middlebox = Box::new(move |packet| {
            tell.send(packet.data.clone()).unwrap();
            Some(packet)
        });
        net.exchange();
        net.run(secs(60));
        drop(net);
        told.iter().collect::<Vec<_>>()
    };
    assert_eq!(trace(14), trace(14));
    assert_ne!(trace(14), trace(15));
}

#[test]
fn a_jump_of_hours_costs_the_connection_but_not_a_burst() {
    let mut net = Net::connected(16);
    let sent = net.sent;
    net.now += secs(7200);
    net.run(ms(1));
    assert!(net.sent <= sent + 4);
    assert_eq!(net.agents[A].role(), Role::Controlling);
}

#[test]
fn data_is_counted_by_pair_and_the_choice_of_one_as_a_change() {
    let mut net = Net::pair(7);
    assert_eq!(net.agents[A].stats().selected_pair_changes, 0);
    net.exchange();
    net.run(secs(5));
    let (now, path) = (net.now, (host(A), host(B)));
    let agent = &mut net.agents[A];
    let changes = agent.stats().selected_pair_changes;
    assert_eq!(changes, 1);
    agent.handle_sent(now, path, 3, 3000);
    assert!(agent.handle_data(now, path.0, path.1, 70));
    assert!(!agent.handle_data(now, path.0, path.0, 70));
    let pair = agent.pairs().find(|pair| pair.selected).unwrap();
    let traffic = pair.traffic;
    assert_eq!((traffic.packets_sent, traffic.bytes_sent), (3, 3000));
    assert_eq!((traffic.packets_received, traffic.bytes_received), (1, 70));
    assert_eq!(
        (traffic.last_sent, traffic.last_received),
        (Some(now), Some(now))
    );
    net.agents[A].close();
    assert_eq!(net.agents[A].stats().selected_pair_changes, changes + 1);
}

#[test]
fn a_check_that_another_one_replaces_still_tells_the_round_trip() {
    let link = LinkConfig {
        delay: ms(20),
        ..LinkConfig::default()
    };
    let mut net = Net::with_link(1, link);
    net.add_hosts();
    net.exchange();
    net.run(secs(1));
    for index in [A, B] {
        let pair = net.agents[index].pairs().find(|pair| pair.selected);
        let traffic = pair.expect("a pair in use").traffic;
        assert_eq!(traffic.last_rtt, Some(ms(40)));
        let responses = traffic.responses_received as u32;
        assert_eq!(traffic.total_rtt, ms(40) * responses);
    }
}
