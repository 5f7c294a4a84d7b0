//! Handshakes over bad networks.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tidewire_netsim::{LinkConfig, for_each_seed};

use super::pair::{CLIENT, Pair, SERVER, config, config_1_3};
use crate::{AddressValidation, CloseReason, Config, Event, NamedGroup, ProtocolVersion};

const DELAY: Duration = Duration::from_millis(20);

fn link() -> LinkConfig {
    LinkConfig {
        delay: DELAY,
        ..LinkConfig::default()
    }
}

/// The number of datagrams in an undisturbed handshake with these fragments.
fn datagrams(mtu: usize) -> usize {
    sent_by(pair_with_mtu(1, mtu))
}

fn sent_by(mut pair: Pair) -> usize {
    pair.settle();
    pair.sent.len()
}

/// Of DTLS 1.3.
fn later_pair_with_mtu(mtu: usize) -> Pair {
    let configs = [1, 2].map(|number| {
        let mut config = config_1_3(number);
        config.mtu = mtu;
        config
    });
    Pair::with_configs(1, &link(), configs)
}

fn pair_with_mtu(seed: u64, mtu: usize) -> Pair {
    let configs = [1, 2].map(|number| {
        let mut config = config(number);
        config.mtu = mtu;
        config
    });
    Pair::with_configs(seed, &link(), configs)
}

#[test]
fn the_loss_of_any_one_datagram_is_made_good() {
    for mtu in [1200, 300] {
        for lost in 0..datagrams(mtu) {
            let mut pair =
                pair_with_mtu(1, mtu).tampered(move |number, _, datagram| match number == lost {
                    true => Vec::new(),
                    false => vec![datagram],
                });
            pair.settle();
            pair.assert_agreed();
        }
    }
}

#[test]
fn the_loss_of_any_two_datagrams_is_made_good() {
    for first in 0..datagrams(1200) {
        for second in first + 1..first + 6 {
            let mut pair = pair_with_mtu(1, 1200).tampered(move |number, _, datagram| {
                match number == first || number == second {
                    true => Vec::new(),
                    false => vec![datagram],
                }
            });
            pair.settle();
            pair.assert_agreed();
        }
    }
}

#[test]
fn the_loss_of_any_one_or_two_datagrams_of_1_3_is_made_good() {
    for mtu in [1200, 300] {
        let count = sent_by(later_pair_with_mtu(mtu));
        for first in 0..count {
            for second in first..(first + 6).min(count) {
                let mut pair = later_pair_with_mtu(mtu).tampered(move |number, _, datagram| {
                    match number == first || number == second {
                        true => Vec::new(),
                        false => vec![datagram],
                    }
                });
                pair.settle();
                pair.assert_agreed();
            }
        }
    }
}

#[test]
fn everything_of_1_3_may_arrive_twice() {
    let mut pair =
        later_pair_with_mtu(300).tampered(|_, _, datagram| vec![datagram.clone(), datagram]);
    pair.settle();
    pair.assert_agreed();
    let copies = pair
        .ends
        .iter()
        .map(|end| end.stats().flights_retransmitted);
    assert_eq!(copies.sum::<u64>(), 0, "a crossing copy is no repetition");
}

#[test]
fn everything_may_arrive_twice() {
    let mut pair =
        pair_with_mtu(1, 300).tampered(|_, _, datagram| vec![datagram.clone(), datagram]);
    pair.settle();
    pair.assert_agreed();
    let copies = pair
        .ends
        .iter()
        .map(|end| end.stats().flights_retransmitted);
    assert_eq!(copies.sum::<u64>(), 0, "a crossing copy is no repetition");
}

#[test]
fn small_fragments_may_arrive_backwards() {
    let held = Rc::new(Cell::new(Vec::new()));
    // Every three datagrams of a sender come in the opposite order.
    let mut pair = pair_with_mtu(1, 200).tampered(move |_, from, datagram| {
        let mut queue: Vec<(usize, Vec<u8>)> = held.take();
        queue.push((from, datagram));
        if queue.iter().filter(|(sender, _)| *sender == from).count() < 3 {
            held.set(queue);
            return Vec::new();
        }
        let (due, rest) = queue.into_iter().partition(|(sender, _)| *sender == from);
        held.set(rest);
        let due: Vec<(usize, Vec<u8>)> = due;
        due.into_iter()
            .rev()
            .map(|(_, datagram)| datagram)
            .collect()
    });
    pair.settle();
    pair.assert_agreed();
}

#[test]
fn a_path_that_swallows_long_datagrams_is_found_out() {
    for limit in [548, 300] {
        let narrow = LinkConfig {
            mtu: limit,
            ..link()
        };
        let mut pair = Pair::with_configs(1, &narrow, [config(1), config(2)]);
        pair.settle();
        pair.assert_agreed();
        // No smaller than needed.
        let passing = pair.sent.iter().map(|(_, datagram)| datagram.len());
        let longest = passing.filter(|len| *len <= limit).max();
        assert!(longest > Some(limit / 2), "{longest:?} of {limit}");
    }
}

#[test]
fn no_datagram_of_the_handshake_is_longer_than_the_mtu() {
    for mtu in [200, 300, 548, 1200] {
        for mut pair in [pair_with_mtu(1, mtu), later_pair_with_mtu(mtu)] {
            pair.settle();
            pair.assert_agreed();
            assert!(pair.sent.iter().all(|(_, datagram)| datagram.len() <= mtu));
        }
    }
}

#[test]
fn no_mtu_is_too_small_or_too_large_for_a_handshake() {
    for mtu in [0, 1, 127, 16_384, 65_535, usize::MAX] {
        for mut pair in [pair_with_mtu(1, mtu), later_pair_with_mtu(mtu)] {
            pair.settle();
            pair.assert_agreed();
        }
    }
}

#[test]
fn the_last_flight_goes_out_again_when_the_peer_repeats_its_own() {
    // The server's last flight is the last thing that is sent.
    let last = datagrams(1200) - 1;
    let mut pair = pair_with_mtu(1, 1200).tampered(move |number, from, datagram| {
        assert!(number != last || from == SERVER);
        match number == last {
            true => Vec::new(),
            false => vec![datagram],
        }
    });
    pair.settle();
    pair.assert_agreed();
    assert_eq!(pair.ends[SERVER].stats().flights_retransmitted, 1);
}

#[test]
fn data_that_overtakes_the_last_flight_is_kept() {
    let mut pair = pair_with_mtu(1, 1200);
    // The server is connected while its last flight is still under way.
    pair.run_until(Duration::from_secs(5), |pair| {
        pair.ends[SERVER].info().is_some()
    });
    assert_eq!(pair.ends[CLIENT].info(), None);
    assert_eq!(pair.carry(SERVER, b"early"), None);
    pair.settle();
    let data = pair.ends[CLIENT].poll_data();
    assert_eq!(data.as_deref(), Some(&b"early"[..]));
    pair.assert_agreed();
}

#[test]
fn a_lost_farewell_is_said_again_and_no_more_often_than_needed() {
    let configs = [config(1), config(2)];
    let mut fingerprints = [3, 2].map(|number| {
        let hash = tidewire_crypto::HashAlgorithm::Sha256;
        config(number).certificate.fingerprint(hash)
    });
    fingerprints[SERVER] = configs[SERVER]
        .certificate
        .fingerprint(fingerprints[0].algorithm());
    // The server refuses the client; its alert is a datagram of 15 bytes.
    let mut lost = 0;
    let mut pair =
        Pair::expecting(1, &link(), configs, fingerprints).tampered(move |_, from, datagram| {
            match from == SERVER && datagram.len() == 15 && lost < 2 {
                true => {
                    lost += 1;
                    Vec::new()
                }
                false => vec![datagram],
            }
        });
    pair.settle();
    let alert = crate::AlertDescription::BAD_CERTIFICATE;
    let told = pair.ends[CLIENT].close_reason();
    assert_eq!(told, Some(CloseReason::PeerAlert(alert)));
    let is_alert = |(from, datagram): &&(usize, Vec<u8>)| *from == SERVER && datagram.len() == 15;
    assert!(pair.sent.iter().filter(is_alert).count() <= 6);
}

#[test]
fn a_peer_that_never_answers_is_given_up() {
    let mut pair = pair_with_mtu(1, 1200).tampered(|_, _, _| Vec::new());
    pair.settle();
    let timed_out = Event::Closed(CloseReason::TimedOut);
    assert_eq!(pair.events[CLIENT], [timed_out]);
    assert!(pair.events[SERVER].is_empty());
    assert!(pair.sent.len() < 16, "{} datagrams", pair.sent.len());
}

/// Settings that go from seed to seed through both versions, all groups, retries, cookies, and datagrams
/// of several sizes.
fn assorted(seed: u64) -> [Config; 2] {
    const GROUPS: [NamedGroup; 4] = [
        NamedGroup::X25519MLKEM768,
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ];
    let pick = |count: u64, stride: u64| (seed / stride % count) as usize;
    [0, 1].map(|end| {
        let mut config = config_1_3(seed * 2 + 1 + end);
        if pick(3, 1) == 0 {
            config.versions = vec![ProtocolVersion::DTLS_1_2];
        }
        config.mtu = [1200, 548, 256][pick(3, 3)];
        config.groups = GROUPS.to_vec();
        config.groups.rotate_left(pick(4, 9));
        if end == 1 {
            // Of some of these the client has sent no share.
            config.groups.truncate(1 + pick(4, 36));
            config.groups.push(NamedGroup::X25519);
            if pick(5, 2) == 0 {
                config.address_validation = AddressValidation::Cookie;
            }
        }
        config.handshake_timeout = Duration::from_secs(100);
        config
    })
}

#[test]
fn bad_networks_delay_and_never_prevent() {
    let bad = LinkConfig {
        delay: DELAY,
        jitter: DELAY,
        loss: 0.2,
        reordering: 0.2,
        duplication: 0.1,
        ..LinkConfig::default()
    };
    for_each_seed(300, |seed| {
        let mut pair = Pair::with_configs(seed, &bad, assorted(seed));
        pair.settle();
        pair.assert_agreed();
    });
}

#[test]
fn keys_change_on_bad_networks() {
    let bad = LinkConfig {
        delay: DELAY,
        jitter: DELAY,
        loss: 0.2,
        reordering: 0.2,
        duplication: 0.1,
        corruption: 0.05,
        ..LinkConfig::default()
    };
    for_each_seed(300, |seed| {
        let mut pair = Pair::of_1_3(seed, &link());
        pair.settle();
        for direction in 0..2 {
            pair.links[direction] = tidewire_netsim::Link::new(bad.clone(), seed);
        }
        for round in 0..6 {
            for end in [CLIENT, SERVER] {
                assert!(pair.ends[end].update_keys(round % 2 == 0));
            }
            let pause = Duration::from_millis(40 * (seed % 20));
            pair.run_until(pause, |_| false);
        }
        pair.run_until(Duration::from_secs(120), |_| false);
        pair.assert_agreed();
        let [client, server] = pair.ends.each_ref().map(crate::Connection::stats);
        assert!(client.key_updates_sent > 0 && server.key_updates_sent > 0);
        assert_eq!(client.key_updates_sent, server.key_updates_received);
        assert_eq!(server.key_updates_sent, client.key_updates_received);
    });
}

#[test]
fn corruption_ends_in_agreement_or_in_a_reason() {
    let bad = LinkConfig {
        delay: DELAY,
        jitter: DELAY,
        loss: 0.2,
        reordering: 0.2,
        duplication: 0.1,
        corruption: 0.1,
        ..LinkConfig::default()
    };
    let mut agreed = 0;
    let mut seeds = 0;
    for_each_seed(300, |seed| {
        let mut pair = Pair::with_configs(seed, &bad, assorted(seed));
        let start = pair.now;
        pair.settle();
        seeds += 1;
        if pair.ends.iter().all(|end| end.info().is_some()) {
            pair.assert_agreed();
            agreed += 1;
        } else {
            let has_reason = |end: &crate::Connection| end.close_reason().is_some();
            assert!(pair.ends.iter().any(has_reason), "{:?}", pair.events);
        }
        assert!(pair.now - start <= Duration::from_secs(120));
    });
    assert!(seeds < 20 || agreed > seeds / 3, "{agreed} of {seeds}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let mut runs = [0, 1].map(|_| Pair::new(9, &link()));
    for pair in &mut runs {
        pair.settle();
    }
    assert_eq!(runs[0].sent, runs[1].sent);
}

#[test]
fn hours_of_silence_end_in_one_repetition_or_in_one_farewell() {
    for (hours, count) in [(0, 1), (3, 1)] {
        let mut pair = pair_with_mtu(1, 1200);
        while pair.ends[CLIENT].poll_transmit(pair.now, &mut Vec::new()) {}
        let late = pair.now + Duration::from_secs(3600 * hours + 2);
        pair.ends[CLIENT].handle_timeout(late);
        let mut datagrams = 0;
        while pair.ends[CLIENT].poll_transmit(late, &mut Vec::new()) {
            datagrams += 1;
        }
        assert_eq!(datagrams, count);
        assert!(
            pair.ends[CLIENT]
                .poll_timeout()
                .is_none_or(|due| due > late)
        );
        let reason = pair.ends[CLIENT].close_reason();
        assert_eq!(reason.is_some(), hours > 0);
    }
}
