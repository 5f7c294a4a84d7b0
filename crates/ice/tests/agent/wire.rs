//! Messages on the wire: RFC 8445 section 7, against a peer made by hand.

use std::time::Duration;

use tidewire_ice::{ConnectionState, Event, Handled, PairState, Role};
use tidewire_stun::{Class, Fingerprint, MessageBuilder, Method};

use crate::net::{host, ms, secs};
use crate::peer::{Peer, remote};

#[test]
fn a_check_carries_what_section_7_2_2_demands() {
    for role in [Role::Controlling, Role::Controlled] {
        let mut peer = Peer::new(role, &[1]);
        let sent = peer.drain().remove(0);
        assert_eq!((sent.from, sent.to), (host(0), remote(1)));
        let message = sent.message();
        assert_eq!(sent.request, Some(message.transaction_id()));
        let ours = peer.agent.local_credentials();
        let username = format!("{}:{}", peer.credentials.ufrag, ours.ufrag);
        assert_eq!(message.username(), Some(&*username));
        assert_eq!(message.priority(), Some((110 << 24) + (65_535 << 8) + 255));
        let controls = role == Role::Controlling;
        assert_eq!(message.ice_controlling().is_some(), controls);
        assert_eq!(message.ice_controlled().is_some(), !controls);
        assert!(!message.use_candidate());
        assert_eq!(message.verify_integrity(&*peer.remote_key()), Ok(()));
        assert_eq!(message.fingerprint(), Fingerprint::Valid);
    }
}

#[test]
fn a_retransmission_repeats_the_request_byte_for_byte() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    let first = peer.drain().remove(0);
    assert!(peer.pass(ms(499)).is_empty());
    let again = peer.pass(ms(1)).remove(0);
    assert_eq!(again.data, first.data);
    assert_eq!(peer.agent.stats().requests_sent, 1);
    assert_eq!(peer.agent.stats().retransmissions_sent, 1);
}

#[test]
fn the_nominating_check_follows_the_first_success_at_once() {
    let mut peer = Peer::new(Role::Controlling, &[1, 2]);
    let first = peer.drain().remove(0);
    peer.now += ms(20);
    assert_eq!(peer.answer(&first), Handled::Response);
    assert_eq!(peer.selected(), 1);
    let sent = peer.drain().remove(0);
    assert!(sent.message().use_candidate());
    assert_ne!(sent.data[8..20], first.data[8..20]);
    assert!(!peer.agent.selected_pair().unwrap().nominated);
    peer.answer(&sent);
    assert!(peer.agent.selected_pair().unwrap().nominated);
    assert_eq!(peer.agent.selected_pair().unwrap().rtt, Some(ms(35) / 2));
}

#[test]
fn an_answer_carries_the_mapped_address_under_our_password() {
    let mut peer = Peer::new(Role::Controlled, &[1]);
    peer.drain();
    assert_eq!(peer.request(1, |_| {}), Handled::Request);
    let sent = peer.drain();
    let answer = sent.iter().find(|sent| !sent.is_request()).unwrap();
    assert_eq!((answer.to, answer.request), (remote(1), None));
    let message = answer.message();
    assert_eq!(message.class(), Class::SuccessResponse);
    assert_eq!(message.xor_mapped_address(), Some(remote(1)));
    assert_eq!(message.verify_integrity(&*peer.local_key()), Ok(()));
    assert_eq!(message.fingerprint(), Fingerprint::Valid);
}

#[test]
fn the_answer_goes_before_the_triggered_check() {
    let mut peer = Peer::new(Role::Controlled, &[]);
    peer.request(9, |_| {});
    let sent = peer.drain();
    assert_eq!(sent.len(), 2);
    assert!(!sent[0].is_request() && sent[1].is_request());
    assert_eq!(sent[1].to, remote(9));
}

#[test]
fn an_attribute_that_must_be_understood_and_is_not_is_refused() {
    let mut peer = Peer::new(Role::Controlled, &[]);
    peer.request(1, |request| request.unknown = true);
    let sent = peer.drain();
    assert_eq!(sent.len(), 1, "no check is triggered");
    let message = sent[0].message();
    assert_eq!(message.error_code().map(|error| error.code), Some(420));
    let unknown: Vec<_> = message.unknown_attributes().map(|kind| kind.0).collect();
    assert_eq!(unknown, [0x7777]);
    assert_eq!(peer.agent.pairs().count(), 0);
}

#[test]
fn a_refused_check_fails_the_pair() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    let sent = peer.drain().remove(0);
    peer.refuse(&sent, 400);
    assert_eq!(peer.pair(1).state, PairState::Failed);
    // A request on the pair gives it another chance: RFC 8445 section 7.3.1.4.
    peer.request(1, |_| {});
    peer.settle();
    assert!(peer.agent.selected_pair().unwrap().nominated);
}

#[test]
fn a_refused_nomination_turns_to_the_next_pair() {
    let mut peer = Peer::new(Role::Controlling, &[1, 2]);
    let first = peer.drain().remove(0);
    let second = peer.pass(ms(50)).remove(0);
    peer.answer(&second);
    peer.answer(&first);
    let nominating = peer.drain();
    assert_eq!(nominating.len(), 1);
    let port = nominating[0].to.port();
    peer.refuse(&nominating[0], 500);
    let again = peer.drain().remove(0);
    assert!(again.message().use_candidate());
    assert_eq!(again.to.port(), 3 - port);
    peer.answer(&again);
    assert_eq!(peer.selected(), 3 - port);
}

#[test]
fn a_487_switches_the_role_changes_the_tie_breaker_and_repeats_the_check() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    let first = peer.drain().remove(0);
    peer.refuse(&first, 487);
    assert_eq!(peer.agent.role(), Role::Controlled);
    let again = peer.drain().remove(0);
    let tie_breaker = first.message().ice_controlling();
    assert!(again.message().ice_controlled().is_some());
    assert_ne!(again.message().ice_controlled(), tie_breaker);
    peer.answer(&again);
    assert_eq!(peer.pair(1).state, PairState::Succeeded);
}

#[test]
fn the_greater_tie_breaker_keeps_its_role() {
    for role in [Role::Controlling, Role::Controlled] {
        let conflict = |tie_breaker| {
            let mut peer = Peer::new(role, &[1]);
            peer.drain();
            peer.request(1, |request| {
                request.role = role;
                request.tie_breaker = tie_breaker;
            });
            let sent = peer.drain();
            let answer = sent.iter().find(|sent| !sent.is_request()).unwrap();
            let code = answer.message().error_code().map(|error| error.code);
            (peer.agent.role() == role, code)
        };
        // Section 7.3.1.1: the one with the greater value controls.
        let (keeps, gives_in) = match role {
            Role::Controlling => (0, u64::MAX),
            Role::Controlled => (u64::MAX, 0),
        };
        assert_eq!(conflict(keeps), (true, Some(487)));
        assert_eq!(conflict(gives_in), (false, None));
    }
}

#[test]
fn an_answer_from_elsewhere_fails_the_pair() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    let sent = peer.drain().remove(0);
    let data = peer.success(&sent);
    let handled = peer.deliver(host(0), remote(2), &data);
    assert!(!handled.is_authenticated());
    assert_eq!(peer.pair(1).state, PairState::Failed);
    assert!(peer.agent.selected_pair().is_none());
}

#[test]
fn a_request_during_our_own_check_triggers_another_one_at_once() {
    let mut peer = Peer::new(Role::Controlled, &[1]);
    let first = peer.drain_requests().remove(0);
    peer.request(1, |_| {});
    let second = peer.drain_requests().remove(0);
    assert_ne!(first.request, second.request);
    // A second request does not: the check under way was sent after the first.
    peer.request(1, |_| {});
    assert!(peer.drain_requests().is_empty());
    // The first check may still be answered.
    assert_eq!(peer.answer(&first), Handled::Response);
    assert_eq!(peer.pair(1).state, PairState::Succeeded);
    assert_eq!(peer.answer(&second), Handled::Response);
}

#[test]
fn a_path_that_leads_nowhere_costs_no_time() {
    let mut peer = Peer::new(Role::Controlling, &[1, 2, 3]);
    for port in [1, 2] {
        let sent = peer.drain();
        assert_eq!((sent.len(), sent[0].to), (1, remote(port)));
        peer.agent
            .handle_unreachable(peer.now, host(0), remote(port));
        assert_eq!(peer.pair(port).state, PairState::Failed);
    }
    let sent = peer.drain();
    assert_eq!((sent.len(), sent[0].to), (1, remote(3)));
    // The peer's own check may come through all the same.
    peer.request(1, |_| {});
    peer.settle();
    assert_eq!(peer.selected(), 1);
}

#[test]
fn a_pair_in_use_survives_a_path_that_is_gone_for_a_moment() {
    let mut peer = Peer::connected(Role::Controlled);
    peer.agent.handle_unreachable(peer.now, host(0), remote(1));
    assert_eq!(peer.agent.state(), ConnectionState::Connected);
}

#[test]
fn a_nomination_before_our_check_succeeds_is_remembered() {
    let mut peer = Peer::new(Role::Controlled, &[]);
    peer.request(1, |request| request.nominate = true);
    assert!(peer.agent.selected_pair().is_none());
    let check = peer.drain_requests().remove(0);
    peer.answer(&check);
    assert!(peer.agent.selected_pair().unwrap().nominated);
}

#[test]
fn of_several_nominated_pairs_the_best_is_used_in_whatever_order_they_come() {
    for ports in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
        let mut peer = Peer::new(Role::Controlled, &[1, 2, 3]);
        for port in ports {
            peer.request(port, |request| request.nominate = true);
        }
        peer.settle();
        assert_eq!(peer.selected(), 1, "{ports:?}");
    }
}

#[test]
fn a_peer_that_insists_on_a_worse_pair_is_followed() {
    let mut peer = Peer::new(Role::Controlled, &[1, 2]);
    for port in [1, 2] {
        peer.request(port, |request| request.nominate = true);
    }
    peer.settle();
    assert_eq!(peer.selected(), 1);
    peer.request(2, |request| request.nominate = true);
    assert_eq!(peer.selected(), 2);
    // And back.
    peer.request(1, |request| request.nominate = true);
    assert_eq!(peer.selected(), 1);
}

#[test]
fn a_repeated_nominating_request_does_not_insist() {
    let mut peer = Peer::new(Role::Controlled, &[1, 2]);
    peer.request(1, |request| request.nominate = true);
    peer.settle();
    for _ in 0..3 {
        peer.request(2, |request| {
            request.nominate = true;
            request.id.0 = [99; 12];
        });
        peer.settle();
    }
    assert_eq!(peer.selected(), 1);
}

#[test]
fn use_candidate_means_nothing_to_a_controlling_agent() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    peer.drain();
    peer.request(1, |request| request.nominate = true);
    let check = peer.drain_requests().remove(0);
    assert!(!check.message().use_candidate());
    peer.answer(&check);
    assert!(!peer.agent.selected_pair().unwrap().nominated);
}

#[test]
fn consent_requests_are_sent_once_each_with_new_ids() {
    let mut peer = Peer::connected(Role::Controlled);
    let mut ids = Vec::new();
    for _ in 0..29_000 {
        peer.now += ms(1);
        ids.extend(peer.drain().iter().filter_map(|sent| sent.request));
    }
    assert!((4..=7).contains(&ids.len()), "{}", ids.len());
    ids.sort();
    ids.dedup();
    assert!(ids.len() >= 4);
    assert_eq!(peer.agent.state(), ConnectionState::Disconnected);
}

#[test]
fn when_consent_expires_before_a_nomination_nothing_more_is_sent() {
    for role in [Role::Controlling, Role::Controlled] {
        let mut peer = Peer::new(role, &[1, 2]);
        let first = peer.drain().remove(0);
        let second = peer.pass(ms(50)).remove(0);
        peer.answer(&first);
        peer.answer(&second);
        for _ in 0..300 {
            peer.pass(ms(100));
        }
        assert_eq!(peer.agent.state(), ConnectionState::Failed);
        assert!(peer.pass(secs(100)).is_empty());
        assert_eq!(peer.agent.poll_timeout(), None);
    }
}

#[test]
fn a_late_answer_to_an_earlier_consent_request_counts() {
    let mut peer = Peer::connected(Role::Controlled);
    let mut asked = Vec::new();
    for _ in 0..15 {
        asked.extend(peer.pass(secs(1)));
    }
    assert!(asked.len() >= 2);
    assert_eq!(peer.agent.state(), ConnectionState::Disconnected);
    assert_eq!(peer.answer(&asked[0]), Handled::Response);
    assert_eq!(peer.agent.state(), ConnectionState::Connected);
}

#[test]
fn a_403_revokes_consent() {
    let mut peer = Peer::connected(Role::Controlled);
    let mut asked = Vec::new();
    while asked.is_empty() {
        asked = peer.pass(ms(100));
    }
    peer.refuse(&asked[0], 403);
    assert_eq!(peer.agent.state(), ConnectionState::Failed);
    assert!(peer.agent.selected_pair().is_none());
    let failed = Event::StateChange(ConnectionState::Failed);
    assert_eq!(
        std::iter::from_fn(|| peer.agent.poll_event()).last(),
        Some(failed)
    );
}

#[test]
fn other_errors_do_not_revoke_consent() {
    let mut peer = Peer::connected(Role::Controlled);
    let mut asked = Vec::new();
    while asked.is_empty() {
        asked = peer.pass(ms(100));
    }
    peer.refuse(&asked[0], 500);
    assert_eq!(peer.agent.state(), ConnectionState::Connected);
}

#[test]
fn an_indication_is_taken_in_silence() {
    let mut peer = Peer::connected(Role::Controlled);
    let mut data = Vec::new();
    let id = tidewire_stun::TransactionId([9; 12]);
    MessageBuilder::new(&mut data, Class::Indication, Method::BINDING, id)
        .fingerprint()
        .finish()
        .unwrap();
    assert_eq!(peer.deliver(host(0), remote(1), &data), Handled::Indication);
    assert!(peer.drain().is_empty());
}

#[test]
fn headroom_before_a_message_is_left_alone() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    let mut out = vec![0xaa; 36];
    let sent = peer.agent.poll_transmit(peer.now, &mut out).unwrap();
    assert_eq!(out[..36], [0xaa; 36]);
    assert_eq!(out[36 + 8..36 + 20], sent.request.unwrap().0);
    let rest = peer.agent.poll_transmit(peer.now, &mut out);
    assert_eq!(rest, None);
    assert_eq!(
        peer.agent.poll_timeout(),
        Some(peer.now + Duration::from_millis(500))
    );
}
