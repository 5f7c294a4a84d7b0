//! Contexts that move to another process.

use super::*;
use crate::StateError;

fn moved(sender: Sender, receiver: Receiver) -> (Sender, Receiver) {
    let crypto = rust_crypto::provider();
    let mut rng = Rng::from_u64(99);
    (
        Sender::from_state(&*crypto, &sender.into_state(), &mut rng).unwrap(),
        Receiver::from_state(&*crypto, &receiver.into_state(), &mut rng).unwrap(),
    )
}

#[test]
fn a_moved_context_goes_on_where_it_was() {
    for profile in ALL_OF_THEM {
        let (mut sender, mut receiver) = pair(profile);
        sender.set_rollover(2, 8).unwrap();
        receiver.set_rollover(2, 8);
        sender.set_rollover(3, 9).unwrap();
        receiver.set_rollover(3, 9);
        let mut sent = Vec::new();
        for sequence in 65_500..65_536 {
            sent.push(protected(&mut sender, &rtp(sequence as u16, 1, b"media")));
            sent.push(protected(&mut sender, &rtp(sequence as u16, 2, b"media")));
        }
        let late = sent.swap_remove(40);
        for packet in &sent {
            receive(&mut receiver, packet).unwrap();
        }
        let mut report = rtcp(1, b"report..");
        sender.protect_rtcp(&mut report, 0).unwrap();
        let mut received = BytesMut::from(&report[..]);
        receiver.unprotect_rtcp(&mut received).unwrap();
        let before = (sender.remaining_rtp(), sender.protected_rtp());

        let (mut sender, mut receiver) = moved(sender, receiver);
        assert_eq!((sender.remaining_rtp(), sender.protected_rtp()), before);
        assert_eq!(sender.remaining_rtcp(), (1 << 31) - 1);
        for packet in &sent {
            assert_eq!(receive(&mut receiver, packet), Err(DropReason::Replayed));
        }
        let mut again = BytesMut::from(&report[..]);
        let replayed = receiver.unprotect_rtcp(&mut again);
        assert_eq!(replayed, Err(DropReason::Replayed));
        let repeated = sender.protect_rtp(&mut rtp(65_535, 1, b""), 0);
        assert_eq!(repeated, Err(ProtectError::Repeated));
        receive(&mut receiver, &late).unwrap();
        for ssrc in [1, 2, 3] {
            let packet = protected(&mut sender, &rtp(0, ssrc, b"after the rollover"));
            receive(&mut receiver, &packet).unwrap();
        }
        assert_eq!(receiver.newest_index(1), Some(0x1_0000));
        assert_eq!(receiver.newest_index(2), Some(0x9_0000));
        assert_eq!(receiver.newest_index(3), Some(0x9_0000));
    }
}

#[test]
fn a_state_that_is_damaged_or_of_another_kind_is_refused() {
    let crypto = rust_crypto::provider();
    let mut rng = Rng::from_u64(1);
    let (mut sender, mut receiver) = pair(Profile::Aes128CmSha1_80);
    let packet = protected(&mut sender, &rtp(1, 1, b"media"));
    receive(&mut receiver, &packet).unwrap();
    let [sender, receiver] = [sender.into_state(), receiver.into_state()];
    let malformed = StateError::Malformed;
    let refused = Receiver::from_state(&*crypto, &sender, &mut rng);
    assert_eq!(refused.unwrap_err(), malformed);
    let refused = Sender::from_state(&*crypto, &receiver, &mut rng);
    assert_eq!(refused.unwrap_err(), malformed);
    for len in 0..sender.len() {
        let short = Zeroizing::new(sender[..len].to_vec());
        let refused = Sender::from_state(&*crypto, &short, &mut rng);
        assert_eq!(refused.unwrap_err(), malformed, "{len}");
    }
    for len in 0..receiver.len() {
        let short = Zeroizing::new(receiver[..len].to_vec());
        let refused = Receiver::from_state(&*crypto, &short, &mut rng);
        assert_eq!(refused.unwrap_err(), malformed, "{len}");
    }
    let mut long = sender.clone();
    long.push(0);
    let refused = Sender::from_state(&*crypto, &long, &mut rng);
    assert_eq!(refused.unwrap_err(), malformed);
}

#[test]
fn secrets_do_not_show() {
    let (sender, receiver) = pair(Profile::AeadAes128Gcm);
    let shown = format!("{sender:?}{receiver:?}");
    assert!(shown.contains("MasterKey(..)"), "{shown}");
    assert!(!shown.contains("salt: ["), "{shown}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_state_or_a_usable_one(
        kind in 0_u8..3,
        profile in prop::sample::select(vec![1_u8, 2, 5, 6, 7, 8, 9]),
        rest in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let crypto = rust_crypto::provider();
        let mut rng = Rng::from_u64(1);
        let state = Zeroizing::new([&[1, kind, 0, profile][..], &rest].concat());
        if let Ok(mut sender) = Sender::from_state(&*crypto, &state, &mut rng) {
            let _ = sender.protect_rtp(&mut rtp(1, 1, b""), 0);
        }
        if let Ok(mut receiver) = Receiver::from_state(&*crypto, &state, &mut rng) {
            let _ = receive(&mut receiver, &rtp(1, 1, &[0; 20]));
        }
    }
}
