//! What a peer may try.

use std::time::Duration;

use bytes::Bytes;
use tidewire_netsim::LinkConfig;

use super::pair::{PPID, Pair, packet};
use crate::ids::Tsn;
use crate::wire::{
    ChunkType, Data, DataHeader, PacketHeader, ReconfigParameter, finish_packet, put_chunk,
    put_data, start_packet,
};
use crate::{CloseReason, Event, SendOptions, StreamId};

fn pair() -> Pair {
    Pair::connected(1, &LinkConfig::default())
}

fn data(tsn: Tsn, flags: u8, payload: &'static [u8]) -> impl Fn(&mut Vec<u8>) {
    let header = DataHeader {
        tsn,
        stream: 0,
        ssn: 0,
        ppid: 53,
        flags,
    };
    move |out| put_data(out, &header, &Bytes::from_static(payload))
}

#[test]
fn truncated_packets_are_dropped_at_every_length() {
    let mut pair = pair();
    pair.send(0, 1, vec![7; 3000]);
    for whole in pair.packets(0) {
        for len in 0..whole.len() {
            let before = pair.ends[1].stats();
            pair.ends[1].handle_packet(pair.now, whole.slice(..len));
            let after = pair.ends[1].stats();
            assert_eq!(after.chunks_received, before.chunks_received, "{len} bytes");
        }
    }
}

#[test]
fn chunks_cut_short_do_no_harm() {
    let kinds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 130, 192];
    for kind in kinds {
        for len in 0..40 {
            let mut pair = pair();
            let cut = packet(&pair, 1, |out| {
                put_chunk(out, ChunkType(kind), 0, |out| {
                    out.resize(out.len() + len, 0xA5);
                });
            });
            pair.ends[1].handle_packet(pair.now, cut);
            pair.run_for(Duration::from_secs(1));
        }
    }
}

#[test]
fn beginnings_that_never_end_hold_no_more_than_the_window() {
    let mut pair = pair();
    // A long message first: the next one is expected to be as long.
    pair.send(0, 0, vec![1; 1 << 20]);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.receive(1, 0).len(), 1);
    let first = pair.ends[1].next_tsn_from_peer();
    for number in 0..5000 {
        let begin = data(first.plus(2 * number), Data::BEGINS, b"x");
        let begin = packet(&pair, 1, begin);
        pair.ends[1].handle_packet(pair.now, begin);
    }
    let stats = pair.ends[1].stats();
    assert!(stats.bytes_unread <= 2 << 20, "{stats:?}");
    assert!(stats.dropped.overflow > 0, "{stats:?}");
}

#[test]
fn one_packet_of_resets_causes_a_bounded_number_of_events() {
    let mut pair = pair();
    for stream in 0..100 {
        pair.send(0, stream, "x");
    }
    pair.run_for(Duration::from_secs(1));
    let (last_tsn, request) = (
        pair.ends[1].next_tsn_from_peer().previous(),
        pair.ends[1].next_request_from_peer(),
    );
    let flood = packet(&pair, 1, |out| {
        for number in 0..60 {
            put_chunk(out, ChunkType::RECONFIG, 0, |out| {
                ReconfigParameter::OutgoingReset {
                    request: request.wrapping_add(number),
                    response: 0,
                    last_tsn,
                    streams: Vec::new(),
                }
                .put(out);
            });
        }
    });
    pair.ends[1].handle_packet(pair.now, flood);
    let events = std::iter::from_fn(|| pair.ends[1].poll_event()).count();
    assert!(events <= 200, "{events}");
}

#[test]
fn an_association_that_ended_does_not_come_back() {
    let mut pair = Pair::new(2, &LinkConfig::default());
    pair.ends[0].connect(pair.now);
    let init = pair.packets(0);
    pair.ends[1].handle_packet(pair.now, init[0].clone());
    let init_ack = pair.packets(1);
    pair.ends[0].handle_packet(pair.now, init_ack[0].clone());
    let cookie_echo = pair.packets(0);
    pair.ends[1].handle_packet(pair.now, cookie_echo[0].clone());
    assert!(pair.ends[1].is_connected());
    pair.ends[1].abort(pair.now);
    pair.packets(1);
    for late in [&cookie_echo[0], &init[0]] {
        pair.ends[1].handle_packet(pair.now, late.clone());
        assert!(pair.packets(1).is_empty());
        assert!(!pair.ends[1].is_connected());
    }
    let options = SendOptions::default();
    let late = pair.ends[1].send(pair.now, StreamId(0), PPID, "late".into(), options);
    assert!(late.is_err());
}

#[test]
fn fragments_that_contradict_each_other_end_the_association() {
    let mut pair = pair();
    let first = pair.ends[1].next_tsn_from_peer();
    let begin = packet(&pair, 1, data(first, Data::BEGINS, b"a"));
    pair.ends[1].handle_packet(pair.now, begin);
    let header = DataHeader {
        tsn: first.next(),
        stream: 9,
        ssn: 0,
        ppid: 53,
        flags: Data::ENDS,
    };
    let other = packet(&pair, 1, |out| {
        put_data(out, &header, &Bytes::from_static(b"b"));
    });
    pair.ends[1].handle_packet(pair.now, other);
    pair.run_for(Duration::from_secs(1));
    assert!(matches!(
        pair.events[1].last(),
        Some(Event::Closed(CloseReason::ProtocolViolation(_)))
    ));
}

#[test]
fn packets_with_a_foreign_tag_or_port_are_counted_and_ignored() {
    let mut pair = pair();
    let header = PacketHeader {
        source_port: 5000,
        destination_port: 5000,
        verification_tag: 1,
    };
    let mut foreign = Vec::new();
    start_packet(&header, &mut foreign);
    put_chunk(&mut foreign, ChunkType::ABORT, 0, |_| {});
    finish_packet(0, &mut foreign);
    pair.ends[1].handle_packet(pair.now, foreign.into());
    assert!(pair.ends[1].is_connected());
    assert_eq!(pair.ends[1].stats().dropped.verification_tag, 1);
}

#[test]
fn a_peer_that_starts_over_is_met_anew() {
    let mut pair = pair();
    pair.send(0, 1, "before");
    pair.run_for(Duration::from_secs(1));
    pair.receive(1, 1);
    let config = crate::Config::default();
    let rng = tidewire_crypto::Rng::from_u64(99);
    pair.ends[0] = crate::Association::new(config, rng, pair.now);
    pair.events = [Vec::new(), Vec::new()];
    pair.connect();
    pair.run_for(Duration::from_secs(1));
    assert!(
        pair.events[1].contains(&Event::Restarted),
        "{:?}",
        pair.events
    );
    pair.send(0, 1, "after");
    pair.send(1, 1, "back");
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.receive(1, 1), ["after"]);
    assert_eq!(pair.receive(0, 1), ["back"]);
}
