//! What is answered to a peer that errs.

use std::time::Duration;

use bytes::Bytes;
use tidewire_netsim::LinkConfig;

use super::pair::{Pair, assert_transfers, chunks_of, packet};
use crate::ids::Tsn;
use crate::wire::{
    Chunk, ChunkType, Data, DataHeader, ReconfigParameter, ReconfigResult, Sack, put_chunk,
    put_data, reconfig_parameters,
};
use crate::{CloseReason, Config, Event, StreamId};

const SECOND: Duration = Duration::from_secs(1);

fn pair() -> Pair {
    Pair::connected(1, &LinkConfig::default())
}

fn data(tsn: Tsn, stream: u16, payload: &'static [u8]) -> impl Fn(&mut Vec<u8>) {
    let header = DataHeader {
        tsn,
        stream,
        ssn: 0,
        ppid: 53,
        flags: Data::BEGINS | Data::ENDS,
    };
    move |out| put_data(out, &header, &Bytes::from_static(payload))
}

fn chunk(pair: &Pair, to: usize, kind: u8, value: &[u8]) -> Bytes {
    packet(pair, to, |out| {
        put_chunk(out, ChunkType(kind), 0, |out| out.extend_from_slice(value));
    })
}

fn errors(packets: &[Bytes]) -> Vec<Vec<u8>> {
    let errors = chunks_of(packets, ChunkType::ERROR);
    errors.iter().map(|chunk| chunk.value.to_vec()).collect()
}

#[test]
fn data_on_a_stream_that_does_not_exist_is_acknowledged_and_refused() {
    let config = Config {
        max_streams: 16,
        ..Config::default()
    };
    let mut pair = Pair::with_config(1, &LinkConfig::default(), &config);
    pair.connect();
    let tsn = pair.ends[1].next_tsn_from_peer();
    let stray = packet(&pair, 1, data(tsn, 16, b"stray"));
    for _ in 0..2 {
        pair.ends[1].handle_packet(pair.now, stray.clone());
    }
    let packets = pair.packets(1);
    assert_eq!(errors(&packets), [[0, 1, 0, 8, 0, 16, 0, 0]], "once");
    let sacks = chunks_of(&packets, ChunkType::SACK);
    assert_eq!(Sack::parse(&sacks[0]).unwrap().cumulative, tsn);
    assert_eq!(pair.ends[1].stats().bytes_unread, 0);
    assert_eq!(pair.ends[1].stats().dropped.unexpected, 1);
    assert!(pair.ends[1].is_connected());
    // What follows is not held up by it.
    let next = packet(&pair, 1, data(tsn.next(), 15, b"next"));
    pair.ends[1].handle_packet(pair.now, next);
    assert_eq!(pair.receive(1, 15), ["next"]);
}

#[test]
fn data_without_content_is_answered_with_its_own_cause() {
    let mut pair = pair();
    let tsn = pair.ends[1].next_tsn_from_peer();
    let empty = packet(&pair, 1, data(tsn, 1, b""));
    pair.ends[1].handle_packet(pair.now, empty);
    let aborts = chunks_of(&pair.packets(1), ChunkType::ABORT);
    let [a, b, c, d] = tsn.0.to_be_bytes();
    assert_eq!(aborts[0].value[..], [0, 9, 0, 8, a, b, c, d]);
    let event = pair.ends[1].poll_event();
    let Some(Event::Closed(CloseReason::ProtocolViolation(_))) = event else {
        panic!("{event:?}");
    };
}

#[test]
fn unknown_chunks_are_skipped_and_reported_as_their_highest_bits_say() {
    for (kind, is_reported, goes_on) in [
        (0x3F, false, false),
        (0x7F, true, false),
        (0xBF, false, true),
        (0xFF, true, true),
    ] {
        let mut pair = pair();
        let both = packet(&pair, 1, |out| {
            put_chunk(out, ChunkType(kind), 5, |out| {
                out.extend_from_slice(b"value");
            });
            put_chunk(out, ChunkType::HEARTBEAT, 0, |out| {
                out.extend_from_slice(&[0, 1, 0, 4]);
            });
        });
        pair.ends[1].handle_packet(pair.now, both);
        let packets = pair.packets(1);
        let report = [&[0, 6, 0, 13, kind, 5, 0, 9], &b"value"[..]].concat();
        let expected: &[Vec<u8>] = if is_reported { &[report] } else { &[] };
        assert_eq!(errors(&packets), expected, "{kind:#x}");
        let answers = chunks_of(&packets, ChunkType::HEARTBEAT_ACK);
        assert_eq!(answers.len(), usize::from(goes_on), "{kind:#x}");
        assert_eq!(pair.ends[1].stats().dropped.unknown, 1);
        assert_transfers(&mut pair);
    }
}

#[test]
fn the_last_word_is_said_whatever_waits_to_be_answered() {
    let mut pair = pair();
    let tsn = pair.ends[1].next_tsn_from_peer();
    let both = packet(&pair, 1, |out| {
        for _ in 0..20 {
            put_chunk(out, ChunkType(0xFF), 0, |_| {});
        }
        data(tsn, 1, b"")(out);
    });
    pair.ends[1].handle_packet(pair.now, both);
    let packets = pair.packets(1);
    assert_eq!(chunks_of(&packets, ChunkType::ABORT).len(), 1);
    assert!(errors(&packets).is_empty());
}

#[test]
fn a_request_to_reset_all_of_our_streams_is_denied() {
    let mut pair = pair();
    // The first request has the number of the first TSN (RFC 6525 section 4.1).
    let number = pair.ends[1].next_tsn_from_peer().0.to_be_bytes();
    let request = [&[0, 14, 0, 8], &number[..]].concat();
    let asked = chunk(&pair, 1, ChunkType::RECONFIG.0, &request);
    pair.ends[1].handle_packet(pair.now, asked);
    let answers = chunks_of(&pair.packets(1), ChunkType::RECONFIG);
    let denied = [&[0, 16, 0, 12], &number[..], &[0, 0, 0, 2]].concat();
    assert_eq!(answers[0].value, denied);
    assert_transfers(&mut pair);
}

#[test]
fn reports_of_unknown_chunks_are_few_and_short() {
    let mut pair = pair();
    let flood = packet(&pair, 1, |out| {
        for _ in 0..100 {
            put_chunk(out, ChunkType(0xFF), 0, |out| {
                out.resize(out.len() + 600, 7);
            });
        }
    });
    pair.ends[1].handle_packet(pair.now, flood);
    let packets = pair.packets(1);
    assert!(packets.len() <= 8, "{} packets", packets.len());
    assert!(packets.iter().all(|packet| packet.len() < 100));
    assert_transfers(&mut pair);
}

/// An end that has answered an INIT, and the COOKIE ECHO that the other makes of it.
fn cookie_echo(pair: &mut Pair) -> Bytes {
    pair.ends[0].connect(pair.now);
    let init = pair.packets(0);
    pair.ends[1].handle_packet(pair.now, init[0].clone());
    let init_ack = pair.packets(1);
    pair.ends[0].handle_packet(pair.now, init_ack[0].clone());
    pair.packets(0)[0].clone()
}

#[test]
fn a_cookie_that_took_too_long_is_reported_and_the_peer_begins_again() {
    let mut pair = Pair::new(3, &LinkConfig::default());
    pair.send(0, 1, "early");
    let late = cookie_echo(&mut pair);
    let echo = chunks_of(std::slice::from_ref(&late), ChunkType::COOKIE_ECHO);
    assert_eq!(echo.len(), 1);
    pair.now += Config::default().cookie_lifetime + SECOND;
    pair.ends[1].handle_packet(pair.now, late);
    assert!(!pair.ends[1].is_connected());
    assert_eq!(pair.ends[1].stats().dropped.cookie, 1);
    let answer = pair.packets(1);
    let [a, b, c, d] = 1_000_000_u32.to_be_bytes();
    assert_eq!(
        errors(&answer),
        [[0, 3, 0, 8, a, b, c, d]],
        "a second too old"
    );
    pair.ends[0].handle_packet(pair.now, answer[0].clone());
    let again = pair.packets(0);
    assert_eq!(chunks_of(&again, ChunkType::INIT).len(), 1, "at once");
    pair.ends[1].handle_packet(pair.now, again[0].clone());
    pair.run_for(30 * SECOND);
    assert_eq!(pair.events[0].last(), Some(&Event::Connected));
    assert_eq!(pair.receive(1, 1), ["early"], "what went with the cookie");
    assert_transfers(&mut pair);
}

#[test]
fn a_stale_cookie_of_the_association_that_stands_is_good() {
    let mut pair = Pair::new(3, &LinkConfig::default());
    let echo = cookie_echo(&mut pair);
    pair.ends[1].handle_packet(pair.now, echo.clone());
    pair.packets(1);
    // The COOKIE ACK was lost, and the COOKIE ECHO came again after very long.
    pair.now += Config::default().cookie_lifetime + SECOND;
    pair.ends[1].handle_packet(pair.now, echo);
    let packets = pair.packets(1);
    assert!(errors(&packets).is_empty());
    assert_eq!(chunks_of(&packets, ChunkType::COOKIE_ACK).len(), 1);
}

#[test]
fn a_stale_cookie_is_heard_of_only_while_one_is_out() {
    let stale = [0, 3, 0, 8, 0, 0, 0, 1];
    let other_first = [&[0, 4, 0, 4], &stale[..]].concat();
    let mut pair = pair();
    let late = chunk(&pair, 0, ChunkType::ERROR.0, &stale);
    pair.ends[0].handle_packet(pair.now, late);
    assert!(pair.packets(0).is_empty());
    assert_transfers(&mut pair);
    for causes in [&stale[..], &other_first, &stale[..4]] {
        let mut pair = Pair::new(4, &LinkConfig::default());
        cookie_echo(&mut pair);
        let error = chunk(&pair, 0, ChunkType::ERROR.0, causes);
        pair.ends[0].handle_packet(pair.now, error);
        let again = pair.packets(0);
        assert_eq!(chunks_of(&again, ChunkType::INIT).len(), 1, "{causes:?}");
        pair.run_for(5 * SECOND);
        assert_transfers(&mut pair);
    }
}

#[test]
fn a_peer_that_finds_every_cookie_stale_is_given_up() {
    let stale = [0, 3, 0, 8, 0, 0, 0, 1];
    let mut pair = Pair::new(5, &LinkConfig::default());
    for _ in 0..=Config::default().max_init_retransmissions {
        assert!(pair.events[0].is_empty());
        cookie_echo(&mut pair);
        let error = chunk(&pair, 0, ChunkType::ERROR.0, &stale);
        pair.ends[0].handle_packet(pair.now, error);
    }
    pair.run_for(SECOND);
    assert_eq!(
        pair.events[0].last(),
        Some(&Event::Closed(CloseReason::TimedOut))
    );
}

/// The number of the reset that an end asks for.
fn request(chunk: &Chunk) -> Option<u32> {
    reconfig_parameters(&chunk.value).find_map(|parameter| match parameter {
        ReconfigParameter::OutgoingReset { request, .. } => Some(request),
        _ => None,
    })
}

/// Answers every reset of end 0 with "in progress" for so long; counts the requests.
fn put_off(pair: &mut Pair, limit: Duration) -> u32 {
    let end = pair.now + limit;
    let mut asked = 0;
    while let Some(next) = pair.ends[0].poll_timeout().filter(|next| *next < end) {
        let packets = pair.packets(0);
        for chunk in chunks_of(&packets, ChunkType::RECONFIG) {
            let number = request(&chunk).expect("a reset");
            asked += 1;
            let answer = packet(pair, 0, |out| {
                put_chunk(out, ChunkType::RECONFIG, 0, |out| {
                    ReconfigParameter::Response {
                        request: number,
                        result: ReconfigResult::IN_PROGRESS,
                    }
                    .put(out);
                });
            });
            pair.ends[0].handle_packet(pair.now, answer);
        }
        if packets.is_empty() {
            pair.now = next.max(pair.now);
            pair.ends[0].handle_timeout(pair.now);
        }
        let done = Event::OutgoingStreamReset(StreamId(4));
        if std::iter::from_fn(|| pair.ends[0].poll_event()).any(|event| event == done) {
            return asked;
        }
    }
    panic!("the reset never ends; {asked} requests");
}

#[test]
fn a_reset_that_the_peer_puts_off_for_ever_comes_to_an_end() {
    let mut pair = pair();
    pair.send(0, 4, "last words");
    pair.run_for(SECOND);
    let rto = pair.ends[0].stats().rto;
    pair.ends[0].reset_stream(pair.now, StreamId(4));
    let asked = put_off(&mut pair, 60 * SECOND);
    assert!((10..100).contains(&asked), "{asked}");
    // Being put off is no sign of loss.
    assert_eq!(pair.ends[0].stats().rto, rto);
    assert!(pair.ends[0].is_connected());
    // The numbering goes on, as the peer expects it.
    pair.send(0, 4, "after all");
    pair.run_for(SECOND);
    assert_eq!(pair.receive(1, 4), ["last words", "after all"]);
    assert_transfers(&mut pair);
}

#[test]
fn a_reset_may_wait_for_data_as_long_as_the_data_takes() {
    let mut pair = pair();
    pair.links[0].set_config(LinkConfig {
        loss: 1.0,
        ..LinkConfig::default()
    });
    pair.send(0, 4, "slow");
    pair.run_for(SECOND);
    pair.ends[0].reset_stream(pair.now, StreamId(4));
    pair.packets(0);
    let number = pair.ends[1].next_request_from_peer();
    for _ in 0..1000 {
        let answer = packet(&pair, 0, |out| {
            put_chunk(out, ChunkType::RECONFIG, 0, |out| {
                ReconfigParameter::Response {
                    request: number,
                    result: ReconfigResult::IN_PROGRESS,
                }
                .put(out);
            });
        });
        pair.ends[0].handle_packet(pair.now, answer);
    }
    let done = Event::OutgoingStreamReset(StreamId(4));
    assert!(!pair.events[0].contains(&done));
    pair.links[0].set_config(LinkConfig::default());
    pair.run_for(30 * SECOND);
    assert!(pair.events[0].contains(&done));
    assert!(pair.events[1].contains(&Event::IncomingStreamReset(StreamId(4))));
    assert_eq!(pair.receive(1, 4), ["slow"]);
}
