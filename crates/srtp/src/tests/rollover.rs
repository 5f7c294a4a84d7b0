//! How often a sequence number has rolled over, and when a key ends.

use super::*;

fn sender_at(rollover: u32) -> Sender {
    let (mut sender, _) = pair(Profile::AeadAes128Gcm);
    sender.set_rollover(1, rollover).unwrap();
    sender
}

#[test]
fn a_stream_may_begin_right_before_its_rollover() {
    for profile in ALL_OF_THEM {
        let (mut sender, mut receiver) = pair(profile);
        let packets: Vec<_> = (0..4_u16)
            .map(|count| protected(&mut sender, &rtp(count.wrapping_sub(2), 1, b"media")))
            .collect();
        // Out of order, but the first one came before the rollover.
        for (at, index) in [(0, 0xFFFE), (2, 0x1_0000), (1, 0xFFFF), (3, 0x1_0001)] {
            let mut packet = BytesMut::from(&packets[at][..]);
            assert_eq!(receiver.unprotect_rtp(&mut packet), Ok(index));
        }
    }
}

#[test]
fn more_than_half_of_the_first_round_may_be_lost() {
    let (mut sender, mut receiver) = pair(Profile::AeadAes128Gcm);
    let first = protected(&mut sender, &rtp(5, 1, b"first"));
    protected(&mut sender, &rtp(30_000, 1, b"lost"));
    let next = protected(&mut sender, &rtp(60_000, 1, b"next"));
    receive(&mut receiver, &first).unwrap();
    receive(&mut receiver, &next).unwrap();
}

#[test]
fn whoever_joins_late_has_to_be_told_how_often_a_stream_rolled_over() {
    for profile in ALL_OF_THEM {
        let (mut sender, mut receiver) = pair(profile);
        sender.set_rollover(1, 7).unwrap();
        let packets = [5, 6, 7].map(|sequence| protected(&mut sender, &rtp(sequence, 1, b"media")));
        assert_eq!(sender.newest_index(1), Some(0x7_0007));
        assert_eq!(
            receive(&mut receiver, &packets[0]),
            Err(DropReason::Unauthentic)
        );
        receiver.set_rollover(1, 7);
        let mut forged = packets[0].clone();
        forged[13] ^= 1;
        assert!(receive(&mut receiver, &forged).is_err());
        assert_eq!(receiver.newest_index(1), None, "nothing authentic came");
        receive(&mut receiver, &packets[1]).unwrap();
        assert_eq!(receiver.newest_index(1), Some(0x7_0006));
        receive(&mut receiver, &packets[0]).unwrap();
        receive(&mut receiver, &packets[2]).unwrap();
        for packet in &packets {
            assert_eq!(receive(&mut receiver, packet), Err(DropReason::Replayed));
        }
    }
}

#[test]
fn telling_the_rollover_of_a_known_stream_lets_nothing_in_again() {
    let (mut sender, mut receiver) = pair(Profile::AeadAes128Gcm);
    let early = protected(&mut sender, &rtp(9, 1, b"early"));
    receive(&mut receiver, &early).unwrap();
    sender.set_rollover(1, 3).unwrap();
    let late = protected(&mut sender, &rtp(9, 1, b"late"));
    receiver.set_rollover(1, 3);
    receive(&mut receiver, &late).unwrap();
    for (rollover, expected) in [(0, DropReason::TooOld), (3, DropReason::Replayed)] {
        receiver.set_rollover(1, rollover);
        assert!(
            [Err(expected), Err(DropReason::Replayed)].contains(&receive(&mut receiver, &late))
        );
    }
    let (mut sender, _) = pair(Profile::AeadAes128Gcm);
    protected(&mut sender, &rtp(9, 1, b"once"));
    sender.set_rollover(1, 0).unwrap();
    let twice = sender.protect_rtp(&mut rtp(9, 1, b"twice"), 0);
    assert_eq!(twice, Err(ProtectError::Repeated));
}

#[test]
fn a_stream_ends_with_its_last_index_and_says_so_early() {
    let mut sender = sender_at(u32::MAX);
    assert_eq!(sender.remaining_rtp(), 1 << 48);
    protected(&mut sender, &rtp(0xFFFD, 1, b"media"));
    assert_eq!(sender.remaining_rtp(), 2);
    protected(&mut sender, &rtp(0xFFFF, 1, b"media"));
    assert_eq!(sender.remaining_rtp(), 0);
    protected(&mut sender, &rtp(0xFFFE, 1, b"a late one"));
    let mut over = rtp(0, 1, b"over");
    assert_eq!(
        sender.protect_rtp(&mut over, 0),
        Err(ProtectError::KeyExhausted)
    );
    assert_eq!(over, rtp(0, 1, b"over"));
    assert_eq!(sender.protected_rtp(), 3);
}

#[test]
fn a_receiver_takes_the_last_index_and_none_after_it() {
    let mut sender = sender_at(u32::MAX);
    let (_, mut receiver) = pair(Profile::AeadAes128Gcm);
    receiver.set_rollover(1, u32::MAX);
    let last = protected(&mut sender, &rtp(0xFFFF, 1, b"last"));
    receive(&mut receiver, &last).unwrap();
    assert_eq!(receiver.newest_index(1), Some((1 << 48) - 1));
    let after = [&rtp(0, 1, b"after")[..], &[0; 16]].concat();
    assert_eq!(receive(&mut receiver, &after), Err(DropReason::TooOld));
}

#[test]
fn reports_are_counted_down() {
    let (mut sender, _) = pair(Profile::AeadAes256Gcm);
    assert_eq!(sender.remaining_rtcp(), 1 << 31);
    sender.protect_rtcp(&mut rtcp(1, b""), 0).unwrap();
    sender.protect_rtcp(&mut rtcp(2, b""), 0).unwrap();
    assert_eq!(sender.remaining_rtcp(), (1 << 31) - 2);
}

#[test]
fn a_sender_begins_no_more_streams_than_it_may() {
    let config = Config {
        max_streams: 2,
        ..Config::default()
    };
    let crypto = rust_crypto::provider();
    let (mut sender, _) = pair_over(&*crypto, Profile::AeadAes128Gcm, &config);
    protected(&mut sender, &rtp(1, 1, b""));
    protected(&mut sender, &rtp(1, 2, b""));
    let refused = Err(ProtectError::TooManyStreams);
    assert_eq!(sender.protect_rtp(&mut rtp(1, 3, b""), 0), refused);
    assert_eq!(sender.set_rollover(3, 1), refused);
    protected(&mut sender, &rtp(2, 1, b""));
    sender.forget(2);
    protected(&mut sender, &rtp(1, 3, b""));
}
