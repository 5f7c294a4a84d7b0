//! Hostile input: what is not the peer's is dropped and counted; what is the peer's is bounded.

use std::net::SocketAddr;

use tidewire_ice::{AddCandidateError, ConnectionState, DropReason, Handled, Role};
use tidewire_stun::Method;

use crate::net::{config, host, ms};
use crate::peer::{Peer, remote};

#[track_caller]
fn assert_dropped(peer: &mut Peer, handled: Handled, reason: DropReason) {
    assert_eq!(handled, Handled::Dropped(reason));
    assert_eq!(peer.agent.stats().dropped.of(reason), 1);
    assert_eq!(peer.agent.stats().dropped.total(), 1);
    assert!(peer.drain().is_empty(), "nothing is answered");
    assert!(peer.agent.selected_pair().is_none());
    assert!(!peer.agent.is_known_path(host(0), remote(1)));
}

#[test]
fn requests_that_are_not_the_peer_s_are_dropped_by_reason_and_not_answered() {
    use DropReason::*;
    let reasons = [
        WrongIntegrity,
        WrongUsername,
        WrongRemoteUfrag,
        NoUsername,
        UnexpectedMethod,
        UnknownLocalAddress,
    ];
    for reason in reasons {
        let mut peer = Peer::new(Role::Controlled, &[]);
        let handled = peer.request(1, |request| match reason {
            WrongIntegrity => request.password = "a".repeat(24),
            WrongUsername => request.username = Some("nobody:knows".into()),
            NoUsername => request.username = None,
            UnexpectedMethod => request.method = Method::ALLOCATE,
            UnknownLocalAddress => request.to.set_port(1),
            _ => {
                let username = request.username.take();
                request.username = username.map(|name| name + "x");
            }
        });
        assert_dropped(&mut peer, handled, reason);
    }
}

#[test]
fn noise_is_dropped() {
    let mut peer = Peer::new(Role::Controlled, &[]);
    let handled = peer.deliver(host(0), remote(1), b"\x16\xfe\xfd not STUN");
    assert_dropped(&mut peer, handled, DropReason::Malformed);
}

#[test]
fn every_flipped_bit_of_a_request_is_noticed() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    let request = peer.drain().remove(0);
    // The agent's own request, turned upon another agent that shares the credentials the other way
    // round, would be right; here every variation of it has to be wrong.
    for bit in 0..request.data.len() * 8 {
        let mut data = request.data.clone();
        data[bit / 8] ^= 1 << (bit % 8);
        let handled = peer.deliver(host(0), remote(1), &data);
        assert!(matches!(handled, Handled::Dropped(_)), "bit {bit}");
    }
}

#[test]
fn every_truncation_and_every_flipped_bit_of_a_response_is_noticed() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    let request = peer.drain().remove(0);
    let response = peer.success(&request);
    for len in 0..response.len() {
        let handled = peer.deliver(host(0), remote(1), &response[..len]);
        assert!(!handled.is_authenticated(), "length {len}");
    }
    // A changed FINGERPRINT may stand for an attribute that nobody knows; what it follows is intact.
    for bit in 0..(response.len() - 8) * 8 {
        let mut data = response.clone();
        data[bit / 8] ^= 1 << (bit % 8);
        let handled = peer.deliver(host(0), remote(1), &data);
        assert!(!handled.is_authenticated(), "bit {bit}");
    }
    // None of that has used the transaction up.
    assert_eq!(peer.answer(&request), Handled::Response);
}

#[test]
fn a_response_counts_once() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    let request = peer.drain().remove(0);
    assert_eq!(peer.answer(&request), Handled::Response);
    let again = Handled::Dropped(DropReason::UnknownTransaction);
    assert_eq!(peer.answer(&request), again);
}

#[test]
fn early_requests_are_bounded_and_one_path_counts_once() {
    let mut peer = Peer::stranger(Role::Controlled);
    for port in 1..=100 {
        peer.request(port, |_| {});
        peer.request(port, |_| {});
        assert_eq!(peer.drain().len(), 2, "all are answered");
    }
    let dropped = peer.agent.stats().dropped;
    assert_eq!(dropped.of(DropReason::TooManyEarlyRequests), 2 * 84);
    peer.agent.set_remote_credentials(peer.credentials.clone());
    assert_eq!(peer.agent.pairs().count(), 16);
    peer.settle();
    assert!(peer.agent.state().is_connected());
}

#[test]
fn an_early_request_of_another_peer_is_forgotten_when_the_credentials_come() {
    let mut peer = Peer::stranger(Role::Controlled);
    peer.request(1, |request| {
        let username = request.username.take();
        request.username = username.map(|name| name + "x");
    });
    assert_eq!(peer.drain().len(), 1);
    peer.agent.set_remote_credentials(peer.credentials.clone());
    assert_eq!(peer.agent.pairs().count(), 0);
    assert!(!peer.agent.is_known_path(host(0), remote(1)));
}

#[test]
fn a_flood_from_many_addresses_is_bounded_and_leaves_the_pair_in_use_alone() {
    let mut peer = Peer::connected(Role::Controlled);
    let mut checks = 0;
    for port in 1000..11_000 {
        peer.request(port, |_| {});
        checks += peer
            .pass(ms(1))
            .iter()
            .filter(|sent| sent.is_request())
            .count();
    }
    assert!(peer.agent.remote_candidates().count() <= 17);
    assert!(peer.agent.pairs().count() <= 17);
    assert_eq!(peer.selected(), 1);
    assert!(
        checks <= 210,
        "{checks} checks in ten seconds keep the pace"
    );
}

#[test]
fn a_flood_that_nobody_polls_is_bounded() {
    let mut peer = Peer::new(Role::Controlled, &[1]);
    for round in 0..10_000_u32 {
        peer.request((round % 60_000) as u16 + 1, |_| {});
        if round % 100 == 0 {
            peer.now += ms(50);
            peer.agent.handle_timeout(peer.now);
        }
    }
    let sent = peer.drain().len();
    assert!(sent <= 64 + 128, "{sent}");
    let dropped = peer.agent.stats().dropped;
    assert!(dropped.of(DropReason::QueueFull) > 9000);
}

#[test]
fn many_candidates_form_at_most_a_hundred_pairs_the_best() {
    let mut peer = Peer::new(Role::Controlling, &[]);
    for port in 2..=10 {
        let address = SocketAddr::from(([192, 0, 2, 1], port));
        peer.agent.add_host_candidate(peer.now, address).unwrap();
    }
    let mut refused = 0;
    for port in 1..=100 {
        let line = format!("candidate:1 1 udp {port} 198.51.100.7 {port} typ host");
        let added = peer
            .agent
            .add_remote_candidate(peer.now, line.parse().unwrap());
        refused += usize::from(added == Err(AddCandidateError::TooMany));
    }
    assert_eq!(refused, 36);
    assert_eq!(peer.agent.pairs().count(), 100);
    let worst = peer.agent.pairs().map(|pair| pair.remote.port()).min();
    assert!(worst > Some(50));
}

#[test]
fn a_peer_that_keeps_switching_roles_gets_answers_and_one_event() {
    let mut peer = Peer::new(Role::Controlling, &[1]);
    for _ in 0..1000 {
        let role = peer.agent.role();
        peer.request(1, |request| {
            request.role = role;
            request.tie_breaker = if role == Role::Controlling {
                u64::MAX
            } else {
                0
            };
        });
        peer.drain();
    }
    assert_eq!(peer.agent.stats().role_conflicts, 1000);
    let events = std::iter::from_fn(|| peer.agent.poll_event()).count();
    assert!(events <= 6);
}

#[test]
fn limits_of_nothing_are_survived() {
    let mut config = config(Role::Controlling);
    config.limits = tidewire_ice::Limits {
        local_candidates: 1,
        stun_servers: 0,
        remote_candidates: 0,
        peer_reflexive: 0,
        pairs: 0,
        early_requests: 0,
        transactions: 0,
        queued: 0,
    };
    let mut peer = Peer::with_config(config);
    peer.request(1, |_| {});
    peer.agent.set_remote_credentials(peer.credentials.clone());
    peer.request(1, |_| {});
    assert!(!peer.agent.add_stun_server(peer.now, remote(9)));
    for _ in 0..1000 {
        peer.pass(ms(100));
    }
    assert_eq!(peer.agent.state(), ConnectionState::New);
}

#[test]
fn a_stun_server_that_is_not_asked_is_not_heard() {
    let mut peer = Peer::new(Role::Controlling, &[]);
    peer.agent.add_stun_server(peer.now, remote(3478));
    let question = peer.drain().remove(0);
    assert_eq!(question.to, remote(3478));
    assert_eq!(question.message().username(), None);
    let data = peer.success(&question);
    // Right in all but where it comes from.
    let handled = peer.deliver(host(0), remote(3479), &data);
    assert_eq!(handled, Handled::Dropped(DropReason::AsymmetricResponse));
    assert_eq!(peer.agent.local_candidates().count(), 1);
    let handled = peer.deliver(host(0), remote(3478), &data);
    assert_eq!(handled, Handled::ServerResponse);
    assert!(!handled.is_authenticated());
}
