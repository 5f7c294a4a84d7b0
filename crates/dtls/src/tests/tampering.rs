//! One datagram of the handshake is damaged on its way.

use tidewire_netsim::LinkConfig;

use super::pair::{Pair, config, config_1_3};
use crate::{AddressValidation, CloseReason, Config, NamedGroup};

/// An undisturbed handshake's datagrams.
fn recorded(configs: &[Config; 2]) -> Vec<(usize, Vec<u8>)> {
    let mut pair = Pair::with_configs(1, &LinkConfig::default(), configs.clone());
    pair.settle();
    pair.sent
}

/// Of DTLS 1.2; and of 1.3 with a hello that has to be said twice. Hybrid shares are left out: each byte
/// of them is like the next.
fn handshakes() -> [[Config; 2]; 2] {
    let of_1_3 = |number, group| Config {
        groups: vec![NamedGroup::X25519, group],
        address_validation: AddressValidation::Cookie,
        ..config_1_3(number)
    };
    [
        [config(1), config(2)],
        [1, 2].map(|number| of_1_3(number, NamedGroup::SECP256R1)),
    ]
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
    for configs in handshakes() {
        for (number, (_, datagram)) in recorded(&configs).iter().enumerate() {
            for len in 0..datagram.len() {
                let agreed = run(&configs, number, move |datagram| datagram.truncate(len));
                assert!(agreed, "datagram {number} cut to {len} bytes");
            }
        }
    }
}

/// Changes each byte of each datagram, one at a time; both outcomes occur.
fn change_every_byte(change: fn(&mut u8)) {
    for configs in handshakes() {
        let mut outcomes = [0, 0];
        for (number, (_, datagram)) in recorded(&configs).iter().enumerate() {
            for index in 0..datagram.len() {
                let agreed = run(&configs, number, move |datagram| {
                    change(&mut datagram[index]);
                });
                outcomes[usize::from(agreed)] += 1;
            }
        }
        assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
    }
}

#[test]
fn every_byte_of_the_handshake_may_be_flipped() {
    change_every_byte(|byte| *byte ^= 0xff);
}

#[test]
fn every_byte_of_the_handshake_may_lose_its_lowest_bit() {
    change_every_byte(|byte| *byte ^= 1);
}
