//! Records after the handshake.

use std::time::Duration;

use bytes::BytesMut;
use tidewire_netsim::LinkConfig;

use super::pair::{CLIENT, Pair, SERVER};
use crate::{CloseReason, Event, ExportError, SealError};

fn connected(seed: u64) -> Pair {
    let mut pair = Pair::new(seed, &LinkConfig::default());
    assert!(pair.connect(Duration::from_secs(1)));
    pair
}

#[test]
fn a_replayed_record_is_dropped() {
    let mut pair = connected(1);
    let record = pair.seal(CLIENT, b"once");
    for _ in 0..3 {
        pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&record[..]));
    }
    assert_eq!(pair.ends[SERVER].poll_data().as_deref(), Some(&b"once"[..]));
    assert_eq!(pair.ends[SERVER].poll_data(), None);
    assert_eq!(pair.ends[SERVER].stats().dropped.replayed, 2);
}

#[test]
fn a_forged_record_does_not_move_the_replay_window() {
    let mut pair = connected(2);
    let genuine = pair.seal(CLIENT, b"genuine");
    let mut forged = genuine.clone();
    // A sequence number far ahead would shut out everything before it.
    forged[5..11].copy_from_slice(&[0xff; 6]);
    pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&forged[..]));
    assert_eq!(pair.ends[SERVER].stats().dropped.unauthentic, 1);
    pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&genuine[..]));
    assert_eq!(
        pair.ends[SERVER].poll_data().as_deref(),
        Some(&b"genuine"[..])
    );
}

#[test]
fn no_flipped_bit_and_no_truncation_of_a_record_goes_unnoticed() {
    let mut pair = connected(3);
    let record = pair.seal(CLIENT, b"the data");
    for bit in 0..8 * record.len() {
        let mut damaged = record.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&damaged[..]));
    }
    for len in 0..record.len() {
        pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&record[..len]));
    }
    assert_eq!(pair.ends[SERVER].poll_data(), None);
    assert_eq!(pair.ends[SERVER].close_reason(), None);
    pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&record[..]));
    assert!(pair.ends[SERVER].poll_data().is_some());
}

#[test]
fn several_records_of_one_datagram_are_all_taken() {
    let mut pair = connected(4);
    let mut datagram = pair.seal(CLIENT, b"one");
    let start = datagram.len();
    datagram.resize(start + pair.ends[CLIENT].record_overhead().header, 0);
    datagram.extend_from_slice(b"two");
    pair.ends[CLIENT].seal(start, &mut datagram).unwrap();
    pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&datagram[..]));
    for expected in [b"one", b"two"] {
        assert_eq!(
            pair.ends[SERVER].poll_data().as_deref(),
            Some(&expected[..])
        );
    }
}

#[test]
fn data_is_a_slice_of_the_datagram_it_came_in() {
    let mut pair = connected(5);
    let record = pair.seal(CLIENT, b"in place");
    let datagram = BytesMut::from(&record[..]);
    let backing = datagram.as_ptr() as usize;
    pair.ends[SERVER].handle_datagram(pair.now, datagram);
    let data = pair.ends[SERVER].poll_data().unwrap();
    let header = pair.ends[SERVER].record_overhead().header;
    assert_eq!(data.as_ptr() as usize, backing + header);
}

#[test]
fn what_nobody_takes_is_bounded() {
    let mut pair = connected(6);
    for _ in 0..1030 {
        let record = pair.seal(CLIENT, b"x");
        pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&record[..]));
    }
    assert_eq!(pair.ends[SERVER].stats().dropped.overflow, 6);
}

#[test]
fn plain_alerts_and_messages_count_for_nothing_once_connected() {
    let mut pair = connected(7);
    let alert = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40];
    let close = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 10, 0, 2, 1, 0];
    for (end, datagram) in [(CLIENT, alert), (SERVER, close)] {
        pair.ends[end].handle_datagram(pair.now, BytesMut::from(&datagram[..]));
        assert_eq!(pair.ends[end].close_reason(), None);
        assert_eq!(pair.ends[end].stats().dropped.wrong_epoch, 1);
    }
    pair.assert_agreed();
}

/// A fatal alert that anybody can write: handshake_failure, epoch 0.
const FORGED: [u8; 15] = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40];

#[test]
fn plain_alerts_do_not_end_a_handshake_that_goes_on() {
    let mut pair = Pair::new(9, &LinkConfig::default());
    for _ in 0..100 {
        for end in [CLIENT, SERVER] {
            pair.ends[end].handle_datagram(pair.now, BytesMut::from(&FORGED[..]));
        }
        pair.run_until(Duration::from_millis(10), |_| false);
    }
    pair.assert_agreed();
}

#[test]
fn a_plain_alert_is_believed_when_the_peer_falls_silent() {
    let mut pair = Pair::new(10, &LinkConfig::default()).tampered(|_, _, _| Vec::new());
    pair.run_until(Duration::from_millis(10), |_| false);
    for end in [CLIENT, SERVER] {
        pair.ends[end].handle_datagram(pair.now, BytesMut::from(&FORGED[..]));
        assert_eq!(pair.ends[end].close_reason(), None);
    }
    pair.run_until(Duration::from_secs(5), |_| false);
    let told = CloseReason::PeerAlert(crate::AlertDescription::HANDSHAKE_FAILURE);
    assert_eq!(pair.ends[CLIENT].close_reason(), Some(told));
    assert_eq!(
        pair.ends[SERVER].close_reason(),
        None,
        "its peer has not begun"
    );
}

#[test]
fn close_notify_is_answered_and_ends_both() {
    let mut pair = connected(8);
    pair.ends[CLIENT].close(pair.now);
    pair.run_until(Duration::from_secs(1), |_| false);
    assert_eq!(
        pair.events[CLIENT].last(),
        Some(&Event::Closed(CloseReason::Local))
    );
    assert_eq!(
        pair.events[SERVER].last(),
        Some(&Event::Closed(CloseReason::Peer))
    );
    let mut buf = vec![0; 64];
    assert_eq!(
        pair.ends[CLIENT].seal(0, &mut buf),
        Err(SealError::NotConnected)
    );
    let exported = pair.ends[SERVER].export_keying_material("x", None, &mut [0; 4]);
    assert_eq!(exported, Err(ExportError::NotConnected));
    assert_eq!(pair.ends[CLIENT].poll_timeout(), None);
}

#[test]
fn a_failed_seal_leaves_the_buffer_as_it_was() {
    let mut pair = connected(9);
    let mut short = vec![7; pair.ends[CLIENT].record_overhead().header - 1];
    let sealed = pair.ends[CLIENT].seal(0, &mut short);
    assert_eq!(sealed, Err(SealError::NoHeadroom));
    assert!(short.iter().all(|byte| *byte == 7));
    assert_eq!(
        pair.ends[CLIENT].seal(99, &mut short),
        Err(SealError::NoHeadroom)
    );
    let mut long = vec![7; 16_384 + 22];
    assert_eq!(
        pair.ends[CLIENT].seal(0, &mut long),
        Err(SealError::TooLong)
    );
    assert_eq!(long, vec![7; 16_384 + 22]);
}

#[test]
fn reserved_labels_and_long_contexts_are_not_exported() {
    let pair = connected(10);
    let export = |label, context: Option<&[u8]>| {
        pair.ends[CLIENT].export_keying_material(label, context, &mut [0; 8])
    };
    assert_eq!(
        export("key expansion", None),
        Err(ExportError::ReservedLabel)
    );
    let long = vec![0; 65_536];
    assert_eq!(export("x", Some(&long)), Err(ExportError::ContextTooLong));
}

#[test]
fn an_absent_context_is_not_an_empty_one() {
    let pair = connected(11);
    let mut keys = [[0; 8]; 2];
    let contexts = [None, Some(&b""[..])];
    for (key, context) in keys.iter_mut().zip(contexts) {
        pair.ends[CLIENT]
            .export_keying_material("x", context, key)
            .unwrap();
    }
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn debug_output_shows_no_secrets() {
    let pair = connected(12);
    let text = format!("{:?}", pair.ends[CLIENT]);
    assert!(text.starts_with("Connection { state: \"connected\""));
    assert!(text.len() < 600, "{text}");
}

#[test]
fn what_an_end_has_sealed_itself_is_not_taken_for_the_peer_s() {
    let mut pair = connected(13);
    let record = pair.seal(CLIENT, b"mine");
    pair.ends[CLIENT].handle_datagram(pair.now, BytesMut::from(&record[..]));
    assert_eq!(pair.ends[CLIENT].poll_data(), None);
    assert_eq!(pair.ends[CLIENT].stats().dropped.unauthentic, 1);
}

#[test]
fn a_protected_record_of_another_version_type_or_epoch_is_not_taken() {
    let mut pair = connected(14);
    let record = pair.seal(CLIENT, b"data");
    for (at, value) in [
        (0, 21),
        (0, 22),
        (1, 3),
        (2, 0xff),
        (2, 0xfc),
        (4, 0),
        (4, 2),
    ] {
        let mut other = record.clone();
        other[at] = value;
        pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&other[..]));
        assert_eq!(pair.ends[SERVER].poll_data(), None, "{at} {value}");
        assert_eq!(pair.ends[SERVER].close_reason(), None);
    }
    let dropped = pair.ends[SERVER].stats().dropped;
    assert_eq!((dropped.unauthentic, dropped.wrong_epoch), (4, 2));
    assert_eq!(dropped.malformed, 1);
    pair.assert_agreed();
}

#[test]
fn an_end_that_is_closed_takes_and_says_nothing_more() {
    let mut pair = connected(15);
    let late = pair.seal(CLIENT, b"late");
    pair.ends[SERVER].close(pair.now);
    pair.ends[SERVER].close(pair.now);
    pair.ends[SERVER].handle_datagram(pair.now, BytesMut::from(&late[..]));
    pair.ends[SERVER].handle_timeout(pair.now + Duration::from_secs(3600));
    assert_eq!(pair.ends[SERVER].poll_data(), None);
    assert_eq!(pair.ends[SERVER].stats().dropped.closed, 1);
    let closed = Event::Closed(CloseReason::Local);
    assert_eq!(pair.ends[SERVER].poll_event(), Some(closed));
    assert_eq!(pair.ends[SERVER].poll_event(), None);
    assert!(pair.ends[SERVER].poll_transmit(pair.now, &mut Vec::new()));
    assert!(!pair.ends[SERVER].poll_transmit(pair.now, &mut Vec::new()));
}
