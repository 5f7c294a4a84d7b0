//! One datagram of the handshake is damaged on its way.

use tidewire_netsim::LinkConfig;

use super::pair::{Pair, config};
use crate::{CloseReason, Config};

/// An undisturbed handshake's datagrams.
fn recorded() -> Vec<(usize, Vec<u8>)> {
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs());
    pair.settle();
    pair.sent
}

fn configs() -> [Config; 2] {
    [config(1), config(2)]
}

/// Runs a handshake in which the datagram with this number is damaged, and checks the outcome:
/// agreement, which it answers, or a reason.
fn run(
    configs: &[Config; 2],
    damaged: usize,
    mut damage: impl FnMut(&mut Vec<u8>) + 'static,
) -> bool {
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs.clone()).tampered(
        move |number, _, mut datagram| {
            if number == damaged {
                damage(&mut datagram);
            }
            vec![datagram]
        },
    );
    pair.settle();
    if pair.ends.iter().all(|end| end.info().is_some()) {
        pair.assert_agreed();
        return true;
    }
    let reasons = pair.ends.each_ref().map(crate::Connection::close_reason);
    let is_blamed = |reason: &Option<CloseReason>| {
        !matches!(reason, None | Some(CloseReason::Local | CloseReason::Peer))
    };
    assert!(reasons.iter().any(is_blamed), "{reasons:?}");
    false
}

#[test]
fn every_datagram_of_the_handshake_may_be_cut_short_anywhere() {
    let configs = configs();
    for (number, (_, datagram)) in recorded().iter().enumerate() {
        for len in 0..datagram.len() {
            let agreed = run(&configs, number, move |datagram| datagram.truncate(len));
            assert!(agreed, "datagram {number} cut to {len} bytes");
        }
    }
}

#[test]
fn every_byte_of_the_handshake_may_be_flipped() {
    let mut outcomes = [0, 0];
    let configs = configs();
    for (number, (_, datagram)) in recorded().iter().enumerate() {
        for index in 0..datagram.len() {
            outcomes[usize::from(run(&configs, number, move |datagram| {
                datagram[index] ^= 0xff;
            }))] += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

#[test]
fn every_byte_of_the_handshake_may_lose_its_lowest_bit() {
    let mut outcomes = [0, 0];
    let configs = configs();
    for (number, (_, datagram)) in recorded().iter().enumerate() {
        for index in 0..datagram.len() {
            outcomes[usize::from(run(&configs, number, move |datagram| {
                datagram[index] ^= 1;
            }))] += 1;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}
