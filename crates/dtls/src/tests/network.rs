//! Handshakes over bad networks.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tidewire_netsim::{LinkConfig, for_each_seed};

use super::pair::{CLIENT, Pair, SERVER, config};
use crate::{CloseReason, Event};

const DELAY: Duration = Duration::from_millis(20);

fn link() -> LinkConfig {
    LinkConfig {
        delay: DELAY,
        ..LinkConfig::default()
    }
}

/// The number of datagrams in an undisturbed handshake with these fragments.
fn datagrams(mtu: usize) -> usize {
    let mut pair = pair_with_mtu(1, mtu);
    pair.settle();
    pair.sent.len()
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
        let mut pair = pair_with_mtu(1, mtu);
        pair.settle();
        pair.assert_agreed();
        assert!(pair.sent.iter().all(|(_, datagram)| datagram.len() <= mtu));
    }
}

#[test]
fn no_mtu_is_too_small_or_too_large_for_a_handshake() {
    for mtu in [0, 1, 127, 16_384, 65_535, usize::MAX] {
        let mut pair = pair_with_mtu(1, mtu);
        pair.settle();
        pair.assert_agreed();
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

#[test]
fn bad_networks_delay_and_never_prevent() {
    let bad = LinkConfig {
        delay: DELAY,
        jitter: DELAY,
        loss: 0.15,
        reordering: 0.2,
        duplication: 0.1,
        ..LinkConfig::default()
    };
    for_each_seed(200, |seed| {
        let mtus = [1200, 548, 256];
        let configs = [seed * 2 + 1, seed * 2 + 2].map(|number| {
            let mut config = config(number);
            config.mtu = mtus[(seed % 3) as usize];
            config.handshake_timeout = Duration::from_secs(100);
            config
        });
        let mut pair = Pair::with_configs(seed, &bad, configs);
        pair.settle();
        pair.assert_agreed();
    });
}

#[test]
fn corruption_ends_in_agreement_or_in_a_reason() {
    let bad = LinkConfig {
        corruption: 0.1,
        loss: 0.05,
        ..link()
    };
    for_each_seed(200, |seed| {
        let mut pair = Pair::new(seed, &bad);
        pair.settle();
        if pair.ends.iter().all(|end| end.info().is_some()) {
            pair.assert_agreed();
        } else {
            let has_reason = |end: &crate::Connection| end.close_reason().is_some();
            assert!(pair.ends.iter().any(has_reason), "{:?}", pair.events);
        }
    });
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
